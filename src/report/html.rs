//! The report as one HTML page that needs nothing else.

use askama::Template;
use heedful_benchmarks::metrics::Rate;
use heedful_benchmarks::{Error, Result};

use super::markdown::{percent, probability};
use super::{Delta, Flip, Line, Report, Side, Verdicts};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    title: String,
    tables: [(&'static str, &'a [Line]); 2],
}

impl Report {
    /// The page; all text from runs is escaped by the template.
    ///
    /// # Errors
    /// A template that fails, which would be a fault of ours.
    pub fn html(&self) -> Result<String> {
        let names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        let tables = [("Families", self.families.as_slice()), ("Instructions", &self.instructions)];
        let page = Page { report: self, title: names.join(" · "), tables };
        page.render().map_err(|e| Error::Setting(format!("the page cannot be made: {e}")))
    }
}

/// The width in pixels that stands for 100 %.
const WIDTH: f64 = 240.0;

impl Page<'_> {
    fn share(&self, rate: &f64) -> String {
        percent(*rate)
    }

    fn p(&self, p: &f64) -> String {
        probability(*p)
    }

    fn points(&self, difference: &f64) -> String {
        format!("{:+.2}", 100.0 * difference)
    }

    fn smallest(&self, delta: &Delta) -> String {
        delta.detectable.map_or_else(|| "–".to_owned(), percent)
    }

    fn short<'b>(&self, id: &'b str) -> &'b str {
        id.get(..12).unwrap_or(id)
    }

    /// Where a share stands on the bar.
    fn x(&self, share: &f64) -> String {
        format!("{:.1}", WIDTH * share.clamp(0.0, 1.0))
    }

    fn width(&self, rate: &Rate) -> String {
        format!("{:.1}", (WIDTH * (rate.high - rate.low)).max(1.0))
    }

    /// The class of a table's cell: what was won or lost beyond chance.
    fn mark(&self, difference: &f64, p: &f64) -> &'static str {
        match (*p < 0.05, *difference > 0.0) {
            (false, _) => "",
            (true, true) => "up",
            (true, false) => "down",
        }
    }

    fn few(&self, line: &Line) -> bool {
        line.strict.iter().any(|rate| rate.total < 10)
    }

    /// All ids of an item, for the filter.
    fn ids(&self, flip: &Flip) -> String {
        let ids: Vec<&str> = flip.instructions.iter().map(|(id, _)| id.as_str()).collect();
        ids.join(" ")
    }

    fn verdict<'b>(&self, side: &'b Side, at: &usize) -> Option<&'b Verdicts> {
        side.verdicts.get(*at)
    }

    fn count(&self, kind: &str) -> usize {
        self.report.flips.iter().filter(|flip| flip.kind == kind).count()
    }
}
