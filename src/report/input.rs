//! What is compared: artifacts sorted into columns, by their run's name, and benchmarks.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;

use heedful_benchmarks::scores;
use heedful_benchmarks::sheet::{self, Read, Row, Sheet};
use heedful_benchmarks::{Error, Result};
use heedful_datasets::artifact;
use serde_json::Value;

use super::profiles::Profiles;

/// A file or folder, with the name of the run that it is of where that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The column's name; by default the one in the artifact.
    pub name: Option<String>,
    /// The path.
    pub path: PathBuf,
}

impl Source {
    /// The file or folder at `path`, under its own name.
    pub fn of(path: impl Into<PathBuf>) -> Source {
        Source { name: None, path: path.into() }
    }

    /// The file or folder at `path`, under another name.
    pub fn named(name: &str, path: impl Into<PathBuf>) -> Source {
        Source { name: Some(name.to_owned()), path: path.into() }
    }
}

impl FromStr for Source {
    type Err = String;

    /// `PATH`, or `NAME=PATH` where no path of that spelling is there.
    fn from_str(text: &str) -> std::result::Result<Source, String> {
        let path = PathBuf::from(text);
        match text.split_once('=') {
            Some((name, rest)) if !path.exists() => match name.is_empty() || rest.is_empty() {
                true => Err(format!("`{text}`: expected PATH or NAME=PATH")),
                false => Ok(Source::named(name, rest)),
            },
            _ => Ok(Source::of(path)),
        }
    }
}

/// One benchmark of one run.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) read: Read,
    /// What else there is of verifiable instructions.
    pub(super) profiles: Option<Profiles>,
}

/// A benchmark in all runs.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) name: String,
    /// One a run; none where a run was not measured.
    pub(super) cells: Vec<Option<Loaded>>,
    /// The run that others are compared with: the first that has it.
    pub(super) base: usize,
}

/// Runs by benchmarks.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// The runs' names; the first is the baseline.
    pub(super) runs: Vec<String>,
    pub(super) benches: Vec<Bench>,
}

impl Grid {
    /// Reads all sources.
    ///
    /// # Errors
    /// An artifact that cannot be read, or two of the same run and benchmark.
    pub(super) fn read(sources: &[Source]) -> Result<Grid> {
        let mut grid = Grid::default();
        for source in sources {
            let loaded = load(source)?;
            let name = source.name.as_ref().unwrap_or(&loaded.read.artifact.manifest.name).clone();
            grid.place(&name, loaded)?;
        }
        for bench in &mut grid.benches {
            bench.cells.resize_with(grid.runs.len(), || None);
            bench.base = bench.cells.iter().position(Option::is_some).unwrap_or_default();
        }
        Ok(grid)
    }

    fn place(&mut self, run: &str, loaded: Loaded) -> Result<()> {
        let column = self.runs.iter().position(|name| name == run).unwrap_or_else(|| {
            self.runs.push(run.to_owned());
            self.runs.len() - 1
        });
        let benchmark = &loaded.read.benchmark;
        let bench = match self.benches.iter().position(|bench| bench.name == *benchmark) {
            Some(at) => &mut self.benches[at],
            None => {
                let name = benchmark.clone();
                self.benches.push(Bench { name, cells: Vec::new(), base: 0 });
                self.benches.last_mut().expect("one was pushed")
            }
        };
        if bench.cells.len() <= column {
            bench.cells.resize_with(column + 1, || None);
        }
        if let Some(there) = &bench.cells[column] {
            let paths = [there, &loaded].map(|one| one.read.artifact.path.display().to_string());
            return Err(Error::Setting(format!(
                "two results of {benchmark} for the run `{run}`: {} and {}; name the runs by \
                 NAME=PATH",
                paths[0], paths[1]
            )));
        }
        bench.cells[column] = Some(loaded);
        Ok(())
    }
}

fn load(source: &Source) -> Result<Loaded> {
    let artifact = artifact::open(&source.path)?;
    let manifest = &artifact.manifest;
    if manifest.stage != scores::STAGE || manifest.schema_version != scores::SCHEMA_VERSION {
        return Ok(Loaded { read: sheet::read(&source.path)?, profiles: None });
    }
    let scores = scores::read(&source.path)?;
    let (sheet, profiles) = (Sheet::of_scores(&scores), Profiles::of(&scores));
    let named = artifact.manifest.config.get("benchmark").and_then(Value::as_str);
    let benchmark = named.unwrap_or_default().to_owned();
    Ok(Loaded { read: Read { artifact, benchmark, sheet }, profiles: Some(profiles) })
}

impl Bench {
    pub(super) fn sheet(&self, run: usize) -> Option<&Sheet> {
        self.cells[run].as_ref().map(|loaded| &loaded.read.sheet)
    }

    /// The runs that have it, with their sheets.
    pub(super) fn sheets(&self) -> impl Iterator<Item = (usize, &Sheet)> {
        (0..self.cells.len()).filter_map(|run| Some((run, self.sheet(run)?)))
    }

    /// The sheet that others are compared with.
    pub(super) fn base(&self) -> &Sheet {
        self.sheet(self.base).expect("a benchmark is there because some run has it")
    }

    /// The runs that are compared with the base.
    pub(super) fn others(&self) -> impl Iterator<Item = (usize, &Sheet)> {
        self.sheets().filter(|(run, _)| *run != self.base)
    }

    /// The place of a metric in the sheet of a run, by its name in the base.
    pub(super) fn metrics(&self) -> Vec<&sheet::Metric> {
        let mut metrics: Vec<&sheet::Metric> = Vec::new();
        for metric in self.sheets().flat_map(|(_, sheet)| &sheet.metrics) {
            if metrics.iter().all(|known| known.name != metric.name) {
                metrics.push(metric);
            }
        }
        metrics
    }
}

/// Places of rows that are of the same item in `a` and in `b`: same key, same prompt, and the same
/// constraints where both say which.
pub(super) fn pairs(a: &Sheet, b: &Sheet) -> Vec<(usize, usize)> {
    let name = |row: &Row| (row.key.clone(), row.prompt.clone());
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for (at, row) in a.rows.iter().enumerate() {
        places.entry(name(row)).or_insert(at);
    }
    let same = |(at, row): (usize, &Row)| {
        let first = *places.get(&name(row))?;
        let (a, b) = (&a.rows[first].marks, &row.marks);
        let alike = a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.about == b.about);
        (alike || a.is_empty() || b.is_empty()).then_some((first, at))
    };
    let mut pairs: Vec<(usize, usize)> = b.rows.iter().enumerate().filter_map(same).collect();
    // In the order of the first, each of its rows once.
    pairs.sort_unstable();
    pairs.dedup_by_key(|(first, _)| *first);
    pairs
}
