//! The report in Markdown, for pull requests and terminals.

use heedful_benchmarks::statistics::bootstrap::Plan;

use super::words::{percent, points, probability, value, with_interval};
use super::{Benchmark, Facts, Headline, Heat, Parts, Report};

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
        runs(&mut text, self);
        for finding in &self.findings {
            text.push_str(&format!("**Finding:** {}\n\n", escape(finding)));
        }
        for verdict in &self.verdicts {
            text.push_str(&format!("- {}\n", escape(verdict)));
        }
        text.push_str("\n## Figures\n");
        for benchmark in &self.benchmarks {
            let lines = self.headline.iter().filter(|line| line.benchmark == benchmark.name);
            headline(&mut text, self, &benchmark.name, lines);
        }
        profiles(&mut text, self);
        self.constraints.iter().for_each(|table| heat(&mut text, self, table));
        self.parts.iter().for_each(|table| parts(&mut text, self, table));
        flips(&mut text, self);
        text.push_str(&format!("\n{}\n", self.method()));
        text
    }

    /// How intervals and tests are made.
    pub(super) fn method(&self) -> String {
        format!(
            "Intervals of 95 %: Wilson's where each independent item is one yes or no, else the \
             percentile bootstrap over independent items ({} resamples, seed {}, as `eval` \
             makes them); of differences always the bootstrap ({} resamples), both runs drawn \
             together. p: exact McNemar where items are one yes or no, else a z-test clustered by \
             item; after Holm over all metrics and runs of the headline, after \
             Benjamini-Hochberg over each table of constraints (marked below 0.05). Runs that are \
             not distinguishable from the best are those whose paired interval to it reaches 0, \
             uncorrected.",
            super::alone(Plan { resamples: self.resamples, seed: self.seed }).resamples,
            self.seed,
            self.resamples,
        )
    }

    /// The letters of the runs that are compared with `base`.
    fn others(&self, base: usize) -> impl Iterator<Item = &str> {
        let runs = self.runs.iter().enumerate().filter(move |(at, _)| *at != base);
        runs.map(|(_, run)| run.letter.as_str())
    }
}

fn runs(text: &mut String, report: &Report) {
    text.push_str(
        "| run | name | benchmark | id | dataset | settings | items | missing | undecided |\n",
    );
    text.push_str("|---|---|---|---|---|---|---:|---:|---:|\n");
    for (at, run) in report.runs.iter().enumerate() {
        for (benchmark, facts) in measured(report, at) {
            let settings = facts.settings.iter().map(|(key, value)| format!("{key} {value}"));
            let settings = settings.collect::<Vec<_>>().join(", ");
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                run.letter,
                escape(&run.name),
                escape(&benchmark.name),
                first(&facts.id),
                escape(first(&facts.dataset)),
                escape(&settings),
                facts.items,
                facts.missing,
                facts.undecided
            ));
        }
    }
    text.push('\n');
    for (at, run) in report.runs.iter().enumerate() {
        for (benchmark, facts) in measured(report, at) {
            for note in notes(facts) {
                text.push_str(&format!("{}, {}: {note}\n\n", run.letter, escape(&benchmark.name)));
            }
        }
    }
}

/// The benchmarks that a run has.
fn measured(report: &Report, run: usize) -> impl Iterator<Item = (&Benchmark, &Facts)> {
    report.benchmarks.iter().filter_map(move |b| Some((b, b.runs[run].as_ref()?)))
}

