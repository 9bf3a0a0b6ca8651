//! Gates against rewards that are earned without an answer: what is refused earns nothing.
//!
//! *Length.* An answer is as long as is usual for its level, within a range of ratios. Usual is the
//! median length, in characters, of the first rollout that has prompts of that level. The range is
//! to be wide: constraints may ask for lengths themselves.
//!
//! *Intent.* An answer is refused where it has no word; where more than half of its words (of four
//! or more) are the same one, or fewer than a fifth of its first 300 (of 20 or more) are different;
//! where it is a copy of the prompt, which leaves fewer than three words outside of runs of four
//! that the prompt has; and where it has less than the asked share of the instruction's content
//! words: words of four letters or more that are no common words, told apart by their first five
//! letters. Answers in another language than their instruction share none: use 0 for such data.

use std::collections::{BTreeMap, BTreeSet};

use heedful_constraints::Text;
use serde::{Deserialize, Serialize};

/// Which gates there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Gates {
    /// The lowest and the highest ratio of an answer's length to what is usual.
    pub length: Option<(f64, f64)>,
    /// The least share of the instruction's content words; 0 refuses degenerate answers alone.
    pub intent: Option<f64>,
}

/// Why an answer earns nothing, whatever it satisfies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Its reasoning never ended.
    Unended,
    /// It is too long or too short.
    Length,
    /// It is not about the instruction.
    Intent,
}

impl Refusal {
    /// The name in tables and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Refusal::Unended => "unended",
            Refusal::Length => "length",
            Refusal::Intent => "intent",
        }
    }
}

/// The usual length of answers, in characters, by level.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lengths(BTreeMap<u64, u64>);

impl Lengths {
    /// Takes the medians of levels that were not seen before from these answers.
    pub fn note<'a>(&mut self, answers: impl Iterator<Item = (u64, &'a str)>) {
        let mut seen: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for (level, answer) in answers.filter(|(level, _)| !self.0.contains_key(level)) {
            seen.entry(level).or_default().push(length(answer));
        }
        for (level, mut lengths) in seen {
            let middle = lengths.len() / 2;
            self.0.insert(level, *lengths.select_nth_unstable(middle).1);
        }
    }

    fn ratio(&self, level: u64, answer: &str) -> Option<f64> {
        let usual = self.0.get(&level)?;
        Some(length(answer) as f64 / (*usual).max(1) as f64)
    }
}

fn length(answer: &str) -> u64 {
    answer.trim().chars().count() as u64
}

impl Gates {
    /// Why this answer is refused, if it is.
    pub fn refusal(
        &self,
        answer: &str,
        prompt: &str,
        about: &str,
        (level, lengths): (u64, &Lengths),
    ) -> Option<Refusal> {
        if let Some((low, high)) = self.length
            && let Some(ratio) = lengths.ratio(level, answer)
            && !(low..=high).contains(&ratio)
        {
            return Some(Refusal::Length);
        }
        let share = self.intent?;
        let aimless = is_degenerate(answer, prompt) || shared(answer, about) < share;
        aimless.then_some(Refusal::Intent)
    }
}

/// Words of an answer whose variety is looked at.
const LOOKED_AT: usize = 300;

/// Words of a run that is held to be copied.
const RUN: usize = 4;

/// Words that are said in any instruction.
const COMMON: [&str; 32] = [
    "about", "also", "answer", "been", "brief", "could", "describe", "each", "every", "explain",
    "from", "give", "have", "into", "make", "more", "please", "short", "should", "some", "tell",
    "text", "that", "their", "them", "there", "this", "what", "with", "would", "write", "your",
];

/// Whether it is no answer at all: nothing, the same again and again, or the prompt.
pub fn is_degenerate(answer: &str, prompt: &str) -> bool {
    let text = Text::new(answer);
    let lower = Text::new(text.lower());
    let words: Vec<&str> = lower.words().collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words.iter().take(LOOKED_AT) {
        *counts.entry(word).or_default() += 1;
    }
    let Some(&most) = counts.values().max() else { return true };
    let seen = words.len().min(LOOKED_AT);
    let same = seen >= 4 && 2 * most > seen || seen >= 20 && 5 * counts.len() < seen;
    same || is_copy(&words, prompt)
}

