//! The objective against PyTorch's figures (`tests/oracles/policy_losses.py`), and a policy that
//! learns what is rewarded.

use std::sync::LazyLock;

use heedful_kernels::advantage::{self, Baseline, Scale};
use heedful_kernels::surrogate::Settings as Clip;
use heedful_kernels::{Dtype, ViewMut, sample};
use serde_json::Value;

use super::*;
use crate::config::Head;
use crate::engine::{Engine, Settings, Weights};
use crate::generate::{Event, Options, Request, run};
use crate::optimizer;
use crate::params;
use crate::parity_tests::{config, floats};
use crate::schedule::{Schedule, Shape};
use crate::transformer::Transformer;
use crate::workspace::{Keep, Limits, Workspace};

static RECORD: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../tests/oracles/policy_losses.json")).unwrap()
});

fn narrow(value: &Value) -> Vec<f32> {
    floats(value).into_iter().map(|v| v as f32).collect()
}

fn objective(settings: &Value) -> Objective {
    let number = |key: &str| settings[key].as_f64().unwrap() as f32;
    Objective {
        ratio: if settings["ratio"] == "token" { Ratio::Token } else { Ratio::Sequence },
        average: match settings["average"].as_str().unwrap() {
            "sequences" => Average::Sequences,
            "tokens" => Average::Tokens,
            _ => Average::Constant(settings["constant"].as_u64().unwrap() as u32),
        },
        clip: Clip { low: number("low"), high: number("high"), penalty: number("penalty") },
        entropy: number("bonus"),
    }
}

fn near(found: f64, expected: f64, what: &str) {
    let error = (found - expected).abs();
    assert!(error <= 1e-9 + 1e-5 * expected.abs(), "{what}: {found}, PyTorch has {expected}");
}

#[test]
fn losses_and_slopes_are_pytorchs() {
    let recorded = RECORD["samples"].as_array().unwrap();
    let sample = |value: &Value| {
        let old = narrow(&value["old"]);
        let (ids, reference) = (vec![0; old.len() + 1], narrow(&value["reference"]));
        let advantage = value["advantage"].as_f64().unwrap() as f32;
        Sample { ids, prompt: 1, old, reference, advantage }
    };
    let all = |key: &str| -> Vec<f32> { recorded.iter().flat_map(|v| narrow(&v[key])).collect() };
    let samples: Vec<Sample> = recorded.iter().map(sample).collect();
    let (logp, entropy, device) = (all("logp"), all("entropy"), Device::cpu(1).unwrap());
    for case in RECORD["cases"].as_array().unwrap() {
        let objective = objective(&case["settings"]);
        // Two batches, in chunks that cut through responses.
        let mut at = 0;
        let mut buffers = Buffers::new(&device, 64, 16).unwrap();
        let mut found: Vec<[f32; 2]> = Vec::new();
        for part in [&samples[..3], &samples[3..]] {
            let mut loss = Loss::new(&device, &mut buffers, part, &samples, &objective).unwrap();
            let count: usize = part.iter().map(Sample::len).sum();
            let range = at..at + count;
            if loss.looks_ahead() {
                loss.look(&device, View::F32(&logp[range.clone()])).unwrap();
            }
            for from in (0..count).step_by(4) {
                let rows = from..count.min(from + 4);
                let these = at + rows.start..at + rows.end;
                let (logp, entropy) = (&logp[these.clone()], &entropy[these]);
                let tokens = Tokens { logp: View::F32(logp), entropy: View::F32(entropy) };
                let (mut dlogp, mut dentropy) = (vec![0.0; rows.len()], vec![0.0; rows.len()]);
                let to = Slopes {
                    dlogp: ViewMut::F32(&mut dlogp),
                    dentropy: ViewMut::F32(&mut dentropy),
                };
                loss.slopes(&device, rows, tokens, to).unwrap();
                found.extend(dlogp.into_iter().zip(dentropy).map(|(a, b)| [a, b]));
            }
            at = range.end;
        }
        let total = Totals::read(&device, buffers.sums.view()).unwrap().loss;
        let what = case["settings"].to_string();
        near(total, case["loss"].as_f64().unwrap(), &what);
        let expected = floats(&case["dlogp"]).into_iter().zip(floats(&case["dentropy"]));
        assert_eq!(found.len(), at);
        for ([dlogp, dentropy], expected) in found.into_iter().zip(expected) {
            near(f64::from(dlogp), expected.0, &what);
            near(f64::from(dentropy), expected.1, &what);
        }
    }
}

