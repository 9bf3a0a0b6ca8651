//! The launches of queries, keys and values on a card.

use super::{NormGrads, Norms, Shape};
use crate::error::{Error, Result};
use crate::gpu::{self, Arg, Gpu, Grid, Span, args};
use crate::rope::Table;
use crate::sum_rows;
use crate::tensor::{Dtype, View, ViewMut};

/// Widest head: a lane holds up to four values and their partners where nothing is aligned.
const WIDEST: usize = 256;

/// What the kernels read beside rows and norms, on the card.
#[derive(Clone, Copy)]
struct Card<'a> {
    positions: Span<'a>,
    cos: Span<'a>,
    sin: Span<'a>,
    shape: Shape,
    /// Positions of the table.
    table: usize,
}

/// Weights on the card.
#[derive(Clone, Copy, Default)]
struct Weights<'a> {
    bias: Option<Span<'a>>,
    q: Option<Span<'a>>,
    k: Option<Span<'a>>,
    eps: f32,
}

/// How heads are dealt to threads.
struct Deal {
    lanes: usize,
    each: usize,
    /// Whether each thread takes sixteen bytes at once.
    pieces: bool,
}

impl<'a> Card<'a> {
    fn new(positions: View<'a>, table: &'a Table, shape: Shape) -> Result<Card<'a>> {
        super::check_table(table, shape)?;
        if shape.head_dim > WIDEST || !shape.head_dim.is_multiple_of(2) {
            let problem = format!("heads of {} values, not of an even number", shape.head_dim);
            return Err(Error::argument("qkv", format!("{problem} up to {WIDEST}")));
        }
        let positions = gpu::of(positions, Dtype::U32)?;
        let (cos, sin) =
            (gpu::of(table.cos.view(), Dtype::F32)?, gpu::of(table.sin.view(), Dtype::F32)?);
        Ok(Card { positions, cos, sin, shape, table: table.positions() })
    }

    fn deal(&self, spans: &[Option<Span>], dtype: Dtype) -> Deal {
        let (count, half) = (16 / dtype.bytes(), self.shape.head_dim / 2);
        let aligned = |span: &Option<Span>| span.is_none_or(|span| span.address() % 16 == 0);
        let pieces = half.is_multiple_of(count) && spans.iter().all(aligned);
        let lanes = if pieces { half / count } else { half }.next_power_of_two().min(32);
        let heads = self.shape.heads + 2 * self.shape.kv_heads;
        Deal { lanes, each: heads.min(512 / lanes), pieces }
    }

    /// So many blocks over the tokens, and as many along y as the heads take.
    fn grid(&self, deal: &Deal, runs: usize) -> Grid {
        let heads = self.shape.heads + 2 * self.shape.kv_heads;
        let threads = (deal.each * deal.lanes).next_multiple_of(32) as u32;
        let chunks = heads.div_ceil(deal.each) as u32;
        Grid { blocks: [runs as u32, chunks, 1], threads, shared: 0 }
    }

    /// Arguments that all kernels end with.
    fn tail(&self, deal: &Deal) -> [Arg; 8] {
        let Shape { heads, kv_heads, head_dim } = self.shape;
        [
            self.positions.len(),
            heads,
            kv_heads,
            head_dim,
            self.table,
            deal.lanes,
            deal.each,
            usize::from(deal.pieces),
        ]
        .map(|value| Arg::U32(value as u32))
    }
}

impl<'a> Weights<'a> {
    fn new(bias: Option<View<'a>>, norms: Option<Norms<'a>>, dtype: Dtype) -> Result<Weights<'a>> {
        Ok(Weights {
            bias: bias.map(|bias| gpu::of(bias, dtype)).transpose()?,
            q: norms.map(|norms| gpu::of(norms.q, dtype)).transpose()?,
            k: norms.map(|norms| gpu::of(norms.k, dtype)).transpose()?,
            eps: norms.map_or(0.0, |norms| norms.eps),
        })
    }
}

