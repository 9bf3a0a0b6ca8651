//! Figures in words: one sentence a run and metric, and the numbers in them.

use heedful_benchmarks::sheet::Figure;

use super::compare::{Delta, Headline};

/// A value as it is printed: a share in percent, anything else as it is.
pub(super) fn value(value: f64, best: f64) -> String {
    if best == 1.0 { percent(value) } else { format!("{value:.2}") }
}

/// A difference of values, with its sign.
pub(super) fn points(difference: f64, best: f64) -> String {
    let scaled = if best == 1.0 { 100.0 * difference } else { difference };
    // No −0.00.
    let scaled = if scaled.abs() < 0.005 { 0.0 } else { scaled };
    format!("{scaled:+.2}")
}

/// A figure with its interval.
pub(super) fn with_interval(figure: &Figure, best: f64) -> String {
    let [value, low, high] = [figure.value, figure.low, figure.high].map(|x| value(x, best));
    format!("{value} ({low} – {high})")
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

/// A p-value, no finer than it deserves.
pub(super) fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// What differs from the base, and what cannot be told apart from the best.
pub(super) fn verdicts(
    letters: &[String],
    headline: &[Headline],
    margin: Option<f64>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for line in headline {
        for (run, delta) in (1..).zip(&line.deltas) {
            if let Some(delta) = delta {
                lines.push(sentence(letters, line, run, delta, margin));
            }
        }
        if letters.len() > 2 && line.tied.len() > 1 {
            let tied: Vec<&str> = line.tied.iter().map(|run| letters[*run].as_str()).collect();
            let (name, best) = (named(line), &letters[line.leader]);
            lines.push(format!(
                "{} are not distinguishable on {name}: {best} is highest, and the paired interval \
                 of each other reaches 0.",
                tied.join(", ")
            ));
        } else if letters.len() > 2 && line.tied == [line.leader] {
            lines.extend(alone(letters, line));
        }
    }
    lines
}

/// That the leader is above every other run that was measured; nothing where none other was.
fn alone(letters: &[String], line: &Headline) -> Option<String> {
    let measured = line.figures.iter().flatten().count();
    let others = match measured {
        0 | 1 => return None,
        all if all == letters.len() => "all others",
        _ => "all others measured",
    };
    let (name, best) = (named(line), &letters[line.leader]);
    Some(format!("{best} alone is best on {name}: {others} are below it."))
}

/// `ifeval.prompt_strict`.
pub(super) fn named(line: &Headline) -> String {
    format!("{}.{}", line.benchmark, line.metric)
}

fn sentence(
    letters: &[String],
    line: &Headline,
    run: usize,
    delta: &Delta,
    margin: Option<f64>,
) -> String {
    let (base, name, metric) = (&letters[line.base], &letters[run], named(line));
    let what = match (delta.is_significant(), delta.paired.difference > 0.0) {
        (true, true) => format!("{name} beats {base} on {metric}"),
        (true, false) => format!("{name} falls behind {base} on {metric}"),
        (false, _) => format!("{name} and {base} do not differ significantly on {metric}"),
    };
    let paired = &delta.paired;
    let [difference, low, high] =
        [paired.difference, paired.low, paired.high].map(|x| points(x, line.best));
    let unit = if line.best == 1.0 { " points" } else { "" };
    let p = probability(delta.p_holm);
    let smallest = paired.detectable.map_or(String::new(), |smallest| {
        format!("; smallest difference found with 80 % power {}", value(smallest, line.best))
    });
    let inferior = margin.map_or(String::new(), |margin| {
        let allowed = margin * line.best;
        format!(" With a margin of {}: {}.", value(allowed, line.best), delta.inferior(allowed))
    });
    format!(
        "{what}: {difference}{unit} (95 % interval {low} … {high}, p {p} after Holm, {} \
         items{smallest}).{inferior}",
        paired.clusters
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_best_only_of_those_that_were_measured() {
        let letters = ["A", "B", "C"].map(str::to_owned);
        let figure = Figure { value: 0.5, low: 0.4, high: 0.6, size: 9.0, clusters: 9 };
        let said = |measured: [bool; 3]| {
            let line = Headline {
                benchmark: "ifbench".to_owned(),
                metric: "prompt_strict".to_owned(),
                best: 1.0,
                figures: measured.map(|is| is.then_some(figure)).to_vec(),
                base: 2,
                deltas: vec![None, None],
                leader: 2,
                tied: vec![2],
                behind: vec![None, None, None],
            };
            verdicts(&letters, &[line], None)
        };
        let best = "C alone is best on ifbench.prompt_strict:";
        assert!(said([false, false, true]).is_empty());
        assert_eq!(
            said([false, true, true]),
            [format!("{best} all others measured are below it.")]
        );
        assert_eq!(said([true, true, true]), [format!("{best} all others are below it.")]);
    }
}
