//! The gated activation of the feed-forward layer: out = silu(gate) · up, silu(x) = x / (1 + e^-x)
//! (Shazeer 2020, "GLU Variants Improve Transformer").
//!
//! `gate_up` `[T,2F]` holds in each row F values of gate, then F of up; `out` is `[T,F]`.

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, args};
use crate::simd::{Level, multiversion, sigmoid};
use crate::split::rows;
use crate::tensor::{Dtype, View, ViewMut};

/// out `[T,width]` = silu(gate) · up.
///
/// # Errors
/// Lengths that do not fit; buffers of other types than f32, or bf16 on a card.
pub fn forward(dev: &Device, out: ViewMut, gate_up: View, width: usize) -> Result<()> {
    check("gate_up", gate_up.len(), out.len(), width)?;
    match dev {
        Device::Gpu(gpu) => {
            let out = gpu::floats(out)?;
            let (dtype, gate_up) = (out.dtype(), gpu::of(gate_up, out.dtype())?);
            let tokens = out.len() / width;
            let arguments = args![out, gate_up, tokens as u32, width as u32];
            let grid = columns(gpu, tokens, width, dtype);
            gpu.launch("swiglu", "swiglu_forward", &[dtype], grid, arguments)?;
        }
        Device::Cpu(cpu) => forward_host(cpu, out.f32()?, gate_up.f32()?, width),
    }
    Ok(())
}

/// Sets `dgate_up` `[T,2·width]` from `dout` `[T,width]`:
/// dgate = dout · up · σ(gate) · (1 + gate · (1 - σ(gate))), dup = dout · silu(gate).
///
/// # Errors
/// Lengths that do not fit; buffers of other types than f32, or bf16 on a card.
pub fn backward(
    dev: &Device,
    dgate_up: ViewMut,
    dout: View,
    gate_up: View,
    width: usize,
) -> Result<()> {
    check("gate_up", gate_up.len(), dout.len(), width)?;
    check("dgate_up", dgate_up.len(), dout.len(), width)?;
    match dev {
        Device::Gpu(gpu) => {
            let dout = gpu::floats(dout)?;
            let (dtype, tokens) = (dout.dtype(), dout.len() / width);
            let (dgate_up, gate_up) = (gpu::of(dgate_up, dtype)?, gpu::of(gate_up, dtype)?);
            let arguments = args![dgate_up, dout, gate_up, tokens as u32, width as u32];
            let grid = columns(gpu, tokens, width, dtype);
            gpu.launch("swiglu", "swiglu_backward", &[dtype], grid, arguments)?;
        }
        Device::Cpu(cpu) => backward_host(cpu, dgate_up.f32()?, dout.f32()?, gate_up.f32()?, width),
    }
    Ok(())
}

fn check(name: &'static str, found: usize, out: usize, width: usize) -> Result<()> {
    if width == 0 || !out.is_multiple_of(width) {
        return Err(Error::argument("swiglu", format!("{out} values are no rows of {width}")));
    }
    length("swiglu", name, found, 2 * out)
}

/// Blocks that own 128 pieces of sixteen bytes of a row, and go down over some of the rows.
fn columns(gpu: &Gpu, tokens: usize, width: usize, dtype: Dtype) -> Grid {
    let across = (width * dtype.bytes()).div_ceil(16 * 128);
    let most = (gpu.facts().processors as usize * 32).div_ceil(across).min(65_535);
    Grid { blocks: [across as u32, tokens.min(most) as u32, 1], threads: 128, shared: 0 }
}

fn forward_host(cpu: &Cpu, out: &mut [f32], gate_up: &[f32], width: usize) {
    let (level, block) = (Level::best(), rows(width) * width);
    cpu.chunks(out, block, |at, out| {
        let inputs = gate_up[2 * at * block..].chunks_exact(2 * width);
        for (out, input) in out.chunks_exact_mut(width).zip(inputs) {
            let (gate, up) = input.split_at(width);
            forward_row(level, out, gate, up);
        }
    });
}

fn backward_host(cpu: &Cpu, dgate_up: &mut [f32], dout: &[f32], gate_up: &[f32], width: usize) {
    let (level, block) = (Level::best(), rows(width) * width);
    cpu.chunks(dgate_up, 2 * block, |at, dgate_up| {
        let inputs = gate_up[2 * at * block..].chunks_exact(2 * width);
        let rows = dgate_up.chunks_exact_mut(2 * width).zip(inputs);
        for ((grads, input), dout) in rows.zip(dout[at * block..].chunks_exact(width)) {
            let (gate, up) = input.split_at(width);
            let (dgate, dup) = grads.split_at_mut(width);
            backward_row(level, dgate, dup, dout, gate, up);
        }
    });
}

multiversion! {
    fn forward_row<const FMA: bool>(out: &mut [f32], gate: &[f32], up: &[f32]) {
        for ((out, g), u) in out.iter_mut().zip(gate).zip(up) {
            *out = g * sigmoid::<FMA>(*g) * u;
        }
    }
}

