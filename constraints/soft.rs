//! Soft constraints: 25 types whose texts need judgement, kept as data and drawn by a seeded
//! generator. The types follow the taxonomy of CFBench; definitions, texts and values are our own.
//!
//! A type is a list of texts with `{slot}` holes and, for every slot, a list of values. Slots that
//! only make sense with each other (a range's two ends, two opposite moods) are drawn as one row.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rand::{Rng, RngExt as _};
use serde::{Deserialize, Serialize};

/// One soft constraint type, read from its embedded TOML file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SoftType {
    /// Identifier such as `soft:tone_emotion`.
    pub id: String,
    /// First-level group of the taxonomy, such as `stylistic`.
    pub family: String,
    /// Name for people.
    pub title: String,
    /// What the type asks for, in one to three sentences.
    pub definition: String,
    /// Constraint texts with `{slot}` holes.
    pub texts: Vec<String>,
    /// Values of the slots that are drawn on their own.
    pub slots: BTreeMap<String, Vec<String>>,
    /// Slots that are drawn together.
    #[serde(default)]
    pub together: Vec<Together>,
}

/// Slots whose values belong to each other: one row is drawn for all of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Together {
    /// Slot names, one for each column of `values`.
    pub slots: Vec<String>,
    /// Rows of values.
    pub values: Vec<Vec<String>>,
}

/// A drawn soft constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftConstraint {
    /// Identifier of its type.
    pub id: String,
    /// First-level group of its type.
    pub family: String,
    /// The text, all holes filled.
    pub text: String,
    /// Slot names and the values drawn for them, in the order of first use in the text.
    pub slots: Vec<(String, String)>,
    /// Index of the text in [`SoftType::texts`].
    pub template: usize,
}

/// A text split at its holes: literal pieces and slot names in turn.
enum Piece<'a> {
    Literal(&'a str),
    Slot(&'a str),
}

const SOURCES: [&str; 25] = [
    include_str!("soft/audience.toml"),
    include_str!("soft/authorial_style.toml"),
    include_str!("soft/bespoke_format.toml"),
    include_str!("soft/complex_context.toml"),
    include_str!("soft/contradictory.toml"),
    include_str!("soft/document_count.toml"),
    include_str!("soft/element_content.toml"),
    include_str!("soft/example.toml"),
    include_str!("soft/form_style.toml"),
    include_str!("soft/fundamental_format.toml"),
    include_str!("soft/inverse.toml"),
    include_str!("soft/lexical_content.toml"),
    include_str!("soft/morphological.toml"),
    include_str!("soft/paragraph_count.toml"),
    include_str!("soft/phonological.toml"),
    include_str!("soft/pragmatic.toml"),
    include_str!("soft/role_based.toml"),
    include_str!("soft/rule.toml"),
    include_str!("soft/semantic_content.toml"),
    include_str!("soft/sentence_count.toml"),
    include_str!("soft/specialised_format.toml"),
    include_str!("soft/syntactic.toml"),
    include_str!("soft/task_specific.toml"),
    include_str!("soft/tone_emotion.toml"),
    include_str!("soft/word_count.toml"),
];

/// All soft types, sorted by id.
pub fn all() -> &'static [SoftType] {
    static TYPES: OnceLock<Vec<SoftType>> = OnceLock::new();
    TYPES.get_or_init(|| {
        let read = |source: &&str| toml::from_str(source).expect("embedded files parse: tested");
        SOURCES.iter().map(read).collect()
    })
}

/// The soft type with this id.
pub fn get(id: &str) -> Option<&'static SoftType> {
    let types = all();
    types.binary_search_by(|kind| kind.id.as_str().cmp(id)).ok().map(|at| &types[at])
}

