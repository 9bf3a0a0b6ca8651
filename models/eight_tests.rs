//! Trainings on an emulated card with 8-bit states: beside the host's in f32, resumed, and what
//! they take of the card.

use std::sync::Arc;

use heedful_kernels::gpu::Gpu;
use heedful_kernels::gpu::emulated::{Emulated, Schedule};
use heedful_kernels::{Device, Dtype, copy, surrogate};

use crate::config::{Config, Family, Head};
use crate::optimizer::{self, Beyond, States};
use crate::params::{self, Initial};
use crate::policy::{self, Average, Objective, Ratio, Sample};
use crate::schedule;
use crate::state::{self, Progress};
use crate::trainer::Trainer;
use crate::transformer::Transformer;
use crate::workspace::{Keep, Limits};
use crate::{Checkpoint, fixture};

const LIMITS: Limits = Limits { tokens: 64, sequences: 16, rows: 10, keep: Keep::Layers };

fn config() -> Config {
    let plain = fixture::config(Family::Qwen2, true);
    Config { vocab: 200, width: 64, heads: 2, kv_heads: 1, head_dim: 64, ffn: 96, ..plain }
}

fn card() -> Device {
    let board = Emulated::new(Schedule::RoundRobin);
    Device::Gpu(Gpu::new(Arc::new(board), Dtype::Bf16).unwrap())
}

/// Bytes that the card has lent out.
fn taken(device: &Device) -> u64 {
    let Device::Gpu(gpu) = device else { unreachable!("it is a card") };
    let Err(heedful_kernels::Error::Memory(short)) = gpu.zeros(Dtype::U8, 1 << 40) else {
        unreachable!("no card has a TiB")
    };
    short.total - short.left
}

fn rates(rate: f64) -> schedule::Schedule {
    let shape = schedule::Shape::Constant;
    schedule::Schedule { rate, warmup: 0, steps: 100, shape, floor: 0.0 }
}

fn settings(states: States) -> optimizer::Settings {
    optimizer::Settings { weight_decay: 0.1, states, ..optimizer::Settings::default() }
}

/// Values with all 24 bits, larger than a fresh model's, so that losses have something to say.
fn values(layout: &params::Layout) -> Vec<f32> {
    let host = Device::cpu(1).unwrap();
    let drawn = params::random(&host, layout, 3).unwrap();
    let large = |v: &f32| if *v == 1.0 || *v == 0.0 { *v } else { *v * 8.0 };
    drawn.view().f32().unwrap().iter().map(large).collect()
}

fn trainer(device: Device, states: States, rate: f64) -> Trainer {
    let model = Transformer::new(&device, &config(), Head::Lm, 64).unwrap();
    let values = values(&model.layout);
    let mut params = device.zeros(Dtype::F32, values.len()).unwrap();
    copy::write_f32(&device, params.view_mut(), &values).unwrap();
    Trainer::new(device, model, params, LIMITS, rates(rate), settings(states)).unwrap()
}

fn samples(seed: u32) -> Vec<Sample> {
    let sample = |at: u32| {
        let (prompt, answer) = (3 + at as usize % 4, 2 + (at as usize * 5) % 9);
        let id = |i: usize| (at * 37 + seed * 53 + i as u32 * 11) % 200;
        let ids = (0..prompt + answer).map(id).collect();
        let advantage = if at.is_multiple_of(2) { 1.3 } else { -0.7 };
        Sample { ids, prompt, old: Vec::new(), reference: vec![-4.0; answer], advantage }
    };
    (0..7).map(sample).collect()
}

fn objective() -> Objective {
    let clip = surrogate::Settings { low: 0.2, high: 0.28, penalty: 0.05 };
    Objective { ratio: Ratio::Token, average: Average::Sequences, clip, entropy: 0.01 }
}

