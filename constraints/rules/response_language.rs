//! `language:response_language`: the language of the response (IFEval).

use serde_json::json;

use super::spoken;
use crate::demand::Demand;
use crate::draw::args;
use crate::profile::Profile;
use crate::rule::{Deviation, Example, Rule, check};
use crate::verdict::Verdict;

/// The languages that may be asked for, with texts that name each.
macro_rules! languages {
    ($($code:literal $name:literal,)+) => {
        const CODES: &[&str] = &[$($code),+];

        fn paraphrases(code: &str) -> Option<&'static [&'static str]> {
            match code {
                $($code => Some(&[
                    concat!(
                        "Your entire response should be in ", $name, "; no other language is ",
                        "allowed."
                    ),
                    concat!("Answer in ", $name, " only."),
                    concat!("Write the whole response in ", $name, "."),
                    concat!("Use no language but ", $name, " in your answer."),
                    concat!("Please reply entirely in ", $name, "."),
                ]),)+
                _ => None,
            }
        }
    };
}

const SCHEMA: &str = r#"{
    "properties": {
        "language": {
            "enum": [
                "ar", "bg", "bn", "de", "en", "es", "fa", "fi", "fr", "gu", "he", "hi", "it", "ja",
                "kn", "ko", "ml", "mr", "ne", "pa", "pl", "pt", "ru", "sw", "ta", "te", "th", "uk",
                "ur", "vi"
            ]
        }
    },
    "required": ["language"]
}"#;

languages! {
    "ar" "Arabic",
    "bg" "Bulgarian",
    "bn" "Bengali",
    "de" "German",
    "en" "English",
    "es" "Spanish",
    "fa" "Persian",
    "fi" "Finnish",
    "fr" "French",
    "gu" "Gujarati",
    "he" "Hebrew",
    "hi" "Hindi",
    "it" "Italian",
    "ja" "Japanese",
    "kn" "Kannada",
    "ko" "Korean",
    "ml" "Malayalam",
    "mr" "Marathi",
    "ne" "Nepali",
    "pa" "Punjabi",
    "pl" "Polish",
    "pt" "Portuguese",
    "ru" "Russian",
    "sw" "Swahili",
    "ta" "Tamil",
    "te" "Telugu",
    "th" "Thai",
    "uk" "Ukrainian",
    "ur" "Urdu",
    "vi" "Vietnamese",
}

pub(super) static RULE: Rule = Rule {
    id: "language:response_language",
    about: "langdetect, at seed 0, finds this language in the response. Official: undetectable \
            counts as found. Corrected: it does not, and a text in capitals is read in lower case.",
    schema: SCHEMA,
    texts: |args| {
        let code = args.text("language")?;
        paraphrases(code).ok_or_else(|| args.fault("language", "is none of the known codes"))
    },
    sample: |draw| args([("language", json!(draw.pick(CODES)))]),
    compile: |args, profile| {
        let wanted = args.text("language")?.to_owned();
        check(move |text| {
            let found = match profile {
                Profile::Official => text.language(),
                Profile::Corrected => spoken::language(text),
            };
            match found {
                Some(code) if code == wanted => Verdict::pass("the language asked for"),
                Some(code) => Verdict::fail(format!("detected {code:?}, asked for {wanted:?}")),
                None if profile == Profile::Official => Verdict::pass("no language can be told"),
                None => Verdict::fail("no language can be told"),
            }
        })
    },
    demands: |args| Ok(vec![Demand::Language(args.text("language")?.to_owned())]),
    examples: &[
        Example {
            args: r#"{"language": "fr"}"#,
            response: "Nous avons mangé du pain dans le jardin ce matin.",
            satisfied: true,
        },
        Example {
            args: r#"{"language": "ru"}"#,
            response: "Мы вчера долго гуляли в парке и говорили.",
            satisfied: true,
        },
        Example {
            args: r#"{"language": "fr"}"#,
            response: "We had bread in the garden this morning.",
            satisfied: false,
        },
        Example {
            args: r#"{"language": "de"}"#,
            response: "Nous avons mangé du pain dans le jardin ce matin.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a text whose language cannot be told is not in the language asked for",
            args: r#"{"language": "fr"}"#,
            response: "12345 67890",
            official: true,
        },
        Deviation {
            reason: "the detector leaves out most of a text in capitals: it is asked in lower case",
            args: r#"{"language": "en"}"#,
            response: "ALL OF US WENT OUT FOR LUNCH.",
            official: false,
        },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_lists_the_codes() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("JSON");
        assert_eq!(schema["properties"]["language"]["enum"], json!(CODES));
    }
}
