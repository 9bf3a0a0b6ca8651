//! The launches on a card: parts of the context, then their sum.

use super::{BLOCK, Cache, ROW};
use crate::error::{Error, Result};
use crate::gpu::{self, Arg, Gpu, Grid, args};
use crate::qkv::Shape;
use crate::tensor::{Dtype, View, ViewMut};

/// Widest head.
const WIDEST: usize = 256;
/// Parts of a prefix, or of a tail, at most: a warp adds up all parts of both.
const PARTS: usize = 16;
/// Queries that go through a key-value head together on tensor cores.
const QUERIES: usize = 64;
/// Tokens that go through tensor cores at once.
const STEP: usize = 64;

pub(super) fn store(
    gpu: &Gpu,
    (keys, values): (ViewMut, ViewMut),
    qkv: View,
    slots: View,
    shape: Shape,
    blocks: usize,
) -> Result<()> {
    let Shape { heads, kv_heads, head_dim } = shape;
    let keys = gpu::floats(keys)?;
    let dtype = keys.dtype();
    let (values, qkv) = (gpu::of(values, dtype)?, gpu::of(qkv, dtype)?);
    let slots = gpu::of(slots, Dtype::U32)?;
    let places = u32::try_from(blocks * BLOCK).map_err(|_| too_many(blocks))?;
    let threads = (kv_heads * head_dim).next_multiple_of(32).min(256) as u32;
    let grid = Grid::row(slots.len(), threads);
    let sizes = [heads, kv_heads, head_dim].map(|size| Arg::U32(size as u32));
    let arguments = [args![keys, values, qkv, slots], &sizes[..], args![places]].concat();
    gpu.launch("decode", "decode_store", &[dtype], grid, &arguments)
}

pub(super) fn attention(
    gpu: &Gpu,
    out: ViewMut,
    qkv: View,
    cache: Cache,
    (shape, blocks): (Shape, usize),
    scale: f32,
) -> Result<()> {
    let Shape { heads, kv_heads, head_dim } = shape;
    let out = gpu::floats(out)?;
    let dtype = out.dtype();
    let (qkv, keys) = (gpu::of(qkv, dtype)?, gpu::of(cache.keys, dtype)?);
    let values = gpu::of(cache.values, dtype)?;
    let (table, rows) = (gpu::of(cache.table, Dtype::U32)?, gpu::of(cache.rows, Dtype::U32)?);
    if head_dim > WIDEST || !head_dim.is_multiple_of(2) {
        let problem = format!("heads of {head_dim} values, not of an even number up to {WIDEST}");
        return Err(Error::argument("decode", problem));
    }
    if rows.address() % 16 != 0 {
        return Err(Error::argument("decode", "rows do not begin at a multiple of four words"));
    }
    u32::try_from(blocks * BLOCK).map_err(|_| too_many(blocks))?;
    let (count, group) = (rows.len() / ROW, heads / kv_heads);
    let aligned = [qkv, keys, values].iter().all(|span| span.address() % 16 == 0);
    let fast = dtype == Dtype::Bf16 && [64, 96, 128].contains(&head_dim);
    let fast = fast && aligned && group <= QUERIES;
    // Enough parts for some rounds of blocks on the whole card.
    let across = if fast { kv_heads } else { heads };
    let wanted = gpu.facts().processors as usize * 16;
    let splits = wanted.div_ceil((count * across).max(1)).min(PARTS);
    let sums = count * heads * 2 * splits;
    let Arg::Address(base) = gpu.scratch(sums * (head_dim + 2) * 4 + 4)? else {
        unreachable!("scratch memory has an address")
    };
    let marks = Arg::Address(base + (sums * head_dim * 4) as u64);
    let blocks_of = [count as u32, across as u32, 2 * splits as u32];
    let grid = Grid { blocks: blocks_of, threads: 128, shared: 0 };
    let first = args![Arg::Address(base), marks, qkv, keys, values, table, rows];
    let counts = [count, heads, kv_heads, splits].map(|size| Arg::U32(size as u32));
    let places = [table.len(), blocks].map(|size| Arg::U32(size as u32));
    // Scores are powers of two in the kernels.
    let scale = scale * std::f32::consts::LOG2_E;
    if fast {
        let run = 1usize << (QUERIES / group).ilog2();
        let arguments = [first, &counts[..], args![run as u32], &places, args![scale]].concat();
        let name = format!("decode_attention_{head_dim}");
        gpu.launch("decode", &name, &[dtype], grid.sharing(shared(head_dim)), &arguments)?;
    } else {
        let last = args![head_dim as u32, scale];
        let arguments = [first, &counts[..], &places, last].concat();
        gpu.launch("decode", "decode_attention_any", &[dtype], grid, &arguments)?;
    }
    let (all, parts) = ((count * heads) as u32, 2 * splits as u32);
    let arguments = args![out, Arg::Address(base), marks, all, parts, head_dim as u32];
    let grid = Grid::row((count * heads).div_ceil(4), 128);
    gpu.launch("decode", "decode_join", &[dtype], grid, arguments)
}

/// Bytes of two steps of keys and values, whose rows are apart by sixteen bytes more.
fn shared(head_dim: usize) -> u32 {
    let values = 2 * head_dim * (BLOCK + 8) + STEP * (head_dim + 8);
    (2 * values * 2) as u32
}

fn too_many(blocks: usize) -> Error {
    Error::argument("decode", format!("{blocks} blocks are more than places can be told"))
}
