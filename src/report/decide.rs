//! Findings that continuous integration stops at: guarded metrics, and conditions on figures.

use heedful_benchmarks::{Error, Result};

use super::compare::{Headline, LEVEL};
use super::words::{named, points, probability};

/// What a condition can be on: of a run, or of its difference from the base.
const FIELDS: [&str; 8] =
    ["value", "low", "high", "delta", "delta_ci_low", "delta_ci_high", "p", "p_holm"];

const OPERATORS: [&str; 4] = ["<=", ">=", "<", ">"];

/// `BENCHMARK.METRIC.FIELD OP NUMBER`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    metric: String,
    field: usize,
    operator: &'static str,
    bound: f64,
}

impl std::str::FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Condition, String> {
        let bad = |problem: String| {
            format!(
                "`{text}`: {problem}; expected BENCHMARK.METRIC.FIELD OP NUMBER, as in \
                     `ifeval.prompt_strict.delta_ci_low < -0.01`"
            )
        };
        let at =
            text.find(['<', '>']).ok_or_else(|| bad("no `<`, `<=`, `>` or `>=`".to_owned()))?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let operator = OPERATORS.into_iter().find(|o| rest.starts_with(o)).unwrap_or("<");
        let number = rest[operator.len()..].trim();
        let bound: f64 = number.parse().map_err(|_| bad(format!("`{number}` is no number")))?;
        if !bound.is_finite() {
            return Err(bad(format!("`{number}` is no number to compare with")));
        }
        let (metric, field) =
            name.rsplit_once('.').ok_or_else(|| bad(format!("`{name}` names no field")))?;
        if !metric.contains('.') {
            return Err(bad(format!("`{name}` names no benchmark, metric and field")));
        }
        let known = FIELDS.iter().position(|known| *known == field);
        let field = known
            .ok_or_else(|| bad(format!("unknown field `{field}`: one of {}", FIELDS.join(", "))))?;
        Ok(Condition { text: text.to_owned(), metric: metric.to_owned(), field, operator, bound })
    }
}

impl Condition {
    fn holds(&self, value: f64) -> bool {
        match self.operator {
            "<=" => value <= self.bound,
            ">=" => value >= self.bound,
            ">" => value > self.bound,
            _ => value < self.bound,
        }
    }

    /// The field of a run; none where it was not measured or is the base itself.
    fn value(&self, line: &Headline, run: usize) -> Option<f64> {
        let figure = line.figures[run];
        let delta = run.checked_sub(1).and_then(|at| line.deltas[at]);
        match FIELDS[self.field] {
            "value" => figure.map(|figure| figure.value),
            "low" => figure.map(|figure| figure.low),
            "high" => figure.map(|figure| figure.high),
            "delta" => delta.map(|delta| delta.paired.difference),
            "delta_ci_low" => delta.map(|delta| delta.paired.low),
            "delta_ci_high" => delta.map(|delta| delta.paired.high),
            "p" => delta.map(|delta| delta.paired.p),
            _ => delta.map(|delta| delta.p_holm),
        }
    }
}

/// The runs and figures for which a condition holds: of all runs but the first, or of a single one.
///
/// # Errors
/// A name that is none of the figures, or a difference where nothing is compared.
pub(super) fn conditions(
    letters: &[String],
    headline: &[Headline],
    conditions: &[Condition],
) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for condition in conditions {
        let line = headline.iter().find(|line| named(line) == condition.metric);
        let line = line.ok_or_else(|| unknown(&condition.metric, headline))?;
        let runs = usize::from(letters.len() > 1)..letters.len();
        if let Some(run) = runs.clone().find(|run| line.figures[*run].is_none()) {
            let problem = format!("`{}`: {} was not measured", condition.text, letters[run]);
            return Err(Error::Setting(problem));
        }
        let values: Vec<(usize, f64)> =
            runs.filter_map(|run| Some((run, condition.value(line, run)?))).collect();
        if values.is_empty() {
            let problem = format!("`{}`: no run has this figure", condition.text);
            return Err(Error::Setting(problem));
        }
        for (run, value) in values.into_iter().filter(|(_, value)| condition.holds(*value)) {
            let letter = &letters[run];
            findings.push(format!("{} holds for {letter}: {value:.6}", condition.text));
        }
    }
    Ok(findings)
}

/// The guarded metrics that fell: the paired interval lies below 0, or the test says so.
///
/// # Errors
/// A name that is no metric, or nothing to compare.
pub(super) fn guarded(
    letters: &[String],
    headline: &[Headline],
    guard: &[String],
) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for name in guard {
        let lines: Vec<&Headline> =
            headline.iter().filter(|line| line.metric == *name || named(line) == *name).collect();
        if lines.is_empty() {
            return Err(unknown(name, headline));
        }
        if lines.iter().all(|line| line.deltas.iter().all(Option::is_none)) {
            let problem = format!("--guard {name}: only one run has it, nothing is compared");
            return Err(Error::Setting(problem));
        }
        for line in lines {
            for (run, delta) in (1..).zip(&line.deltas) {
                let Some(delta) = delta.map(|delta| delta.paired) else { continue };
                if delta.high < 0.0 || (delta.p < LEVEL && delta.difference < 0.0) {
                    let [fall, low, high] =
                        [-delta.difference, delta.low, delta.high].map(|x| points(x, line.best));
                    findings.push(format!(
                        "{} fell by {} from {} to {} (95 % interval {low} … {high}, p {})",
                        named(line),
                        fall.trim_start_matches('+'),
                        letters[line.base],
                        letters[run],
                        probability(delta.p)
                    ));
                }
            }
        }
    }
    Ok(findings)
}

fn unknown(name: &str, headline: &[Headline]) -> Error {
    let known: Vec<String> = headline.iter().map(named).collect();
    Error::Setting(format!("unknown metric `{name}`: there is {}", known.join(", ")))
}
