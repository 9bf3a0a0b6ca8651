//! Tests of AdamW in seven bytes: its codes, a training's worth of steps, the card.

use super::*;
use crate::Tensor;
use crate::adamw;
use crate::copy::write_f32;
use crate::gpu::testing::{near, schedules, tensor};
use crate::testing::{device, values};

const WITH: Step = Step {
    lr: 1e-6,
    beta1: 0.9,
    beta2: 0.999,
    eps: 1e-8,
    weight_decay: 0.01,
    step: 1,
    grad_scale: 1.0,
};

/// Parameters of a device and their state.
struct Kept {
    params: Tensor,
    codes: [Tensor; 3],
    scales: Tensor,
}

impl Kept {
    fn new(dev: &Device, params: &[f32]) -> Kept {
        let count = params.len();
        let mut kept = Kept {
            params: dev.zeros(Dtype::Bf16, count).unwrap(),
            codes: [0, 1, 2].map(|_| dev.zeros(Dtype::U8, count).unwrap()),
            scales: dev.zeros(Dtype::F32, scales(count)).unwrap(),
        };
        write_f32(dev, kept.params.view_mut(), params).unwrap();
        kept
    }

    /// A step on all but the first `skipped` parameters.
    fn step(&mut self, dev: &Device, skipped: usize, grads: View, by: Option<View>, with: &Step) {
        let inside = skipped..self.params.len();
        let [residual, m, v] = &mut self.codes;
        let state = State {
            residual: residual.part_mut(inside.clone()),
            m: m.part_mut(inside.clone()),
            v: v.part_mut(inside.clone()),
            scales: self.scales.part_mut(0..scales(inside.len())),
        };
        step(dev, self.params.part_mut(inside), state, grads, by, with).unwrap();
    }

    fn weights(&self) -> Vec<f32> {
        let View::U8(residual) = self.codes[0].view() else { panic!("codes of the host") };
        let params = self.params.view().bf16().unwrap();
        params.iter().zip(residual).map(|(weight, beyond)| join(*weight, *beyond)).collect()
    }

    /// All bytes as numbers.
    fn bytes(&self, dev: &Device) -> Vec<f32> {
        let [residual, m, v] = &self.codes;
        let all = [&self.params, residual, m, v, &self.scales].map(|tensor| match tensor.view() {
            View::Card(span) => {
                let Device::Gpu(gpu) = dev else { unreachable!("it is a card") };
                let mut bytes = vec![0; span.bytes()];
                gpu.board().read(span.address(), &mut bytes).unwrap();
                bytes
            }
            View::Bf16(values) => values.iter().flat_map(|v| v.to_ne_bytes()).collect(),
            View::F32(values) => values.iter().flat_map(|v| v.to_ne_bytes()).collect(),
            View::U8(values) => values.to_vec(),
            View::U32(_) => unreachable!("no ids are kept"),
        });
        all.concat().into_iter().map(f32::from).collect()
    }
}

#[test]
fn weights_come_back() {
    for weight in [0.0, 1.0, -0.3, 1e-9, 3.3e38, -7.77e-5, 0.999_999] {
        let (high, low) = split(weight);
        let off = (join(high, low) - weight).abs();
        assert!(off <= weight.abs() / 65_536.0, "{weight}: off by {off}");
        let nearest = (high.to_f32() - weight).abs() / weight.abs().max(1e-30);
        assert!(nearest <= 1.0 / 255.0, "{weight} as {high}");
        assert_eq!(split(high.to_f32()), (high, 0));
    }
    for weight in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::from_bits(u32::MAX >> 1)] {
        let (high, low) = split(weight);
        assert_eq!(join(high, low).is_nan(), weight.is_nan());
        assert!(weight.is_nan() || join(high, low) == weight);
    }
}

/// What a value's codes come to over all chances: how far their mean is off, and the worst one.
fn over_chances(value: f32, code: impl Fn(f32, u32) -> f32) -> (f64, f64) {
    let all: Vec<f64> = (0..4096).map(|random| f64::from(code(value, random))).collect();
    let (value, mean) = (f64::from(value), all.iter().sum::<f64>() / 4096.0);
    ((mean - value).abs(), all.iter().map(|v| (v / value - 1.0).abs()).fold(0.0, f64::max))
}

#[test]
fn codes_of_means_come_back_and_chance_is_fair() {
    let (scale, inverse) = scales_of(3.0);
    for code in 0..=255u8 {
        for random in [0, 2048, 4000] {
            // A hair's breadth above, lest the product falls below the code.
            let mean = mean_of(code, scale) * 1.000_001;
            let found = code_of_mean(mean, inverse, random);
            assert!(found == code || mean == 0.0, "{code} came back as {found}");
        }
    }
    for value in [3.0, 1.234, -0.7, 2.9e-3, 1.1e-4, -4e-5, 1e-6] {
        let (off, _) = over_chances(value, |v, r| mean_of(code_of_mean(v, inverse, r), scale));
        assert!(off < 1e-3 * f64::from(value).abs() + 1e-8, "{value}: off by {off}");
    }
    assert_eq!(scales_of(1e-37), (0.0, 0.0));
}

