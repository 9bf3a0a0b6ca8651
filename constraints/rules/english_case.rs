//! `change_case:english_capital` and `change_case:english_lowercase`: English in one case (IFEval).

use super::spoken;
use crate::args::Args;
use crate::demand::{Case, Demand};
use crate::error::Result;
use crate::profile::Profile;
use crate::python::strings::{str_is_lower, str_is_upper};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::text::Text;
use crate::verdict::Verdict;

pub(super) static CAPITAL: Rule = Rule {
    id: "change_case:english_capital",
    about: "English without a small letter (`str.isupper`). Official: by langdetect on the text as \
            it is; undetectable counts as English. Corrected: detected in lower case; undetectable \
            does not count.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Your entire response should be in English and in all capital letters.",
            "Write everything in English, in CAPITAL LETTERS only.",
            "Use English and nothing but upper-case letters throughout your answer.",
            "Answer in English without a single lowercase letter.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| compile(profile, str_is_upper, "not all in capitals"),
    demands: |_| Ok(vec![Demand::Case(Case::Upper), Demand::Language("en".to_owned())]),
    examples: &[
        Example { args: "{}", response: "THIS IS HOW WE WRITE IN THE MORNING.", satisfied: true },
        Example {
            args: "{}",
            response: "2 DOGS WERE RUNNING THROUGH THE GARDEN!",
            satisfied: true,
        },
        Example { args: "{}", response: "THIS is how we write.", satisfied: false },
        Example {
            args: "{}",
            response: "NOUS AVONS MANGÉ DU PAIN DANS LE JARDIN CE MATIN.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "the detector leaves out most of a text in capitals: it is asked in lower case",
            args: "{}",
            response: "ALL OF US WENT OUT FOR LUNCH.",
            official: false,
        },
        Deviation {
            reason: "a text whose language cannot be told is not known to be English",
            args: "{}",
            response: "Ⓐ",
            official: true,
        },
    ],
};

pub(super) static LOWERCASE: Rule = Rule {
    id: "change_case:english_lowercase",
    about: "English without a capital letter (`str.islower`), by langdetect. Official: \
            undetectable counts as English. Corrected: it does not.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Your entire response should be in English and in all lowercase letters. No capital \
             letters are allowed.",
            "Write everything in English, in small letters only.",
            "Use English and nothing but lower-case letters throughout your answer.",
            "Answer in English without a single capital letter.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| compile(profile, str_is_lower, "not all in small letters"),
    demands: |_| Ok(vec![Demand::Case(Case::Lower), Demand::Language("en".to_owned())]),
    examples: &[
        Example { args: "{}", response: "this is how we write in the morning.", satisfied: true },
        Example {
            args: "{}",
            response: "2 dogs were running through the garden!",
            satisfied: true,
        },
        Example { args: "{}", response: "This is how we write.", satisfied: false },
        Example {
            args: "{}",
            response: "nous avons mangé du pain dans le jardin ce matin.",
            satisfied: false,
        },
    ],
    deviations: &[Deviation {
        reason: "a text whose language cannot be told is not known to be English",
        args: "{}",
        response: "ⓐ",
        official: true,
    }],
};

/// The case is asked first: it costs little, and the official scorer then asks no language.
fn compile(
    profile: Profile,
    keeps_case: fn(&str) -> bool,
    otherwise: &'static str,
) -> Result<Check> {
    let language: fn(&Text<'_>) -> Option<&'static str> = match profile {
        Profile::Official => |text| text.language(),
        Profile::Corrected => spoken::language,
    };
    check(move |text| {
        if !keeps_case(text.raw()) {
            return Verdict::fail(otherwise);
        }
        match language(text) {
            Some("en") => Verdict::pass("English in one case"),
            Some(code) => Verdict::fail(format!("detected language {code:?}, not \"en\"")),
            None if profile == Profile::Official => Verdict::pass("no language can be told"),
            None => Verdict::fail("no language can be told"),
        }
    })
}
