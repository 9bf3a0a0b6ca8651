//! A log as Inspect writes it, version 2: scores as the IFEval of Inspect's collection of
//! evaluations keeps them, and beside them one verdict an instruction.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Run, key, kwargs, mean, share};
use crate::error::Result;
use crate::exchange::inspect::{EACH, VERDICTS};
use crate::exchange::zip_writer::Writer;
use crate::finish::FinishReason;
use crate::score::Judged;
use crate::scores::Scores;

/// The version of the log's layout.
const VERSION: u32 = 2;
/// A log must tell when it was made.
const TIME: &str = "1970-01-01T00:00:00+00:00";
/// The scorer's name in the collection.
const SCORER: &str = "instruction_following";
/// The four accuracies in the order of [`VERDICTS`], by their names there.
const METRICS: [&str; 4] = ["prompt_strict", "prompt_loose", "inst_strict", "inst_loose"];

pub(super) fn write(scores: &Scores, folder: &Path) -> Result<Vec<PathBuf>> {
    let run = Run::of(scores)?;
    let name = PathBuf::from(format!("{}.eval", run.name));
    let mut archive = Writer::create(&folder.join(&name))?;
    let ids = ids(run.items);
    let start = json!({"version": VERSION, "eval": spec(&run, &ids), "plan": plan()});
    let mut add = |name: &str, content: &Value| archive.add(name, content.to_string().as_bytes());
    add("_journal/start.json", &start)?;
    let mut summaries = Vec::new();
    for (item, id) in run.items.iter().zip(&ids) {
        let sample = sample(scores, &run, item, id)?;
        let entry = match id.as_str() {
            Some(id) => format!("samples/{id}_epoch_1.json"),
            None => format!("samples/{id}_epoch_1.json"),
        };
        add(&entry, &sample)?;
        summaries.push(summary(&sample));
    }
    add("summaries.json", &Value::Array(summaries))?;
    add("header.json", &header(&run, &start))?;
    archive.finish()?;
    Ok(vec![name])
}

/// Names of samples: their keys. A log holds a name once, so a key that comes again gets a number.
fn ids(items: &[Judged]) -> Vec<Value> {
    let mut taken = HashSet::new();
    let id = |item: &Judged| {
        let again = (2..).map(|n: u64| format!("{}#{n}", item.key));
        let mut names = std::iter::once(item.key.clone()).chain(again);
        let name = names.find(|name| taken.insert(name.clone()));
        key(&name.expect("some number is free"))
    };
    items.iter().map(id).collect()
}

fn spec(run: &Run<'_>, ids: &[Value]) -> Value {
    let id = &run.about["scores"];
    json!({
        "eval_id": id,
        "run_id": id,
        "created": TIME,
        "task": run.task,
        "task_id": id,
        "task_version": run.about["profile"],
        "dataset": {
            "name": run.task,
            "samples": ids.len(),
            "sample_ids": ids,
            "shuffled": false,
        },
        "model": run.name,
        "config": {"epochs": 1},
        "packages": {"heedful": run.about["heedful"]},
        "metadata": run.about,
    })
}

fn plan() -> Value {
    json!({"name": "plan", "steps": [], "config": {}})
}

fn header(run: &Run<'_>, start: &Value) -> Value {
    let (n, mut metrics) = (run.items.len(), Map::new());
    let mut add = |name: String, value: f64| {
        let metric = json!({"name": name, "value": value, "params": {}});
        metrics.insert(name, metric);
    };
    let verdicts: Vec<[Vec<bool>; 2]> = run.items.iter().map(|item| run.both(item)).collect();
    let mut rates = Vec::new();
    for (at, name) in METRICS.into_iter().enumerate() {
        let lists: Vec<&Vec<bool>> = verdicts.iter().map(|both| &both[at % 2]).collect();
        let (rate, error) = if at < 2 { prompts(&lists) } else { instructions(&lists) };
        add(format!("{name}_acc"), rate);
        if let Some(error) = error {
            add(format!("{name}_stderr"), error);
        }
        rates.push(rate);
    }
    add("final_acc".to_owned(), mean(&rates).0);
    json!({
        "version": start["version"],
        "status": "success",
        "eval": start["eval"],
        "plan": start["plan"],
        "results": {
            "total_samples": n,
            "completed_samples": n,
            "scores": [{
                "name": SCORER,
                "scorer": SCORER,
                "scored_samples": n,
                "unscored_samples": 0,
                "params": {},
                "metrics": metrics,
            }],
        },
        "stats": {"started_at": "", "completed_at": "", "model_usage": {}},
    })
}

/// The share of prompts with all instructions followed, and its standard error.
fn prompts(lists: &[&Vec<bool>]) -> (f64, Option<f64>) {
    let all = |list: &&Vec<bool>| share(list.iter().all(|followed| *followed));
    mean(&lists.iter().map(all).collect::<Vec<_>>())
}

