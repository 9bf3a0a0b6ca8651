//! Queries, keys and values against double precision and by differences.

use super::*;
use crate::rope::{Frequencies, Scaling};
use crate::testing::{close, device, differences, project, same_on_any_threads, values, wide};

const EPS: f32 = 1e-6;
const SHAPES: [Shape; 4] = [
    Shape { heads: 1, kv_heads: 1, head_dim: 2 },
    Shape { heads: 6, kv_heads: 2, head_dim: 6 },
    Shape { heads: 3, kv_heads: 1, head_dim: 64 },
    Shape { heads: 2, kv_heads: 2, head_dim: 34 },
];

/// Everything that goes in, positions not in order.
struct Case {
    raw: Vec<f32>,
    bias: Option<Vec<f32>>,
    norms: Option<(Vec<f32>, Vec<f32>)>,
    positions: Vec<u32>,
    shape: Shape,
}

/// What came out, in the order of the arguments.
struct Grads {
    raw: Vec<f32>,
    bias: Vec<f32>,
    q: Vec<f32>,
    k: Vec<f32>,
}

impl Case {
    fn new(shape: Shape, tokens: usize, bias: bool, norms: bool) -> Case {
        Case {
            raw: values(1, tokens * shape.row()),
            bias: bias.then(|| values(2, shape.row())),
            norms: norms.then(|| (values(3, shape.head_dim), values(4, shape.head_dim))),
            positions: (0..tokens as u32).map(|t| (t * 7 + 3) % 11).collect(),
            shape,
        }
    }

    fn table(&self) -> Table {
        let head_dim = self.shape.head_dim;
        let frequencies = Frequencies { head_dim, theta: 1e4, scaling: Scaling::None };
        Table::new(&device(), &frequencies, 11).unwrap()
    }

    fn norms(&self) -> Option<Norms<'_>> {
        self.norms.as_ref().map(|(q, k)| Norms { q: View::F32(q), k: View::F32(k), eps: EPS })
    }

    fn bias(&self) -> Option<View<'_>> {
        self.bias.as_ref().map(|b| View::F32(b))
    }

    fn forward(&self, dev: &Device) -> (Vec<f32>, Vec<f32>) {
        let kept =
            if self.norms.is_some() { self.positions.len() * self.shape.turned() } else { 0 };
        let (mut out, mut rstd) = (vec![0.0; self.raw.len()], vec![0.0; kept]);
        forward(
            dev,
            ViewMut::F32(&mut out),
            ViewMut::F32(&mut rstd),
            View::F32(&self.raw),
            self.bias(),
            self.norms(),
            View::U32(&self.positions),
            &self.table(),
            self.shape,
        )
        .unwrap();
        (out, rstd)
    }

    fn backward(&self, dev: &Device, dout: &[f32]) -> Grads {
        let (_, rstd) = self.forward(dev);
        let Shape { head_dim, .. } = self.shape;
        let mut grads = Grads {
            raw: vec![9.0; self.raw.len()],
            bias: vec![1.0; self.shape.row()],
            q: vec![1.0; head_dim],
            k: vec![1.0; head_dim],
        };
        let (q, k) = (ViewMut::F32(&mut grads.q), ViewMut::F32(&mut grads.k));
        backward(
            dev,
            ViewMut::F32(&mut grads.raw),
            self.bias.is_some().then_some(ViewMut::F32(&mut grads.bias)),
            self.norms.is_some().then_some(NormGrads { q, k }),
            View::F32(dout),
            View::F32(if self.norms.is_some() { &self.raw } else { &[] }),
            View::F32(&rstd),
            self.bias(),
            self.norms(),
            View::U32(&self.positions),
            &self.table(),
            self.shape,
        )
        .unwrap();
        grads
    }

    fn reference(&self, raw: &[f64], bias: &[f64], q: &[f64], k: &[f64]) -> Vec<f64> {
        let Shape { heads, kv_heads, head_dim } = self.shape;
        let (width, half) = (self.shape.row(), head_dim / 2);
        let mut out = raw.to_vec();
        for (row, position) in out.chunks_mut(width).zip(&self.positions) {
            row.iter_mut().zip(bias).for_each(|(v, b)| *v += b);
            for (at, head) in row.chunks_mut(head_dim).take(heads + kv_heads).enumerate() {
                if self.norms.is_some() {
                    let mean = head.iter().map(|v| v * v).sum::<f64>() / head_dim as f64;
                    let rstd = 1.0 / (mean + f64::from(EPS)).sqrt();
                    let weight = if at < heads { q } else { k };
                    head.iter_mut().zip(weight).for_each(|(v, w)| *v *= rstd * w);
                }
                for i in 0..half {
                    let frequency = 1e4f64.powf(-2.0 * i as f64 / head_dim as f64);
                    let (sin, cos) = (f64::from(*position) * frequency).sin_cos();
                    let (a, b) = (head[i], head[i + half]);
                    (head[i], head[i + half]) = (a * cos - b * sin, b * cos + a * sin);
                }
            }
        }
        out
    }

    /// The inputs in double precision: raw, bias, the norms' weights.
    fn inputs(&self) -> [Vec<f64>; 4] {
        let norms = self.norms.clone().unwrap_or_default();
        let bias = self.bias.clone().unwrap_or_default();
        [wide(&self.raw), wide(&bias), wide(&norms.0), wide(&norms.1)]
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let switches = [(false, false), (true, false), (false, true), (true, true)];
    let of = move |shape| switches.map(|(bias, norms)| Case::new(shape, 3, bias, norms));
    SHAPES.into_iter().flat_map(of)
}

