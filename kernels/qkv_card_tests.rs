//! The kernels on emulated cards against double precision.

use super::*;
use crate::Dtype;
use crate::gpu::testing::{SCHEDULES, emulated, ids, near, schedules, tensor, values_of};
use crate::rope::{Frequencies, Scaling};
use crate::testing::{close, values, wide};

const EPS: f32 = 1e-6;
const POSITIONS: usize = 11;

/// Rounded inputs of all kinds.
struct Case {
    raw: Vec<f32>,
    bias: Option<Vec<f32>>,
    norms: Option<[Vec<f32>; 2]>,
    dout: Vec<f32>,
    positions: Vec<u32>,
    shape: Shape,
}

/// What is expected, in double precision: out, rstd, draw, dbias, dq, dk.
type Expected = [Vec<f64>; 6];

impl Case {
    fn new(dtype: Dtype, shape: Shape, tokens: usize, bias: bool, norms: bool) -> Case {
        let many = tokens * shape.row();
        let weight = |seed| near(dtype, &values(seed, shape.head_dim));
        Case {
            raw: near(dtype, &values(1, many)),
            bias: bias.then(|| near(dtype, &values(2, shape.row()))),
            norms: norms.then(|| [weight(3), weight(4)]),
            dout: near(dtype, &values(5, many)),
            positions: (0..tokens as u32).map(|t| (t * 7 + 3) % POSITIONS as u32).collect(),
            shape,
        }
    }

    fn table(&self, dev: &Device) -> Table {
        let head_dim = self.shape.head_dim;
        let frequencies = Frequencies { head_dim, theta: 1e4, scaling: Scaling::None };
        Table::new(dev, &frequencies, POSITIONS).unwrap()
    }

    /// Forward and backward; in place too where there are no norms.
    fn run(&self, dev: &Device, grads: Dtype) -> Vec<f32> {
        let (dtype, shape, table) = (dev.float(), self.shape, self.table(dev));
        let [mut out, mut draw] = [0, 1].map(|_| dev.zeros(dtype, self.raw.len()).unwrap());
        let kept = self.positions.len() * shape.turned();
        let mut rstd = dev.zeros(Dtype::F32, kept).unwrap();
        let (raw, dout) = (tensor(dev, dtype, &self.raw), tensor(dev, dtype, &self.dout));
        let positions = ids(dev, &self.positions);
        let bias = self.bias.as_ref().map(|bias| tensor(dev, dtype, bias));
        let bias = bias.as_ref().map(|bias| bias.view());
        let weights = self.norms.as_ref().map(|n| [0, 1].map(|i| tensor(dev, dtype, &n[i])));
        let norms = weights.as_ref().map(|[q, k]| Norms { q: q.view(), k: k.view(), eps: EPS });
        let mut dbias = tensor(dev, grads, &vec![1.0; shape.row()]);
        let [mut dq, mut dk] = [0, 1].map(|_| tensor(dev, grads, &vec![1.0; shape.head_dim]));
        let (x, at) = (raw.view(), positions.view());
        forward(dev, out.view_mut(), rstd.view_mut(), x, bias, norms, at, &table, shape).unwrap();
        backward(
            dev,
            draw.view_mut(),
            bias.is_some().then(|| dbias.view_mut()),
            norms.is_some().then(|| NormGrads { q: dq.view_mut(), k: dk.view_mut() }),
            dout.view(),
            x,
            rstd.view(),
            bias,
            norms,
            at,
            &table,
            shape,
        )
        .unwrap();
        let all = [out, rstd, draw, dbias, dq, dk].map(|tensor| values_of(dev, &tensor));
        if norms.is_none() {
            let (mut qkv, mut dqkv) = (raw, dout);
            forward_in_place(dev, qkv.view_mut(), bias, at, &table, shape).unwrap();
            assert_eq!(values_of(dev, &qkv), all[0]);
            let mut dbias = tensor(dev, grads, &vec![1.0; shape.row()]);
            let lent = bias.is_some().then(|| dbias.view_mut());
            backward_in_place(dev, dqkv.view_mut(), lent, at, &table, shape).unwrap();
            assert_eq!(values_of(dev, &dqkv), all[2]);
            assert_eq!(values_of(dev, &dbias), all[3]);
        }
        all.concat()
    }

