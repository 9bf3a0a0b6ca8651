//! Scores as an artifact: a Parquet table with a row an instruction, and a manifest.
//!
//! The table holds the verdicts of both profiles; every figure is computed from it anew.

use std::path::{Path, PathBuf};

use heedful_constraints::Profile;
use heedful_datasets::artifact::{self, Artifact, Start};
use heedful_datasets::flat::{Cell, Kind, Writer};
use heedful_datasets::manifest::{Input, Plan, Revision};
use heedful_datasets::{digest, rows};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::finish::FinishReason;
use crate::metrics::{Metric, Metrics};
use crate::score::{Followed, Judged, Outcome, Setting};
use crate::sheet;
use crate::thinking::State;
use crate::truncation::truncation;
use crate::verifiable::{Evaluation, PLAN};

/// The stage's name in manifests.
pub const STAGE: &str = "evaluate";

/// The version of the table's columns.
pub const SCHEMA_VERSION: u32 = 1;

const COLUMNS: [(&str, Kind); 20] = [
    ("item", Kind::Int),
    ("key", Kind::Text),
    ("prompt", Kind::Text),
    ("response", Kind::Text),
    ("answer", Kind::Text),
    ("finish_reason", Kind::Text),
    ("thinking", Kind::Text),
    ("irregular", Kind::Bool),
    ("instruction_index", Kind::Int),
    ("instruction_id", Kind::Text),
    ("args", Kind::Text),
    ("strict", Kind::Bool),
    ("loose", Kind::Bool),
    ("degree", Kind::Float),
    ("reason", Kind::Text),
    ("error", Kind::Text),
    ("official_strict", Kind::Bool),
    ("official_loose", Kind::Bool),
    ("corrected_strict", Kind::Bool),
    ("corrected_loose", Kind::Bool),
];

/// What scores were made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin<'a> {
    /// The benchmark's name, as `ifeval`.
    pub benchmark: &'a str,
    /// The name that the artifact's folder begins with.
    pub name: &'a str,
    /// The prompts file.
    pub prompts: &'a Path,
    /// The responses: a file, or an artifact's folder.
    pub responses: &'a Path,
    /// How it was judged.
    pub setting: &'a Setting,
    /// Of a file of another tool: the layout that it was read by, and the one sample of each prompt
    /// that was chosen.
    pub read_as: Option<(&'a str, Option<usize>)>,
    /// How the responses were made, where that is known: model, sampling, seed.
    pub generation: Option<Value>,
}

/// Scores read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// The artifact.
    pub artifact: Artifact,
    /// The main profile.
    pub profile: Profile,
    /// Every item in the order of the benchmark.
    pub items: Vec<Judged>,
}

/// Writes `evaluation` as an artifact into the folder `out`; one that is there already is kept.
///
/// # Errors
/// Files that cannot be read or written.
pub fn write(
    out: &Path,
    origin: &Origin<'_>,
    evaluation: &Evaluation,
    metrics: &Metrics,
    revision: Revision,
) -> Result<Artifact> {
    let plan = plan(origin, evaluation)?;
    let draft = match artifact::begin(out, plan)? {
        Start::Found(artifact) => return Ok(artifact),
        Start::New(draft) => draft,
    };
    let folder = draft.folder().join("data");
    std::fs::create_dir(&folder).map_err(|e| Error::file(&folder, e))?;
    let mut writer = Writer::create(&folder.join("scores-00000-of-00001.parquet"), &COLUMNS)?;
    for (at, item) in evaluation.items.iter().enumerate() {
        push(&mut writer, at, item, origin.setting.profile)?;
    }
    writer.finish()?;
    Ok(draft.commit(counts(evaluation, metrics, origin.setting.profile), revision)?)
}