/// Draws one constraint: a text, then a value for each of its slots. The same generator state
/// gives the same constraint on every machine.
///
/// A text's weight is the square root of how many constraints it can give, so that a text with few
/// holes is not repeated as often as all the renderings of a rich one together.
pub fn draw(kind: &SoftType, rng: &mut impl Rng) -> SoftConstraint {
    let template = draw_template(kind, rng);
    let pieces = pieces(&kind.texts[template]);
    let mut drawn: Vec<(String, String)> = Vec::new();
    for piece in &pieces {
        if let Piece::Slot(name) = piece
            && value_of(&drawn, name).is_none()
        {
            drawn.extend(draw_slot(kind, name, rng));
        }
    }
    let used =
        |name: &str| pieces.iter().any(|piece| matches!(piece, Piece::Slot(s) if *s == name));
    drawn.retain(|(name, _)| used(name));
    let mut text = String::new();
    for piece in &pieces {
        text.push_str(match piece {
            Piece::Literal(literal) => literal,
            Piece::Slot(name) => value_of(&drawn, name).expect("every slot was drawn above"),
        });
    }
    SoftConstraint {
        id: kind.id.clone(),
        family: kind.family.clone(),
        text,
        slots: drawn,
        template,
    }
}

fn draw_template(kind: &SoftType, rng: &mut impl Rng) -> usize {
    let weights: Vec<usize> = kind.texts.iter().map(|t| renderings(kind, t).isqrt()).collect();
    let mut ticket = rng.random_range(0..weights.iter().sum());
    for (template, weight) in weights.iter().enumerate() {
        if ticket < *weight {
            return template;
        }
        ticket -= weight;
    }
    unreachable!("the ticket is below the sum of the weights")
}

/// The slot names of a text, in order of first use.
fn holes(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in pieces(text) {
        if let Piece::Slot(name) = piece
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// How many different constraints a text can give.
fn renderings(kind: &SoftType, text: &str) -> usize {
    let names = holes(text);
    let in_group = |group: &&Together| group.slots.iter().any(|s| names.contains(&s.as_str()));
    let rows: usize =
        kind.together.iter().filter(in_group).map(|group| group.values.len()).product();
    let own = names.iter().filter_map(|name| kind.slots.get(*name));
    rows * own.map(Vec::len).product::<usize>()
}

fn value_of<'a>(drawn: &'a [(String, String)], name: &str) -> Option<&'a str> {
    drawn.iter().find(|(slot, _)| slot == name).map(|(_, value)| value.as_str())
}

/// The values for one slot: one of its own, or a whole row of the group it belongs to.
fn draw_slot(kind: &SoftType, name: &str, rng: &mut impl Rng) -> Vec<(String, String)> {
    if let Some(group) = kind.together.iter().find(|group| group.slots.iter().any(|s| s == name)) {
        let row = &group.values[rng.random_range(0..group.values.len())];
        return group.slots.iter().cloned().zip(row.iter().cloned()).collect();
    }
    let values = kind.slots.get(name).expect("every hole names a slot: tested");
    vec![(name.to_owned(), values[rng.random_range(0..values.len())].clone())]
}

