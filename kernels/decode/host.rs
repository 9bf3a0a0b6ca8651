//! The host's version: a few queries at a time against one block, which then is near.

use half::bf16;

use super::{BLOCK, Row};
use crate::device::Cpu;
use crate::qkv::Shape;
use crate::simd::{Level, exp, fma, multiversion};
use crate::split::Columns;

/// Queries that go through a block together.
const TILE: usize = 4;
/// Columns of the values that are summed in registers.
const STRIP: usize = 32;
/// Rows of one piece of work at most.
const ROWS: usize = 8;
/// Products that outweigh handing a piece of work to a thread.
const WORTH: usize = 1 << 18;

/// What a cache holds of a layer.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a, T> {
    pub(super) keys: &'a [T],
    pub(super) values: &'a [T],
    pub(super) table: &'a [u32],
}

/// A number as it is kept.
pub(super) trait Number: Copy + Sync + 'static {
    /// One query tile against one block.
    fn visit(level: Level, tile: &mut Tile, keys: &[Self], values: &[Self]);
}

impl Number for f32 {
    fn visit(level: Level, tile: &mut Tile, keys: &[f32], values: &[f32]) {
        visit_f32(level, tile, keys, values);
    }
}

impl Number for bf16 {
    fn visit(level: Level, tile: &mut Tile, keys: &[bf16], values: &[bf16]) {
        visit_bf16(level, tile, keys, values);
    }
}

/// Keeps the keys and values of new tokens.
pub(super) fn store<T: Copy>(
    keys: &mut [T],
    values: &mut [T],
    qkv: &[f32],
    slots: &[u32],
    shape: Shape,
    number: impl Fn(f32) -> T,
) {
    let Shape { heads, kv_heads, head_dim } = shape;
    for (row, &slot) in qkv.chunks(shape.row()).zip(slots) {
        let (block, offset) = (slot as usize / BLOCK, slot as usize % BLOCK);
        for head in 0..kv_heads {
            let first = (block * kv_heads + head) * head_dim * BLOCK;
            let key = &row[(heads + head) * head_dim..][..head_dim];
            for (d, &value) in key.iter().enumerate() {
                keys[first + d * BLOCK + offset] = number(value);
            }
            let value = &row[(heads + kv_heads + head) * head_dim..][..head_dim];
            let place = &mut values[first + offset * head_dim..][..head_dim];
            for (to, &value) in place.iter_mut().zip(value) {
                *to = number(value);
            }
        }
    }
}

/// Attention of all rows.
pub(super) fn attention<T: Number>(
    cpu: &Cpu,
    out: &mut [f32],
    qkv: &[f32],
    kept: Kept<T>,
    rows: &[Row],
    shape: Shape,
    scale: f32,
) {
    let Shape { heads, kv_heads, head_dim } = shape;
    let group = heads / kv_heads;
    let runs = runs(rows);
    let tokens: usize = rows.iter().map(|row| (row.prefix_len + row.tail_len) as usize).sum();
    let units = runs.len() * kv_heads;
    // Few and coarse: small work stays on one thread.
    let pieces = (tokens * heads * head_dim * 2 / WORTH).clamp(1, units.max(1));
    let matrix = Columns::new(out, heads * head_dim);
    let level = Level::best();
    cpu.blocks(units, units.div_ceil(pieces), |range| {
        let mut scratch = Scratch::default();
        for unit in range {
            let (run, head) = (runs[unit / kv_heads].clone(), unit % kv_heads);
            scratch.load(qkv, run.clone(), head, shape, scale);
            scratch.run(level, &kept, &rows[run.clone()], head, shape);
            for row in run.clone() {
                let columns = head * group * head_dim..(head + 1) * group * head_dim;
                // SAFETY: a unit has its own rows and head, and each unit is visited once.
                let part = unsafe { matrix.part(row, columns) };
                scratch.finish(part, (row - run.start) * group, head_dim);
            }
        }
    });
}

