use super::*;

pub(crate) fn pair() -> Pair {
    Pair {
        id: "0".repeat(32),
        ladder: "l".to_owned(),
        level: 2,
        constraint_id: "soft:tone_emotion".to_owned(),
        kind: Kind::Soft,
        family: "stylistic".to_owned(),
        constraint: "Be sad.".to_owned(),
        args: r#"{"trait":"sad"}"#.to_owned(),
        prompt: "Write. Be sad.".to_owned(),
        before: None,
        instruction: Some("Write.".to_owned()),
        response: "Alas.".to_owned(),
        key: Some("l-2".to_owned()),
        response_level: 2,
        sample: 0,
        side: Side::Positive,
        label: true,
        label_source: LabelSource::Agreement,
        ladder_label: true,
        rule_label: None,
        truth: Some(true),
        split: Some("train".to_owned()),
        seed_id: None,
        policy: None,
    }
}

#[test]
fn pairs_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("p.parquet");
    let negative = Pair {
        side: Side::Negative,
        label: false,
        rule_label: Some(true),
        label_source: LabelSource::Rule,
        kind: Kind::Hard,
        before: Some("[]".to_owned()),
        ..pair()
    };
    let pairs = vec![pair(), negative];
    let mut writer = Writer::create(&path, &COLUMNS).expect("begun");
    pairs.iter().for_each(|pair| push(&mut writer, pair).expect("written"));
    writer.finish().expect("closed");
    assert_eq!(read(&path).expect("good"), pairs);
    let bytes = std::fs::read(&path).expect("read");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut");
    assert!(read(&path).expect_err("cut").to_string().contains("p.parquet"));
}

#[test]
fn what_is_no_pair_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("p.jsonl");
    let good = r#"{"id":"a","ladder":"l","level":1,"constraint_id":"a:b","kind":"hard",
        "family":"a","constraint":"c","args":"{}","prompt":"p","response":"r","response_level":1,
        "sample":0,"side":"positive","label":1,"label_source":"rule","ladder_label":1}"#
        .replace('\n', " ");
    std::fs::write(&path, &good).expect("written");
    assert_eq!(read(&path).expect("good").len(), 1);
    let cases = [
        (r#""label":1,"#, "", "`label`: is missing"),
        (r#""label":1"#, r#""label":2"#, "is not 0 or 1 (value 2)"),
        (r#""args":"{}""#, r#""args":"[""#, "`args`"),
        (r#""side""#, r#""before":"{}","side""#, "`before`"),
        (r#""side":"positive""#, r#""side":"left""#, "none of positive, negative"),
        (r#""level":1"#, r#""level":-1"#, "`level`"),
        (r#""prompt":"p""#, r#""prompt":[]"#, "`prompt`"),
    ];
    for (old, new, named) in cases {
        std::fs::write(&path, good.replacen(old, new, 1)).expect("written");
        let error = read(&path).expect_err(named).to_string();
        assert!(error.contains(named) && error.contains("line 1"), "{error}");
    }
    std::fs::write(&path, "").expect("written");
    assert!(read(&path).is_err());
}
