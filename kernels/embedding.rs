//! Rows of a table by token id: `out[t] = table[ids[t]]`.
//!
//! `table` is `[V,width]`, `ids` is `[T]`, `out` is `[T,width]`. The backward pass adds each row of
//! `dout` to the row of its token.

use half::bf16;

use crate::blocks::BLOCK;
use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::matrix::MatrixView;
use crate::simd::{Level, multiversion};
use crate::split::rows;
use crate::tensor::{View, ViewMut};

/// Rows of the table that one block of the backward pass owns.
const OWNED: usize = 1024;

/// out `[T,width]` = the rows of `table` (f32, bf16 or blocks) that `ids` name.
///
/// # Errors
/// Lengths that do not fit, rows that cut a block, an id beyond the table, buffers of other types.
pub fn forward<'t>(
    dev: &Device,
    out: ViewMut,
    table: impl Into<MatrixView<'t>>,
    ids: View,
    width: usize,
) -> Result<()> {
    let table = table.into();
    length("embedding", "out", out.len(), ids.len().saturating_mul(width))?;
    match dev {
        Device::Gpu(_) => return Err(crate::gpu::not_yet("embedding")),
        Device::Cpu(cpu) => {
            let ids = known(ids, table.len(), width)?;
            let block = rows(width) * width;
            let out = out.f32()?;
            match table {
                MatrixView::Plain(View::Bf16(table)) => {
                    gather(cpu, out, ids, (width, block), |to, id| {
                        let row = &table[id * width..][..width];
                        to.iter_mut().zip(row).for_each(|(to, v)| *to = bf16::to_f32(*v));
                    })
                }
                MatrixView::Blocks(_) if !width.is_multiple_of(BLOCK) => {
                    let problem = format!("rows of {width} values cut blocks of {BLOCK}");
                    return Err(Error::argument("embedding", problem));
                }
                MatrixView::Blocks(table) => {
                    gather(cpu, out, ids, (width, block), |to, id| table.widen(id * width, to));
                }
                MatrixView::Plain(table) => {
                    let table = table.f32()?;
                    gather(cpu, out, ids, (width, block), |to, id| {
                        to.copy_from_slice(&table[id * width..][..width]);
                    });
                }
            }
        }
    }
    Ok(())
}

/// Adds row t of `dout` `[T,width]` to row `ids[t]` of `dtable` `[V,width]`, in order of t.
///
/// # Errors
/// Lengths that do not fit, an id beyond the table, buffers of other types.
pub fn backward(dev: &Device, dtable: ViewMut, dout: View, ids: View, width: usize) -> Result<()> {
    length("embedding", "dout", dout.len(), ids.len().saturating_mul(width))?;
    match dev {
        Device::Gpu(_) => return Err(crate::gpu::not_yet("embedding")),
        Device::Cpu(cpu) => {
            let ids = known(ids, dtable.len(), width)?;
            scatter(cpu, dtable.f32()?, dout.f32()?, ids, width);
        }
    }
    Ok(())
}

/// The ids, all of which are rows of a table of `len` values.
fn known(ids: View<'_>, len: usize, width: usize) -> Result<&[u32]> {
    if width == 0 || !len.is_multiple_of(width) {
        return Err(Error::argument("embedding", format!("{len} values are no rows of {width}")));
    }
    let (ids, vocab) = (ids.u32()?, len / width);
    match ids.iter().find(|id| **id as usize >= vocab) {
        Some(id) => Err(Error::argument("embedding", format!("id {id} is not below {vocab}"))),
        None => Ok(ids),
    }
}

fn gather(
    cpu: &Cpu,
    out: &mut [f32],
    ids: &[u32],
    (width, block): (usize, usize),
    row: impl Fn(&mut [f32], usize) + Sync,
) {
    cpu.chunks(out, block, |at, out| {
        let ids = &ids[at * (block / width)..];
        out.chunks_exact_mut(width).zip(ids).for_each(|(to, id)| row(to, *id as usize));
    });
}

/// Each block owns some rows of the table and looks for their ids, so that the order of additions
/// is that of the tokens whatever the threads.
fn scatter(cpu: &Cpu, dtable: &mut [f32], dout: &[f32], ids: &[u32], width: usize) {
    let level = Level::best();
    cpu.chunks(dtable, OWNED * width, |at, owned| {
        let (first, count) = (at * OWNED, owned.len() / width);
        for (id, row) in ids.iter().zip(dout.chunks_exact(width)) {
            let inside = (*id as usize).wrapping_sub(first);
            if inside < count {
                add(level, &mut owned[inside * width..][..width], row);
            }
        }
    });
}

