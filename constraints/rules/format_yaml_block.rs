//! `format:yaml_block`: a fenced block of YAML with given keys.

use saphyr_parser::{Event, Parser};
use serde_json::json;

use super::fences::{best_block, partly};
use super::wording::quote;
use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// The deepest nesting that is read.
const DEEPEST: usize = 64;
/// Plain values for a witness.
const VALUES: [&str; 4] = ["bread", "salt", "water", "flour"];

pub(super) static RULE: Rule = Rule {
    id: "format:yaml_block",
    about: "The response has a closed fenced block with the info string `yaml` or `yml` that \
            parses as one YAML document, a mapping with at least these keys at its top. Anchors, \
            aliases and nesting deeper than 64 are refused. Degree: 1/4 for a block that does not \
            parse, else 1/2 and half the share of the keys.",
    schema: r#"{"properties": {
        "keys": {"type": "array", "minItems": 1, "maxItems": 10, "uniqueItems": true,
                 "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_-]{0,39}$"}}
    }, "required": ["keys"]}"#,
    texts: |_| {
        Ok(&[
            "Include a fenced ```yaml block that holds a mapping with at least these top-level \
             keys: {keys}.",
            "Your response must contain a code block tagged \"yaml\" with valid YAML whose \
             top-level keys include {keys}.",
            "Give the facts as a YAML mapping in a ```yaml block; the keys {keys} must be present \
             at the top level.",
            "Add a YAML code block (marked yaml, valid, a mapping) in which no top-level key of \
             {keys} is missing.",
        ])
    },
    sample: |draw| {
        let n = draw.between(1, 5) as usize;
        args([("keys", json!(draw.nouns(n)))])
    },
    compile: |args, _| {
        let keys: Vec<String> = keys(args)?.into_iter().map(str::to_owned).collect();
        check(move |text| best_block(text.raw(), &["yaml", "yml"], |body| judge(body, &keys)))
    },
    demands: |args| {
        let keys = keys(args)?.into_iter().zip(VALUES.iter().cycle());
        let lines: Vec<String> = keys.map(|(key, value)| format!("{key}: {value}")).collect();
        Ok(vec![Demand::Fenced("yaml".to_owned(), lines.join("\n"))])
    },
    examples: &[
        Example {
            args: r#"{"keys": ["name", "price"]}"#,
            response: "```yaml\nname: bread\nprice: {low: 1, high: 2}\nnote: |\n  warm\n```",
            satisfied: true,
        },
        Example {
            args: r#"{"keys": ["name"]}"#,
            response: "So:\n```yml\n---\n\"name\": [a, b]\n```\n",
            satisfied: true,
        },
        Example {
            args: r#"{"keys": ["name", "price"]}"#,
            response: "```yaml\nname: bread\nitem:\n  price: 3\n```",
            satisfied: false,
        },
        Example {
            args: r#"{"keys": ["name"]}"#,
            response: "```yaml\nname: [bread\n```",
            satisfied: false,
        },
        Example {
            args: r#"{"keys": ["name"]}"#,
            response: "```yaml\n- name: bread\n```",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn keys<'a>(args: &Reader<'a>) -> Result<Vec<&'a str>> {
    let keys = args.texts("keys")?;
    match keys.is_empty() {
        true => Err(args.fault("keys", "is empty")),
        false => Ok(keys),
    }
}

fn judge(body: &str, keys: &[String]) -> Verdict {
    let found = match top_keys(body, keys) {
        Ok(found) => found,
        Err(problem) => return partly(0.25, format!("the yaml block {problem}")),
    };
    let good = found.iter().filter(|found| **found).count();
    match found.iter().position(|found| !found) {
        None => Verdict::pass(format!("has a yaml block with all {good} keys")),
        Some(missing) => partly(
            0.5 + 0.5 * good as f32 / keys.len() as f32,
            format!("{good} of {} keys: {:?} is missing", keys.len(), keys[missing]),
        ),
    }
}

/// Which of `keys` stand at the top of the mapping that `body` is.
fn top_keys(body: &str, keys: &[String]) -> std::result::Result<Vec<bool>, String> {
    let mut found = vec![false; keys.len()];
    let mut depth = 0;
    let mut documents = 0;
    let mut at_key = true;
    for event in Parser::new_from_str(body) {
        let (event, _) = event.map_err(|e| format!("does not parse: {}", quote(&e.to_string())))?;
        match &event {
            Event::Alias(_) => return Err("has an alias".to_owned()),
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(anchor, _)
            | Event::MappingStart(anchor, _)
                if *anchor != 0 =>
            {
                return Err("has an anchor".to_owned());
            }
            Event::DocumentStart(_) => documents += 1,
            Event::Scalar(..) | Event::SequenceStart(..) if depth == 0 => {
                return Err("is no mapping".to_owned());
            }
            Event::SequenceEnd | Event::MappingEnd => depth = usize::saturating_sub(depth, 1),
            _ => {}
        }
        let opens = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
        if depth == 1 && (opens || matches!(event, Event::Scalar(..))) {
            if let (true, Event::Scalar(key, ..)) = (at_key, &event) {
                let slot = keys.iter().position(|wanted| wanted == key);
                slot.into_iter().for_each(|slot| found[slot] = true);
            }
            at_key = !at_key;
        }
        depth += usize::from(opens);
        if depth > DEEPEST {
            return Err(format!("is nested deeper than {DEEPEST}"));
        }
    }
    match documents {
        1 => Ok(found),
        n => Err(format!("holds {n} documents, not one")),
    }
}
