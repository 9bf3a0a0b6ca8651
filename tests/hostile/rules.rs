//! Rows that ask for what cannot be asked for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{MEMORY, Readers, good, good_row, refuses};
use crate::util::{arg, file, folder, heedful};

/// A row that asks for `rule` in every layout, with its place as `key`.
fn asking(key: u64, rule: &str, args: &Value, as_row: bool) -> String {
    let kwargs = if as_row { args.clone() } else { json!([args]) };
    let row = json!({
        "id": key, "key": key, "prompt": format!("prompt {key}"), "instruction_id": rule,
        "instruction_id_list": [rule], "kwargs": kwargs, "response": "a b c",
    });
    format!("{row}\n")
}

#[test]
fn an_unknown_rule_or_a_bad_argument_is_an_error_with_its_place() {
    let words = "length_constraints:number_words";
    let cases = [
        ("no:rule", json!({}), "unknown rule `no:rule`", ""),
        ("punctuation:no_coma", json!({}), "did you mean `punctuation:no_comma`?", ""),
        (words, json!({"num_words": 3}), "key `relation`", "missing"),
        (words, json!({"num_words": "x", "relation": "at least"}), "key `num_words`", "\"x\""),
        (words, json!({"num_words": -5, "relation": "at least"}), "key `num_words`", "-5"),
        (words, json!({"num_words": 1e300, "relation": "at least"}), "key `num_words`", "e+300"),
        (words, json!({"num_words": 3, "relation": "near"}), "key `relation`", "near"),
        ("punctuation:no_comma", json!({"extra": 1}), "key `extra`", "1"),
        ("keywords:existence", json!({"keywords": 3}), "key `keywords`", "3"),
    ];
    let folder = folder();
    let readers = Readers::new(folder.path());
    for (rule, args, key, value) in cases {
        let rows = good_row(1) + &asking(2, rule, &args, true) + &good_row(3);
        let bad = file(folder.path(), "rows.jsonl", rows);
        let command = readers.all(&bad).remove(0);
        refuses(&command, &bad, &["line 2", rule, key, value]);
        let ran = heedful(command.iter().map(String::as_str).chain(["--skip-bad", "--json"])).ok();
        let summary: Value = serde_json::from_str(ran.stderr.trim()).unwrap();
        assert_eq!((&summary["rows"], &summary["skipped"]), (&json!(2), &json!(1)));

        let rows = good(1) + &asking(2, rule, &args, false) + &good(3);
        let bad = file(folder.path(), "data.jsonl", rows);
        let commands = readers.all(&bad);
        for command in [&commands[1], &commands[3]] {
            refuses(command, &bad, &["line 2", rule, key, value]);
        }
        let given = commands[1].iter().map(String::as_str).chain(["--skip-bad", "--json"]);
        let summary: Value = serde_json::from_str(heedful(given).ok().stderr.trim()).unwrap();
        assert_eq!((&summary["data"], &summary["skipped"]), (&json!(2), &json!(1)));
        let check = heedful(&commands[5]).run();
        assert_eq!(check.code, 1, "{}", check.stderr);
        assert!(check.text().contains("data.jsonl:2") && check.text().contains(rule));
    }
}

#[test]
fn ten_thousand_constraints_on_a_row_are_refused() {
    let folder = folder();
    let readers = Readers::new(folder.path());
    let row = json!({
        "key": 1, "prompt": "p", "instruction_id_list": vec!["punctuation:no_comma"; 10_000],
        "kwargs": vec![json!({}); 10_000],
    });
    let bad = file(folder.path(), "many.jsonl", format!("{row}\n"));
    let commands = readers.all(&bad);
    for command in [&commands[1], &commands[3]] {
        refuses(command, &bad, &["line 1", "10000 constraints", "limit"]);
    }
    let begun = Instant::now();
    let check = heedful(&commands[5]).memory(MEMORY).run();
    assert!(check.code == 1 || check.code == 2, "{}", check.stderr);
    assert!(format!("{}{}", check.text(), check.stderr).contains("10000"), "{}", check.text());
    assert!(check.stdout.len() < 4 << 20, "a flood of findings");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let soft = vec![json!({"id": "tone", "kind": "soft"}); 10_000];
    let row = json!({"key": 1, "prompt": "p", "constraints": soft});
    let bad = file(folder.path(), "soft.jsonl", format!("{row}\n"));
    refuses(&readers.all(&bad)[1], &bad, &["line 1", "10000 constraints", "limit"]);
}

