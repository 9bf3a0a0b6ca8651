//! Rows of a table by token id: `out[t] = table[ids[t]]`.
//!
//! `table` is `[V,width]`, `ids` is `[T]`, `out` is `[T,width]`. The backward pass adds each row of
//! `dout` to the row of its token.

use half::bf16;

use crate::blocks::BLOCK;
use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, args};
use crate::matrix::MatrixView;
use crate::simd::{Level, multiversion};
use crate::split::rows;
use crate::tensor::{Dtype, View, ViewMut};

/// Rows of the table that one block of the backward pass owns.
const OWNED: usize = 1024;

/// out `[T,width]` = the rows of `table` (f32, bf16 or blocks) that `ids` name. A card reads tables
/// of the type of `out`, and gives NaN for an id beyond the table, which it cannot tell.
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
        Device::Gpu(gpu) => match table {
            MatrixView::Plain(table) => forward_card(gpu, out, table, ids, width)?,
            MatrixView::Blocks(_) => {
                return Err(Error::argument("embedding", "a card reads no table of blocks"));
            }
        },
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

/// Adds row t of `dout` `[T,width]` to row `ids[t]` of `dtable` `[V,width]`, in order of t. A card
/// passes over ids beyond the table.
///
/// # Errors
/// Lengths that do not fit, an id beyond the table, buffers of other types.
pub fn backward(dev: &Device, dtable: ViewMut, dout: View, ids: View, width: usize) -> Result<()> {
    length("embedding", "dout", dout.len(), ids.len().saturating_mul(width))?;
    match dev {
        Device::Gpu(gpu) => backward_card(gpu, dtable, dout, ids, width)?,
        Device::Cpu(cpu) => {
            let ids = known(ids, dtable.len(), width)?;
            scatter(cpu, dtable.f32()?, dout.f32()?, ids, width);
        }
    }
    Ok(())
}

/// Rows of a table of `len` values.
pub(crate) fn height(len: usize, width: usize) -> Result<usize> {
    if width == 0 || !len.is_multiple_of(width) {
        return Err(Error::argument("embedding", format!("{len} values are no rows of {width}")));
    }
    Ok(len / width)
}

/// The ids, all of which are rows of a table of `len` values.
fn known(ids: View<'_>, len: usize, width: usize) -> Result<&[u32]> {
    let (vocab, ids) = (height(len, width)?, ids.u32()?);
    match ids.iter().find(|id| **id as usize >= vocab) {
        Some(id) => Err(Error::argument("embedding", format!("id {id} is not below {vocab}"))),
        None => Ok(ids),
    }
}

fn forward_card(gpu: &Gpu, out: ViewMut, table: View, ids: View, width: usize) -> Result<()> {
    let (out, ids) = (gpu::floats(out)?, gpu::of(ids, Dtype::U32)?);
    let (dtype, vocab) = (out.dtype(), height(table.len(), width)?);
    let table = gpu::of(table, dtype)?;
    let arguments = args![out, table, ids, vocab as u32, width as u32];
    let grid = gpu::rows(ids.len(), width, dtype);
    gpu.launch("embedding", "embedding_forward", &[dtype], grid, arguments)
}

