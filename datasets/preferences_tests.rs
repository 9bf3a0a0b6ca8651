use super::*;
use crate::pairs::{LabelSource, Side};
use crate::rows;
use crate::sets;

fn pair(level: u32, response_level: u32, sample: u32, label: bool) -> Pair {
    let side = if response_level < level { Side::Negative } else { Side::Positive };
    Pair {
        id: format!("{level}{response_level}{sample}"),
        ladder: "l".to_owned(),
        level,
        constraint_id: "punctuation:no_comma".to_owned(),
        kind: sets::Kind::Hard,
        family: "punctuation".to_owned(),
        constraint: "No commas.".to_owned(),
        args: "{}".to_owned(),
        prompt: format!("level {response_level}"),
        before: (level == 1).then(|| r#"[{"role":"system","content":"b"}]"#.to_owned()),
        instruction: None,
        response: format!("answer {response_level} {sample}"),
        key: None,
        response_level,
        sample,
        side,
        label,
        label_source: LabelSource::Rule,
        ladder_label: side == Side::Positive,
        rule_label: Some(label),
        truth: None,
        split: (level == 2).then(|| "dev".to_owned()),
        seed_id: None,
        policy: None,
    }
}

/// A pair, an inversion, a tie, two that are alone and one that is no pair.
fn pairs() -> Vec<Pair> {
    vec![
        pair(1, 1, 0, true),
        pair(1, 0, 0, false),
        pair(1, 1, 1, false),
        pair(1, 0, 1, true),
        pair(1, 1, 2, true),
        pair(1, 0, 2, true),
        pair(1, 1, 3, true),
        pair(1, 0, 4, false),
        pair(1, 3, 0, true),
        pair(2, 2, 0, true),
        pair(2, 1, 0, false),
    ]
}

fn read(path: &Path) -> Vec<Value> {
    let rows = rows::open_strict(path).expect("opens");
    rows.map(|row| Value::Object(row.expect("good").object)).collect()
}

#[test]
fn chosen_have_the_label_1_and_prompts_ask_for_the_constraint() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = |role: &str, content: &str| json!([{"role": role, "content": content}]);
    let prompt = json!([
        {"role": "system", "content": "b"}, {"role": "user", "content": "level 1"}
    ]);
    let out = folder.path().join("trl");
    let exported = export(&pairs(), Layout::TrlPreference, &out).expect("exports");
    assert_eq!(exported.files, [out.join("dev.parquet"), out.join("pairs.parquet")]);
    assert_eq!((exported.rows, exported.ties, exported.alone), (3, 1, 2));
    let rows = read(&exported.files[1]);
    assert_eq!((&rows[0]["prompt"], &rows[1]["prompt"]), (&prompt, &prompt));
    assert_eq!(rows[0]["chosen"], said("assistant", "answer 1 0"));
    assert_eq!(rows[0]["rejected"], said("assistant", "answer 0 0"));
    assert_eq!(rows[1]["chosen"], said("assistant", "answer 0 1"), "an inversion");
    assert_eq!(read(&exported.files[0])[0]["prompt"], said("user", "level 2"));

    let exported = export(&pairs(), Layout::NemoPreference, &folder.path().join("nemo"));
    let rows = read(&exported.expect("exports").files[1]);
    assert_eq!(
        (rows.len(), &rows[0]["context"], &rows[0]["task_name"]),
        (2, &prompt, &json!(TASK))
    );
    let [best, worst] = [0, 1].map(|at| &rows[1]["completions"][at]);
    assert_eq!(*best, json!({"rank": 0, "completion": said("assistant", "answer 0 1")}));
    assert_eq!(worst["rank"], 1);

    let exported = export(&pairs(), Layout::TrlUnpaired, &folder.path().join("unpaired"));
    let exported = exported.expect("exports");
    assert_eq!((exported.rows, exported.ties, exported.alone), (9, 0, 1));
    let rows = read(&exported.files[1]);
    let labels: Vec<bool> = rows.iter().filter_map(|row| row["label"].as_bool()).collect();
    assert_eq!(labels, [true, false, false, true, true, true, true]);
    assert!(rows.iter().all(|row| row["prompt"] == prompt));
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |pairs: &[Pair], named: &str| {
        let out = folder.path().join("out");
        let error = export(pairs, Layout::TrlPreference, &out).expect_err(named).to_string();
        assert!(error.contains(named), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "litter");
    };
    refused(&pairs()[4..6], "different labels");
    refused(&[Pair { split: Some("../x".to_owned()), ..pair(1, 1, 0, true) }], "../x");
    assert!("trl-paired".parse::<Layout>().expect_err("unknown").contains("nemo-preference"));
    for layout in Layout::ALL {
        assert_eq!(layout.name().parse(), Ok(layout));
    }
}
