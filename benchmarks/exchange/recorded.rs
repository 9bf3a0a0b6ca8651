//! Verdicts that a file holds: of whoever wrote it, on the response beside them.

use heedful_datasets::json::type_name;
use serde_json::{Map, Value};

/// What a file says of a response.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recorded {
    /// Of the response as it is.
    pub strict: Mode,
    /// Of some variant of it.
    pub loose: Mode,
    /// Plain scores by name, in the order of the file; of the scales nothing is known.
    pub scores: Vec<(String, f64)>,
}

/// The verdicts of one mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mode {
    /// Whether every instruction is followed.
    pub prompt: Option<bool>,
    /// Which are.
    pub instructions: Option<Instructions>,
}

/// Verdicts on instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instructions {
    /// One an instruction, in the order of the item.
    Each(Vec<bool>),
    /// How many are followed, as Inspect's IFEval tells.
    Count(u64),
}

impl Recorded {
    /// The verdicts under four keys: strict and loose of the prompt, strict and loose of the
    /// instructions. A key that is missing or null is no verdict.
    ///
    /// # Errors
    /// A value that is no verdict, by its key.
    pub fn under(map: &Map<String, Value>, keys: [&str; 4]) -> Result<Recorded, String> {
        let [strict, loose, each_strict, each_loose] = keys;
        let mode = |prompt, each| -> Result<Mode, String> {
            let instructions = read(map, each, instructions)?;
            Ok(Mode { prompt: read(map, prompt, flag)?, instructions })
        };
        let (strict, loose) = (mode(strict, each_strict)?, mode(loose, each_loose)?);
        Ok(Recorded { strict, loose, scores: Vec::new() })
    }

    /// Whether it holds a verdict.
    pub fn has_verdict(&self) -> bool {
        [&self.strict, &self.loose].into_iter().any(|mode| *mode != Mode::default())
    }
}

fn read<T>(
    map: &Map<String, Value>,
    key: &str,
    reader: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let wrong = || format!("key `{key}`: {} is no verdict", type_name(value));
            reader(value).map(Some).ok_or_else(wrong)
        }
    }
}

/// A boolean, or 0 or 1.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_f64()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        },
        _ => None,
    }
}

fn instructions(value: &Value) -> Option<Instructions> {
    match value {
        Value::Array(list) => {
            Some(Instructions::Each(list.iter().map(flag).collect::<Option<_>>()?))
        }
        Value::Number(number) => {
            let count = number.as_f64().filter(|n| n.fract() == 0.0 && (0.0..1e6).contains(n))?;
            Some(Instructions::Count(count as u64))
        }
        _ => None,
    }
}

/// Every number of `row` but those under `apart`, as plain scores.
pub(super) fn scores(row: &Map<String, Value>, apart: &[&str]) -> Vec<(String, f64)> {
    let numbers = row.iter().filter(|(key, _)| !apart.contains(&key.as_str()));
    numbers.filter_map(|(key, value)| Some((key.clone(), value.as_f64()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEYS: [&str; 4] = ["s", "l", "es", "el"];

    #[test]
    fn verdicts_are_booleans_zeros_and_ones_or_counts() {
        let row = json!({"s": true, "l": 0, "es": [true, 0.0, 1], "el": 2, "x": 0.5, "y": "a"});
        let row = row.as_object().unwrap();
        let read = Recorded::under(row, KEYS).unwrap();
        assert_eq!((read.strict.prompt, read.loose.prompt), (Some(true), Some(false)));
        assert_eq!(read.strict.instructions, Some(Instructions::Each(vec![true, false, true])));
        assert_eq!(read.loose.instructions, Some(Instructions::Count(2)));
        assert!(read.has_verdict() && !Recorded::default().has_verdict());
        assert_eq!(scores(row, &["l", "el"]), [("x".to_owned(), 0.5)]);
    }

    #[test]
    fn other_values_are_refused_by_their_key() {
        for (row, key) in [
            (json!({"s": 2}), "`s`"),
            (json!({"es": [true, null]}), "`es`"),
            (json!({"el": -1}), "`el`"),
            (json!({"l": "yes"}), "`l`"),
        ] {
            let error = Recorded::under(row.as_object().unwrap(), KEYS).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
        assert_eq!(Recorded::under(&Map::new(), KEYS), Ok(Recorded::default()));
    }
}