fn is_copy(words: &[&str], prompt: &str) -> bool {
    let text = Text::new(prompt);
    let lower = Text::new(text.lower());
    let known: Vec<&str> = lower.words().collect();
    let runs: BTreeSet<&[&str]> = known.windows(RUN).collect();
    let mut copied = vec![false; words.len()];
    for (at, run) in words.windows(RUN).enumerate() {
        if runs.contains(run) {
            copied[at..at + RUN].fill(true);
        }
    }
    copied.contains(&true) && copied.iter().filter(|copied| !**copied).count() < 3
}

/// The share of the instruction's content words that the answer has; 1 where there are none.
pub(crate) fn shared(answer: &str, about: &str) -> f64 {
    let (wanted, said) = (stems(about), stems(answer));
    if wanted.is_empty() {
        return 1.0;
    }
    wanted.intersection(&said).count() as f64 / wanted.len() as f64
}

fn stems(text: &str) -> BTreeSet<String> {
    let text = Text::new(text);
    let lower = Text::new(text.lower());
    let content = |word: &&str| word.chars().count() >= 4 && !COMMON.contains(word);
    lower.words().filter(content).map(|word| word.chars().take(5).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degenerate_answers_are_known() {
        let prompt = "Write a short note about the old harbour. Use the word \"tide\" twice.";
        let loops = "the tide the boat the sea ".repeat(8);
        let copy = "Write a short note about the old harbour. Use the word \"tide\" twice. Sure.";
        for bad in ["", " \n", "…", "tide tide tide tide", loops.as_str(), prompt, copy] {
            assert!(is_degenerate(bad, prompt), "{bad}");
        }
        let repeated = format!("{prompt}\nBoats come in with the tide and leave with the tide.");
        let long = "Boats come and go, nets dry on the wall, and gulls wait for what falls from \
                    the deck while the tide turns slowly and the tide goes out again at dusk.";
        for good in ["Yes.", "No, no.", repeated.as_str(), long, "TIDE. TIDE. A harbour at dawn."] {
            assert!(!is_degenerate(good, prompt), "{good}");
        }
    }

    #[test]
    fn an_answer_is_about_its_instruction() {
        let about = "Write about old harbours and their boats.";
        assert_eq!(shared("A BOAT! In a harbour.", about), 0.5);
        assert_eq!(shared("Boats in harbours.", about), 1.0);
        assert_eq!(shared("Tide, tide.", about), 0.0);
        assert_eq!(shared("Tide.", "Say it."), 1.0);
        let gates = Gates { intent: Some(0.5), ..Gates::default() };
        let refusal = |answer| gates.refusal(answer, about, about, (1, &Lengths::default()));
        assert_eq!(refusal("Some harbours."), None);
        assert_eq!(refusal("Some tides."), Some(Refusal::Intent));
        assert_eq!(Gates::default().refusal("", about, about, (1, &Lengths::default())), None);
    }

    #[test]
    fn lengths_are_held_against_the_first_answers_of_their_level() {
        let mut lengths = Lengths::default();
        let gates = Gates { length: Some((0.5, 2.0)), ..Gates::default() };
        let refusal =
            |lengths: &Lengths, level, answer| gates.refusal(answer, "p", "p", (level, lengths));
        assert_eq!(refusal(&lengths, 1, "x"), None, "nothing is usual yet");
        lengths.note([(1, "12345678"), (1, "1234"), (1, "1"), (2, "12345678")].into_iter());
        lengths.note([(1, "1234567890")].into_iter());
        for (level, answer, refused) in [
            (1, "12", None),
            (1, " 1 ", Some(Refusal::Length)),
            (1, "12345678", None),
            (1, "123456789", Some(Refusal::Length)),
            (2, "123456789", None),
        ] {
            assert_eq!(refusal(&lengths, level, answer), refused, "{level} {answer}");
        }
    }
}
