//! Results and samples as lm-evaluation-harness 0.4 leaves them.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Run, key, kwargs, mean, share};
use crate::error::{Error, Result};
use crate::exchange::lm_eval::{PLAIN, VERDICTS};
use crate::exchange::sha256;
use crate::score::Judged;
use crate::scores::Scores;

/// The time in the names of files, which the harness tells versions of a run by.
const DATE: &str = "1970-01-01T00-00-00.000000";

/// The filter's name where reasoning was removed before judging.
const CUT: &str = "remove-reasoning";

pub(super) fn write(scores: &Scores, folder: &Path) -> Result<Vec<PathBuf>> {
    let run = Run::of(scores)?;
    let cut = run.items.iter().any(|item| item.answer.is_some());
    let filter = if cut { CUT } else { PLAIN };
    let inner = PathBuf::from(run.name);
    let io = |path: &Path, e| Error::file(path, e);
    let below = folder.join(&inner);
    std::fs::create_dir(&below).map_err(|e| io(&below, e))?;
    let samples = inner.join(format!("samples_{}_{DATE}.jsonl", run.task));
    let path = folder.join(&samples);
    let mut out = BufWriter::new(File::create(&path).map_err(|e| io(&path, e))?);
    let mut hashes = String::new();
    for (at, item) in run.items.iter().enumerate() {
        let row = sample(scores, &run, filter, at, item)?;
        for key in ["doc_hash", "prompt_hash", "target_hash"] {
            hashes.push_str(row[key].as_str().unwrap_or_default());
        }
        writeln!(out, "{row}").map_err(|e| io(&path, e))?;
    }
    out.flush().map_err(|e| io(&path, e))?;
    let results = inner.join(format!("results_{DATE}.json"));
    let path = folder.join(&results);
    let text = format!("{:#}\n", aggregate(&run, filter, &sha256::hex(&hashes)));
    std::fs::write(&path, text).map_err(|e| io(&path, e))?;
    Ok(vec![results, samples])
}

/// A row of the samples. The target of IFEval is 0: nothing is compared with it.
fn sample(scores: &Scores, run: &Run<'_>, filter: &str, at: usize, item: &Judged) -> Result<Value> {
    let ids: Vec<&str> = item.outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
    let doc = json!({
        "key": key(&item.key),
        "prompt": item.prompt,
        "instruction_id_list": ids,
        "kwargs": kwargs(scores, &item.outcomes)?,
    });
    // The layout has no way to say that nothing was answered.
    let response = item.response.as_deref().unwrap_or_default();
    let judged = item.answer.as_deref().unwrap_or(response);
    let [strict, loose] = run.both(item);
    let all = |verdicts: &[bool]| verdicts.iter().all(|followed| *followed);
    let doc_hash = sha256::hex(&format!("{doc:#}"));
    let mut row = json!({
        "doc_id": at,
        "doc": doc,
        "target": "0",
        "arguments": {"gen_args_0": {"arg_0": item.prompt, "arg_1": {}}},
        "resps": [[response]],
        "filtered_resps": [judged],
        "filter": filter,
        "metrics": VERDICTS,
        "doc_hash": doc_hash,
        "prompt_hash": sha256::hex(&item.prompt),
        "target_hash": sha256::hex("0"),
    });
    let values = [json!(all(&strict)), json!(all(&loose)), json!(strict), json!(loose)];
    for (name, value) in VERDICTS.into_iter().zip(values) {
        row[name] = value;
    }
    Ok(row)
}

/// The results: means and standard errors by prompts; of instructions the harness tells no error.
fn aggregate(run: &Run<'_>, filter: &str, hash: &str) -> Value {
    let (task, items) = (run.task, run.items.len());
    let mut results = Map::new();
    results.insert("alias".to_owned(), task.into());
    let verdicts: Vec<[Vec<bool>; 2]> = run.items.iter().map(|item| run.both(item)).collect();
    for (at, name) in VERDICTS.into_iter().enumerate() {
        let (of_prompts, mode) = (at < 2, at % 2);
        let all = verdicts.iter().map(|both| &both[mode]);
        let values: Vec<f64> = if of_prompts {
            all.map(|list| share(list.iter().all(|followed| *followed))).collect()
        } else {
            all.flatten().map(|followed| share(*followed)).collect()
        };
        let (mean, error) = mean(&values);
        let error = error.filter(|_| of_prompts).map_or_else(|| json!("N/A"), |error| json!(error));
        results.insert(format!("{name},{filter}"), mean.into());
        results.insert(format!("{name}_stderr,{filter}"), error);
    }
    let better: Map<String, Value> =
        VERDICTS.into_iter().map(|name| (name.to_owned(), true.into())).collect();
    json!({
        "results": {task: results},
        "group_subtasks": {task: []},
        "configs": {task: {
            "task": task,
            "output_type": "generate_until",
            "repeats": 1,
            "metadata": run.about,
        }},
        "versions": {task: run.about["profile"]},
        "n-shot": {task: 0},
        "higher_is_better": {task: better},
        "n-samples": {task: {"original": items, "effective": items}},
        "config": {"model": "heedful", "model_args": {"model": run.name}},
        "task_hashes": {task: hash},
        "model_source": "heedful",
        "model_name": run.name,
        "model_name_sanitized": run.name,
    })
}
