//! `keywords:word_once`, `count:count_increment_word` and `keywords:word_count_different_numbers`:
//! how often keywords occur (open-instruct).

use serde_json::json;

use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::error::Result;
use crate::profile::Profile;
use crate::python::pattern::Flags;
use crate::python::strings::strip;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::pattern::{self, Search};
use crate::rules::phrase::Phrase;
use crate::rules::relation::{demanded, limit, texts};
use crate::text::Text;
use crate::verdict::Verdict;

/// A keyword as one of the profiles looks for it.
enum Keyword {
    Pattern(Search),
    Phrase(Box<Phrase>),
}

impl Keyword {
    fn read(args: &Reader<'_>, key: &str, profile: Profile) -> Result<Keyword> {
        let keyword = strip(args.text(key)?);
        match profile {
            Profile::Official => {
                pattern::prepare(args, key, keyword, Flags::IGNORE_CASE).map(Keyword::Pattern)
            }
            Profile::Corrected => Phrase::new(keyword)
                .map(|phrase| Keyword::Phrase(Box::new(phrase)))
                .ok_or_else(|| args.fault(key, "is blank")),
        }
    }

    /// How often it occurs, or the verdict that stands for Python's error.
    fn count(&self, text: &Text<'_>) -> std::result::Result<u64, Verdict> {
        match self {
            Keyword::Pattern(search) => Ok(search.pattern()?.count(text.raw()) as u64),
            Keyword::Phrase(phrase) => Ok(phrase.count(text.lower())),
        }
    }
}

fn mention(args: &Reader<'_>, key: &str, bound: Bound) -> Result<Demand> {
    Ok(Demand::Mention(strip(args.text(key)?).to_owned(), bound))
}

const UNIT: &str = "uses of the keyword";

pub(super) static ONCE: Rule = Rule {
    id: "keywords:word_once",
    about: "The keyword occurs exactly once, whatever its case. Official: a Python regular \
            expression, also inside words. Corrected: as it is written, as a whole word \
            (open-instruct).",
    schema: r#"{
        "properties": {"keyword": {"type": "string", "minLength": 1}},
        "required": ["keyword"]
    }"#,
    texts: |_| {
        Ok(&[
            "Use the word \"{keyword}\" exactly once in your response.",
            "The keyword \"{keyword}\" must appear one time, and no more, in your answer.",
            "Mention \"{keyword}\" a single time.",
            "Work \"{keyword}\" into your response once and do not repeat it.",
        ])
    },
    sample: |draw| args([("keyword", json!(draw.noun()))]),
    compile: |args, profile| {
        let keyword = Keyword::read(args, "keyword", profile)?;
        check(move |text| match keyword.count(text) {
            Ok(found) => Verdict::count(found, Bound::exactly(1), UNIT),
            Err(fault) => fault,
        })
    },
    demands: |args| Ok(vec![mention(args, "keyword", Bound::exactly(1))?]),
    examples: &[
        Example {
            args: r#"{"keyword": "tea"}"#,
            response: "The team drinks TEA.",
            satisfied: true,
        },
        Example { args: r#"{"keyword": "C++"}"#, response: "I write C++ code.", satisfied: true },
        Example { args: r#"{"keyword": "tea"}"#, response: "Tea, more tea.", satisfied: false },
        Example { args: r#"{"keyword": "tea"}"#, response: "Steam rises.", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "a keyword inside a longer word is not that keyword",
            args: r#"{"keyword": "tea"}"#,
            response: "Steam rises.",
            official: true,
        },
        Deviation {
            reason: "a keyword is text: its punctuation is no pattern",
            args: r#"{"keyword": "a.b"}"#,
            response: "Here a-b stands beside a.b in the table.",
            official: false,
        },
    ],
};

pub(super) static INCREMENT: Rule = Rule {
    id: "count:count_increment_word",
    about: "One keyword occurs exactly once and another exactly twice, whatever their case. \
            Official: Python regular expressions, also inside words. Corrected: as they are \
            written, as whole words (open-instruct).",
    schema: r#"{
        "properties": {
            "keyword1": {"type": "string", "minLength": 1},
            "keyword2": {"type": "string", "minLength": 1}
        },
        "required": ["keyword1", "keyword2"]
    }"#,
    texts: |_| {
        Ok(&[
            "Include the keyword \"{keyword1}\" once in your response, and the keyword \
             \"{keyword2}\" twice.",
            "Your answer must mention \"{keyword1}\" exactly one time and \"{keyword2}\" exactly \
             two times.",
            "Use \"{keyword2}\" twice and \"{keyword1}\" only once in what you write.",
            "Let \"{keyword1}\" appear a single time in your text and \"{keyword2}\" two times, no \
             more and no fewer.",
        ])
    },
    sample: |draw| {
        let mut words = draw.nouns(2);
        while words[0].contains(words[1]) || words[1].contains(words[0]) {
            words = draw.nouns(2);
        }
        args([("keyword1", json!(words[0])), ("keyword2", json!(words[1]))])
    },
    compile: |args, profile| {
        let once = Keyword::read(args, "keyword1", profile)?;
        let twice = Keyword::read(args, "keyword2", profile)?;
        check(move |text| match (once.count(text), twice.count(text)) {
            (Ok(first), Ok(second)) => increment(first, second),
            (Err(fault), _) | (_, Err(fault)) => fault,
        })
    },
    demands: |args| {
        Ok(vec![
            mention(args, "keyword1", Bound::exactly(1))?,
            mention(args, "keyword2", Bound::exactly(2))?,
        ])
    },
    examples: &[
        Example {
            args: r#"{"keyword1": "tea", "keyword2": "milk"}"#,
            response: "Milk first, then tea, then milk.",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword1": "tea", "keyword2": "milk"}"#,
            response: "The team has TEA, milk and MILK.",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword1": "tea", "keyword2": "milk"}"#,
            response: "Tea, tea, milk and milk.",
            satisfied: false,
        },
        Example {
            args: r#"{"keyword1": "tea", "keyword2": "milk"}"#,
            response: "Tea with milk.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a keyword inside a longer word is not that keyword",
            args: r#"{"keyword1": "tea", "keyword2": "milk"}"#,
            response: "Tea with milk for the milkman.",
            official: true,
        },
        Deviation {
            reason: "a longer word that holds the keyword is no second use of it",
            args: r#"{"keyword1": "tea", "keyword2": "milk"}"#,
            response: "A team has tea, milk and milk.",
            official: false,
        },
    ],
};