/// A GRPO step on policy. Returns its gradients.
fn step(trainer: &mut Trainer, seed: u32) -> Vec<f32> {
    let mut samples = samples(seed);
    let known = policy::log_probabilities(trainer, &samples).unwrap();
    samples.iter_mut().zip(known).for_each(|(sample, known)| sample.old = known);
    policy::gather(trainer, &samples, &objective()).unwrap();
    let grads = copy::read_f32(&trainer.device, trainer.grads.view()).unwrap();
    trainer.clear().unwrap();
    policy::update(trainer, &samples, &objective()).unwrap();
    grads
}

/// a · b / (|a| |b|), and |a| / |b|.
fn direction(a: &[f32], b: &[f32]) -> (f64, f64) {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let (size, other) = (dot(a, a).sqrt(), dot(b, b).sqrt());
    (dot(a, b) / (size * other), size / other)
}

#[test]
fn grpo_in_seven_bytes_goes_where_the_host_goes() {
    // A rate whose steps are far below what bf16 tells apart of most weights.
    let (rate, steps) = (1e-5, 8);
    let mut card = trainer(card(), States::Eight, rate);
    let mut host = trainer(Device::cpu(1).unwrap(), States::Full, rate);
    let begun = host.values().unwrap().into_owned();
    let near = card.values().unwrap().into_owned();
    let off = |(a, b): (&f32, &f32)| (a - b).abs() <= b.abs() / 65_000.0;
    assert!(near.iter().zip(&begun).all(off), "24 bits are near f32");
    for at in 0..steps {
        let (found, expected) = (step(&mut card, at % 3), step(&mut host, at % 3));
        let (cosine, ratio) = direction(&found, &expected);
        assert!(cosine > 0.999 && (ratio - 1.0).abs() < 0.01, "step {at}: {cosine} {ratio}");
    }
    let moved = |trainer: &Trainer, begun: &[f32]| -> Vec<f32> {
        trainer.values().unwrap().iter().zip(begun).map(|(a, b)| a - b).collect()
    };
    let (found, expected) = (moved(&card, &near), moved(&host, &begun));
    let (cosine, ratio) = direction(&found, &expected);
    assert!(cosine > 0.98 && (ratio - 1.0).abs() < 0.05, "{cosine} {ratio}");
}

/// All that the card keeps.
fn bits(trainer: &Trainer) -> Vec<Vec<u8>> {
    let Beyond::Bytes { residual, scales } = &trainer.optimizer.beyond else {
        unreachable!("they are 8-bit states")
    };
    let all = [&trainer.params, residual, scales, &trainer.optimizer.m, &trainer.optimizer.v];
    all.iter().map(|tensor| copy::bytes(&trainer.device, tensor.view()).unwrap()).collect()
}

#[test]
fn a_resumed_training_goes_on_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let mut first = trainer(card(), States::Eight, 1e-3);
    step(&mut first, 0);
    step(&mut first, 1);
    let (data, settings) = ("d".to_owned(), "s".to_owned());
    let progress = Progress { step: 2, epoch: 0, batch: 0, data, settings };
    state::save(&path, &first, &progress).unwrap();
    let mut second = trainer(card(), States::Eight, 1e-3);
    assert_ne!(bits(&second), bits(&first));
    assert_eq!(state::load(&path, &mut second).unwrap(), progress);
    assert_eq!(bits(&second), bits(&first));
    step(&mut first, 2);
    step(&mut second, 2);
    assert_eq!(bits(&second), bits(&first));
    assert_eq!(second.optimizer.step, 3);
    // States of another kind are refused, both ways.
    let mut full = trainer(card(), States::Full, 1e-3);
    let parameters = full.params.len();
    let error = state::load(&path, &mut full).unwrap_err().to_string();
    let told = format!("not the state of a training of {parameters} parameters");
    assert!(error.ends_with(&told), "{error}");
    state::save(&path, &full, &progress).unwrap();
    let error = state::load(&path, &mut second).unwrap_err().to_string();
    assert!(error.ends_with(&format!("{told} and 8-bit states")), "{error}");
}

