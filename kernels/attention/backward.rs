//! The backward pass: one thread owns a sequence and a key-value head, hence the gradients of that
//! head's keys and values and of the queries that it serves. Probabilities are computed again from
//! `lse`. Prefixes come after that: one thread owns all sequences whose prefixes overlap.
//!
//! P = e^(S - lse), dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P ∘ (dP - delta), dQ = dS·K, dK = dSᵀ·Q.

use std::ops::Range;

use super::tile::{Left, Size, Strided, Write, copy, padded, product, transpose};
use super::{Host, STRIP, seen, with_scratch};
use crate::device::Cpu;
use crate::simd::{dot, exp_below_88, multiversion};
use crate::split::{Columns, rows};

/// Queries and keys of a tile.
const TILE: usize = 64;

/// What one owner works in.
struct Tiles<'a> {
    /// `[TILE,padded D]`, and the next five as well.
    keys: &'a mut [f32],
    queries: &'a mut [f32],
    dout: &'a mut [f32],
    dkeys: &'a mut [f32],
    dvalues: &'a mut [f32],
    dqueries: &'a mut [f32],
    /// `[D,TILE]`.
    keys_turned: &'a mut [f32],
    values_turned: &'a mut [f32],
    /// `[TILE,TILE]`: scores, then probabilities.
    scores: &'a mut [f32],
    /// `[TILE,TILE]`: derivatives by probabilities, then by scores.
    dscores: &'a mut [f32],
}

/// `dout`, `lse` and `delta`.
struct Rest<'a> {
    dout: &'a [f32],
    lse: &'a [f32],
    delta: &'a [f32],
}

pub(super) fn run(
    cpu: &Cpu,
    dqkv: &mut [f32],
    delta: &mut [f32],
    (dout, out, lse): (&[f32], &[f32], &[f32]),
    host: &Host,
) {
    let (heads, width) = (host.shape.heads, host.shape.head_dim);
    let block = rows(heads * width) * heads;
    cpu.chunks(delta, block, |at, delta| {
        let from = at * block * width..at * block * width + delta.len() * width;
        deltas(host.level, delta, &dout[from.clone()], &out[from], width);
    });
    let rest = Rest { dout, lse, delta };
    let dqkv = Columns::new(dqkv, host.shape.row());
    let kv_heads = host.shape.kv_heads;
    let (tall, square) = (TILE * padded(width), TILE * TILE);
    let lengths = [tall, tall, tall, tall, tall, tall, width * TILE, width * TILE, square, square];
    let own = |kv, work: &dyn Fn(Owner)| {
        with_scratch(lengths, |[a, b, c, d, e, f, g, h, i, j]| {
            let tiles = Tiles {
                keys: a,
                queries: b,
                dout: c,
                dkeys: d,
                dvalues: e,
                dqueries: f,
                keys_turned: g,
                values_turned: h,
                scores: i,
                dscores: j,
            };
            let grads = Grads { dqkv: &dqkv, host, tokens: 0..0, prefix: 0..0, kv };
            work(Owner { host, rest: &rest, grads, kv, tiles });
        });
    };
    cpu.blocks((host.starts.len() - 1) * kv_heads, 1, |item| {
        let (sequence, kv) = (item.start / kv_heads, item.start % kv_heads);
        own(kv, &|owner| owner.sequence(host.sequence(sequence)));
    });
    let clusters = clusters(host);
    cpu.blocks(clusters.len() * kv_heads, 1, |item| {
        let (cluster, kv) = (&clusters[item.start / kv_heads], item.start % kv_heads);
        own(kv, &|owner| owner.prefixes(cluster));
    });
}

/// Sequences with a prefix, in order, together with all others whose prefixes overlap theirs: what
/// two clusters write has nothing in common.
fn clusters(host: &Host) -> Vec<Vec<usize>> {
    let mut sequences: Vec<usize> =
        (0..host.starts.len() - 1).filter(|at| !host.prefix(*at).is_empty()).collect();
    sequences.sort_by_key(|at| host.prefix(*at).start);
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    let mut end = 0;
    for at in sequences {
        let prefix = host.prefix(at);
        match clusters.last_mut() {
            Some(cluster) if prefix.start < end => cluster.push(at),
            _ => clusters.push(vec![at]),
        }
        end = end.max(prefix.end);
    }
    clusters.iter_mut().for_each(|cluster| cluster.sort_unstable());
    clusters
}

/// One key-value head of one sequence, or of those whose prefixes overlap.
struct Owner<'a> {
    host: &'a Host<'a>,
    rest: &'a Rest<'a>,
    grads: Grads<'a>,
    kv: usize,
    tiles: Tiles<'a>,
}

