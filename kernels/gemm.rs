//! Matrix products: C = A·Bᵀ (`nt`), A·B (`nn`), Aᵀ·B (`tn`), rows contiguous, or added to C.
//!
//! C is [M, N]. Blocks of C are computed apart, cut by the shape alone: the number of threads does
//! not change a bit.

use half::bf16;

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::tensor::{Dtype, View, ViewMut};

/// Rows, columns and the length of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows of C.
    pub m: usize,
    /// Columns of C.
    pub n: usize,
    /// Products in a sum.
    pub k: usize,
}

/// What happens to C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is overwritten.
    Set,
    /// The product is added to it.
    Add,
}

/// C = A·Bᵀ: A is [M, K], B is [N, K] of f32 or bf16.
///
/// # Errors
/// Lengths that are not the shape's; other types.
pub fn nt(dev: &Device, c: ViewMut, a: View, b: View, shape: Shape, write: Write) -> Result<()> {
    let Device::Cpu(cpu) = dev;
    let (c, a) = (c.f32()?, a.f32()?);
    check("gemm::nt", c.len(), a.len(), b.len(), shape)?;
    match b {
        View::F32(b) => product(cpu, c, (a, shape.k, 1), (b, 1, shape.k), shape, write),
        View::Bf16(b) => {
            let b: Vec<f32> = b.iter().map(|b: &bf16| b.to_f32()).collect();
            product(cpu, c, (a, shape.k, 1), (&b, 1, shape.k), shape, write);
        }
        View::U32(_) => return Err(Error::Dtype { found: b.dtype(), expected: Dtype::F32 }),
    }
    Ok(())
}

/// C = A·B: A is [M, K], B is [K, N].
///
/// # Errors
/// Lengths that are not the shape's; other types.
pub fn nn(dev: &Device, c: ViewMut, a: View, b: View, shape: Shape, write: Write) -> Result<()> {
    let Device::Cpu(cpu) = dev;
    let (c, a, b) = (c.f32()?, a.f32()?, b.f32()?);
    check("gemm::nn", c.len(), a.len(), b.len(), shape)?;
    product(cpu, c, (a, shape.k, 1), (b, shape.n, 1), shape, write);
    Ok(())
}

/// C = Aᵀ·B: A is [K, M], B is [K, N].
///
/// # Errors
/// Lengths that are not the shape's; other types.
pub fn tn(dev: &Device, c: ViewMut, a: View, b: View, shape: Shape, write: Write) -> Result<()> {
    let Device::Cpu(cpu) = dev;
    let (c, a, b) = (c.f32()?, a.f32()?, b.f32()?);
    check("gemm::tn", c.len(), a.len(), b.len(), shape)?;
    product(cpu, c, (a, 1, shape.m), (b, shape.n, 1), shape, write);
    Ok(())
}

fn check(op: &'static str, c: usize, a: usize, b: usize, shape: Shape) -> Result<()> {
    let Shape { m, n, k } = shape;
    let sides = [("c", c, m, n), ("a", a, m, k), ("b", b, n, k)];
    for (name, found, rows, columns) in sides {
        let expected = rows
            .checked_mul(columns)
            .ok_or_else(|| Error::argument(op, format!("{name} of {rows} x {columns} values")))?;
        length(op, name, found, expected)?;
    }
    Ok(())
}

/// A matrix with the strides of its rows (or products) and columns.
type Matrix<'a> = (&'a [f32], usize, usize);

fn product(cpu: &Cpu, c: &mut [f32], a: Matrix, b: Matrix, shape: Shape, write: Write) {
    let Shape { m, n, k } = shape;
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if write == Write::Set {
            c.fill(0.0);
        }
        return;
    }
    let rows = m.div_ceil(8).max(32);
    cpu.chunks(c, rows * n, |at, c| {
        let count = c.len() / n;
        // SAFETY: `check` has seen that A, B and C hold what the shape and the strides reach.
        unsafe {
            ::gemm::gemm(
                count,
                n,
                k,
                c.as_mut_ptr(),
                1,
                n as isize,
                write == Write::Add,
                a.0.as_ptr().add(at * rows * a.1),
                a.2 as isize,
                a.1 as isize,
                b.0.as_ptr(),
                b.2 as isize,
                b.1 as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                ::gemm::Parallelism::None,
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(len: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn parity() {
        let dev = Device::cpu(2).unwrap();
        for (m, n, k) in [(1, 1, 1), (0, 3, 2), (3, 0, 2), (3, 4, 0), (5, 7, 9), (70, 33, 65)] {
            let shape = Shape { m, n, k };
            let (a, b) = (values(m * k, 1), values(n * k, 2));
            for write in [Write::Set, Write::Add] {
                for kind in 0..3 {
                    let mut c = values(m * n, 3);
                    let expected: Vec<f64> = (0..m * n)
                        .map(|at| {
                            let (i, j) = (at / n, at % n);
                            let sum: f64 = (0..k)
                                .map(|p| {
                                    let a = if kind == 2 { a[p * m + i] } else { a[i * k + p] };
                                    let b = if kind == 0 { b[j * k + p] } else { b[p * n + j] };
                                    f64::from(a) * f64::from(b)
                                })
                                .sum();
                            sum + if write == Write::Add { f64::from(c[at]) } else { 0.0 }
                        })
                        .collect();
                    let (cv, av, bv) = (ViewMut::F32(&mut c), View::F32(&a), View::F32(&b));
                    [nt, nn, tn][kind](&dev, cv, av, bv, shape, write).unwrap();
                    for (c, e) in c.iter().zip(&expected) {
                        assert!((f64::from(*c) - e).abs() < 1e-4, "{shape:?} {write:?} {kind}");
                    }
                }
            }
        }
    }
}
