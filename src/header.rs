//! What stands above the figures of a benchmark: of what they are, and how the responses were made.

use std::fmt;
use std::path::Path;

use heedful_benchmarks::statistics::bootstrap::Plan;
use serde::Serialize;
use serde_json::Value;

use crate::outcome::{PLAN, generation};

/// The header of one benchmark's figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Header {
    /// The benchmark.
    #[serde(skip)]
    pub benchmark: &'static str,
    /// Rows that are scored: items, levels or samples.
    #[serde(skip)]
    pub rows: usize,
    /// The profile's version, where rules decide by profile.
    #[serde(skip)]
    pub profile: Option<&'static str>,
    /// The policy for reasoning.
    #[serde(skip)]
    pub thinking: String,
    /// Where the responses are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responses: Option<String>,
    /// How they were made, as far as that is known: model, sampling, budget, seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<Value>,
    /// Draws behind the intervals.
    pub resamples: u32,
    /// The seed of these draws.
    pub resamples_seed: u64,
}

impl Header {
    /// Of `rows` scored responses that stand in `responses`.
    pub fn new(
        benchmark: &'static str,
        rows: usize,
        profile: Option<&'static str>,
        thinking: String,
        responses: Option<&Path>,
    ) -> Header {
        let Plan { resamples, seed } = PLAN;
        Header {
            benchmark,
            rows,
            profile,
            thinking,
            responses: responses.map(|path| path.display().to_string()),
            generation: responses.and_then(generation),
            resamples,
            resamples_seed: seed,
        }
    }
}

/// The settings of a generation, one after the other: `model m, seed 7`.
fn told(generation: &Value) -> String {
    let mut parts = Vec::new();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let top = generation.as_object().into_iter().flatten();
    let sampling = generation.get("sampling").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in sampling.chain(top) {
        let empty = value.is_null() || value.as_object().is_some_and(|inner| inner.is_empty());
        if !empty && !matches!(key.as_str(), "sampling" | "benchmark") {
            parts.push(format!("{key} {}", text(value)));
        }
    }
    parts.dedup();
    parts.join(", ")
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Header { benchmark, rows, thinking, resamples, resamples_seed, .. } = self;
        writeln!(f, "## {benchmark}\n")?;
        write!(f, "{rows} rows")?;
        if let Some(profile) = self.profile {
            write!(f, ", profile {profile}")?;
        }
        write!(f, ", thinking {thinking}")?;
        if let Some(responses) = &self.responses {
            write!(f, "; responses {responses}")?;
        }
        if let Some(generation) = &self.generation {
            write!(f, " by {}", told(generation))?;
        }
        writeln!(f, "; intervals from {resamples} draws, seed {resamples_seed}\n")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn budgets_and_seeds_are_in_one_line() {
        let responses = Path::new("no/such/file.jsonl");
        let mut header =
            Header::new("ifeval", 541, Some("official-1"), "auto".to_owned(), Some(responses));
        assert_eq!(header.generation, None);
        header.generation = Some(json!({
            "benchmark": "ifeval", "samples": 1, "system": null, "seed": 11,
            "sampling": {"model": "m", "max_tokens": 64, "temperature": 0.7, "extra": {}},
        }));
        let expected = "## ifeval\n\n541 rows, profile official-1, thinking auto; responses \
                        no/such/file.jsonl by model m, max_tokens 64, temperature 0.7, samples 1, \
                        seed 11; intervals from 2000 draws, seed 0\n\n";
        let parts = |text: &str| {
            let mut parts: Vec<String> = text.split([',', ';']).map(str::to_owned).collect();
            parts.sort();
            parts
        };
        // The order of keys is serde_json's.
        assert_eq!(parts(&header.to_string()).len(), parts(expected).len(), "{header}");
        for part in ["541 rows, profile official-1", "max_tokens 64", "seed 11", "model m"] {
            assert!(header.to_string().contains(part), "{header} lacks {part}");
        }
    }
}
