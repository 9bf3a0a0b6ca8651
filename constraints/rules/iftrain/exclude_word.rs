//! `keywords:exclude_word_harder`: a word of the request that must not be used (open-instruct).

use memchr::memmem::Finder;
use serde_json::json;

use crate::demand::Demand;
use crate::draw::args;
use crate::profile::Profile;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::phrase::Phrase;
use crate::rules::wording::words;
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "keywords:exclude_word_harder",
    about: "The keyword does not occur. Official: with a space on either side, by exact spelling, \
            so that one before a comma is not seen. Corrected: as a whole word in any case \
            (open-instruct).",
    schema: r#"{
        "properties": {"keyword": {"type": "string", "minLength": 1}},
        "required": ["keyword"]
    }"#,
    texts: |_| {
        Ok(&[
            "Do not include the keyword \"{keyword}\" in your response.",
            "Answer without using the word \"{keyword}\".",
            "The word \"{keyword}\" must not occur anywhere in what you write.",
            "Leave \"{keyword}\" out of your answer altogether.",
        ])
    },
    sample: |draw| {
        let fits = |word: &&str| word.len() > 3 && word.bytes().all(|b| b.is_ascii_alphabetic());
        let found: Vec<&str> = words(draw.request).filter(fits).collect();
        let keyword = if found.is_empty() { draw.noun() } else { draw.pick(&found) };
        args([("keyword", json!(keyword))])
    },
    compile: |args, profile| {
        let keyword = strip(args.text("keyword")?);
        match profile {
            Profile::Official => {
                let finder = Finder::new(format!(" {keyword} ").as_bytes()).into_owned();
                check(move |text| judge(finder.find(text.raw().as_bytes()).is_some()))
            }
            Profile::Corrected => {
                let phrase =
                    Phrase::new(keyword).ok_or_else(|| args.fault("keyword", "is blank"))?;
                check(move |text| judge(phrase.is_in(text.lower())))
            }
        }
    },
    demands: |args| Ok(vec![Demand::AvoidWord(strip(args.text("keyword")?).to_owned())]),
    examples: &[
        Example {
            args: r#"{"keyword": "rain"}"#,
            response: "A rainy day on a train.",
            satisfied: true,
        },
        Example { args: r#"{"keyword": "C++"}"#, response: "We write C code.", satisfied: true },
        Example {
            args: r#"{"keyword": "rain"}"#,
            response: "After the rain came sun.",
            satisfied: false,
        },
        Example { args: r#"{"keyword": "rain"}"#, response: "Rain, at last!", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a word before a full stop is that word",
            args: r#"{"keyword": "rain"}"#,
            response: "It looks like rain.",
            official: true,
        },
        Deviation {
            reason: "a capital does not make another word",
            args: r#"{"keyword": "rain"}"#,
            response: "A HEAVY RAIN FELL",
            official: true,
        },
    ],
};

fn judge(found: bool) -> Verdict {
    match found {
        true => Verdict::fail("the keyword occurs"),
        false => Verdict::pass("the keyword does not occur"),
    }
}
