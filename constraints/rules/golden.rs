//! The recorded verdicts of the official IFEval scorer, row by row.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::args::Args;
use crate::constraint::Constraint;
use crate::loose::{Cell, Unstarred, Variants};
use crate::profile::Profile;

/// One recorded row; `None` where the official code raised.
#[derive(Deserialize)]
struct Row {
    id: String,
    instruction_id: String,
    kwargs: Args,
    response: String,
    strict: Option<bool>,
    loose: Option<bool>,
    vec: String,
}

/// The recorded rows, or `None`, said aloud, where they are not at hand.
fn rows(name: &str) -> Option<impl Iterator<Item = Row>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("HEEDFUL_DATA").map_or(here, PathBuf::from);
    let path = data.join("golden").join(name);
    let Ok(file) = File::open(&path) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing", path.display());
        println!("SKIPPED: {} is missing; name its folder in HEEDFUL_DATA", path.display());
        return None;
    };
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    Some(lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("a row")))
}

#[derive(Default)]
struct Tally {
    rows: usize,
    agreeing: usize,
    corrected_differs: usize,
    corrected_refuses: usize,
}

#[test]
fn official_verdicts_are_the_recorded_ones() {
    let Some(rows) = rows("golden_ifeval_dev.jsonl.gz") else { return };
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut misses = Vec::new();
    for row in rows {
        let (strict, loose, cells) = match judged(&row, Profile::Official) {
            Ok(judged) => judged,
            Err(error) => (None, None, error),
        };
        let tally = tallies.entry(row.instruction_id.clone()).or_default();
        tally.rows += 1;
        match judged(&row, Profile::Corrected) {
            Ok((corrected, _, _)) => {
                tally.corrected_differs += usize::from(corrected != row.strict);
            }
            Err(_) => tally.corrected_refuses += 1,
        }
        if (strict, loose, &cells) == (row.strict, row.loose, &row.vec) {
            tally.agreeing += 1;
        } else {
            misses.push(format!(
                "{} {} {:?}: {strict:?} {loose:?} {cells}, recorded {:?} {:?} {}: {:.80?}",
                row.id,
                row.instruction_id,
                row.kwargs,
                row.strict,
                row.loose,
                row.vec,
                row.response
            ));
        }
    }
    println!("{:48} rows agree; corrected: strict differs, refused", "id");
    for (id, t) in &tallies {
        let (differs, refuses) = (t.corrected_differs, t.corrected_refuses);
        println!("{id:48} {:4} {:5}  {differs:4} {refuses:4}", t.rows, t.agreeing);
    }
    assert_eq!(tallies.len(), 25, "instruction ids");
    let shown: Vec<&str> = misses.iter().take(60).map(String::as_str).collect();
    assert!(misses.is_empty(), "{} rows differ:\n{}", misses.len(), shown.join("\n"));
}

/// Strict, loose and the eight variants; the error's text where the arguments are refused.
fn judged(row: &Row, profile: Profile) -> Result<(Option<bool>, Option<bool>, String), String> {
    let constraint = Constraint::compile(&row.instruction_id, row.kwargs.clone(), profile)
        .map_err(|error| error.to_string())?;
    let unstarred = Unstarred::new(&row.response);
    let variants = Variants::new(&row.response, &unstarred);
    let judgement = variants.judge(&constraint);
    let cells: String = variants.cells(&constraint).into_iter().map(Cell::letter).collect();
    Ok((judgement.strict, judgement.loose, cells))
}
