//! The stage `data best`: of each prompt's samples one that all rules accept, to learn from.
//!
//! Of several it is the one of fewest characters, of those the first. Samples that the limit on
//! tokens cut, and those that are no answer (`train/policy/gates.rs`), are never taken. With
//! `train sft` this is best-of-n distillation: a beginning for `train policy` without a teacher.

use std::collections::BTreeMap;
use std::path::PathBuf;

use heedful_benchmarks::thinking;
use heedful_constraints::Profile;
use heedful_datasets::responses::{self, Response};
use heedful_datasets::rows::Options;
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Result};
use crate::train::policy::gates::{Gates, Lengths, is_degenerate};
use crate::train::policy::reward::{self, Aggregate, Credit, Terms};
use crate::train::policy::tasks::{self, Reading, Task};
use crate::whole;

/// What is chosen from what.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Prompts with constraints, and questions with answers.
    pub data: Vec<PathBuf>,
    /// Samples: rows that name their prompt by its text, `key` or `id`.
    pub responses: Vec<PathBuf>,
    /// Where the conversations go; `-` is standard output.
    pub out: PathBuf,
    /// The reading of the rules.
    pub profile: Profile,
    /// How reasoning is told from the answer, and whether the template opens it.
    pub thinking: (thinking::Policy, bool),
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Prompts of which something can be judged.
    pub prompts: usize,
    /// Rows of which nothing can.
    pub left_out: u64,
    /// Samples.
    pub samples: u64,
    /// Samples of no such prompt.
    pub unmatched: u64,
    /// Samples that the limit on tokens cut.
    pub truncated: u64,
    /// Samples that all rules accept.
    pub accepted: u64,
    /// Of these, those that are no answer.
    pub degenerate: u64,
    /// Conversations written: prompts with a sample that is left.
    pub kept: u64,
}

/// Samples that are judged at a time.
const CHUNK: usize = 4096;

/// Writes a conversation for each prompt that has such a sample, in the order of the prompts.
///
/// # Errors
/// Files or rows that cannot be read, rules that nobody knows; a file that cannot be written.
pub fn best(config: &Config) -> Result<Counts> {
    let reading = Reading { profile: config.profile, judged: false };
    let tasks = tasks::read(&config.data, reading)?;
    let mut search = Search::new(config, &tasks.list);
    search.counts.left_out = tasks.left_out;
    for path in &config.responses {
        for response in responses::open(path, Options::default())? {
            search.take(response?)?;
        }
    }
    search.judge()?;
    let Search { best, mut counts, .. } = search;
    counts.kept = best.iter().flatten().count() as u64;
    whole::write(&config.out, |out| {
        for (task, text) in tasks.list.iter().zip(&best) {
            let Some(text) = text else { continue };
            let row = json!({"key": task.name, "messages": [
                {"role": "user", "content": task.prompt},
                {"role": "assistant", "content": text},
            ]});
            writeln!(out, "{row}").map_err(|e| Error::io(&config.out, e))?;
        }
        Ok(())
    })?;
    Ok(counts)
}

struct Search<'a> {
    config: &'a Config,
    tasks: &'a [Task],
    /// The first task of each prompt, key and id.
    prompts: BTreeMap<&'a str, usize>,
    names: BTreeMap<&'a str, usize>,
    waiting: Vec<(usize, String)>,
    best: Vec<Option<String>>,
    counts: Counts,
}

