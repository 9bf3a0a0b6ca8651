//! Which response belongs to which item.
//!
//! As the official scorers: by the exact prompt text, or else the text without outer white space;
//! the last of several responses wins. A response whose prompt is no item's, or that has none, is
//! joined by its key. What was replaced, missing or left over is named; the official scorers drop
//! it or stop.

use std::collections::HashMap;

use heedful_constraints::python::strings::strip;
use serde::{Deserialize, Serialize};

use crate::items::Items;
use crate::responses::Response;

/// The outcome of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// For each item the index of its response.
    pub of_item: Vec<Option<usize>>,
    /// What did not go one to one.
    pub report: Report,
}

/// What did not go one to one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Keys of items without a response: every instruction of theirs counts as not followed.
    pub missing: Vec<String>,
    /// Lines of responses that belong to no item.
    pub unmatched: Vec<u64>,
    /// Lines of responses that a later one of the same item replaced.
    pub replaced: Vec<u64>,
    /// Lines of responses whose key names another item than their prompt; the prompt won.
    pub disagreeing: Vec<u64>,
    /// Keys that more than one item has; such a key joins to the first.
    pub repeated_keys: Vec<String>,
    /// Keys of items whose prompt an earlier item has too.
    pub repeated_prompts: Vec<String>,
}

impl Report {
    /// Whether items and responses went one to one.
    pub fn is_clean(&self) -> bool {
        *self == Report::default()
    }
}

/// Joins `responses` to `items`.
pub fn join(items: &Items, responses: &[Response]) -> Joined {
    let mut by_prompt: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_stripped: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_key: HashMap<&str, usize> = HashMap::new();
    for (at, item) in items.list.iter().enumerate() {
        by_prompt.entry(&item.prompt).or_default().push(at);
        by_stripped.entry(strip(&item.prompt)).or_default().push(at);
        by_key.entry(&item.key).or_insert(at);
    }
    let mut of_item: Vec<Option<usize>> = vec![None; items.list.len()];
    let mut report = Report {
        repeated_keys: items.repeated_keys.clone(),
        repeated_prompts: items.repeated_prompts.clone(),
        ..Report::default()
    };
    for (at, response) in responses.iter().enumerate() {
        let same_prompt = response
            .prompt
            .as_deref()
            .and_then(|prompt| by_prompt.get(prompt).or_else(|| by_stripped.get(strip(prompt))));
        let same_key = response.key.as_deref().and_then(|key| by_key.get(key).copied());
        let one = same_key.map(|key| [key]);
        let owners: &[usize] = match (same_prompt, &one) {
            (Some(_), Some(one)) if same_prompt.is_some_and(|all| all.contains(&one[0])) => one,
            (Some(all), Some(_)) => {
                report.disagreeing.push(response.line);
                all
            }
            (Some(all), None) => all,
            (None, Some(one)) => {
                if response.prompt.is_some() {
                    report.disagreeing.push(response.line);
                }
                one
            }
            (None, None) => {
                report.unmatched.push(response.line);
                continue;
            }
        };
        for &item in owners {
            if let Some(old) = of_item[item].replace(at) {
                report.replaced.push(responses[old].line);
            }
        }
    }
    for (item, slot) in items.list.iter().zip(&mut of_item) {
        *slot = slot.filter(|&at| responses[at].text.is_some());
        if slot.is_none() {
            report.missing.push(item.key.clone());
        }
    }
    report.replaced.sort_unstable();
    report.replaced.dedup();
    Joined { of_item, report }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items;
    use crate::responses;

    fn items(rows: &[(u32, &str)]) -> Items {
        let line = |(key, prompt): &(u32, &str)| {
            format!(
                r#"{{"key":{key},"prompt":"{prompt}","instruction_id_list":["a"],"kwargs":[{{}}]}}"#
            )
        };
        items::from_text(&rows.iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    fn joined(rows: &[(u32, &str)], text: &str) -> Joined {
        join(&items(rows), &responses::from_text(text))
    }

    #[test]
    fn the_last_of_several_wins() {
        let got = joined(
            &[(1, "p"), (2, "q")],
            "{\"prompt\":\"p\",\"response\":\"a\"}\n{\"prompt\":\"x\",\"response\":\"b\"}\n\
             {\"prompt\":\"p\",\"response\":\"c\"}",
        );
        assert_eq!(got.of_item, [Some(2), None]);
        assert_eq!(got.report.missing, ["2"]);
        assert_eq!(got.report.unmatched, [2]);
        assert_eq!(got.report.replaced, [1]);
    }

    #[test]
    fn keys_join_where_prompts_do_not() {
        let got = joined(
            &[(1, "p"), (2, "q"), (3, "r")],
            "{\"key\":2,\"response\":\"a\"}\n{\"id\":\"1\",\"response\":\"b\"}\n\
             {\"key\":3,\"prompt\":\"changed\",\"response\":\"c\"}",
        );
        assert_eq!(got.of_item, [Some(1), Some(0), Some(2)]);
        assert_eq!(got.report.disagreeing, [3]);
        assert!(got.report.missing.is_empty() && got.report.unmatched.is_empty());
    }

    #[test]
    fn a_row_number_that_happens_to_be_a_key_does_not_mislead() {
        let got = joined(
            &[(0, "p"), (1, "q")],
            "{\"id\":0,\"prompt\":\"q\",\"response\":\"a\"}\n\
             {\"id\":1,\"prompt\":\"p\",\"response\":\"b\"}",
        );
        assert_eq!(got.of_item, [Some(1), Some(0)]);
        assert_eq!(got.report.disagreeing, [1, 2]);
    }

    #[test]
    fn equal_prompts_share_a_response_unless_a_key_tells_them_apart() {
        let rows = [(1, "p"), (2, "p")];
        let shared = joined(&rows, "{\"prompt\":\"p\",\"response\":\"a\"}");
        assert_eq!(shared.of_item, [Some(0), Some(0)]);
        assert_eq!(shared.report.repeated_prompts, ["2"]);
        let keyed = joined(
            &rows,
            "{\"key\":1,\"prompt\":\"p\",\"response\":\"a\"}\n\
             {\"key\":2,\"prompt\":\"p\",\"response\":\"b\"}",
        );
        assert_eq!(keyed.of_item, [Some(0), Some(1)]);
        assert!(keyed.report.disagreeing.is_empty());
    }

    #[test]
    fn white_space_around_a_prompt_is_no_difference_unless_it_tells_two_apart() {
        let rows = [(1, " p"), (2, "p"), (3, "q ")];
        let got = joined(
            &rows,
            "{\"prompt\":\"p\",\"response\":\"a\"}\n{\"prompt\":\"q\",\"response\":\"b\"}",
        );
        assert_eq!(got.of_item, [None, Some(0), Some(1)]);
    }

    #[test]
    fn a_null_response_is_missing() {
        assert_eq!(joined(&[(1, "p")], "{\"key\":1,\"response\":null}").report.missing, ["1"]);
    }
}