const LIMITS: Limits = Limits { tokens: 32, sequences: 16, rows: 16, keep: Keep::Layers };

fn trainer(threads: usize) -> Trainer {
    let device = Device::cpu(threads).unwrap();
    let model = Transformer::new(&device, &config("llama-tied"), Head::Lm, 16).unwrap();
    let params = params::random(&device, &model.layout, 1).unwrap();
    let schedule =
        Schedule { rate: 0.01, warmup: 0, steps: 60, shape: Shape::Constant, floor: 0.0 };
    let settings = optimizer::Settings::default();
    Trainer::new(device, model, params, LIMITS, schedule, settings).unwrap()
}

/// Sixteen answers of one token, by the present policy.
fn rollout(trainer: &Trainer, step: u64) -> Vec<u32> {
    let Trainer { device, model, params, .. } = trainer;
    let weights = Weights::of(device, &model.layout, params.view(), Dtype::F32).unwrap();
    let settings = Settings { slots: 8, positions: 16, ..Settings::default() };
    let mut engine = Engine::new(device, weights, &model.config, settings).unwrap();
    let request = Request { name: "bandit".into(), prompt: vec![1, 2], samples: 0..16 };
    let sampling = sample::Settings::PLAIN;
    let options = Options { sampling, seed: step, max_tokens: 1, ..Options::default() };
    let mut answers = vec![0; 16];
    run(device, &mut engine, None, &[request], &options, &mut |event| {
        if let Event::Finished(done) = event {
            answers[done.sample as usize] = done.tokens[0];
        }
        Ok(())
    })
    .unwrap();
    answers
}

/// Rewards of a bandit's arms: token 7 is best, 3 is half as good.
fn reward(token: u32) -> f32 {
    match token {
        7 => 1.0,
        3 => 0.5,
        _ => 0.0,
    }
}

fn bandit(objective: &Objective, threads: usize) -> Vec<f32> {
    let mut trainer = trainer(threads);
    let mut curve = Vec::new();
    for step in 0..60 {
        let answers = rollout(&trainer, step);
        let rewards: Vec<f32> = answers.iter().map(|&token| reward(token)).collect();
        curve.push(rewards.iter().sum::<f32>() / 16.0);
        let mut advantages = vec![0.0; 16];
        let (to, from) = (ViewMut::F32(&mut advantages), View::F32(&rewards));
        let scale = Scale::Floor(0.1);
        advantage::group(&trainer.device, to, from, 16, Baseline::Mean, scale).unwrap();
        let sample = |(token, advantage): (&u32, &f32)| Sample {
            ids: vec![1, 2, *token],
            prompt: 2,
            old: vec![0.0],
            reference: Vec::new(),
            advantage: *advantage,
        };
        let mut samples: Vec<Sample> = answers.iter().zip(&advantages).map(sample).collect();
        let old = log_probabilities(&mut trainer, &samples).unwrap();
        samples.iter_mut().zip(old).for_each(|(sample, old)| sample.old = old);
        for _ in 0..2 {
            update(&mut trainer, &samples, objective).unwrap();
        }
    }
    curve
}

#[test]
fn a_policy_finds_the_best_arm_of_a_bandit() {
    let clip = Clip { low: 0.2, high: 0.28, penalty: 0.0 };
    for ratio in [Ratio::Token, Ratio::Sequence] {
        let objective = Objective { ratio, average: Average::Sequences, clip, entropy: 0.0 };
        let curve = bandit(&objective, 1);
        let late = curve[50..].iter().sum::<f32>() / 10.0;
        assert!(curve[0] < 0.5 && late > 0.9, "{ratio:?}: from {} to {late}", curve[0]);
        assert_eq!(curve, bandit(&objective, 2), "the same on two threads");
    }
}

