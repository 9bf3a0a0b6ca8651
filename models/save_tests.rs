use std::path::Path;

use half::bf16;
use serde_json::Value;

use super::*;
use crate::config::{Family, RopeScaling};
use crate::fixture::{self, FAMILIES, config, fill, values, writer};

/// Holds a folder against the values that it was made of.
fn check(folder: &Path, written: &Config, labels: Option<usize>) -> Checkpoint {
    let read = Checkpoint::open(folder).unwrap();
    let mut expected = written.clone();
    // A classifier has no LM head that could be missing.
    expected.tied |= labels.is_some();
    assert_eq!(*read.config(), expected);
    assert_eq!(read.labels(), labels);
    assert_eq!(read.notes(), [""; 0]);
    for (name, shape) in names::all(written, labels) {
        let mut out = vec![0.0; shape.iter().product()];
        read.read_f32(&name, &mut out).unwrap();
        assert_eq!(out, values(&name, out.len()), "{name}");
    }
    read
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    for (index, family) in FAMILIES.into_iter().enumerate() {
        for (tied, dtype) in [(true, Dtype::F32), (false, Dtype::Bf16)] {
            let config = config(family, tied);
            let path = folder.path().join(format!("{index}-{tied}"));
            writer(config.clone()).dtype(dtype).write(&path, fill).unwrap();
            let read = check(&path, &config, None);
            let word = if dtype == Dtype::F32 { "F32" } else { "BF16" };
            assert_eq!(read.stored(names::EMBEDDING), Some(word));
            assert_eq!(read.tokenizer().unwrap().encode("é<pad>").unwrap(), [199, 173, 2]);
            assert!(read.chat_template().unwrap().unwrap().contains("m['content']"));
            assert_eq!(read.special().unwrap().pad.as_deref(), Some("<pad>"));
            assert_eq!(read.generation().top_k, Some(20));
            // What was read can be written again, to the same bytes.
            let again = folder.path().join(format!("{index}-{tied}-again"));
            let like = Writer::like(&read).unwrap().dtype(dtype);
            like.write(&again, |name, out| read.read_f32(name, out)).unwrap();
            for entry in std::fs::read_dir(&path).unwrap() {
                let name = entry.unwrap().file_name();
                let bytes = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
                assert_eq!(bytes(&path), bytes(&again), "{}", name.display());
            }
        }
    }
}

#[test]
fn shards_hold_all_and_the_index_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let (config, path) = (config(Family::Qwen2, false), folder.path().join("model"));
    writer(config.clone()).shard(30_000).write(&path, fill).unwrap();
    let index = std::fs::read(path.join("model.safetensors.index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let total: usize = names::all(&config, None)
        .iter()
        .map(|(_, shape)| 4 * shape.iter().product::<usize>())
        .sum();
    assert_eq!(index["metadata"]["total_size"], total);
    let places = index["weight_map"].as_object().unwrap();
    assert_eq!(places.len(), names::all(&config, None).len());
    let mut files: Vec<&str> = places.values().map(|file| file.as_str().unwrap()).collect();
    files.sort_unstable();
    files.dedup();
    let count = files.len();
    assert!(count > 4, "{files:?}");
    for (at, file) in files.iter().enumerate() {
        assert_eq!(*file, format!("model-{:05}-of-{count:05}.safetensors", at + 1));
        assert!(path.join(file).metadata().unwrap().len() < 40_000);
    }
    assert!(!path.join("model.safetensors").exists());
    check(&path, &config, None);
}

#[test]
fn classifiers_have_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    for (family, labels) in FAMILIES.into_iter().flat_map(|f| [(f, 1), (f, 2)]) {
        let config = config(family, false);
        let path = folder.path().join(format!("{family:?}-{labels}"));
        writer(config.clone()).head(Head::Score(labels)).write(&path, fill).unwrap();
        check(&path, &config, Some(labels));
        assert!(!path.join("generation_config.json").exists());
    }
    let none = writer(config(Family::Llama, true)).head(Head::Score(0));
    assert!(none.write(folder.path().join("none"), fill).is_err());
}

#[test]
fn two_labels_become_one_with_the_same_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let (two, one) = (folder.path().join("two"), folder.path().join("one"));
    let shape = config(Family::Qwen3, true);
    writer(shape.clone()).head(Head::Score(2)).write(&two, fill).unwrap();
    let two = Checkpoint::open(two).unwrap();
    let read = as_one_label(|name, out| two.read_f32(name, out));
    Writer::like(&two).unwrap().head(Head::Score(1)).write(&one, read).unwrap();
    let one = Checkpoint::open(one).unwrap();
    assert_eq!(one.labels(), Some(1));
    let device = heedful_kernels::Device::cpu(1).unwrap();
    let scores = |checkpoint: &Checkpoint, labels| -> Vec<f32> {
        let head = Head::Score(labels);
        let model = crate::transformer::Transformer::new(&device, &shape, head, 16).unwrap();
        let params = crate::params::load(&device, checkpoint, &model.layout, 0).unwrap();
        let keep = crate::workspace::Keep::Layers;
        let limits = crate::workspace::Limits { tokens: 16, sequences: 4, rows: 8, keep };
        let mut work = crate::workspace::Workspace::new(&device, &model, limits).unwrap();
        let mut batch = crate::batch::Batch::new();
        for ids in [[1, 5, 9], [2, 2, 7], [8, 3, 4]] {
            batch.push(&ids, &[1.0; 3]).unwrap();
        }
        work.load(&device, &model, &batch).unwrap();
        crate::forward::forward(&device, &model, &params, &mut work).unwrap();
        let scores = crate::classifier::forward(&device, &model, &params, &mut work).unwrap();
        scores.f32().unwrap().to_vec()
    };
    let (pairs, singles) = (scores(&two, 2), scores(&one, 1));
    for (pair, single) in pairs.chunks(2).zip(singles) {
        let (softmax, sigmoid) =
            (1.0 / (1.0 + (pair[0] - pair[1]).exp()), 1.0 / (1.0 + (-single).exp()));
        assert!((softmax - sigmoid).abs() < 1e-6 && (0.001..0.999).contains(&sigmoid), "{sigmoid}");
    }
}

