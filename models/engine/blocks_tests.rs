//! Weights that stay the file's blocks: the same bits as their values in f32.

use std::path::Path;

use heedful_kernels::MatrixView;

use super::*;
use crate::checkpoint::Checkpoint;
use crate::config::Family;
use crate::fixture;

const Q4_0: fixture::Blocks = (2, 1, 16);
const Q4_1: fixture::Blocks = (3, 2, 16);
const Q8_0: fixture::Blocks = (8, 1, 32);

/// Types as files mix them: those of Q4_1 have their embedding in Q8_0, and of joined tensors one
/// may differ.
fn kind(name: &str) -> Option<fixture::Blocks> {
    let part = |end: &str| name.ends_with(end);
    match name {
        "blk.1.attn_v.weight" | "token_embd.weight" => Some(Q8_0),
        _ if part("norm.weight") || part("bias") || name == "blk.0.attn_output.weight" => None,
        _ if part("ffn_down.weight") => Some(Q4_0),
        _ => Some(Q4_1),
    }
}

fn open(config: &Config, folder: &Path) -> Checkpoint {
    let path = folder.join("model.gguf");
    std::fs::write(&path, fixture::gguf_of(config, &kind).finish()).unwrap();
    Checkpoint::open(&path).unwrap()
}

/// Logits of seven tokens in one step, then of one more.
fn logits(dev: &Device, checkpoint: &Checkpoint, keep: Keep) -> Vec<u32> {
    let weights = Weights::load(dev, checkpoint, keep).unwrap();
    let settings = Settings { slots: 8, prefill: 8, ..Settings::default() };
    let mut engine = Engine::new(dev, weights, checkpoint.config(), settings).unwrap();
    let (layers, shape) = (engine.config().layers, engine.model.shape);
    engine.cache.reserve(dev, layers, shape, 8).unwrap();
    let blocks = engine.cache.take(8).unwrap();
    let mut all = Vec::new();
    for places in [0..7, 7..8] {
        let mut step = Step::default();
        for position in places.clone() {
            step.prompt(&[position as u32 * 37 % 264], position, &blocks);
            step.want();
        }
        engine.forward(dev, &step).unwrap();
        let wanted = 0..places.len() * engine.config().vocab;
        let found = engine.logits().part(wanted).f32().unwrap();
        assert!(found.iter().all(|value| value.is_finite()));
        all.extend(found.iter().map(|value| value.to_bits()));
    }
    all
}

#[test]
fn blocks_give_the_bits_of_their_values() {
    for (family, tied) in fixture::FAMILIES.into_iter().flat_map(|f| [(f, true), (f, false)]) {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = open(&fixture::config(family, tied), folder.path());
        let dev = Device::cpu(1).unwrap();
        let expected = logits(&dev, &checkpoint, Keep::As(Dtype::F32));
        for threads in [1, 3] {
            let dev = Device::cpu(threads).unwrap();
            let found = logits(&dev, &checkpoint, Keep::Blocks(Dtype::F32));
            assert!(found == expected, "{family:?} {tied} {threads}");
        }
        assert!(logits(&dev, &checkpoint, Keep::As(Dtype::Bf16)) != expected);
    }
}

#[test]
fn tensors_that_differ_are_not_joined_as_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = open(&fixture::config(Family::Llama, true), folder.path());
    let dev = Device::cpu(1).unwrap();
    let weights = Weights::load(&dev, &checkpoint, Keep::Blocks(Dtype::Bf16)).unwrap();
    let blocks = |matrix: &weights::Matrix| match weights.view(matrix) {
        MatrixView::Blocks(_) => true,
        MatrixView::Plain(view) => {
            assert_eq!(view.dtype(), Dtype::Bf16);
            false
        }
    };
    let [first, second] = &weights.layers[..] else { panic!("two layers") };
    assert!(blocks(&first.qkv) && !blocks(&second.qkv));
    assert!(!blocks(&first.o) && blocks(&second.o));
    assert!(blocks(&first.gate_up) && blocks(&first.down) && blocks(&weights.embedding));
    let error = Weights::load(&dev, &checkpoint, Keep::Blocks(Dtype::U32)).unwrap_err();
    assert!(error.to_string().contains("weights are f32 or bf16"));
}