#[test]
fn gradients_do_not_depend_on_how_samples_are_packed() {
    let sample = |length: u32, advantage| Sample {
        ids: (0..4 + length).map(|at| (at * 7 + length) % 20).collect(),
        prompt: 4,
        old: vec![-3.0; length as usize],
        reference: vec![-2.5; length as usize],
        advantage,
    };
    let samples = [sample(9, 1.0), sample(3, -0.5), sample(12, -1.0), sample(1, 0.25)];
    let clip = Clip { low: 0.9, high: 9.0, penalty: 0.1 };
    for average in [Average::Sequences, Average::Tokens, Average::Constant(8)] {
        let objective = Objective { ratio: Ratio::Sequence, average, clip, entropy: 0.01 };
        let gradients = |limits: Limits| {
            let mut trainer = trainer(1);
            trainer.work = Workspace::new(&trainer.device, &trainer.model, limits).unwrap();
            trainer.clear().unwrap();
            let totals = gather(&mut trainer, &samples, &objective).unwrap();
            (trainer.grads.view().f32().unwrap().to_vec(), totals)
        };
        let (together, all) = gradients(Limits { tokens: 64, ..LIMITS });
        let (apart, each) = gradients(Limits { tokens: 16, rows: 3, ..LIMITS });
        assert_eq!(all.0.tokens, 25);
        assert!((all.0.loss - each.0.loss).abs() < 1e-6 && (all.1 - each.1).abs() < 1e-3);
        let largest = together.iter().fold(0.0f32, |most, g| most.max(g.abs()));
        for (a, b) in together.iter().zip(&apart) {
            assert!((a - b).abs() < 1e-5 * largest, "{a} {b} of {largest}");
        }
    }
}

#[test]
fn samples_that_share_a_prompt_have_the_same_gradients() {
    let sample = |(prompt, length): (u32, u32)| Sample {
        ids: (0..5 + length)
            .map(|at| (at * if at < 5 { prompt } else { length + 3 }) % 20)
            .collect(),
        prompt: 5,
        old: vec![-3.0; length as usize],
        reference: vec![-2.5; length as usize],
        advantage: 0.5 - length as f32 / 8.0,
    };
    let shapes = [(7, 9), (7, 3), (7, 1), (3, 6), (3, 2), (7, 4)];
    let samples = shapes.map(sample);
    let clip = Clip { low: 0.9, high: 9.0, penalty: 0.1 };
    let average = Average::Sequences;
    let objective = Objective { ratio: Ratio::Token, average, clip, entropy: 0.01 };
    let run = |share: bool, tokens: usize| {
        let mut trainer = trainer(2);
        let limits = Limits { tokens, ..LIMITS };
        trainer.work = Workspace::new(&trainer.device, &trainer.model, limits).unwrap();
        trainer.share = share;
        let known = log_probabilities(&mut trainer, &samples).unwrap().concat();
        trainer.clear().unwrap();
        let totals = gather(&mut trainer, &samples, &objective).unwrap();
        (trainer.grads.view().f32().unwrap().to_vec(), known, totals.0.loss)
    };
    let (expected, known, loss) = run(false, 64);
    let largest = expected.iter().fold(0.0f32, |most, g| most.max(g.abs()));
    for tokens in [64, 16] {
        let (found, same, shared) = run(true, tokens);
        assert!((loss - shared).abs() < 1e-6, "{loss} {shared}");
        for (a, b) in known.iter().zip(&same) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        for (a, b) in expected.iter().zip(&found) {
            assert!((a - b).abs() < 1e-5 * largest, "{a} {b} of {largest}");
        }
    }
    // Three samples follow another of their prompt, and share its first four tokens.
    let all: usize = samples.iter().map(|sample| sample.ids.len()).sum();
    let batch = batch(&samples, true).unwrap();
    assert_eq!(batch.ids.len(), all - 3 * 4);
    assert_eq!(packed(&samples, all - 3 * 4, true).unwrap().len(), 1);
    assert_eq!(packed(&samples, all - 3 * 4, false).unwrap().len(), 2);
}

#[test]
fn samples_that_cannot_be_are_refused() {
    let mut trainer = trainer(1);
    let clip = Clip { low: 0.2, high: 0.2, penalty: 0.1 };
    let objective = Objective { ratio: Ratio::Token, average: Average::Tokens, clip, entropy: 0.0 };
    let good = Sample {
        ids: vec![1, 2, 3],
        prompt: 2,
        old: vec![-1.0],
        reference: vec![-1.0],
        advantage: 1.0,
    };
    let bad = [
        Sample { prompt: 3, old: Vec::new(), reference: Vec::new(), ..good.clone() },
        Sample { prompt: 0, old: vec![-1.0; 3], reference: vec![-1.0; 3], ..good.clone() },
        Sample { old: Vec::new(), ..good.clone() },
        Sample { reference: Vec::new(), ..good.clone() },
        Sample { advantage: f32::NAN, ..good.clone() },
        Sample { ids: vec![1; 40], prompt: 39, ..good.clone() },
    ];
    for sample in bad {
        assert!(gather(&mut trainer, &[good.clone(), sample], &objective).is_err());
    }
    gather(&mut trainer, &[good], &objective).unwrap();
}
