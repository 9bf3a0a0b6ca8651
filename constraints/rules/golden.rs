//! The recorded verdicts of the official scorers, row by row.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::args::{Args, without_nulls};
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

/// The folder of the benchmark data, or `None`, said aloud, where `needed` is not in it.
fn data(needed: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let data = std::env::var_os("HEEDFUL_DATA").map_or(here, PathBuf::from);
    if data.join(needed).exists() {
        return Some(data);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{needed} is missing");
    println!("SKIPPED: {needed} is missing; name the folder that has it in HEEDFUL_DATA");
    None
}

/// The rows of a file of JSON lines.
fn rows<T: DeserializeOwned>(file: impl Read) -> impl Iterator<Item = T> {
    let lines = BufReader::new(file).lines();
    lines.map(|line| serde_json::from_str(&line.expect("a line")).expect("a row"))
}

#[derive(Default)]
struct Tally {
    rows: usize,
    agreeing: usize,
}

#[test]
fn ifeval_verdicts_are_the_recorded_ones() {
    agree("golden/golden_ifeval_dev.jsonl.gz", 25);
}

#[test]
fn ifbench_verdicts_are_the_recorded_ones() {
    agree("golden/golden_ifbench_dev.jsonl.gz", 58);
}

#[test]
fn training_verdicts_are_the_recorded_ones() {
    agree("golden/golden_iftrain_dev.jsonl.gz", 29);
}

/// Holds every row of a file with this many ids to what was recorded; prints how many agree.
fn agree(recorded: &str, ids: usize) {
    let Some(data) = data(recorded) else { return };
    let file = File::open(data.join(recorded)).expect("the file is there");
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut misses = Vec::new();
    for row in rows::<Row>(GzDecoder::new(file)) {
        let (strict, loose, cells) = match judged(&row) {
            Ok(judged) => judged,
            Err(error) => (None, None, error),
        };
        let tally = tallies.entry(row.instruction_id.clone()).or_default();
        tally.rows += 1;
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
    println!("{:48} rows agree", "id");
    for (id, Tally { rows, agreeing }) in &tallies {
        println!("{id:48} {rows:4} {agreeing:5}");
    }
    assert_eq!(tallies.len(), ids, "instruction ids");
    let shown: Vec<&str> = misses.iter().take(60).map(String::as_str).collect();
    assert!(misses.is_empty(), "{} rows differ:\n{}", misses.len(), shown.join("\n"));
}

/// Strict, loose and the eight variants; the error's text where the arguments are refused.
fn judged(row: &Row) -> Result<(Option<bool>, Option<bool>, String), String> {
    let constraint =
        Constraint::compile(&row.instruction_id, row.kwargs.clone(), Profile::Official)
            .map_err(|error| error.to_string())?;
    let unstarred = Unstarred::new(&row.response);
    let variants = Variants::new(&row.response, &unstarred);
    let judgement = variants.judge(&constraint);
    let cells: String = variants.cells(&constraint).into_iter().map(Cell::letter).collect();
    Ok((judgement.strict, judgement.loose, cells))
}

/// A prompt as IFEval publishes it.
#[derive(Deserialize)]
struct Prompt {
    key: u64,
    instruction_id_list: Vec<String>,
    kwargs: Vec<Args>,
}

#[test]
fn published_prompts_compile_in_both_profiles() {
    const SETS: [&str; 3] = [
        "ifeval/input_data.jsonl",
        "ifeval/input_data_gpt4_20231107_145030.jsonl",
        "ifeval/input_data_initial_20231114.jsonl",
    ];
    // The first set leaves these without the request to repeat: the official scorer raises too.
    const WITHOUT_REQUEST: usize = 42;
    let Some(data) = data(SETS[0]) else { return };
    let mut wrong = Vec::new();
    let mut without_request = 0;
    for set in SETS {
        let file = File::open(data.join(set)).expect("the file is there");
        for prompt in rows::<Prompt>(file) {
            for (id, kwargs) in prompt.instruction_id_list.iter().zip(&prompt.kwargs) {
                for profile in [Profile::Official, Profile::Corrected] {
                    let compiled = Constraint::compile(id, without_nulls(kwargs), profile);
                    let said = compiled.and_then(|c| Ok((c.describe(0)?, c.demands()?)));
                    let lacks = kwargs.is_empty() && id == "combination:repeat_prompt";
                    if lacks && said.is_err() {
                        without_request += 1;
                    } else if let Err(error) = said {
                        wrong.push(format!("{set} {} {profile}: {error}", prompt.key));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(without_request, 2 * WITHOUT_REQUEST);
}