/// Tokens are put in order of their ids, equal ones in their own order; each id's run of tokens is
/// then summed by one block. A token's place is how many come before it, counted outright: 2²⁸
/// comparisons for 16,384 tokens are less work than moving their rows.
fn backward_card(gpu: &Gpu, dtable: ViewMut, dout: View, ids: View, width: usize) -> Result<()> {
    let (dtable, dout) = (gpu::floats(dtable)?, gpu::floats(dout)?);
    let (ids, vocab) = (gpu::of(ids, Dtype::U32)?, height(dtable.len(), width)?);
    let tokens = ids.len();
    if tokens == 0 {
        return Ok(());
    }
    let place = gpu.board().scratch(tokens * 8)?;
    let order = place + 4 * tokens as u64;
    gpu.board().clear(place, tokens * 4)?;
    let scratch = |address| crate::gpu::Arg::Address(address);
    let (across, down) = (tokens.div_ceil(256) as u32, tokens.div_ceil(1024) as u32);
    let grid = Grid { blocks: [across, down.min(65_535), 1], threads: 256, shared: 0 };
    let arguments = args![scratch(place), ids, tokens as u32];
    gpu.launch("embedding", "embedding_places", &[], grid, arguments)?;
    let arguments = args![scratch(order), scratch(place), tokens as u32];
    gpu.launch("embedding", "embedding_order", &[], Grid::row(across as usize, 256), arguments)?;
    let sizes = (tokens as u32, vocab as u32, width as u32);
    let arguments = args![dtable, dout, ids, scratch(order), sizes.0, sizes.1, sizes.2];
    let dtypes = [dout.dtype(), dtable.dtype()];
    let grid = gpu::rows(tokens, width, dout.dtype());
    gpu.launch("embedding", "embedding_backward", &dtypes, grid, arguments)
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
    use crate::gpu::testing::{self, near, schedules, tensor, values_of};
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
    fn cards() {
        for dtype in [Dtype::F32, Dtype::Bf16] {
            for (vocab, width, tokens) in [(7, 5, 1), (7, 64, 30), (300, 24, 700), (9, 2064, 40)] {
                let table = near(dtype, &values(1, vocab * width));
                let ids: Vec<u32> = (0..tokens).map(|t| (t * t % (vocab - 1)) as u32).collect();
                let found = schedules(dtype, |dev| {
                    let (table, ids) = (tensor(dev, dtype, &table), testing::ids(dev, &ids));
                    let mut out = dev.zeros(dtype, tokens * width).unwrap();
                    forward(dev, out.view_mut(), table.view(), ids.view(), width).unwrap();
                    values_of(dev, &out)
                });
                close("out", &found, &reference(&wide(&table), &ids, width), 0.0, 0.0);

                let dout = near(dtype, &values(2, tokens * width));
                for (grads, off) in [(Dtype::F32, 1e-5), (Dtype::Bf16, 4e-3)] {
                    let found = schedules(dtype, |dev| {
                        let mut dtable = tensor(dev, grads, &vec![1.0; vocab * width]);
                        let (ids, to) = (testing::ids(dev, &ids), dtable.view_mut());
                        let dout = tensor(dev, dtype, &dout);
                        backward(dev, to, dout.view(), ids.view(), width).unwrap();
                        values_of(dev, &dtable)
                    });
                    let mut expected = vec![1.0; vocab * width];
                    for (id, row) in ids.iter().zip(wide(&dout).chunks(width)) {
                        let to = &mut expected[*id as usize * width..][..width];
                        to.iter_mut().zip(row).for_each(|(to, v)| *to += v);
                    }
                    close("dtable", &found, &expected, 1e-5, off);
                }
            }
        }
    }

    #[test]
    fn cards_read_nothing_beyond_the_table() {
        let found = schedules(Dtype::F32, |dev| {
            let table = tensor(dev, Dtype::F32, &[1.0, 2.0, 3.0, 4.0]);
            let ids = testing::ids(dev, &[1, 2, u32::MAX]);
            let mut out = dev.zeros(Dtype::F32, 6).unwrap();
            forward(dev, out.view_mut(), table.view(), ids.view(), 2).unwrap();
            let (mut dtable, dout) = (dev.zeros(Dtype::F32, 4).unwrap(), table.part(0..2));
            let ids = ids.part(1..2);
            backward(dev, dtable.view_mut(), dout, ids, 2).unwrap();
            [values_of(dev, &out), values_of(dev, &dtable)].concat()
        });
        assert_eq!(found[..2], [3.0, 4.0]);
        assert!(found[2..6].iter().all(|v| v.is_nan()));
        assert_eq!(found[6..], [0.0; 4]);
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
