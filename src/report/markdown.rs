//! The report in Markdown, for pull requests and terminals.

use super::{Facts, Line, Report};
use heedful_benchmarks::metrics::Rate;

impl Report {
    /// The whole report but the responses.
    pub fn markdown(&self) -> String {
        let mut text = String::from("# Comparison\n\n");
        for difference in &self.differences {
            text.push_str(&format!("> **Not comparable:** {}\n", escape(difference)));
        }
        if !self.differences.is_empty() {
            text.push('\n');
        }
        runs(&mut text, &self.runs);
        for finding in &self.findings {
            text.push_str(&format!("**Regression:** {}\n\n", escape(finding)));
        }
        for verdict in &self.verdicts {
            text.push_str(&format!("- {}\n", escape(verdict)));
        }
        headline(&mut text, self);
        profiles(&mut text, &self.runs);
        table(&mut text, "Families", &self.runs, &self.families);
        table(&mut text, "Instructions", &self.runs, &self.instructions);
        flips(&mut text, self);
        text.push_str(&format!(
            "\nIntervals: Wilson at prompt level and in tables, bootstrap over prompts at \
             instruction level and for differences ({} resamples, seed {}). p: exact McNemar at \
             prompt level, z-test clustered by prompt at instruction level; Holm over the \
             headline, Benjamini-Hochberg over each table (`*` below 0.05).\n",
            self.resamples, self.seed
        ));
        text
    }
}

fn runs(text: &mut String, runs: &[Facts]) {
    text.push_str(
        "| run | name | id | profile | thinking | dataset | items | missing | errors |\n",
    );
    text.push_str("|---|---|---|---|---|---|---:|---:|---:|\n");
    for run in runs {
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            run.letter,
            escape(&run.name),
            run.id.get(..12).unwrap_or(&run.id),
            run.profile,
            escape(&run.thinking),
            run.dataset.get(..12).unwrap_or(&run.dataset),
            run.items,
            run.missing,
            run.errors
        ));
    }
    text.push('\n');
    for run in runs {
        let states = &run.states;
        if states.closed + states.unclosed + states.prefilled + states.irregular > 0 {
            text.push_str(&format!(
                "{}: reasoning closed {}, prefilled {}, unclosed {} (empty answer), none {}; odd \
                 tags {}.\n\n",
                run.letter,
                states.closed,
                states.prefilled,
                states.unclosed,
                states.plain,
                states.irregular
            ));
        }
        if let Some(truncation) = &run.truncation {
            let (whole, cut) = (truncation.completed, truncation.truncated);
            text.push_str(&format!(
                "{}: prompt_strict {} on {} completed, {} on {} truncated responses.\n\n",
                run.letter,
                percent(whole.rate),
                whole.total,
                percent(cut.rate),
                cut.total
            ));
        }
    }
}

fn headline(text: &mut String, report: &Report) {
    text.push_str("\n## Accuracies\n\n| metric |");
    for run in &report.runs {
        text.push_str(&format!(" {} |", run.letter));
    }
    for run in &report.runs[1..] {
        let letter = &run.letter;
        text.push_str(&format!(" {letter} − A | p | p (Holm) | won / lost |"));
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(report.runs.len() + 4 * (report.runs.len() - 1)));
    text.push('\n');
    for line in &report.headline {
        text.push_str(&format!("| {} |", line.metric.name()));
        for rate in &line.rates {
            text.push_str(&format!(" {} |", with_interval(rate)));
        }
        for delta in &line.deltas {
            let [difference, low, high] =
                [delta.difference, delta.low, delta.high].map(|x| format!("{:+.2}", 100.0 * x));
            let (p, holm) = (probability(delta.p), probability(delta.p_holm));
            let (won, lost) = (delta.won, delta.lost);
            text.push_str(&format!(
                " {difference} ({low} … {high}) | {p} | {holm} | {won} / {lost} |"
            ));
        }
        text.push('\n');
    }
}

fn profiles(text: &mut String, runs: &[Facts]) {
    text.push_str("\n## Official and corrected profile\n\n");
    text.push_str("| run | metric | official | corrected | difference |\n");
    text.push_str("|---|---|---:|---:|---:|\n");
    for run in runs {
        for (metric, [official, corrected]) in &run.profiles {
            text.push_str(&format!(
                "| {} | {metric} | {} | {} | {:+.2} |\n",
                run.letter,
                percent(official.rate),
                percent(corrected.rate),
                100.0 * (corrected.rate - official.rate)
            ));
        }
    }
    for run in runs {
        if !run.disputed.is_empty() {
            let rules = run.disputed.iter().map(|(id, count)| format!("{id} {count}"));
            let rules = rules.collect::<Vec<_>>().join(", ");
            text.push_str(&format!("\n{}: verdicts that differ: {rules}.\n", run.letter));
        }
    }
}

fn table(text: &mut String, title: &str, runs: &[Facts], lines: &[Line]) {
    text.push_str(&format!("\n## {title}\n\n| name | n |"));
    for run in runs {
        text.push_str(&format!(" {} strict | {} loose |", run.letter, run.letter));
    }
    for run in &runs[1..] {
        text.push_str(&format!(" {} − A | p (BH) |", run.letter));
    }
    text.push_str("\n|---|---:|");
    text.push_str(&"---:|".repeat(2 * runs.len() + 2 * (runs.len() - 1)));
    text.push('\n');
    for line in lines {
        text.push_str(&format!("| {} | {} |", escape(&line.name), line.strict[0].total));
        for (strict, loose) in line.strict.iter().zip(&line.loose) {
            text.push_str(&format!(" {} | {} |", percent(strict.rate), percent(loose.rate)));
        }
        for (difference, _, p) in &line.deltas {
            let mark = if *p < 0.05 { " *" } else { "" };
            text.push_str(&format!(" {:+.1} | {}{mark} |", 100.0 * difference, probability(*p)));
        }
        text.push('\n');
    }
}

fn flips(text: &mut String, report: &Report) {
    if report.runs.len() < 2 {
        return;
    }
    text.push_str("\n## Items won and lost\n\n");
    for (kind, title) in [("lost", "Lost"), ("won", "Won"), ("mixed", "Other changes of a verdict")]
    {
        let keys: Vec<String> =
            report.flips.iter().filter(|f| f.kind == kind).map(|f| escape(&f.key)).collect();
        text.push_str(&format!("- {title}: {}", keys.len()));
        if !keys.is_empty() {
            text.push_str(&format!(" ({})", keys.join(", ")));
        }
        text.push('\n');
    }
}

fn with_interval(rate: &Rate) -> String {
    let [low, high] = [rate.low, rate.high].map(percent);
    format!("{} ({low} – {high})", percent(rate.rate))
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

/// A p-value, no finer than it deserves.
pub(super) fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// Text that stands in a table cell without being read as Markdown or HTML.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '*' | '`' | '[' | ']' | '\\' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