/// The first digits of an id.
pub(super) fn first(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// What a reader must know of a run beside its figures.
pub(super) fn notes(facts: &Facts) -> Vec<String> {
    let mut notes = Vec::new();
    let states = &facts.states;
    if states.closed + states.unclosed + states.prefilled + states.irregular > 0 {
        notes.push(format!(
            "reasoning closed {}, prefilled {}, unclosed {} (empty answer), none {}; odd tags {}.",
            states.closed, states.prefilled, states.unclosed, states.plain, states.irregular
        ));
    }
    if let Some(cut) = &facts.truncation {
        notes.push(format!(
            "{} of {} responses met the limit on tokens; the first metric is {:.4} on the others, \
             {:.4} on these.",
            cut.cap_hit.correct, cut.cap_hit.total, cut.completed.value, cut.truncated.value
        ));
    }
    if let Some(profiles) = facts.profiles.as_ref().filter(|profiles| profiles.errors > 0) {
        notes.push(format!("{} rules with an error in place of a verdict.", profiles.errors));
    }
    notes
}

fn headline<'a>(
    text: &mut String,
    report: &Report,
    benchmark: &str,
    lines: impl Iterator<Item = &'a Headline>,
) {
    let mut lines = lines.peekable();
    let Some(base) = lines.peek().map(|line| line.base) else { return };
    text.push_str(&format!("\n### {}\n\n| metric |", escape(benchmark)));
    for run in &report.runs {
        text.push_str(&format!(" {} |", run.letter));
    }
    let letter = &report.runs[base].letter;
    for other in report.others(base) {
        text.push_str(&format!(" {other} − {letter} | p | p (Holm) | won / lost | detectable |"));
    }
    let tied = report.runs.len() > 2;
    text.push_str(if tied { " best or tied |\n|---|" } else { "\n|---|" });
    let columns = report.runs.len() + 5 * (report.runs.len() - 1) + usize::from(tied);
    text.push_str(&format!("{}\n", "---|".repeat(columns)));
    for line in lines {
        text.push_str(&format!("| {} |", escape(&line.metric)));
        for figure in &line.figures {
            let figure = figure.map(|figure| with_interval(&figure, line.best));
            text.push_str(&format!(" {} |", figure.as_deref().unwrap_or("–")));
        }
        for run in (0..report.runs.len()).filter(|run| *run != base) {
            let delta = run.checked_sub(1).and_then(|at| line.deltas[at]);
            let Some(delta) = delta else {
                text.push_str(" – | – | – | – | – |");
                continue;
            };
            let paired = &delta.paired;
            let [difference, low, high] =
                [paired.difference, paired.low, paired.high].map(|x| points(x, line.best));
            let smallest = paired.detectable.map(|smallest| value(smallest, line.best));
            text.push_str(&format!(
                " {difference} ({low} … {high}) | {} | {} | {} / {} | {} |",
                probability(paired.p),
                probability(delta.p_holm),
                paired.won,
                paired.lost,
                smallest.as_deref().unwrap_or("–")
            ));
        }
        if tied {
            let tied: Vec<&str> =
                line.tied.iter().map(|run| report.runs[*run].letter.as_str()).collect();
            text.push_str(&format!(" {} |", tied.join(", ")));
        }
        text.push('\n');
    }
}

fn profiles(text: &mut String, report: &Report) {
    let mut rows = String::new();
    let mut disputed = String::new();
    for (at, run) in report.runs.iter().enumerate() {
        for (benchmark, facts) in measured(report, at) {
            let (name, letter) = (escape(&benchmark.name), &run.letter);
            let Some(profiles) = &facts.profiles else { continue };
            for (metric, [official, corrected]) in &profiles.accuracies {
                rows.push_str(&format!(
                    "| {letter} | {name} | {metric} | {} | {} | {} |\n",
                    percent(official.rate),
                    percent(corrected.rate),
                    points(corrected.rate - official.rate, 1.0)
                ));
            }
            if !profiles.disputed.is_empty() {
                let rules = profiles.disputed.iter().map(|(id, count)| format!("{id} {count}"));
                let rules = escape(&rules.collect::<Vec<_>>().join(", "));
                disputed.push_str(&format!("\n{letter}, {name}: verdicts that differ: {rules}.\n"));
            }
        }
    }
    if !rows.is_empty() {
        text.push_str("\n## Official and corrected profile\n\n");
        text.push_str("| run | benchmark | metric | official | corrected | difference |\n");
        text.push_str("|---|---|---|---:|---:|---:|\n");
        text.push_str(&rows);
        text.push_str(&disputed);
    }
}

