use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

use super::*;

/// The benchmark's files and the recorded verdicts; `None`, said aloud, where they are not at hand.
fn data() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("HEEDFUL_DATA").map_or_else(beside, PathBuf::from);
    if folder.join("golden/golden_followbench_rules.jsonl.gz").is_file() {
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

#[test]
fn replies_are_read_as_recorded() {
    let Some(folder) = data() else { return };
    let recorded = rows(&folder.join("golden/golden_followbench_judge_parse.jsonl.gz"));
    let mut agreeing = 0;
    for row in &recorded {
        let level = row["level"].as_u64().unwrap() as u8;
        let got = parse(row["generation"].as_str().unwrap(), level, Language::English);
        let same = Some(f64::from(got.hard())) == row["hard"].as_f64()
            && Some(got.soft()) == row["soft"].as_f64();
        agreeing += usize::from(same);
        if !same {
            println!("got {got:?}, recorded {row}");
        }
    }
    println!("FollowBench: {agreeing} of {} recorded replies agree", recorded.len());
    assert!(agreeing == recorded.len() && agreeing > 1000);
}

#[test]
fn rules_decide_as_recorded() {
    let Some(folder) = data() else { return };
    let recorded = rows(&folder.join("golden/golden_followbench_rules.jsonl.gz"));
    let mut tallies: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for row in &recorded {
        let text = |key: &str| row[key].as_str().unwrap();
        let (name, target, response) = (text("rule"), text("target"), text("generation"));
        let level = row["level"].as_u64().unwrap() as u8;
        let got = match Rule::ALL.into_iter().find(|rule| rule.name() == name) {
            Some(rule) => rule.check(Language::English, level, target, response).unwrap(),
            None => {
                assert_eq!(name, "example_check_match");
                matches(target, response)
            }
        };
        let tally = tallies.entry(name).or_default();
        let same = Some(got) == row["verdict"].as_bool();
        tally[0] += usize::from(same);
        tally[1] += 1;
        if !same {
            println!("got {got}, recorded {row}");
        }
    }
    let sum = |at: usize| tallies.values().map(|tally| tally[at]).sum::<usize>();
    println!("FollowBench: {} of {} recorded rules agree: {tallies:?}", sum(0), sum(1));
    assert_eq!((sum(0), tallies.len()), (sum(1), 16));
}

fn both(folder: &Path) -> [Items; 2] {
    [("data", Language::English), ("data_zh", Language::Chinese)]
        .map(|(name, language)| load(&folder.join("followbench").join(name), language).unwrap())
}

fn counted(items: &Items, which: impl Fn(How) -> bool) -> usize {
    items.list.iter().filter(|item| which(item.how)).count()
}

#[test]
fn the_published_files_are_taken() {
    let Some(folder) = data() else { return };
    let [english, chinese] = both(&folder);
    assert_eq!((english.list.len(), chinese.list.len()), (944, 908));
    assert_ne!(english.digest, chinese.digest);
    for (items, rules, unscored) in [(&english, 150, 0), (&chinese, 130, 5)] {
        assert_eq!(counted(items, |how| matches!(how, How::Rule(_))), rules);
        assert_eq!(counted(items, |how| how == How::Template), 200);
        assert_eq!(counted(items, |how| how == How::Unscored), unscored);
        for (at, item) in items.list.iter().enumerate() {
            let text = request(items, at, "the answer");
            assert_eq!(text.is_some(), item.how == How::Judge);
            let Some(text) = text else { continue };
            let seed = &items.list[at - usize::from(item.level)].instruction;
            assert!(text.contains(seed) && text.contains(&item.instruction));
            // The list that the request shows is one that the parser takes.
            let verdict = parse(&text, item.level, items.language);
            let met = item.level.div_ceil(2);
            assert_eq!(verdict, Verdict::Judged { met, of: item.level }, "{text}");
        }
    }
}

/// Verdicts as a perfect judge and a model that only repeats targets would have them.
fn verdicts(items: &Items, judged: impl Fn(&Item) -> Verdict) -> Vec<Option<Verdict>> {
    let verdict = |item: &Item| match item.how {
        How::Judge => Some(judged(item)),
        _ => decide(item, items.language, &item.target).unwrap(),
    };
    items.list.iter().map(verdict).collect()
}

#[test]
fn unread_replies_take_away_what_others_earn() {
    let Some(folder) = data() else { return };
    let [english, _] = both(&folder);
    let all = |item: &Item| Verdict::Judged { met: item.level, of: item.level };
    let good = aggregate(&english, &verdicts(&english, all)).unwrap();
    let style = good.categories["style"];
    assert_eq!((style.groups, style.unread, style.csl), (30, 0, 5.0));
    assert_eq!((style.official.hsr, style.corrected), ([100.0; 5], style.official));
    // CONLL2003, a fifth of these, wants one element of its target and here gets the list.
    let content = good.categories["content"];
    assert_eq!((content.groups, content.official.hsr, content.csl), (25, [80.0; 5], 4.0));
    assert_eq!(good.categories["situation"].official.hsr, [100.0; 5]);

    let first = |item: &Item| match item.example_id {
        1 => Verdict::Unread,
        _ => Verdict::Judged { met: item.level - 1, of: item.level },
    };
    let got = aggregate(&english, &verdicts(&english, first)).unwrap();
    let style = got.categories["style"];
    assert_eq!((style.unread, style.csl), (5, 0.0));
    assert_eq!(style.official.hsr, [-3.33; 5]);
    assert_eq!(style.official.ssr, [-3.33, 45.0, 61.11, 69.17, 74.0]);
    assert_eq!(style.corrected.hsr, [0.0; 5]);
    assert_eq!(style.corrected.ssr, [0.0, 48.33, 64.44, 72.5, 77.33]);
    let mean = |of: fn(&CategoryFigures) -> f64| {
        let judged = got.categories.iter().filter(|(name, _)| **name != "example");
        judged.map(|(_, figures)| of(figures)).sum::<f64>() / 5.0
    };
    let close = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 1e-9);
    assert!(close(got.weighted_hsr, mean(|figures| weighted(&figures.official.hsr))));
    assert!(close(got.weighted_ssr, mean(|figures| weighted(&figures.official.ssr))));
    assert!(serde_json::to_string(&got).unwrap().contains("\"weighted_hsr\":"));
}