/// Neighbouring rows with the same prefix, a few at most.
fn runs(rows: &[Row]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        match runs.last_mut() {
            Some(run)
                if run.len() < ROWS
                    && row.prefix_len > 0
                    && rows[run.start].prefix_len > 0
                    && rows[run.start].prefix == row.prefix =>
            {
                run.end += 1;
            }
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Queries of a run of rows and what they have gathered.
#[derive(Default)]
struct Scratch {
    queries: Vec<f32>,
    sums: Vec<f32>,
    most: Vec<f32>,
    mass: Vec<f32>,
}

/// Up to `TILE` queries before one block.
pub(super) struct Tile<'a> {
    queries: &'a [f32],
    sums: &'a mut [f32],
    most: &'a mut [f32],
    mass: &'a mut [f32],
    /// Tokens of the block that each may see.
    seen: [usize; TILE],
    head_dim: usize,
}

impl Scratch {
    /// Takes the queries of these rows that belong to one key-value head, scaled.
    fn load(
        &mut self,
        qkv: &[f32],
        rows: std::ops::Range<usize>,
        head: usize,
        shape: Shape,
        scale: f32,
    ) {
        let group = shape.heads / shape.kv_heads;
        let width = group * shape.head_dim;
        let count = rows.len() * group;
        self.queries.clear();
        for row in rows {
            let queries = &qkv[row * shape.row() + head * width..][..width];
            self.queries.extend(queries.iter().map(|q| q * scale));
        }
        self.sums.clear();
        self.sums.resize(count * shape.head_dim, 0.0);
        self.most.clear();
        self.most.resize(count, f32::NEG_INFINITY);
        self.mass.clear();
        self.mass.resize(count, 0.0);
    }

    /// All that these rows see: the common prefix block by block, then each row's tail.
    fn run<T: Number>(
        &mut self,
        level: Level,
        kept: &Kept<T>,
        rows: &[Row],
        head: usize,
        shape: Shape,
    ) {
        let group = shape.heads / shape.kv_heads;
        let longest = rows.iter().map(|row| row.prefix_len as usize).max().unwrap_or(0);
        let all = 0..rows.len() * group;
        for at in 0..longest.div_ceil(BLOCK) {
            let block = kept.table[rows[0].prefix as usize + at] as usize;
            let seen = |query: usize| {
                (rows[query / group].prefix_len as usize).saturating_sub(at * BLOCK).min(BLOCK)
            };
            self.block(level, kept, block * shape.kv_heads + head, all.clone(), seen, shape);
        }
        for (at, row) in rows.iter().enumerate() {
            let tail_len = row.tail_len as usize;
            for part in 0..tail_len.div_ceil(BLOCK) {
                let block = kept.table[row.tail as usize + part] as usize;
                let seen = |_| (tail_len - part * BLOCK).min(BLOCK);
                let queries = at * group..(at + 1) * group;
                self.block(level, kept, block * shape.kv_heads + head, queries, seen, shape);
            }
        }
    }

    /// These queries against one block of one key-value head.
    fn block<T: Number>(
        &mut self,
        level: Level,
        kept: &Kept<T>,
        at: usize,
        queries: std::ops::Range<usize>,
        seen: impl Fn(usize) -> usize,
        shape: Shape,
    ) {
        let head_dim = shape.head_dim;
        let part = at * head_dim * BLOCK..(at + 1) * head_dim * BLOCK;
        let (keys, values) = (&kept.keys[part.clone()], &kept.values[part]);
        let mut first = queries.start;
        while first < queries.end {
            let count = TILE.min(queries.end - first);
            let mut visible = [0; TILE];
            (0..count).for_each(|query| visible[query] = seen(first + query));
            let wide = first * head_dim..(first + count) * head_dim;
            let mut tile = Tile {
                queries: &self.queries[wide.clone()],
                sums: &mut self.sums[wide],
                most: &mut self.most[first..first + count],
                mass: &mut self.mass[first..first + count],
                seen: visible,
                head_dim,
            };
            T::visit(level, &mut tile, keys, values);
            first += count;
        }
    }

    /// Writes what the queries of one row have gathered.
    fn finish(&self, out: &mut [f32], first: usize, head_dim: usize) {
        for (at, out) in out.chunks_mut(head_dim).enumerate() {
            let sums = &self.sums[(first + at) * head_dim..][..head_dim];
            let whole = 1.0 / self.mass[first + at];
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = sum * whole;
            }
        }
    }
}

multiversion! {
    fn visit_f32<const FMA: bool>(tile: &mut Tile, keys: &[f32], values: &[f32]) {
        visit::<FMA, f32>(tile, keys, values, |value| value);
    }
}

