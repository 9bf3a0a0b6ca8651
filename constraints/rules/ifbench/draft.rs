//! Makes the texts that stand for a constraint where the planner has no words for it.

use crate::demand::Demand;
use crate::lexicon::{self, Class, Entry};

/// How many drafts a constraint offers.
const DRAFTS: usize = 4;

/// One demand: the drafts that `make` writes, each for its own number, the first also all in small
/// letters and all in capitals.
pub(super) fn drafts(make: impl Fn(usize) -> String) -> Demand {
    let first = make(0);
    let cases = [first.to_lowercase(), first.to_uppercase()];
    Demand::Draft((0..DRAFTS).map(make).chain(cases).collect())
}

/// The same where case matters.
pub(super) fn drafts_as_written(make: impl Fn(usize) -> String) -> Demand {
    Demand::Draft((0..DRAFTS).map(make).collect())
}

/// The words of the lexicon that `wanted` takes, in an order that depends on `variant`; none comes
/// twice before all have come once. Empty if there is none.
pub(super) fn deal(
    variant: usize,
    wanted: impl Fn(&Entry) -> bool,
) -> impl Iterator<Item = &'static str> {
    const STEPS: [usize; 4] = [37, 41, 43, 47];
    let words: Vec<&'static str> =
        lexicon::words().iter().filter(|entry| wanted(entry)).map(|entry| entry.word).collect();
    let len = words.len();
    let step = STEPS.into_iter().find(|step| !len.is_multiple_of(*step)).unwrap_or(1);
    let mut at = variant * 131;
    std::iter::from_fn(move || {
        at += step;
        (len > 0).then(|| words[at % len])
    })
}

/// Whether a word tells something: nouns, adjectives and adverbs of four letters or more.
pub(super) fn is_plain(entry: &Entry) -> bool {
    let class = matches!(entry.class, Class::Noun | Class::Nouns | Class::Adjective);
    class && entry.word.len() > 3
}

/// Words as a sentence: a capital first and a full stop last.
pub(super) fn sentence(words: &[&str]) -> String {
    format!("{}.", capital(&words.join(" ")))
}

/// The text with a capital first.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// Sentences of so many words each, made of `words`.
pub(super) fn prose(words: &mut impl Iterator<Item = &'static str>, sizes: &[usize]) -> String {
    let made: Vec<String> = sizes
        .iter()
        .map(|size| sentence(&words.by_ref().take(*size).collect::<Vec<&str>>()))
        .collect();
    made.join(" ")
}

#[cfg(test)]
mod tests {
    use crate::constraint::Constraint;
    use crate::demand::Demand;
    use crate::draw::{Draw, stream};
    use crate::profile::Profile;
    use crate::text::Text;

    /// Every draft does for its constraint by itself, in both profiles.
    #[test]
    fn drafts_satisfy_their_own_constraint() {
        let mut wrong = Vec::new();
        for (rule, index) in
            super::super::RULES.iter().flat_map(|rule| (0..30).map(move |i| (rule, i)))
        {
            let mut rng = stream(11, index);
            let request = "Explain how tides work to a child.";
            let args = (rule.sample)(&mut Draw { rng: &mut rng, request });
            for profile in [Profile::Official, Profile::Corrected] {
                let constraint = Constraint::compile(rule.id, args.clone(), profile);
                let constraint = constraint.expect("a sample compiles");
                let demands = constraint.demands().expect("a sample demands");
                let drafts = demands.iter().filter_map(|demand| match demand {
                    Demand::Draft(texts) => Some(texts),
                    _ => None,
                });
                let fails = |text: &&String| !constraint.check(&Text::new(text)).satisfied;
                for text in drafts.flatten().filter(fails) {
                    wrong.push(format!("{} {profile} {args:?}: {text:?}", rule.id));
                }
            }
        }
        assert!(wrong.is_empty(), "{} drafts fail:\n{}", wrong.len(), wrong.join("\n"));
    }
}