/// The part of `dqkv` that one owner writes: its heads' columns of the rows of its sequence, or
/// the queries' columns of these and the keys' and values' of its prefix.
struct Grads<'a> {
    dqkv: &'a Columns<'a>,
    host: &'a Host<'a>,
    tokens: Range<usize>,
    /// Empty for an owner of a sequence.
    prefix: Range<usize>,
    kv: usize,
}

impl Grads<'_> {
    /// One of the query heads of the group.
    fn query(&mut self, token: usize, at: usize) -> &mut [f32] {
        assert!(at < self.host.group() && self.tokens.contains(&token));
        self.row(token, self.host.query(self.kv * self.host.group() + at))
    }

    fn key(&mut self, token: usize) -> &mut [f32] {
        assert!(self.keys().contains(&token));
        self.row(token, self.host.key(self.kv))
    }

    fn value(&mut self, token: usize) -> &mut [f32] {
        assert!(self.keys().contains(&token));
        self.row(token, self.host.value(self.kv))
    }

    fn keys(&self) -> &Range<usize> {
        if self.prefix.is_empty() { &self.tokens } else { &self.prefix }
    }

    fn row(&mut self, token: usize, columns: Range<usize>) -> &mut [f32] {
        // SAFETY: sequences have no row in common, and key-value heads, with the query heads that
        // they serve, no column; `run` makes one owner of each pair, and an owner, borrowed
        // exclusively here, lends one part at a time. Owners of prefixes come after those: a
        // sequence is in one cluster only, which alone writes its queries, and the prefixes of
        // two clusters have no row in common. That the row is the owner's the callers assert.
        unsafe { self.dqkv.part(token, columns) }
    }
}

