//! Whole steps through the card's kernels, run by the emulator, beside the same steps on the host:
//! a GRPO step, a classifier's step and sampling, of small models with real head sizes.

use std::sync::Arc;

use heedful_kernels::gpu::Gpu;
use heedful_kernels::gpu::emulated::{Emulated, Schedule};
use heedful_kernels::{Device, Dtype, copy, sample, surrogate};

use crate::batch::Batch;
use crate::classifier::Labels;
use crate::config::{Config, Family, Head};
use crate::engine::{Engine, Settings, Weights};
use crate::generate::{self, Event, Options, Request};
use crate::optimizer;
use crate::params;
use crate::policy::{self, Average, Objective, Ratio, Sample};
use crate::schedule;
use crate::trainer::Trainer;
use crate::transformer::Transformer;
use crate::workspace::{Keep, Limits};
use crate::{fixture, phase, policy::Update};

/// Two layers, heads of 64, three to a head of keys.
fn config(family: Family) -> Config {
    let shape = Config { vocab: 200, width: 96, heads: 3, kv_heads: 1, ffn: 160, ..plain(family) };
    Config { head_dim: 64, ..shape }
}

fn plain(family: Family) -> Config {
    fixture::config(family, true)
}

fn card(schedule: Schedule, float: Dtype) -> Device {
    Device::Gpu(Gpu::new(Arc::new(Emulated::new(schedule)), float).unwrap())
}

fn trainer(device: Device, config: &Config, head: Head) -> Trainer {
    let model = Transformer::new(&device, config, head, 64).unwrap();
    let host = Device::cpu(1).unwrap();
    let drawn = params::random(&host, &model.layout, 3).unwrap();
    // Larger than a fresh model's, so that attention and losses have something to say; bf16 values,
    // so that every device begins at the same ones.
    let values = drawn.view().f32().unwrap().iter().map(|v| match v {
        v if *v == 1.0 || *v == 0.0 => *v,
        v => half::bf16::from_f32(v * 8.0).to_f32(),
    });
    let values: Vec<f32> = values.collect();
    let mut params = device.zeros(Dtype::F32, values.len()).unwrap();
    copy::write_f32(&device, params.view_mut(), &values).unwrap();
    let limits = Limits { tokens: 64, sequences: 16, rows: 10, keep: Keep::Layers };
    let shape = schedule::Shape::Constant;
    let rates = schedule::Schedule { rate: 1e-3, warmup: 0, steps: 10, shape, floor: 0.0 };
    let settings = optimizer::Settings { weight_decay: 0.1, ..optimizer::Settings::default() };
    Trainer::new(device, model, params, limits, rates, settings).unwrap()
}

fn samples() -> Vec<Sample> {
    let sample = |at: u32| {
        let (prompt, answer) = (3 + at as usize % 4, 2 + (at as usize * 5) % 9);
        let id = |i: usize| (at * 37 + i as u32 * 11) % 200;
        let near = |by: f32| (0..answer).map(|i| -4.0 - by * (i as f32 * 0.7).sin()).collect();
        let ids = (0..prompt + answer).map(id).collect();
        let advantage = if at.is_multiple_of(2) { 1.3 } else { -0.7 };
        Sample { ids, prompt, old: near(0.3), reference: near(0.5), advantage }
    };
    (0..7).map(sample).collect()
}

/// What a step gives: the update, the gradients before it and the parameters after.
fn grpo(device: Device, config: &Config, objective: &Objective) -> (Update, Vec<f32>, Vec<f32>) {
    let mut trainer = trainer(device, config, Head::Lm);
    let mut samples = samples();
    let known = policy::log_probabilities(&mut trainer, &samples).unwrap();
    for (sample, known) in samples.iter_mut().zip(known) {
        sample.old = known.iter().zip(&sample.old).map(|(new, old)| new - (old + 4.0)).collect();
    }
    policy::gather(&mut trainer, &samples, objective).unwrap();
    let grads = copy::read_f32(&trainer.device, trainer.grads.view()).unwrap();
    trainer.clear().unwrap();
    let update = policy::update(&mut trainer, &samples, objective).unwrap();
    let values = trainer.values().unwrap().into_owned();
    (update, grads, values)
}

/// |a - b| / |b|.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let off = square(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    (off / square(&mut b.iter().map(|v| f64::from(*v))).max(1e-30)).sqrt()
}

