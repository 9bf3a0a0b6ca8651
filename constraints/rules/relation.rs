//! IFEval's two relations, "less than" and "at least".

use crate::args::Reader;
use crate::bound::Bound;
use crate::error::Result;
use crate::verdict::Verdict;

/// A relation with its number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// The counts that are accepted.
    Within(Bound),
    /// "less than 0": no count is.
    Never,
}

/// Reads the relation under `relation` and its number under `number`.
pub(super) fn limit(args: &Reader<'_>, relation: &str, number: &str) -> Result<Limit> {
    let n = args.count(number)?;
    match args.text(relation)? {
        "at least" => Ok(Limit::Within(Bound::at_least(n))),
        "less than" => Ok(Bound::less_than(n).map_or(Limit::Never, Limit::Within)),
        _ => Err(args.fault(relation, "is neither \"at least\" nor \"less than\"")),
    }
}

/// The same for a demand, which must be one that some text can meet.
pub(super) fn demanded(args: &Reader<'_>, relation: &str, number: &str) -> Result<Bound> {
    match limit(args, relation, number)? {
        Limit::Within(bound) => Ok(bound),
        Limit::Never => Err(args.fault(number, "can never hold: no count is less than 0")),
    }
}

/// One of two slices of paraphrases: the first for "at least", the second for "less than".
pub(super) fn texts(
    args: &Reader<'_>,
    relation: &str,
    at_least: &'static [&'static str],
    less_than: &'static [&'static str],
) -> Result<&'static [&'static str]> {
    Ok(if args.text(relation)? == "at least" { at_least } else { less_than })
}

impl Limit {
    /// The verdict on a count of `unit`, a name in the plural.
    pub(super) fn judge(self, found: u64, unit: &'static str) -> Verdict {
        match self {
            Limit::Within(bound) => Verdict::count(found, bound, unit),
            Limit::Never => Verdict::fail("no count is less than 0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_less_than_none() {
        let args = json!({"relation": "less than", "n": 0});
        let args = Reader::new("test", args.as_object().expect("an object"));
        let limit = limit(&args, "relation", "n").expect("reads");
        assert!(!limit.judge(0, "words").satisfied);
        let error = demanded(&args, "relation", "n").expect_err("no text can").to_string();
        assert!(error.contains("`n`: can never hold"), "{error}");
    }
}
