//! Attention of new tokens over keys and values kept from before.
//!
//! out = softmax(scale · q·Kᵀ) · V for each row and head, where K and V are those of the row's own
//! sequence: a prefix, which samples of one prompt share, then a tail. Both are lists of blocks of
//! [`BLOCK`] tokens, so that sequences grow and end without moving anything.
//!
//! Of each layer the keys are [blocks, kv_heads, D, BLOCK] (the tokens of a block side by side) and
//! the values [blocks, kv_heads, BLOCK, D], in f32 or bf16. The sum over tokens runs block by block
//! in the order of the sequence, with the running maximum of online softmax (Milakov and
//! Gimelshein, 2018): a row has the same bits whatever other rows there are.
//!
//! On a card the cache is of the activations' type, and long contexts are cut into parts whose
//! number depends on that of the rows. Tables and rows are not checked there: a place that is not
//! there is not written, and a row that points nowhere, or attends to nothing, becomes NaN.

mod card;
#[cfg(test)]
mod card_tests;
mod host;
#[cfg(test)]
mod tests;

use half::bf16;

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::qkv::Shape;
use crate::tensor::{View, ViewMut};

/// Tokens of a block.
pub const BLOCK: usize = 32;

/// Words that describe a row: see [`Row::words`].
pub const ROW: usize = 4;

/// What one new token attends to, in the table of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where the blocks of the prefix begin in the table.
    pub prefix: u32,
    /// Tokens of the prefix.
    pub prefix_len: u32,
    /// Where the blocks of the tail begin in the table.
    pub tail: u32,
    /// Tokens of the tail.
    pub tail_len: u32,
}

impl Row {
    /// As the words of a u32 buffer.
    pub fn words(self) -> [u32; ROW] {
        [self.prefix, self.prefix_len, self.tail, self.tail_len]
    }

    fn read(words: &[u32]) -> Row {
        let [prefix, prefix_len, tail, tail_len] = *words else {
            unreachable!("rows are cut by {ROW} words")
        };
        Row { prefix, prefix_len, tail, tail_len }
    }
}

/// Values of the keys, or of the values, of a layer with so many blocks.
pub fn size(blocks: usize, shape: Shape) -> usize {
    blocks * shape.kv_heads * shape.head_dim * BLOCK
}

/// Keeps the keys and values of new tokens.
///
/// `qkv` `[T, W]` as the op of that name leaves it; `slots` `[T]` u32: the place of each token,
/// block × [`BLOCK`] + its offset.
///
/// # Errors
/// Lengths that do not fit, a place that is not there.
pub fn store(
    dev: &Device,
    mut keys: ViewMut,
    mut values: ViewMut,
    qkv: View,
    slots: View,
    shape: Shape,
) -> Result<()> {
    let blocks = blocks(keys.read(), values.read(), shape)?;
    length("decode", "qkv", qkv.len(), slots.len() * shape.row())?;
    if let Device::Gpu(gpu) = dev {
        return card::store(gpu, (keys, values), qkv, slots, shape, blocks);
    }
    let slots = slots.u32()?;
    if let Some(slot) = slots.iter().find(|slot| **slot as usize >= blocks * BLOCK) {
        return Err(Error::argument("decode", format!("place {slot} of {}", blocks * BLOCK)));
    }
    match (&mut keys, &mut values) {
        (ViewMut::Bf16(keys), ViewMut::Bf16(values)) => {
            host::store(keys, values, qkv.f32()?, slots, shape, bf16::from_f32);
        }
        _ => {
            host::store(keys.f32()?, values.f32()?, qkv.f32()?, slots, shape, |value| value);
        }
    }
    Ok(())
}

/// What rows attend to.
#[derive(Debug, Clone, Copy)]
pub struct Cache<'a> {
    /// [blocks, kv_heads, D, BLOCK].
    pub keys: View<'a>,
    /// [blocks, kv_heads, BLOCK, D].
    pub values: View<'a>,
    /// Numbers of blocks, u32; rows point into it.
    pub table: View<'a>,
    /// `[T, ROW]` u32, see [`Row`].
    pub rows: View<'a>,
}

/// Attention of new tokens, whose own keys and values are stored already.
///
/// `out` [T, heads · D]; `qkv` `[T, W]`, of which the queries are read. Neighbouring rows with the
/// same prefix are done together.
///
/// # Errors
/// Lengths that do not fit, a row that points beyond the table or attends to nothing, a block that
/// is not there.
pub fn attention(
    dev: &Device,
    out: ViewMut,
    qkv: View,
    cache: Cache,
    shape: Shape,
    scale: f32,
) -> Result<()> {
    let blocks = blocks(cache.keys, cache.values, shape)?;
    let count = cache.rows.len() / ROW;
    length("decode", "rows", cache.rows.len(), count * ROW)?;
    length("decode", "qkv", qkv.len(), count * shape.row())?;
    length("decode", "out", out.len(), count * shape.heads * shape.head_dim)?;
    let cpu = match dev {
        Device::Gpu(gpu) => return card::attention(gpu, out, qkv, cache, (shape, blocks), scale),
        Device::Cpu(cpu) => cpu,
    };
    let (table, words) = (cache.table.u32()?, cache.rows.u32()?);
    let rows = check_rows(table, words, blocks)?;
    match (cache.keys, cache.values) {
        (View::Bf16(keys), View::Bf16(values)) => {
            let kept = host::Kept { keys, values, table };
            host::attention::<bf16>(cpu, out.f32()?, qkv.f32()?, kept, &rows, shape, scale);
        }
        (keys, values) => {
            let kept = host::Kept { keys: keys.f32()?, values: values.f32()?, table };
            host::attention::<f32>(cpu, out.f32()?, qkv.f32()?, kept, &rows, shape, scale);
        }
    }
    Ok(())
}

/// The rows, all of which point into a table of blocks that are there.
fn check_rows(table: &[u32], words: &[u32], blocks: usize) -> Result<Vec<Row>> {
    if let Some(block) = table.iter().find(|block| **block as usize >= blocks) {
        return Err(Error::argument("decode", format!("block {block} of {blocks}")));
    }
    let rows: Vec<Row> = words.chunks(ROW).map(Row::read).collect();
    for (at, row) in rows.iter().enumerate() {
        let inside =
            |start: u32, len: u32| start as usize + (len as usize).div_ceil(BLOCK) <= table.len();
        let fits = inside(row.prefix, row.prefix_len) && inside(row.tail, row.tail_len);
        if !fits || (row.prefix_len == 0 && row.tail_len == 0) {
            return Err(Error::argument("decode", format!("row {at} is {row:?}")));
        }
    }
    Ok(rows)
}

/// How many blocks the buffers hold; the shape must make sense and both must be of it.
fn blocks(keys: View, values: View, shape: Shape) -> Result<usize> {
    let Shape { heads, kv_heads, head_dim } = shape;
    if kv_heads == 0 || head_dim == 0 || heads == 0 || heads % kv_heads != 0 {
        return Err(Error::argument("decode", format!("{shape:?}")));
    }
    let blocks = keys.len() / size(1, shape);
    length("decode", "keys", keys.len(), size(blocks, shape))?;
    length("decode", "values", values.len(), keys.len())?;
    Ok(blocks)
}