fn plan(origin: &Origin<'_>, evaluation: &Evaluation) -> Result<Plan> {
    let setting = origin.setting;
    let input = |path: &PathBuf| -> Result<Input> {
        let (blake3, bytes) = digest::of_file(path)?;
        Ok(Input { name: path.display().to_string(), blake3, bytes })
    };
    // A file that holds its own prompts is one input.
    let own = origin.prompts == origin.responses;
    let mut files = if own { Vec::new() } else { vec![origin.prompts.to_owned()] };
    let mut parents = Vec::new();
    if origin.responses.is_dir() {
        parents.push(artifact::open(origin.responses)?.manifest.id);
    } else {
        files.push(origin.responses.to_owned());
    }
    let mut config = json!({
        "benchmark": origin.benchmark,
        "dataset": evaluation.dataset,
        "profile": setting.profile.name(),
        "profile_version": setting.profile.version(),
        "thinking": setting.thinking.to_string(),
        "prefilled": setting.prefilled,
        "resamples": PLAN.resamples,
    });
    if let Some((layout, sample)) = origin.read_as {
        config["layout"] = layout.into();
        config["sample"] = sample.into();
    }
    if let Some(generation) = &origin.generation {
        config["generation"] = generation.clone();
    }
    Ok(Plan {
        stage: STAGE.to_owned(),
        name: origin.name.to_owned(),
        config,
        seed: PLAN.seed,
        parents,
        inputs: files.iter().map(input).collect::<Result<_>>()?,
        schema_version: SCHEMA_VERSION,
        verifiers: [Profile::Official, Profile::Corrected].map(|p| p.version().to_owned()).into(),
    })
}

fn counts(evaluation: &Evaluation, metrics: &Metrics, profile: Profile) -> Map<String, Value> {
    let mut counts = Map::new();
    counts.insert("items".to_owned(), evaluation.items.len().into());
    counts.insert("join".to_owned(), json!(evaluation.join));
    counts.insert("thinking".to_owned(), json!(evaluation.thinking));
    if let Some(cut) = truncation(&evaluation.items, profile) {
        counts.insert("truncation".to_owned(), json!(cut));
    }
    for metric in Metric::ALL {
        counts.insert(metric.name().to_owned(), json!(metrics.get(metric)));
    }
    counts
}

fn push(writer: &mut Writer, at: usize, item: &Judged, profile: Profile) -> Result<()> {
    for (index, outcome) in item.outcomes.iter().enumerate() {
        let followed = outcome.under(profile);
        writer.push(&[
            Cell::Int(at as i64),
            Cell::Text(&item.key),
            Cell::Text(&item.prompt),
            or_null(item.response.as_deref()),
            or_null(item.answer.as_deref()),
            or_null(item.finish_reason.as_ref().map(FinishReason::name)),
            or_null(item.thinking.map(State::name)),
            Cell::Bool(item.irregular),
            Cell::Int(index as i64),
            Cell::Text(&outcome.id),
            Cell::Text(&outcome.args),
            Cell::Bool(followed.strict),
            Cell::Bool(followed.loose),
            Cell::Float(outcome.degree),
            Cell::Text(&outcome.reason),
            or_null(outcome.error.as_deref()),
            Cell::Bool(outcome.official.strict),
            Cell::Bool(outcome.official.loose),
            Cell::Bool(outcome.corrected.strict),
            Cell::Bool(outcome.corrected.loose),
        ])?;
    }
    Ok(())
}

fn or_null(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Null, Cell::Text)
}

/// Reads the scores artifact at `path`.
///
/// # Errors
/// No artifact there, one of another stage or version, or a table that lacks a column.
pub fn read(path: &Path) -> Result<Scores> {
    let artifact = artifact::open(path)?;
    let manifest = &artifact.manifest;
    if manifest.stage == STAGE && manifest.schema_version == sheet::SCHEMA_VERSION {
        let of = manifest.config.get("benchmark").and_then(Value::as_str).unwrap_or_default();
        let problem = format!(
            "holds scores of `{of}`, which are by answers or by a judge; only those by rules, as \
             of ifeval and ifbench, have verdicts of instructions"
        );
        return Err(Error::content(path, problem));
    }
    if manifest.stage != STAGE || manifest.schema_version != SCHEMA_VERSION {
        let (stage, version) = (&manifest.stage, manifest.schema_version);
        let problem = format!(
            "is an artifact of the stage `{stage}`, schema {version}; expected `{STAGE}`, schema \
             {SCHEMA_VERSION}"
        );
        return Err(Error::content(path, problem));
    }
    let profile = manifest.config.get("profile").and_then(Value::as_str).unwrap_or_default();
    let profile = profile.parse().map_err(|e: String| Error::content(path, e))?;
    let mut items: Vec<Judged> = Vec::new();
    let mut last = None;
    for table in artifact.tables(None) {
        for row in rows::open_strict(&table)? {
            let row = row?;
            let fail = |key: &str| {
                Error::content(&table, format!("{}: column `{key}` is missing", row.place))
            };
            let number = row.object.get("item").and_then(Value::as_i64);
            let number = number.ok_or_else(|| fail("item"))?;
            if last != Some(number) {
                items.push(item(&row.object).map_err(fail)?);
                last = Some(number);
            }
            if let Some(item) = items.last_mut() {
                item.outcomes.push(outcome(&row.object).map_err(fail)?);
            }
        }
    }
    Ok(Scores { artifact, profile, items })
}

