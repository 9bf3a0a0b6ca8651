//! What a training reports: `metrics.jsonl`, a line a step, and TensorBoard's events.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::tensorboard::Events;

/// The two files, in the folder of a training.
#[derive(Debug)]
pub struct Metrics {
    file: File,
    path: PathBuf,
    events: Events,
}

impl Metrics {
    /// Opens them in `folder` after `step` steps: lines of later steps, of a run that was killed
    /// after its last state, are taken away.
    ///
    /// # Errors
    /// Of the system.
    pub fn open(folder: &Path, step: u64) -> Result<Metrics> {
        let path = folder.join("metrics.jsonl");
        if path.exists() {
            keep(&path, step)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.map_err(|e| Error::io(&path, e))?;
        let events = Events::create(&folder.join("tensorboard"), now())?;
        Ok(Metrics { file, path, events })
    }

    /// Appends a line, and the same scalars as events: values, then counts.
    ///
    /// # Errors
    /// Of the system.
    pub fn put(&mut self, step: u64, values: &[(&str, f64)], counts: &[(&str, u64)]) -> Result<()> {
        let mut line = Map::new();
        line.insert("step".to_owned(), json!(step));
        // JSON has no infinity: null.
        line.extend(values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        line.extend(counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))));
        let line = format!("{}\n", Value::Object(line));
        self.file.write_all(line.as_bytes()).map_err(|e| Error::io(&self.path, e))?;
        let counts = counts.iter().map(|&(name, count)| (name, count as f64));
        let all: Vec<(&str, f64)> = values.iter().copied().chain(counts).collect();
        self.events.scalars(now(), step, &all)
    }
}

/// Keeps the whole lines of steps up to `step`.
fn keep(path: &Path, step: u64) -> Result<()> {
    let io = |e| Error::io(path, e);
    let text = fs::read_to_string(path).map_err(io)?;
    let early = |line: &&str| {
        let value: Option<Value> = serde_json::from_str(line).ok();
        value.and_then(|value| value["step"].as_u64()).is_some_and(|at| at <= step)
    };
    let kept: String = text.split_inclusive('\n').filter(early).collect();
    if kept.len() == text.len() {
        return Ok(());
    }
    let made = path.with_extension("part");
    fs::write(&made, kept).and_then(|()| fs::rename(&made, path)).map_err(io)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_run_takes_back_what_its_state_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut metrics = Metrics::open(folder.path(), 0).unwrap();
        for step in 1..=4 {
            metrics.put(step, &[("loss", 0.5), ("lr", 1e-3)], &[("tokens", 42)]).unwrap();
        }
        // The fifth line was cut by the kill.
        metrics.file.write_all(b"{\"step\":").unwrap();
        let mut metrics = Metrics::open(folder.path(), 3).unwrap();
        metrics.put(4, &[("loss", f64::NAN)], &[]).unwrap();
        let line = |step| format!("{{\"step\":{step},\"loss\":0.5,\"lr\":0.001,\"tokens\":42}}\n");
        let expected = [line(1), line(2), line(3), "{\"step\":4,\"loss\":null}\n".into()];
        assert_eq!(fs::read_to_string(path).unwrap(), expected.concat());
        assert_eq!(fs::read_dir(folder.path().join("tensorboard")).unwrap().count(), 2);
    }
}
