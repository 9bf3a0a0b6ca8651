//! Replies that were given before, from a file: `{key, reply}` a line, with `marks` where there are
//! no words.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use heedful_benchmarks::lines::for_each;
use heedful_benchmarks::thinking::Policy;
use heedful_benchmarks::{Error as FileError, fields};
use heedful_datasets::json::parse_object;
use serde_json::{Map, Value};

use super::{Case, Form, Judge, Ruling};
use crate::error::{Error, Result};

/// Recorded replies by the key of their case.
#[derive(Debug)]
pub struct Recorded {
    name: String,
    path: PathBuf,
    replies: HashMap<String, Said>,
    /// A case without a reply is an abstention: other judges rule on it.
    one_of_several: bool,
}

/// What was said of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    Words(String),
    Marks(Vec<bool>),
    Nothing,
}

/// A line's `reply`, or its `marks`.
fn said(row: &Map<String, Value>) -> std::result::Result<Said, String> {
    if let Some(reply) = fields::text(row, "reply")? {
        return Ok(Said::Words(reply.to_owned()));
    }
    let Some(marks) = row.get("marks") else { return Ok(Said::Nothing) };
    let list = marks.as_array().and_then(|list| list.iter().map(Value::as_bool).collect());
    list.map(Said::Marks).ok_or_else(|| "key `marks`: expected a list of true and false".to_owned())
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
            let found = said(&row).map_err(|problem| wrong(format!("case {key}: {problem}")))?;
            match replies.insert(key.clone(), found) {
                Some(_) => Err(wrong(format!("case {key} stands twice"))),
                None => Ok(()),
            }
        })?;
        let name = format!("recorded:{}", path.display());
        Ok(Recorded { name, path: path.to_owned(), replies, one_of_several: false })
    }

    /// The same as one of a panel's judges, who need not have ruled on all.
    pub fn of_panel(self) -> Recorded {
        Recorded { one_of_several: true, ..self }
    }
}

impl Judge for Recorded {
    fn name(&self) -> &str {
        &self.name
    }

    /// What the file says, without reasoning.
    ///
    /// # Errors
    /// Cases that it does not have; of a panel's, if it has none of them at all.
    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        let needed = cases.iter().filter(|case| !case.control);
        let missing: Vec<&str> = (needed.map(|case| case.key.as_str()))
            .filter(|key| !self.replies.contains_key(*key))
            .collect();
        let few = self.one_of_several && missing.len() < cases.len();
        if let Some(first) = missing.first().filter(|_| !few) {
            let (path, n, all) = (self.path.display(), missing.len(), cases.len());
            let problem = format!("{path}: no reply for {n} of {all} cases, first {first}");
            return Err(Error::usage(problem));
        }
        let ruling = |case: &Case| match self.replies.get(&case.key) {
            Some(Said::Words(reply)) => {
                let reply = Policy::Auto.answer(reply, false).text.to_owned();
                Ruling::of(form, case, reply)
            }
            Some(Said::Marks(marks)) if marks.len() == case.criteria.len() => {
                Ruling { reply: None, marks: Some(marks.clone()) }
            }
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
        let text = "{\"key\":\"b\",\"reply\":\"<think>01</think>10\"}\n\
                    {\"key\":\"a\",\"reply\":\"so so\"}\n{\"key\":3,\"reply\":null}\n\
                    {\"key\":\"m\",\"reply\":null,\"marks\":[true]}\n";
        let cases = [case("a", 2), case("b", 2), case("3", 1), case("m", 1), case("m", 2)];
        let got = recorded(text).unwrap().rule(&DIGITS, &cases).unwrap();
        let marks: Vec<_> = got.iter().map(|ruling| ruling.marks.clone()).collect();
        // Marks of another number of criteria are of another question.
        assert_eq!(marks, [None, Some(vec![true, false]), None, Some(vec![true]), None]);
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
        let mut of_panel = one.of_panel();
        let got = of_panel.rule(&DIGITS, &[case("a", 1), case("z", 1)]).unwrap();
        assert!(got[0].marks.is_some() && got[1] == Ruling::default());
        assert!(of_panel.rule(&DIGITS, &[case("z", 1)]).is_err());
    }
}
