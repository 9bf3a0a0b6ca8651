use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::*;

/// The recorded scores; `None`, said aloud, where they are not at hand.
fn data() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("golden/golden_cfbench_scores.jsonl.gz").is_file() {
        return Some(folder);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", folder.display());
    println!("SKIPPED: {} is not there", folder.display());
    None
}

fn rows(path: &Path) -> Vec<Value> {
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

fn criteria(row: &Value) -> Vec<Criterion> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let criterion = |c: &Value| Criterion {
        text: text(&c[0]),
        priority: Priority::from_label(c[1].as_str().unwrap()).unwrap(),
        kind: text(&c[2]),
        subkind: text(&c[3]),
    };
    row["criteria"].as_array().unwrap().iter().map(criterion).collect()
}

fn item(criteria: Vec<Criterion>, split: Split) -> Item {
    Item {
        key: "1".to_owned(),
        prompt: "p".to_owned(),
        reference: String::new(),
        domain: "d".to_owned(),
        scenario: "s".to_owned(),
        source: "t".to_owned(),
        split,
        criteria,
        response: None,
        judge_reply: None,
    }
}

/// The recorded rows as items with readings; `None` where the official code raised.
fn judged(recorded: &[Value]) -> Vec<Option<(Item, Reading)>> {
    let judged = recorded.iter().map(|row| {
        let item = item(criteria(row), Split::from_name(row["split"].as_str().unwrap()).unwrap());
        let reading = parse(&item.criteria, row["judge_response"].as_str().unwrap()).ok()?;
        Some((item, reading))
    });
    judged.collect()
}

#[test]
fn scores_are_the_recorded_ones() {
    let Some(folder) = data() else { return };
    let recorded = rows(&folder.join("golden/golden_cfbench_scores.jsonl.gz"));
    let mut agreeing = 0;
    for (row, got) in recorded.iter().zip(judged(&recorded)) {
        let got = got.map(|(item, reading)| {
            let score = score(&item.criteria, &reading);
            let marks: Vec<&str> = reading.marks.iter().map(|mark| mark.text.as_str()).collect();
            serde_json::json!([reading.state.code(), marks, score.csr, score.isr, score.psr])
        });
        let metric = &row["judge_metric"];
        let figures = [&metric["CSR"], &metric["ISR"], &metric["PSR"]];
        let scored = [&[&row["judge_parsing"], &row["judge_score"]], &figures[..]].concat();
        let expected = row.get("error").is_none().then(|| serde_json::json!(scored));
        agreeing += usize::from(got == expected);
        if got != expected {
            println!("got {got:?}, recorded {row}");
        }
    }
    println!("CFBench: {agreeing} of {} recorded scores agree", recorded.len());
    assert!(agreeing == recorded.len() && agreeing > 5000);
}

#[test]
fn figures_are_the_recorded_ones() {
    let Some(folder) = data() else { return };
    let judged = judged(&rows(&folder.join("golden/golden_cfbench_scores.jsonl.gz")));
    let recorded = rows(&folder.join("golden/golden_cfbench_aggregate.jsonl.gz"));
    for row in &recorded {
        let of = row["row_indices"].as_array().unwrap().iter();
        let of = of.filter_map(|at| judged[at.as_u64().unwrap() as usize].as_ref());
        let got = aggregate(of.map(|(item, reading)| (item, reading)));
        let expected = &row["final"];
        for (means, split) in [(got.all, ""), (got.easy, "_easy"), (got.hard, "_hard")] {
            for (value, name) in [(means.csr, "CSR"), (means.isr, "ISR"), (means.psr, "PSR")] {
                assert_eq!(value, expected[format!("{name}{split}")].as_f64(), "{name}{split}");
            }
        }
    }
    println!("CFBench: {} recorded aggregates agree", recorded.len());
    assert!(recorded.len() > 10);
}

#[test]
fn twelve_models_take_no_time() {
    let kinds = |at: usize| [format!("k{}", at % 11), format!("s{}", at % 32)];
    let items: Vec<Item> = (0..1000)
        .map(|at| {
            let criteria = (0..5).map(|nth| {
                let [kind, subkind] = kinds(at + nth);
                let priority = if nth < 2 { Priority::Primary } else { Priority::Secondary };
                Criterion { text: format!("criterion {nth}"), priority, kind, subkind }
            });
            item(criteria.collect(), if at % 2 == 0 { Split::Easy } else { Split::Hard })
        })
        .collect();
    let reply = |bits: usize| {
        let lines = (0..5).map(|nth| format!("criterion {nth}\t{}", bits >> nth & 1));
        lines.collect::<Vec<_>>().join("\n\n")
    };
    let replies: Vec<String> = (0..32).map(reply).collect();
    let mut taken = Duration::ZERO;
    for model in 0..12 {
        let readings: Vec<Reading> = (0..1000)
            .map(|at| parse(&items[at].criteria, &replies[(at * 7 + model) % 32]).unwrap())
            .collect();
        let start = Instant::now();
        let figures = aggregate(items.iter().zip(&readings));
        taken += start.elapsed();
        assert_eq!((figures.states.read, figures.by_kind.len()), (1000, 11));
        assert_eq!(figures.by_kind.values().map(|rate| rate.total).sum::<u64>(), 5000);
    }
    println!("CFBench: 12 models of 1,000 items aggregated in {taken:?}");
    assert!(taken < Duration::from_secs(1), "{taken:?}");
}

