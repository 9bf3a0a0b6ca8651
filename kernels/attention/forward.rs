//! The forward pass: a block of tokens at a time, all heads, over the tiles of its keys.
//!
//! The softmax is kept up while keys arrive: a row's largest score so far, its sum of e^(score -
//! largest), and its output, both scaled down when the largest grows.

use std::ops::Range;

use super::tile::{Left, Size, Strided, Write, copy, padded, product, transpose};
use super::{Host, STRIP, seen, with_scratch};
use crate::device::Cpu;
use crate::simd::{exp_below_88, exp_sum, max, multiversion};
use crate::split::{Rows, by_rows};

/// Tokens of a block. Times the query heads that share a key-value head: the rows of a tile.
const QUERIES: usize = 64;

/// Keys of a tile.
const KEYS: usize = 64;

/// What a block works in. Rows are the group's heads, each with the block's tokens.
struct Tiles<'a> {
    /// `[rows,D]`, scaled.
    queries: &'a mut [f32],
    /// `[D,KEYS]`.
    keys: &'a mut [f32],
    /// `[KEYS,padded D]`.
    values: &'a mut [f32],
    /// `[rows,KEYS]`.
    scores: &'a mut [f32],
    /// `[rows,padded D]`.
    out: &'a mut [f32],
    /// `[rows]`: largest score so far.
    peaks: &'a mut [f32],
    /// `[rows]`: sum so far.
    sums: &'a mut [f32],
}

pub(super) fn run(cpu: &Cpu, out: &mut [f32], lse: &mut [f32], host: &Host) {
    let (heads, width) = (host.shape.heads, host.shape.head_dim);
    let rows = QUERIES * host.group();
    let wide = padded(width);
    let out = (Rows::new(out, heads * width), Rows::new(lse, heads));
    by_rows(cpu, QUERIES, out, |block, (out, lse)| {
        let lengths =
            [rows * width, width * KEYS, KEYS * wide, rows * KEYS, rows * wide, rows, rows];
        with_scratch(lengths, |[queries, keys, values, scores, out_tile, peaks, sums]| {
            let mut tiles = Tiles { queries, keys, values, scores, out: out_tile, peaks, sums };
            let first = host.starts.partition_point(|s| *s as usize <= block.start) - 1;
            for sequence in first..host.starts.len() - 1 {
                let tokens = host.sequence(sequence);
                if tokens.start >= block.end {
                    break;
                }
                let queries = tokens.start.max(block.start)..tokens.end.min(block.end);
                let keys = (host.prefix(sequence), tokens.start);
                for kv in 0..host.shape.kv_heads {
                    attend(&mut tiles, host, kv, keys.clone(), queries.clone());
                    write(&tiles, host, kv, queries.clone(), (block.start, out, lse));
                }
            }
        });
    });
}

/// The output of some tokens of one sequence and one key-value head, in the tiles.
/// Its keys are a prefix and those from `start` on.
fn attend(
    tiles: &mut Tiles,
    host: &Host,
    kv: usize,
    (prefix, start): (Range<usize>, usize),
    queries: Range<usize>,
) {
    let (width, level, count) = (host.shape.head_dim, host.level, queries.len());
    let (rows, wide) = (count * host.group(), padded(width));
    for at in 0..host.group() {
        let from = host.rows(queries.start, host.query(kv * host.group() + at));
        let to = &mut tiles.queries[at * count * width..];
        copy(level, to, width, from, (count, width), host.scale);
    }
    tiles.peaks[..rows].fill(f32::NEG_INFINITY);
    tiles.sums[..rows].fill(0.0);
    tiles.out[..rows * wide].fill(0.0);
    let ranges = [prefix, start..queries.end];
    let firsts = ranges.iter().flat_map(|r| r.clone().step_by(KEYS).map(move |f| (f, r.end)));
    for (first, end) in firsts {
        let keys = KEYS.min(end - first);
        transpose(level, tiles.keys, KEYS, host.rows(first, host.key(kv)), (keys, width));
        copy(level, tiles.values, wide, host.rows(first, host.value(kv)), (keys, width), 1.0);
        if first + keys <= queries.start + 1 {
            strip(tiles, host, (0..rows, keys), |_| keys);
            continue;
        }
        for head in (0..rows).step_by(count) {
            for at in (0..count).step_by(STRIP) {
                let end = count.min(at + STRIP);
                let limit = seen(queries.start + end - 1, first, keys);
                let seen = |row| seen(queries.start + row - head, first, keys);
                strip(tiles, host, (head + at..head + end, limit), seen);
            }
        }
    }
}

/// Some rows of the tile and so many of its keys; `seen` tells how many a row sees.
fn strip(
    tiles: &mut Tiles,
    host: &Host,
    (rows, keys): (Range<usize>, usize),
    seen: impl Fn(usize) -> usize,
) {
    let (width, wide, level) = (host.shape.head_dim, padded(host.shape.head_dim), host.level);
    let m = rows.len();
    let left = Left::rows(&tiles.queries[rows.start * width..], width);
    let right = Strided { values: tiles.keys, stride: KEYS };
    let scores = (&mut tiles.scores[rows.start * KEYS..], KEYS);
    product(level, scores, left, right, Size { m, n: padded(keys), k: width }, Write::Set);
    for row in rows.clone() {
        let scores = &mut tiles.scores[row * KEYS..][..keys];
        let out = &mut tiles.out[row * wide..][..wide];
        let kept = (tiles.peaks[row], tiles.sums[row]);
        (tiles.peaks[row], tiles.sums[row]) = soften(level, scores, seen(row), out, kept);
    }
    let left = Left::rows(&tiles.scores[rows.start * KEYS..], KEYS);
    let right = Strided { values: tiles.values, stride: wide };
    let out = (&mut tiles.out[rows.start * wide..], wide);
    product(level, out, left, right, Size { m, n: wide, k: keys }, Write::Add);
}

/// Divides by the sums, and writes to the block's rows, which begin at token `first`.
fn write(
    tiles: &Tiles,
    host: &Host,
    kv: usize,
    queries: Range<usize>,
    (first, out, lse): (usize, &mut [f32], &mut [f32]),
) {
    let (heads, width) = (host.shape.heads, host.shape.head_dim);
    let (count, wide) = (queries.len(), padded(width));
    for at in 0..host.group() {
        let head = kv * host.group() + at;
        for token in queries.clone() {
            let row = at * count + token - queries.start;
            let to = &mut out[(token - first) * heads * width + head * width..][..width];
            let from = &tiles.out[row * wide..][..width];
            let factor = 1.0 / tiles.sums[row];
            to.iter_mut().zip(from).for_each(|(to, v)| *to = v * factor);
            lse[(token - first) * heads + head] = tiles.peaks[row] + tiles.sums[row].ln();
        }
    }
}

multiversion! {
    /// Turns a row's scores into e^(score - largest) for those seen and 0 for the others, and
    /// scales its output down where the largest grew; returns the new largest and the new sum.
    fn soften<const FMA: bool>(
        scores: &mut [f32],
        seen: usize,
        out: &mut [f32],
        kept: (f32, f32),
    ) -> (f32, f32) {
        let (scores, hidden) = scores.split_at_mut(seen);
        hidden.fill(0.0);
        if seen == 0 {
            return kept;
        }
        let highest = max(scores);
        let peak = if highest > kept.0 { highest } else { kept.0 };
        let factor = exp_below_88::<FMA>(kept.0 - peak);
        if factor != 1.0 {
            out.iter_mut().for_each(|v| *v *= factor);
        }
        (peak, kept.1 * factor + exp_sum::<FMA>(scores, peak))
    }
}