fn increment(first: u64, second: u64) -> Verdict {
    let (once, twice) = (Bound::exactly(1), Bound::exactly(2));
    if once.holds(first) && twice.holds(second) {
        return Verdict::pass("one use of the first keyword, two of the second");
    }
    let degree = (once.degree(first) + twice.degree(second)) / 2.0;
    let note = format!("{first} uses of the first keyword, {second} of the second");
    Verdict { degree: degree.min(0.99), ..Verdict::fail(note) }
}

pub(super) static DIFFERENT: Rule = Rule {
    id: "keywords:word_count_different_numbers",
    about: "The keyword occurs at least, or less than, so many times, without overlaps, whatever \
            its case. Official: a Python regular expression, also inside words. Corrected: as it \
            is written, as whole words (open-instruct; `keywords:frequency` of IFEval by another \
            name).",
    schema: r#"{
        "properties": {
            "keyword": {"type": "string", "minLength": 1},
            "frequency": {"type": "integer", "minimum": 0},
            "relation": {"enum": ["less than", "at least"]}
        },
        "required": ["keyword", "frequency", "relation"]
    }"#,
    texts: |args| texts(args, "relation", AT_LEAST, LESS_THAN),
    sample: |draw| {
        let few = draw.coin();
        let n = if few { draw.between(1, 8) } else { draw.between(1, 12) };
        let relation = if few { "less than" } else { "at least" };
        args([
            ("keyword", json!(draw.noun())),
            ("frequency", json!(n)),
            ("relation", json!(relation)),
        ])
    },
    compile: |args, profile| {
        let limit = limit(args, "relation", "frequency")?;
        let keyword = Keyword::read(args, "keyword", profile)?;
        check(move |text| match keyword.count(text) {
            Ok(found) => limit.judge(found, UNIT),
            Err(fault) => fault,
        })
    },
    demands: |args| Ok(vec![mention(args, "keyword", demanded(args, "relation", "frequency")?)?]),
    examples: &[
        Example {
            args: r#"{"keyword": "tea", "frequency": 2, "relation": "at least"}"#,
            response: "Tea now. More TEA later.",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword": "tea", "frequency": 1, "relation": "less than"}"#,
            response: "Steam for the team.",
            satisfied: true,
        },
        Example {
            args: r#"{"keyword": "tea", "frequency": 3, "relation": "at least"}"#,
            response: "Tea, tea and steam.",
            satisfied: false,
        },
        Example {
            args: r#"{"keyword": "tea", "frequency": 0, "relation": "less than"}"#,
            response: "Milk alone.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "a keyword inside a longer word is not that keyword",
            args: r#"{"keyword": "tea", "frequency": 2, "relation": "less than"}"#,
            response: "The team has tea.",
            official: false,
        },
        Deviation {
            reason: "a keyword is text: its punctuation is no pattern",
            args: r#"{"keyword": "a.b", "frequency": 2, "relation": "at least"}"#,
            response: "Here a-b stands beside a.b in the table.",
            official: true,
        },
    ],
};

const AT_LEAST: &[&str] = &[
    "The word \"{keyword}\" should appear at least {frequency:time} in your response.",
    "Use the keyword \"{keyword}\" {frequency:time} or more.",
    "Let your answer contain no fewer than {frequency:use} of \"{keyword}\".",
    "Mention \"{keyword}\" a minimum of {frequency:time} in what you write.",
];

const LESS_THAN: &[&str] = &[
    "The word \"{keyword}\" should appear fewer than {frequency:time} in your response.",
    "Use the keyword \"{keyword}\" less than {frequency:time}.",
    "Keep the number of times that your answer says \"{keyword}\" below {frequency}.",
    "In what you write, mentions of \"{keyword}\" must stay under {frequency}.",
];
