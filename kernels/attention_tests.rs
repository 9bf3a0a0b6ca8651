//! Attention against double precision and by differences.

use super::*;
use crate::testing::{close, device, differences, project, same_on_any_threads, values, wide};

struct Case {
    shape: Shape,
    starts: Vec<u32>,
    scale: f32,
    qkv: Vec<f32>,
}

impl Case {
    fn new((heads, kv_heads, head_dim): (usize, usize, usize), lengths: &[u32]) -> Case {
        let shape = Shape { heads, kv_heads, head_dim };
        let mut starts = vec![0];
        lengths.iter().for_each(|n| starts.push(starts[starts.len() - 1] + n));
        let tokens = starts[starts.len() - 1] as usize;
        let qkv = values(1, tokens * shape.row()).iter().map(|v| v * 2.0).collect();
        Case { shape, starts, scale: 1.0 / (head_dim as f32).sqrt(), qkv }
    }

    fn tokens(&self) -> usize {
        self.starts[self.starts.len() - 1] as usize
    }

    fn wide(&self) -> usize {
        self.shape.heads * self.shape.head_dim
    }

    fn forward(&self, dev: &Device) -> (Vec<f32>, Vec<f32>) {
        let mut out = vec![9.0; self.tokens() * self.wide()];
        let mut lse = vec![9.0; self.tokens() * self.shape.heads];
        let outputs = (ViewMut::F32(&mut out), ViewMut::F32(&mut lse));
        let (qkv, starts) = (View::F32(&self.qkv), View::U32(&self.starts));
        forward(dev, outputs.0, outputs.1, qkv, starts, self.shape, self.scale).unwrap();
        (out, lse)
    }

    fn backward(&self, dev: &Device, dout: &[f32]) -> Vec<f32> {
        let (out, lse) = self.forward(dev);
        let (mut dqkv, mut delta) = (vec![9.0; self.qkv.len()], vec![9.0; lse.len()]);
        backward(
            dev,
            ViewMut::F32(&mut dqkv),
            ViewMut::F32(&mut delta),
            View::F32(dout),
            View::F32(&out),
            View::F32(&lse),
            View::F32(&self.qkv),
            View::U32(&self.starts),
            self.shape,
            self.scale,
        )
        .unwrap();
        dqkv
    }

