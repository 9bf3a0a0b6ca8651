//! Sampling against a plain reference that sorts, in f64.

use proptest::prelude::*;

use super::*;
use crate::philox::Place;

fn device() -> Device {
    Device::cpu(2).unwrap()
}

fn place(position: u32) -> Place {
    Place { seed: 3, prompt: 5, sample: 1, position }
}

fn one(logits: &[f32], seen: &[u32], settings: Settings, position: u32) -> Result<(u32, f32)> {
    let mut scratch = vec![0.0; logits.len()];
    let (mut token, mut logp) = ([0], [0.0]);
    forward(
        &device(),
        ViewMut::U32(&mut token),
        ViewMut::F32(&mut logp),
        ViewMut::F32(&mut scratch),
        View::F32(logits),
        View::U32(seen),
        &[Row { settings, place: place(position) }],
    )?;
    Ok((token[0], logp[0]))
}

/// Ids that stay, as transformers' warpers keep them, by sorting.
fn kept(logits: &[f32], settings: &Settings) -> Vec<u32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scores: Vec<f32> = logits.iter().map(|l| (l - most) / settings.temperature).collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    if settings.top_k > 0 && (settings.top_k as usize) < order.len() {
        let kth = scores[order[settings.top_k as usize - 1]];
        order.retain(|&i| scores[i] >= kth);
    }
    if settings.top_p < 1.0 {
        let total: f64 = order.iter().map(|&i| f64::from(scores[i]).exp()).sum();
        let mut above = 0.0;
        order.retain(|&i| {
            let stays = above < f64::from(settings.top_p) * total;
            above += f64::from(scores[i]).exp();
            stays
        });
    }
    if settings.min_p > 0.0 {
        order.retain(|&i| scores[i] >= settings.min_p.ln());
    }
    let mut ids: Vec<u32> = order.into_iter().map(|i| i as u32).collect();
    ids.sort_unstable();
    ids
}

fn ours(logits: &[f32], settings: &Settings) -> Vec<u32> {
    let mut scores = logits.to_vec();
    temper(Level::best(), &mut scores, largest(logits).unwrap(), settings.temperature);
    let cut = Cut::new(&scores, settings);
    weigh(Level::best(), &mut scores, cut.value, cut.id);
    (0..).zip(&scores).filter(|(_, w)| **w > 0.0).map(|(id, _)| id).collect()
}

proptest! {
    #[test]
    fn the_cuts_are_those_of_a_sort(
        steps in prop::collection::vec(-60i32..60, 1..400),
        spread in 0.02f32..2.0,
        temperature in 0.2f32..2.0,
        top_k in 0u32..50,
        top_p in prop::sample::select(vec![0.05f32, 0.313, 0.77, 0.951, 1.0]),
        min_p in prop::sample::select(vec![0.0f32, 0.013, 0.37]),
    ) {
        // Steps repeat, so that there are ties.
        let logits: Vec<f32> = steps.iter().map(|&s| s as f32 * spread).collect();
        let settings = Settings { temperature, top_k, top_p, min_p, repetition: 1.0 };
        let reference: Vec<u32> = kept(&logits, &settings);
        // Near e^-87 weights fall out of f32's normal range, and are zero from there on.
        let most = largest(&logits).unwrap();
        let reachable = |id: &u32| (logits[*id as usize] - most) / temperature > -87.0;
        let found: Vec<u32> = ours(&logits, &settings).into_iter().filter(reachable).collect();
        let reference: Vec<u32> = reference.into_iter().filter(reachable).collect();
        prop_assert_eq!(found, reference);
    }
}

#[test]
fn draws_follow_the_distribution() {
    let logits: Vec<f32> = (0..200).map(|i| ((i * 37) % 11) as f32 * 0.3).collect();
    let exact: Vec<f64> = logits.iter().map(|&l| (f64::from(l) / 0.7).exp()).collect();
    let total: f64 = exact.iter().sum();
    let settings = Settings { temperature: 0.7, ..Settings::PLAIN };
    let draws = 20_000;
    let mut counts = vec![0u32; logits.len()];
    for position in 0..draws {
        counts[one(&logits, &[], settings, position).unwrap().0 as usize] += 1;
    }
    let chi: f64 = (counts.iter().zip(&exact))
        .map(|(&n, w)| (f64::from(n) - w / total * f64::from(draws)).powi(2) / (w / total))
        .sum::<f64>()
        / f64::from(draws);
    assert!(chi < 281.0, "χ² of 199 degrees is {chi}: below 1 in 10,000");
}

#[test]
fn greedy_takes_the_lowest_id_and_reports_the_plain_log_probability() {
    let logits = [0.5, 2.0, -1.0, 2.0];
    let (token, logp) = one(&logits, &[], Settings::GREEDY, 0).unwrap();
    let total: f64 = logits.iter().map(|&l| f64::from(l).exp()).sum();
    assert_eq!(token, 1);
    assert!((f64::from(logp) - (2.0 - total.ln())).abs() < 1e-6);
    // Temperature and penalty move the choice, not the measure.
    let mut seen = [0];
    see(&mut seen, 1);
    let settings = Settings { repetition: 2.0, ..Settings::GREEDY };
    let (token, penalised) = one(&logits, &seen, settings, 0).unwrap();
    assert_eq!((token, penalised), (3, logp));
}

