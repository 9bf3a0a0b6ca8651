//! The launch on a card: a thread a sequence.

use super::{Log, Next, Sampled};
use crate::error::Result;
use crate::gpu::{self, Gpu, Grid, args};
use crate::tensor::{Dtype, View};

pub(super) fn forward(
    gpu: &Gpu,
    next: Next,
    log: Log,
    sampled: Sampled,
    stops: View,
    table: View,
) -> Result<()> {
    let (ids, positions) = (gpu::of(next.ids, Dtype::U32)?, gpu::of(next.positions, Dtype::U32)?);
    let (slots, rows) = (gpu::of(next.slots, Dtype::U32)?, gpu::of(next.rows, Dtype::U32)?);
    let (chances, seen) = (gpu::of(next.chances, Dtype::U32)?, gpu::of(next.seen, Dtype::U32)?);
    let sequences = gpu::of(next.sequences, Dtype::U32)?;
    let ended = gpu::of(next.ended, Dtype::U32)?;
    let (lines, log_logp) = (gpu::of(log.tokens, Dtype::U32)?, gpu::of(log.logp, Dtype::F32)?);
    let (tokens, logp) = (gpu::of(sampled.tokens, Dtype::U32)?, gpu::of(sampled.logp, Dtype::F32)?);
    let told = gpu::of(sampled.told, Dtype::U32)?;
    let (stops, table) = (gpu::of(stops, Dtype::U32)?, gpu::of(table, Dtype::U32)?);
    let count = ids.len();
    let moved = args![ids, positions, slots, rows, chances, seen, sequences, ended];
    let read = args![lines, log_logp, tokens, logp, told, stops, table];
    let sizes = [count, lines.len() / count, stops.len(), seen.len() / count, table.len()];
    let sizes = sizes.map(|size| gpu::Arg::U32(size as u32));
    let arguments = [moved, &read[..], &sizes].concat();
    gpu.launch("advance", "advance", &[], Grid::row(count.div_ceil(256), 256), &arguments)
}