fn heat(text: &mut String, report: &Report, table: &Heat) {
    let base = report.benchmarks.iter().find(|b| b.name == table.benchmark).map_or(0, |b| b.base);
    let loose = table.lines.iter().any(|line| line.loose.iter().any(Option::is_some));
    let (benchmark, dimension) = (escape(&table.benchmark), escape(&table.dimension));
    text.push_str(&format!("\n## {benchmark} by {dimension}\n\n| name | n |"));
    for run in &report.runs {
        text.push_str(&format!(" {} |", run.letter));
        if loose {
            text.push_str(&format!(" {} loose |", run.letter));
        }
    }
    let letter = &report.runs[base].letter;
    for other in report.others(base) {
        text.push_str(&format!(" {other} − {letter} | p (BH) |"));
    }
    let columns = report.runs.len() * (1 + usize::from(loose)) + 2 * (report.runs.len() - 1);
    text.push_str(&format!("\n|---|---:|{}\n", "---:|".repeat(columns)));
    for line in &table.lines {
        let total = line.rates.iter().flatten().map(|rate| rate.total).max().unwrap_or(0);
        text.push_str(&format!("| {} | {total} |", escape(&line.name)));
        for (rate, other) in line.rates.iter().zip(&line.loose) {
            let shown = |rate: &Option<_>| {
                let rate: &Option<heedful_benchmarks::metrics::Rate> = rate;
                rate.map_or_else(|| "–".to_owned(), |rate| percent(rate.rate))
            };
            text.push_str(&format!(" {} |", shown(rate)));
            if loose {
                text.push_str(&format!(" {} |", shown(other)));
            }
        }
        for (_, change) in line.changes.iter().enumerate().filter(|(run, _)| *run != base) {
            text.push_str(&match change {
                None => " – | – |".to_owned(),
                Some(change) => {
                    let mark = if change.p_bh < 0.05 { " *" } else { "" };
                    let difference = points(change.difference, 1.0);
                    format!(" {difference} | {}{mark} |", probability(change.p_bh))
                }
            });
        }
        text.push('\n');
    }
}

fn parts(text: &mut String, report: &Report, table: &Parts) {
    let (benchmark, dimension) = (escape(&table.benchmark), escape(&table.dimension));
    text.push_str(&format!("\n## {benchmark} by {dimension} of items\n\n| {dimension} |"));
    let joint = table.parts.iter().any(|part| !part.joint.is_empty());
    for metric in &table.metrics {
        for run in &report.runs {
            text.push_str(&format!(" {} {} |", run.letter, escape(metric)));
        }
    }
    if joint {
        for run in &report.runs {
            text.push_str(&format!(" {0} all met | {0} if independent |", run.letter));
        }
    }
    let columns = report.runs.len() * (table.metrics.len() + 2 * usize::from(joint));
    text.push_str(&format!("\n|---|{}\n", "---:|".repeat(columns)));
    for part in &table.parts {
        text.push_str(&format!("| {} |", escape(&part.name)));
        for (figures, best) in part.figures.iter().zip(&table.best) {
            for figure in figures {
                let shown = figure.map(|figure| value(figure.value, *best));
                text.push_str(&format!(" {} |", shown.as_deref().unwrap_or("–")));
            }
        }
        for joint in &part.joint {
            text.push_str(&match joint {
                None => " – | – |".to_owned(),
                Some(joint) => {
                    format!(" {} | {} |", percent(joint.all), percent(joint.independent))
                }
            });
        }
        text.push('\n');
    }
}

fn flips(text: &mut String, report: &Report) {
    if report.runs.len() < 2 {
        return;
    }
    text.push_str("\n## Items won and lost\n");
    for benchmark in &report.benchmarks {
        let name = &benchmark.name;
        text.push_str(&format!("\n{}\n\n", escape(name)));
        for (kind, title) in
            [("lost", "Lost"), ("won", "Won"), ("mixed", "Other changes of a verdict")]
        {
            let flips = report.flips.iter().filter(|f| f.kind == kind && f.benchmark == *name);
            let keys: Vec<String> = flips.map(|flip| escape(&flip.key)).collect();
            text.push_str(&format!("- {title}: {}", keys.len()));
            if !keys.is_empty() {
                text.push_str(&format!(" ({})", keys.join(", ")));
            }
            text.push('\n');
        }
    }
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
