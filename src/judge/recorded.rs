//! Replies that were given before, from a file: `{key, reply}` a line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use heedful_benchmarks::lines::for_each;
use heedful_benchmarks::{Error as FileError, fields};
use heedful_datasets::json::parse_object;

use super::{Case, Form, Judge, Ruling};
use crate::error::{Error, Result};

/// Recorded replies by the key of their case.
#[derive(Debug)]
pub struct Recorded {
    name: String,
    path: PathBuf,
    replies: HashMap<String, Option<String>>,
}

impl Recorded {
    /// Reads the replies; null is an abstention.
    ///
    /// # Errors
    /// A file that cannot be read; a line without `key` or `reply`; a key that stands twice.
    pub fn open(path: &Path) -> Result<Recorded> {
        let mut replies = HashMap::new();
        for_each(path, |line, text| {
            let wrong = |problem: String| FileError::line(path, line, problem);
            let row = parse_object(text).map_err(|fault| wrong(fault.to_string()))?;
            let key = fields::name(&row, &["key"]).map_err(wrong)?;
            let key = key.ok_or_else(|| wrong("key `key` is missing".to_owned()))?;
            if !row.contains_key("reply") {
                return Err(wrong(format!("case {key}: key `reply` is missing")));
            }
            let reply = fields::text(&row, "reply").map_err(wrong)?.map(str::to_owned);
            match replies.insert(key.clone(), reply) {
                Some(_) => Err(wrong(format!("case {key} stands twice"))),
                None => Ok(()),
            }
        })?;
        let name = format!("recorded:{}", path.display());
        Ok(Recorded { name, path: path.to_owned(), replies })
    }
}

impl Judge for Recorded {
    fn name(&self) -> &str {
        &self.name
    }

    /// What the file says.
    ///
    /// # Errors
    /// Cases that it does not have.
    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        let missing: Vec<&str> = (cases.iter().map(|case| case.key.as_str()))
            .filter(|key| !self.replies.contains_key(*key))
            .collect();
        if let Some(first) = missing.first() {
            let (path, n, all) = (self.path.display(), missing.len(), cases.len());
            let problem = format!("{path}: no reply for {n} of {all} cases, first {first}");
            return Err(Error::usage(problem));
        }
        let ruling = |case: &Case| match self.replies.get(&case.key) {
            Some(Some(reply)) => Ruling::of(form, case, reply.clone()),
            _ => Ruling::default(),
        };
        Ok(cases.iter().map(ruling).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{DIGITS, case};

    fn recorded(text: &str) -> Result<Recorded> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replies.jsonl");
        std::fs::write(&path, text).unwrap();
        Recorded::open(&path)
    }

    #[test]
    fn replies_are_found_by_key_and_null_abstains() {
        let text = "{\"key\":\"b\",\"reply\":\"10\"}\n{\"key\":\"a\",\"reply\":\"so so\"}\n\
                    {\"key\":3,\"reply\":null}\n";
        let cases = [case("a", 2), case("b", 2), case("3", 1)];
        let got = recorded(text).unwrap().rule(&DIGITS, &cases).unwrap();
        let marks: Vec<_> = got.iter().map(|ruling| ruling.marks.clone()).collect();
        assert_eq!(marks, [None, Some(vec![true, false]), None]);
        assert_eq!((got[0].reply.as_deref(), got[2].reply.as_deref()), (Some("so so"), None));
    }

    #[test]
    fn what_is_missing_or_double_is_named() {
        let error = recorded("{\"key\":\"a\"}").unwrap_err().to_string();
        assert!(error.contains("line 1: case a: key `reply` is missing"), "{error}");
        let twice = "{\"key\":\"a\",\"reply\":\"1\"}\n".repeat(2);
        assert!(recorded(&twice).unwrap_err().to_string().contains("line 2: case a stands twice"));
        let mut one = recorded(&twice[..twice.len() / 2]).unwrap();
        let error = one.rule(&DIGITS, &[case("a", 1), case("z", 1)]).unwrap_err().to_string();
        assert!(error.contains("no reply for 1 of 2 cases, first z"), "{error}");
    }
}
