//! `format:list`: list items with a given sign before them (IFBench).

use serde_json::json;

use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const ITEMS: Bound = Bound::at_least(2);

pub(super) static RULE: Rule = Rule {
    id: "format:list",
    about: "The response is a list of items with the separator in place of bullet points \
            (IFBench). Official: the separator occurs twice or more, anywhere, without overlaps. \
            Corrected: two lines or more begin with it, white space aside, and go on.",
    schema: r#"{
        "properties": {"sep": {"type": "string", "minLength": 1, "maxLength": 100}},
        "required": ["sep"]
    }"#,
    texts: |_| {
        Ok(&[
            "Answer with a list of items, instead of bullet points use {sep}",
            "Write your answer as a list in which each item is introduced by {sep} rather than by \
             a bullet point: {sep}",
            "Give a list of two items or more, and put this in front of each instead of a bullet: \
             {sep}",
            "Your response should be a list. Do not use bullet points; start its items with {sep}",
        ])
    },
    sample: |draw| {
        let signs = ["...", "SEPARATOR", "!?!?", "-", "=>", "~", "ITEM:", "##", "+", ">>>"];
        args([("sep", json!(draw.pick(&signs)))])
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        let sep = args.text("sep")?;
        let list = |items: &[&str]| {
            let lines: Vec<String> = items.iter().map(|item| format!("{sep} {item}")).collect();
            lines.join("\n")
        };
        let drafts = vec![
            list(&["fresh bread", "salted butter", "green tea"]),
            list(&["a warm coat", "a good map"]),
            list(&["north", "east", "south", "west"]),
            list(&["plant the seeds", "water them", "wait for the sun", "pull the weeds", "rest"]),
        ];
        Ok(vec![Demand::Draft(drafts)])
    },
    examples: &[
        Example { args: r#"{"sep": "!?!?"}"#, response: "!?!? bread\n!?!? salt", satisfied: true },
        Example { args: r#"{"sep": "-"}"#, response: "Buy:\n  -bread\n\n  -salt", satisfied: true },
        Example { args: r#"{"sep": "..."}"#, response: "... bread\n* salt", satisfied: false },
        Example {
            args: r#"{"sep": "SEPARATOR"}"#,
            response: "separator bread\nseparator salt",
            satisfied: false,
        },
    ],
    deviations: &[Deviation {
        reason: "a separator inside a line opens no item",
        args: r#"{"sep": "-"}"#,
        response: "A well-known, much-loved bread.",
        official: true,
    }],
};

fn official(args: &Reader<'_>) -> Result<Check> {
    let finder = memchr::memmem::Finder::new(args.text("sep")?).into_owned();
    check(move |text| {
        let found = finder.find_iter(text.raw().as_bytes()).count() as u64;
        Verdict::count(found, ITEMS, "separators")
    })
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let sep = strip(args.text("sep")?).to_owned();
    if sep.is_empty() {
        return Err(args.fault("sep", "is blank"));
    }
    check(move |text| {
        let items = text.lines().filter(|line| {
            strip(line).strip_prefix(&sep).is_some_and(|item| !strip(item).is_empty())
        });
        Verdict::count(items.count() as u64, ITEMS, "items")
    })
}
