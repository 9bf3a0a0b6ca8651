//! Root mean square norm: out = x · rstd · weight, rstd = 1 / √(mean(x²) + ε) for each row
//! (Zhang and Sennrich 2019).
//!
//! `x` and `out` are `[T,C]`, `rstd` is `[T]`, `weight` is `[C]`.

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, args};
use crate::simd::{Level, dot, dot3, fma, multiversion};
use crate::split::{Rows, by_rows, rows};
use crate::sum_rows;
use crate::tensor::{Dtype, View, ViewMut};

/// Columns of the weight's gradient that one block owns.
const COLUMNS: usize = 64;

/// Rows that are summed before they are added to the sum of all, which keeps rounding small.
const RUN: usize = 128;

/// out and rstd of `x`; `rstd` is what the backward pass wants.
///
/// # Errors
/// Lengths that do not fit; buffers of other types than f32.
pub fn forward(
    dev: &Device,
    out: ViewMut,
    rstd: ViewMut,
    x: View,
    weight: View,
    eps: f32,
) -> Result<()> {
    check(&[("out", out.len()), ("x", x.len())], rstd.len(), weight.len())?;
    match dev {
        Device::Gpu(gpu) => forward_card(gpu, out, rstd, x, weight, eps)?,
        Device::Cpu(cpu) => {
            let (x, weight, level) = (x.f32()?, weight.f32()?, Level::best());
            let width = weight.len();
            let out = (Rows::new(out.f32()?, width), Rows::new(rstd.f32()?, 1));
            by_rows(cpu, rows(width), out, |rows, (out, rstd)| {
                let x = x[rows.start * width..].chunks_exact(width);
                for ((out, rstd), x) in out.chunks_exact_mut(width).zip(rstd).zip(x) {
                    *rstd = scale(level, out, x, weight, eps);
                }
            });
        }
    }
    Ok(())
}

/// The same of x + delta, which is kept in `sum` `[T,C]`: a residual connection and the norm after
/// it in one pass.
///
/// # Errors
/// Lengths that do not fit; buffers of other types than f32.
#[expect(clippy::too_many_arguments, reason = "an op names its buffers one by one")]
pub fn residual(
    dev: &Device,
    out: ViewMut,
    sum: ViewMut,
    rstd: ViewMut,
    x: View,
    delta: View,
    weight: View,
    eps: f32,
) -> Result<()> {
    let wide = [("out", out.len()), ("sum", sum.len()), ("x", x.len()), ("delta", delta.len())];
    check(&wide, rstd.len(), weight.len())?;
    match dev {
        Device::Gpu(gpu) => residual_card(gpu, out, sum, rstd, (x, delta, weight), eps)?,
        Device::Cpu(cpu) => {
            let (x, delta, weight) = (x.f32()?, delta.f32()?, weight.f32()?);
            let (width, level) = (weight.len(), Level::best());
            let wide = (Rows::new(out.f32()?, width), Rows::new(sum.f32()?, width));
            let out = (wide, Rows::new(rstd.f32()?, 1));
            by_rows(cpu, rows(width), out, |rows, ((out, sum), rstd)| {
                let inputs = x[rows.start * width..].chunks_exact(width);
                let inputs = inputs.zip(delta[rows.start * width..].chunks_exact(width));
                let outputs = out.chunks_exact_mut(width).zip(sum.chunks_exact_mut(width));
                for (((out, sum), rstd), (x, delta)) in outputs.zip(rstd).zip(inputs) {
                    add(level, sum, x, delta);
                    *rstd = scale(level, out, sum, weight, eps);
                }
            });
        }
    }
    Ok(())
}

