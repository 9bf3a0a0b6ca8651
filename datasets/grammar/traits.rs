//! Soft traits: what each is called, how it is asked for, which words carry it, and its truth.
//!
//! A trait is shown by a text that has at least one of its markers and none of its opposite's.
//! Markers are words of the closed lexicon that the grammar uses for nothing else, so the truth of
//! a text of the grammar is known exactly; that of any other text is a guess.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::words;

/// A soft trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trait {
    /// In a cheerful tone.
    Cheerful,
    /// In a sad tone.
    Sad,
    /// For children.
    Children,
    /// For experts.
    Experts,
    /// In a poetic style.
    Poetic,
    /// As a pirate speaks.
    Pirate,
    /// Polite and formal.
    Formal,
    /// Casual.
    Casual,
    /// In the first person.
    First,
    /// Addressed to the reader.
    Second,
    /// In the past tense.
    Past,
    /// In the future tense.
    Future,
}

/// What is known of a trait beside its name.
pub(super) struct Facts {
    /// The id of the soft type that it is a case of (`constraints/soft`).
    pub soft: &'static str,
    /// Ways to ask for it.
    pub texts: &'static [&'static str],
    /// What may open a sentence to show it.
    pub openings: &'static [&'static str],
    /// What may end a sentence to show it.
    pub endings: &'static [&'static str],
    /// The words that carry it; verbs carry tense besides.
    pub markers: &'static [&'static str],
}

/// A set of traits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traits(u16);

impl Trait {
    /// All traits; a trait and its opposite stand next to each other.
    pub const ALL: [Trait; 12] = [
        Trait::Cheerful,
        Trait::Sad,
        Trait::Children,
        Trait::Experts,
        Trait::Poetic,
        Trait::Pirate,
        Trait::Formal,
        Trait::Casual,
        Trait::First,
        Trait::Second,
        Trait::Past,
        Trait::Future,
    ];

    /// Its name in recipes and rows.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// The trait of this name.
    pub fn named(name: &str) -> Option<Trait> {
        Trait::ALL.into_iter().find(|shown| shown.name() == name)
    }

    /// The trait that excludes it.
    pub fn opposite(self) -> Trait {
        Trait::ALL[self as usize ^ 1]
    }

    /// The id of the soft type that it is a case of.
    pub fn soft_type(self) -> &'static str {
        self.facts().soft
    }

    /// How it is asked for; `choice` selects the paraphrase, modulo their number.
    pub fn describe(self, choice: usize) -> &'static str {
        let texts = self.facts().texts;
        texts[choice % texts.len()]
    }

    pub(super) fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }
}

impl fmt::Display for Trait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Traits {
    /// No trait.
    pub const NONE: Traits = Traits(0);

    /// Adds a trait.
    pub fn insert(&mut self, shown: Trait) {
        self.0 |= 1 << shown as u16;
    }

    /// Whether the trait is in it.
    pub fn has(self, shown: Trait) -> bool {
        self.0 >> shown as u16 & 1 == 1
    }

    /// Its traits in the order of [`Trait::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Trait> {
        Trait::ALL.into_iter().filter(move |shown| self.has(*shown))
    }
}

impl FromIterator<Trait> for Traits {
    fn from_iter<I: IntoIterator<Item = Trait>>(items: I) -> Traits {
        let mut traits = Traits::NONE;
        items.into_iter().for_each(|item| traits.insert(item));
        traits
    }
}

/// The traits that a text shows: the truth of soft constraints for texts of the grammar.
pub fn traits(text: &str) -> Traits {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let found: Traits = words.filter_map(|word| MARKERS.get(word).copied()).collect();
    found.iter().filter(|shown| !found.has(shown.opposite())).collect()
}

/// The trait that a word carries, if any; words are in lower case.
#[cfg(test)]
pub(super) fn carried(word: &str) -> Option<Trait> {
    MARKERS.get(word).copied()
}

static MARKERS: LazyLock<HashMap<&'static str, Trait>> = LazyLock::new(|| {
    let listed = Trait::ALL.into_iter().flat_map(|shown| {
        let markers = shown.facts().markers.iter();
        markers.map(move |marker| (*marker, shown))
    });
    listed.chain(words::verbs().map(|(_, _, past)| (past, Trait::Past))).collect()
});

const NAMES: [&str; 12] = [
    "cheerful", "sad", "children", "experts", "poetic", "pirate", "formal", "casual", "first",
    "second", "past", "future",
];

