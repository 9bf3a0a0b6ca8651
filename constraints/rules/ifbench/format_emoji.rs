//! `format:emoji`: an emoji at the end of every sentence (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::chars::{is_emoji, is_space};
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::quote;
use crate::text::Text;
use crate::verdict::Verdict;

use super::bare::bare;

pub(super) static RULE: Rule = Rule {
    id: "format:emoji",
    about: "Every sentence by Punkt ends with an emoji, or the next one starts with it; ASCII \
            punctuation and white space around it do not matter (IFBench). Official: one of the \
            last two code points is an emoji by itself, and a sentence of nothing but ASCII \
            punctuation fails. Corrected: the last sign is an emoji, with its selectors, flags, \
            keycaps and tags, and sentences of nothing but punctuation do not count.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Please use an emoji at the end of every sentence.",
            "End each of your sentences with an emoji.",
            "Every sentence in your response has to close with an emoji.",
            "Put an emoji after each sentence that you write.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| check(move |text| judge(text, profile)),
    demands: |_| {
        let drafts = [
            "The sea comes and goes twice a day 🌊. The moon pulls at the water 🌕. Boats wait for \
             the tide 🚢.",
            "Morning has come ☀. Bread is in the oven 🍞! Who wants coffee ☕?",
            "Rain fell all night 🌧. The garden looks fresh 🌱.",
            "We went up the hill together 🏔.",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example { args: "{}", response: "We baked bread 🍞. It was warm 😀!", satisfied: true },
        Example { args: "{}", response: "We baked bread. 🍞 It was warm! 😀", satisfied: true },
        Example {
            args: "{}", response: "A long way up ⛰️. Well done 👍🏽.", satisfied: true
        },
        Example { args: "{}", response: "We baked bread 🍞. It was warm!", satisfied: false },
        Example { args: "{}", response: "We 😀 baked bread.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a letter behind the emoji ends the sentence",
            args: "{}",
            response: "We baked bread 🍞s.",
            official: true,
        },
        Deviation {
            reason: "a flag is an emoji",
            args: "{}",
            response: "We went to Norway 🇳🇴.",
            official: false,
        },
    ],
};

fn judge(text: &Text<'_>, profile: Profile) -> Verdict {
    let raw = text.raw();
    let sentences = text.sentences().iter().map(|range| bare(&raw[range.clone()]));
    let plain: Vec<_> = sentences.map(|sentence| strip(&sentence).to_owned()).collect();
    let (mut good, mut total, mut first) = (0, 0, None);
    for (at, sentence) in plain.iter().enumerate() {
        if sentence.is_empty() && profile == Profile::Corrected {
            continue;
        }
        total += 1;
        let next = plain[at + 1..].first();
        let followed = || next.is_some_and(|next| starts(next, profile));
        match !sentence.is_empty() && (ends(sentence, profile) || followed()) {
            true => good += 1,
            false => first = first.or(Some(sentence)),
        }
    }
    match first {
        None if total == 0 => Verdict::fail("no sentence"),
        None => Verdict::pass(format!("{total} sentences end with an emoji")),
        Some(first) => {
            let note =
                format!("{good} of {total} sentences end with an emoji, not {}", quote(first));
            Verdict::share(good, total, note)
        }
    }
}

/// Whether a sentence without punctuation ends with an emoji.
fn ends(sentence: &str, profile: Profile) -> bool {
    match profile {
        Profile::Official => sentence.chars().rev().take(2).any(is_emoji),
        Profile::Corrected => {
            let outside = |c: &char| is_space(*c) || matches!(c, '“' | '”' | '‘' | '’' | '»' | '…');
            let modifies = |c: &char| matches!(c, '\u{fe0f}' | '\u{e0020}'..='\u{e007f}');
            let last = sentence.chars().rev().skip_while(outside).find(|c| !modifies(c));
            last.is_some_and(|c| is_part(c) || c == '\u{20e3}')
        }
    }
}

/// Whether a sentence without punctuation starts with an emoji.
fn starts(sentence: &str, profile: Profile) -> bool {
    let first = sentence.chars().next();
    first.is_some_and(|c| if profile == Profile::Official { is_emoji(c) } else { is_part(c) })
}

/// An emoji, or one half of a flag.
fn is_part(c: char) -> bool {
    is_emoji(c) || ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_of_several_code_points_are_emoji() {
        let cases = [
            ("a 🏴󠁧󠁢󠁥󠁮󠁧󠁿", false, true),
            ("a 5️⃣", false, true),
            ("a 👩‍👩‍👧", true, true),
            ("a ❤️", true, true),
            ("a 😀”", true, true),
            ("a ★", false, false),
        ];
        for (text, official, corrected) in cases {
            assert_eq!(ends(text, Profile::Official), official, "{text}");
            assert_eq!(ends(text, Profile::Corrected), corrected, "{text}");
        }
    }
}