/// Adds to `dx` and to `dweight` what `dout` gives:
/// dx += rstd · (weight · dout - x · rstd² · Σ(weight · dout · x) / C),
/// dweight += Σ dout · x · rstd.
///
/// # Errors
/// Lengths that do not fit; buffers of other types than f32.
pub fn backward(
    dev: &Device,
    dx: ViewMut,
    dweight: ViewMut,
    dout: View,
    x: View,
    rstd: View,
    weight: View,
) -> Result<()> {
    let wide = [("dx", dx.len()), ("dout", dout.len()), ("x", x.len())];
    check(&wide, rstd.len(), weight.len())?;
    length("rmsnorm", "dweight", dweight.len(), weight.len())?;
    match dev {
        Device::Gpu(gpu) => backward_card(gpu, dx, dweight, (dout, x, rstd, weight))?,
        Device::Cpu(cpu) => {
            let (dout, x, rstd, weight) = (dout.f32()?, x.f32()?, rstd.f32()?, weight.f32()?);
            let (dx, dweight) = (dx.f32()?, dweight.f32()?);
            backward_input(cpu, dx, dout, x, rstd, weight);
            backward_weight(cpu, dweight, dout, x, rstd);
        }
    }
    Ok(())
}

fn check(wide: &[(&'static str, usize)], rows: usize, width: usize) -> Result<()> {
    if width == 0 {
        return Err(Error::argument("rmsnorm", "the weight is empty"));
    }
    let expected = rows.saturating_mul(width);
    wide.iter().try_for_each(|(name, found)| length("rmsnorm", name, *found, expected))
}

fn backward_input(
    cpu: &Cpu,
    dx: &mut [f32],
    dout: &[f32],
    x: &[f32],
    rstd: &[f32],
    weight: &[f32],
) {
    let (width, level) = (weight.len(), Level::best());
    by_rows(cpu, rows(width), Rows::new(dx, width), |rows, dx| {
        for (dx, row) in dx.chunks_exact_mut(width).zip(rows) {
            let inside = row * width..(row + 1) * width;
            row_input(level, dx, &dout[inside.clone()], &x[inside], rstd[row], weight);
        }
    });
}

fn backward_weight(cpu: &Cpu, dweight: &mut [f32], dout: &[f32], x: &[f32], rstd: &[f32]) {
    let (width, level) = (dweight.len(), Level::best());
    cpu.chunks(dweight, COLUMNS, |at, dweight| {
        columns(level, dweight, at * COLUMNS, width, (dout, x, rstd));
    });
}

fn forward_card(
    gpu: &Gpu,
    out: ViewMut,
    rstd: ViewMut,
    x: View,
    weight: View,
    eps: f32,
) -> Result<()> {
    let (x, rstd) = (gpu::floats(x)?, gpu::of(rstd, Dtype::F32)?);
    let (dtype, width) = (x.dtype(), weight.len());
    let (out, weight) = (gpu::of(out, dtype)?, gpu::of(weight, dtype)?);
    let grid = gpu::rows(rstd.len(), width, dtype);
    let arguments = args![out, rstd, x, weight, width as u32, eps];
    gpu.launch("rmsnorm", "rmsnorm_forward", &[dtype], grid, arguments)
}

fn residual_card(
    gpu: &Gpu,
    out: ViewMut,
    sum: ViewMut,
    rstd: ViewMut,
    (x, delta, weight): (View, View, View),
    eps: f32,
) -> Result<()> {
    let (x, rstd) = (gpu::floats(x)?, gpu::of(rstd, Dtype::F32)?);
    let (dtype, width) = (x.dtype(), weight.len());
    let (out, sum, delta) = (gpu::of(out, dtype)?, gpu::of(sum, dtype)?, gpu::of(delta, dtype)?);
    let weight = gpu::of(weight, dtype)?;
    let grid = gpu::rows(rstd.len(), width, dtype);
    let arguments = args![out, sum, rstd, x, delta, weight, width as u32, eps];
    gpu.launch("rmsnorm", "rmsnorm_residual", &[dtype], grid, arguments)
}

fn backward_card(
    gpu: &Gpu,
    dx: ViewMut,
    dweight: ViewMut,
    (dout, x, rstd, weight): (View, View, View, View),
) -> Result<()> {
    let (x, rstd) = (gpu::floats(x)?, gpu::of(rstd, Dtype::F32)?);
    let (dtype, count, width) = (x.dtype(), rstd.len(), weight.len());
    let (dx, dout, weight) = (gpu::of(dx, dtype)?, gpu::of(dout, dtype)?, gpu::of(weight, dtype)?);
    let dweight = gpu::floats(dweight)?;
    // A thread owns at most 8 values alone, or 16 in pieces, and there are at most 512.
    let wide = width.is_multiple_of(16 / dtype.bytes());
    let wide = wide && [dx, dout, x, weight].iter().all(|span| span.address() % 16 == 0);
    let most = if wide { 8192 } else { 4096 };
    if width > most {
        return Err(Error::argument("rmsnorm", format!("rows of {width} values, not {most}")));
    }
    let runs = count.min(gpu.facts().processors as usize * 4);
    let grid = Grid { blocks: [runs as u32, 1, 1], ..gpu::rows(count, width, dtype) };
    let partial = gpu.scratch(runs * width * 4)?;
    let arguments = args![dx, partial, dout, x, rstd, weight, count as u32, width as u32];
    gpu.launch("rmsnorm", "rmsnorm_backward", &[dtype], grid, arguments)?;
    sum_rows::add(gpu, dweight, partial, runs as u32)
}

multiversion! {
    fn scale<const FMA: bool>(out: &mut [f32], x: &[f32], weight: &[f32], eps: f32) -> f32 {
        let rstd = 1.0 / (dot::<FMA>(x, x) / x.len() as f32 + eps).sqrt();
        for ((out, x), w) in out.iter_mut().zip(x).zip(weight) {
            *out = x * rstd * w;
        }
        rstd
    }
}

multiversion! {
    fn add<const FMA: bool>(sum: &mut [f32], x: &[f32], delta: &[f32]) {
        for ((sum, x), delta) in sum.iter_mut().zip(x).zip(delta) {
            *sum = x + delta;
        }
    }
}

multiversion! {
    fn row_input<const FMA: bool>(
        dx: &mut [f32],
        dout: &[f32],
        x: &[f32],
        rstd: f32,
        weight: &[f32],
    ) {
        let projected = dot3::<FMA>(dout, weight, x);
        let back = projected * rstd * rstd / x.len() as f32;
        for ((dx, x), (d, w)) in dx.iter_mut().zip(x).zip(dout.iter().zip(weight)) {
            *dx += rstd * fma::<FMA>(-back, *x, d * w);
        }
    }
}

multiversion! {
    fn columns<const FMA: bool>(
        dweight: &mut [f32],
        first: usize,
        width: usize,
        inputs: (&[f32], &[f32], &[f32]),
    ) {
        let (dout, x, rstd) = inputs;
        let count = dweight.len();
        let runs = dout.chunks(RUN * width).zip(x.chunks(RUN * width)).zip(rstd.chunks(RUN));
        for ((dout, x), rstd) in runs {
            let mut sums = [0.0; COLUMNS];
            let sums = &mut sums[..count];
            for ((d, x), r) in dout.chunks_exact(width).zip(x.chunks_exact(width)).zip(rstd) {
                let inputs = d[first..first + count].iter().zip(&x[first..first + count]);
                for (sum, (d, x)) in sums.iter_mut().zip(inputs) {
                    *sum = fma::<FMA>(d * r, *x, *sum);
                }
            }
            dweight.iter_mut().zip(sums).for_each(|(to, sum)| *to += *sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::testing::{close, device, differences, project, same_on_any_threads, values, wide};

    const EPS: f32 = 1e-5;
    const SHAPES: [(usize, usize); 5] = [(1, 1), (3, 5), (2, 64), (300, 7), (4, 333)];

    fn reference(x: &[f64], weight: &[f64]) -> Vec<f64> {
        let width = weight.len();
        let row = |row: &[f64]| {
            let mean = row.iter().map(|v| v * v).sum::<f64>() / width as f64;
            let rstd = 1.0 / (mean + f64::from(EPS)).sqrt();
            row.iter().zip(weight).map(|(x, w)| x * rstd * w).collect::<Vec<_>>()
        };
        x.chunks(width).flat_map(row).collect()
    }

    fn run(dev: &Device, x: &[f32], weight: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (mut out, mut rstd) = (vec![0.0; x.len()], vec![0.0; x.len() / weight.len()]);
        let outputs = (ViewMut::F32(&mut out), ViewMut::F32(&mut rstd));
        forward(dev, outputs.0, outputs.1, View::F32(x), View::F32(weight), EPS).unwrap();
        (out, rstd)
    }

    fn run_back(dev: &Device, x: &[f32], weight: &[f32], dout: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (_, rstd) = run(dev, x, weight);
        let (mut dx, mut dw) = (vec![1.0; x.len()], vec![1.0; weight.len()]);
        let outputs = (ViewMut::F32(&mut dx), ViewMut::F32(&mut dw));
        let (dout, x, rstd) = (View::F32(dout), View::F32(x), View::F32(&rstd));
        backward(dev, outputs.0, outputs.1, dout, x, rstd, View::F32(weight)).unwrap();
        (dx, dw)
    }

    #[test]
    fn parity() {
        for (tokens, width) in SHAPES {
            let (x, weight) = (values(1, tokens * width), values(2, width));
            let (out, _) = run(&device(), &x, &weight);
            close("out", &out, &reference(&wide(&x), &wide(&weight)), 1e-6, 2e-6);
        }
    }

    #[test]
    fn residual_is_addition_then_norm() {
        let (x, delta, weight) = (values(1, 35), values(2, 35), values(3, 7));
        let (mut out, mut sum, mut rstd) = (vec![0.0; 35], vec![0.0; 35], vec![0.0; 5]);
        residual(
            &device(),
            ViewMut::F32(&mut out),
            ViewMut::F32(&mut sum),
            ViewMut::F32(&mut rstd),
            View::F32(&x),
            View::F32(&delta),
            View::F32(&weight),
            EPS,
        )
        .unwrap();
        let expected: Vec<f32> = x.iter().zip(&delta).map(|(x, d)| x + d).collect();
        assert_eq!(sum, expected);
        assert_eq!((out, rstd), run(&device(), &expected, &weight));
    }

    #[test]
    fn gradient_is_added() {
        for (tokens, width) in SHAPES {
            let (x, weight) = (values(1, tokens * width), values(2, width));
            let dout = values(3, x.len());
            let (dx, dw) = run_back(&device(), &x, &weight, &dout);
            let (x, weight) = (wide(&x), wide(&weight));
            let by_x = differences(&x, |x| project(&reference(x, &weight), &dout));
            let by_weight = differences(&weight, |w| project(&reference(&x, w), &dout));
            let above = |slopes: Vec<f64>| slopes.iter().map(|v| v + 1.0).collect::<Vec<_>>();
            close("dx", &dx, &above(by_x), 2e-6, 1e-5);
            close("dweight", &dw, &above(by_weight), 2e-6, 1e-5);
        }
    }

    #[test]
    fn cards() {
        for (dtype, absolute, relative) in [(Dtype::F32, 2e-5, 1e-5), (Dtype::Bf16, 0.03, 0.02)] {
            for (tokens, width) in [(1, 1), (3, 5), (2, 64), (3, 64), (30, 72), (4, 333), (2, 4096)]
            {
                let many = tokens * width;
                let given = [values(1, many), values(2, width), values(3, many), values(4, many)];
                let [x, weight, dout, delta] = given.map(|values| near(dtype, &values));
                let found = schedules(dtype, |dev| on_card(dev, &x, &weight, &dout, &delta));
                let (x, weight, delta) = (wide(&x), wide(&weight), wide(&delta));
                let sum: Vec<f64> = x.iter().zip(&delta).map(|(x, d)| x + d).collect();
                let sum = wide(&near(dtype, &sum.iter().map(|v| *v as f32).collect::<Vec<_>>()));
                let (dx, dweight) = slopes(&x, &weight, &dout);
                let above = |slopes: Vec<f64>| slopes.iter().map(|v| v + 1.0).collect::<Vec<_>>();
                let expected =
                    [reference(&x, &weight), sum.clone(), reference(&sum, &weight), above(dx)];
                let expected = [expected.concat(), above(dweight)].concat();
                close("card", &found, &expected, absolute, relative);
            }
        }
    }

    /// Norm, residual norm and gradients on a card.
    fn on_card(dev: &Device, x: &[f32], weight: &[f32], dout: &[f32], delta: &[f32]) -> Vec<f32> {
        let dtype = dev.float();
        let tokens = x.len() / weight.len();
        // A weight lies among other parameters, and so anywhere.
        let (first, weight) = (tokens % 2, [&[0.0; 1][..tokens % 2], weight].concat());
        let [x, weight, dout, delta] = [x, &weight, dout, delta].map(|v| tensor(dev, dtype, v));
        let [mut out, mut sum, mut normed] = [0, 1, 2].map(|_| dev.zeros(dtype, x.len()).unwrap());
        let [mut rstd, mut other] = [0, 1].map(|_| dev.zeros(Dtype::F32, tokens).unwrap());
        let mut dx = tensor(dev, dtype, &vec![1.0; x.len()]);
        let mut dweight = tensor(dev, Dtype::F32, &vec![1.0; weight.len() - first]);
        let (a, b, w) = (x.view(), delta.view(), weight.part(first..weight.len()));
        forward(dev, out.view_mut(), rstd.view_mut(), a, w, EPS).unwrap();
        let outputs = (normed.view_mut(), sum.view_mut(), other.view_mut());
        residual(dev, outputs.0, outputs.1, outputs.2, a, b, w, EPS).unwrap();
        let (dout, rstd) = (dout.view(), rstd.view());
        backward(dev, dx.view_mut(), dweight.view_mut(), dout, a, rstd, w).unwrap();
        [out, sum, normed, dx, dweight].map(|tensor| values_of(dev, &tensor)).concat()
    }

    /// dx and dweight in double precision.
    fn slopes(x: &[f64], weight: &[f64], dout: &[f32]) -> (Vec<f64>, Vec<f64>) {
        let width = weight.len();
        let (mut dx, mut dweight) = (Vec::new(), vec![0.0; width]);
        for (x, dout) in x.chunks(width).zip(dout.chunks(width)) {
            let mean = x.iter().map(|v| v * v).sum::<f64>() / width as f64;
            let rstd = 1.0 / (mean + f64::from(EPS)).sqrt();
            let inner = |i: usize| weight[i] * f64::from(dout[i]);
            let back = (0..width).map(|i| inner(i) * x[i]).sum::<f64>() * rstd * rstd;
            dx.extend((0..width).map(|i| rstd * (inner(i) - back * x[i] / width as f64)));
            (0..width).for_each(|i| dweight[i] += f64::from(dout[i]) * x[i] * rstd);
        }
        (dx, dweight)
    }

    #[test]
    fn threads() {
        let (x, weight, dout) = (values(1, 300 * 130), values(2, 130), values(3, 300 * 130));
        same_on_any_threads(|dev| {
            let (out, rstd) = run(dev, &x, &weight);
            let (dx, dw) = run_back(dev, &x, &weight, &dout);
            [out, rstd, dx, dw].concat()
        });
    }

    #[test]
    fn nan_stays_in_its_row_and_zeros_are_fine() {
        let (out, _) = run(&device(), &[f32::NAN, 1.0, 0.0, 0.0], &[1.0, 1.0]);
        assert!(out[0].is_nan() && out[1].is_nan());
        assert_eq!(out[2..], [0.0, 0.0]);
    }

    #[test]
    fn lengths_are_checked() {
        let (mut out, mut rstd) = ([7.0; 6], [7.0; 2]);
        let mut call = |x: &[f32], weight: &[f32]| {
            let (out, rstd) = (ViewMut::F32(&mut out), ViewMut::F32(&mut rstd));
            forward(&device(), out, rstd, View::F32(x), View::F32(weight), EPS)
        };
        assert!(call(&[0.0; 6], &[1.0; 2]).is_err());
        assert!(call(&[0.0; 5], &[1.0; 3]).is_err());
        assert!(call(&[0.0; 6], &[]).is_err());
        assert_eq!((out, rstd), ([7.0; 6], [7.0; 2]));
    }
}