static FACTS: [Facts; 12] = [
    Facts {
        soft: "soft:tone_emotion",
        texts: &[
            "Write in a cheerful tone.",
            "Use a cheerful tone from start to finish.",
            "Keep the mood cheerful.",
            "Sound cheerful in your answer.",
        ],
        openings: &["happily", "with joy", "luckily"],
        endings: &["with a happy smile", "with great joy", "full of laughter"],
        markers: &["happily", "happy", "joy", "luckily", "smile", "laughter"],
    },
    Facts {
        soft: "soft:tone_emotion",
        texts: &[
            "Write in a sad tone.",
            "Use a sad tone from start to finish.",
            "Keep the mood sad.",
            "Sound sad in your answer.",
        ],
        openings: &["sadly", "with a sigh", "alas"],
        endings: &["with a sad sigh", "full of sorrow", "with bitter tears"],
        markers: &["sadly", "sad", "sigh", "alas", "sorrow", "bitter", "tears"],
    },
    Facts {
        soft: "soft:audience",
        texts: &[
            "Write for children.",
            "Make it suitable for children.",
            "Choose words that children enjoy.",
            "Assume that the reader is a child.",
        ],
        openings: &["dear kids", "boys and girls", "guess what"],
        endings: &["like magic", "as in a fairy tale", "like a teddy"],
        markers: &["kids", "boys", "girls", "guess", "magic", "fairy", "tale", "teddy"],
    },
    Facts {
        soft: "soft:audience",
        texts: &[
            "Write for experts.",
            "Make it suitable for experts.",
            "Choose words that experts use.",
            "Assume that the reader is an expert.",
        ],
        openings: &["in technical terms", "by most studies", "on the evidence"],
        endings: &["according to research", "by any standard measure", "within a small margin"],
        markers: &[
            "technical",
            "terms",
            "studies",
            "evidence",
            "according",
            "research",
            "standard",
            "measure",
            "margin",
        ],
    },
    Facts {
        soft: "soft:form_style",
        texts: &[
            "Use a poetic style.",
            "Write it in the style of a poem.",
            "Keep the style poetic.",
            "Favor poetic phrasing over plain statement.",
        ],
        openings: &["under a silver moon", "as in a dream", "at golden dusk"],
        endings: &["like a golden dream", "under the silver moon", "in the whisper of dusk"],
        markers: &["silver", "moon", "dream", "golden", "dusk", "whisper"],
    },
    Facts {
        soft: "soft:role_based",
        texts: &[
            "Respond as a pirate.",
            "Speak with the voice of a pirate.",
            "Take on the role of a pirate.",
            "Answer as a pirate would.",
        ],
        openings: &["arr", "ahoy", "aye"],
        endings: &["matey", "by the seven seas", "for any pirate"],
        markers: &["arr", "ahoy", "aye", "matey", "seas", "pirate"],
    },
    Facts {
        soft: "soft:pragmatic",
        texts: &[
            "Be polite and formal.",
            "Use formal language.",
            "Keep a formal and polite manner.",
            "Answer in a formal way.",
        ],
        openings: &["respectfully", "with due respect", "most humbly"],
        endings: &["if agreeable", "with kind regards", "with all respect"],
        markers: &["respectfully", "respect", "humbly", "agreeable", "regards"],
    },
    Facts {
        soft: "soft:pragmatic",
        texts: &[
            "Be casual.",
            "Use casual language.",
            "Keep a casual manner.",
            "Answer in a casual way.",
        ],
        openings: &["hey", "yeah", "well dude"],
        endings: &["and stuff", "no kidding", "or whatever"],
        markers: &["hey", "yeah", "dude", "stuff", "kidding", "whatever"],
    },
    Facts {
        soft: "soft:syntactic",
        texts: &[
            "Write in the first person.",
            "Keep to the first person.",
            "Use the word I for the speaker.",
            "Speak in the first person.",
        ],
        openings: &["in my view", "to me", "for my part"],
        endings: &["in my opinion", "to me", "in my town"],
        markers: &["i", "my", "me"],
    },
    Facts {
        soft: "soft:syntactic",
        texts: &[
            "Write in the second person.",
            "Keep to the second person.",
            "Address the reader as you.",
            "Speak to the reader in the second person.",
        ],
        openings: &["for you", "in your case", "near your home"],
        endings: &["for you", "in your town", "near your home"],
        markers: &["you", "your"],
    },
    Facts {
        soft: "soft:syntactic",
        texts: &[
            "Write in the past tense.",
            "Keep to the past tense.",
            "Use the past tense throughout.",
            "Tell it in the past tense.",
        ],
        openings: &[],
        endings: &[],
        markers: &["was", "were"],
    },
    Facts {
        soft: "soft:syntactic",
        texts: &[
            "Write in the future tense.",
            "Keep to the future tense.",
            "Use the future tense throughout.",
            "Tell it in the future tense.",
        ],
        openings: &[],
        endings: &[],
        markers: &["will"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_of_a_trait_shows_it_and_no_other() {
        for shown in Trait::ALL {
            let facts = shown.facts();
            for phrase in facts.openings.iter().chain(facts.endings) {
                assert_eq!(traits(phrase), [shown].into_iter().collect(), "{phrase:?}");
            }
            assert!(facts.texts.len() >= 4, "{shown}");
            assert_eq!(shown.opposite().opposite(), shown);
            let known = heedful_constraints::soft::get(facts.soft).is_some();
            assert!(known, "{}", facts.soft);
        }
    }

    #[test]
    fn opposites_cancel_and_case_does_not_matter() {
        let cases: [(&str, &[Trait]); 6] = [
            ("Sadly, the cat will sleep.", &[Trait::Sad, Trait::Future]),
            ("Sadly, with joy.", &[]),
            ("THE CAT SLEPT IN MY HOUSE", &[Trait::First, Trait::Past]),
            ("They were here and will be here.", &[]),
            ("", &[]),
            ("yourself, mystery, Willa", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(traits(text), expected.iter().copied().collect(), "{text:?}");
        }
    }
}
