use std::io::Write;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

fn file(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a fresh folder takes files");
    path
}

fn read(path: &Path, options: Options<'_>) -> Result<(Vec<Row>, BTreeMap<&'static str, u64>)> {
    let mut rows = open(path, options)?;
    let mut all = Vec::new();
    for row in rows.by_ref() {
        all.push(row?);
    }
    Ok((all, rows.skipped().clone()))
}

#[test]
fn lines_come_with_their_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "\u{feff}{\"a\": 1}\n\n  \n{\"a\": 2}\r\n{\"a\": 3}";
    let path = file(&folder, "a.jsonl", text.as_bytes());
    let (rows, _) = read(&path, Options::default()).expect("good rows");
    let at: Vec<At> = rows.iter().map(|row| row.place.at).collect();
    assert_eq!(at, [At::Line(1), At::Line(4), At::Line(5)]);
    assert_eq!(rows[2].object["a"], 3);
}

#[test]
fn gzip_and_arrays_are_recognised() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"{\"a\": 1}\n{\"a\": 2}\n").expect("memory takes bytes");
    let bytes = gz.finish().expect("memory takes bytes");
    let path = file(&folder, "a.jsonl.gz", &bytes);
    assert_eq!(read(&path, Options::default()).expect("good").0.len(), 2);
    let path = file(&folder, "cut.jsonl.gz", &bytes[..bytes.len() - 9]);
    assert!(read(&path, Options::default()).is_err());
    let path = file(&folder, "a.json", b" [{\"a\": 1},\n {\"a\": 2}]");
    let (rows, _) = read(&path, Options::default()).expect("good");
    assert_eq!(rows[1].place.at, At::Row(2));
}

#[test]
fn every_fault_names_its_place_or_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = Vec::new();
    for line in [
        &b"{\"a\": 1}"[..],
        b"{\"a\": \xff}",
        b"{\"a\": NaN}",
        b"{\"a\": 1, \"a\": 2}",
        b"[1]",
        b"{\"a\"",
        b"{\"a\": \"\0\"}",
        &[b'x'; 5000],
        b"{\"a\": 2}",
    ] {
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    let path = file(&folder, "bad.jsonl", &bytes);
    let limits = Limits { line: 4096, ..Limits::default() };
    let options = Options { limits, on_bad: OnBad::Skip, columns: None };
    let (rows, skipped) = read(&path, options).expect("bad rows are skipped");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1].place.at, At::Line(9));
    let kinds = ["duplicate_key", "not_an_object", "not_finite", "not_utf8", "nul_byte", "syntax"];
    for kind in kinds.into_iter().chain(["too_long"]) {
        assert_eq!(skipped.get(kind), Some(&1), "{kind}");
    }
    let error = read(&path, Options { limits, ..Options::default() }).expect_err("fails");
    let text = error.to_string();
    assert!(text.contains("bad.jsonl, line 2") && text.contains("UTF-8"), "{text}");
}

#[test]
fn a_line_of_a_hundred_megabytes_is_never_held() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("created"));
    for _ in 0..100 {
        file.write_all(&vec![b'a'; 1 << 20]).expect("written");
    }
    file.write_all(b"\n{\"a\": 1}\n").expect("written");
    drop(file);
    let error = read(&path, Options::default()).expect_err("too long").to_string();
    assert!(error.contains("line 1") && error.contains("16777216"), "{error}");
    let skip = Options { on_bad: OnBad::Skip, ..Options::default() };
    assert_eq!(read(&path, skip).expect("skipped").0.len(), 1);
}

#[test]
fn empty_and_absent_files_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "empty.jsonl", b"");
    assert!(open_strict(&path).err().expect("empty").to_string().contains("is empty"));
    assert!(open_strict(&folder.path().join("no.jsonl")).is_err());
    assert!(open_strict(folder.path()).is_err());
    let path = file(&folder, "text.parquet", b"hello");
    assert!(open_strict(&path).err().expect("text").to_string().contains("PAR1"));
}

fn parquet_bytes() -> Vec<u8> {
    use std::sync::Arc;
    let text = arrow_array::StringArray::from_iter((0..3000).map(|i| Some(format!("row {i}"))));
    let number = arrow_array::Float64Array::from_iter((0..3000).map(|i| match i {
        7 => Some(f64::NAN),
        8 => None,
        _ => Some(i as f64),
    }));
    let batch = arrow_array::RecordBatch::try_from_iter([
        ("text", Arc::new(text) as ArrayRef),
        ("number", Arc::new(number) as ArrayRef),
    ])
    .expect("columns of one length");
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None)
        .expect("a writable schema");
    writer.write(&batch).expect("memory takes rows");
    writer.close().expect("memory takes rows");
    bytes
}

#[test]
fn parquet_rows_name_bad_cells_and_missing_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(&folder, "a.parquet", &parquet_bytes());
    let options = Options { columns: Some(&["text"]), ..Options::default() };
    assert_eq!(read(&path, options).expect("good").0.len(), 3000);
    let error = read(&path, Options::default()).expect_err("NaN").to_string();
    assert!(error.contains("row 8: key `number`") && error.contains("NaN"), "{error}");
    let skip = Options { on_bad: OnBad::Skip, ..Options::default() };
    let (rows, skipped) = read(&path, skip).expect("skipped");
    assert_eq!((rows.len(), skipped["not_finite"]), (2999, 1));
    assert_eq!(rows[7].object["number"], Value::Null);
    let options = Options { columns: Some(&["prompt"]), ..Options::default() };
    let error = open(&path, options).err().expect("missing").to_string();
    assert!(error.contains("column `prompt` is missing"), "{error}");
}

#[test]
fn a_cut_parquet_file_is_an_error_at_every_length() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = parquet_bytes();
    for end in (4..bytes.len()).step_by(97) {
        let path = file(&folder, "cut.parquet", &bytes[..end]);
        assert!(read(&path, Options::default()).is_err(), "{end} of {} bytes", bytes.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 1..400)) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = file(&folder, "any.jsonl", &bytes);
        let _ = read(&path, Options { on_bad: OnBad::Skip, ..Options::default() });
    }

    #[test]
    fn no_flipped_byte_makes_the_parquet_reader_panic(at in 4usize..60_000, to in any::<u8>()) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut bytes = parquet_bytes();
        let at = at % bytes.len();
        bytes[at] = to;
        let path = file(&folder, "any.parquet", &bytes);
        let _ = read(&path, Options { on_bad: OnBad::Skip, ..Options::default() });
    }
}
