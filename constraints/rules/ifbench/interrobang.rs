//! `count:punctuation`: every standard mark and an interrobang (IFBench).

use super::draft::drafts;
use crate::args::Args;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

const MARKS: [char; 6] = ['.', ',', '!', '?', ';', ':'];

pub(super) static RULE: Rule = Rule {
    id: "count:punctuation",
    about: "Each of `. , ! ? ; :` occurs, and an interrobang: `?!`, `!?` or `‽`. The marks of the \
            first `?!` (or else of the first `!?`) do not count for the others (IFBench).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Use every one of these at least once: period, comma, exclamation mark, question mark, \
             semicolon, colon, and besides them an interrobang (?!).",
            "Your response must contain all standard punctuation marks (. , ! ? ; :) and, apart \
             from those, the interrobang ?!.",
            "Let each of the marks . , ! ? ; : occur in your answer, and add an interrobang (?!) \
             somewhere.",
            "Include all six marks . , ; : ! ? in the text. An interrobang (?!) must come on top \
             of them.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let raw = text.raw();
            let interrobang = raw.find("?!").or_else(|| raw.find("!?"));
            let (before, after) = match interrobang {
                Some(at) => (&raw[..at], &raw[at + 2..]),
                None => (raw, ""),
            };
            let has = |mark: &&char| before.contains(**mark) || after.contains(**mark);
            let found = MARKS.iter().filter(has).count();
            let banged = interrobang.is_some() || raw.contains('‽');
            let note = format!(
                "{found} of 6 marks{}",
                if banged { " and an interrobang" } else { ", no interrobang" }
            );
            Verdict::share(found as u64 + u64::from(banged), 7, note)
        })
    },
    demands: |_| {
        const SENTENCES: [&str; 4] = [
            "Is that so?! We need flour, salt and time; then comes this: patience! Ready? Begin.",
            "Look: the gate is open, the dog is gone; who did it? Nobody! Really?! Nobody knows.",
            "What now?! Stop! Listen: rain is near, so hurry; is the roof shut? It is.",
            "He asked why; she said: later, perhaps. When? Soon! How soon?! That stayed open.",
        ];
        let one = Bound::at_least(1);
        Ok(vec![
            Demand::Mention(",".to_owned(), one),
            Demand::Mention(":".to_owned(), one),
            Demand::Count(Unit::Semicolons, one),
            Demand::Count(Unit::Exclamations, one),
            drafts(|variant| SENTENCES[variant].to_owned()),
        ])
    },
    examples: &[
        Example { args: "{}", response: "Tea, salt; this: Oh! Why? What?! Yes.", satisfied: true },
        Example { args: "{}", response: "Tea, salt; this‽ a: Oh! Why? Yes.", satisfied: true },
        Example { args: "{}", response: "Tea, salt; this: What?! Yes.", satisfied: false },
        Example { args: "{}", response: "Tea, salt; this: Oh! Why? Yes.", satisfied: false },
    ],
    deviations: &[],
};