#[test]
fn codes_of_squares_come_back_and_chance_is_fair() {
    for (least, bits) in [(0.024, 5), (0.023, 4), (9.2e-5, 4), (9.1e-5, 3), (1e-12, 3)] {
        let by = scales_of_squares(3.0, least);
        assert_eq!(fineness(by.0).0, bits, "from {least} to 3");
        for code in 0..=255u8 {
            for random in [0, 2048, 4000] {
                let found = code_of_square(square_of(code, by.0) * 1.000_001, by, random);
                assert_eq!(found, code, "{bits} bits");
            }
        }
        assert!((square_of(255, by.0) / 3.0 - 1.0).abs() < 1e-6, "the largest has a code");
        let values = [least, 3.0, 1.234, 0.7, 2.9e-3, 1.1e-4, 4e-5, 1e-8];
        for value in values.into_iter().filter(|v| *v >= least.max(2e-9)) {
            let code = |v, random| square_of(code_of_square(v, by, random), by.0);
            let (off, worst) = over_chances(value, code);
            assert!(off < 1e-3 * f64::from(value), "{value}: off by {off}");
            assert!(worst <= 1.0 / f64::from(1 << bits), "{value}: a code is off by {worst}");
        }
        assert_eq!(code_of_square(1e-30, by, 0), 1, "never 0");
    }
    assert_eq!(scales_of_squares(1e-37, 1e-37), (0.0, 0.0));
    assert_eq!(scales_of_squares(f32::INFINITY, f32::INFINITY), (f32::INFINITY, 0.0));
}

#[test]
fn chances_of_a_place_are_spread_over_steps() {
    let places = [0, 1, 255, 1 << 20, 1 << 40];
    let chances = |step: u64| places.map(|at| Chance::new(step).at(at));
    for share in [0.01, 0.1, 0.3, 0.5, 0.9] {
        let mut times = [[0.0f64; 3]; 5];
        for step in 1..=1000 {
            for (times, chances) in times.iter_mut().zip(chances(step)) {
                let most = [256.0, 4096.0, 4096.0].map(|all| all * share);
                let below =
                    chances.iter().zip(most).map(|(chance, most)| f64::from(*chance) < most);
                times.iter_mut().zip(below).for_each(|(times, below)| *times += f64::from(below));
                let expected = step as f64 * share;
                let off = times.map(|times| (times - expected).abs());
                // Dice, as means get, are off by twenty at times.
                assert!(off[0] < 4.0 && off[2] < 4.0, "{share} in {step} steps: off by {off:?}");
                assert!(off[1] < 60.0, "{share} in {step} steps: off by {off:?}");
            }
        }
    }
}

/// Gradients of a step: of sizes from 2⁻ˢ to 2ˢ, a part that stays and a larger one that does not.
fn gradients(step: u64, count: usize, spread: f32) -> Vec<bf16> {
    let sizes = values(7, count).into_iter().map(|v| (spread * v).exp2() * 1e-4);
    let lasting = values(8, count).into_iter().zip(values(1000 + step, count));
    sizes.zip(lasting).map(|(size, (a, b))| bf16::from_f32(size * (a + 2.0 * b))).collect()
}

/// How 500 steps at a rate of 1e-6 compare with those of f32: the cosine between the two updates,
/// and the ratio of their lengths.
fn beside_a_master(count: usize, spread: f32) -> (f64, f64) {
    let dev = device();
    let start = near(Dtype::Bf16, &values(1, count).iter().map(|v| v * 0.05).collect::<Vec<_>>());
    let mut kept = Kept::new(&dev, &start);
    let (mut master, mut m, mut v) = (start.clone(), vec![0.0; count], vec![0.0; count]);
    for t in 1..=500 {
        let with = Step { step: t, weight_decay: 0.0, ..WITH };
        let grads = gradients(t, count, spread);
        kept.step(&dev, 0, View::Bf16(&grads), None, &with);
        let grads: Vec<f32> = grads.iter().map(|g| g.to_f32()).collect();
        let (p, m, v) = (&mut master, ViewMut::F32(&mut m), ViewMut::F32(&mut v));
        adamw::step(&dev, ViewMut::F32(p), m, v, View::F32(&grads), &with).unwrap();
    }
    let moved = |to: &[f32]| -> Vec<f64> {
        to.iter().zip(&start).map(|(to, from)| f64::from(*to) - f64::from(*from)).collect()
    };
    let (found, expected) = (moved(&kept.weights()), moved(&master));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (a, b) = (dot(&found, &found).sqrt(), dot(&expected, &expected).sqrt());
    (dot(&found, &expected) / (a * b), a / b)
}

