//! Which response belongs to which item.
//!
//! As the official scorers: by the exact prompt text, or else the text without outer white space;
//! the last of several responses wins. A response whose prompt is no item's, or that has none, is
//! joined by its key. What was replaced, missing or left over is named; the official scorers drop
//! it or stop.

use std::collections::HashMap;
use std::path::Path;

use heedful_constraints::python::strings::strip;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
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

/// Items by what responses name them by.
pub struct Index<'a> {
    by_prompt: HashMap<&'a str, Vec<usize>>,
    by_stripped: HashMap<&'a str, Vec<usize>>,
    by_key: HashMap<&'a str, [usize; 1]>,
}

/// The items that a response belongs to.
pub struct Owners<'a> {
    /// Their places in the list of items; never empty.
    pub items: &'a [usize],
    /// Key and prompt name different items.
    pub disagreeing: bool,
}

impl<'a> Index<'a> {
    /// Of all `items`.
    pub fn new(items: &'a Items) -> Index<'a> {
        let mut index = Index {
            by_prompt: HashMap::new(),
            by_stripped: HashMap::new(),
            by_key: HashMap::new(),
        };
        for (at, item) in items.list.iter().enumerate() {
            index.by_prompt.entry(&item.prompt).or_default().push(at);
            index.by_stripped.entry(strip(&item.prompt)).or_default().push(at);
            index.by_key.entry(&item.key).or_insert([at]);
        }
        index
    }

    /// The items of a response with this key and prompt; `None` where it belongs to none.
    pub fn owners(&self, key: Option<&str>, prompt: Option<&str>) -> Option<Owners<'_>> {
        let same_prompt = prompt.and_then(|prompt| {
            self.by_prompt.get(prompt).or_else(|| self.by_stripped.get(strip(prompt)))
        });
        let same_key = key.and_then(|key| self.by_key.get(key));
        match (same_prompt, same_key) {
            (Some(all), Some(one)) if all.contains(&one[0]) => {
                Some(Owners { items: one, disagreeing: false })
            }
            (Some(all), other) => Some(Owners { items: all, disagreeing: other.is_some() }),
            (None, Some(one)) => Some(Owners { items: one, disagreeing: prompt.is_some() }),
            (None, None) => None,
        }
    }
}

/// Joins `responses` to `items`, the last one of an item's.
pub fn join(items: &Items, responses: &[Response]) -> Joined {
    let mut of_item: Vec<Option<usize>> = vec![None; items.list.len()];
    let mut replaced = Vec::new();
    let mut report = assign(items, responses, |item, at| {
        replaced.extend(of_item[item].replace(at).map(|old| responses[old].line));
    });
    for (item, slot) in items.list.iter().zip(&mut of_item) {
        *slot = slot.filter(|&at| responses[at].text.is_some());
        if slot.is_none() {
            report.missing.push(item.key.clone());
        }
    }
    replaced.sort_unstable();
    replaced.dedup();
    Joined { of_item, report: Report { replaced, ..report } }
}

/// Joins `responses` to `items`, every one of an item's in their order: the samples that a model
/// was asked for.
pub fn join_all(items: &Items, responses: &[Response]) -> (Vec<Vec<usize>>, Report) {
    let mut of_item: Vec<Vec<usize>> = vec![Vec::new(); items.list.len()];
    let mut report = assign(items, responses, |item, at| of_item[item].push(at));
    for (item, list) in items.list.iter().zip(&of_item) {
        if list.iter().all(|&at| responses[at].text.is_none()) {
            report.missing.push(item.key.clone());
        }
    }
    (of_item, report)
}

/// A row of an evaluation with several samples an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The place of the item.
    pub item: usize,
    /// The place of the answer, if it has one.
    pub answer: Option<usize>,
}

/// A row a sample, those of an item together; an item without any is one row without answer.
pub fn rows(of_item: &[Vec<usize>]) -> Vec<Row> {
    let rows = of_item.iter().enumerate().flat_map(|(item, list)| {
        let none = list.is_empty().then_some(Row { item, answer: None });
        list.iter().map(move |&at| Row { item, answer: Some(at) }).chain(none)
    });
    rows.collect()
}

/// The item of each row.
pub fn items_of(rows: &[Row], items: &Items) -> Items {
    Items {
        list: rows.iter().map(|row| items.list[row.item].clone()).collect(),
        digest: items.digest.clone(),
        repeated_keys: Vec::new(),
        repeated_prompts: Vec::new(),
    }
}

/// Tells `take` the item and the response of each pair that belongs together.
fn assign(items: &Items, responses: &[Response], mut take: impl FnMut(usize, usize)) -> Report {
    let index = Index::new(items);
    let mut report = Report {
        repeated_keys: items.repeated_keys.clone(),
        repeated_prompts: items.repeated_prompts.clone(),
        ..Report::default()
    };
    for (at, response) in responses.iter().enumerate() {
        let owners = index.owners(response.key.as_deref(), response.prompt.as_deref());
        let Some(owners) = owners else {
            report.unmatched.push(response.line);
            continue;
        };
        if owners.disagreeing {
            report.disagreeing.push(response.line);
        }
        owners.items.iter().for_each(|&item| take(item, at));
    }
    report
}

/// Refuses `count` responses in `path` of which none was joined to an item: they are those of
/// another benchmark, or name its items otherwise. `response` and `item` are key and prompt of the
/// first of each.
///
/// # Errors
/// Always.
pub fn nothing<T>(
    path: &Path,
    count: usize,
    response: (Option<&str>, Option<&str>),
    item: (&str, &str),
) -> Result<T> {
    let short = |text: &str| text.chars().take(60).collect::<String>().replace('\n', " ");
    let named = match response {
        (Some(key), _) => format!("key `{}`", short(key)),
        (None, Some(prompt)) => format!("prompt “{}”", short(prompt)),
        (None, None) => "nothing".to_owned(),
    };
    let (key, prompt) = (short(item.0), short(item.1));
    Err(Error::content(
        path,
        format!(
            "none of {count} responses is a text to an item: the first names {named}, the first \
             item is key `{key}`, prompt “{prompt}”"
        ),
    ))
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
    fn every_sample_is_a_row() {
        let items = items(&[(1, "p"), (2, "q"), (3, "r")]);
        let text = "{\"prompt\":\"r\",\"response\":\"a\"}\n{\"key\":1,\"response\":\"b\"}\n\
                    {\"key\":3,\"response\":null}\n{\"key\":9,\"response\":\"c\"}";
        let (of_item, report) = join_all(&items, &responses::from_text(text));
        assert_eq!(of_item, [vec![1], vec![], vec![0, 2]]);
        assert_eq!((report.missing, report.unmatched), (vec!["2".to_owned()], vec![4]));
        let rows = rows(&of_item);
        let places: Vec<_> = rows.iter().map(|row| (row.item, row.answer)).collect();
        assert_eq!(places, [(0, Some(1)), (1, None), (2, Some(0)), (2, Some(2))]);
        let keys: Vec<_> = items_of(&rows, &items).list.into_iter().map(|item| item.key).collect();
        assert_eq!(keys, ["1", "2", "3", "3"]);
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