    /// Output and lse in double precision, token by token, with all scores at hand.
    fn reference(&self, qkv: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let Shape { heads, kv_heads, head_dim } = self.shape;
        let row = self.shape.row();
        let (mut out, mut lse) = (Vec::new(), Vec::new());
        for bounds in self.starts.windows(2) {
            for token in bounds[0] as usize..bounds[1] as usize {
                for head in 0..heads {
                    let kv = head / (heads / kv_heads);
                    let of = |token: usize, head: usize| &qkv[token * row + head * head_dim..];
                    let query = of(token, head);
                    let score = |key: usize| {
                        let key = of(key, heads + kv);
                        let dot: f64 = (0..head_dim).map(|i| query[i] * key[i]).sum();
                        f64::from(self.scale) * dot
                    };
                    let keys = bounds[0] as usize..token + 1;
                    let weights: Vec<f64> = keys.clone().map(|key| score(key).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    lse.push(sum.ln());
                    out.extend((0..head_dim).map(|i| {
                        let value = |key| of(key, heads + kv_heads + kv)[i];
                        keys.clone().zip(&weights).map(|(k, w)| w * value(k)).sum::<f64>() / sum
                    }));
                }
            }
        }
        (out, lse)
    }
}

#[test]
fn parity() {
    let cases = [
        Case::new((1, 1, 2), &[1]),
        Case::new((2, 1, 3), &[5, 1, 0, 7]),
        Case::new((6, 2, 8), &[63, 2, 64, 65, 1, 1, 130]),
        Case::new((3, 1, 64), &[70]),
        Case::new((2, 2, 96), &[40, 30]),
        Case::new((2, 1, 128), &[1, 67]),
        Case::new((9, 3, 64), &[33, 1]),
        Case::new((4, 4, 20), &[1; 9]),
    ];
    for case in cases {
        let (out, lse) = case.forward(&device());
        let expected = case.reference(&wide(&case.qkv));
        close("out", &out, &expected.0, 2e-6, 2e-6);
        close("lse", &lse, &expected.1, 2e-6, 2e-6);
    }
}

#[test]
fn gradient() {
    let cases = [
        Case::new((1, 1, 2), &[1]),
        Case::new((4, 2, 3), &[5, 1, 0, 7]),
        Case::new((1, 1, 1), &[67, 3]),
        Case::new((2, 1, 17), &[6]),
    ];
    for case in cases {
        let dout = values(2, case.tokens() * case.wide());
        let dqkv = case.backward(&device(), &dout);
        let expected = differences(&wide(&case.qkv), |x| project(&case.reference(x).0, &dout));
        close("dqkv", &dqkv, &expected, 1e-5, 1e-5);
    }
}

/// Wide heads and long sequences: the derivative along a few directions, which is quick.
#[test]
fn gradient_along_directions() {
    let cases = [
        Case::new((3, 1, 64), &[70]),
        Case::new((2, 2, 96), &[40, 30]),
        Case::new((2, 1, 128), &[1, 67]),
        Case::new((6, 2, 8), &[63, 2, 64, 65, 1, 130]),
    ];
    for case in cases {
        let dout = values(2, case.tokens() * case.wide());
        let dqkv = case.backward(&device(), &dout);
        let at = wide(&case.qkv);
        // One block of columns at a time: queries, keys and values each on their own.
        let Shape { heads, kv_heads, head_dim } = case.shape;
        let bounds = [0, heads, heads + kv_heads, heads + 2 * kv_heads].map(|h| h * head_dim);
        for (seed, columns) in bounds.windows(2).enumerate() {
            let mut direction = wide(&values(10 + seed as u64, at.len()));
            let inside = |i: usize| (columns[0]..columns[1]).contains(&(i % case.shape.row()));
            (0..at.len()).filter(|i| !inside(*i)).for_each(|i| direction[i] = 0.0);
            let along = |t: f64| -> f64 {
                let moved: Vec<f64> = at.iter().zip(&direction).map(|(x, d)| x + t * d).collect();
                project(&case.reference(&moved).0, &dout)
            };
            let slope = (along(1e-5) - along(-1e-5)) / 2e-5;
            let found = project(&direction, &dqkv);
            assert!((found - slope).abs() < 1e-4 * (1.0 + slope.abs()), "{found} is not {slope}");
        }
    }
}

#[test]
fn threads() {
    let case = Case::new((6, 2, 20), &[63, 2, 64, 65, 1, 130]);
    let dout = values(2, case.tokens() * case.wide());
    same_on_any_threads(|dev| {
        let (out, lse) = case.forward(dev);
        [out, lse, case.backward(dev, &dout)].concat()
    });
}

#[test]
fn every_level_is_close() {
    let case = Case::new((6, 2, 20), &[70, 3]);
    let dev = device();
    let Device::Cpu(cpu) = &dev else { unreachable!("it is the host") };
    let dout = values(2, case.tokens() * case.wide());
    let (out, lse) = case.forward(&dev);
    let dqkv = case.backward(&dev, &dout);
    for level in Level::all() {
        let Case { shape, scale, .. } = case;
        let (qkv, starts) = (case.qkv.as_slice(), case.starts.as_slice());
        let host = Host { qkv, starts, prefixes: None, shape, scale, level };
        let (mut o, mut l) = (vec![0.0; out.len()], vec![0.0; lse.len()]);
        forward::run(cpu, &mut o, &mut l, &host);
        close("out", &o, &wide(&out), 1e-6, 1e-6);
        close("lse", &l, &wide(&lse), 1e-6, 1e-6);
        let (mut d, mut delta) = (vec![0.0; dqkv.len()], vec![0.0; lse.len()]);
        backward::run(cpu, &mut d, &mut delta, (&dout, &o, &l), &host);
        close("dqkv", &d, &wide(&dqkv), 1e-5, 1e-5);
    }
}

#[test]
fn a_sequence_does_not_see_the_others() {
    let case = Case::new((4, 2, 8), &[70, 9]);
    let mut other = Case::new((4, 2, 8), &[70, 9]);
    let split = 70 * case.shape.row();
    other.qkv[split..].iter_mut().for_each(|v| *v *= -3.0);
    let (out, moved) = (case.forward(&device()).0, other.forward(&device()).0);
    let split = 70 * case.wide();
    assert_eq!(out[..split], moved[..split]);
    assert_ne!(out[split..], moved[split..]);
}

/// What the beginning of a sequence gets does not depend on what is packed around it.
#[test]
fn a_sequence_gets_the_same_bits_anywhere() {
    let alone = Case::new((4, 2, 24), &[90]);
    let mut packed = Case::new((4, 2, 24), &[37, 150, 3]);
    let from = 37 * packed.shape.row();
    packed.qkv[from..from + alone.qkv.len()].copy_from_slice(&alone.qkv);
    let (out, found) = (alone.forward(&device()).0, packed.forward(&device()).0);
    assert_eq!(out, found[37 * packed.wide()..][..out.len()]);
}

#[test]
fn large_scores_and_nan() {
    let mut case = Case::new((2, 1, 4), &[5, 5]);
    case.qkv[..case.shape.row()].iter_mut().for_each(|v| *v *= 1e4);
    let (out, _) = case.forward(&device());
    assert!(out.iter().all(|v| v.is_finite()));
    case.qkv[0] = f32::NAN;
    let (out, _) = case.forward(&device());
    assert!(out[0].is_nan());
    assert!(out[5 * case.wide()..].iter().all(|v| v.is_finite()), "the other sequence");
    let dqkv = case.backward(&device(), &vec![1.0; out.len()]);
    assert!(dqkv[0].is_nan());
}

#[test]
fn bad_arguments_are_refused() {
    let case = Case::new((2, 1, 4), &[3, 2]);
    let (mut out, mut lse) = (vec![7.0; 40], vec![7.0; 10]);
    let mut call = |starts: &[u32], shape: (usize, usize, usize), qkv: &[f32]| {
        let outputs = (ViewMut::F32(&mut out), ViewMut::F32(&mut lse));
        let shape = Shape { heads: shape.0, kv_heads: shape.1, head_dim: shape.2 };
        let inputs = (View::F32(qkv), View::U32(starts));
        forward(&device(), outputs.0, outputs.1, inputs.0, inputs.1, shape, 1.0)
    };
    let bad: [&[u32]; 7] = [&[], &[0], &[0, 4], &[1, 5], &[0, 6], &[0, 4, 3, 5], &[0, 9, 5]];
    assert_eq!(case.starts, [0, 3, 5]);
    for starts in bad {
        let error = call(starts, (2, 1, 4), &case.qkv).unwrap_err().to_string();
        assert_eq!(error, "attention: starts of sequences do not ascend from 0 to 5");
    }
    for shape in [(2, 0, 4), (3, 2, 4), (0, 0, 4), (2, 1, 0), (2, 1, 5), (2, 2, 4)] {
        assert!(call(&[0, 3, 5], shape, &case.qkv).is_err(), "{shape:?}");
    }
    assert!(call(&[0, 3, 5], (2, 1, usize::MAX / 2), &case.qkv).is_err());
    assert!(call(&[0, 3, 5], (2, 1, 4), &case.qkv[1..]).is_err());
    assert!(out.iter().chain(&lse).all(|v| *v == 7.0));
}

#[test]
fn no_tokens_are_no_work() {
    let shape = Shape { heads: 2, kv_heads: 1, head_dim: 4 };
    let outputs = (ViewMut::F32(&mut []), ViewMut::F32(&mut []));
    let inputs = (View::F32(&[]), View::U32(&[0]));
    forward(&device(), outputs.0, outputs.1, inputs.0, inputs.1, shape, 1.0).unwrap();
}
