//! `characters:*`: characters that must not occur.

use serde_json::json;

use crate::args::{Args, Reader};
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::python::chars;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static FORBIDDEN: Rule = Rule {
    id: "characters:forbidden",
    about: "None of these characters occurs in the response. They are signs or digits: letters \
            are refused here, `letters:without` takes them.",
    schema: r#"{"properties": {
        "characters": {"type": "string", "minLength": 1, "maxLength": 30}
    }, "required": ["characters"]}"#,
    texts: |_| {
        Ok(&[
            "Do not use any of these characters in your response: {characters}",
            "None of the following characters may appear anywhere in your answer: {characters}",
            "Write your reply without a single one of these characters: {characters}",
            "These characters are forbidden throughout your response: {characters}",
        ])
    },
    sample: |draw| {
        let n = draw.between(1, 4);
        let mut signs = String::new();
        while (signs.chars().count() as u64) < n {
            let sign = draw.pick(&[
                ",", ";", ":", "!", "?", "(", ")", "\"", "'", "-", "—", "/", "&", "%", "$", "#",
                "@", "_", "…", "+", "=", "0", "1", "7",
            ]);
            if !signs.contains(sign) {
                signs.push_str(sign);
            }
        }
        args([("characters", json!(signs))])
    },
    compile: |args, _| {
        let forbidden: Vec<char> = forbidden(args)?.chars().collect();
        check(move |text| {
            let found = text.raw().chars().filter(|c| forbidden.contains(c)).count() as u64;
            Verdict::count(found, Bound::NONE, "forbidden characters")
        })
    },
    demands: |args| Ok(vec![Demand::AvoidChars(forbidden(args)?.to_owned())]),
    examples: &[
        Example { args: r#"{"characters": ";:"}"#, response: "Bread, salt.", satisfied: true },
        Example { args: r#"{"characters": "—"}"#, response: "Bread - salt", satisfied: true },
        Example { args: r#"{"characters": ";:"}"#, response: "Bread; salt", satisfied: false },
        Example { args: r#"{"characters": "…!"}"#, response: "Bread…", satisfied: false },
    ],
    deviations: &[],
};

fn forbidden<'a>(args: &Reader<'a>) -> Result<&'a str> {
    let characters = args.text("characters")?;
    let bad = |c: char| c.is_alphabetic() || c.is_whitespace() || c.is_control();
    match characters.chars().find(|c| bad(*c)) {
        None => Ok(characters),
        Some(c) if c.is_alphabetic() => {
            Err(args.fault("characters", "holds a letter: use `letters:without`"))
        }
        Some(_) => Err(args.fault("characters", "holds whitespace or a control character")),
    }
}

pub(super) static NO_DIGITS: Rule = Rule {
    id: "characters:no_digits",
    about: "No decimal digit of any script occurs in the response (Unicode category Nd).",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Do not use any digits; spell numbers out in words.",
            "Your response must not contain a single digit.",
            "Write every number in words: no digits may appear.",
            "Keep your whole answer free of digits.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| {
            let found = text.raw().chars().filter(|c| chars::is_digit(*c)).count() as u64;
            Verdict::count(found, Bound::NONE, "digits")
        })
    },
    demands: |_| Ok(vec![Demand::AvoidChars("0123456789".to_owned())]),
    examples: &[
        Example { args: "{}", response: "Three loaves.", satisfied: true },
        Example { args: "{}", response: "½ of a loaf", satisfied: true },
        Example { args: "{}", response: "3 loaves", satisfied: false },
        Example { args: "{}", response: "٣ loaves", satisfied: false },
    ],
    deviations: &[],
};

pub(super) static ASCII_ONLY: Rule = Rule {
    id: "characters:ascii_only",
    about: "Every character of the response is ASCII (U+0000 to U+007F): no accents, curly quotes, \
            long dashes or emoji.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Use only ASCII characters in your response.",
            "Your answer must not contain any character outside ASCII: no accents, no curly \
             quotes, no emoji.",
            "Restrict your whole reply to plain ASCII text.",
            "Every character of your response must be an ASCII character.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, _| {
        check(|text| match text.raw().is_ascii() {
            true => Verdict::pass("all characters are ASCII"),
            false => {
                let found = text.raw().chars().filter(|c| !c.is_ascii()).count() as u64;
                Verdict::count(found, Bound::NONE, "characters outside ASCII")
            }
        })
    },
    demands: |_| Ok(vec![Demand::AsciiOnly]),
    examples: &[
        Example { args: "{}", response: "A \"naive\" cafe - fine.", satisfied: true },
        Example { args: "{}", response: "Bread\r\n\tand salt", satisfied: true },
        Example { args: "{}", response: "A café.", satisfied: false },
        Example { args: "{}", response: "It’s bread", satisfied: false },
    ],
    deviations: &[],
};
