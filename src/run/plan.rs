//! The stages of a cycle: what each depends on, where its result lies, and whether it is there.
//!
//! A stage's id is a digest of its settings and of its parents' ids. Its folder is
//! `<out>/<stage>-<first 12 digits>`; `stage.json` in it is written last.

use std::path::{Path, PathBuf};

use heedful_datasets::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::whole;

/// The file that makes a stage's folder complete.
const FILE: &str = "stage.json";

/// A stage, as it is planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: &'static str,
    /// All that its result depends on, beside its parents.
    pub settings: Value,
    /// Numbers of the stages that it reads.
    pub parents: Vec<usize>,
    /// 32 hexadecimal digits.
    pub id: String,
    /// Its folder.
    pub path: PathBuf,
    /// How much there is to do, for people.
    pub size: String,
    /// Seconds that it may take: a rough guess.
    pub guess: f64,
}

/// What `stage.json` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The stage's name.
    pub stage: String,
    /// Its id.
    pub id: String,
    /// Its settings.
    pub settings: Value,
    /// Its parents' ids.
    pub parents: Vec<String>,
    /// Seconds of the run that ended it.
    pub seconds: f64,
}

/// How a stage stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// It is there.
    Done {
        /// Seconds that it took.
        seconds: f64,
    },
    /// It was begun and not ended.
    Unfinished,
    /// There are results of other settings or parents, and this is why they do not serve.
    Stale {
        /// One line a difference.
        why: Vec<String>,
    },
    /// There is nothing.
    Missing,
}

/// The stages of a cycle in their order.
#[derive(Debug, Default)]
pub struct Plan {
    /// The stages; parents come before children.
    pub stages: Vec<Stage>,
    /// What the recipe asks for and is no stage, with the reason: one line each.
    pub left_out: Vec<String>,
    out: PathBuf,
    device: Option<&'static str>,
}

impl Plan {
    /// A plan without stages, for results in the folder `out`; `device` tells those of a card from
    /// the host's, which is `None`.
    pub fn new(out: &Path, device: Option<&'static str>) -> Plan {
        Plan { out: out.to_owned(), device, ..Plan::default() }
    }

    /// Adds a stage and gives its number.
    pub fn add(
        &mut self,
        name: &'static str,
        mut settings: Value,
        parents: &[usize],
        (size, guess): (String, f64),
    ) -> usize {
        let ids: Vec<&str> = parents.iter().map(|&at| self.stages[at].id.as_str()).collect();
        // Prompts have no parents and need no model.
        if let Some(device) = self.device.filter(|_| !parents.is_empty()) {
            settings["device"] = serde_json::json!(device);
        }
        let id = digest::id_of(&serde_json::json!({
            "stage": name, "settings": settings, "parents": ids,
        }));
        let path = self.out.join(format!("{name}-{}", &id[..12]));
        let parents = parents.to_vec();
        self.stages.push(Stage { name, settings, parents, id, path, size, guess });
        self.stages.len() - 1
    }

    /// How a stage stands.
    ///
    /// # Errors
    /// Of the system.
    pub fn state(&self, at: usize) -> Result<State> {
        let stage = &self.stages[at];
        if let Some(done) = read(&stage.path)? {
            return Ok(State::Done { seconds: done.seconds });
        }
        if stage.path.exists() {
            return Ok(State::Unfinished);
        }
        let Some(other) = self.newest(stage.name)? else { return Ok(State::Missing) };
        let mut why = differences("", &other.settings, &stage.settings);
        let now = stage.parents.iter().map(|&at| &self.stages[at]);
        for (parent, was) in now.zip(&other.parents) {
            if parent.id != *was {
                why.push(format!(
                    "made from {} {}, not {}",
                    parent.name,
                    short(was),
                    short(&parent.id)
                ));
            }
        }
        Ok(State::Stale { why })
    }

    /// The last result of a stage of this name.
    fn newest(&self, name: &str) -> Result<Option<Done>> {
        let Ok(folder) = std::fs::read_dir(&self.out) else { return Ok(None) };
        let mut found = Vec::new();
        for entry in folder {
            let entry = entry.map_err(|e| Error::io(&self.out, e))?;
            let path = entry.path();
            let is = entry
                .file_name()
                .to_string_lossy()
                .strip_prefix(name)
                .is_some_and(|rest| rest.len() == 13 && rest.starts_with('-'));
            if is && let Some(done) = read(&path)? {
                let at = std::fs::metadata(path.join(FILE)).and_then(|m| m.modified()).ok();
                found.push((at, path, done));
            }
        }
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        Ok(found.pop().map(|(.., done)| done))
    }
}

impl Stage {
    /// Writes `stage.json`.
    ///
    /// # Errors
    /// Of the system.
    pub fn finish(&self, plan: &Plan, seconds: f64) -> Result<()> {
        let done = Done {
            stage: self.name.to_owned(),
            id: self.id.clone(),
            settings: self.settings.clone(),
            parents: self.parents.iter().map(|&at| plan.stages[at].id.clone()).collect(),
            seconds,
        };
        let text = serde_json::to_string_pretty(&done).expect("a stage is plain data");
        let path = self.path.join(FILE);
        whole::write(&path, |out| writeln!(out, "{text}").map_err(|e| Error::io(&path, e)))
    }
}

fn read(folder: &Path) -> Result<Option<Done>> {
    let path = folder.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io(&path, e)),
    };
    let done = serde_json::from_str(&text);
    done.map(Some).map_err(|e| Error::usage(format!("{}: {e}", path.display())))
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// Where two settings differ, a line each.
fn differences(at: &str, was: &Value, now: &Value) -> Vec<String> {
    match (was, now) {
        (Value::Object(was), Value::Object(now)) => {
            let mut keys: Vec<&String> = was.keys().chain(now.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            let dot = if at.is_empty() { "" } else { "." };
            let of = |key: &&String| {
                let [was, now] = [was, now].map(|map| map.get(*key).unwrap_or(&Value::Null));
                differences(&format!("{at}{dot}{key}"), was, now)
            };
            keys.iter().flat_map(of).collect()
        }
        _ if was == now => Vec::new(),
        _ => vec![format!("{at} was {was}, now {now}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(out: &Path, rate: f64) -> Plan {
        let mut plan = Plan::new(out, None);
        let first = plan.add("prompts", json!({"seed": 1}), &[], (String::new(), 0.0));
        plan.add("policy", json!({"a": {"rate": rate}}), &[first], (String::new(), 0.0));
        plan
    }

    #[test]
    fn a_stage_is_missing_unfinished_done_or_stale() {
        let folder = tempfile::tempdir().unwrap();
        let made = plan(folder.path(), 0.5);
        assert_eq!(made.state(1).unwrap(), State::Missing);
        std::fs::create_dir(&made.stages[1].path).unwrap();
        assert_eq!(made.state(1).unwrap(), State::Unfinished);
        made.stages[1].finish(&made, 2.0).unwrap();
        assert_eq!(made.state(1).unwrap(), State::Done { seconds: 2.0 });
        let other = plan(folder.path(), 0.25);
        let why = vec!["a.rate was 0.5, now 0.25".to_owned()];
        assert_eq!(other.state(1).unwrap(), State::Stale { why });
        assert_eq!(other.state(0).unwrap(), State::Missing);
    }
}