fn two() -> Vec<Criterion> {
    let criterion = |text: &str, priority| Criterion {
        text: text.to_owned(),
        priority,
        kind: "k".to_owned(),
        subkind: "s".to_owned(),
    };
    vec![criterion("a", Priority::Primary), criterion("b", Priority::Secondary)]
}

fn met(reading: &Reading) -> Vec<bool> {
    reading.marks.iter().map(|mark| mark.met).collect()
}

#[test]
fn the_form_is_kept_to_the_letter() {
    let good = parse_strictly(&two(), "a\t1\n\nb\t0.0 \r").unwrap();
    assert_eq!((met(&good), good.marks[1].text.as_str()), (vec![true, false], "0.0"));
    assert_eq!(met(&parse_strictly(&two(), "a\t１\n\nb\t-0\n").unwrap()), [true, false]);
    for bad in [
        "a\t1\nb\t0",
        "b\t1\n\na\t0",
        "a\t1\n\nb\t0\n\n",
        "\na\t1\n\nb\t0",
        "a\t1",
        "a\t1\n\nb 0",
        "a\t1\n\nb\t\t0",
        "a\t1\n\nb\t2",
        "a\t1\n\nb\tnan",
        "a\t1\n\nb\tyes",
        "a \t1\n\nb\t0",
        "",
    ] {
        assert_eq!(parse_strictly(&two(), bad), None, "{bad:?}");
    }
    assert_eq!(parse_strictly(&[], ""), None);
}

#[test]
fn the_fallback_drops_zeros_and_the_correction_keeps_them() {
    let reply = "so:\na\t1\nb\t0";
    let official = parse(&two(), reply).unwrap();
    assert_eq!((official.state, met(&official)), (State::Fallback, vec![true]));
    assert_eq!(score(&two(), &official), Score { csr: 1.0, isr: 1.0, psr: 1.0 });
    let corrected = parse_corrected(&two(), reply);
    assert_eq!((corrected.state, met(&corrected)), (State::Read, vec![true, false]));
    assert_eq!(score(&two(), &corrected), Score { csr: 0.5, isr: 0.0, psr: 0.0 });
    for reply in ["a\t1\nb\t0\nb\t1", "a\t1", "b\t1\na\t1", "a\t1\nb\tyes", "", "no"] {
        assert_eq!(parse_corrected(&two(), reply).state, State::Unread, "{reply:?}");
    }
}

#[test]
fn a_mark_that_is_no_number_ends_the_fallback() {
    let said = parse(&two(), "a\t1\nb\tyes").unwrap_err();
    assert_eq!(said, BadMark { line: 2, mark: "yes".to_owned() });
    assert_eq!(said.to_string(), "line 2 of the judge's reply: the mark `yes` is no number");
    let unread = parse(&two(), "a\tnan\nb\t2\nc\t0\nd\t1\t1").unwrap();
    assert_eq!((unread.state, unread.marks[0].text.as_str()), (State::Unread, "0"));
    assert_eq!(score(&two(), &unread), Score { csr: 0.0, isr: 0.0, psr: 0.0 });
}

#[test]
fn secondary_criteria_need_more_than_three_fifths() {
    let of = |text: &str, primary: &str| {
        let criterion = |at: usize, c: char| Criterion {
            text: at.to_string(),
            priority: if c == 'p' { Priority::Primary } else { Priority::Secondary },
            kind: String::new(),
            subkind: String::new(),
        };
        let list: Vec<Criterion> =
            primary.chars().enumerate().map(|(at, c)| criterion(at, c)).collect();
        let lines = text.chars().enumerate().map(|(at, mark)| format!("{at}\t{mark}"));
        score(&list, &parse(&list, &lines.collect::<Vec<_>>().join("\n\n")).unwrap()).psr
    };
    assert_eq!((of("111100", "psssss"), of("111000", "psssss")), (0.0, 0.0));
    assert_eq!((of("11110", "pssss"), of("11100", "pssss")), (1.0, 0.0));
    assert_eq!((of("011111", "psssss"), of("11", "pp"), of("10", "pp")), (0.0, 1.0, 0.0));
    assert_eq!((of("11110", "sssss"), of("111110", "ssssss")), (0.0, 1.0));
}

#[test]
fn nothing_has_no_figures_and_hostile_replies_take_no_time() {
    let none = aggregate([]);
    assert_eq!((none.all.csr, none.all.items, none.by_kind.len()), (None, 0, 0));
    assert!(serde_json::to_string(&none).unwrap().contains("\"csr\":null"));
    for part in ["\t", "\n\n", "a\t1\n", "\t１", "_", "a\t0\n\n"] {
        let reply = part.repeat(100_000);
        let _ = parse(&two(), &reply);
        assert!(parse_corrected(&two(), &reply).marks.len() <= 2);
    }
}

#[test]
fn the_request_shows_what_the_parser_takes() {
    let text = request(&item(two(), Split::Easy), "answer");
    assert!(text.contains("【评估标准】\na\n\nb\n") && text.contains("answer"), "{text}");
    let example = "全文使用中文\t1\n\n不超过三句话\t0\n";
    let start = text.find(example).unwrap();
    let mut shown = two();
    shown[0].text = "全文使用中文".to_owned();
    shown[1].text = "不超过三句话".to_owned();
    let reading = parse_strictly(&shown, &text[start..start + example.len()]).unwrap();
    assert_eq!(met(&reading), [true, false]);
}
