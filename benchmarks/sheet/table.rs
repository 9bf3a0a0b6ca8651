//! A sheet as an artifact: a Parquet table with a row a response, and a manifest.

use std::path::{Path, PathBuf};

use heedful_datasets::artifact::{self, Artifact, Start};
use heedful_datasets::flat::{Cell, Kind, Writer};
use heedful_datasets::manifest::{Input, Plan, Revision};
use heedful_datasets::{digest, rows};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Metric, Read, Row, Sheet};
use crate::error::{Error, Result};
use crate::finish::FinishReason;
use crate::scores::{self, STAGE};
use crate::statistics::bootstrap::Cluster;
use crate::thinking::State;

/// The version of the table's columns; 1 is the table of [`scores`].
pub const SCHEMA_VERSION: u32 = 2;

/// The last three hold JSON.
const COLUMNS: [(&str, Kind); 11] = [
    ("key", Kind::Text),
    ("cluster", Kind::Text),
    ("prompt", Kind::Text),
    ("response", Kind::Text),
    ("answer", Kind::Text),
    ("finish_reason", Kind::Text),
    ("thinking", Kind::Text),
    ("tokens", Kind::Int),
    ("shares", Kind::Text),
    ("groups", Kind::Text),
    ("marks", Kind::Text),
];

/// What a sheet was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin<'a> {
    /// The benchmark's name, as `cfbench`.
    pub benchmark: &'a str,
    /// The name that the artifact's folder begins with.
    pub name: &'a str,
    /// Files that it was made from, each with its digest; an artifact's folder is a parent.
    pub inputs: Vec<PathBuf>,
    /// What else decides the figures: judge, template, thinking policy, dataset's digest.
    pub config: Map<String, Value>,
    /// The seed of intervals.
    pub seed: u64,
    /// The figures as the benchmark's own code prints them, and what did not join.
    pub counts: Map<String, Value>,
}

/// Writes `sheet` as an artifact into the folder `out`; one that is there already is kept.
///
/// # Errors
/// Files that cannot be read or written.
pub fn write(
    out: &Path,
    origin: &Origin<'_>,
    sheet: &Sheet,
    revision: Revision,
) -> Result<Artifact> {
    let draft = match artifact::begin(out, plan(origin, sheet)?)? {
        Start::Found(artifact) => return Ok(artifact),
        Start::New(draft) => draft,
    };
    let folder = draft.folder().join("data");
    std::fs::create_dir(&folder).map_err(|e| Error::file(&folder, e))?;
    let mut writer = Writer::create(&folder.join("sheet-00000-of-00001.parquet"), &COLUMNS)?;
    for row in &sheet.rows {
        push(&mut writer, row)?;
    }
    writer.finish()?;
    Ok(draft.commit(origin.counts.clone(), revision)?)
}

fn plan(origin: &Origin<'_>, sheet: &Sheet) -> Result<Plan> {
    let (mut parents, mut inputs) = (Vec::new(), Vec::new());
    for path in &origin.inputs {
        if path.join("manifest.json").is_file() {
            parents.push(artifact::open(path)?.manifest.id);
            continue;
        }
        for path in files(path)? {
            let (blake3, bytes) = digest::of_file(&path)?;
            inputs.push(Input { name: path.display().to_string(), blake3, bytes });
        }
    }
    let mut config = Map::new();
    config.insert("benchmark".to_owned(), json!(origin.benchmark));
    config.insert("metrics".to_owned(), json!(sheet.metrics));
    // What was decided is part of what the artifact is: a judge may rule otherwise next time.
    config.insert("decided".to_owned(), json!(decided(sheet)));
    config.extend(origin.config.clone());
    Ok(Plan {
        stage: STAGE.to_owned(),
        name: origin.name.to_owned(),
        config: Value::Object(config),
        seed: origin.seed,
        parents,
        inputs,
        schema_version: SCHEMA_VERSION,
        verifiers: Vec::new(),
    })
}

