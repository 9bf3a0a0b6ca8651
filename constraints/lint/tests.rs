use serde_json::json;

use super::*;

fn row(prompt: &str, constraints: &[(&str, Value)]) -> Row {
    Row {
        key: None,
        prompt: prompt.to_owned(),
        ids: constraints.iter().map(|(id, _)| (*id).to_owned()).collect(),
        kwargs: constraints.iter().map(|(_, args)| args.clone()).collect(),
    }
}

fn kinds(row: &Row) -> Vec<Kind> {
    check(row, &Options::default()).into_iter().map(|finding| finding.kind).collect()
}

#[test]
fn ids_and_arguments_are_checked() {
    let findings = check(&row("", &[("punctuation:nocomma", json!({}))]), &Options::default());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].kind, Kind::UnknownId);
    assert!(findings[0].message.contains("punctuation:no_comma"), "{}", findings[0].message);
    let words = "length_constraints:number_words";
    let bad = [
        (json!({"relation": "at least"}), "num_words", ""),
        (json!({"relation": "at least", "num_words": 3, "x": 1}), "x", "1"),
        (json!({"relation": "at least", "num_words": "3"}), "num_words", "\"3\""),
        (json!([1]), "kwargs", "[1]"),
    ];
    for (args, key, value) in bad {
        let findings = check(&row("", &[(words, args)]), &Options::default());
        assert_eq!(findings.len(), 1, "{findings:?}");
        let found = &findings[0];
        assert_eq!((found.kind, found.rule.as_str()), (Kind::BadArguments, words));
        assert_eq!((found.key.as_str(), found.value.as_str()), (key, value));
    }
    let good = json!({"relation": "at least", "num_words": 3, "keywords": null});
    assert_eq!(kinds(&row("", &[(words, good)])), []);
    assert_eq!(kinds(&row("", &[("punctuation:no_comma", Value::Null)])), []);
    assert_eq!(kinds(&row("", &[("soft:tone_emotion", Value::Null)])), []);
    let mut uneven = row("", &[("punctuation:no_comma", json!({}))]);
    uneven.kwargs.push(json!({}));
    assert_eq!(kinds(&uneven), [Kind::BadArguments]);
}

#[test]
fn what_cannot_hold_is_found() {
    let words = "length_constraints:number_words";
    let never = json!({"relation": "less than", "num_words": 0});
    assert_eq!(kinds(&row("", &[(words, never)])), [Kind::Impossible]);
    let few = json!({"relation": "less than", "num_words": 20});
    let many = json!({"relation": "at least", "num_words": 20});
    let set = [("punctuation:no_comma", json!({})), (words, few), (words, many)];
    let findings = check(&row("", &set), &Options::default());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].kind, findings[0].rule.as_str()), (Kind::Contradiction, words));
    assert!(!findings[0].message.contains("no_comma"), "{}", findings[0].message);
    let quoted = [("startend:quotation", json!({})), ("startend:quotation", json!({"a": null}))];
    assert_eq!(kinds(&row("", &quoted)), [Kind::RepeatedConstraint]);
}

#[test]
fn ten_thousand_constraints_are_too_many() {
    let one = ("length_constraints:number_words", json!({"relation": "at least", "num_words": 9}));
    let row = row("", &vec![one; 10_000]);
    let kinds = kinds(&row);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::TooMany).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::RepeatedConstraint).count(), 9_999);
    assert_eq!(kinds.len(), 10_000);
}

#[test]
fn prompts_that_say_something_else_are_found() {
    let words = |n: u64| {
        ("length_constraints:number_words", json!({"relation": "at least", "num_words": n}))
    };
    let prompt = "Write about rain. Use at least two hundred words and tell a joke.";
    assert_eq!(kinds(&row(prompt, &[words(200)])), []);
    assert_eq!(kinds(&row(prompt, &[words(250)])), [Kind::Disagreement]);
    let said = "Write about rain. Use more than 99 words.";
    assert_eq!(kinds(&row(said, &[words(100)])), []);
    let less = json!({"relation": "less than", "num_words": 100});
    let less = ("length_constraints:number_words", less);
    assert_eq!(kinds(&row(said, &[less])), [Kind::Disagreement]);
    let language = |code: &str| ("language:response_language", json!({"language": code}));
    assert_eq!(kinds(&row("Answer in Urdu only.", &[language("ur")])), []);
    assert_eq!(kinds(&row("Was ist Regen?", &[language("ur")])), [Kind::Disagreement]);
    let forbidden = json!({"forbidden_words": ["cloud", "sun-lit"]});
    let forbidden = ("keywords:forbidden_words", forbidden);
    assert_eq!(
        kinds(&row("Say no 'Cloud' and no 'sunlit'.", std::slice::from_ref(&forbidden))),
        []
    );
    assert_eq!(kinds(&row("Say no 'cloud'.", &[forbidden])), [Kind::Disagreement]);
}

