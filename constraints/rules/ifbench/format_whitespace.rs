//! `format:newline` and `format:no_whitespace`: one word a line, or no white space (IFBench).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::{split_whitespace, strip};
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::wording::quote;
use crate::verdict::Verdict;

use super::bare::bare;

pub(super) static NEWLINE: Rule = Rule {
    id: "format:newline",
    about: "Each word (between white space, ASCII punctuation taken out) stands on a line of its \
            own (IFBench). Official: there are as many lines that are not empty as words. \
            Corrected: no line has two words, and some line has one.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Write each word on a new line.",
            "Put every word of your response on a line of its own.",
            "Start a new line after each word.",
            "Your answer must have exactly one word in each line.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let plain = bare(text.raw());
            match profile {
                Profile::Official => official(&plain),
                Profile::Corrected => corrected(&plain),
            }
        })
    },
    demands: |_| {
        let sentences = [
            "The tide comes in twice a day.",
            "Fresh bread needs flour, water, salt and time.",
            "Yes, we can start early tomorrow!",
            "Birds sing.",
        ];
        let drafts = sentences.map(|sentence| sentence.replace(' ', "\n"));
        Ok(vec![Demand::Draft(drafts.to_vec())])
    },
    examples: &[
        Example { args: "{}", response: "We\nwent\nhome.", satisfied: true },
        Example { args: "{}", response: "- We\n\n- don't\n\n- know-how\n--\n", satisfied: true },
        Example { args: "{}", response: "We went\nhome.", satisfied: false },
        Example { args: "{}", response: "We went home.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a line of white space does not make up for two words in another",
            args: "{}",
            response: "We went\n \nhome.",
            official: true,
        },
        Deviation {
            reason: "a line of white space is no word too few",
            args: "{}",
            response: "We\n \nwent\nhome.",
            official: false,
        },
    ],
};

pub(super) static NONE: Rule = Rule {
    id: "format:no_whitespace",
    about: "The response holds no white space at all, not even at its end (IFBench): none of the \
            29 characters for which Python's `str.isspace` is true.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "The output should not contain any whitespace.",
            "Do not use any spaces, tabs or line breaks in your response.",
            "Write your answer without a single whitespace character.",
            "Your response must be free of white space: no blanks, no tabs, no new lines.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let found = text.raw().chars().filter(|c| is_space(*c)).count() as u64;
            Verdict::count(found, Bound::NONE, "white space characters")
        })
    },
    demands: |_| {
        let drafts = ["Certainly.", "TheTideComesInTwiceADay.", "Bread,butter,tea.", "Yes!", "42"];
        let drafts = drafts.map(str::to_owned).to_vec();
        Ok(vec![Demand::AvoidChars(" \n\t".to_owned()), Demand::Draft(drafts)])
    },
    examples: &[
        Example { args: "{}", response: "Bread,salt,water.", satisfied: true },
        Example { args: "{}", response: "Bread\u{200b}salt", satisfied: true },
        Example { args: "{}", response: "Bread, salt", satisfied: false },
        Example { args: "{}", response: "Bread\u{a0}salt", satisfied: false },
    ],
    deviations: &[],
};

/// As many lines as words; empty lines do not count, lines of white space do.
fn official(plain: &str) -> Verdict {
    let lines = strip(plain).split('\n').filter(|line| !line.is_empty()).count() as u64;
    let words = split_whitespace(plain).count() as u64;
    let note = format!("{words} words on {lines} lines");
    match lines == words {
        true => Verdict::pass(note),
        false => {
            let near = lines.min(words) as f32 / lines.max(words) as f32;
            Verdict { degree: near, ..Verdict::fail(note) }
        }
    }
}

fn corrected(plain: &str) -> Verdict {
    let (mut single, mut total, mut first) = (0, 0, None);
    for line in plain.split('\n') {
        match split_whitespace(line).count() {
            0 => continue,
            1 => single += 1,
            _ => first = first.or(Some(line)),
        }
        total += 1;
    }
    match first {
        None if total == 0 => Verdict::fail("no word"),
        None => Verdict::pass(format!("{total} lines of one word")),
        Some(first) => {
            let note = format!("{single} of {total} lines have one word, not {}", quote(first));
            Verdict::share(single, total, note)
        }
    }
}
