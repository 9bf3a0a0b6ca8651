//! `format:table`: a Markdown table of a given width.

use serde_json::json;

use super::fences::{lines_outside, partly};
use crate::demand::Demand;
use crate::draw::args;
use crate::python::strings;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

pub(super) static RULE: Rule = Rule {
    id: "format:table",
    about: "Some Markdown table (GFM: a header, a delimiter row of as many cells, at least one \
            row) has exactly so many columns in every row. `\\|` does not part cells; a blank \
            line or one without `|` ends the table; fenced code is passed over. The degree is the \
            share of rows of that width in the best table.",
    schema: r#"{"properties": {
        "columns": {"type": "integer", "minimum": 1, "maximum": 50}
    }, "required": ["columns"]}"#,
    texts: |_| {
        Ok(&[
            "Include a Markdown table with exactly {columns:column} in every row.",
            "Your response must contain a Markdown table (header, delimiter row, at least one \
             data row) of exactly {columns:column}.",
            "Present information in a Markdown table that has {columns:column}, no more and no \
             fewer.",
            "Use a Markdown table whose header and rows all have exactly {columns:cell}.",
        ])
    },
    sample: |draw| args([("columns", json!(draw.between(2, 8)))]),
    compile: |args, _| {
        let columns = args.count("columns")?;
        check(move |text| judge(text.raw(), columns))
    },
    demands: |args| Ok(vec![Demand::Table(args.count("columns")?)]),
    examples: &[
        Example {
            args: r#"{"columns": 2}"#,
            response: "Prices:\n\n| item | price |\n|---|:-:|\n| a \\| b | 3 |\n| salt | 1 |\n",
            satisfied: true,
        },
        Example {
            args: r#"{"columns": 2}"#,
            response: "item | price\r\n--- | ---\r\nbread | 3",
            satisfied: true,
        },
        Example {
            args: r#"{"columns": 2}"#,
            response: "| item | price |\n|---|---|\n| bread | 3 | new |",
            satisfied: false,
        },
        Example {
            args: r#"{"columns": 2}"#,
            response: "| item | price |\n| bread | 3 |",
            satisfied: false,
        },
        Example {
            args: r#"{"columns": 2}"#,
            response: "```\n| item | price |\n|---|---|\n| bread | 3 |\n```",
            satisfied: false,
        },
    ],
    deviations: &[],
};

/// The width and regularity of one table.
struct Table {
    header: u64,
    rows: u64,
    /// Rows, header and delimiter included, of the width asked for.
    good: u64,
}

fn judge(response: &str, columns: u64) -> Verdict {
    let mut best: Option<Table> = None;
    for table in tables(response, columns) {
        if best.as_ref().is_none_or(|best| share(&table) > share(best)) {
            best = Some(table);
        }
    }
    let Some(table) = best else {
        return Verdict::fail("no Markdown table");
    };
    let total = table.rows + 2;
    let note = format!(
        "a table of {} columns, {} of {total} rows have {columns}",
        table.header, table.good
    );
    match (table.rows, table.good == total) {
        (0, _) => partly(share(&table), "a table without rows".to_owned()),
        (_, true) => Verdict::pass(note),
        (_, false) => partly(share(&table), note),
    }
}

fn share(table: &Table) -> f32 {
    let rows = if table.rows == 0 { 0.5 } else { 1.0 };
    rows * table.good as f32 / (table.rows + 2) as f32
}

/// The tables outside fenced blocks, in order.
fn tables(response: &str, columns: u64) -> impl Iterator<Item = Table> {
    let mut lines = lines_outside(response).peekable();
    let mut above = None;
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let width = cells(line);
            if above.is_none() || above != width || !is_delimiter(line) {
                above = width;
                continue;
            }
            above = None;
            let header = width.unwrap_or_default();
            let mut table = Table { header, rows: 0, good: 2 * u64::from(header == columns) };
            while let Some(width) = lines.peek().and_then(|line| cells(line)) {
                lines.next();
                table.rows += 1;
                table.good += u64::from(width == columns);
            }
            return Some(table);
        }
    })
}

/// The line without outer whitespace and one bar at each end.
fn inner(line: &str) -> &str {
    let line = strings::strip(line);
    let line = line.strip_prefix('|').unwrap_or(line);
    match line.strip_suffix('|') {
        Some(rest) if !rest.ends_with('\\') => rest,
        _ => line,
    }
}

/// The number of cells; `None` for a line that has no bar.
fn cells(line: &str) -> Option<u64> {
    memchr::memchr(b'|', line.as_bytes())?;
    let inner = inner(line).as_bytes();
    let bars = memchr::memchr_iter(b'|', inner);
    Some(1 + bars.filter(|at| *at == 0 || inner[at - 1] != b'\\').count() as u64)
}

fn is_delimiter(line: &str) -> bool {
    inner(line).split('|').all(|cell| {
        let cell = strings::strip(cell);
        let cell = cell.strip_prefix(':').unwrap_or(cell);
        let cell = cell.strip_suffix(':').unwrap_or(cell);
        !cell.is_empty() && cell.bytes().all(|b| b == b'-')
    })
}
