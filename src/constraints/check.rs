//! `heedful constraints check`: the lint over files.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use heedful_constraints::lint::{self, Finding, Kind, Linter};
use heedful_datasets::error::At;
use heedful_datasets::rows::{self, OnBad};
use serde_json::{Value, json};

use super::layout;
use crate::{Error, Result};

/// How files are checked.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckOptions {
    /// One JSON object a finding, and one for the summary.
    pub json: bool,
    /// Rows that cannot be read are counted and passed over.
    pub skip_bad: bool,
    /// What is looked at.
    pub lint: lint::Options,
}

/// A row's place, as findings about repeats name it.
#[derive(Debug, Clone, Copy)]
struct Spot<'a> {
    file: &'a str,
    line: u64,
}

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Checks the rows of all files, repeats across files included, and writes each finding as it is
/// made, then the counts. True when there is none.
///
/// # Errors
/// A file that cannot be read; a row that cannot, unless bad rows are skipped; the output.
pub fn check(paths: &[PathBuf], options: &CheckOptions, out: &mut dyn Write) -> Result<bool> {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let mut linter: Linter<Spot<'_>> = Linter::new(options.lint);
    let mut skipped: Vec<(&str, u64)> = Vec::new();
    let on_bad = if options.skip_bad { OnBad::Skip } else { OnBad::Fail };
    for (path, name) in paths.iter().zip(&names) {
        let mut stream = rows::open(path, rows::Options { on_bad, ..rows::Options::default() })?;
        while let Some(row) = stream.next() {
            let row = row?;
            let line = match row.place.at {
                At::Line(n) | At::Row(n) => n,
            };
            let spot = Spot { file: name, line };
            match layout::row(&row.object) {
                Err(fault) => stream.refuse(&row.place, fault)?,
                Ok(row) => {
                    for finding in linter.row(&row, spot) {
                        write_finding(&finding, &row, spot, options.json, out)
                            .map_err(Error::stdout)?;
                    }
                }
            }
        }
        for (fault, n) in stream.skipped() {
            match skipped.iter_mut().find(|(known, _)| known == fault) {
                Some((_, total)) => *total += n,
                None => skipped.push((*fault, *n)),
            }
        }
    }
    summary(&linter, &skipped, options.json, out).map_err(Error::stdout)?;
    Ok(linter.total() == 0)
}

fn write_finding(
    finding: &Finding,
    row: &lint::Row,
    spot: Spot<'_>,
    json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if json {
        let line = json!({
            "file": spot.file, "line": spot.line, "row_key": row.key,
            "kind": finding.kind.name(), "rule": finding.rule, "key": finding.key,
            "value": finding.value, "message": finding.message,
        });
        return writeln!(out, "{line}");
    }
    write!(out, "{spot}: {}", finding.kind)?;
    if let Some(key) = &row.key {
        write!(out, ", row {key}")?;
    }
    if !finding.rule.is_empty() {
        write!(out, ", {}", finding.rule)?;
    }
    if !finding.key.is_empty() {
        write!(out, ", {}", finding.key)?;
    }
    writeln!(out, ": {}", finding.message)
}

fn summary(
    linter: &Linter<Spot<'_>>,
    skipped: &[(&str, u64)],
    json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = |kind: Kind| linter.counts().get(&kind).copied().unwrap_or(0);
    if json {
        let findings: serde_json::Map<String, Value> =
            Kind::ALL.iter().map(|kind| (kind.name().to_owned(), count(*kind).into())).collect();
        let skipped: serde_json::Map<String, Value> =
            skipped.iter().map(|(fault, n)| ((*fault).to_owned(), (*n).into())).collect();
        let line = json!({
            "rows": linter.rows(), "findings": linter.total(), "by_kind": findings,
            "skipped": skipped, "not_remembered": linter.forgotten(),
        });
        return writeln!(out, "{line}");
    }
    writeln!(out, "{} rows, {} findings", linter.rows(), linter.total())?;
    for kind in Kind::ALL {
        writeln!(out, "{:>8}  {kind}", count(kind))?;
    }
    for (fault, n) in skipped {
        writeln!(out, "{n:>8}  skipped: {fault}")?;
    }
    if linter.forgotten() > 0 {
        let n = linter.forgotten();
        writeln!(out, "{n:>8}  prompts or keys beyond memory: repeats of them are not found")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn checked(files: &[(&str, &[u8])], options: &CheckOptions) -> (Result<bool>, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut paths = Vec::new();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::write(&path, bytes).expect("written");
            paths.push(path);
        }
        let mut out = Vec::new();
        let clean = check(&paths, options, &mut out);
        let folder = format!("{}/", folder.path().display());
        (clean, String::from_utf8(out).expect("UTF-8").replace(&folder, ""))
    }

    const GOOD: &str = concat!(
        r#"{"key": 1, "prompt": "Use no commas.", "#,
        r#""instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}"#
    );
    const BAD: &str = concat!(
        r#"{"key": 1, "prompt": "Use no comma.", "#,
        r#""instruction_id_list": ["punctuation:nocomma"], "kwargs": [{}]}"#
    );

    #[test]
    fn findings_name_file_line_and_are_counted() {
        let good = format!("{GOOD}\n");
        let bad = format!("\n{BAD}\n");
        let options = CheckOptions::default();
        let (clean, text) = checked(&[("a.jsonl", good.as_bytes())], &options);
        assert!(clean.expect("read"), "{text}");
        let files = [("a.jsonl", good.as_bytes()), ("b.jsonl", bad.as_bytes())];
        let (clean, text) = checked(&files, &options);
        assert!(!clean.expect("read"));
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("b.jsonl:2: unknown_id, row 1, punctuation:nocomma"),
            "{text}"
        );
        assert!(lines[1].contains("the same key as a.jsonl:1"), "{text}");
        assert_eq!(lines[2], "2 rows, 2 findings");
        let json = CheckOptions { json: true, ..options };
        let (_, text) = checked(&files, &json);
        let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
        assert_eq!((&last["findings"], &last["by_kind"]["unknown_id"]), (&json!(2), &json!(1)));
    }

    #[test]
    fn bad_rows_end_it_or_are_counted() {
        let file = format!("{GOOD}\n{{\"prompt\": \"x\"}}\nno json\n");
        let files = [("a.jsonl", file.as_bytes())];
        let (clean, _) = checked(&files, &CheckOptions::default());
        let said = clean.expect_err("refused").to_string();
        assert!(said.contains("line 2") && said.contains("instruction_id_list"), "{said}");
        let (clean, text) = checked(&files, &CheckOptions { skip_bad: true, ..Default::default() });
        assert!(clean.expect("read"), "{text}");
        assert!(
            text.contains("1  skipped: missing") && text.contains("1  skipped: syntax"),
            "{text}"
        );
    }

    #[test]
    fn gzip_is_read() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(BAD.as_bytes()).expect("written");
        let bytes = gz.finish().expect("written");
        let (clean, text) = checked(&[("a.jsonl.gz", &bytes)], &CheckOptions::default());
        assert!(!clean.expect("read"));
        assert!(text.starts_with("a.jsonl.gz:1: unknown_id"), "{text}");
    }
}