type Field<T> = std::result::Result<T, &'static str>;

fn text(row: &Map<String, Value>, key: &'static str) -> Field<String> {
    row.get(key).and_then(Value::as_str).map(str::to_owned).ok_or(key)
}

fn flag(row: &Map<String, Value>, key: &'static str) -> Field<bool> {
    row.get(key).and_then(Value::as_bool).ok_or(key)
}

fn item(row: &Map<String, Value>) -> Field<Judged> {
    let state = match row.get("thinking").and_then(Value::as_str) {
        None => None,
        Some(name) => Some(State::named(name).ok_or("thinking")?),
    };
    Ok(Judged {
        key: text(row, "key")?,
        prompt: text(row, "prompt")?,
        response: text(row, "response").ok(),
        answer: text(row, "answer").ok(),
        finish_reason: text(row, "finish_reason").ok().map(FinishReason::from),
        thinking: state,
        irregular: flag(row, "irregular")?,
        outcomes: Vec::new(),
    })
}

fn outcome(row: &Map<String, Value>) -> Field<Outcome> {
    let followed = |strict, loose| -> Field<Followed> {
        Ok(Followed { strict: flag(row, strict)?, loose: flag(row, loose)? })
    };
    Ok(Outcome {
        id: text(row, "instruction_id")?,
        args: text(row, "args")?,
        degree: row.get("degree").and_then(Value::as_f64).ok_or("degree")? as f32,
        reason: text(row, "reason")?,
        error: text(row, "error").ok(),
        official: followed("official_strict", "official_loose")?,
        corrected: followed("corrected_strict", "corrected_loose")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::compute;
    use crate::thinking::Policy;
    use crate::verifiable;

    #[test]
    fn scores_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let (prompts, responses) = (folder.path().join("p.jsonl"), folder.path().join("r.jsonl"));
        let item = |key| {
            format!(
                "{{\"key\":{key},\"prompt\":\"p{key}\",\"instruction_id_list\":\
                 [\"punctuation:no_comma\",\"punctuation:no_comma\"],\"kwargs\":[{{}},{{}}]}}\n"
            )
        };
        std::fs::write(&prompts, (0..3).map(item).collect::<String>()).unwrap();
        let lines = "{\"key\":0,\"response\":\"<think>a, b</think>x\",\"finish_reason\":\"stop\"}\n\
                     {\"key\":1,\"response\":\"a, b\"}\n";
        std::fs::write(&responses, lines).unwrap();
        let setting =
            Setting { profile: Profile::Corrected, thinking: Policy::Auto, prefilled: false };
        let evaluation = verifiable::run(&prompts, &responses, &setting).unwrap();
        let metrics = compute(&evaluation.items, setting.profile, PLAN);
        let origin = Origin {
            benchmark: "ifeval",
            name: "run",
            prompts: &prompts,
            responses: &responses,
            setting: &setting,
            read_as: None,
            generation: None,
        };
        let out = folder.path().join("out");
        let make = || write(&out, &origin, &evaluation, &metrics, Revision::default()).unwrap();
        let made = make();
        assert_eq!(make(), made);
        let back = read(&made.path).unwrap();
        assert_eq!(back.items, evaluation.items);
        assert_eq!(back.profile, Profile::Corrected);
        assert_eq!(back.artifact.manifest.counts["prompt_strict"]["correct"], 1);
        assert_eq!(back.artifact.manifest.counts["join"]["missing"][0], "2");
        assert_eq!(artifact::check(&made.path).unwrap(), []);
    }
}
