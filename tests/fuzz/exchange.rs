//! Arbitrary bytes to the readers of what other tools write.

use flate2::Crc;
use heedful_benchmarks::exchange;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{edited, fuzz};
use crate::util::{file, folder};

/// A log of two samples, its entries stored.
fn log() -> Vec<u8> {
    let sample = |id: u64| {
        format!(
            "{{\"id\":{id},\"epoch\":1,\"input\":\"p\",\"output\":{{\"choices\":[{{\"message\":{{\
             \"content\":\"a\"}},\"stop_reason\":\"stop\"}}]}},\"metadata\":{{\
             \"instruction_id_list\":[\"punctuation:no_comma\"],\"kwargs\":{{\"0\":{{}}}}}}}}"
        )
    };
    let entries = [
        ("samples/1_epoch_1.json", sample(1)),
        ("samples/2_epoch_1.json", sample(2)),
        ("header.json", "{\"version\":2,\"status\":\"success\"}".to_owned()),
    ];
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in &entries {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let mut head = vec![20, 0, 0, 0, 0, 0, 0, 0, 33, 0];
        let numbers = [crc.sum(), text.len() as u32, text.len() as u32, name.len() as u32];
        head.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
        directory.extend(b"PK\x01\x02\x14\0".iter().chain(&head).chain(&[0; 10]));
        directory.extend((out.len() as u32).to_le_bytes().iter().chain(name.as_bytes()));
        out.extend(b"PK\x03\x04".iter().chain(&head).chain(name.as_bytes()));
        out.extend(text.as_bytes());
    }
    let numbers = [0, 3 << 16 | 3, directory.len() as u32, out.len() as u32];
    out.extend(&directory);
    out.extend(b"PK\x05\x06");
    out.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    out.extend([0, 0]);
    out
}

#[test]
fn any_log_is_read_or_refused_with_its_name() {
    let (folder, whole) = (folder(), log());
    let path = file(folder.path(), "whole.eval", &whole);
    assert_eq!(exchange::read(&path, None).unwrap().list.len(), 2);
    let bytes = select(vec![0u8, 1, 2, 8, 93, 127, 128, 255, b'P', b'{', b'"']);
    let edits = prop::collection::vec((any::<Index>(), bytes), 0..6);
    let strategy = (edits, prop::option::of(any::<Index>()));
    fuzz("logs", &strategy, |(edits, end)| {
        let mut changed = whole.clone();
        for (at, byte) in &edits {
            *at.get_mut(&mut changed) = *byte;
        }
        changed.truncate(end.map_or(whole.len(), |end| end.index(whole.len())));
        let path = file(folder.path(), "x.eval", &changed);
        match exchange::read(&path, Some(exchange::Layout::Inspect)) {
            Ok(read) => prop_assert!(!read.list.is_empty() && read.list.len() <= 2),
            Err(error) => {
                let said = error.to_string();
                prop_assert!(said.contains("x.eval") && said.len() < 2000, "{said}");
            }
        }
        Ok(())
    });
}

#[test]
fn any_row_of_answers_is_read_or_refused_with_its_place() {
    const POOL: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "null",
        "true",
        "1e999",
        "-1",
        "{}",
        "[]",
        "\"doc\"",
        "\"resps\"",
        "\"choices\"",
        "\"message\"",
        "\"response\"",
        "\"input\"",
        "\"gts\"",
        "\"completion\"",
        "\"instruction_id_list\"",
        "\\ud800",
        "\0",
    ];
    let rows = [
        r#"{"doc":{"key":1,"prompt":"p"},"resps":[["a"]],"filtered_resps":["a"],"filter":"none"}"#,
        r#"{"custom_id":"1","response":{"body":{"choices":[{"message":{"content":"a"}}]}}}"#,
        r#"{"input":"p","output":"a","gts":"{\"instruction_id_list\":[]}","score":1,"step":2}"#,
        r#"{"prompt":[{"role":"user","content":"p"}],"completion":"a","reward":0.5}"#,
        r#"{"key":1,"responses":["a",null],"finish_reason":"stop","sample":3}"#,
    ];
    let strategy = edited(rows.map(str::to_owned).into(), &POOL);
    let folder = folder();
    fuzz("answers", &strategy, |text| {
        let path = file(folder.path(), "x.jsonl", &text);
        if let Err(error) = exchange::read(&path, None) {
            let said = error.to_string();
            prop_assert!(said.contains("x.jsonl") && said.len() < 4000, "{said}");
        }
        Ok(())
    });
}
