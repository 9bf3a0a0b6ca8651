//! The launch on a card.

use super::row::{ROW, Row};
use super::{Problem, seen_words};
use crate::error::Result;
use crate::gpu::{self, Arg, Gpu, Grid, Span, args};
use crate::tensor::{Dtype, View, ViewMut};

/// Uploads the rows, and waits for what was wrong with them.
pub(super) fn forward(
    gpu: &Gpu,
    tokens: ViewMut,
    logp: ViewMut,
    logits: View,
    seen: View,
    rows: &[Row],
) -> Result<()> {
    let count = rows.len();
    let Arg::Address(words) = gpu.scratch(count * (ROW + 1) * 4)? else {
        unreachable!("scratch memory has an address")
    };
    let told = words + (count * ROW * 4) as u64;
    let bytes: Vec<u8> =
        rows.iter().flat_map(|row| row.words()).flat_map(u32::to_ne_bytes).collect();
    gpu.board().write(words, &bytes)?;
    let tokens = gpu::of(tokens, Dtype::U32)?;
    let outputs = (tokens, gpu::of(logp, Dtype::F32)?, Arg::Address(told));
    launch(gpu, outputs, logits, seen, Arg::Address(words), count)?;
    let mut bytes = vec![0; count * 4];
    gpu.board().read(told, &mut bytes)?;
    let kinds = bytes.as_chunks().0.iter().map(|word| u32::from_ne_bytes(*word));
    let Some((row, kind)) = kinds.enumerate().find(|(_, kind)| *kind != 0) else { return Ok(()) };
    let mut token = [0; 4];
    gpu.board().read(tokens.address() + row as u64 * 4, &mut token)?;
    Err(Problem::read(kind, u32::from_ne_bytes(token)).error(row))
}

pub(super) fn later(
    gpu: &Gpu,
    (tokens, logp, told): (ViewMut, ViewMut, ViewMut),
    logits: View,
    seen: View,
    rows: View,
) -> Result<()> {
    let told = gpu::of(told, Dtype::U32)?;
    let outputs = (gpu::of(tokens, Dtype::U32)?, gpu::of(logp, Dtype::F32)?, told.into());
    let rows = gpu::of(rows, Dtype::U32)?;
    launch(gpu, outputs, logits, seen, rows.into(), told.len())
}

fn launch(
    gpu: &Gpu,
    (tokens, logp, told): (Span, Span, Arg),
    logits: View,
    seen: View,
    rows: Arg,
    count: usize,
) -> Result<()> {
    let logits = gpu::floats(logits)?;
    let seen = if seen.is_empty() { None } else { Some(gpu::of(seen, Dtype::U32)?) };
    let vocab = logits.len() / count;
    debug_assert!(seen.is_none_or(|seen| seen.len() == count * seen_words(vocab)));
    let threads = vocab.div_ceil(4).next_multiple_of(32).min(384) as u32;
    let arguments = args![tokens, logp, told, logits, seen, rows, vocab as u32];
    gpu.launch("sample", "sample", &[logits.dtype()], Grid::row(count, threads), arguments)
}
