//! Arbitrary input to everything that reads text: no panic, bounded time, the same answer twice.
//!
//! Each target runs for `HEEDFUL_FUZZ_SECONDS` (1 by default; continuous integration gives 60).

mod exchange;
mod models;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use heedful::constraints::CheckOptions;
use heedful_constraints::draw::{Draw, stream};
use heedful_constraints::loose::{Unstarred, Variants};
use heedful_constraints::python::pattern::{Flags, Pattern};
use heedful_constraints::registry;
use heedful_constraints::{Constraint, Profile, Text};
use heedful_datasets::rows::{self, OnBad, Options};
use heedful_datasets::{json, recipe};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::Value;

use crate::util::{file, folder};

/// Runs `test` on drawings of `strategy` until the time is over, always from the same chance.
fn fuzz<S: Strategy>(
    name: &str,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let seconds = std::env::var("HEEDFUL_FUZZ_SECONDS").ok();
    let seconds = seconds.map_or(1.0, |text| text.parse::<f64>().expect("a number of seconds"));
    let (begun, cases) = (Instant::now(), Cell::new(0u64));
    for batch in 0u64.. {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&batch.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let config = Config { cases: 16, failure_persistence: None, ..Config::default() };
        let counted = |value| {
            cases.set(cases.get() + 1);
            test(value)
        };
        if let Err(error) = TestRunner::new_with_rng(config, rng).run(strategy, counted) {
            panic!("{name}, batch {batch}: {error}");
        }
        if begun.elapsed() >= Duration::from_secs_f64(seconds) {
            break;
        }
    }
    eprintln!("{name}: {} cases in {:.1} s", cases.get(), begun.elapsed().as_secs_f64());
}

/// Every rule with arguments of its examples and drawn ones.
pub(crate) fn asked() -> Vec<(&'static str, Value)> {
    let mut list = Vec::new();
    for rule in registry::rules() {
        let examples = rule.examples.iter().map(|example| example.args);
        let examples = examples.chain(rule.deviations.iter().map(|deviation| deviation.args));
        let mut args: Vec<Value> =
            examples.map(|text| serde_json::from_str(text).unwrap()).collect();
        for index in 0..3 {
            let mut rng = stream(17, index);
            let draw = &mut Draw { rng: &mut rng, request: "Write about a quiet harbour." };
            args.push(Value::Object((rule.sample)(draw)));
        }
        args.dedup();
        list.extend(args.into_iter().map(|args| (rule.id, args)));
    }
    list
}

fn constraints() -> Vec<Constraint> {
    let mut list = Vec::new();
    for (id, args) in asked() {
        for profile in [Profile::Official, Profile::Corrected] {
            let args = args.as_object().unwrap().clone();
            list.push(Constraint::compile(id, args, profile).unwrap());
        }
    }
    assert!(list.len() > 300, "{}", list.len());
    list
}

/// Pieces that some rule or reader gives a meaning to.
const PIECES: [&str; 64] = [
    "*",
    "**",
    "***",
    "******",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u{b}",
    "\u{1c}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{200b}",
    "\u{feff}",
    "\u{301}",
    "İ",
    "ı",
    "ſ",
    "\u{212a}",
    "ß",
    "Σ",
    "ǅ",
    "é",
    "中文",
    "ไทย",
    "हिन्दी",
    "العربية",
    "😀",
    "👍🏽",
    "\u{10ffff}",
    "\0",
    ".",
    "!",
    "?",
    "...",
    "Dr. ",
    "e.g. ",
    "U.S. ",
    "3.5",
    "1,000",
    "2024-02-30",
    "SECTION 1",
    "P.S.",
    "<<",
    ">>",
    "[",
    "]",
    "`",
    "```",
    "```json\n{\"a\": [1]}\n```",
    "{",
    "}",
    "\"",
    "“",
    "'",
    "- ",
    "1. ",
    "> ",
    "# ",
    "| a |",
    "|---|",
    "My answer is yes.",
    "https://a.b/c",
];