impl Owner<'_> {
    /// The gradients of a sequence by itself.
    fn sequence(mut self, tokens: Range<usize>) {
        self.grads.tokens = tokens.clone();
        for token in tokens.clone() {
            (0..self.host.group()).for_each(|at| self.grads.query(token, at).fill(0.0));
        }
        for key in tokens.clone().step_by(TILE) {
            let keys = key..tokens.end.min(key + TILE);
            self.take(keys.clone());
            self.queries(&keys, key..tokens.end);
            self.give(keys, |to, from| to.copy_from_slice(from));
        }
    }

    /// Adds what sequences and their prefixes give each other.
    fn prefixes(mut self, sequences: &[usize]) {
        let host = self.host;
        for run in sequences.chunk_by(|a, b| host.prefix(*a) == host.prefix(*b)) {
            let prefix = host.prefix(run[0]);
            for key in prefix.clone().step_by(TILE) {
                let keys = key..prefix.end.min(key + TILE);
                self.take(keys.clone());
                for sequence in run {
                    self.grads.tokens = host.sequence(*sequence);
                    self.queries(&keys, self.grads.tokens.clone());
                }
                self.grads.prefix = prefix.clone();
                self.give(keys, |to, from| add(host.level, to, from, 1.0));
            }
        }
    }

    /// Takes keys and their values into the tiles.
    fn take(&mut self, keys: Range<usize>) {
        let (host, width) = (self.host, self.host.shape.head_dim);
        let (size, wide) = ((keys.len(), width), padded(width));
        let from = host.rows(keys.start, host.key(self.kv));
        let values = host.rows(keys.start, host.value(self.kv));
        copy(host.level, self.tiles.keys, wide, from, size, 1.0);
        transpose(host.level, self.tiles.keys_turned, TILE, from, size);
        transpose(host.level, self.tiles.values_turned, TILE, values, size);
        self.tiles.dkeys.fill(0.0);
        self.tiles.dvalues.fill(0.0);
    }

    /// What the keys of the tile and some queries of all heads of the group give each other.
    fn queries(&mut self, keys: &Range<usize>, tokens: Range<usize>) {
        for query in tokens.clone().step_by(TILE) {
            let queries = query..tokens.end.min(query + TILE);
            (0..self.host.group()).for_each(|at| self.tile(keys.clone(), queries.clone(), at));
        }
    }

    /// Writes the gradients of the keys and values of the tile.
    fn give(&mut self, keys: Range<usize>, write: impl Fn(&mut [f32], &[f32])) {
        let width = self.host.shape.head_dim;
        for (at, token) in keys.enumerate() {
            let at = at * padded(width)..at * padded(width) + width;
            write(self.grads.key(token), &self.tiles.dkeys[at.clone()]);
            write(self.grads.value(token), &self.tiles.dvalues[at]);
        }
    }

    /// What some queries of one head of the group and some keys give each other.
    fn tile(&mut self, keys: Range<usize>, queries: Range<usize>, at: usize) {
        let (host, t) = (self.host, &mut self.tiles);
        let (level, width, heads) = (host.level, host.shape.head_dim, host.shape.heads);
        let head = self.kv * host.group() + at;
        let (count, wide) = (queries.len(), padded(width));
        let size = (count, width);
        copy(level, t.queries, wide, host.rows(queries.start, host.query(head)), size, host.scale);
        let dout = &self.rest.dout[queries.start * heads * width + head * width..];
        copy(level, t.dout, wide, Strided { values: dout, stride: heads * width }, size, 1.0);

        // A tile on the diagonal in strips, of which each leaves out what none of its rows sees.
        let diagonal = queries.start == keys.start;
        let height = if diagonal { STRIP } else { TILE };
        for first in (0..count).step_by(height) {
            let rows = first..count.min(first + height);
            let seen = seen(queries.start + rows.end - 1, keys.start, keys.len());
            self.probabilities(keys.clone(), queries.start, (rows, seen), head);
        }
        let t = &mut self.tiles;
        for first in (0..keys.len()).step_by(height) {
            let (skipped, m) = (if diagonal { first } else { 0 }, height.min(keys.len() - first));
            let size = Size { m, n: wide, k: count - skipped };
            let from = skipped * TILE + first;
            let right = Strided { values: &t.dout[skipped * wide..], stride: wide };
            let to = (&mut t.dvalues[first * wide..], wide);
            let left = Left::columns(&t.scores[from..], TILE);
            product(level, to, left, right, size, Write::Add);
            let right = Strided { values: &t.queries[skipped * wide..], stride: wide };
            let to = (&mut t.dkeys[first * wide..], wide);
            let left = Left::columns(&t.dscores[from..], TILE);
            product(level, to, left, right, size, Write::Add);
        }
        for (row, token) in queries.enumerate() {
            let from = &t.dqueries[row * wide..][..width];
            add(level, self.grads.query(token, at), from, host.scale);
        }
    }

    /// For some rows of the tile, whose queries begin at token `first`, and so many of its keys:
    /// probabilities, derivatives by scores, and what these give the queries.
    fn probabilities(
        &mut self,
        keys: Range<usize>,
        first: usize,
        (rows, count): (Range<usize>, usize),
        head: usize,
    ) {
        let (host, t) = (self.host, &mut self.tiles);
        let (level, width, heads) = (host.level, host.shape.head_dim, host.shape.heads);
        let wide = padded(width);
        let size = Size { m: rows.len(), n: padded(count), k: width };
        let left = Left::rows(&t.queries[rows.start * wide..], wide);
        let right = Strided { values: t.keys_turned, stride: TILE };
        let scores = (&mut t.scores[rows.start * TILE..], TILE);
        product(level, scores, left, right, size, Write::Set);
        let left = Left::rows(&t.dout[rows.start * wide..], wide);
        let right = Strided { values: t.values_turned, stride: TILE };
        let dscores = (&mut t.dscores[rows.start * TILE..], TILE);
        product(level, dscores, left, right, size, Write::Set);
        for row in rows.clone() {
            let token = first + row;
            let seen = seen(token, keys.start, count);
            let kept = (self.rest.lse[token * heads + head], self.rest.delta[token * heads + head]);
            let row = row * TILE..row * TILE + count;
            soften(level, &mut t.scores[row.clone()], &mut t.dscores[row], seen, kept);
        }
        let size = Size { m: rows.len(), n: wide, k: count };
        let left = Left::rows(&t.dscores[rows.start * TILE..], TILE);
        let right = Strided { values: t.keys, stride: wide };
        let to = (&mut t.dqueries[rows.start * wide..], wide);
        product(level, to, left, right, size, Write::Set);
    }
}

multiversion! {
    fn deltas<const FMA: bool>(delta: &mut [f32], dout: &[f32], out: &[f32], width: usize) {
        let heads = dout.chunks_exact(width).zip(out.chunks_exact(width));
        for (delta, (dout, out)) in delta.iter_mut().zip(heads) {
            *delta = dot::<FMA>(dout, out);
        }
    }
}

multiversion! {
    /// Turns a row's scores into probabilities and its derivatives by probabilities into those by
    /// scores; 0 for the keys that are not seen.
    fn soften<const FMA: bool>(
        scores: &mut [f32],
        dscores: &mut [f32],
        seen: usize,
        kept: (f32, f32),
    ) {
        let (lse, delta) = kept;
        let (scores, hidden) = scores.split_at_mut(seen);
        let (dscores, dhidden) = dscores.split_at_mut(seen);
        hidden.fill(0.0);
        dhidden.fill(0.0);
        for (s, d) in scores.iter_mut().zip(dscores) {
            *s = exp_below_88::<FMA>(*s - lse);
            *d = *s * (*d - delta);
        }
    }
}

multiversion! {
    fn add<const FMA: bool>(to: &mut [f32], from: &[f32], factor: f32) {
        to.iter_mut().zip(from).for_each(|(to, v)| *to += v * factor);
    }
}