/// A file, or the JSON files of a folder in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(if path.is_file() { vec![path.to_owned()] } else { Vec::new() });
    }
    let named = |e| Error::file(path, e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(named)? {
        let path = entry.map_err(named)?.path();
        if path.is_file() && path.extension().is_some_and(|kind| kind == "json") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The digest of all rows.
fn decided(sheet: &Sheet) -> String {
    let mut hasher = blake3::Hasher::new();
    for row in &sheet.rows {
        let texts = (&row.key, &row.prompt, &row.response, &row.answer);
        let row = json!([texts, shares(row), row.groups, row.marks]).to_string();
        hasher.update(&(row.len() as u64).to_le_bytes()).update(row.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn shares(row: &Row) -> Vec<[f64; 2]> {
    row.shares.iter().map(|share| [share.gain, share.size]).collect()
}

fn push(writer: &mut Writer, row: &Row) -> Result<()> {
    let written = [json!(shares(row)), json!(row.groups), json!(row.marks)].map(|v| v.to_string());
    let [shares, groups, marks] = written.each_ref().map(|json| Cell::Text(json));
    let tokens = row.tokens.and_then(|tokens| i64::try_from(tokens).ok());
    writer.push(&[
        Cell::Text(&row.key),
        Cell::Text(&row.cluster),
        Cell::Text(&row.prompt),
        text(row.response.as_deref()),
        text(row.answer.as_deref()),
        text(row.finish_reason.as_ref().map(FinishReason::name)),
        text(row.thinking.map(State::name)),
        tokens.map_or(Cell::Null, Cell::Int),
        shares,
        groups,
        marks,
    ])?;
    Ok(())
}

fn text(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Null, Cell::Text)
}

/// Reads the scores artifact at `path`, of verifiable instructions or of any other benchmark.
///
/// # Errors
/// No artifact there, one of another stage or version, a table with a column missing or wrong.
pub fn read(path: &Path) -> Result<Read> {
    let artifact = artifact::open(path)?;
    let config = &artifact.manifest.config;
    let benchmark = config.get("benchmark").and_then(Value::as_str).unwrap_or_default().to_owned();
    if artifact.manifest.stage != STAGE || artifact.manifest.schema_version != SCHEMA_VERSION {
        // The older table, or the right complaint.
        let sheet = Sheet::of_scores(&scores::read(path)?);
        return Ok(Read { artifact, benchmark, sheet });
    }
    let metrics = config.get("metrics").cloned().unwrap_or_default();
    let metrics: Vec<Metric> = serde_json::from_value(metrics)
        .map_err(|e| Error::content(path, format!("key `metrics` of the manifest: {e}")))?;
    let mut rows = Vec::new();
    for table in artifact.tables(None) {
        for found in rows::open_strict(&table)? {
            let found = found?;
            let fail =
                |problem: String| Error::content(&table, format!("{}: {problem}", found.place));
            rows.push(row(&found.object, metrics.len()).map_err(fail)?);
        }
    }
    Ok(Read { artifact, benchmark, sheet: Sheet { metrics, rows } })
}

fn row(found: &Map<String, Value>, metrics: usize) -> std::result::Result<Row, String> {
    let text = |key: &str| found.get(key).and_then(Value::as_str).map(str::to_owned);
    let need = |key: &str| text(key).ok_or_else(|| format!("column `{key}` is missing"));
    let thinking = match text("thinking") {
        None => None,
        Some(name) => {
            Some(State::named(&name).ok_or_else(|| format!("column `thinking`: `{name}`"))?)
        }
    };
    let shares: Vec<[f64; 2]> = json_of("shares", &need("shares")?)?;
    if shares.len() != metrics {
        return Err(format!("column `shares`: {} for {metrics} metrics", shares.len()));
    }
    let cluster = |[gain, size]: [f64; 2]| Cluster { gain, size };
    Ok(Row {
        key: need("key")?,
        cluster: need("cluster")?,
        prompt: need("prompt")?,
        response: text("response"),
        answer: text("answer"),
        finish_reason: text("finish_reason").map(FinishReason::from),
        thinking,
        tokens: found.get("tokens").and_then(Value::as_u64),
        shares: shares.into_iter().map(cluster).collect(),
        groups: json_of("groups", &need("groups")?)?,
        marks: json_of("marks", &need("marks")?)?,
    })
}

fn json_of<T: DeserializeOwned>(key: &str, text: &str) -> std::result::Result<T, String> {
    serde_json::from_str(text).map_err(|e| format!("column `{key}`: {e}"))
}

#[cfg(test)]
mod tests {
    use super::super::{Group, Mark};
    use super::*;

    #[test]
    fn a_sheet_comes_back_as_it_was() {
        let mark = Mark {
            about: "short".to_owned(),
            met: Some(true),
            reason: "12 words".to_owned(),
            groups: vec![Group::new("type", "length")],
            ..Mark::default()
        };
        let answered = Row {
            key: "1".to_owned(),
            cluster: "g".to_owned(),
            prompt: "p".to_owned(),
            response: Some("<think>x</think>r".to_owned()),
            answer: Some("r".to_owned()),
            finish_reason: Some(FinishReason::from("length".to_owned())),
            thinking: State::named("closed"),
            tokens: Some(7),
            shares: vec![Cluster { gain: 0.5, size: 1.0 }, Cluster::of(1, 2)],
            groups: vec![Group::new("level", 3)],
            marks: vec![mark, Mark { about: "warm".to_owned(), ..Mark::default() }],
        };
        let missing =
            Row { key: "2".to_owned(), shares: vec![Cluster::of(0, 1); 2], ..Row::default() };
        let metric = |name: &str| Metric { name: name.to_owned(), best: 1.0 };
        let metrics = vec![metric("hsr"), metric("ssr")];
        let sheet = Sheet { metrics, rows: vec![answered, missing] };
        let folder = tempfile::tempdir().unwrap();
        let origin = Origin {
            benchmark: "made",
            name: "run",
            inputs: Vec::new(),
            config: Map::from_iter([("judge".to_owned(), json!("j"))]),
            seed: 0,
            counts: Map::new(),
        };
        let made = write(folder.path(), &origin, &sheet, Revision::default()).unwrap();
        let back = read(&made.path).unwrap();
        assert_eq!((back.benchmark.as_str(), &back.sheet), ("made", &sheet));
        assert_eq!(back.config("judge").as_deref(), Some("j"));
        let mut other = sheet.clone();
        other.rows[1].shares[0].gain = 1.0;
        let other = write(folder.path(), &origin, &other, Revision::default()).unwrap();
        assert_ne!(other.path, made.path);
        let error = scores::read(&made.path).unwrap_err().to_string();
        assert!(error.contains("by answers or by a judge"), "{error}");
    }
}
