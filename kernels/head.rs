//! Heads that classify whole sequences: the rows of their last tokens, and three losses.
//!
//! `x` is `[T,C]`, `last` `[B]` names a row of it for each sequence; logits are `[B,N]`.

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, args};
use crate::simd::{Level, exp_sum, max, multiversion, sigmoid};
use crate::tensor::{Dtype, View, ViewMut};

/// out `[B,C]` = the rows of `x` `[T,C]` that `last` names. A card gives NaN for a row beyond `x`.
///
/// # Errors
/// Lengths that do not fit, a row beyond `x`, buffers of other types.
pub fn gather(dev: &Device, out: ViewMut, x: View, last: View) -> Result<()> {
    let width = width(out.len(), last.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let (out, last) = (gpu::floats(out)?, gpu::of(last, Dtype::U32)?);
            let (dtype, rows) = (out.dtype(), height(last.len(), x.len(), width)?);
            let arguments = args![out, gpu::of(x, dtype)?, last, rows as u32, width as u32];
            let grid = gpu::rows(last.len(), width, dtype);
            gpu.launch("head", "head_gather", &[dtype], grid, arguments)?;
        }
        Device::Cpu(_) => {
            let last = known(last, x.len(), width)?;
            let (out, x) = (out.f32()?, x.f32()?);
            for (out, row) in out.chunks_exact_mut(width.max(1)).zip(last) {
                out.copy_from_slice(&x[*row as usize * width..][..width]);
            }
        }
    }
    Ok(())
}

/// Adds row b of `dout` `[B,C]` to row `last[b]` of `dx` `[T,C]`. On a card rows must be distinct,
/// and those beyond `dx` are passed over.
///
/// # Errors
/// As [`gather`].
pub fn scatter_add(dev: &Device, dx: ViewMut, dout: View, last: View) -> Result<()> {
    let width = width(dout.len(), last.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let (dx, last) = (gpu::floats(dx)?, gpu::of(last, Dtype::U32)?);
            let (dtype, rows) = (dx.dtype(), height(last.len(), dx.len(), width)?);
            let arguments = args![dx, gpu::of(dout, dtype)?, last, rows as u32, width as u32];
            let grid = gpu::rows(last.len(), width, dtype);
            gpu.launch("head", "head_scatter", &[dtype], grid, arguments)?;
        }
        Device::Cpu(_) => {
            let last = known(last, dx.len(), width)?;
            let (dx, dout) = (dx.f32()?, dout.f32()?);
            for (dout, row) in dout.chunks_exact(width.max(1)).zip(last) {
                let to = &mut dx[*row as usize * width..][..width];
                to.iter_mut().zip(dout).for_each(|(to, v)| *to += v);
            }
        }
    }
    Ok(())
}

/// Sets loss `[B]` = -weight · ln of the softmax at the label, and its gradient `dlogits`
/// `[B,classes]`. A card takes logits of f32 or bf16, and gives NaN for a label beyond `classes`.
///
/// # Errors
/// Lengths that do not fit, a label beyond `classes`, buffers of other types.
pub fn cross_entropy(
    dev: &Device,
    loss: ViewMut,
    dlogits: ViewMut,
    logits: View,
    labels: View,
    weights: View,
    classes: usize,
) -> Result<()> {
    let rows = labels.len();
    length("cross_entropy", "loss", loss.len(), rows)?;
    length("cross_entropy", "weights", weights.len(), rows)?;
    length("cross_entropy", "logits", logits.len(), rows.saturating_mul(classes))?;
    length("cross_entropy", "dlogits", dlogits.len(), logits.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let (loss, logits) = (gpu::of(loss, Dtype::F32)?, gpu::floats(logits)?);
            let dlogits = gpu::of(dlogits, logits.dtype())?;
            let (labels, weights) = (gpu::of(labels, Dtype::U32)?, gpu::of(weights, Dtype::F32)?);
            let arguments = args![loss, dlogits, logits, labels, weights, classes as u32];
            let grid = Grid::row(rows, 128);
            gpu.launch("head", "head_cross_entropy", &[logits.dtype()], grid, arguments)?;
        }
        Device::Cpu(_) => {
            let (labels, weights, level) = (labels.u32()?, weights.f32()?, Level::best());
            if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
                let problem = format!("label {label} is not below {classes}");
                return Err(Error::argument("cross_entropy", problem));
            }
            let (loss, dlogits, logits) = (loss.f32()?, dlogits.f32()?, logits.f32()?);
            dlogits.copy_from_slice(logits);
            let rows = dlogits.chunks_exact_mut(classes.max(1)).zip(labels).zip(weights);
            for (((row, label), weight), loss) in rows.zip(loss) {
                *loss = *weight * surprise(level, row, *label as usize, *weight);
            }
        }
    }
    Ok(())
}