    fn expected(&self) -> Expected {
        let Shape { heads, head_dim, .. } = self.shape;
        let (width, turned, half) = (self.shape.row(), self.shape.turned(), head_dim / 2);
        let (mut out, mut draw) = (wide(&self.raw), wide(&self.dout));
        let mut rstd = vec![0.0; self.positions.len() * turned];
        let mut dbias = vec![1.0; width];
        let mut dnorms = [vec![1.0; head_dim], vec![1.0; head_dim]];
        for (token, position) in self.positions.iter().enumerate() {
            let (row, grad) = (&mut out[token * width..][..width], &mut draw[token * width..]);
            for (column, v) in row.iter_mut().enumerate() {
                *v += self.bias.as_ref().map_or(0.0, |b| f64::from(b[column]));
            }
            for head in 0..turned {
                let x = &mut row[head * head_dim..][..head_dim];
                let g = &mut grad[head * head_dim..][..head_dim];
                let turn = |values: &mut [f64], way: f64| {
                    for i in 0..half {
                        let frequency = 1e4f64.powf(-2.0 * i as f64 / head_dim as f64);
                        let (sin, cos) = (f64::from(*position) * frequency * way).sin_cos();
                        let (a, b) = (values[i], values[i + half]);
                        (values[i], values[i + half]) = (a * cos - b * sin, b * cos + a * sin);
                    }
                };
                turn(g, -1.0);
                if let Some(norms) = &self.norms {
                    let which = usize::from(head >= heads);
                    let mean = x.iter().map(|v| v * v).sum::<f64>() / head_dim as f64;
                    let scale = 1.0 / (mean + f64::from(EPS)).sqrt();
                    rstd[token * turned + head] = scale;
                    x.iter_mut().for_each(|v| *v *= scale);
                    let weight = wide(&norms[which]);
                    let sums = &mut dnorms[which];
                    (0..head_dim).for_each(|i| sums[i] += g[i] * x[i]);
                    (0..head_dim).for_each(|i| g[i] *= weight[i]);
                    let mean = (0..head_dim).map(|i| g[i] * x[i]).sum::<f64>() / head_dim as f64;
                    (0..head_dim).for_each(|i| g[i] = scale * (g[i] - mean * x[i]));
                    (0..head_dim).for_each(|i| x[i] *= weight[i]);
                }
                turn(x, 1.0);
            }
            dbias.iter_mut().zip(&grad[..width]).for_each(|(to, g)| *to += g);
        }
        if self.bias.is_none() {
            dbias.fill(1.0);
        }
        let [dq, dk] = dnorms;
        [out, rstd, draw, dbias, dq, dk]
    }
}

#[test]
fn cards() {
    let shapes = [(1, 1, 2, 2), (6, 2, 6, 5), (3, 1, 64, 7), (4, 2, 96, 2), (5, 1, 128, 3)];
    let wide = [(2, 2, 34, 9), (20, 4, 250, 2), (1, 1, 256, 8)];
    for (dtype, absolute, relative) in [(Dtype::F32, 2e-5, 2e-5), (Dtype::Bf16, 0.03, 0.02)] {
        for (heads, kv_heads, head_dim, tokens) in shapes.into_iter().chain(wide) {
            let shape = Shape { heads, kv_heads, head_dim };
            for (bias, norms) in [(false, false), (true, false), (false, true), (true, true)] {
                let case = Case::new(dtype, shape, tokens, bias, norms);
                let found = schedules(dtype, |dev| case.run(dev, Dtype::F32));
                close("card", &found, &case.expected().concat(), absolute, relative);
            }
        }
    }
}

#[test]
fn gradients_may_be_bf16() {
    let case = Case::new(Dtype::Bf16, Shape { heads: 2, kv_heads: 1, head_dim: 32 }, 9, true, true);
    let found = schedules(Dtype::Bf16, |dev| case.run(dev, Dtype::Bf16));
    close("card", &found, &case.expected().concat(), 0.03, 0.02);
}

#[test]
fn a_position_beyond_the_table_is_nan() {
    let shape = Shape { heads: 2, kv_heads: 1, head_dim: 8 };
    let mut case = Case::new(Dtype::F32, shape, 2, false, false);
    case.positions[1] = POSITIONS as u32;
    let dev = emulated(SCHEDULES[0], Dtype::F32);
    let (mut qkv, positions) = (tensor(&dev, Dtype::F32, &case.raw), ids(&dev, &case.positions));
    let table = case.table(&dev);
    forward_in_place(&dev, qkv.view_mut(), None, positions.view(), &table, shape).unwrap();
    let out = values_of(&dev, &qkv);
    assert!(out[..shape.row()].iter().all(|v| v.is_finite()));
    assert!(out[shape.row()..][..shape.turned() * 8].iter().all(|v| v.is_nan()));
    let odd = Shape { heads: 1, kv_heads: 1, head_dim: 258 };
    let mut qkv = dev.zeros(Dtype::F32, odd.row()).unwrap();
    let frequencies = Frequencies { head_dim: 258, theta: 1e4, scaling: Scaling::None };
    let table = Table::new(&dev, &frequencies, 1).unwrap();
    let positions = ids(&dev, &[0]);
    let wide = forward_in_place(&dev, qkv.view_mut(), None, positions.view(), &table, odd);
    assert!(wide.is_err(), "a head wider than 256");
}
