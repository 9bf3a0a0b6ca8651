//! The benchmarks that there are: one file each, and one line here.

use serde::Serialize;

use crate::published::Published;
use crate::{cfbench, complexbench, followbench, ifbench, ifeval, infobench, made, reasoning};

/// Every benchmark, by name.
pub static ALL: [&Benchmark; 9] = [
    &cfbench::ABOUT,
    &complexbench::ABOUT,
    &followbench::ABOUT,
    &followbench::ABOUT_CHINESE,
    &ifbench::ABOUT,
    &ifeval::ABOUT,
    &infobench::ABOUT,
    &made::ABOUT,
    &reasoning::ABOUT,
];

/// What a benchmark is, and how to come by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Benchmark {
    /// The name on the command line.
    pub name: &'static str,
    /// What it holds.
    pub title: &'static str,
    /// The version of the scorer that ours equals.
    pub version: &'static str,
    /// Where it is published.
    pub source: &'static str,
    /// Of its code and data.
    pub licence: &'static str,
    /// Who decides.
    pub scoring: Scoring,
    /// What is measured.
    pub metrics: &'static [&'static str],
    /// The one of them that its authors report first.
    pub headline: &'static str,
    /// How to get the items.
    pub data: &'static str,
    /// Where the hub has the items; `benchmarks pull` fetches them.
    pub hub: Option<&'static Published>,
    /// Where the items lie in a folder of benchmark data (`HEEDFUL_DATA`); empty where nobody hands
    /// them out.
    pub file: &'static str,
    /// How to run it.
    pub command: &'static str,
}

/// Who decides whether a response satisfies an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scoring {
    /// Rules alone.
    Rules,
    /// A judge, by criteria, beside rules where the benchmark has some.
    Judge,
    /// Right answers, by the grader.
    Answers,
}

impl Scoring {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Scoring::Rules => "by rule",
            Scoring::Judge => "by judge",
            Scoring::Answers => "by answer",
        }
    }
}

/// The benchmark of this name.
pub fn find(name: &str) -> Option<&'static Benchmark> {
    ALL.into_iter().find(|benchmark| benchmark.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_each_is_told_in_full() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        for benchmark in ALL {
            assert_eq!(find(benchmark.name), Some(benchmark));
            assert!(benchmark.metrics.contains(&benchmark.headline), "{}", benchmark.name);
            assert!(benchmark.command.contains(&format!("eval {} ", benchmark.name)));
            let told = [benchmark.title, benchmark.version, benchmark.licence, benchmark.data];
            assert!(told.iter().all(|text| text.len() >= 3), "{}", benchmark.name);
            let Some(hub) = benchmark.hub else { continue };
            let inside = |path: &&str| path.starts_with(hub.items) && !path.starts_with('/');
            assert!(hub.repository.contains('/') && hub.files.iter().all(inside));
            assert!(hub.sha256.is_none_or(|(path, sum)| {
                hub.files.contains(&path) && sum.len() == 64 && hub.revision.len() == 40
            }));
        }
    }
}
