//! The launches on a card. Heads of 64, 96 and 128 in bf16 run on tensor cores
//! (attention_forward.cu, attention_backward.cu), all others by attention_general.cu.

use super::Segments;
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, Grid, Span, args};
use crate::qkv::Shape;
use crate::tensor::{Dtype, View, ViewMut};

/// Queries of a tile of the forward pass and of the gradients of queries.
const QUERIES: usize = 128;

/// Keys of a tile of the gradients of keys and values.
const KEYS: usize = 64;

/// Threads of a block.
const THREADS: u32 = 128;

/// The widest head of the general kernels.
const WIDEST: usize = 256;

/// What the kernels are told of a batch.
pub(super) struct Batch<'a> {
    gpu: &'a Gpu,
    starts: Span<'a>,
    prefixes: Option<Span<'a>>,
    tokens: u32,
    shape: Shape,
    scale: f32,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        gpu: &'a Gpu,
        segments: Segments<'a>,
        tokens: usize,
        shape: Shape,
        scale: f32,
    ) -> Result<Batch<'a>> {
        let starts = gpu::of(segments.starts, Dtype::U32)?;
        let prefixes = segments.prefixes.map(|view| gpu::of(view, Dtype::U32)).transpose()?;
        if starts.len() < 2 && tokens > 0 {
            let problem = format!("starts of sequences do not ascend from 0 to {tokens}");
            return Err(Error::argument("attention", problem));
        }
        if let Some(prefixes) = prefixes {
            let count = starts.len().saturating_sub(1);
            length("attention", "prefixes", prefixes.len(), 2 * count)?;
        }
        if shape.head_dim > WIDEST || shape.heads > 1 << 15 || tokens >= 1 << 31 {
            let (width, heads) = (shape.head_dim, shape.heads);
            let problem = format!("{tokens} tokens, {heads} heads of width {width} on a card");
            return Err(Error::argument("attention", problem));
        }
        Ok(Batch { gpu, starts, prefixes, tokens: tokens as u32, shape, scale })
    }

    pub(super) fn forward(&self, out: ViewMut, lse: ViewMut, qkv: View) -> Result<()> {
        let (qkv, lse) = (gpu::floats(qkv)?, gpu::of(lse, Dtype::F32)?);
        let (dtype, width) = (qkv.dtype(), self.shape.head_dim);
        let out = gpu::of(out, dtype)?;
        let Shape { heads, kv_heads, .. } = self.shape;
        let (starts, prefixes, sequences) = (self.starts, self.prefixes, self.sequences());
        let (tokens, heads, kv_heads) = (self.tokens, heads as u32, kv_heads as u32);
        if self.tiled(dtype, &[qkv, out]) {
            let stage = if width == 64 { 64 } else { 32 };
            let grid = self.tiles(QUERIES, heads).sharing(self.rows(QUERIES + 4 * stage));
            let name = format!("attention_forward_{width}");
            let batch = args![
                out, lse, qkv, starts, prefixes, sequences, tokens, heads, kv_heads, self.scale
            ];
            return self.gpu.launch("attention_forward", &name, &[dtype], grid, batch);
        }
        let (width, grid) = (width as u32, self.warps(heads));
        let batch = args![
            out, lse, qkv, starts, prefixes, sequences, tokens, heads, kv_heads, width, self.scale
        ];
        let name = "attention_general_forward";
        self.gpu.launch("attention_general", name, &[dtype], grid, batch)
    }

    pub(super) fn backward(
        &self,
        dqkv: ViewMut,
        delta: ViewMut,
        (dout, out, lse): (View, View, View),
        qkv: View,
    ) -> Result<()> {
        let (qkv, lse) = (gpu::floats(qkv)?, gpu::of(lse, Dtype::F32)?);
        let (dtype, delta) = (qkv.dtype(), gpu::of(delta, Dtype::F32)?);
        let (dqkv, dout) = (gpu::of(dqkv, dtype)?, gpu::of(dout, dtype)?);
        let out = gpu::of(out, dtype)?;
        if self.tiled(dtype, &[qkv, dqkv, dout, out]) {
            self.backward_tiled((dqkv, delta), (dout, out, lse), qkv)
        } else {
            self.backward_general((dqkv, delta), (dout, out, lse), qkv)
        }
    }

    fn backward_tiled(
        &self,
        (dqkv, delta): (Span, Span),
        (dout, out, lse): (Span, Span, Span),
        qkv: Span,
    ) -> Result<()> {
        let (dtype, width) = (qkv.dtype(), self.shape.head_dim);
        let (starts, prefixes, sequences) = (self.starts, self.prefixes, self.sequences());
        let (heads, kv_heads) = (self.shape.heads as u32, self.shape.kv_heads as u32);
        let tokens = self.tokens;
        // lse and delta of each head, token by token, as the kernels copy them.
        let sides = self.gpu.scratch(lse.len() * 8)?;
        let name = "attention_backward_deltas";
        let arguments = args![delta, sides, dout, out, lse, tokens, heads, width as u32];
        let most = self.gpu.facts().processors as usize * 8;
        let grid = Grid::row(lse.len().div_ceil(8).min(most), 256);
        self.gpu.launch("attention_backward", name, &[dtype], grid, arguments)?;
        let batch = args![
            dqkv, dout, sides, qkv, starts, prefixes, sequences, tokens, heads, kv_heads,
            self.scale
        ];
        let grid = self.tiles(QUERIES, heads).sharing(self.rows(2 * QUERIES + 4 * 32));
        let name = format!("attention_backward_queries_{width}");
        self.gpu.launch("attention_backward", &name, &[dtype], grid, batch)?;
        let stage = if width == 64 { 64 } else { 32 };
        // Besides the tiles: lse and delta of two stages, and probabilities of two pairs of warps.
        let shared = self.rows(2 * KEYS + 4 * stage) + (stage * 16 + stage * 128) as u32;
        let grid = self.tiles(KEYS, kv_heads).sharing(shared);
        let name = format!("attention_backward_keys_{width}");
        self.gpu.launch("attention_backward", &name, &[dtype], grid, batch)
    }

    fn backward_general(
        &self,
        (dqkv, delta): (Span, Span),
        (dout, out, lse): (Span, Span, Span),
        qkv: Span,
    ) -> Result<()> {
        let (dtype, width) = (qkv.dtype(), self.shape.head_dim as u32);
        let (starts, prefixes, sequences) = (self.starts, self.prefixes, self.sequences());
        let (heads, kv_heads) = (self.shape.heads as u32, self.shape.kv_heads as u32);
        let tokens = self.tokens;
        let launch = |name, grid, arguments: &[gpu::Arg]| {
            self.gpu.launch("attention_general", name, &[dtype], grid, arguments)
        };
        let arguments = args![delta, dout, out, lse.len() as u64, width];
        launch("attention_general_deltas", self.warps(heads), arguments)?;
        let batch = args![
            dqkv, dout, lse, delta, qkv, starts, prefixes, sequences, tokens, heads, kv_heads,
            width, self.scale
        ];
        launch("attention_general_queries", self.warps(heads), batch)?;
        launch("attention_general_keys", self.warps(kv_heads), batch)
    }

    fn sequences(&self) -> u32 {
        self.starts.len().saturating_sub(1) as u32
    }

    /// Whether the kernels on tensor cores can take it: they copy sixteen bytes at once, look for
    /// the largest score before it is scaled, and want room for their tiles.
    fn tiled(&self, dtype: Dtype, spans: &[Span]) -> bool {
        // Shared memory that a block can have (CUDA C++ Programming Guide, "Compute
        // Capabilities"); before 8.0 no tensor core takes bf16.
        let room = match self.gpu.facts().capability {
            (0..8, _) => 0,
            (8, 0 | 7) => 163 << 10,
            (9..12, _) => 227 << 10,
            _ => 99 << 10,
        };
        dtype == Dtype::Bf16
            && self.rows(2 * QUERIES + 4 * 32) <= room
            && matches!(self.shape.head_dim, 64 | 96 | 128)
            && self.scale > 0.0
            && spans.iter().all(|span| span.address().is_multiple_of(16))
    }

    /// A block a tile of so many tokens and head.
    fn tiles(&self, rows: usize, heads: u32) -> Grid {
        let tiles = (self.tokens as usize).div_ceil(rows) as u32;
        Grid { blocks: [tiles, heads, 1], threads: THREADS, shared: 0 }
    }

    /// A warp a token and head.
    fn warps(&self, heads: u32) -> Grid {
        let rows = self.tokens as usize * heads as usize;
        Grid::row(rows.div_ceil(THREADS as usize / 32), THREADS)
    }

    /// Bytes of so many rows of a tile, each 8 values longer than a head.
    fn rows(&self, count: usize) -> u32 {
        (count * (self.shape.head_dim + 8) * 2) as u32
    }
}
