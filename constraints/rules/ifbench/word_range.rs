//! `count:word_count_range`: so many words (IFBench).

use serde_json::json;

use crate::args::Reader;
use crate::bound::Bound;
use crate::demand::{Demand, Unit};
use crate::draw::args;
use crate::error::Result;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "count:word_count_range",
    about: "The response has at least `min_words` and at most `max_words` words. Words are runs \
            of `\\w`, so that `don't` makes two (IFBench).",
    schema: r#"{
        "properties": {
            "min_words": {"type": "integer", "minimum": 0, "maximum": 100000},
            "max_words": {"type": "integer", "minimum": 0, "maximum": 100000}
        },
        "required": ["min_words", "max_words"]
    }"#,
    texts: |_| {
        Ok(&[
            "Your response must have between {min_words} and {max_words:word}.",
            "Write no fewer than {min_words} and no more than {max_words:word}.",
            "Keep the length of your answer within {min_words} to {max_words:word}.",
            "Answer in at least {min_words:word}, but do not go over {max_words}.",
            "The number of words that you use should lie from {min_words} to {max_words}.",
        ])
    },
    sample: |draw| {
        let low = draw.between(15, 400);
        let high = low + draw.between(5, 10 + low / 5);
        args([("min_words", json!(low)), ("max_words", json!(high))])
    },
    compile: |args, _| {
        let bound = bound(args)?;
        check(move |text| Verdict::count(text.word_count() as u64, bound, "words"))
    },
    demands: |args| {
        let bound = bound(args)?;
        if bound.is_empty() {
            return Err(args.fault("max_words", "is below `min_words`"));
        }
        Ok(vec![Demand::Count(Unit::Words, bound)])
    },
    examples: &[
        Example {
            args: r#"{"min_words": 3, "max_words": 4}"#,
            response: "Bread, salt — tea.",
            satisfied: true,
        },
        Example {
            args: r#"{"min_words": 4, "max_words": 4}"#,
            response: "We don't bake.",
            satisfied: true,
        },
        Example {
            args: r#"{"min_words": 3, "max_words": 4}"#,
            response: "Bread, salt.",
            satisfied: false,
        },
        Example {
            args: r#"{"min_words": 3, "max_words": 4}"#,
            response: "A well-known loaf of bread.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn bound(args: &Reader<'_>) -> Result<Bound> {
    Ok(Bound::between(args.count("min_words")?, args.count("max_words")?))
}
