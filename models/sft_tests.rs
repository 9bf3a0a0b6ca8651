//! A tiny model on a few sequences: learned, killed, resumed.

use std::fs;

use heedful_kernels::Device;

use super::*;
use crate::config::{Config, Family, Head};
use crate::counter::Counter;
use crate::feed::{Example, Packing};
use crate::optimizer::Settings;
use crate::schedule::{Schedule, Shape};
use crate::transformer::Transformer;
use crate::workspace::{Keep, Limits};
use crate::{fixture, params};

fn trainer(steps: u64) -> Trainer {
    let device = Device::cpu(2).unwrap();
    let config = Config { vocab: 24, ..fixture::config(Family::Llama, true) };
    let model = Transformer::new(&device, &config, Head::Lm, 16).unwrap();
    let params = params::random(&device, &model.layout, 1).unwrap();
    let limits = Limits { tokens: 32, sequences: 8, rows: 16, keep: Keep::Layers };
    let schedule = Schedule { rate: 1e-2, warmup: 2, steps, shape: Shape::Linear, floor: 0.0 };
    let settings = Settings { weight_decay: 0.01, ..Settings::default() };
    Trainer::new(device, model, params, limits, schedule, settings).unwrap()
}

/// Each token is the one before it plus 5, from a start that cannot be known.
fn feed(seed: u64) -> Feed {
    let example = |at: u64| {
        let start = Counter::named("start").bits(at) as u32 % 24;
        let ids: Vec<u32> = (0..4 + at as u32 % 6).map(|i| (start + 5 * i) % 24).collect();
        let weights = vec![1.0; ids.len()];
        Example { ids, weights }
    };
    Feed::new((0..40).map(example).collect(), 32, Packing::FirstFit, seed).unwrap()
}

fn run(folder: &Path) -> Run {
    Run {
        folder: folder.to_owned(),
        accumulate: 2,
        evaluate_every: 0,
        save_every: 3,
        settings: "tiny".into(),
    }
}

fn bits(trainer: &Trainer) -> Vec<u32> {
    let Trainer { params, optimizer, .. } = trainer;
    let all = [params, &optimizer.m, &optimizer.v];
    all.iter().flat_map(|t| t.view().f32().unwrap().iter().map(|v| v.to_bits())).collect()
}

/// The lines of the metrics without what depends on the clock.
fn lines(folder: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    let parse = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["tokens_per_s"].take().as_f64().unwrap() > 0.0);
        line
    };
    text.lines().map(parse).collect()
}

#[test]
fn a_killed_run_goes_on_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (run(&folder.path().join("whole")), run(&folder.path().join("parts")));
    let mut straight = trainer(6);
    let go = |_: &Line| ControlFlow::Continue(());
    assert_eq!(train(&mut straight, &mut feed(1), &[], &whole, go).unwrap(), 0);
    // Killed after the fourth update, the third was the last to be kept.
    let kill = |line: &Line| match line.update.step {
        4 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert_eq!(train(&mut trainer(6), &mut feed(1), &[], &parts, kill).unwrap(), 0);
    assert_eq!(lines(&parts.folder).len(), 4);
    let mut resumed = trainer(6);
    assert_eq!(train(&mut resumed, &mut feed(1), &[], &parts, go).unwrap(), 3);
    assert!(bits(&straight) == bits(&resumed));
    assert_eq!(lines(&whole.folder), lines(&parts.folder));
    // Once more: nothing is left to do.
    assert_eq!(train(&mut trainer(6), &mut feed(1), &[], &parts, go).unwrap(), 6);
    assert_eq!(lines(&whole.folder), lines(&parts.folder));
}

#[test]
fn a_state_of_another_training_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let this = run(folder.path());
    let go = |_: &Line| ControlFlow::Continue(());
    train(&mut trainer(2), &mut feed(1), &[], &this, go).unwrap();
    let other = Run { settings: "other".into(), ..this.clone() };
    let error = train(&mut trainer(3), &mut feed(1), &[], &other, go).unwrap_err().to_string();
    assert!(error.ends_with("a training with configuration tiny, not other"), "{error}");
    let error = train(&mut trainer(3), &mut feed(2), &[], &this, go).unwrap_err().to_string();
    assert!(error.contains("a training with data "), "{error}");
    let good = fs::read(this.state()).unwrap();
    let lie = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let bad = [
        good[..good.len() - 1].to_vec(),
        good[..7].to_vec(),
        lie(7, 0x40),
        lie(8, b'['),
        [&good[..], &[0]].concat(),
        Vec::new(),
    ];
    for bytes in bad {
        fs::write(this.state(), bytes).unwrap();
        assert!(train(&mut trainer(3), &mut feed(1), &[], &this, go).is_err());
    }
}

#[test]
fn what_can_be_known_is_learned() {
    let folder = tempfile::tempdir().unwrap();
    let this = Run { evaluate_every: 20, ..run(folder.path()) };
    let dev = feed(2).epoch().unwrap();
    let (mut trainer, mut losses) = (trainer(60), Vec::new());
    let watch = |line: &Line| {
        losses.extend(line.dev_loss);
        ControlFlow::Continue(())
    };
    train(&mut trainer, &mut feed(1), &dev, &this, watch).unwrap();
    // All but the first step are certain: log 24 is where it begins.
    assert_eq!(losses.len(), 3);
    assert!(losses[0] < 3.0 && losses[2] < 0.1, "{losses:?}");
    let last = lines(folder.path()).pop().unwrap();
    assert_eq!((last["step"].as_u64(), last["dev_loss"].as_f64()), (Some(60), Some(losses[2])));
}