fn pieces() -> impl Strategy<Value = String> {
    let word = || "[a-zA-Z]{1,9} ?";
    let piece = prop_oneof![
        4 => select(&PIECES[..]).prop_map(str::to_owned),
        3 => word(),
        1 => any::<String>(),
        1 => (select(&PIECES[..]), 1..200usize).prop_map(|(piece, n)| piece.repeat(n)),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|parts| parts.concat())
}

/// Responses of the rules' examples, bent in some places.
fn bent() -> impl Strategy<Value = String> {
    let mut texts = Vec::new();
    for rule in registry::rules() {
        texts.extend(rule.examples.iter().map(|example| example.response));
        texts.extend(rule.deviations.iter().map(|deviation| deviation.response));
    }
    let bend = (any::<Index>(), any::<Index>(), select(&PIECES[..]), 0..4u8);
    (select(texts), prop::collection::vec(bend, 0..8)).prop_map(|(text, bends)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (from, to, piece, how) in bends {
            let (a, b) = (from.index(letters.len() + 1), to.index(letters.len() + 1));
            let (a, b) = (a.min(b), a.max(b));
            match how {
                0 => drop(letters.splice(a..a, piece.chars())),
                1 => drop(letters.splice(a..b.min(a + 9), piece.chars())),
                2 => drop(letters.drain(a..b.min(a + 40))),
                _ => {
                    let copy = letters[a..b].to_vec();
                    letters.splice(a..a, copy);
                }
            }
            letters.truncate(20_000);
        }
        letters.into_iter().collect()
    })
}

#[test]
fn any_text_gets_the_same_sane_verdict_twice_and_on_another_thread() {
    let all = constraints();
    let texts = prop_oneof![pieces(), bent(), any::<String>()];
    let strategy = (texts, prop::collection::vec(any::<Index>(), 24));
    fuzz("text analysis", &strategy, |(raw, picks)| {
        let picked: Vec<&Constraint> = picks.iter().map(|at| at.get(&all)).collect();
        let text = Text::new(&raw);
        let run = |text: &Text<'_>| -> Vec<_> { picked.iter().map(|c| c.check(text)).collect() };
        let verdicts = run(&text);
        for (verdict, constraint) in verdicts.iter().zip(&picked) {
            let id = constraint.id();
            prop_assert!((0.0..=1.0).contains(&verdict.degree), "{id}: {verdict:?}");
            prop_assert_eq!(verdict.degree >= 1.0, verdict.satisfied, "{}: {:?}", id, verdict);
            let line = verdict.reason.to_string();
            prop_assert!(!line.is_empty() && line.len() < 2000, "{id}: {line}");
        }
        prop_assert_eq!(&run(&text), &verdicts);
        let elsewhere = std::thread::scope(|scope| {
            scope.spawn(|| run(&Text::new(&raw))).join().expect("it does not panic")
        });
        prop_assert_eq!(&elsewhere, &verdicts);
        let unstarred = Unstarred::new(&raw);
        let variants = Variants::new(&raw, &unstarred);
        for constraint in &picked[..6] {
            let judged = variants.judge(constraint);
            // Loose never takes away what strict gives.
            prop_assert!(judged.strict != Some(true) || judged.loose == Some(true));
            prop_assert_eq!(variants.cells(constraint), variants.cells(constraint));
        }
        Ok(())
    });
}

#[test]
fn any_pattern_is_run_or_refused() {
    const PARTS: [&str; 40] = [
        "a", "b", "ab", ".", "*", "+", "?", "*?", "{2}", "{1,3}", "{,4}", "{9,2}", "(", ")", "(?:",
        "(?=", "(?<!", "(?P<n>", "(?P=n)", "(?i)", "(?i:", "(?#", "[", "]", "[^", "-", "\\", "\\b",
        "\\B", "\\w", "\\s", "\\d", "\\1", "\\x41", "\\u00e9", "|", "^", "$", "\\Z", "İ",
    ];
    let parts = prop::collection::vec(select(&PARTS[..]), 0..12).prop_map(|p| p.concat());
    let strategy = (prop_oneof![parts, any::<String>()], pieces());
    fuzz("patterns", &strategy, |(pattern, text)| {
        let flags = Flags { ignore_case: true, ..Flags::default() };
        if let Ok(pattern) = Pattern::new(&pattern, flags) {
            let spans: Vec<_> = pattern.find_iter(&text).collect();
            prop_assert_eq!(spans.len(), pattern.count(&text));
            prop_assert_eq!(pattern.is_match(&text), !spans.is_empty());
            prop_assert_eq!(pattern.find(&text), spans.first().cloned());
            for span in &spans {
                prop_assert!(text.get(span.clone()).is_some(), "{span:?} cuts a character");
            }
        }
        Ok(())
    });
}