multiversion! {
    fn backward_row<const FMA: bool>(
        dgate: &mut [f32],
        dup: &mut [f32],
        dout: &[f32],
        gate: &[f32],
        up: &[f32],
    ) {
        let inputs = dout.iter().zip(gate).zip(up);
        for ((dg, du), ((d, g), u)) in dgate.iter_mut().zip(dup).zip(inputs) {
            let s = sigmoid::<FMA>(*g);
            *du = d * g * s;
            *dg = d * u * s * (1.0 + g * (1.0 - s));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{near, schedules, tensor, values_of};
    use crate::testing::{close, device, differences, project, same_on_any_threads, values, wide};

    const SHAPES: [(usize, usize); 4] = [(1, 1), (3, 5), (2, 64), (4, 33)];

    fn reference(gate_up: &[f64], width: usize) -> Vec<f64> {
        let row = |row: &[f64]| {
            let silu = |x: f64| x / (1.0 + (-x).exp());
            (0..width).map(|i| silu(row[i]) * row[width + i]).collect::<Vec<_>>()
        };
        gate_up.chunks(2 * width).flat_map(row).collect()
    }

    fn input(tokens: usize, width: usize) -> Vec<f32> {
        values(3, tokens * 2 * width).iter().map(|v| v * 8.0).collect()
    }

    #[test]
    fn parity() {
        for (tokens, width) in SHAPES {
            let x = input(tokens, width);
            let mut out = vec![0.0; tokens * width];
            forward(&device(), ViewMut::F32(&mut out), View::F32(&x), width).unwrap();
            close("out", &out, &reference(&wide(&x), width), 1e-6, 1e-6);
        }
    }

    #[test]
    fn every_level_is_close() {
        let x = input(1, 100);
        for level in Level::all() {
            let mut out = vec![0.0; 100];
            forward_row(level, &mut out, &x[..100], &x[100..]);
            close("out", &out, &reference(&wide(&x), 100), 1e-6, 1e-6);
        }
    }

    #[test]
    fn gradient() {
        for (tokens, width) in SHAPES {
            let (x, dout) = (input(tokens, width), values(4, tokens * width));
            let mut dx = vec![9.0; x.len()];
            let out = ViewMut::F32(&mut dx);
            backward(&device(), out, View::F32(&dout), View::F32(&x), width).unwrap();
            let expected = differences(&wide(&x), |x| project(&reference(x, width), &dout));
            close("dgate_up", &dx, &expected, 1e-5, 1e-5);
        }
    }

    #[test]
    fn cards() {
        for (dtype, absolute, relative) in [(Dtype::F32, 1e-5, 1e-5), (Dtype::Bf16, 1e-2, 1e-2)] {
            for (tokens, width) in [(1, 1), (3, 5), (2, 64), (4, 333), (150, 24), (3, 2064)] {
                let x = near(dtype, &input(tokens, width));
                let dout = near(dtype, &values(4, tokens * width));
                let found = schedules(dtype, |dev| {
                    let (x, dout) = (tensor(dev, dtype, &x), tensor(dev, dtype, &dout));
                    let mut out = dev.zeros(dtype, tokens * width).unwrap();
                    let mut dx = dev.zeros(dtype, x.len()).unwrap();
                    forward(dev, out.view_mut(), x.view(), width).unwrap();
                    backward(dev, dx.view_mut(), dout.view(), x.view(), width).unwrap();
                    [values_of(dev, &out), values_of(dev, &dx)].concat()
                });
                let mut expected = reference(&wide(&x), width);
                for (x, dout) in x.chunks(2 * width).zip(dout.chunks(width)) {
                    let slopes = |at: usize| {
                        let [g, u, d] = [x[at], x[width + at], dout[at]].map(f64::from);
                        let s = 1.0 / (1.0 + (-g).exp());
                        (d * u * s * (1.0 + g * (1.0 - s)), d * g * s)
                    };
                    expected.extend((0..width).map(|at| slopes(at).0));
                    expected.extend((0..width).map(|at| slopes(at).1));
                }
                close("card", &found, &expected, absolute, relative);
            }
        }
    }

    #[test]
    fn threads() {
        let (tokens, width) = (70, 333);
        let (x, dout) = (input(tokens, width), values(4, tokens * width));
        same_on_any_threads(|dev| {
            let (mut out, mut dx) = (vec![0.0; tokens * width], vec![0.0; x.len()]);
            forward(dev, ViewMut::F32(&mut out), View::F32(&x), width).unwrap();
            backward(dev, ViewMut::F32(&mut dx), View::F32(&dout), View::F32(&x), width).unwrap();
            [out, dx].concat()
        });
    }

    #[test]
    fn nan_passes_and_large_values_stay_finite() {
        let mut out = [0.0; 4];
        let x = [f32::NAN, 200.0, -200.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        forward(&device(), ViewMut::F32(&mut out), View::F32(&x), 4).unwrap();
        assert!(out[0].is_nan());
        assert!(out[1] == 200.0 && out[2].abs() < 1e-30 && out[3] == 0.0);
    }

    #[test]
    fn lengths_are_checked() {
        let mut out = [7.0; 4];
        for width in [0, 3, 5] {
            let call = forward(&device(), ViewMut::F32(&mut out), View::F32(&[0.0; 8]), width);
            assert!(call.is_err());
        }
        assert!(forward(&device(), ViewMut::F32(&mut out), View::F32(&[0.0; 7]), 2).is_err());
        assert_eq!(out, [7.0; 4]);
    }
}