/// Compares tensor by tensor; those whose gradient is noise on the host too are not told apart.
fn tensors_agree(config: &Config, head: Head, found: &[f32], expected: &[f32], most: f64) {
    let layout = params::Layout::new(config, head).unwrap();
    let whole = expected.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    for entry in &layout.tensors {
        let (a, b) = (&found[entry.range.clone()], &expected[entry.range.clone()]);
        let size = b.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        if size > 1e-4 * whole {
            let off = apart(a, b);
            assert!(off < most, "{}: {off} of its size {size}", entry.name);
        }
    }
}

#[test]
fn a_grpo_step_on_a_card_is_the_hosts() {
    let clip = surrogate::Settings { low: 0.2, high: 0.28, penalty: 0.05 };
    for (family, ratio) in [(Family::Llama, Ratio::Token), (Family::Qwen3, Ratio::Sequence)] {
        let config = config(family);
        let objective = Objective { ratio, average: Average::Sequences, clip, entropy: 0.01 };
        let (host, grads, values) = grpo(Device::cpu(1).unwrap(), &config, &objective);
        for (float, most) in [(Dtype::F32, 2e-4), (Dtype::Bf16, 0.04)] {
            let device = card(Schedule::RoundRobin, float);
            let (found, found_grads, found_values) = grpo(device, &config, &objective);
            let near = |a: f64, b: f64| (a - b).abs() <= most * b.abs().max(0.05);
            assert!(near(found.totals.loss, host.totals.loss), "{found:?} {host:?}");
            assert!(near(found.totals.divergence, host.totals.divergence), "{found:?} {host:?}");
            assert!(near(found.entropy, host.entropy) && near(found.norm, host.norm));
            assert_eq!(found.totals.tokens, host.totals.tokens);
            tensors_agree(&config, Head::Lm, &found_grads, &grads, most);
            // AdamW's first step is the sign of the gradient: compare where the weights end up.
            assert!(apart(&found_values, &values) < 4e-3, "{family:?} {float}");
        }
    }
}

#[test]
fn a_step_on_a_card_is_the_same_bits_under_every_schedule() {
    let clip = surrogate::Settings { low: 0.2, high: 0.28, penalty: 0.0 };
    let average = Average::Tokens;
    let objective = Objective { ratio: Ratio::Token, average, clip, entropy: 0.0 };
    let config = config(Family::Qwen2);
    let run = |schedule| grpo(card(schedule, Dtype::Bf16), &config, &objective).2;
    let first = run(Schedule::RoundRobin);
    for schedule in [Schedule::Reverse, Schedule::Shuffled(5), Schedule::Greedy] {
        let found = run(schedule);
        assert!(first.iter().zip(&found).all(|(a, b)| a.to_bits() == b.to_bits()), "{schedule:?}");
    }
}

/// Loss, scores and gradients of a classifier's step.
fn classify(device: Device, labels: usize, truth: Labels<'_>) -> (f64, Vec<f32>, Vec<f32>) {
    let mut trainer = trainer(device, &config(Family::Llama), Head::Score(labels));
    let mut batch = Batch::new();
    for at in 0..4u32 {
        let ids: Vec<u32> = (0..5 + at).map(|i| (i * 13 + at * 41) % 200).collect();
        batch.push(&ids, &vec![0.0; ids.len()]).unwrap();
    }
    let pairs = matches!(truth, Labels::Preferences);
    let weights: &[f32] = if pairs { &[0.5, 0.25] } else { &[0.5, 0.25, 0.2, 0.05] };
    let loss = trainer.accumulate_labels(&batch, truth, weights).unwrap();
    let scores = trainer.scores(&batch).unwrap();
    let grads = copy::read_f32(&trainer.device, trainer.grads.view()).unwrap();
    (loss, scores, grads)
}

#[test]
fn a_classifiers_step_on_a_card_is_the_hosts() {
    let cases = [
        (1, Labels::Soft(&[1.0, 0.0, 0.3, 1.0])),
        (2, Labels::Classes(&[1, 0, 0, 1])),
        (1, Labels::Preferences),
    ];
    for (labels, truth) in cases {
        let (host, scores, grads) = classify(Device::cpu(1).unwrap(), labels, truth);
        for (float, most) in [(Dtype::F32, 2e-4), (Dtype::Bf16, 0.05)] {
            let (found, found_scores, found_grads) =
                classify(card(Schedule::Greedy, float), labels, truth);
            assert!((found - host).abs() < most * host.abs().max(0.1), "{found} {host}");
            assert!(apart(&found_scores, &scores) < most, "{found_scores:?} {scores:?}");
            let head = Head::Score(labels);
            tensors_agree(&config(Family::Llama), head, &found_grads, &grads, most);
        }
    }
}

