//! `format:options`: one of the options and nothing else (IFBench).

use serde_json::json;

use crate::args::Reader;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::is_word;
use crate::python::strings::{lower, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

use super::bare::is_edge;

pub(super) static RULE: Rule = Rule {
    id: "format:options",
    about: "The whole response is one of the options (IFBench). They stand between slashes, else \
            between \"or\", else between commas. Official: \"or\" inside a word divides too; \
            after a list that begins with A, B, C the option must be repeated character by \
            character, else case and ASCII punctuation and spaces at the ends do not matter. \
            Corrected: \"or\" divides as a word only, beside commas too, and case, punctuation \
            and white space at the ends never matter.",
    schema: r#"{
        "properties": {"options": {"type": "string", "minLength": 1, "maxLength": 2000}},
        "required": ["options"]
    }"#,
    texts: |_| {
        Ok(&[
            "Answer with one of the following options: {options}. Do not give any explanation.",
            "Choose one of these and write nothing else: {options}.",
            "Your whole answer must be one of the following, without a reason: {options}.",
            "Reply with exactly one option out of {options} and do not explain it.",
        ])
    },
    sample: |draw| {
        let fixed = [
            "yes/no/maybe",
            "I know or I don't know",
            "a), b), c), d)",
            "A/B/C/D",
            "true/false",
            "agree/disagree/neutral",
            "likely, unlikely",
        ];
        match draw.coin() {
            true => args([("options", json!(draw.pick(&fixed)))]),
            false => {
                let count = draw.between(2, 5) as usize;
                args([("options", json!(draw.nouns(count).join("/")))])
            }
        }
    },
    compile: |args, profile| match profile {
        Profile::Official => official(args),
        Profile::Corrected => corrected(args),
    },
    demands: |args| {
        let options = wanted(args)?.into_iter().map(str::to_owned).collect();
        Ok(vec![Demand::Whole(options)])
    },
    examples: &[
        Example { args: r#"{"options": "yes/no/maybe"}"#, response: "Maybe.\n", satisfied: true },
        Example {
            args: r#"{"options": "I know or I don't know"}"#,
            response: "\"I don't know\"",
            satisfied: true,
        },
        Example { args: r#"{"options": "a), b), c), d)"}"#, response: "b)", satisfied: true },
        Example { args: r#"{"options": "red, blue or tan"}"#, response: "Blue", satisfied: true },
        Example {
            args: r#"{"options": "yes/no/maybe"}"#,
            response: "Yes, because it rains.",
            satisfied: false,
        },
        Example { args: r#"{"options": "a), b), c), d)"}"#, response: "e)", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "the letters \"or\" inside a word divide no options",
            args: r#"{"options": "more, less"}"#,
            response: "more",
            official: false,
        },
        Deviation {
            reason: "an option is chosen whether or not its bracket is repeated",
            args: r#"{"options": "a), b), c), d)"}"#,
            response: "A",
            official: false,
        },
    ],
};

fn verdict(chosen: bool) -> Verdict {
    match chosen {
        true => Verdict::pass("one of the options"),
        false => Verdict::fail("none of the options"),
    }
}

fn official(args: &Reader<'_>) -> Result<Check> {
    let text = args.text("options")?;
    let separator = ["/", "or"].into_iter().find(|separator| text.contains(separator));
    let options = text.split(separator.unwrap_or(",")).map(strip);
    if is_lettered(text) {
        let options: Vec<String> = options.map(str::to_owned).collect();
        return check(move |text| verdict(options.iter().any(|option| option == text.raw())));
    }
    let options: Vec<String> = options.map(folded).collect();
    check(move |text| verdict(options.contains(&folded(text.raw()))))
}

fn folded(text: &str) -> String {
    lower(text.trim_matches(is_edge)).into_owned()
}

/// `re.match(r"\W*[aA]\W*[bB]\W*[cC]\W*", options)`.
fn is_lettered(options: &str) -> bool {
    let mut rest = options;
    ['a', 'b', 'c'].into_iter().all(|letter| {
        let mut chars = rest.trim_start_matches(|c| !is_word(c)).chars();
        let found = chars.next().is_some_and(|c| c.eq_ignore_ascii_case(&letter));
        rest = chars.as_str();
        found
    })
}

fn corrected(args: &Reader<'_>) -> Result<Check> {
    let options: Vec<String> = wanted(args)?.into_iter().map(bare).collect();
    check(move |text| verdict(options.contains(&bare(text.raw()))))
}

/// An option in lower case without the signs around it; only the signs, if it has nothing else.
fn bare(option: &str) -> String {
    let stripped = option.trim_matches(|c: char| {
        crate::python::chars::is_space(c) || c.is_ascii_punctuation() || matches!(c, '“' | '”')
    });
    let kept = if stripped.is_empty() { strip(option) } else { stripped };
    lower(kept).into_owned()
}

/// The options as their author means them.
fn wanted<'a>(args: &Reader<'a>) -> Result<Vec<&'a str>> {
    let text = args.text("options")?;
    let mut options = Vec::new();
    if text.contains('/') {
        options.extend(text.split('/'));
    } else {
        text.split(',').for_each(|piece| split_or(piece, &mut options));
    }
    let options: Vec<&str> =
        options.into_iter().map(strip).filter(|option| !option.is_empty()).collect();
    match options.is_empty() {
        true => Err(args.fault("options", "holds no option")),
        false => Ok(options),
    }
}

/// Divides a text at the word "or".
fn split_or<'a>(text: &'a str, options: &mut Vec<&'a str>) {
    let mut from = 0;
    for (at, _) in text.match_indices("or") {
        let before = text[..at].chars().next_back();
        let after = text[at + 2..].chars().next();
        if !before.is_some_and(is_word) && !after.is_some_and(is_word) {
            options.push(&text[from..at]);
            from = at + 2;
        }
    }
    options.push(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;

    #[test]
    fn options_are_divided_as_meant() {
        for (text, expected) in [
            ("a/b / c", vec!["a", "b", "c"]),
            ("more, less, or the same", vec!["more", "less", "the same"]),
            ("for sure or not", vec!["for sure", "not"]),
            ("(a) x, (b) y", vec!["(a) x", "(b) y"]),
            ("one", vec!["one"]),
        ] {
            let mut args = Args::new();
            args.insert("options".to_owned(), json!(text));
            let found = wanted(&Reader::new("test", &args)).expect("it has options");
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn lettered_lists_begin_with_a_b_c() {
        assert!(is_lettered("a), b), c)") && is_lettered("(A)/B/c d") && is_lettered("abc"));
        assert!(!is_lettered("A/B/D") && !is_lettered("a b") && !is_lettered("a) one, b), c)"));
    }
}
