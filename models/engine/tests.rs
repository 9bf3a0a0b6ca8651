//! The pass over new tokens against recorded logits of transformers, and against itself.

use heedful_kernels::decode::BLOCK;
use heedful_kernels::{MatrixView, View};

use super::*;
use crate::parity_tests::{MODELS, RECORD, config, fill, floats, ids};

/// One recorded model.
fn engine(dev: &Device, name: &str, dtype: Dtype, prefill: usize) -> Engine<'static> {
    let config = config(name);
    let layout = crate::params::Layout::new(&config, Head::Lm).unwrap();
    let entry = |name: &str| layout.tensors.iter().find(|entry| entry.name == name).unwrap();
    let mut read = |name: &str, out: &mut [f32]| {
        fill(entry(name), out);
        Ok(())
    };
    let weights = Weights::read(dev, &layout, dtype, &mut read).unwrap();
    let settings = Settings { slots: 28, prefill, ..Settings::default() };
    let mut engine = Engine::new(dev, weights, &config, settings).unwrap();
    let (layers, shape) = (config.layers, engine.model.shape);
    engine.cache.reserve(dev, layers, shape, 8).unwrap();
    engine
}

fn logits(engine: &mut Engine, rows: usize) -> Vec<f32> {
    let len = rows * engine.config().vocab;
    engine.logits().part(0..len).f32().unwrap().to_vec()
}

/// The recorded sequences.
fn sequences() -> Vec<Vec<u32>> {
    let ids = ids();
    let mut at = 0;
    let cut = |length: f64| {
        at += length as usize;
        ids[at - length as usize..at].to_vec()
    };
    floats(&RECORD["lengths"]).into_iter().map(cut).collect()
}

/// Logits of every token, all in one step.
fn at_once(engine: &mut Engine, dev: &Device) -> Vec<f32> {
    let mut step = Step::default();
    let mut rows = 0;
    for sequence in sequences() {
        let blocks = engine.cache.take(sequence.len()).unwrap();
        for (position, id) in sequence.iter().enumerate() {
            step.prompt(&[*id], position, &blocks);
            step.want();
            rows += 1;
        }
    }
    engine.forward(dev, &step).unwrap();
    logits(engine, rows)
}

/// Logits of every token: three of each sequence as a prompt, then one token at a time.
fn one_by_one(engine: &mut Engine, dev: &Device) -> Vec<f32> {
    let mut all = Vec::new();
    for sequence in sequences() {
        let prompt = 3.min(sequence.len());
        let blocks = engine.cache.take(prompt).unwrap();
        let tail = engine.cache.take(BLOCK).unwrap();
        for position in 0..prompt {
            let mut step = Step::default();
            step.prompt(&sequence[position..position + 1], position, &blocks);
            step.want();
            engine.forward(dev, &step).unwrap();
            all.extend(logits(engine, 1));
        }
        for (at, id) in sequence[prompt..].iter().enumerate() {
            let mut step = Step::default();
            let prefix = step.prefix(&blocks);
            step.sample(*id, (prefix, prompt), &tail, at);
            engine.forward(dev, &step).unwrap();
            all.extend(logits(engine, 1));
        }
    }
    all
}

#[test]
fn logits_are_those_of_transformers() {
    let dev = Device::cpu(2).unwrap();
    for name in MODELS {
        let recorded = floats(&RECORD["models"][name]["logits"]);
        let largest = recorded.iter().fold(0.0f64, |a, b| a.max(b.abs()));
        let passes: [fn(&mut Engine, &Device) -> Vec<f32>; 2] = [at_once, one_by_one];
        for pass in passes {
            let found = pass(&mut engine(&dev, name, Dtype::F32, 28), &dev);
            assert_eq!(found.len(), recorded.len());
            for (ours, theirs) in found.iter().zip(&recorded) {
                let error = (f64::from(*ours) - theirs).abs() / largest;
                assert!(error < 1e-5, "{name}: {ours} and {theirs}");
            }
        }
    }
}

#[test]
fn bf16_weights_are_near() {
    let dev = Device::cpu(1).unwrap();
    for name in MODELS {
        let exact = at_once(&mut engine(&dev, name, Dtype::F32, 28), &dev);
        let near = at_once(&mut engine(&dev, name, Dtype::Bf16, 28), &dev);
        let square = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>();
        let error = square(&mut exact.iter().zip(&near).map(|(a, b)| a - b));
        let relative = (error / square(&mut exact.iter().copied())).sqrt();
        assert!(relative > 0.0 && relative < 0.05, "{name}: {relative}");
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let dev = Device::cpu(1).unwrap();
    let weights = |name: &str| engine(&dev, name, Dtype::F32, 8).weights;
    let (config, other) = (config("qwen3"), "llama-untied");
    let bad = [
        Settings { slots: 0, ..Settings::default() },
        Settings { prefill: 0, ..Settings::default() },
        Settings { positions: config.context + 1, ..Settings::default() },
        Settings { kept: Dtype::U32, ..Settings::default() },
    ];
    for settings in bad {
        assert!(Engine::new(&dev, weights("qwen3"), &config, settings).is_err(), "{settings:?}");
    }
    let settings = Settings::default();
    assert!(Engine::new(&dev, weights(other), &config, settings).is_err());
    assert!(Engine::new(&dev, weights("qwen3"), &config, settings).is_ok());
}

#[test]
fn weights_that_are_lent_give_the_same_bits() {
    let dev = Device::cpu(1).unwrap();
    for name in MODELS {
        let config = config(name);
        let layout = crate::params::Layout::new(&config, Head::Lm).unwrap();
        let mut params = vec![0.0; layout.len()];
        layout.tensors.iter().for_each(|entry| fill(entry, &mut params[entry.range.clone()]));
        let lent = Weights::of(&dev, &layout, View::F32(&params), Dtype::F32).unwrap();
        let MatrixView::Plain(View::F32(own)) = lent.output() else { panic!("plain f32") };
        assert_eq!(own.as_ptr(), params[layout.output()].as_ptr());
        let settings = Settings { slots: 28, prefill: 28, ..Settings::default() };
        let mut over = Engine::new(&dev, lent, &config, settings).unwrap();
        over.cache.reserve(&dev, config.layers, over.model.shape, 8).unwrap();
        let copied = at_once(&mut engine(&dev, name, Dtype::F32, 28), &dev);
        assert!(at_once(&mut over, &dev) == copied, "{name}");
        let short = View::F32(&params[1..]);
        assert!(Weights::of(&dev, &layout, short, Dtype::F32).is_err());
    }
}
