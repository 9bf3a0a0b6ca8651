//! The samples of every item: which responses are its own, and what each of them is worth.

use std::collections::HashMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::check::{MOST_SAMPLES, Sample, Setting, check};
use super::items::Items;
use super::prompt;
use crate::error::{Error, Result};
use crate::responses::Response;
use crate::thinking::Counts;

/// One item with its samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The item's key.
    pub key: String,
    /// The item's category, if told.
    pub category: Option<String>,
    /// The item's level, if told.
    pub level: Option<String>,
    /// In the order of the responses; as many as every other item has.
    pub samples: Vec<Sample>,
}

/// What did not go as many to one as it should.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Keys of items with fewer responses than the others: what they lack is not answered.
    pub short: Vec<String>,
    /// Lines of responses that belong to no item.
    pub unmatched: Vec<u64>,
    /// Lines of responses beyond the number of samples.
    pub surplus: Vec<u64>,
    /// Lines of responses whose key names another item than their prompt: the prompt won, or the
    /// key where the prompt is no item's.
    pub disagreeing: Vec<u64>,
    /// Keys that an earlier item has too; such a key joins to the first.
    pub repeated_keys: Vec<String>,
}

/// A run that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Every item, in the order of the file.
    pub items: Vec<Judged>,
    /// The digest of the items.
    pub dataset: String,
    /// What did not join.
    pub report: Report,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
}

/// Joins `responses` to `items` and checks them. A response belongs to the item whose
/// [`prompt::text`] it repeats, else to the one that its key names; items with the same prompt are
/// told apart by the key.
///
/// # Errors
/// A number of samples that is 0 or above [`MOST_SAMPLES`].
pub fn evaluate(items: &Items, responses: &[Response], setting: &Setting) -> Result<Evaluation> {
    let (mut of_item, mut report) = join(items, responses);
    let most = of_item.iter().map(Vec::len).max().unwrap_or(0);
    let samples = setting.samples.map_or(most.max(1), |samples| samples as usize);
    if !(1..=MOST_SAMPLES as usize).contains(&samples) {
        let problem = format!("{samples} samples an item, expected 1 to {MOST_SAMPLES}");
        return Err(Error::Setting(problem));
    }
    for (item, own) in items.list.iter().zip(&mut of_item) {
        let beyond = own.drain(samples.min(own.len())..);
        report.surplus.extend(beyond.map(|at| responses[at].line));
        if own.iter().filter(|at| responses[**at].text.is_some()).count() < samples {
            report.short.push(item.key.clone());
        }
    }
    report.surplus.sort_unstable();
    let judged: Vec<Judged> = items
        .list
        .par_iter()
        .zip(&of_item)
        .map(|(item, own)| {
            let checked = own.iter().map(|at| check(item, &responses[*at], setting));
            let absent = std::iter::repeat(Sample::ABSENT);
            Judged {
                key: item.key.clone(),
                category: item.category.clone(),
                level: item.level.clone(),
                samples: checked.chain(absent).take(samples).collect(),
            }
        })
        .collect();
    let mut thinking = Counts::default();
    for sample in judged.iter().flat_map(|item| &item.samples) {
        if let Some(state) = sample.thinking {
            thinking.add(state, sample.irregular);
        }
    }
    Ok(Evaluation { items: judged, dataset: items.digest.clone(), report, thinking })
}

/// For each item the indices of its responses.
fn join(items: &Items, responses: &[Response]) -> (Vec<Vec<usize>>, Report) {
    let prompts: Vec<String> = items.list.iter().map(prompt::text).collect();
    let mut by_prompt: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_key: HashMap<&str, usize> = HashMap::new();
    for (at, (item, prompt)) in items.list.iter().zip(&prompts).enumerate() {
        by_prompt.entry(prompt).or_default().push(at);
        by_key.entry(&item.key).or_insert(at);
    }
    let mut of_item = vec![Vec::new(); items.list.len()];
    let mut report = Report { repeated_keys: items.repeated_keys.clone(), ..Report::default() };
    for (at, response) in responses.iter().enumerate() {
        let key = response.key.as_deref().and_then(|key| by_key.get(key).copied());
        let prompt = response.prompt.as_deref().and_then(|prompt| by_prompt.get(prompt));
        let owner = match (prompt, key) {
            (Some(all), Some(key)) if all.contains(&key) => Some(key),
            (Some(all), _) => all.first().copied(),
            (None, key) => key,
        };
        let Some(owner) = owner else {
            report.unmatched.push(response.line);
            continue;
        };
        let told = response.prompt.is_some();
        if key.is_some_and(|key| key != owner || (told && prompt.is_none())) {
            report.disagreeing.push(response.line);
        }
        of_item[owner].push(at);
    }
    (of_item, report)
}