#[test]
fn the_penalty_goes_both_ways_and_once() {
    let mut scores = [2.0, -2.0, 3.0];
    let mut seen = [0];
    [0, 1, 1, 0].iter().for_each(|&id| see(&mut seen, id));
    penalise(&mut scores, &seen, 2.0);
    assert_eq!(scores, [1.0, -4.0, 3.0]);
}

#[test]
fn what_is_not_a_distribution_is_an_error() {
    for (bad, message) in [
        (f32::NAN, "sample: row 0: the logit of token 1 is NaN"),
        (f32::INFINITY, "sample: row 0: the logit of token 1 is inf"),
    ] {
        for settings in [Settings::GREEDY, Settings::PLAIN] {
            let error = one(&[0.0, bad, 1.0], &[], settings, 0).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
    let error = one(&[f32::NEG_INFINITY; 3], &[], Settings::PLAIN, 0).unwrap_err();
    assert_eq!(error.to_string(), "sample: row 0: every logit is -inf");
    for settings in [
        Settings { temperature: f32::NAN, ..Settings::PLAIN },
        Settings { top_p: 0.0, ..Settings::PLAIN },
        Settings { min_p: 1.5, ..Settings::PLAIN },
        Settings { repetition: 0.0, ..Settings::PLAIN },
    ] {
        assert!(one(&[0.0, 1.0], &[0], settings, 0).is_err());
    }
    let repetition = Settings { repetition: 1.1, ..Settings::PLAIN };
    assert!(one(&[0.0, 1.0], &[], repetition, 0).is_err(), "the set of seen ids is wanted");
}

#[test]
fn forbidden_tokens_are_never_drawn_and_extremes_hold() {
    let mut logits = vec![f32::NEG_INFINITY; 100];
    (logits[17], logits[93]) = (-1e30, -1e30);
    for position in 0..50 {
        let (token, logp) = one(&logits, &[], Settings::PLAIN, position).unwrap();
        assert!(token == 17 || token == 93);
        assert!((logp + 2f32.ln()).abs() < 1e-6);
    }
    let cold = Settings { temperature: 1e-40, top_k: 1, top_p: 1e-9, ..Settings::PLAIN };
    assert_eq!(one(&[1.0, 3.0, 2.0], &[], cold, 0).unwrap().0, 1);
}

#[test]
fn a_row_has_the_same_bits_alone_and_among_others() {
    let vocab = 1000;
    let logits: Vec<f32> = (0..8 * vocab).map(|i| ((i * 7919) % 997) as f32 * 0.01).collect();
    let settings = Settings { top_k: 40, top_p: 0.9, ..Settings::PLAIN };
    let rows: Vec<Row> = (0..8).map(|i| Row { settings, place: place(i) }).collect();
    for threads in [1, 2, 3] {
        let mut scratch = vec![0.0; logits.len()];
        let (mut tokens, mut logp) = ([0; 8], [0.0; 8]);
        forward(
            &Device::cpu(threads).unwrap(),
            ViewMut::U32(&mut tokens),
            ViewMut::F32(&mut logp),
            ViewMut::F32(&mut scratch),
            View::F32(&logits),
            View::U32(&[]),
            &rows,
        )
        .unwrap();
        for at in 0..8 {
            let alone = one(&logits[at * vocab..][..vocab], &[], settings, at as u32).unwrap();
            assert_eq!((tokens[at], logp[at]), alone);
        }
    }
}

#[test]
fn probabilities_are_those_of_transformers() {
    let text = include_str!("../../tests/oracles/warpers.json");
    let record: serde_json::Value = serde_json::from_str(text).unwrap();
    let floats = |value: &serde_json::Value| -> Vec<f32> {
        value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()
    };
    for case in record["cases"].as_array().unwrap() {
        let set = |name: &str, usual: f64| case["settings"][name].as_f64().unwrap_or(usual) as f32;
        let settings = Settings {
            temperature: set("temperature", 1.0),
            top_k: set("top_k", 0.0) as u32,
            top_p: set("top_p", 1.0),
            min_p: set("min_p", 0.0),
            repetition: set("repetition", 1.0),
        };
        let mut scores = floats(&case["logits"]);
        let mut seen = vec![0; seen_words(scores.len())];
        floats(&case["seen"]).into_iter().for_each(|id| see(&mut seen, id as u32));
        penalise(&mut scores, &seen, settings.repetition);
        let best = largest(&scores).unwrap();
        temper(Level::best(), &mut scores, best, settings.temperature);
        let cut = Cut::new(&scores, &settings);
        weigh(Level::best(), &mut scores, cut.value, cut.id);
        let total: f32 = scores.iter().sum();
        for (weight, theirs) in scores.iter().zip(floats(&case["probabilities"])) {
            assert_eq!(*weight > 0.0, theirs > 0.0, "{}", case["settings"]);
            assert!((weight / total - theirs).abs() < 1e-6, "{}", case["settings"]);
        }
    }
}