multiversion! {
    fn add<const FMA: bool>(to: &mut [f32], row: &[f32]) {
        to.iter_mut().zip(row).for_each(|(to, v)| *to += v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::tests::{KINDS, blocks};
    use crate::testing::{close, device, differences, project, same_on_any_threads, values, wide};

    const IDS: [u32; 6] = [2, 0, 2, 6, 2, 1];

    fn reference(table: &[f64], ids: &[u32], width: usize) -> Vec<f64> {
        ids.iter().flat_map(|id| table[*id as usize * width..][..width].to_vec()).collect()
    }

    #[test]
    fn parity() {
        for width in [1, 5, 64] {
            let table = values(1, 7 * width);
            let mut out = vec![0.0; IDS.len() * width];
            let (view, ids) = (View::F32(&table), View::U32(&IDS));
            forward(&device(), ViewMut::F32(&mut out), view, ids, width).unwrap();
            close("out", &out, &reference(&wide(&table), &IDS, width), 0.0, 0.0);

            let half: Vec<bf16> = table.iter().map(|v| bf16::from_f32(*v)).collect();
            let table: Vec<f32> = half.iter().map(|v| v.to_f32()).collect();
            let (view, ids) = (View::Bf16(&half), View::U32(&IDS));
            forward(&device(), ViewMut::F32(&mut out), view, ids, width).unwrap();
            close("out", &out, &reference(&wide(&table), &IDS, width), 0.0, 0.0);
        }
    }

    #[test]
    fn rows_of_blocks_are_widened() {
        for kind in KINDS {
            let table = blocks(kind, 7 * 64);
            let mut all = vec![0.0; table.len()];
            table.view().widen(0, &mut all);
            let (mut out, ids) = (vec![0.0; IDS.len() * 64], View::U32(&IDS));
            forward(&device(), ViewMut::F32(&mut out), table.view(), ids, 64).unwrap();
            close("out", &out, &reference(&wide(&all), &IDS, 64), 0.0, 0.0);
            let half = ViewMut::F32(&mut out[..IDS.len() * 16]);
            let error = forward(&device(), half, table.view(), ids, 16).unwrap_err();
            assert_eq!(error.to_string(), "embedding: rows of 16 values cut blocks of 32");
        }
    }

    #[test]
    fn gradient_is_added() {
        let width = 5;
        let (table, dout) = (values(1, 7 * width), values(2, IDS.len() * width));
        let mut dtable = vec![1.0; table.len()];
        let out = ViewMut::F32(&mut dtable);
        backward(&device(), out, View::F32(&dout), View::U32(&IDS), width).unwrap();
        let slopes = differences(&wide(&table), |t| project(&reference(t, &IDS, width), &dout));
        let expected: Vec<f64> = slopes.iter().map(|v| v + 1.0).collect();
        close("dtable", &dtable, &expected, 1e-6, 1e-6);
    }

    #[test]
    fn threads() {
        let (vocab, width, tokens) = (3000, 9, 5000);
        let (table, dout) = (values(1, vocab * width), values(2, tokens * width));
        let ids: Vec<u32> = (0..tokens as u32).map(|t| t * t % vocab as u32).collect();
        same_on_any_threads(|dev| {
            let (mut out, mut dtable) = (vec![0.0; tokens * width], vec![0.0; table.len()]);
            let ids = View::U32(&ids);
            forward(dev, ViewMut::F32(&mut out), View::F32(&table), ids, width).unwrap();
            backward(dev, ViewMut::F32(&mut dtable), View::F32(&dout), ids, width).unwrap();
            [out, dtable].concat()
        });
    }

    #[test]
    fn ids_and_lengths_are_checked() {
        let (table, mut out) = ([0.0; 12], [7.0; 6]);
        let mut call = |ids: &[u32], width| {
            let ids = View::U32(ids);
            forward(&device(), ViewMut::F32(&mut out), View::F32(&table), ids, width)
        };
        let error = call(&[0, 4], 3).unwrap_err().to_string();
        assert_eq!(error, "embedding: id 4 is not below 4");
        assert!(call(&[0, u32::MAX], 3).is_err());
        assert!(call(&[0], 3).is_err());
        assert!(call(&[], 0).is_err());
        assert!(call(&[0, 1], usize::MAX).is_err());
        assert_eq!(out, [7.0; 6]);
        let mut dtable = [7.0; 12];
        let dout = View::F32(&[1.0; 3]);
        assert!(backward(&device(), ViewMut::F32(&mut dtable), dout, View::U32(&[9]), 3).is_err());
        assert_eq!(dtable, [7.0; 12]);
    }
}
