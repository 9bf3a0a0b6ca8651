//! Whole runs over ladders and responses written by hand.

use heedful_datasets::pairs::Side::{self, Negative, Positive};
use heedful_datasets::pairs::{LabelSource, Pair, read};
use serde_json::Value;

use super::*;

/// A folder with a ladder of three levels: no comma, sad, at most three words.
struct Bench {
    folder: tempfile::TempDir,
    ladders: String,
    responses: String,
}

const CONSTRAINTS: [(&str, &str, &str, &str); 3] = [
    ("hard", "punctuation:no_comma", "{}", "No commas."),
    ("soft", "soft:tone_emotion", r#"{"trait": "sad"}"#, "Sound sad."),
    ("hard", "keywords:forbidden_words", r#"{"forbidden_words": ["cat"]}"#, "No cat."),
];

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        Bench { folder, ladders: String::new(), responses: String::new() }
    }

    /// Adds the levels of a ladder.
    fn ladder(&mut self, name: &str, levels: std::ops::RangeInclusive<usize>) {
        for level in levels {
            let asked = &CONSTRAINTS[..level];
            let hard = || asked.iter().filter(|(kind, ..)| *kind == "hard");
            let parsed = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
            let all = asked.iter().map(|(kind, id, args, text)| {
                json!({"kind": kind, "id": id, "args": parsed(args), "text": text})
            });
            let texts: String = asked.iter().map(|(.., text)| format!(" {text}")).collect();
            let row = json!({
                "key": format!("{name}-{level}"), "ladder": name, "level": level,
                "split": "train", "prompt": format!("Write {name}.{texts}"),
                "instruction_id_list": hard().map(|(_, id, ..)| *id).collect::<Vec<_>>(),
                "kwargs": hard().map(|(_, _, args, _)| parsed(args)).collect::<Vec<_>>(),
                "constraints": all.collect::<Vec<_>>(),
            });
            self.ladders.push_str(&format!("{row}\n"));
        }
    }

    fn answer(&mut self, key: &str, texts: &[&str]) {
        for text in texts {
            let row = json!({"key": key, "response": text});
            self.responses.push_str(&format!("{row}\n"));
        }
    }

    fn config(&self, labels: Labels, reach: Reach) -> Config {
        let [data, responses] =
            [("d", &self.ladders), ("r", &self.responses)].map(|(name, text)| {
                let path = self.folder.path().join(format!("{name}.jsonl"));
                std::fs::write(&path, text).unwrap();
                path
            });
        Config {
            data,
            responses,
            out: self.folder.path().join("out"),
            name: "pairs".to_owned(),
            labels,
            reach,
            profile: Profile::Corrected,
            thinking: Policy::Auto,
            prefilled: false,
            revision: Revision::default(),
        }
    }

    fn run(&self, labels: Labels, reach: Reach) -> (Vec<Pair>, Value) {
        let outcome = run(&self.config(labels, reach), &|_| {}).unwrap();
        (read(&outcome.path).unwrap(), Value::Object(outcome.counts))
    }

    fn refused(&self) -> String {
        let config = self.config(Labels::Agreed, Reach::Newest);
        let error = run(&config, &|_| {}).unwrap_err().to_string();
        assert!(!config.out.exists() || std::fs::read_dir(&config.out).unwrap().count() == 0);
        error
    }
}

/// Level, response, side and label of each pair.
fn shown(pairs: &[Pair]) -> Vec<(u32, &str, Side, u8)> {
    let one = |p: &'_ Pair| (p.level, p.side, u8::from(p.label));
    let with = |(level, side, label), response| (level, response, side, label);
    pairs.iter().map(|pair| with(one(pair), pair.response.as_str())).collect()
}