#[test]
fn seven_bytes_a_parameter_are_taken() {
    let config = Config { vocab: 2_000, ..config() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    fixture::writer(config.clone()).write(&path, fixture::fill).unwrap();
    let from = Checkpoint::open(&path).unwrap();
    let take = |states| {
        let device = card();
        let model = Transformer::new(&device, &config, Head::Lm, 64).unwrap();
        let least = Limits { tokens: 1, sequences: 1, rows: 1, keep: Keep::Inputs };
        let before = taken(&device);
        let params = params::load_for(&device, &from, &model.layout, 0, states).unwrap();
        let split = taken(&device) - before;
        let work = crate::workspace::Workspace::new(&device, &model, least).unwrap();
        let work_alone = taken(&device) - before - split;
        drop(work);
        let whole = matches!(params, Initial::Whole(_));
        let settings = settings(states);
        let trainer = Trainer::new(device, model, params, least, rates(1e-3), settings).unwrap();
        let parameters = trainer.params.len() as f64;
        let all = taken(&trainer.device) - before - work_alone;
        // The checkpoint's values are exact in bf16.
        let host = Device::cpu(1).unwrap();
        let expected = params::load(&host, &from, &trainer.model.layout, 0).unwrap();
        assert_eq!(*trainer.values().unwrap(), *expected.view().f32().unwrap());
        (whole, split as f64 / parameters, all as f64 / parameters)
    };
    let (whole, loaded, all) = take(States::Eight);
    assert!(!whole && loaded < 3.02, "{loaded} bytes a parameter when they were loaded");
    assert!((7.0..7.2).contains(&all), "{all} bytes a parameter");
    let (whole, loaded, all) = take(States::Full);
    assert!(whole && (4.0..4.02).contains(&loaded) && (18.0..18.1).contains(&all), "{all}");
}

#[test]
fn a_checkpoint_is_loaded_as_a_whole_one_is_split() {
    let folder = tempfile::tempdir().unwrap();
    let config = config();
    let path = folder.path().join("model");
    fixture::writer(config.clone()).write(&path, fixture::fill).unwrap();
    let from = Checkpoint::open(&path).unwrap();
    let build = |by_parts: bool| {
        let device = card();
        let model = Transformer::new(&device, &config, Head::Score(2), 64).unwrap();
        let params = if by_parts {
            params::load_for(&device, &from, &model.layout, 7, States::Eight).unwrap()
        } else {
            params::load(&device, &from, &model.layout, 7).unwrap().into()
        };
        let settings = settings(States::Eight);
        Trainer::new(device, model, params, LIMITS, rates(1e-3), settings).unwrap()
    };
    assert_eq!(bits(&build(true)), bits(&build(false)));
}

#[test]
fn states_that_a_device_cannot_keep_are_refused() {
    let rough = Gpu::new(Arc::new(Emulated::new(Schedule::Greedy)), Dtype::F32).unwrap();
    for (device, told) in [
        (Device::cpu(1).unwrap(), "8-bit states are for cards"),
        (Device::Gpu(rough), "8-bit states are for weights of bf16, not f32"),
    ] {
        let model = Transformer::new(&device, &config(), Head::Lm, 64).unwrap();
        let params = params::random(&device, &model.layout, 1);
        let params = params.unwrap();
        let settings = settings(States::Eight);
        let error = Trainer::new(device, model, params, LIMITS, rates(1e-3), settings);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let device = card();
    let model = Transformer::new(&device, &config(), Head::Lm, 64).unwrap();
    let len = model.layout.len();
    let weights = device.zeros(Dtype::Bf16, len).unwrap();
    let residual = device.zeros(Dtype::U8, len).unwrap();
    let params = Initial::Split { weights, residual };
    let settings = settings(States::Full);
    assert!(Trainer::new(device, model, params, LIMITS, rates(1e-3), settings).is_err());
}