impl<'a> Search<'a> {
    fn new(config: &'a Config, tasks: &'a [Task]) -> Search<'a> {
        let (mut prompts, mut names) = (BTreeMap::new(), BTreeMap::new());
        for (at, task) in tasks.iter().enumerate() {
            prompts.entry(task.prompt.as_str()).or_insert(at);
            names.entry(task.name.as_str()).or_insert(at);
        }
        let counts = Counts { prompts: tasks.len(), ..Counts::default() };
        let (waiting, best) = (Vec::new(), vec![None; tasks.len()]);
        Search { config, tasks, prompts, names, waiting, best, counts }
    }

    fn take(&mut self, response: Response) -> Result<()> {
        let Response { key, id, prompt, texts, finish_reason, .. } = response;
        self.counts.samples += texts.len() as u64;
        let known = match &prompt {
            Some(prompt) => self.prompts.get(prompt.as_str()),
            None => key.or(id).as_deref().and_then(|name| self.names.get(name)),
        };
        match known {
            None => self.counts.unmatched += texts.len() as u64,
            Some(_) if finish_reason.as_deref() == Some("length") => {
                self.counts.truncated += texts.len() as u64;
            }
            Some(&task) => self.waiting.extend(texts.into_iter().map(|text| (task, text))),
        }
        if self.waiting.len() >= CHUNK { self.judge() } else { Ok(()) }
    }

    fn judge(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let (gates, thinking) = (Gates::default(), &self.config.thinking);
        let (aggregate, credit) = (Aggregate::All, Credit::Binary);
        let terms = Terms { thinking, aggregate, credit, gates: &gates };
        let given: Vec<(&Task, &str)> =
            waiting.iter().map(|(task, text)| (&self.tasks[*task], text.as_str())).collect();
        let earned = reward::earn(terms, &given, &mut Lengths::default(), None)?;
        let accepted: Vec<bool> = earned.iter().map(reward::Earned::passes).collect();
        for ((task, text), _) in waiting.into_iter().zip(accepted).filter(|(_, good)| *good) {
            self.counts.accepted += 1;
            let Task { prompt, .. } = &self.tasks[task];
            let answer = thinking.0.answer(&text, thinking.1).text;
            if !self.tasks[task].is_question() && is_degenerate(answer, prompt) {
                self.counts.degenerate += 1;
                continue;
            }
            let best = &mut self.best[task];
            let length = |text: &String| text.chars().count();
            if best.as_ref().is_none_or(|old| length(&text) < length(old)) {
                *best = Some(text);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_shortest_answer_that_all_rules_accept_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, rows: &[Value]| {
            let path = folder.path().join(name);
            let lines: Vec<String> = rows.iter().map(|row| format!("{row}\n")).collect();
            std::fs::write(&path, lines.concat()).unwrap();
            vec![path]
        };
        let row = |key: &str| {
            json!({
                "key": key, "prompt": format!("Say {key}."), "kwargs": [{}],
                "instruction_id_list": ["punctuation:no_comma"],
            })
        };
        let data = write("data.jsonl", &[row("a"), row("b"), row("c")]);
        let said = |key: &str, text: &str| json!({"key": key, "response": text});
        let responses = write(
            "responses.jsonl",
            &[
                said("b", "It is b, twice."),
                said("b", "<think>b, then</think>It is b."),
                said("b", "And this is b as well, or is it."),
                json!({"prompt": "Say b.", "responses": ["This is another b.", "b b b b b"]}),
                json!({"key": "b", "response": "Cut.", "finish_reason": "length"}),
                said("c", "Here is a c, and another."),
                json!({"prompt": "Say d.", "key": "c", "response": "It is d."}),
            ],
        );
        let out = folder.path().join("best.jsonl");
        let thinking = (thinking::Policy::Auto, false);
        let profile = Profile::Corrected;
        let config = Config { data, responses, out: out.clone(), profile, thinking };
        let expected = Counts {
            prompts: 3,
            left_out: 0,
            samples: 8,
            unmatched: 1,
            truncated: 1,
            accepted: 3,
            degenerate: 1,
            kept: 1,
        };
        assert_eq!(best(&config).unwrap(), expected);
        let row: Value = serde_json::from_str(&std::fs::read_to_string(out).unwrap()).unwrap();
        assert_eq!(row["messages"][0]["content"], "Say b.");
        assert_eq!(row["messages"][1]["content"], "This is another b.");
    }
}