#[test]
fn a_gguf_file_becomes_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(Family::Llama, false);
    let (file, path) = (folder.path().join("a.gguf"), folder.path().join("model"));
    std::fs::write(&file, fixture::gguf(&config).finish()).unwrap();
    let from = Checkpoint::open(&file).unwrap();
    Writer::like(&from).unwrap().write(&path, |name, out| from.read_f32(name, out)).unwrap();
    let mut expected = config;
    expected.pad = None;
    let read = check(&path, &expected, None);
    let text = "<s>An ñ, <think>and</s>";
    let encode = |from: &Checkpoint| from.tokenizer().unwrap().encode(text).unwrap();
    assert_eq!(encode(&from), encode(&read));
    assert_eq!(from.chat_template().unwrap(), read.chat_template().unwrap());
}

#[test]
fn nothing_is_left_of_what_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (config, path) = (config(Family::Llama, true), folder.path().join("model"));
    let fail = |name: &str, out: &mut [f32]| match name {
        "model.norm.weight" => Err(Error::argument("no more")),
        _ => fill(name, out),
    };
    let error = writer(config.clone()).write(&path, fail).unwrap_err().to_string();
    assert_eq!(error, "no more");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    writer(config.clone()).write(&path, fill).unwrap();
    let error = writer(config.clone()).write(&path, fill).unwrap_err().to_string();
    assert!(error.contains("is there already"), "{error}");
    let mut endless = config;
    endless.layers = 1 << 40;
    let error = writer(endless).write(folder.path().join("other"), fill).unwrap_err().to_string();
    assert!(error.contains("layers is 1099511627776"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn halves_are_rounded_to_even() {
    let folder = tempfile::tempdir().unwrap();
    let (config, path) = (config(Family::Llama, true), folder.path().join("model"));
    let third = |_: &str, out: &mut [f32]| {
        out.fill(1.0 / 3.0);
        Ok(())
    };
    writer(config).dtype(Dtype::Bf16).write(&path, third).unwrap();
    let mut out = [0.0; 32];
    Checkpoint::open(&path).unwrap().read_f32(names::FINAL_NORM, &mut out).unwrap();
    assert_eq!(out, [bf16::from_f32(1.0 / 3.0).to_f32(); 32]);
}

#[test]
fn transformers_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let llama3 = RopeScaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, context: 64.0 };
    let cases = [
        (Family::Llama, true, RopeScaling::None, Head::Lm, Dtype::F32),
        (Family::Llama, false, llama3, Head::Lm, Dtype::Bf16),
        (Family::Qwen2, false, RopeScaling::Linear(2.0), Head::Lm, Dtype::F32),
        (Family::Qwen3, true, RopeScaling::None, Head::Lm, Dtype::Bf16),
        (Family::Llama, false, llama3, Head::Score(1), Dtype::F32),
        (Family::Qwen2, true, RopeScaling::None, Head::Score(2), Dtype::F32),
        (Family::Qwen3, false, RopeScaling::None, Head::Score(2), Dtype::Bf16),
    ];
    let mut paths = Vec::new();
    for (at, (family, tied, scaling, head, dtype)) in cases.into_iter().enumerate() {
        let path = folder.path().join(at.to_string());
        let config = Config { rope_scaling: scaling, ..config(family, tied) };
        let writer = writer(config).head(head).dtype(dtype).shard(100_000);
        writer.write(&path, fill).unwrap();
        paths.push(path);
    }
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let Some(told) = fixture::ask("read_checkpoint.py", &paths) else { return };
    let rows: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), cases.len());
    for (row, (family, _, scaling, head, dtype)) in rows.iter().zip(cases) {
        let (task, labels, problem) = match head {
            Head::Lm => ("CausalLM", None, None),
            Head::Score(1) => ("SequenceClassification", Some(1), Some("regression")),
            Head::Score(n) => {
                ("SequenceClassification", Some(n), Some("single_label_classification"))
            }
        };
        assert_eq!(row["class"], format!("{family:?}For{task}"));
        assert_eq!((&row["labels"], &row["problem"]), (&labels.into(), &problem.into()), "{row}");
        let word = if dtype == Dtype::F32 { "torch.float32" } else { "torch.bfloat16" };
        assert_eq!((&row["dtype"], &row["pad"]), (&word.into(), &2.into()), "{row}");
        let kind = match scaling {
            RopeScaling::None => "default",
            RopeScaling::Linear(_) => "linear",
            RopeScaling::Llama3 { .. } => "llama3",
        };
        assert_eq!(
            (&row["rope"]["rope_type"], &row["rope"]["rope_theta"]),
            (&kind.into(), &1e4.into())
        );
        assert_eq!(row["ids"], serde_json::json!([101, 36, 102, 36, 3, 36, 199, 173]), "{row}");
        assert_eq!(row["decoded"], "a b <think> é");
        assert_eq!(row["special"], serde_json::json!(["<s>", "</s>", "<pad>"]));
        assert_eq!((&row["chat"], &row["finite"]), (&"hi</s>".into(), &true.into()));
        if head == Head::Lm {
            assert_eq!(row["sampling"], serde_json::json!([0.5, 20, 1]));
        }
    }
}