/// Splits a text at its `{slot}` holes; a brace without its partner stays literal.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        pieces.push(Piece::Literal(before));
        pieces.push(Piece::Slot(name));
        rest = tail;
    }
    pieces.push(Piece::Literal(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    const DRAWS: usize = 2_000;

    fn draws(kind: &SoftType, seed: u64) -> Vec<SoftConstraint> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..DRAWS).map(|_| draw(kind, &mut rng)).collect()
    }

    #[test]
    fn ids_are_unique_sorted_and_found() {
        let ids: Vec<&str> = all().iter().map(|kind| kind.id.as_str()).collect();
        assert_eq!(ids.len(), 25);
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        for kind in all() {
            assert!(kind.id.starts_with("soft:"), "{}", kind.id);
            assert!(std::ptr::eq(get(&kind.id).unwrap(), kind));
        }
        assert!(get("soft:unknown").is_none());
        let families: BTreeSet<&str> = all().iter().map(|kind| kind.family.as_str()).collect();
        assert_eq!(families.len(), 10, "{families:?}");
    }

    #[test]
    fn every_slot_is_defined_once_and_used() {
        for kind in all() {
            assert!(kind.texts.len() >= 8, "{}", kind.id);
            let used: BTreeSet<&str> = kind.texts.iter().flat_map(|text| holes(text)).collect();
            let mut defined: Vec<&str> = kind.slots.keys().map(String::as_str).collect();
            for group in &kind.together {
                defined.extend(group.slots.iter().map(String::as_str));
                assert!(group.values.iter().all(|row| row.len() == group.slots.len()));
                assert_eq!(group.values.iter().collect::<BTreeSet<_>>().len(), group.values.len());
            }
            let unique: BTreeSet<&str> = defined.iter().copied().collect();
            assert_eq!(unique.len(), defined.len(), "{}: a slot defined twice", kind.id);
            assert_eq!(unique, used, "{}", kind.id);
            for (slot, values) in &kind.slots {
                let distinct: BTreeSet<&String> = values.iter().collect();
                assert_eq!(distinct.len(), values.len(), "{} {slot}", kind.id);
                assert!(values.iter().all(|v| !v.is_empty() && v.trim() == v));
            }
        }
    }

    #[test]
    fn every_type_can_say_hundreds_of_things() {
        for kind in all() {
            let total: usize = kind.texts.iter().map(|text| renderings(kind, text)).sum();
            println!("{:28} {:2} texts {total:6} renderings", kind.id, kind.texts.len());
            assert!(total >= 300, "{}: {total}", kind.id);
        }
    }

    #[test]
    fn draws_are_whole_sentences_without_holes() {
        for kind in all() {
            for drawn in draws(kind, 7) {
                let text = &drawn.text;
                assert!(!text.contains(['{', '}']), "{text}");
                assert!(text.ends_with('.') && !text.ends_with(".."), "{text}");
                assert!(!text.contains(".\"."), "{text}");
                assert!(text.chars().count() <= 240, "{text}");
                assert!(text.starts_with(char::is_uppercase), "{text}");
                assert!(!text.contains("  "), "{text}");
                let words: Vec<String> = text
                    .split(|c: char| !c.is_alphanumeric() && c != '\'')
                    .map(str::to_lowercase)
                    .collect();
                assert!(!words.iter().any(|w| ["me", "my", "mine", "we"].contains(&w.as_str())));
                assert!(!words.contains(&"i".to_owned()), "first person: {text}");
                let doubled = words.windows(2).any(|w| w[0] == w[1] && w[0].len() > 1);
                assert!(!doubled, "doubled word: {text}");
            }
        }
    }

    #[test]
    fn no_text_belongs_to_two_types() {
        let mut owner: BTreeMap<String, String> = BTreeMap::new();
        for kind in all() {
            for drawn in draws(kind, 11) {
                let first =
                    owner.entry(drawn.text.to_lowercase()).or_insert_with(|| kind.id.clone());
                assert_eq!(*first, kind.id, "{}", drawn.text);
            }
        }
    }

    /// No single value may dominate its type, or a judge learns the value and not the type.
    #[test]
    fn no_value_dominates() {
        for kind in all() {
            let mut uses: BTreeMap<(String, String), usize> = BTreeMap::new();
            let mut texts: BTreeMap<String, usize> = BTreeMap::new();
            for drawn in draws(kind, 13) {
                *texts.entry(drawn.text).or_default() += 1;
                for slot in drawn.slots {
                    *uses.entry(slot).or_default() += 1;
                }
            }
            let (value, most) = uses.iter().max_by_key(|(_, n)| **n).unwrap();
            assert!(most * 100 <= DRAWS * 12, "{}: {value:?} {most} of {DRAWS}", kind.id);
            let (text, most) = texts.iter().max_by_key(|(_, n)| **n).unwrap();
            println!("{:28} {:4} distinct, most {most}: {text}", kind.id, texts.len());
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_draws() {
        for kind in all() {
            assert_eq!(draws(kind, 3), draws(kind, 3));
            assert_ne!(draws(kind, 3), draws(kind, 4));
        }
    }
}
