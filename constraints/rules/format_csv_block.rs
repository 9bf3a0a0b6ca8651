//! `format:csv_block`: a fenced block of regular CSV.

use csv::{ByteRecord, ReaderBuilder};
use serde_json::json;

use super::fences::{best_block, partly};
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::args;
use crate::rule::{Example, Rule, check};
use crate::verdict::Verdict;

/// Plain words for the cells of a witness.
const CELLS: [&str; 12] = [
    "name", "kind", "place", "shape", "size", "note", "bread", "salt", "water", "flour", "oven",
    "table",
];

pub(super) static RULE: Rule = Rule {
    id: "format:csv_block",
    about: "The response has a closed fenced block with the info string `csv`: a header record and \
            exactly so many records below it, each (the header too) with exactly so many fields. \
            Quoting after RFC 4180; blank lines do not count. The degree is the lesser of the \
            share of regular records and the nearness of their number.",
    schema: r#"{"properties": {
        "columns": {"type": "integer", "minimum": 1, "maximum": 50},
        "rows": {"type": "integer", "minimum": 1, "maximum": 200}
    }, "required": ["columns", "rows"]}"#,
    texts: |_| {
        Ok(&[
            "Include a fenced ```csv block with a header line, exactly {rows:data row} below it \
             and exactly {columns:column}.",
            "Give your data as CSV in a code block tagged \"csv\": {columns:field} in every line, \
             and exactly {rows:line} after the header line.",
            "Your response must hold a ```csv code block of {columns:column} with one header row \
             and exactly {rows:record}.",
            "Put a CSV table into a fenced block marked csv; besides the header it has exactly \
             {rows:row}, and each line has exactly {columns:value}.",
        ])
    },
    sample: |draw| {
        let columns = draw.between(2, 6);
        args([("columns", json!(columns)), ("rows", json!(draw.between(1, 8)))])
    },
    compile: |args, _| {
        let columns = args.count("columns")?;
        let rows = args.count("rows")?;
        check(move |text| best_block(text.raw(), &["csv"], |body| judge(body, columns, rows)))
    },
    demands: |args| {
        let body = witness(args.count("columns")? as usize, args.count("rows")? as usize);
        Ok(vec![Demand::Fenced("csv".to_owned(), body)])
    },
    examples: &[
        Example {
            args: r#"{"columns": 2, "rows": 2}"#,
            response: "```csv\nname,price\nbread,3\n\"salt, fine\",1\n```",
            satisfied: true,
        },
        Example {
            args: r#"{"columns": 1, "rows": 1}"#,
            response: "Here:\r\n```CSV\r\nname\r\nbread\r\n```\r\n",
            satisfied: true,
        },
        Example {
            args: r#"{"columns": 2, "rows": 2}"#,
            response: "```csv\nname,price\nbread,3\nsalt, fine,1\n```",
            satisfied: false,
        },
        Example {
            args: r#"{"columns": 2, "rows": 2}"#,
            response: "```csv\nname,price\nbread,3\n```",
            satisfied: false,
        },
    ],
    deviations: &[],
};

fn judge(body: &str, columns: u64, rows: u64) -> Verdict {
    if memchr::memchr_iter(b'"', body.as_bytes()).count() % 2 == 1 {
        return partly(0.25, "a quote in the csv block is not closed".to_owned());
    }
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).from_reader(body.as_bytes());
    let mut record = ByteRecord::new();
    let (mut total, mut good) = (0_u64, 0_u64);
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {
                total += 1;
                good += u64::from(record.len() as u64 == columns);
            }
            Ok(false) => break,
            Err(error) => return partly(0.25, format!("no csv: {error}")),
        }
    }
    let Some(below) = total.checked_sub(1) else {
        return Verdict::fail("the csv block is empty");
    };
    let bound = Bound::exactly(rows);
    let note = format!(
        "{good} of {total} records have {columns} fields; {below} below the header, asked for \
         {bound}"
    );
    match good == total && bound.holds(below) {
        true => Verdict::pass(note),
        false => partly((good as f32 / total as f32).min(bound.degree(below)), note),
    }
}

fn witness(columns: usize, rows: usize) -> String {
    let cell = |row: usize, column: usize| CELLS[(row * 6 + column) % CELLS.len()];
    let line = |row| (0..columns).map(|column| cell(row, column)).collect::<Vec<_>>().join(",");
    (0..=rows).map(line).collect::<Vec<_>>().join("\n")
}