/// Sets loss `[B]` = weight · (ln(1 + eˣ) - target · x), the binary cross-entropy of σ(x), and its
/// gradient `dlogit` `[B]` = weight · (σ(x) - target). Targets may be soft.
///
/// # Errors
/// Lengths that differ, buffers of other types than f32.
pub fn bce(
    dev: &Device,
    loss: ViewMut,
    dlogit: ViewMut,
    logit: View,
    targets: View,
    weights: View,
) -> Result<()> {
    let rows = logit.len();
    length("bce", "loss", loss.len(), rows)?;
    length("bce", "dlogit", dlogit.len(), rows)?;
    length("bce", "targets", targets.len(), rows)?;
    length("bce", "weights", weights.len(), rows)?;
    match dev {
        Device::Gpu(gpu) => {
            bce_card(gpu, (loss, dlogit), (logit, targets, weights))?;
        }
        Device::Cpu(_) => {
            let inputs = (logit.f32()?, targets.f32()?, weights.f32()?);
            let outputs = loss.f32()?.iter_mut().zip(dlogit.f32()?);
            let inputs = inputs.0.iter().zip(inputs.1).zip(inputs.2);
            for ((loss, dlogit), ((x, target), weight)) in outputs.zip(inputs) {
                let positive = if *x < 0.0 { 0.0 } else { *x };
                *loss = weight * (positive - target * x + (-x.abs()).exp().ln_1p());
                *dlogit = weight * (sigmoid::<false>(*x) - target);
            }
        }
    }
    Ok(())
}

/// Sets loss `[P]` = weight · -ln σ(x₂ᵢ - x₂ᵢ₊₁), of pairs whose first is the better one (Bradley
/// and Terry 1952), and its gradient `dlogit` `[2P]`.
///
/// # Errors
/// Lengths that do not fit, buffers of other types than f32.
pub fn preference(
    dev: &Device,
    loss: ViewMut,
    dlogit: ViewMut,
    logit: View,
    weights: View,
) -> Result<()> {
    let pairs = weights.len();
    length("preference", "loss", loss.len(), pairs)?;
    length("preference", "logit", logit.len(), pairs.saturating_mul(2))?;
    length("preference", "dlogit", dlogit.len(), logit.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let (loss, logit) = (gpu::of(loss, Dtype::F32)?, gpu::floats(logit)?);
            let dlogit = gpu::of(dlogit, logit.dtype())?;
            let arguments = args![loss, dlogit, logit, gpu::of(weights, Dtype::F32)?, pairs as u32];
            let grid = Grid::row(pairs.div_ceil(128), 128);
            gpu.launch("head", "head_preference", &[logit.dtype()], grid, arguments)?;
        }
        Device::Cpu(_) => {
            let (logit, weights) = (logit.f32()?, weights.f32()?);
            let outputs = loss.f32()?.iter_mut().zip(dlogit.f32()?.chunks_exact_mut(2));
            let inputs = logit.chunks_exact(2).zip(weights);
            for ((loss, dlogit), (pair, weight)) in outputs.zip(inputs) {
                let lead = pair[0] - pair[1];
                let behind = if lead > 0.0 { 0.0 } else { -lead };
                *loss = weight * (behind + (-lead.abs()).exp().ln_1p());
                dlogit[1] = weight * sigmoid::<false>(-lead);
                dlogit[0] = -dlogit[1];
            }
        }
    }
    Ok(())
}

fn bce_card(
    gpu: &Gpu,
    (loss, dlogit): (ViewMut, ViewMut),
    (logit, targets, weights): (View, View, View),
) -> Result<()> {
    let (loss, logit) = (gpu::of(loss, Dtype::F32)?, gpu::floats(logit)?);
    let dlogit = gpu::of(dlogit, logit.dtype())?;
    let (targets, weights) = (gpu::of(targets, Dtype::F32)?, gpu::of(weights, Dtype::F32)?);
    let arguments = args![loss, dlogit, logit, targets, weights, logit.len() as u32];
    let grid = Grid::row(logit.len().div_ceil(128), 128);
    gpu.launch("head", "head_bce", &[logit.dtype()], grid, arguments)
}

