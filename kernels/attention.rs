//! Causal attention of packed sequences, o = softmax(scale · q·kᵀ) · v, tile by tile (Dao et al.
//! 2022, "FlashAttention"): no matrix of tokens by tokens is ever stored.
//!
//! A row of `qkv` `[T,W]` holds the heads of queries, then of keys, then of values; a key-value
//! head serves H / kv query heads. `out` is `[T,H·D]`; `lse` `[T,H]` is the logarithm of each
//! softmax's sum. Sequence b is the tokens `starts[b]..starts[b+1]`; each token sees those of its
//! own sequence up to itself, and all of the sequence's prefix, where it has one: so that many
//! completions share one prompt.

mod backward;
mod card;
mod forward;
mod lanes;
mod tile;

use std::cell::RefCell;
use std::ops::Range;

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::qkv::Shape;
use crate::simd::Level;
use crate::tensor::{View, ViewMut};

/// Which tokens see which. A view of starts is segments without prefixes.
#[derive(Debug, Clone, Copy)]
pub struct Segments<'a> {
    /// `[B+1]`: where each sequence begins, and T.
    pub starts: View<'a>,
    /// `[B,2]`: first token and length of what all tokens of a sequence see besides; length 0 is
    /// nothing. It ends before the sequence begins.
    pub prefixes: Option<View<'a>>,
}

impl<'a> From<View<'a>> for Segments<'a> {
    fn from(starts: View<'a>) -> Segments<'a> {
        Segments { starts, prefixes: None }
    }
}

/// Sets `out` and `lse`.
///
/// # Errors
/// Lengths that do not fit, starts that do not ascend from 0 to T, prefixes that do not lie before
/// their sequences (on the host, which alone can see what these hold), buffers of other types.
pub fn forward<'a>(
    dev: &Device,
    out: ViewMut,
    lse: ViewMut,
    qkv: View,
    segments: impl Into<Segments<'a>>,
    shape: Shape,
    scale: f32,
) -> Result<()> {
    let (tokens, segments) = (check(lse.len(), out.len(), qkv.len(), shape)?, segments.into());
    match dev {
        Device::Gpu(gpu) => {
            let batch = card::Batch::new(gpu, segments, tokens, shape, scale)?;
            batch.forward(out, lse, qkv)?;
        }
        Device::Cpu(cpu) => {
            let host = Host::new(qkv, segments, tokens, shape, scale)?;
            forward::run(cpu, out.f32()?, lse.f32()?, &host);
        }
    }
    Ok(())
}

/// Sets `dqkv` `[T,W]` from `dout` `[T,H·D]` and what [`forward()`] read and wrote. `delta` `[T,H]`
/// is scratch: Σ dout · out of each head.
///
/// # Errors
/// As [`forward()`].
#[expect(clippy::too_many_arguments, reason = "an op names its buffers one by one")]
pub fn backward<'a>(
    dev: &Device,
    dqkv: ViewMut,
    delta: ViewMut,
    dout: View,
    out: View,
    lse: View,
    qkv: View,
    segments: impl Into<Segments<'a>>,
    shape: Shape,
    scale: f32,
) -> Result<()> {
    let (tokens, segments) = (check(lse.len(), out.len(), qkv.len(), shape)?, segments.into());
    length("attention", "dqkv", dqkv.len(), qkv.len())?;
    length("attention", "delta", delta.len(), lse.len())?;
    length("attention", "dout", dout.len(), out.len())?;
    match dev {
        Device::Gpu(gpu) => {
            let batch = card::Batch::new(gpu, segments, tokens, shape, scale)?;
            batch.backward(dqkv, delta, (dout, out, lse), qkv)?;
        }
        Device::Cpu(cpu) => {
            let host = Host::new(qkv, segments, tokens, shape, scale)?;
            let (dout, out, lse) = (dout.f32()?, out.f32()?, lse.f32()?);
            backward::run(cpu, dqkv.f32()?, delta.f32()?, (dout, out, lse), &host);
        }
    }
    Ok(())
}

/// The number of tokens, if the lengths fit.
fn check(lse: usize, out: usize, qkv: usize, shape: Shape) -> Result<usize> {
    shape.check("attention")?;
    let tokens = lse / shape.heads;
    length("attention", "lse", lse, tokens * shape.heads)?;
    let wide = tokens.saturating_mul(shape.heads).saturating_mul(shape.head_dim);
    length("attention", "out", out, wide)?;
    length("attention", "qkv", qkv, tokens.saturating_mul(shape.row()))?;
    Ok(tokens)
}