/// `text` with some pieces of `pool` written over it.
fn edited(texts: Vec<String>, pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    let edit = (any::<Index>(), 0..12usize, select(pool));
    (select(texts), prop::collection::vec(edit, 0..6)).prop_map(|(text, edits)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (at, gone, piece) in edits {
            let at = at.index(letters.len() + 1);
            let end = (at + gone).min(letters.len());
            letters.splice(at..end, piece.chars());
        }
        letters.into_iter().collect()
    })
}

#[test]
fn any_recipe_is_resolved_or_refused_with_its_name() {
    const POOL: [&str; 28] = [
        "=",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "\n",
        "#",
        ",",
        ".",
        "-1",
        "0",
        "1e999",
        "nan",
        "inf",
        "99999999999999999999",
        "true",
        "seed",
        "levels",
        "[splits]\n",
        "[families]\n",
        "train",
        "include",
        "\"*\"",
        "\u{0}",
        "\u{feff}",
        "é",
    ];
    let paper = include_str!("../recipes/paper.toml");
    let texts = vec![recipe::DEFAULT.to_owned(), paper.to_owned(), String::new()];
    let strategy = prop_oneof![4 => edited(texts, &POOL), 1 => any::<String>()];
    fuzz("recipes", &strategy, |text| {
        match recipe::parse(&text, "the recipe", Path::new("nowhere")) {
            Ok(resolved) => {
                let again = recipe::parse(&text, "the recipe", Path::new("nowhere"));
                prop_assert_eq!(&resolved, &again.unwrap());
                prop_assert!(resolved.max_level >= 1 && resolved.shard_rows >= 1);
                prop_assert!((0.0..=1.0).contains(&resolved.hard_share));
                prop_assert!(resolved.to_json().is_ok());
            }
            Err(error) => {
                let said = error.to_string();
                prop_assert!(!said.is_empty() && said.len() < 4000, "{said}");
            }
        }
        Ok(())
    });
}

const JSON: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "null",
    "true",
    "NaN",
    "-Infinity",
    "1e999",
    "-0",
    "99999999999999999999",
    "\n",
    "\r",
    " ",
    "\u{0}",
    "\u{feff}",
    "é",
    "\"prompt\":",
    "\"kwargs\":",
    "\"id\":",
    "'",
    "None",
    "[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
];

fn json_lines() -> Vec<String> {
    let row = r#"{"key": 1, "prompt": "p", "instruction_id_list": ["punctuation:no_comma"],"#;
    vec![
        format!("{row} \"kwargs\": [{{}}]}}\n{row} \"kwargs\": \"[null]\"}}\n"),
        r#"{"id": "a", "response": "b", "n": [1, 2.5e3, null, {"x": "\u00e9\n"}]}"#.to_owned(),
        "[{\"a\": 1}, {\"a\": 2}]".to_owned(),
    ]
}

/// A file in `folder`, read to its end; the rows taken and skipped.
fn read(path: &Path, on_bad: OnBad) -> Result<(u64, u64), String> {
    let options = Options { on_bad, ..Options::default() };
    let mut rows = rows::open(path, options).map_err(|error| error.to_string())?;
    let mut taken = 0;
    for row in rows.by_ref() {
        row.map_err(|error| error.to_string())?;
        taken += 1;
    }
    Ok((taken, rows.skipped_total()))
}

