//! Matrix products, rows contiguous: C = A·Bᵀ (`nt`), A·B (`nn`), Aᵀ·B (`tn`), or added to C.
//!
//! On the host a row of C depends on nothing but its row of A, on B and on K: not on M, so a sample
//! does not depend on its batch; not on the threads; with AVX2 or AVX-512 not on which of the two.
//! Weights of bf16 or in blocks give the bits of the same values in f32. `gemm/blocked.rs` tells
//! why.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocked;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod narrow;
mod portable;
mod side;
#[cfg(target_arch = "x86_64")]
mod streams;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod tile;

use blocked::Product;
use side::Side;

use crate::blocks::BLOCK;
use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Form, Gpu};
use crate::isa::Isa;
use crate::matrix::MatrixView;
use crate::tensor::{View, ViewMut};

/// Rows, columns and the length of the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// C = A·Bᵀ: A is `[M, K]`, B is `[N, K]` of f32, of bf16 or of blocks.
///
/// # Errors
/// Lengths that are not the shape's; rows that cut a block; other types.
pub fn nt<'b>(
    dev: &Device,
    c: ViewMut,
    a: View,
    b: impl Into<MatrixView<'b>>,
    shape: Shape,
    write: Write,
) -> Result<()> {
    match dev {
        Device::Cpu(cpu) => {
            let b = along_any(b.into(), shape.k)?;
            host("gemm::nt", cpu, Isa::best(), c, along(a)?, b, shape, write)
        }
        Device::Gpu(gpu) => match b.into() {
            MatrixView::Plain(b) => card("gemm::nt", gpu, Form::Nt, c, a, b, shape, write),
            MatrixView::Blocks(_) => {
                Err(Error::argument("gemm::nt", "blocks of a file are not multiplied on a card"))
            }
        },
    }
}

/// C = A·B: A is `[M, K]`, B is `[K, N]`.
///
/// # Errors
/// Lengths that are not the shape's; other types.
pub fn nn(dev: &Device, c: ViewMut, a: View, b: View, shape: Shape, write: Write) -> Result<()> {
    match dev {
        Device::Cpu(cpu) => {
            host("gemm::nn", cpu, Isa::best(), c, along(a)?, across(b)?, shape, write)
        }
        Device::Gpu(gpu) => card("gemm::nn", gpu, Form::Nn, c, a, b, shape, write),
    }
}

/// C = Aᵀ·B: A is `[K, M]`, B is `[K, N]`.
///
/// # Errors
/// Lengths that are not the shape's; other types.
pub fn tn(dev: &Device, c: ViewMut, a: View, b: View, shape: Shape, write: Write) -> Result<()> {
    match dev {
        Device::Cpu(cpu) => {
            host("gemm::tn", cpu, Isa::best(), c, across(a)?, across(b)?, shape, write)
        }
        Device::Gpu(gpu) => card("gemm::tn", gpu, Form::Tn, c, a, b, shape, write),
    }
}

fn along(view: View<'_>) -> Result<Side<'_>> {
    Ok(Side::Along(view.f32()?))
}

fn across(view: View<'_>) -> Result<Side<'_>> {
    Ok(Side::Across(view.f32()?))
}

fn along_any(matrix: MatrixView<'_>, k: usize) -> Result<Side<'_>> {
    match matrix {
        MatrixView::Plain(View::Bf16(values)) => Ok(Side::AlongBf16(values)),
        MatrixView::Plain(other) => along(other),
        MatrixView::Blocks(blocks) if k.is_multiple_of(BLOCK) => Ok(Side::Blocks(blocks)),
        MatrixView::Blocks(_) => {
            Err(Error::argument("gemm::nt", format!("rows of {k} values cut blocks of {BLOCK}")))
        }
    }
}

/// The product on the host, with these instructions, which the processor must have.
#[expect(clippy::too_many_arguments, reason = "a product has that many")]
fn host(
    op: &'static str,
    cpu: &Cpu,
    isa: Isa,
    c: ViewMut,
    a: Side,
    b: Side,
    shape: Shape,
    write: Write,
) -> Result<()> {
    let c = c.f32()?;
    check(op, shape, [c.len(), a.len(), b.len()])?;
    let k = shape.k;
    if c.is_empty() {
        return Ok(());
    }
    if k == 0 {
        if write == Write::Set {
            c.fill(0.0);
        }
        return Ok(());
    }
    assert!(isa.is_here(), "{isa} instructions on a processor without them");
    blocked::run(cpu, c, &Product { kernel: side::kernel(isa), a, b, shape, write });
    Ok(())
}

/// The product on a card, by its library.
#[expect(clippy::too_many_arguments, reason = "a product has that many")]
fn card(
    op: &'static str,
    gpu: &Gpu,
    form: Form,
    c: ViewMut,
    a: View,
    b: View,
    shape: Shape,
    write: Write,
) -> Result<()> {
    check(op, shape, [c.len(), a.len(), b.len()])?;
    let (c, a, b) = (gpu::floats(c)?, gpu::floats(a)?, gpu::floats(b)?);
    let add = write == Write::Add;
    if c.is_empty() || (shape.k == 0 && add) {
        return Ok(());
    }
    if shape.k == 0 {
        return gpu.board().clear(c.address(), c.bytes());
    }
    let of = |span: gpu::Span<'_>| (span.address(), span.dtype());
    gpu.board().product(&gpu::Product { form, shape, add, out: of(c), a: of(a), b: of(b) })
}

fn check(op: &'static str, shape: Shape, found: [usize; 3]) -> Result<()> {
    let Shape { m, n, k } = shape;
    for ((name, rows, columns), found) in [("c", m, n), ("a", m, k), ("b", n, k)].iter().zip(found)
    {
        let expected = rows.checked_mul(*columns);
        let expected = expected
            .ok_or_else(|| Error::argument(op, format!("{name} of {rows} x {columns} values")))?;
        length(op, name, found, expected)?;
    }
    Ok(())
}