/// The inputs on slices of the host, checked.
struct Host<'a> {
    qkv: &'a [f32],
    starts: &'a [u32],
    prefixes: Option<&'a [[u32; 2]]>,
    shape: Shape,
    scale: f32,
    level: Level,
}

impl<'a> Host<'a> {
    fn new(
        qkv: View<'a>,
        segments: Segments<'a>,
        tokens: usize,
        shape: Shape,
        scale: f32,
    ) -> Result<Host<'a>> {
        let starts = segments.starts.u32()?;
        let whole = starts.first() == Some(&0)
            && starts.last().is_some_and(|last| *last as usize == tokens)
            && starts.is_sorted();
        if !whole {
            let problem = format!("starts of sequences do not ascend from 0 to {tokens}");
            return Err(Error::argument("attention", problem));
        }
        let prefixes = segments.prefixes.map(|view| prefixes(view, starts)).transpose()?;
        let level = Level::best();
        Ok(Host { qkv: qkv.f32()?, starts, prefixes, shape, scale, level })
    }

    /// Tokens of one sequence.
    fn sequence(&self, at: usize) -> Range<usize> {
        self.starts[at] as usize..self.starts[at + 1] as usize
    }

    /// Tokens that all tokens of a sequence see besides.
    fn prefix(&self, at: usize) -> Range<usize> {
        let [first, count] = self.prefixes.map_or([0, 0], |prefixes| prefixes[at]);
        first as usize..first as usize + count as usize
    }

    /// Query heads that a key-value head serves.
    fn group(&self) -> usize {
        self.shape.heads / self.shape.kv_heads
    }

    /// Columns of a row of `qkv`: a query head.
    fn query(&self, head: usize) -> Range<usize> {
        let width = self.shape.head_dim;
        head * width..(head + 1) * width
    }

    /// Columns of a row of `qkv`: a head of keys.
    fn key(&self, kv: usize) -> Range<usize> {
        self.query(self.shape.heads + kv)
    }

    /// Columns of a row of `qkv`: a head of values.
    fn value(&self, kv: usize) -> Range<usize> {
        self.query(self.shape.heads + self.shape.kv_heads + kv)
    }

    /// Rows of `qkv` from this token on, from this column on.
    fn rows(&self, token: usize, columns: Range<usize>) -> tile::Strided<'a> {
        let stride = self.shape.row();
        tile::Strided { values: &self.qkv[token * stride + columns.start..], stride }
    }
}

/// Prefixes of sequences, each before its own.
fn prefixes<'a>(view: View<'a>, starts: &[u32]) -> Result<&'a [[u32; 2]]> {
    let values = view.u32()?;
    length("attention", "prefixes", values.len(), 2 * (starts.len() - 1))?;
    let (prefixes, _) = values.as_chunks();
    for (at, ([first, count], start)) in prefixes.iter().zip(starts).enumerate() {
        if *count > 0 && u64::from(*first) + u64::from(*count) > u64::from(*start) {
            let problem = format!(
                "the prefix of sequence {at}, {count} tokens from {first} on, does not end before \
                 the sequence, which begins at {start}"
            );
            return Err(Error::argument("attention", problem));
        }
    }
    Ok(prefixes)
}

/// Rows of a tile on the diagonal that are worked on together, up to the last key that they see.
const STRIP: usize = 16;

/// How many of the keys from `first` on, `keys` of them, the token sees.
fn seen(token: usize, first: usize, keys: usize) -> usize {
    (token + 1).saturating_sub(first).min(keys)
}

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lends `N` buffers of these lengths, which keep their memory from call to call on each thread.
/// What they hold is arbitrary.
fn with_scratch<const N: usize>(lengths: [usize; N], work: impl FnOnce([&mut [f32]; N])) {
    SCRATCH.with_borrow_mut(|scratch| {
        let needed = lengths.iter().sum();
        if scratch.len() < needed {
            scratch.resize(needed, 0.0);
        }
        let mut rest = scratch.as_mut_slice();
        work(lengths.map(|len| rest.split_off_mut(..len).expect("the lengths were summed")));
    });
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "attention_card_tests.rs"]
mod card_tests;
