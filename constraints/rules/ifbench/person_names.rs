//! `count:person_names`: how many names of a list are mentioned (IFBench).

use serde_json::json;

use super::draft::drafts_as_written;
use crate::bound::Bound;
use crate::draw::args;
use crate::python::chars::is_word;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// The fifty names that count, as a sentence lists them.
macro_rules! names {
    () => {
        "Emma, Liam, Sophia, Jackson, Olivia, Noah, Ava, Lucas, Isabella, Mason, Mia, Ethan, \
         Charlotte, Alexander, Amelia, Benjamin, Harper, Leo, Zoe, Daniel, Chloe, Samuel, Lily, \
         Matthew, Grace, Owen, Abigail, Gabriel, Ella, Jacob, Scarlett, Nathan, Victoria, Elijah, \
         Layla, Nicholas, Audrey, David, Hannah, Christopher, Penelope, Thomas, Nora, Andrew, \
         Aria, Joseph, Claire, Ryan, Stella, Jonathan."
    };
}

pub(super) static RULE: Rule = Rule {
    id: "count:person_names",
    about: "At least N different names of a list of fifty are mentioned: as whole words (between \
            Python's `\\b`) and with a capital first and small letters after it (IFBench).",
    schema: r#"{
        "properties": {"N": {"type": "integer", "minimum": 0, "maximum": 1000}},
        "required": ["N"]
    }"#,
    texts: |_| {
        Ok(&[
            concat!("Mention at least {N:different name|different names} of this list: ", names!()),
            concat!("Your response must name {N} or more of these people: ", names!()),
            concat!("No fewer than {N} of these names must appear in your answer: ", names!()),
            concat!("Work a minimum of {N:name} from this list into the text: ", names!()),
        ])
    },
    sample: |draw| {
        let most = if draw.coin() { 10 } else { NAMES };
        args([("N", json!(draw.between(1, most)))])
    },
    compile: |args, _| {
        let bound = Bound::at_least(args.count("N")?);
        check(move |text| {
            let found = names().filter(|name| mentions(text.raw(), name)).count();
            Verdict::count(found as u64, bound, "different names of the list")
        })
    },
    demands: |args| {
        let n = args.count("N")?.max(1);
        if n > NAMES {
            return Err(args.fault("N", "is above the fifty names of the list"));
        }
        Ok(vec![drafts_as_written(|variant| {
            let all: Vec<&str> = names().collect();
            let from = all.iter().copied().cycle().skip(variant * 17);
            let chosen: Vec<&str> = from.take(n as usize).collect();
            match variant {
                0 => format!("The guests were {}.", chosen.join(", ")),
                1 => format!("{} came along.", chosen.join(" and ")),
                2 => chosen.iter().map(|name| format!("{name} sings. ")).collect::<String>(),
                _ => chosen.iter().map(|name| format!("{name} waits\n")).collect::<String>(),
            }
        })])
    },
    examples: &[
        Example { args: r#"{"N": 2}"#, response: "Emma-Lily met her.", satisfied: true },
        Example { args: r#"{"N": 1}"#, response: "This is Leo's tea.", satisfied: true },
        Example { args: r#"{"N": 2}"#, response: "Emma met Emma.", satisfied: false },
        Example { args: r#"{"N": 1}"#, response: "Lilya, EMMA and leo.", satisfied: false },
    ],
    deviations: &[],
};

/// How many names there are.
const NAMES: u64 = 50;

fn names() -> impl Iterator<Item = &'static str> {
    names!().trim_end_matches('.').split(", ")
}

/// Whether a name stands in the text between word boundaries.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
