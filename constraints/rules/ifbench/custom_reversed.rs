//! `custom:character_reverse` and `custom:word_reverse`: the name of an animal backwards (IFBench).

use crate::args::Args;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::language::punkt;
use crate::python::strings::{split_whitespace, strip};
use crate::rule::{Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

use super::bare::bare;

pub(super) static CHARACTERS: Rule = Rule {
    id: "custom:character_reverse",
    about: "The response holds \"elgae dlab\", which is \"bald eagle\" letter by letter from the \
            end, in any case (IFBench). Nothing else is asked of its sentence.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "What animal is the national symbol of the US? Respond to this query, but make your \
             sentence in reverse order of what it should be, per letter.",
            "Which animal stands for the United States? Write your answering sentence backwards, \
             letter by letter.",
            "Name the national animal of the US in a sentence whose letters run from the last to \
             the first.",
            "Answer this with a sentence that is spelled in reverse: which animal is the national \
             symbol of the United States?",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| match text.lower().contains("elgae dlab") {
            true => Verdict::pass("\"elgae dlab\" is there"),
            false => Verdict::fail("\"elgae dlab\" is not there"),
        })
    },
    demands: |_| Ok(vec![Demand::Mention("elgae dlab".to_owned(), Bound::at_least(1))]),
    examples: &[
        Example {
            args: "{}",
            response: ".elgae dlab eht si SU eht fo lobmys lanoitan ehT",
            satisfied: true,
        },
        Example { args: "{}", response: "**Elgae Dlab**", satisfied: true },
        Example { args: "{}", response: "elgae  dlab", satisfied: false },
        Example { args: "{}", response: "eagle bald the is symbol The", satisfied: false },
    ],
    deviations: &[],
};

pub(super) static WORDS: Rule = Rule {
    id: "custom:word_reverse",
    about: "The words of the response (between white space, ASCII punctuation taken out, in any \
            case) hold \"bald eagle\" when they are read from the last to the first (IFBench). \
            Punkt must find one sentence in them, which it nearly always does.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "What animal is the national symbol of the US? Respond to this query, but make your \
             sentence in reverse order of what it should be, per word.",
            "Which animal stands for the United States? Answer with a sentence whose words come in \
             reverse order.",
            "Name the national animal of the US in one sentence written backwards, word by word.",
            "Answer this with the last word first and the first word last: which animal is the \
             national symbol of the United States?",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| check(judge),
    demands: |_| Ok(vec![Demand::Mention("eagle bald".to_owned(), Bound::at_least(1))]),
    examples: &[
        Example {
            args: "{}",
            response: "Eagle bald the is US the of symbol national The.",
            satisfied: true,
        },
        Example { args: "{}", response: "**.Eagle,\nBald** the is It", satisfied: true },
        Example { args: "{}", response: "The bald eagle.", satisfied: false },
        Example { args: "{}", response: "eagle-bald the is It", satisfied: false },
    ],
    deviations: &[],
};

fn judge(text: &Text<'_>) -> Verdict {
    let plain = bare(strip(text.lower()));
    let mut words: Vec<&str> = split_whitespace(&plain).collect();
    words.reverse();
    let turned = words.join(" ");
    if !turned.contains("bald eagle") {
        return Verdict::fail("\"bald eagle\" is not there from the end");
    }
    let mut sentences = punkt::sentences(&turned).into_iter();
    match sentences.any(|sentence| turned[sentence] == turned) {
        true => Verdict::pass("\"bald eagle\" is there from the end"),
        false => Verdict::fail("more than one sentence"),
    }
}