multiversion! {
    fn visit_bf16<const FMA: bool>(tile: &mut Tile, keys: &[bf16], values: &[bf16]) {
        visit::<FMA, bf16>(tile, keys, values, |v| f32::from_bits(u32::from(v.to_bits()) << 16));
    }
}

/// Dispatches on the number of queries, so that their sums stay in registers.
#[inline(always)]
fn visit<const FMA: bool, T: Copy>(
    tile: &mut Tile,
    keys: &[T],
    values: &[T],
    wide: impl Fn(T) -> f32 + Copy,
) {
    match tile.most.len() {
        1 => queries::<FMA, 1, T>(tile, keys, values, wide),
        2 => queries::<FMA, 2, T>(tile, keys, values, wide),
        3 => queries::<FMA, 3, T>(tile, keys, values, wide),
        _ => queries::<FMA, TILE, T>(tile, keys, values, wide),
    }
}

/// `N` queries against one block: scores, their weights under the running maximum, the sums.
#[inline(always)]
fn queries<const FMA: bool, const N: usize, T: Copy>(
    tile: &mut Tile,
    keys: &[T],
    values: &[T],
    wide: impl Fn(T) -> f32 + Copy,
) {
    let head_dim = tile.head_dim;
    let mut scores = [[0.0f32; BLOCK]; N];
    for (d, key) in keys.as_chunks::<BLOCK>().0.iter().enumerate() {
        for (n, scores) in scores.iter_mut().enumerate() {
            let q = tile.queries[n * head_dim + d];
            for j in 0..BLOCK {
                scores[j] = fma::<FMA>(q, wide(key[j]), scores[j]);
            }
        }
    }
    let mut kept = [1.0f32; N];
    for n in 0..N {
        kept[n] = soften::<FMA>(&mut scores[n], tile.seen[n], &mut tile.most[n], &mut tile.mass[n]);
    }
    let seen = tile.seen[..N].iter().copied().max().unwrap_or(0);
    let whole = head_dim / STRIP * STRIP;
    for first in (0..whole).step_by(STRIP) {
        let mut sums = [[0.0f32; STRIP]; N];
        for n in 0..N {
            let from = &tile.sums[n * head_dim + first..][..STRIP];
            (0..STRIP).for_each(|i| sums[n][i] = from[i] * kept[n]);
        }
        for j in 0..seen {
            let value = &values[j * head_dim + first..][..STRIP];
            for n in 0..N {
                for i in 0..STRIP {
                    sums[n][i] = fma::<FMA>(scores[n][j], wide(value[i]), sums[n][i]);
                }
            }
        }
        for (n, sums) in sums.iter().enumerate() {
            tile.sums[n * head_dim + first..][..STRIP].copy_from_slice(sums);
        }
    }
    for n in 0..N {
        for i in whole..head_dim {
            let mut sum = tile.sums[n * head_dim + i] * kept[n];
            for j in 0..seen {
                sum = fma::<FMA>(scores[n][j], wide(values[j * head_dim + i]), sum);
            }
            tile.sums[n * head_dim + i] = sum;
        }
    }
}

/// Scores to weights, those beyond `seen` to zero; moves the maximum and the mass, and tells by
/// what the sums so far shrink.
#[inline(always)]
fn soften<const FMA: bool>(
    scores: &mut [f32; BLOCK],
    seen: usize,
    most: &mut f32,
    mass: &mut f32,
) -> f32 {
    if seen == 0 {
        *scores = [0.0; BLOCK];
        return 1.0;
    }
    let mut largest = *most;
    for &score in &scores[..seen] {
        largest = if score > largest { score } else { largest };
    }
    let shrink = exp::<FMA>(*most - largest);
    for (j, score) in scores.iter_mut().enumerate() {
        let weight = exp::<FMA>(*score - largest);
        *score = if j < seen { weight } else { 0.0 };
    }
    let mut lanes = [0.0f32; 8];
    for part in scores.as_chunks::<8>().0 {
        (0..8).for_each(|i| lanes[i] += part[i]);
    }
    *mass = *mass * shrink + lanes.iter().sum::<f32>();
    *most = largest;
    shrink
}
