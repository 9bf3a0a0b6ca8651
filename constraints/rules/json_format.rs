//! `detectable_format:json_format`: the whole response is JSON (IFEval).

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::python::json::{JsonVerdict, accepts};
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "detectable_format:json_format",
    about: "The response is one JSON value, a Markdown code fence around it allowed. Official: \
            what Python's `json.loads` accepts, bare words such as `NaN` among it; too deep a \
            nesting is an error. Corrected: an object or array that any reader takes, no key \
            twice in an object.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Your entire output should be JSON. You may wrap it in a Markdown code fence (```).",
            "Give your whole answer as one valid JSON object, with nothing before or after it.",
            "Format the complete response as JSON; Markdown ticks such as ``` around it are fine.",
            "Respond with valid JSON only.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| match profile {
        Profile::Official => check(|text| official(text.stripped())),
        Profile::Corrected => check(|text| corrected(text.stripped())),
    },
    demands: |_| Ok(vec![Demand::Json]),
    examples: &[
        Example { args: "{}", response: r#"{"answer": [1, 2.5, null]}"#, satisfied: true },
        Example { args: "{}", response: "```json\n[\"a\", \"b\"]\n```", satisfied: true },
        Example { args: "{}", response: "Here it is: {\"answer\": 1}", satisfied: false },
        Example { args: "{}", response: "{\"answer\": 1,}", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a bare number is a value, but no answer in JSON",
            args: "{}",
            response: "42",
            official: true,
        },
        Deviation {
            reason: "NaN is not JSON",
            args: "{}",
            response: r#"{"answer": NaN}"#,
            official: true,
        },
        Deviation {
            reason: "of two members with one key readers keep one or the other",
            args: "{}",
            response: r#"{"answer": 1, "answer": 2}"#,
            official: true,
        },
        Deviation {
            reason: "a code fence may name its language in any spelling",
            args: "{}",
            response: "```jsonc\n{\"answer\": 1}\n```",
            official: false,
        },
    ],
};

fn official(response: &str) -> Verdict {
    let mut body = response;
    for fence in ["```json", "```Json", "```JSON", "```"] {
        body = body.strip_prefix(fence).unwrap_or(body);
    }
    match accepts(strip(body.strip_suffix("```").unwrap_or(body))) {
        JsonVerdict::Valid => Verdict::pass("valid JSON"),
        JsonVerdict::Invalid => Verdict::fail("not valid JSON"),
        JsonVerdict::TooDeep => Verdict::fault("JSON nested too deeply for Python to read"),
    }
}

fn corrected(response: &str) -> Verdict {
    let body = unfenced(response);
    if !body.starts_with(['{', '[']) {
        return Verdict::fail("neither a JSON object nor a JSON array");
    }
    match serde_json::from_str::<Strict>(body) {
        Ok(Strict) => Verdict::pass("valid JSON"),
        Err(error) => Verdict::fail(format!("not valid JSON: {error}")),
    }
}

/// What a code fence, with or without a language's name, holds.
fn unfenced(response: &str) -> &str {
    let Some(body) = response.strip_prefix("```") else { return response };
    let body = body.strip_suffix("```").unwrap_or(body);
    strip(body.trim_start_matches(|c: char| c.is_ascii_alphanumeric()))
}

/// Any JSON value, read without being kept; an object must not have one key twice.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(Strict)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Strict;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_str<E>(self, _: &str) -> Result<Strict, E> {
        Ok(Strict)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        while items.next_element::<Strict>()?.is_some() {}
        Ok(Strict)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            members.next_value::<Strict>()?;
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!("key {key:?} stands twice")));
            }
            keys.insert(key);
        }
        Ok(Strict)
    }
}