#[test]
fn any_bytes_are_rows_or_a_refusal() {
    let folder = folder();
    let text = edited(json_lines(), &JSON).prop_map(String::into_bytes);
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    let strategy = prop_oneof![4 => text, 1 => bytes];
    fuzz("rows of JSON", &strategy, |bytes| {
        let path = file(folder.path(), "rows.jsonl", &bytes);
        let strict = read(&path, OnBad::Fail);
        let lenient = read(&path, OnBad::Skip);
        match (&strict, &lenient) {
            (Ok((taken, skipped)), Ok(all)) => {
                prop_assert_eq!((*taken, *skipped), *all);
                prop_assert_eq!(*skipped, 0);
            }
            (Err(said), _) => prop_assert!(said.contains("rows.jsonl"), "{said}"),
            (Ok(_), Err(said)) => prop_assert!(false, "only without care: {said}"),
        }
        let value = std::str::from_utf8(&bytes).ok().and_then(|text| json::parse(text).ok());
        if let Some(value) = value {
            let again = json::parse(&value.to_string());
            prop_assert_eq!(again.ok(), Some(value));
        }
        Ok(())
    });
}

/// The bytes of a table as `heedful build` writes them.
fn table(folder: &Path) -> Vec<u8> {
    let text = "name = \"t\"\ndrawings = 20\n[splits]\ntrain = 1.0\n";
    let recipe = recipe::parse(text, "t", folder).unwrap();
    let revision = heedful_datasets::manifest::Revision::default();
    let built = heedful_datasets::stage::build(&recipe, folder, revision, &|_| {}).unwrap();
    let tables: Vec<PathBuf> = built.artifact.tables(None);
    std::fs::read(&tables[0]).unwrap()
}

#[test]
fn any_bent_table_is_rows_or_a_refusal() {
    let folder = folder();
    let whole = table(folder.path());
    let bend = (any::<Index>(), any::<u8>(), any::<bool>());
    let strategy = (prop::collection::vec(bend, 0..4), any::<Index>(), 0..4u8);
    fuzz("rows of Parquet", &strategy, |(bends, cut, how)| {
        let mut bytes = whole.clone();
        let footer = bytes.len() / 8;
        for (at, value, late) in &bends {
            let at = if *late { bytes.len() - 1 - at.index(footer) } else { at.index(bytes.len()) };
            bytes[at] = *value;
        }
        if how == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        let path = file(folder.path(), "rows.parquet", &bytes);
        match read(&path, OnBad::Skip) {
            Ok((taken, skipped)) => prop_assert!(taken + skipped < 1_000_000),
            Err(said) => prop_assert!(said.contains("rows.parquet"), "{said}"),
        }
        Ok(())
    });
}

#[test]
fn any_python_literal_is_read_or_refused() {
    const POOL: [&str; 30] = [
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        ",",
        ":",
        "'",
        "\"",
        "\\",
        "\\x",
        "\\u12",
        "\\N{x}",
        "\\777",
        "None",
        "True",
        "nan",
        "1_000",
        "0x1f",
        "1e999",
        "-",
        "+1j",
        "...",
        "b''",
        "'''",
        "#",
        "\n",
        "\u{0}",
        "((((((((((((((",
    ];
    let texts = vec![
        "[{'instruction_id': ['punctuation:no_comma'], 'kwargs': [None]}]".to_owned(),
        "[{'instruction_id': ['a:b', \"c\"], 'kwargs': [{'x': 1.5, 'y': (1, -2)}, {}]}]".to_owned(),
        "{'a': [True, False, None, 'it\\'s\\x00\\u00e9']}".to_owned(),
    ];
    let folder = folder();
    let strategy = prop_oneof![6 => edited(texts, &POOL), 1 => any::<String>()];
    let strategy = prop::collection::vec(strategy, 1..20);
    fuzz("Python literals", &strategy, |literals| {
        let row = |text| serde_json::json!({"prompt": "p", "ground_truth": text});
        let lines: String = literals.iter().map(|text| format!("{}\n", row(text))).collect();
        let path = file(folder.path(), "literals.jsonl", lines);
        let options = CheckOptions { json: true, skip_bad: true, ..CheckOptions::default() };
        let mut out = Vec::new();
        let checked = heedful::constraints::check(&[path], &options, &mut out);
        prop_assert!(checked.is_ok(), "{checked:?}");
        for line in out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            prop_assert!(serde_json::from_slice::<Value>(line).is_ok());
        }
        Ok(())
    });
}
