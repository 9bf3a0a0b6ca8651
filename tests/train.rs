//! `heedful train sft`: from a tiny checkpoint to a tiny checkpoint.

use std::fs;
use std::path::{Path, PathBuf};

use heedful_models::config::{Config, Family, Head, RopeScaling};
use heedful_models::params::{self, Layout};
use heedful_models::{Checkpoint, save::Writer};
use serde_json::{Map, Value, json};

use crate::util::{arg, folder, heedful};

const WORDS: [&str; 12] = [
    "?",
    "<|end|>",
    "<|user|>",
    "<|assistant|>",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "after",
    ":",
];

const TEMPLATE: &str = "{% for m in messages %}<|{{ m.role }}|> {{ m.content }} <|end|> {% endfor \
                        %}{% if add_generation_prompt %}<|assistant|> {% endif %}";

fn tokenizer() -> String {
    let vocab: Map<String, Value> =
        WORDS.iter().enumerate().map(|(id, word)| ((*word).to_owned(), json!(id))).collect();
    let special = |id: usize| {
        json!({"id": id, "content": WORDS[id], "single_word": false, "lstrip": false,
               "rstrip": false, "normalized": false, "special": true})
    };
    json!({
        "version": "1.0",
        "added_tokens": [special(1), special(2), special(3)],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": "?"},
    })
    .to_string()
}

/// A fresh model of a few thousand parameters.
fn checkpoint(folder: &Path) -> PathBuf {
    let config = Config {
        family: Family::Llama,
        vocab: WORDS.len(),
        width: 16,
        layers: 1,
        heads: 2,
        kv_heads: 1,
        head_dim: 8,
        ffn: 32,
        context: 64,
        norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        qkv_bias: false,
        qk_norm: false,
        tied: true,
        bos: None,
        eos: vec![1],
        pad: None,
    };
    let device = heedful_kernels::Device::cpu(1).unwrap();
    let layout = Layout::new(&config, Head::Lm).unwrap();
    let values = params::random(&device, &layout, 1).unwrap();
    let path = folder.join("base");
    Writer::new(config, tokenizer())
        .chat_template(Some(TEMPLATE.to_owned()))
        .write(&path, |name, out| layout.read(values.view(), name, out))
        .unwrap();
    path
}

fn rows(folder: &Path) -> PathBuf {
    let numbers = &WORDS[4..10];
    let row = |at: usize| {
        let (a, b) = (numbers[at % 6], numbers[(at + 1) % 6]);
        match at % 3 {
            0 => json!({"messages": [{"role": "user", "content": format!("after {a}")},
                                     {"role": "assistant", "content": b}]}),
            1 => json!({"prompt": [{"role": "user", "content": format!("after {a}")}],
                        "completion": b}),
            _ => json!({"prompt": format!("after {a} :"), "completion": b}),
        }
    };
    let path = folder.join("rows.jsonl");
    fs::write(&path, (0..36).map(|at| format!("{}\n", row(at))).collect::<String>()).unwrap();
    path
}

#[test]
fn a_model_learns_what_follows_and_a_rerun_goes_on() {
    let folder = folder();
    let (base, rows, out) =
        (checkpoint(folder.path()), rows(folder.path()), folder.path().join("out"));
    let train = |seed: &str| {
        let mut given: Vec<String> =
            ["train", "sft", "--model", &arg(&base)].map(str::to_owned).into();
        given.extend(
            ["--data", &arg(&rows), "--dev", &arg(&rows), "--out", &arg(&out)].map(str::to_owned),
        );
        let rest = "--steps 120 --rate 0.02 --warmup 2 --tokens 64 --length 16 --accumulate 2 \
                    --save-every 30 --evaluate-every 20 --seed";
        given.extend(rest.split_whitespace().chain([seed]).map(str::to_owned));
        heedful(given)
    };
    let summary = train("3").ok().json();
    assert_eq!((summary["steps"].as_u64(), summary["resumed"].as_u64()), (Some(120), Some(0)));
    // What follows a number can be known: from log 12 to almost nothing.
    assert!(summary["dev_loss"].as_f64().unwrap() < 0.1, "{summary}");
    let lines = fs::read_to_string(out.join("metrics.jsonl")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 120);
    assert!(lines[0]["loss"].as_f64().unwrap() > 2.0 && lines[19]["dev_loss"].is_f64());
    let trained = Checkpoint::open(out.join("model")).unwrap();
    assert_eq!(trained.config(), Checkpoint::open(&base).unwrap().config());
    assert_eq!(trained.chat_template().unwrap().as_deref(), Some(TEMPLATE));
    // The checkpoint was lost: it is written again from the state, the same.
    let weights = || fs::read(out.join("model/model.safetensors")).unwrap();
    let first = weights();
    train("3").refused(&["is there already"]);
    fs::remove_dir_all(out.join("model")).unwrap();
    let summary = train("3").ok().json();
    assert_eq!(summary["resumed"].as_u64(), Some(120));
    assert!(first == weights());
    fs::remove_dir_all(out.join("model")).unwrap();
    train("4").refused(&["a training with data"]);
}

#[test]
fn rows_that_cannot_be_learned_are_named() {
    let folder = folder();
    let base = checkpoint(folder.path());
    let bad = [
        (json!({"text": "one"}), "neither `messages` nor `prompt`"),
        (json!({"prompt": "one"}), "key `completion`: is missing"),
        (json!({"prompt": "one", "completion": 2}), "is not a string"),
        (json!({"messages": []}), "is not a list of {role, content}"),
        (json!({"messages": [{"content": "one"}]}), "is not a list of {role, content}"),
        (json!({"messages": [{"role": "user", "content": "one"}]}), "no assistant's turn"),
    ];
    for (row, problem) in bad {
        let data = folder.path().join("bad.jsonl");
        fs::write(&data, format!("{row}\n")).unwrap();
        let out = arg(folder.path().join("out"));
        let given = ["train", "sft", "--model", &arg(&base), "--data", &arg(&data), "--out", &out];
        let given = given.iter().chain(&["--length", "16"]);
        heedful(given).refused(&[problem, "bad.jsonl"]);
    }
}