#[test]
fn the_linter_knows_rows_again() {
    let mut linter: Linter<u64> = Linter::new(Options { remembered: 2, ..Options::default() });
    let mut row = row("one", &[]);
    row.key = Some("1".to_owned());
    assert!(linter.row(&row, 1).is_empty());
    row.key = Some("2".to_owned());
    let findings = linter.row(&row, 2);
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].kind, Kind::DuplicatePrompt);
    assert!(findings[0].message.ends_with("as 1"), "{}", findings[0].message);
    row.prompt = "two".to_owned();
    assert_eq!(linter.row(&row, 3)[0].kind, Kind::DuplicateKey);
    row.prompt = "three".to_owned();
    row.key = None;
    assert!(linter.row(&row, 4).is_empty());
    assert_eq!((linter.rows(), linter.total(), linter.forgotten()), (4, 2, 1));
}

/// The findings of a file of prompts by row key; `None` when the data is not at hand.
fn findings_of(file: &str) -> Option<Vec<(String, Finding)>> {
    let folder = std::env::var("HEEDFUL_DATA")
        .unwrap_or_else(|_| format!("{}/../../shared/data", env!("CARGO_MANIFEST_DIR")));
    let path = format!("{folder}/{file}");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{path} is missing");
        println!("SKIPPED: {path} is missing");
        return None;
    };
    let mut linter: Linter<usize> = Linter::new(Options::default());
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let object: Value = serde_json::from_str(line).expect("a row");
        let key = object["key"].to_string().trim_matches('"').to_owned();
        let ids = object["instruction_id_list"].as_array().expect("a list");
        let row = Row {
            key: Some(key.clone()),
            prompt: object["prompt"].as_str().expect("a prompt").to_owned(),
            ids: ids.iter().map(|id| id.as_str().expect("an id").to_owned()).collect(),
            kwargs: object["kwargs"].as_array().expect("a list").clone(),
        };
        let findings = linter.row(&row, at + 1);
        found.extend(findings.into_iter().map(|finding| (key.clone(), finding)));
    }
    for (key, finding) in &found {
        println!("{key} {} {} {}: {}", finding.kind, finding.rule, finding.key, finding.message);
    }
    Some(found)
}

/// The row keys of the findings of one kind, sorted.
fn keys(found: &[(String, Finding)], kind: Kind) -> Vec<&str> {
    let mut keys: Vec<&str> =
        found.iter().filter(|(_, f)| f.kind == kind).map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys
}

/// Each was read by eye: 337 and 1174 state other numbers or relations than their arguments, 2078
/// asks for one bullet and for several; the contradictions must repeat what they must not say.
#[test]
fn the_faults_of_ifeval_are_found_and_nothing_else() {
    let Some(found) = findings_of("ifeval/input_data.jsonl") else { return };
    assert_eq!(keys(&found, Kind::Disagreement), ["1174", "2078", "337"]);
    let contradictions = ["1627", "3369", "3371", "3718", "374"];
    assert_eq!(keys(&found, Kind::Contradiction), contradictions);
    assert_eq!(keys(&found, Kind::RepeatedConstraint), ["30"]);
    assert_eq!(found.len(), 9);
}

/// Read by eye: 105 is to be one of two options, neither of which has a line for each word.
#[test]
fn the_fault_of_ifbench_is_found_and_nothing_else() {
    let Some(found) = findings_of("ifbench/IFBench_test.jsonl") else { return };
    assert_eq!(keys(&found, Kind::Contradiction), ["105"]);
    assert_eq!(found.len(), 1);
}
