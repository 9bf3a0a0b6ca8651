//! The kernel on emulated cards: the tokens of the host's version, and its log-probabilities.

use super::*;
use crate::Dtype;
use crate::gpu::testing::{SCHEDULES, emulated, ids, near, schedules, tensor, values_of};
use crate::philox::Place;
use crate::testing::{close, values};

fn place(at: usize) -> Place {
    Place { seed: 3 << 40 | 9, prompt: 5 << 33 | 1, sample: at as u32, position: 7 }
}

/// Settings of all kinds, one a row.
fn settings() -> Vec<Settings> {
    let plain = Settings::PLAIN;
    let cold = Settings { temperature: 0.6, ..plain };
    vec![
        Settings::GREEDY,
        plain,
        cold,
        Settings { top_k: 1, ..plain },
        Settings { top_k: 5, ..cold },
        Settings { top_k: 1 << 30, ..plain },
        Settings { top_p: 1e-9, ..plain },
        Settings { top_p: 0.3, ..cold },
        Settings { top_p: 0.95, ..plain },
        Settings { top_p: 0.999_999_9, ..plain },
        Settings { top_k: 20, top_p: 0.8, min_p: 0.02, ..cold },
        Settings { min_p: 0.2, ..plain },
        Settings { min_p: 1.0, ..plain },
        Settings { repetition: 1.5, ..Settings::GREEDY },
        Settings { repetition: 1.3, top_k: 40, top_p: 0.9, ..cold },
        Settings { temperature: 1e-40, top_k: 1, top_p: 1e-9, ..plain },
    ]
}

fn rows(settings: &[Settings]) -> Vec<Row> {
    let row = |(at, settings): (usize, &Settings)| Row { settings: *settings, place: place(at) };
    settings.iter().enumerate().map(row).collect()
}

/// Tokens, then log-probabilities.
fn run(dev: &Device, logits: &[f32], seen: &[u32], rows: &[Row]) -> Result<Vec<f32>> {
    let mut tokens = dev.zeros(Dtype::U32, rows.len())?;
    let mut logp = dev.zeros(Dtype::F32, rows.len())?;
    let scratch = if matches!(dev, Device::Cpu(_)) { logits.len() } else { 0 };
    let mut scratch = dev.zeros(Dtype::F32, scratch)?;
    let (logits, seen) = (tensor(dev, dev.float(), logits), ids(dev, seen));
    let outputs = (tokens.view_mut(), logp.view_mut(), scratch.view_mut());
    forward(dev, outputs.0, outputs.1, outputs.2, logits.view(), seen.view(), rows)?;
    let tokens = read_u32(dev, tokens.view())?;
    Ok(tokens.iter().map(|token| *token as f32).chain(values_of(dev, &logp)).collect())
}

/// Logits of all rows, with ties, and what each has seen.
fn inputs(dtype: Dtype, vocab: usize, count: usize, spread: f32) -> (Vec<f32>, Vec<u32>) {
    // Plus zero: the host's order has a zero below zero.
    let wide = |v: &f32| (v * v * v * spread * 64.0).round() / 64.0 + 0.0;
    let logits: Vec<f32> = values(vocab as u64, vocab * count).iter().map(wide).collect();
    let words = seen_words(vocab);
    let mut seen = vec![0; words * count];
    for row in seen.chunks_mut(words) {
        (0..vocab).step_by(3).for_each(|id| see(row, id as u32));
    }
    (near(dtype, &logits), seen)
}

#[test]
fn cards() {
    let host = Device::cpu(2).unwrap();
    for (vocab, spread) in [(1, 1.0), (7, 3.0), (151, 5.0), (520, 12.0), (1033, 0.0)] {
        for dtype in [Dtype::F32, Dtype::Bf16] {
            let rows = rows(&settings());
            let (logits, seen) = inputs(dtype, vocab, rows.len(), spread);
            let found = schedules(dtype, |dev| run(dev, &logits, &seen, &rows).unwrap());
            let expected = run(&host, &logits, &seen, &rows).unwrap();
            let (tokens, logp) = expected.split_at(rows.len());
            assert_eq!(found[..rows.len()], *tokens, "{vocab} {dtype}");
            let logp: Vec<f64> = logp.iter().map(|v| f64::from(*v)).collect();
            close("logp", &found[rows.len()..], &logp, 4e-6, 1e-6);
        }
    }
}

#[test]
fn a_large_vocabulary_has_more_near_scores_than_fit() {
    let vocab = 49_152;
    let all = settings();
    for (spread, rows) in [(30.0, rows(&[all[8], all[10], all[2]])), (2.0, rows(&[all[8], all[4]]))]
    {
        let (logits, seen) = inputs(Dtype::Bf16, vocab, rows.len(), spread);
        let card = emulated(SCHEDULES[3], Dtype::Bf16);
        let found = run(&card, &logits, &seen, &rows).unwrap();
        let expected = run(&Device::cpu(2).unwrap(), &logits, &seen, &rows).unwrap();
        assert_eq!(found[..rows.len()], expected[..rows.len()]);
    }
}