#[test]
fn parity() {
    for case in cases() {
        let [raw, bias, q, k] = case.inputs();
        let expected = case.reference(&raw, &bias, &q, &k);
        close("out", &case.forward(&device()).0, &expected, 4e-6, 4e-6);
    }
}

#[test]
fn gradient() {
    for case in cases() {
        let dout = values(5, case.raw.len());
        let grads = case.backward(&device(), &dout);
        let inputs = case.inputs();
        let slopes = |which: usize| {
            differences(&inputs[which], |at| {
                let mut moved = inputs.clone();
                moved[which] = at.to_vec();
                let [raw, bias, q, k] = moved;
                project(&case.reference(&raw, &bias, &q, &k), &dout)
            })
        };
        let added = |slopes: Vec<f64>| slopes.iter().map(|v| v + 1.0).collect::<Vec<_>>();
        close("draw", &grads.raw, &slopes(0), 2e-5, 2e-5);
        if case.bias.is_some() {
            close("dbias", &grads.bias, &added(slopes(1)), 2e-5, 2e-5);
        }
        if case.norms.is_some() {
            close("dq", &grads.q, &added(slopes(2)), 2e-5, 2e-5);
            close("dk", &grads.k, &added(slopes(3)), 2e-5, 2e-5);
        }
    }
}

#[test]
fn in_place_is_the_same() {
    for case in cases().filter(|case| case.norms.is_none()) {
        let (table, positions) = (case.table(), View::U32(&case.positions));
        let mut out = case.raw.clone();
        let qkv = ViewMut::F32(&mut out);
        forward_in_place(&device(), qkv, case.bias(), positions, &table, case.shape).unwrap();
        assert_eq!(out, case.forward(&device()).0);

        let mut grads = values(5, case.raw.len());
        let expected = case.backward(&device(), &grads);
        let mut dbias = vec![1.0; case.shape.row()];
        let bias = case.bias.is_some().then_some(ViewMut::F32(&mut dbias));
        let dqkv = ViewMut::F32(&mut grads);
        backward_in_place(&device(), dqkv, bias, positions, &table, case.shape).unwrap();
        assert_eq!((grads, dbias), (expected.raw, expected.bias));
    }
}

#[test]
fn threads() {
    let case = Case::new(Shape { heads: 4, kv_heads: 2, head_dim: 40 }, 150, true, true);
    let dout = values(5, case.raw.len());
    same_on_any_threads(|dev| {
        let (out, rstd) = case.forward(dev);
        let grads = case.backward(dev, &dout);
        [out, rstd, grads.raw, grads.bias, grads.q, grads.k].concat()
    });
}

#[test]
fn nan_stays_in_its_token() {
    let mut case = Case::new(SHAPES[1], 2, true, true);
    case.raw[0] = f32::NAN;
    let (out, _) = case.forward(&device());
    assert!(out[0].is_nan());
    assert!(out[case.shape.row()..].iter().all(|v| v.is_finite()));
}

#[test]
fn bad_arguments_are_refused() {
    let case = Case::new(SHAPES[1], 2, true, false);
    let mut out = vec![7.0; case.raw.len()];
    let mut call = |positions: &[u32], bias: &[f32], shape: Shape| {
        let (out, bias) = (ViewMut::F32(&mut out), Some(View::F32(bias)));
        forward_in_place(&device(), out, bias, View::U32(positions), &case.table(), shape)
    };
    let bias = case.bias.as_deref().unwrap();
    let error = call(&[3, 11], bias, case.shape).unwrap_err().to_string();
    assert_eq!(error, "qkv: position 11 is not below 11");
    assert!(call(&[3], bias, case.shape).is_err());
    assert!(call(&[3, 4], &bias[1..], case.shape).is_err());
    for shape in [(0, 0, 6), (6, 0, 6), (6, 4, 6), (6, 2, 0), (usize::MAX, 1, 6), (10, 0, 6)] {
        let (heads, kv_heads, head_dim) = shape;
        assert!(call(&[3, 4], bias, Shape { heads, kv_heads, head_dim }).is_err(), "{shape:?}");
    }
    let other = Shape { heads: 3, kv_heads: 1, head_dim: 12 };
    assert!(call(&[3, 4], bias, other).is_err(), "the table is for another width");
    assert!(out.iter().all(|v| *v == 7.0));
}