/// Width of `rows` rows of `len` values.
fn width(len: usize, rows: usize) -> Result<usize> {
    let width = len.checked_div(rows).unwrap_or(0);
    length("head", "out", len, rows * width)?;
    Ok(width)
}

/// Rows of a matrix of `len` values, which must be whole where any are asked for.
fn height(asked: usize, len: usize, width: usize) -> Result<usize> {
    let rows = len.checked_div(width).unwrap_or(0);
    length("head", "x", len, if asked == 0 { len } else { rows * width })?;
    Ok(rows)
}

/// The rows, all of which are inside a matrix of `len` values.
fn known(last: View<'_>, len: usize, width: usize) -> Result<&[u32]> {
    let last = last.u32()?;
    let rows = height(last.len(), len, width)?;
    match last.iter().find(|row| **row as usize >= rows) {
        Some(row) => Err(Error::argument("head", format!("row {row} is not below {rows}"))),
        None => Ok(last),
    }
}

multiversion! {
    /// -ln of the softmax at the label; the row becomes weight · (softmax - one at the label).
    fn surprise<const FMA: bool>(row: &mut [f32], label: usize, weight: f32) -> f32 {
        let (peak, chosen) = (max(row), row[label]);
        let sum = exp_sum::<FMA>(row, peak);
        row.iter_mut().for_each(|v| *v *= weight / sum);
        row[label] -= weight;
        sum.ln() - (chosen - peak)
    }
}