#[test]
fn hostile_patterns_take_neither_time_nor_memory() {
    let bomb = "(".repeat(5000) + &")".repeat(5000);
    let patterns = [
        "(a+)+$",
        "(a|a)*b",
        "(a|aa)+$",
        "(.*)*(.*)*(.*)*x",
        "((((a{100}){100}){100}){100})",
        "a{1000000000}",
        "(?:a?){5000}a{5000}",
        "(?=a)(?<=b)",
        "(a)\\1",
        "[",
        "(x",
        "*",
        "C++",
        "\\",
        "(?P<n>a)(?P=n)",
        "\\N{DIGIT ONE}",
        "(?i)(?s)a",
        "",
        "\u{0}",
        bomb.as_str(),
    ];
    let response = "a".repeat(200_000) + "!";
    let mut text = String::new();
    let rules =
        [("keywords:existence", "keywords"), ("keywords:forbidden_words", "forbidden_words")];
    for (rule, key) in rules {
        for pattern in patterns {
            let row = json!({
                "id": pattern, "instruction_id": rule, "kwargs": {key: [pattern]},
                "response": response,
            });
            text.push_str(&format!("{row}\n"));
        }
    }
    let folder = folder();
    let rows = arg(file(folder.path(), "patterns.jsonl", text));
    let begun = Instant::now();
    let command = ["verify", "--rows", &rows, "--skip-bad", "--json"];
    let ran = heedful(command).memory(MEMORY).ok();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let lines = ran.lines();
    let summary: Value = serde_json::from_str(ran.stderr.trim()).unwrap();
    let skipped = summary["skipped"].as_u64().unwrap() as usize;
    assert_eq!(lines.len() + skipped, 2 * patterns.len());
    assert!(skipped <= 2, "only the empty keyword may be no keyword: {skipped} skipped");
    for pattern in ["(?=a)(?<=b)", "(a)\\1", "[", "(x", "*"] {
        for line in lines.iter().filter(|line| line["id"] == pattern) {
            assert_eq!((&line["strict"], &line["loose"]), (&Value::Null, &Value::Null), "{line}");
            assert!(line["error"].as_str().is_some_and(|error| error.len() < 1000), "{line}");
        }
    }
    let verdict = |pattern: &str| {
        lines.iter().find(|line| line["id"] == pattern).map(|line| line["strict"].clone())
    };
    assert_eq!(verdict("(a+)+$"), Some(json!(false)));
    assert_eq!(verdict("(?i)(?s)a"), Some(json!(true)));
}

#[test]
fn responses_of_any_text_get_a_verdict() {
    let texts = [
        "\u{0}\u{1}\u{1f}".to_owned(),
        "\u{feff}\u{200b}\u{2028}\u{85}".repeat(1000),
        "*".repeat(300_000),
        "\n".repeat(300_000) + "x",
        "- ".repeat(100_000),
        "<<".repeat(50_000) + &">>".repeat(50_000),
        "[".repeat(200_000),
        "```json\n".repeat(20_000),
        "\"".repeat(100_001),
        "a.".repeat(100_000),
        "Dr. ".repeat(50_000),
        "é\u{301}İıſK".repeat(20_000),
        "\u{10ffff}\u{e000}\u{1f600}".repeat(20_000),
        "|a|b|\n|-|-|\n".repeat(10_000),
    ];
    let rules = crate::fuzz::asked();
    let mut data = String::new();
    let mut responses = String::new();
    for (at, (rule, args)) in rules.iter().enumerate() {
        let key = at as u64 + 1;
        data.push_str(&asking(key, rule, args, false));
        let text = &texts[at % texts.len()];
        responses.push_str(&format!("{}\n", json!({"key": key, "response": text})));
    }
    let folder = folder();
    let data = arg(file(folder.path(), "data.jsonl", data));
    let responses = arg(file(folder.path(), "responses.jsonl", responses));
    let begun = Instant::now();
    let command = ["verify", "--data", &data, "--responses", &responses];
    let ran = heedful(command).memory(MEMORY).ok();
    assert_eq!(ran.lines().len(), rules.len());
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