/// `raw` is none where it is done in place.
pub(super) fn forward(
    gpu: &Gpu,
    (out, rstd): (ViewMut, Option<ViewMut>),
    raw: Option<View>,
    (bias, norms): (Option<View>, Option<Norms>),
    positions: View,
    (table, shape): (&Table, Shape),
) -> Result<()> {
    let (card, out) = (Card::new(positions, table, shape)?, gpu::floats(out)?);
    super::check_weights(bias, norms, shape)?;
    let dtype = out.dtype();
    let raw = raw.map_or(Ok(out), |raw| gpu::of(raw, dtype))?;
    let weights = Weights::new(bias, norms, dtype)?;
    let rstd = rstd.map(|rstd| gpu::of(rstd, Dtype::F32)).transpose()?;
    let spans = [Some(out), Some(raw), weights.bias, weights.q, weights.k];
    let deal = card.deal(&spans, dtype);
    let runs = card.positions.len().min(gpu.facts().processors as usize * 8);
    let first = args![out, rstd, raw, weights.bias, weights.q, weights.k];
    let middle = args![card.positions, card.cos, card.sin];
    let arguments = [&first[..], middle, &card.tail(&deal), args![weights.eps]].concat();
    gpu.launch("qkv", "qkv_forward", &[dtype], card.grid(&deal, runs), &arguments)
}

#[expect(clippy::too_many_arguments, reason = "buffers come in groups already")]
/// `dout` is none where it is done in place; `raw` and `rstd` are none without norms.
pub(super) fn backward(
    gpu: &Gpu,
    draw: ViewMut,
    (dbias, dnorms): (Option<ViewMut>, Option<NormGrads>),
    dout: Option<View>,
    kept: Option<(View, View)>,
    (bias, norms): (Option<View>, Option<Norms>),
    positions: View,
    (table, shape): (&Table, Shape),
) -> Result<()> {
    let (card, draw) = (Card::new(positions, table, shape)?, gpu::floats(draw)?);
    super::check_weights(bias, norms, shape)?;
    let dtype = draw.dtype();
    let dout = dout.map_or(Ok(draw), |dout| gpu::of(dout, dtype))?;
    let raw = kept.map(|(raw, _)| gpu::of(raw, dtype)).transpose()?;
    let rstd = kept.map(|(_, rstd)| gpu::of(rstd, Dtype::F32)).transpose()?;
    let weights = Weights::new(bias, norms, dtype)?;
    let dbias = dbias.map(gpu::floats).transpose()?;
    let dnorms = dnorms.map(|g| Ok((gpu::floats(g.q)?, gpu::floats(g.k)?))).transpose()?;
    let spans = [Some(draw), Some(dout), raw, weights.bias, weights.q, weights.k];
    let deal = card.deal(&spans, dtype);
    let runs = card.positions.len().min(gpu.facts().processors as usize * 2);
    let shared = if dnorms.is_some() { deal.each * shape.head_dim * 4 } else { 0 };
    let grid = card.grid(&deal, runs).sharing(shared as u32);
    let many = runs * grid.blocks[1] as usize;
    // Sums of blocks for the bias, then for the norms of queries and of keys.
    let sizes = [
        if dbias.is_some() { runs * shape.row() } else { 0 },
        if dnorms.is_some() { many * shape.head_dim } else { 0 },
    ];
    let whole = sizes[0] + 2 * sizes[1];
    let Arg::Address(base) = gpu.scratch(whole.max(1) * 4)? else {
        unreachable!("scratch memory has an address")
    };
    let part =
        |at: usize, size: usize| Arg::Address(if size == 0 { 0 } else { base + at as u64 * 4 });
    let to_bias = part(0, sizes[0]);
    let (to_q, to_k) = (part(sizes[0], sizes[1]), part(sizes[0] + sizes[1], sizes[1]));
    let first = args![draw, to_bias, to_q, to_k, dout, raw, rstd];
    let middle = args![weights.bias, weights.q, weights.k, card.positions, card.cos, card.sin];
    let arguments = [&first[..], middle, &card.tail(&deal)].concat();
    gpu.launch("qkv", "qkv_backward", &[dtype], grid, &arguments)?;
    if let Some(dbias) = dbias {
        sum_rows::add(gpu, dbias, to_bias, runs as u32)?;
    }
    if let Some((q, k)) = dnorms {
        sum_rows::add(gpu, q, to_q, many as u32)?;
        sum_rows::add(gpu, k, to_k, many as u32)?;
    }
    Ok(())
}