/// The share of instructions followed, and its standard error clustered by prompts.
fn instructions(lists: &[&Vec<bool>]) -> (f64, Option<f64>) {
    let clusters = lists.len() as f64;
    let values: Vec<f64> = lists.iter().flat_map(|list| list.iter().map(|f| share(*f))).collect();
    let (rate, _) = mean(&values);
    let off = |list: &&Vec<bool>| list.iter().map(|f| share(*f) - rate).sum::<f64>().powi(2);
    let variance: f64 = lists.iter().map(off).sum();
    let error = || (variance * clusters / (clusters - 1.0)).sqrt() / values.len() as f64;
    (rate, (lists.len() > 1).then(error))
}

fn sample(scores: &Scores, run: &Run<'_>, item: &Judged, id: &Value) -> Result<Value> {
    let ids: Vec<&str> = item.outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
    let kwargs = kwargs(scores, &item.outcomes)?.into_iter().enumerate();
    let kwargs: Map<String, Value> = kwargs.map(|(at, args)| (at.to_string(), args)).collect();
    let asked = json!({"role": "user", "content": item.prompt, "source": "input"});
    let message = item.response.as_ref().map(|response| {
        let content = content(response, item.answer.as_deref());
        json!({"role": "assistant", "content": content, "source": "generate", "model": run.name})
    });
    let judged = item.answer.as_ref().or(item.response.as_ref());
    let choices: Vec<Value> = message.iter().map(|m| choice(m, item)).collect();
    let messages: Vec<Value> = std::iter::once(asked).chain(message).collect();
    Ok(json!({
        "id": id,
        "epoch": 1,
        "input": item.prompt,
        "target": "",
        "messages": messages,
        "output": {
            "model": run.name,
            "choices": choices,
            "completion": judged.map_or("", String::as_str),
        },
        "scores": {SCORER: score(run, item, judged)},
        "metadata": {"prompt": item.prompt, "instruction_id_list": ids, "kwargs": kwargs},
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
    }))
}

/// A response as it is, or its reasoning and its answer apart.
fn content(response: &str, answer: Option<&str>) -> Value {
    let reasoning = answer.and_then(|answer| response.strip_suffix(answer));
    match (reasoning, answer) {
        (Some(reasoning), Some(answer)) if !reasoning.is_empty() => json!([
            {"type": "reasoning", "reasoning": reasoning},
            {"type": "text", "text": answer},
        ]),
        _ => response.into(),
    }
}

fn choice(message: &Value, item: &Judged) -> Value {
    let reason = match &item.finish_reason {
        Some(FinishReason::Stop) => "stop",
        Some(FinishReason::Length) => "max_tokens",
        Some(FinishReason::ContentFilter) => "content_filter",
        Some(FinishReason::ToolCalls) => "tool_calls",
        _ => "unknown",
    };
    json!({"message": message, "stop_reason": reason})
}

fn score(run: &Run<'_>, item: &Judged, judged: Option<&String>) -> Value {
    let both = run.both(item);
    let [strict, loose] = &both;
    let all = |list: &[bool]| list.iter().all(|followed| *followed);
    let count = |list: &[bool]| list.iter().filter(|followed| **followed).count();
    let values = [json!(all(strict)), json!(all(loose)), json!(count(strict)), json!(count(loose))];
    let mut value: Map<String, Value> =
        VERDICTS.into_iter().map(str::to_owned).zip(values).collect();
    value.insert("num_instructions".to_owned(), item.outcomes.len().into());
    let why = item.outcomes.iter().map(|o| format!("{}: {}", o.id, o.reason));
    let mut metadata: Map<String, Value> =
        EACH.into_iter().zip(&both).map(|(name, list)| (name.to_owned(), json!(list))).collect();
    let faults: Vec<&String> = item.outcomes.iter().filter_map(|o| o.error.as_ref()).collect();
    if !faults.is_empty() {
        metadata.insert("errors".to_owned(), json!(faults));
    }
    json!({
        "value": value,
        "answer": judged,
        "explanation": why.collect::<Vec<_>>().join("\n"),
        "metadata": metadata,
        "history": [],
    })
}

/// What lists of samples show, without the messages.
fn summary(sample: &Value) -> Value {
    let mut summary = Map::new();
    for key in ["id", "epoch", "input", "target", "metadata", "scores", "model_usage"] {
        summary.insert(key.to_owned(), sample[key].clone());
    }
    summary.insert("completed".to_owned(), true.into());
    let messages = sample["messages"].as_array().map_or(0, Vec::len);
    summary.insert("message_count".to_owned(), messages.into());
    Value::Object(summary)
}