#[test]
fn a_card_draws_from_the_distribution() {
    let card = emulated(SCHEDULES[0], Dtype::F32);
    let logits: Vec<f32> = (0..23).map(|i| ((i * 37) % 11) as f32 * 0.3).collect();
    let top = Settings { temperature: 0.7, top_k: 12, ..Settings::PLAIN };
    let count = 600;
    let rows: Vec<Row> = (0..count).map(|at| Row { settings: top, place: place(at) }).collect();
    let many: Vec<f32> = rows.iter().flat_map(|_| logits.clone()).collect();
    let found = run(&card, &many, &[], &rows).unwrap();
    let weight = |l: &f32| if *l >= kth(&logits, 12) { (f64::from(*l) / 0.7).exp() } else { 0.0 };
    let weights: Vec<f64> = logits.iter().map(weight).collect();
    let total: f64 = weights.iter().sum();
    let mut counts = vec![0.0; logits.len()];
    found[..count].iter().for_each(|token| counts[*token as usize] += 1.0);
    let chi = |(n, w): (&f64, &f64)| {
        let expected = w / total * count as f64;
        if *w == 0.0 { n * 1e9 } else { (n - expected).powi(2) / expected }
    };
    let chi: f64 = counts.iter().zip(&weights).map(chi).sum();
    assert!(chi < 37.4, "χ² of at most 13 degrees is {chi}: below 1 in 3,000");
}

fn kth(logits: &[f32], k: usize) -> f32 {
    let mut sorted = logits.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    sorted[k - 1]
}

#[test]
fn one_token_may_be_all_that_is_allowed() {
    let mut logits = vec![f32::NEG_INFINITY; 2 * 500];
    (logits[499], logits[500 + 3]) = (-1e30, 1e30);
    for settings in [Settings::GREEDY, Settings::PLAIN, Settings { top_p: 0.5, ..Settings::PLAIN }]
    {
        let rows = rows(&[settings, settings]);
        let found = schedules(Dtype::F32, |dev| run(dev, &logits, &[], &rows).unwrap());
        assert_eq!(found, [499.0, 3.0, 0.0, 0.0]);
    }
}

#[test]
fn what_is_not_a_distribution_is_told() {
    for dtype in [Dtype::F32, Dtype::Bf16] {
        let card = emulated(SCHEDULES[1], dtype);
        for settings in settings() {
            let rows = rows(&[settings, settings]);
            for (bad, message) in [
                (f32::NAN, "sample: row 1: the logit of token 2 is NaN"),
                (f32::INFINITY, "sample: row 1: the logit of token 2 is inf"),
            ] {
                let mut logits = vec![0.5; 12];
                logits[8] = bad;
                let error = run(&card, &logits, &[0, 0], &rows).unwrap_err();
                assert_eq!(error.to_string(), message);
            }
            let mut logits = vec![0.5; 12];
            logits[..6].fill(f32::NEG_INFINITY);
            let error = run(&card, &logits, &[0, 0], &rows).unwrap_err();
            assert_eq!(error.to_string(), "sample: row 0: every logit is -inf");
        }
        let rows = rows(&[Settings { top_p: 0.0, ..Settings::PLAIN }]);
        assert!(run(&card, &[0.0; 4], &[], &rows).is_err());
    }
}

#[test]
fn later_is_the_same_and_leaves_what_was_wrong() {
    let rows = rows(&settings()[..4]);
    let (mut logits, _) = inputs(Dtype::F32, 50, 4, 4.0);
    let words: Vec<u32> = rows.iter().flat_map(Row::words).collect();
    let later = |dev: &Device, logits: &[f32]| {
        let [mut tokens, mut told] = [0, 1].map(|_| ids(dev, &[9; 4]));
        let mut logp = tensor(dev, Dtype::F32, &[9.0; 4]);
        let mut scratch = tensor(dev, Dtype::F32, logits);
        let (logits, rows, seen) =
            (tensor(dev, Dtype::F32, logits), ids(dev, &words), ids(dev, &[]));
        let outputs = (tokens.view_mut(), logp.view_mut(), told.view_mut(), scratch.view_mut());
        let inputs = (logits.view(), seen.view(), rows.view());
        super::later(dev, outputs.0, outputs.1, outputs.2, outputs.3, inputs.0, inputs.1, inputs.2)
            .unwrap();
        let verdict = verdict(dev, told.view(), tokens.view()).map_err(|e| e.to_string());
        let tokens = read_u32(dev, tokens.view()).unwrap();
        let whole: Vec<f32> =
            tokens.iter().map(|token| *token as f32).chain(values_of(dev, &logp)).collect();
        (whole, verdict)
    };
    let devices = [Device::cpu(1).unwrap(), emulated(SCHEDULES[2], Dtype::F32)];
    for dev in &devices {
        let (found, verdict) = later(dev, &logits);
        assert_eq!(found, run(dev, &logits, &[], &rows).unwrap());
        assert_eq!(verdict, Ok(()));
    }
    logits[150 + 13] = f32::NAN;
    for dev in &devices {
        let (found, verdict) = later(dev, &logits);
        assert_eq!((found[3], found[7].is_nan(), found[6].is_nan()), (13.0, true, false));
        assert_eq!(verdict, Err("sample: row 3: the logit of token 13 is NaN".to_owned()));
    }
}

#[test]
fn rows_come_back_from_their_words() {
    for row in rows(&settings()) {
        assert_eq!(Row::read(&row.words()), row);
    }
}