#[test]
fn a_ladder_gives_each_constraint_both_sides() {
    let mut bench = Bench::new();
    bench.ladder("a", 0..=2);
    bench.answer("a-0", &["x, y", "<think>hm</think>x"]);
    bench.answer("a-1", &["x y", "<think>hm"]);
    bench.answer("a-2", &["alas", ""]);
    bench.answer("b-0", &["?"]);
    let (pairs, counts) = bench.run(Labels::Ladder, Reach::Newest);
    let expected = [
        (1, "x y", Positive, 1),
        (1, "x, y", Negative, 0),
        (1, "x", Negative, 0),
        (2, "alas", Positive, 1),
        (2, "x y", Negative, 0),
    ];
    assert_eq!(shown(&pairs), expected);
    let [first, .., sad, _] = &pairs[..] else { panic!("five") };
    assert_eq!((first.rule_label, first.truth), (Some(true), None));
    assert_eq!((sad.rule_label, sad.truth), (None, Some(true)));
    assert_eq!((first.family.as_str(), sad.family.as_str()), ("punctuation", "stylistic"));
    assert_eq!(sad.args, r#"{"trait":"sad"}"#);
    assert_eq!(sad.instruction.as_deref(), Some("Write a."));
    assert_eq!(sad.prompt, "Write a. No commas. Sound sad.");
    assert_eq!((sad.key.as_deref(), sad.split.as_deref()), (Some("a-2"), Some("train")));
    let joined = &counts["joined"];
    let told = ["responses", "unmatched", "unclosed", "empty"].map(|key| joined[key].as_u64());
    assert_eq!(told, [Some(7), Some(1), Some(1), Some(1)]);
    assert_eq!(counts["without_negatives"]["levels"], 0);
    assert_eq!(counts["all"]["positives_satisfied"]["rate"], 1.0);
    let negatives = &counts["families"]["punctuation"]["negatives_violated"];
    assert_eq!(*negatives, json!({"of": 2, "n": 1, "rate": 0.5}));
    assert_eq!(counts["constraints"]["soft:tone_emotion"]["label_true"]["rate"], 1.0);
}

#[test]
fn all_constraints_can_be_reached() {
    let mut bench = Bench::new();
    bench.ladder("a", 0..=3);
    for level in 0..=3 {
        bench.answer(&format!("a-{level}"), &[&format!("answer {level}")]);
    }
    let (pairs, _) = bench.run(Labels::Ladder, Reach::All);
    assert_eq!(pairs.len(), 12);
    for pair in &pairs {
        let level: u32 = pair.response[7..].parse().unwrap();
        assert_eq!((level, pair.label), (pair.response_level, level >= pair.level));
        assert_eq!(pair.label_source, LabelSource::Ladder);
    }
    let ids: std::collections::BTreeSet<&str> = pairs.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids.len(), 12);
}

#[test]
fn rules_decide_where_they_can() {
    let mut bench = Bench::new();
    bench.ladder("a", 0..=2);
    bench.answer("a-0", &["x", "y"]);
    bench.answer("a-1", &["x, x", "y, y"]);
    bench.answer("a-2", &["z", "z"]);
    let (pairs, counts) = bench.run(Labels::Rules, Reach::Newest);
    let label = |pair: &Pair| (pair.level, pair.label, pair.ladder_label, pair.label_source);
    assert_eq!(label(&pairs[0]), (1, false, true, LabelSource::Rule));
    assert_eq!(label(&pairs[1]), (1, true, false, LabelSource::Rule));
    assert_eq!(label(&pairs[4]), (2, true, true, LabelSource::Ladder));
    assert_eq!(counts["all"]["inversions"], 2);
    assert_eq!(counts["unsupported"], Value::Null);
}

#[test]
fn what_nothing_contradicts_is_agreed() {
    let mut bench = Bench::new();
    bench.ladder("a", 0..=2);
    bench.answer("a-0", &["x, y", "x", "x, y", "x", "same", "x"]);
    bench.answer("a-1", &["x", "y", "y, x", "y, x", "same"]);
    bench.answer("a-2", &["alas", "alas x"]);
    let (pairs, counts) = bench.run(Labels::Agreed, Reach::Newest);
    let first: Vec<_> = shown(&pairs).into_iter().filter(|(level, ..)| *level == 1).collect();
    assert_eq!(first, [(1, "x", Positive, 1), (1, "x, y", Negative, 0)]);
    let punctuation = &counts["families"]["punctuation"];
    let dropped = json!({"contradicted": 1, "inversion": 2, "same_text": 2, "tie": 4});
    assert_eq!(punctuation["dropped"], dropped);
    let told = ["both_satisfied", "both_violated", "inversions"].map(|key| &punctuation[key]);
    assert_eq!(told, [&json!(2), &json!(1), &json!(1)]);
    // Two samples of a lone ladder have too few others.
    assert_eq!(counts["unsupported"], counts["families"]["stylistic"]["sources"]["ladder"]);
    assert_eq!(counts["unsupported"], 7);
}