/// Tokens and log-probabilities of samples, in order.
fn generated(device: &Device, sampling: sample::Settings) -> Vec<(Vec<u32>, Vec<f32>)> {
    let config = config(Family::Qwen3);
    let host = trainer(Device::cpu(1).unwrap(), &config, Head::Lm);
    let values = host.values().unwrap();
    let layout = &host.model.layout;
    let view = heedful_kernels::View::F32(&values);
    let read = &mut |name: &str, out: &mut [f32]| layout.read(view, name, out);
    let weights = Weights::read(device, layout, Dtype::F32, read).unwrap();
    let settings = Settings { slots: 5, prefill: 16, ..Settings::default() };
    let mut engine = Engine::new(device, weights, &config, settings).unwrap();
    let request = |at: u32| Request {
        name: format!("row {at}"),
        prompt: (0..3 + at * 19).map(|i| (i * 29 + at * 7) % 200).collect(),
        samples: 0..3,
    };
    let requests: Vec<Request> = (0..3).map(request).collect();
    let options = Options { sampling, seed: 5, max_tokens: 12, ..Options::default() };
    let mut all = vec![(Vec::new(), Vec::new()); 9];
    generate::run(device, &mut engine, None, &requests, &options, &mut |event| {
        if let Event::Finished(done) = event {
            all[done.request * 3 + done.sample as usize] = (done.tokens, done.logprobs);
        }
        Ok(())
    })
    .unwrap();
    all
}

#[test]
fn a_card_samples_what_the_host_samples() {
    let warm = sample::Settings { temperature: 0.9, top_k: 50, top_p: 0.9, ..greedy() };
    for sampling in [greedy(), warm] {
        let host = generated(&Device::cpu(1).unwrap(), sampling);
        for schedule in [Schedule::RoundRobin, Schedule::Reverse] {
            let found = generated(&card(schedule, Dtype::F32), sampling);
            for ((tokens, logp), (expected, expected_logp)) in found.iter().zip(&host) {
                assert_eq!(tokens, expected);
                let pairs = logp.iter().zip(expected_logp);
                pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-3, "{a} {b}"));
            }
        }
        // In bf16 other tokens may be likeliest; they are tokens, and their chances are chances.
        let rough = generated(&card(Schedule::Greedy, Dtype::Bf16), sampling);
        let (mut same, mut all) = (0, 0);
        for ((tokens, logp), (expected, _)) in rough.iter().zip(&host) {
            assert!(tokens.iter().all(|id| *id < 200) && logp.iter().all(|v| *v <= 0.0));
            same += usize::from(tokens[0] == expected[0]);
            all += 1;
        }
        assert!(same * 2 > all, "{same} of {all} first tokens are the host's");
    }
}

fn greedy() -> sample::Settings {
    sample::Settings::GREEDY
}

#[test]
fn training_and_sampling_have_the_same_memory() {
    let board = Arc::new(Emulated::with_memory(Schedule::RoundRobin, 64 << 20));
    let device = Device::Gpu(Gpu::new(board, Dtype::F32).unwrap());
    let mut trainer = trainer(device, &config(Family::Llama), Head::Lm);
    // Passes of so many tokens leave less than half of the card.
    let limits = Limits { tokens: 2500, sequences: 16, rows: 10, keep: Keep::Layers };
    trainer.work.limits = limits;
    trainer.rest().unwrap();
    let clip = surrogate::Settings { low: 0.2, high: 0.28, penalty: 0.0 };
    let average = Average::Tokens;
    let objective = Objective { ratio: Ratio::Token, average, clip, entropy: 0.0 };
    let rollout = |trainer: &Trainer| {
        let dev = &trainer.device;
        phase::during(dev, phase::ROLLOUT, || Ok(dev.zeros(Dtype::U8, 40 << 20)?.len()))
    };
    for step in 1..3 {
        assert_eq!(rollout(&trainer).unwrap(), 40 << 20);
        let done = policy::update(&mut trainer, &samples(), &objective).unwrap();
        assert!(done.norm > 0.0 && trainer.optimizer.step == step);
        let error = rollout(&trainer).unwrap_err().to_string();
        assert!(error.starts_with("phase rollout begins while phase training holds "), "{error}");
        trainer.rest().unwrap();
    }
    assert_eq!(trainer.work.limits, limits);
}