#[cfg(test)]
#[path = "head_card_tests.rs"]
mod card_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{close, device, differences, project, values, wide};

    #[test]
    fn rows_are_gathered_and_added_back() {
        let (x, last) = (values(1, 21), [6, 0, 6]);
        let (mut out, dout) = (vec![9.0; 9], values(2, 9));
        gather(&device(), ViewMut::F32(&mut out), View::F32(&x), View::U32(&last)).unwrap();
        let reference = |x: &[f64]| [6, 0, 6].map(|row| x[row * 3..][..3].to_vec()).concat();
        close("out", &out, &reference(&wide(&x)), 0.0, 0.0);

        let mut dx = vec![1.0; 21];
        scatter_add(&device(), ViewMut::F32(&mut dx), View::F32(&dout), View::U32(&last)).unwrap();
        let slopes = differences(&wide(&x), |x| project(&reference(x), &dout));
        let expected: Vec<f64> = slopes.iter().map(|v| v + 1.0).collect();
        close("dx", &dx, &expected, 1e-6, 1e-6);
    }

    #[test]
    fn rows_and_lengths_are_checked() {
        let mut out = [7.0; 6];
        let mut call = |x: &[f32], last: &[u32]| {
            gather(&device(), ViewMut::F32(&mut out), View::F32(x), View::U32(last))
        };
        let error = call(&[0.0; 12], &[0, 4]).unwrap_err().to_string();
        assert_eq!(error, "head: row 4 is not below 4");
        assert!(call(&[0.0; 11], &[0, 1]).is_err());
        assert!(call(&[0.0; 12], &[0, 1, 2, 3]).is_err());
        assert!(call(&[0.0; 12], &[]).is_err());
        assert_eq!(out, [7.0; 6]);
        let none = gather(&device(), ViewMut::F32(&mut []), View::F32(&[0.0; 4]), View::U32(&[]));
        assert!(none.is_ok());
    }

    #[test]
    fn cross_entropy_and_its_gradient() {
        for classes in [1, 2, 5, 70] {
            let (logits, weights) = (values(1, 3 * classes), values(2, 3));
            let logits: Vec<f32> = logits.iter().map(|v| v * 20.0).collect();
            let labels = [0, classes as u32 - 1, classes as u32 / 2];
            let (mut loss, mut dlogits) = (vec![9.0; 3], vec![9.0; 3 * classes]);
            cross_entropy(
                &device(),
                ViewMut::F32(&mut loss),
                ViewMut::F32(&mut dlogits),
                View::F32(&logits),
                View::U32(&labels),
                View::F32(&weights),
                classes,
            )
            .unwrap();
            let reference = |x: &[f64]| -> Vec<f64> {
                let rows = x.chunks(classes).zip(labels).zip(&weights);
                let loss = |((row, label), weight): ((&[f64], u32), &f32)| {
                    let lse = row.iter().map(|v| v.exp()).sum::<f64>().ln();
                    f64::from(*weight) * (lse - row[label as usize])
                };
                rows.map(loss).collect()
            };
            close("loss", &loss, &reference(&wide(&logits)), 4e-6, 1e-6);
            let expected = differences(&wide(&logits), |x| reference(x).iter().sum());
            close("dlogits", &dlogits, &expected, 2e-6, 1e-5);
        }
    }

    #[test]
    fn bce_and_its_gradient() {
        let logit: Vec<f32> = values(1, 9).iter().map(|v| v * 30.0).collect();
        let targets = [0.0, 1.0, 0.3, 0.0, 1.0, 0.5, 1.0, 0.0, 0.9];
        let weights = values(3, 9);
        let (mut loss, mut dlogit) = (vec![9.0; 9], vec![9.0; 9]);
        bce(
            &device(),
            ViewMut::F32(&mut loss),
            ViewMut::F32(&mut dlogit),
            View::F32(&logit),
            View::F32(&targets),
            View::F32(&weights),
        )
        .unwrap();
        let reference = |x: &[f64]| -> Vec<f64> {
            let rows = x.iter().zip(targets).zip(&weights);
            let loss = |((x, target), weight): ((&f64, f32), &f32)| {
                f64::from(*weight) * ((1.0 + x.exp()).ln() - f64::from(target) * x)
            };
            rows.map(loss).collect()
        };
        close("loss", &loss, &reference(&wide(&logit)), 2e-6, 1e-6);
        let expected = differences(&wide(&logit), |x| reference(x).iter().sum());
        close("dlogit", &dlogit, &expected, 2e-6, 1e-5);
    }

    #[test]
    fn preference_and_its_gradient() {
        let logit: Vec<f32> = values(1, 10).iter().map(|v| v * 30.0).collect();
        let weights = values(3, 5);
        let (mut loss, mut dlogit) = (vec![9.0; 5], vec![9.0; 10]);
        let mut call = |logit: &[f32], weights: &[f32]| {
            let outputs = (ViewMut::F32(&mut loss), ViewMut::F32(&mut dlogit));
            preference(&device(), outputs.0, outputs.1, View::F32(logit), View::F32(weights))
        };
        assert!(call(&logit[..9], &weights).is_err());
        call(&logit, &weights).unwrap();
        let reference = |x: &[f64]| -> Vec<f64> {
            let loss = |(pair, weight): (&[f64], &f32)| {
                f64::from(*weight) * (1.0 + (pair[1] - pair[0]).exp()).ln()
            };
            x.chunks(2).zip(&weights).map(loss).collect()
        };
        close("loss", &loss, &reference(&wide(&logit)), 2e-6, 1e-6);
        let expected = differences(&wide(&logit), |x| reference(x).iter().sum());
        close("dlogit", &dlogit, &expected, 2e-6, 1e-5);
    }

    #[test]
    fn nan_passes_and_labels_are_checked() {
        let (mut loss, mut dlogits) = ([7.0], [7.0; 2]);
        let mut call = |logits: &[f32], label: u32| {
            let outputs = (ViewMut::F32(&mut loss), ViewMut::F32(&mut dlogits));
            let (logits, labels) = (View::F32(logits), [label]);
            let rest = (View::U32(&labels), View::F32(&[1.0]));
            cross_entropy(&device(), outputs.0, outputs.1, logits, rest.0, rest.1, 2)
        };
        let error = call(&[0.0; 2], 2).unwrap_err().to_string();
        assert_eq!(error, "cross_entropy: label 2 is not below 2");
        assert!(call(&[0.0; 3], 1).is_err());
        call(&[f32::NAN, 0.0], 1).unwrap();
        assert!(loss[0].is_nan());
        let mut outputs = ([7.0], [7.0]);
        let views = (ViewMut::F32(&mut outputs.0), ViewMut::F32(&mut outputs.1));
        let ones = View::F32(&[1.0]);
        bce(&device(), views.0, views.1, View::F32(&[f32::NAN]), ones, ones).unwrap();
        assert!(outputs.0[0].is_nan() && outputs.1[0].is_nan());
    }
}