#[test]
fn other_ladders_agree_on_soft_constraints() {
    let mut bench = Bench::new();
    for name in (b'a'..b'm').map(char::from).map(String::from) {
        let name = name.as_str();
        bench.ladder(name, 1..=2);
        bench.answer(&format!("{name}-1"), &[&format!("plain {name}")]);
        bench.answer(&format!("{name}-2"), &[&format!("alas {name}")]);
    }
    bench.ladder("z", 1..=2);
    bench.answer("z-1", &["alas"]);
    bench.answer("z-2", &["plain"]);
    let (pairs, counts) = bench.run(Labels::Agreed, Reach::Newest);
    let soft: Vec<&Pair> = pairs.iter().filter(|pair| pair.level == 2).collect();
    assert_eq!(soft.len(), 24);
    assert!(soft.iter().all(|pair| pair.label_source == LabelSource::Agreement));
    assert!(soft.iter().all(|pair| pair.ladder != "z" && pair.label == pair.ladder_label));
    let stylistic = &counts["families"]["stylistic"];
    assert_eq!(stylistic["dropped"], json!({"disagreed": 2}));
    assert_eq!(
        (&stylistic["side_true"]["n"], &stylistic["label_true"]["rate"]),
        (&json!(24), &json!(1.0))
    );
    // Level 1 has no level 0: its positives stand alone.
    assert_eq!(counts["without_negatives"]["levels"], 13);
    assert_eq!(counts["without_negatives"]["first"][0], "a level 1");
}

#[test]
fn a_level_that_is_shared_is_found_by_its_id() {
    let mut bench = Bench::new();
    bench.ladder("a", 0..=1);
    bench.ladder("b", 1..=1);
    bench.ladders = bench.ladders.replace(r#"{"key":"a-0""#, r#"{"id":"bare","key":"a-0""#);
    bench.ladders = bench.ladders.replace(r#"{"key":"b-1""#, r#"{"parent":"bare","key":"b-1""#);
    bench.answer("a-0", &["x, y"]);
    bench.answer("a-1", &["x"]);
    bench.answer("b-1", &["y"]);
    let (pairs, counts) = bench.run(Labels::Agreed, Reach::All);
    let seen: Vec<_> = pairs.iter().map(|p| (p.ladder.as_str(), p.response.as_str())).collect();
    assert_eq!(seen, [("a", "x"), ("a", "x, y"), ("b", "y"), ("b", "x, y")]);
    assert_eq!(counts["without_negatives"]["levels"], 0);
    assert_eq!(pairs[2].instruction.as_deref(), Some("Write a."));
}

#[test]
fn what_cannot_be_paired_is_named() {
    let mut good = Bench::new();
    good.ladder("a", 0..=1);
    good.answer("a-0", &["x"]);
    good.answer("a-1", &["y"]);
    let cases: [(&str, &str, bool, &[&str]); 7] = [
        (r#""level":1,"#, "", true, &["line 2", "`level`", "missing"]),
        (r#""level":1"#, r#""level":2"#, true, &["line 2", "number of constraints, 1"]),
        (r#""ladder":"a","#, "", true, &["line 1", "`ladder`", "missing"]),
        (r#""key":"a-1""#, r#""key":"a-0""#, true, &["line 2", "stands twice"]),
        ("no_comma", "no_such", true, &["punctuation:no_such"]),
        (r#""response":"x""#, r#""response":3"#, false, &["line 1", "`response`", "(value 3)"]),
        (r#""response":"x""#, r#""sample":"x","response":"x""#, false, &["`sample`"]),
    ];
    for (old, new, data, words) in cases {
        let mut bad = Bench::new();
        bad.ladders = good.ladders.clone();
        bad.responses = good.responses.clone();
        let text = if data { &mut bad.ladders } else { &mut bad.responses };
        *text = text.replace(old, new);
        let error = bad.refused();
        assert!(words.iter().all(|word| error.contains(word)), "{words:?}: {error}");
    }
    let answers = std::mem::take(&mut good.responses);
    good.answer("z", &["x"]);
    assert!(good.refused().contains("no response to a row of the data"));
    good.responses.clear();
    good.answer("a-0", &["x"]);
    assert!(good.refused().contains("answers no level above 0"));
    good.responses = answers;
    good.ladders = good.ladders.replace("punctuation:no_comma", "change_case:english_lowercase");
    good.ladder("a", 2..=2);
    assert!(good.refused().contains("not the first of its ladder's longest row"));
}

#[test]
fn the_same_sample_twice_is_refused() {
    let mut bench = Bench::new();
    bench.ladder("a", 0..=1);
    bench.responses = "{\"key\": \"a-1\", \"sample\": 2, \"response\": \"x\"}\n".repeat(2);
    assert!(bench.refused().contains("stands twice for its prompt"));
}
