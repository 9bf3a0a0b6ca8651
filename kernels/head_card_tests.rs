//! Tests of the heads on an emulated card.

use super::*;
use crate::gpu::testing::{ids, near, schedules, tensor, values_of};
use crate::testing::{close, values, wide};

const TYPES: [(Dtype, f64); 2] = [(Dtype::F32, 1e-5), (Dtype::Bf16, 6e-3)];

#[test]
fn rows() {
    for (dtype, off) in TYPES {
        for (tokens, width) in [(7, 3), (7, 64), (9, 2064)] {
            let last = [6, 0, 3];
            let x = near(dtype, &values(1, tokens * width));
            let dout = near(dtype, &values(2, 3 * width));
            let found = schedules(dtype, |dev| {
                let last = ids(dev, &last);
                let (mut x, dout) = (tensor(dev, dtype, &x), tensor(dev, dtype, &dout));
                let mut out = dev.zeros(dtype, 3 * width).unwrap();
                gather(dev, out.view_mut(), x.view(), last.view()).unwrap();
                scatter_add(dev, x.view_mut(), dout.view(), last.view()).unwrap();
                [values_of(dev, &out), values_of(dev, &x)].concat()
            });
            let rows = last.map(|row| x[row as usize * width..][..width].to_vec()).concat();
            let mut sums = wide(&x);
            for (at, v) in dout.iter().enumerate() {
                sums[last[at / width] as usize * width + at % width] += f64::from(*v);
            }
            close("rows", &found, &[wide(&rows), sums].concat(), 0.0, off);
        }
    }
}

#[test]
fn rows_and_labels_that_are_not_there() {
    let found = schedules(Dtype::F32, |dev| {
        let (x, rows) = (tensor(dev, Dtype::F32, &[1.0, 2.0]), ids(dev, &[1, u32::MAX]));
        let mut to = dev.zeros(Dtype::F32, 4).unwrap();
        gather(dev, to.view_mut(), x.view(), rows.view()).unwrap();
        let mut dx = tensor(dev, Dtype::F32, &[5.0, 6.0]);
        scatter_add(dev, dx.view_mut(), to.view(), rows.view()).unwrap();
        let (mut loss, mut slopes) = (dev.zeros(Dtype::F32, 1).unwrap(), to);
        let (one, label) = (x.part(0..1), rows.part(0..1));
        let slopes_to = slopes.part_mut(0..1);
        cross_entropy(dev, loss.view_mut(), slopes_to, one, label, one, 1).unwrap();
        [values_of(dev, &dx), values_of(dev, &loss), values_of(dev, &slopes)].concat()
    });
    assert_eq!(found[..2], [5.0, 6.0]);
    assert!(found[2..].iter().all(|v| v.is_nan()), "{found:?}");
}

#[test]
fn cross_entropies() {
    for (dtype, off) in TYPES {
        for (rows, classes) in [(1, 1), (3, 2), (5, 7), (4, 333)] {
            let logits: Vec<f32> = values(1, rows * classes).iter().map(|v| v * 9.0).collect();
            let (logits, weights) = (near(dtype, &logits), values(2, rows));
            let labels: Vec<u32> = (0..rows).map(|row| (row * 5 % classes) as u32).collect();
            let found = schedules(dtype, |dev| {
                let (x, labels) = (tensor(dev, dtype, &logits), ids(dev, &labels));
                let weights = tensor(dev, Dtype::F32, &weights);
                let mut loss = dev.zeros(Dtype::F32, rows).unwrap();
                let mut slopes = dev.zeros(dtype, x.len()).unwrap();
                let (to, by) = (loss.view_mut(), slopes.view_mut());
                let (labels, weights) = (labels.view(), weights.view());
                cross_entropy(dev, to, by, x.view(), labels, weights, classes).unwrap();
                [values_of(dev, &loss), values_of(dev, &slopes)].concat()
            });
            let (mut losses, mut slopes) = (Vec::new(), Vec::new());
            for (at, row) in wide(&logits).chunks(classes).enumerate() {
                let (weight, label) = (f64::from(weights[at]), labels[at] as usize);
                let lse = row.iter().map(|v| v.exp()).sum::<f64>().ln();
                losses.push(weight * (lse - row[label]));
                let one = |i: usize| if i == label { 1.0 } else { 0.0 };
                let slope = |(i, v): (usize, &f64)| weight * ((v - lse).exp() - one(i));
                slopes.extend(row.iter().enumerate().map(slope));
            }
            close("loss and slopes", &found, &[losses, slopes].concat(), 1e-5, off);
        }
    }
}

#[test]
fn losses_of_single_logits() {
    for (dtype, off) in TYPES {
        for pairs in [1, 150] {
            let logit: Vec<f32> = values(1, 2 * pairs).iter().map(|v| v * 30.0).collect();
            let logit = near(dtype, &logit);
            let targets: Vec<f32> = values(2, 2 * pairs).iter().map(|v| v.abs()).collect();
            let weights = values(3, 2 * pairs);
            let found = schedules(dtype, |dev| {
                let x = tensor(dev, dtype, &logit);
                let [targets, weights] = [&targets, &weights].map(|v| tensor(dev, Dtype::F32, v));
                let mut loss = dev.zeros(Dtype::F32, 3 * pairs).unwrap();
                let [mut a, mut b] = [0, 1].map(|_| dev.zeros(dtype, x.len()).unwrap());
                let (single, double) = loss.view_mut().split_at(2 * pairs);
                let (by, targets) = (a.view_mut(), targets.view());
                bce(dev, single, by, x.view(), targets, weights.view()).unwrap();
                let weights = weights.part(0..pairs);
                preference(dev, double, b.view_mut(), x.view(), weights).unwrap();
                [loss, a, b].map(|tensor| values_of(dev, &tensor)).concat()
            });
            let [logit, targets, weights] = [&logit, &targets, &weights].map(|v| wide(v));
            let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
            let each = |f: &dyn Fn(usize) -> f64| (0..2 * pairs).map(f).collect::<Vec<_>>();
            let losses = each(&|i| weights[i] * (logit[i].exp().ln_1p() - targets[i] * logit[i]));
            let lead = |i: usize| logit[i / 2 * 2] - logit[i / 2 * 2 + 1];
            let mut doubles = each(&|i| weights[i / 2] * (-lead(i)).exp().ln_1p());
            let mut even = (0..doubles.len()).map(|i| i % 2 == 0);
            doubles.retain(|_| even.next().expect("one a value"));
            let slopes = each(&|i| weights[i] * (sigmoid(logit[i]) - targets[i]));
            let sign = |i: usize| if i.is_multiple_of(2) { -1.0 } else { 1.0 };
            let apart = each(&|i| sign(i) * weights[i / 2] * sigmoid(-lead(i)));
            let expected = [losses, doubles, slopes, apart].concat();
            close("losses and slopes", &found, &expected, 1e-5, off);
        }
    }
}