#[test]
fn five_hundred_small_steps_go_where_a_wide_master_goes() {
    // Gradients of a block differ by 4, by 64 and by 65,536 at most.
    for (spread, least) in [(1.0, 0.9994), (3.0, 0.999), (8.0, 0.9975)] {
        let (cosine, length) = beside_a_master(2048, spread);
        println!("sizes from 2^-{spread}: cosine {cosine:.5}, length {length:.4}");
        assert!(cosine >= least, "sizes from 2^-{spread}: cosine {cosine}");
        assert!((length - 1.0).abs() < 0.02, "sizes from 2^-{spread}: length {length}");
    }
}

#[test]
fn a_quadratic_is_minimised() {
    let (count, dev) = (300, device());
    let (target, mut kept) = (values(2, count), Kept::new(&dev, &vec![0.0; count]));
    let steep = |at: usize| 1.0 + at as f32 / 10.0;
    for t in 1..=600 {
        let lr = 0.02 * (1.0 - t as f64 / 601.0);
        let with = Step { lr, weight_decay: 0.0, step: t, beta2: 0.99, ..WITH };
        let pairs = kept.weights().into_iter().zip(&target).enumerate();
        let grads: Vec<f32> = pairs.map(|(at, (w, to))| steep(at) * (w - to)).collect();
        kept.step(&dev, 0, View::F32(&grads), None, &with);
    }
    let off = kept.weights().iter().zip(&target).map(|(w, to)| (w - to).abs()).fold(0.0, f32::max);
    assert!(off < 0.01, "off by {off}");
}

#[test]
fn cards() {
    // Gradients far apart, nearer and near, so that mean squares get 3, 4 and 5 bits of mantissa.
    let shapes = [(0, 1, 0.0), (0, 5000, 0.0), (16, 512, 1.02), (1, 700, 4.0), (8, 300, 1.02)];
    for (skipped, count, shift) in shapes {
        let gradients =
            |t| -> Vec<f32> { values(100 + t, count).iter().map(|v| v + shift).collect() };
        for (dtype, scale) in [(Dtype::F32, 0.03), (Dtype::Bf16, 0.5)] {
            let run = |dev: &Device| {
                let mut kept = Kept::new(dev, &values(1, skipped + count));
                for (t, factor) in [(1, 1.0), (2, scale), (3, f32::NAN)] {
                    // Gradients lie elsewhere: at times off where parameters and codes are not.
                    let before = usize::from(count == 512);
                    let grads = [vec![0.0; before], gradients(t)].concat();
                    let grads = tensor(dev, dtype, &grads);
                    let factor = tensor(dev, Dtype::F32, &[factor, 7.0]);
                    let with = Step { lr: 0.01, step: t, ..WITH };
                    let grads = grads.part(before..before + count);
                    kept.step(dev, skipped, grads, Some(factor.view()), &with);
                }
                kept.bytes(dev)
            };
            let host = match dtype {
                Dtype::F32 => run(&device()),
                _ => {
                    // The host's tensors of floats are f32: the same values go in as bf16.
                    let dev = device();
                    let mut kept = Kept::new(&dev, &values(1, skipped + count));
                    for (t, factor) in [(1, 1.0), (2, scale)] {
                        let grads = near(dtype, &gradients(t));
                        let with = Step { lr: 0.01, step: t, ..WITH };
                        let by = Some(View::F32(std::slice::from_ref(&factor)));
                        kept.step(&dev, skipped, View::F32(&grads), by, &with);
                    }
                    kept.bytes(&dev)
                }
            };
            assert_eq!(schedules(dtype, run), host);
        }
    }
}

#[test]
fn threads_do_not_matter_and_nan_stays_where_it_is() {
    let run = |threads| {
        let dev = Device::cpu(threads).unwrap();
        let mut kept = Kept::new(&dev, &values(1, 40_001));
        let mut grads = values(2, 40_001);
        grads[300] = f32::NAN;
        kept.step(&dev, 0, View::F32(&grads), None, &WITH);
        let weights = kept.weights();
        assert!(weights.iter().enumerate().all(|(at, w)| w.is_nan() == (at == 300)));
        kept.bytes(&dev)
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn lengths_and_types_are_checked() {
    let (dev, grads) = (device(), [1.0; 3]);
    let call = |scales: usize, codes: Dtype, factor: Option<View>, step_number| {
        let mut kept = Kept::new(&dev, &[1.0; 3]);
        let mut others = dev.zeros(codes, 3).unwrap();
        let [residual, m, _] = &mut kept.codes;
        let mut space = vec![0.0; scales];
        let state = State {
            residual: residual.view_mut(),
            m: m.view_mut(),
            v: others.view_mut(),
            scales: ViewMut::F32(&mut space),
        };
        let with = Step { step: step_number, ..WITH };
        step(&dev, kept.params.view_mut(), state, View::F32(&grads), factor, &with)
    };
    assert!(call(2, Dtype::U8, None, 1).is_ok());
    assert!(call(3, Dtype::U8, None, 1).is_err() && call(2, Dtype::F32, None, 1).is_err());
    assert!(call(2, Dtype::U8, None, 0).is_err());
    assert!(call(2, Dtype::U8, Some(View::F32(&[])), 1).is_err());
    assert!(call(2, Dtype::U8, Some(View::U32(&[1])), 1).is_err());
}
