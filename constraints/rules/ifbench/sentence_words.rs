//! `ratio:sentence_words`: three sentences of one length (IFBench).

use std::collections::HashSet;

use super::bare::{cores, likeness, near};
use super::draft::drafts;
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::profile::Profile;
use crate::python::strings::{char_len, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::quote;
use crate::text::Text;
use crate::verdict::Verdict;

const SENTENCES: u64 = 3;

pub(super) static RULE: Rule = Rule {
    id: "ratio:sentence_words",
    about: "The response is three sentences (by Punkt) of equally many characters, outer white \
            space aside. Corrected: and no word, whatever its case, comes twice in it (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Answer in three sentences that have the same number of characters and do not use any \
             word twice.",
            "Write exactly three sentences, equally long to the character; repeat no word in them.",
            "Your response must be three sentences with identical character counts, built from \
             words that are all different.",
            "Give three sentences of one length (count the characters, spaces included) and let no \
             word occur more than once.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        let official = profile == Profile::Official;
        check(move |text| {
            let verdict = equally_long(text);
            if official || !verdict.satisfied {
                return verdict;
            }
            let mut seen = HashSet::new();
            match cores(text.lower()).find(|word| !seen.insert(*word)) {
                None => verdict,
                Some(word) => near(0.9, format!("{} comes twice", quote(word))),
            }
        })
    },
    demands: |_| {
        const TEXTS: [&str; 4] = [
            "Birds sing. Trees grow. Ships sail.",
            "Old cats nap. Dogs run far. We drink tea.",
            "My sister paints boats. Her brother grew plums. Their uncles fix carts.",
            "The market opens at dawn. Most people come by tram. Fresh pastry sells first.",
        ];
        let three = Demand::Count(Unit::Sentences, Bound::exactly(SENTENCES));
        Ok(vec![three, drafts(|variant| TEXTS[variant].to_owned())])
    },
    examples: &[
        Example { args: "{}", response: "Tea is warm.\nYou sit up. We run now.", satisfied: false },
        Example {
            args: "{}",
            response: "Tea is warm.\n\nYou eat pie. We run fast.",
            satisfied: true,
        },
        Example { args: "{}", response: "Éa! Öb! Üc!", satisfied: true },
        Example { args: "{}", response: "Tea is it. You go on. So it was.", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "the words are to be different",
        args: "{}",
        response: "Tea is warm. Tea is cold. Tea is good.",
        official: true,
    }],
};

fn equally_long(text: &Text<'_>) -> Verdict {
    let sentences = text.sentences();
    let count = sentences.len() as u64;
    if count != SENTENCES {
        return Verdict::count(count, Bound::exactly(SENTENCES), "sentences");
    }
    let sizes: Vec<u64> =
        sentences.iter().map(|range| char_len(strip(&text.raw()[range.clone()])) as u64).collect();
    let (least, most) = (sizes.iter().min(), sizes.iter().max());
    let (least, most) = (least.copied().unwrap_or(0), most.copied().unwrap_or(0));
    match least == most {
        true => Verdict::pass(format!("three sentences of {most} characters")),
        false => near(likeness(least, most), format!("from {least} to {most} characters")),
    }
}