#[test]
fn verdicts_must_be_whole() {
    let Some(folder) = data() else { return };
    let [_, chinese] = both(&folder);
    let mut given = verdicts(&chinese, |_| Verdict::Unread);
    assert!(aggregate(&chinese, &given).is_ok());
    given[1] = None;
    let said = aggregate(&chinese, &given).unwrap_err().to_string();
    assert_eq!(said, "no verdict on FollowBench content, example 1, level 1");
    given.pop();
    let said = aggregate(&chinese, &given).unwrap_err().to_string();
    assert_eq!(said, "907 verdicts for 908 FollowBench items");
}

#[test]
fn files_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("content_constraints.json");
    let row = |id: u32, level: u32, source: &str| {
        serde_json::json!({"example_id": id, "category": "content", "source": source,
            "level": level, "instruction": "i", "target": ""})
    };
    let said = |rows: &[Value]| {
        std::fs::write(&path, serde_json::to_string(rows).unwrap()).unwrap();
        match load_category(&path, Category::Content, Language::English) {
            Ok(list) => format!("{} items", list.len()),
            Err(error) => error.to_string(),
        }
    };
    let whole: Vec<Value> = (0..6).map(|level| row(1, level, "quora")).collect();
    assert_eq!(said(&whole), "6 items");
    assert!(said(&whole[..5]).ends_with("example 1, level 4: the levels after it are missing"));
    assert!(
        said(&whole[1..])
            .ends_with("row 1: example 1, level 1: key `level`: level 0 was to come here")
    );
    let again = [&whole[..], &whole[..]].concat();
    assert!(said(&again).ends_with("key `example_id`: was the id of the example before"));
    let changed = |at: usize, with: Value| {
        let mut rows = whole.clone();
        rows[at] = with;
        rows
    };
    assert!(said(&changed(2, row(1, 3, "quora"))).contains("example 1, level 2 was to come"));
    assert!(said(&changed(2, row(2, 2, "quora"))).contains("example 1, level 2 was to come"));
    assert!(said(&changed(2, row(1, 2, "xsum"))).contains("not scored as the level before"));
    assert!(said(&changed(2, row(1, 6, "quora"))).ends_with("row 3: key `level`: is over 5"));
    assert!(said(&changed(1, row(1, 1, "CONLL2003"))).ends_with("key `target`: `` is no list"));
}

#[test]
fn replies_differ_by_language() {
    let english = |reply: &str, level| parse(reply, level, Language::English);
    let chinese = |reply: &str, level| parse(reply, level, Language::Chinese);
    let judged = |met, of| Verdict::Judged { met, of };
    assert_eq!(english("x\n['YES', 'N/A']\n", 2), judged(1, 2));
    assert_eq!(chinese("x\n['YES', 'N/A']\n", 2), Verdict::Unread);
    assert_eq!(chinese("[“YES”, 'PARTIALLY']", 2), judged(1, 2));
    assert_eq!(english("[“YES”, 'PARTIAL']", 2), Verdict::Unread);
    assert_eq!((english("[YES, NO]", 2), chinese("[YES, NO]", 2)), (Verdict::Unread, judged(1, 2)));
    assert_eq!(chinese("[YES, UNKNOWN]", 2), Verdict::Unread);
    let longer = "['YES', 'YES', 'what']";
    assert_eq!((english(longer, 2), chinese(longer, 2)), (Verdict::Unread, judged(2, 2)));
    assert_eq!((english("['YES'] x", 2), english("NOT YES", 1)), (Verdict::Unread, judged(1, 1)));
    assert_eq!((english("yes", 1), english("KNOWN", 1)), (Verdict::Unread, judged(0, 1)));
    assert_eq!((english("]['YES']", 0), chinese("[]", 0)), (Verdict::Unread, Verdict::Unread));
    for part in ["[", "]", "['YES',", "`", "\n", "\\", "'", "“"] {
        let reply = part.repeat(200_000);
        assert_eq!(english(&reply, 3), Verdict::Unread, "{part:?}");
        assert_eq!(chinese(&reply, 3), Verdict::Unread, "{part:?}");
    }
}

#[test]
fn hostile_answers_are_decided_in_time() {
    for part in ["**1", "(A", "12/", "1", "$", "美元", "a.", ". ", "\n\n", "is ", "Potter.", "。"]
    {
        let response = part.repeat(50_000);
        for rule in Rule::ALL {
            for language in [Language::English, Language::Chinese] {
                for level in 0..7 {
                    rule.check(language, level, "['a']", &response).unwrap();
                }
            }
        }
    }
    let said = Rule::Conll2003.check(Language::English, 1, "a, b", "a").unwrap_err().to_string();
    assert_eq!(said, "rule CONLL2003: the target `a, b` is no list of Python");
}
