//! Attention of packed sequences, and of new tokens over what is kept.

use heedful_kernels::attention::{self, Segments};
use heedful_kernels::decode::{self, BLOCK, Row};
use heedful_kernels::{Result, Tensor};

use crate::dims::Dims;
use crate::op::{Op, Work};
use crate::side::Side;

/// Tokens of a sequence in the timings: a prompt of 512 and an answer of 1,024.
const SEQUENCE: usize = 1536;

/// Sequences that run at once, and the tokens that each sees.
const RUNNING: usize = 256;
const CONTEXT: usize = 1024;

/// Samples that share a prompt.
const GROUP: usize = 16;

/// All of them with their names.
pub(crate) const OPS: [(&str, crate::op::Make<Dims>); 9] = [
    ("attention::forward, sequences of 1536", forward),
    ("attention::backward, sequences of 1536", backward),
    ("attention::forward, one sequence", forward_one),
    ("attention::backward, one sequence", backward_one),
    ("attention::forward, prompts shared", forward_shared),
    ("attention::backward, prompts shared", backward_shared),
    ("decode::store", store),
    ("decode::attention, 256 of 1024", alone),
    ("decode::attention, 256 of 1024, prompts shared", shared),
];

fn scale(d: &Dims) -> f32 {
    1.0 / (d.heads.head_dim as f32).sqrt()
}

/// Where sequences begin and end, and what each sees besides: first token and length.
struct Packed {
    starts: Vec<u32>,
    prefixes: Vec<u32>,
}

/// Sequences of this length, the last one maybe shorter.
fn of(d: &Dims, length: usize) -> Packed {
    let starts: Vec<u32> = (0..d.tokens).step_by(length).map(|at| at as u32).collect();
    let prefixes = vec![0; 2 * starts.len()];
    Packed { starts: starts.into_iter().chain([d.tokens as u32]).collect(), prefixes }
}

/// A third of the tokens, so that small shapes have several sequences too.
fn several(d: &Dims) -> Packed {
    of(d, if d.tokens < SEQUENCE { d.tokens.div_ceil(3) } else { SEQUENCE })
}

fn one(d: &Dims) -> Packed {
    of(d, d.tokens)
}

/// A prompt of a third of a sequence, and answers of two thirds that all see it.
fn answers(d: &Dims) -> Packed {
    let prompt = if d.tokens < SEQUENCE { d.tokens.div_ceil(5) } else { SEQUENCE / 3 };
    let starts: Vec<u32> = (prompt..d.tokens).step_by(2 * prompt).map(|at| at as u32).collect();
    let seen = [0, prompt as u32].repeat(starts.len());
    let starts = [0].into_iter().chain(starts).chain([d.tokens as u32]).collect();
    Packed { starts, prefixes: [vec![0, 0], seen].concat() }
}

/// Operations of one of the products over all pairs of tokens that see each other.
fn product(d: &Dims, packed: &Packed) -> usize {
    let pairs = |(ends, prefix): (&[u32], &[u32])| {
        let length = (ends[1] - ends[0]) as usize;
        length * (length + 1) / 2 + length * prefix[1] as usize
    };
    let pairs: usize = packed.starts.windows(2).zip(packed.prefixes.chunks(2)).map(pairs).sum();
    2 * pairs * d.heads.heads * d.heads.head_dim
}

fn forward(on: Side, d: &Dims) -> Result<Op> {
    forward_of(on, d, &several(d))
}

fn forward_one(on: Side, d: &Dims) -> Result<Op> {
    forward_of(on, d, &one(d))
}

fn forward_shared(on: Side, d: &Dims) -> Result<Op> {
    forward_of(on, d, &answers(d))
}

fn backward(on: Side, d: &Dims) -> Result<Op> {
    backward_of(on, d, &several(d))
}

fn backward_one(on: Side, d: &Dims) -> Result<Op> {
    backward_of(on, d, &one(d))
}

fn backward_shared(on: Side, d: &Dims) -> Result<Op> {
    backward_of(on, d, &answers(d))
}

/// The segments in buffers; no prefixes where no sequence has one.
fn segments<'a>(starts: &'a Tensor, prefixes: &'a Tensor) -> Segments<'a> {
    let prefixes = (!prefixes.is_empty()).then(|| prefixes.view());
    Segments { starts: starts.view(), prefixes }
}

fn forward_of(on: Side, d: &Dims, packed: &Packed) -> Result<Op> {
    let (t, shape, scale) = (d.tokens, d.heads, scale(d));
    let [out, lse] = [on.out(t * shape.heads * shape.head_dim)?, on.out_whole(t * shape.heads)?];
    let any = packed.prefixes.iter().any(|word| *word > 0);
    let prefixes = on.words(if any { &packed.prefixes } else { &[] })?;
    let held = [out, lse, on.floats(1, t * shape.row())?, on.words(&packed.starts)?, prefixes];
    let work = Work::Flops(2 * product(d, packed));
    Ok(Op::new(work, &["out", "lse"], held, move |dev, [out, lse, qkv, starts, prefixes]| {
        let (out, lse, segments) = (out.view_mut(), lse.view_mut(), segments(starts, prefixes));
        attention::forward(dev, out, lse, qkv.view(), segments, shape, scale)
    }))
}

fn backward_of(on: Side, d: &Dims, packed: &Packed) -> Result<Op> {
    let mut before = forward_of(on, d, packed)?;
    before.run(on.dev)?;
    let Ok([out, lse, qkv, starts, prefixes]) = <[Tensor; 5]>::try_from(before.held) else {
        unreachable!("the forward pass has five buffers")
    };
    let (t, shape, scale) = (d.tokens, d.heads, scale(d));
    let [dqkv, delta] = [on.out(t * shape.row())?, on.out_whole(t * shape.heads)?];
    let dout = on.floats(2, t * shape.heads * shape.head_dim)?;
    let held = [dqkv, delta, dout, out, lse, qkv, starts, prefixes];
    let work = Work::Flops(5 * product(d, packed));
    Ok(Op::new(work, &["dqkv"], held, move |dev, held| {
        let [dqkv, delta, dout, out, lse, qkv, starts, prefixes] = held;
        let (dqkv, delta, segments) =
            (dqkv.view_mut(), delta.view_mut(), segments(starts, prefixes));
        let (dout, out, lse, qkv) = (dout.view(), out.view(), lse.view(), qkv.view());
        attention::backward(dev, dqkv, delta, dout, out, lse, qkv, segments, shape, scale)
    }))
}

/// How many sequences run, and what each sees: few where the shape is small.
fn running(d: &Dims) -> (usize, usize) {
    if d.tokens < SEQUENCE { (d.tokens.min(19), 3 * BLOCK + 5) } else { (RUNNING, CONTEXT) }
}

fn store(on: Side, d: &Dims) -> Result<Op> {
    let (shape, (count, _)) = (d.heads, running(d));
    let size = decode::size(count, shape);
    let [keys, values] = [on.floats(1, size)?, on.floats(2, size)?];
    // Each to a block of its own, at another place in it.
    let slots: Vec<u32> = (0..count).map(|at| (at * BLOCK + at * 7 % BLOCK) as u32).collect();
    let held = [keys, values, on.floats(3, count * shape.row())?, on.words(&slots)?];
    let work = Work::Bytes(8 * count * shape.kv_heads * shape.head_dim);
    Ok(Op::new(work, &["keys", "values"], held, move |dev, [keys, values, qkv, slots]| {
        decode::store(dev, keys.view_mut(), values.view_mut(), qkv.view(), slots.view(), shape)
    }))
}

fn alone(on: Side, d: &Dims) -> Result<Op> {
    let (count, context) = running(d);
    let each = context.div_ceil(BLOCK);
    let row = |at: usize| Row {
        prefix: 0,
        prefix_len: 0,
        tail: (at * each) as u32,
        tail_len: context as u32,
    };
    let rows: Vec<Row> = (0..count).map(row).collect();
    attended(on, d, &rows, count * each, count * context)
}

fn shared(on: Side, d: &Dims) -> Result<Op> {
    let (count, context) = running(d);
    let half = context / 2;
    let each = half.div_ceil(BLOCK).max(1);
    let tails = count.div_ceil(GROUP) * each;
    let row = |at: usize| Row {
        prefix: (at / GROUP * each) as u32,
        prefix_len: half as u32,
        tail: (tails + at * each) as u32,
        tail_len: half as u32,
    };
    let rows: Vec<Row> = (0..count).map(row).collect();
    attended(on, d, &rows, tails + count * each, (count.div_ceil(GROUP) + count) * half)
}

/// Attention over `blocks` blocks, of which `tokens` tokens are read.
fn attended(on: Side, d: &Dims, rows: &[Row], blocks: usize, tokens: usize) -> Result<Op> {
    let (shape, scale, size) = (d.heads, scale(d), decode::size(blocks, d.heads));
    // Blocks of a sequence lie apart, as they do after a while.
    let table: Vec<u32> = (0..blocks).map(|at| spread(at, blocks) as u32).collect();
    let words: Vec<u32> = rows.iter().flat_map(|row| row.words()).collect();
    let [keys, values] = [on.floats(1, size)?, on.floats(2, size)?];
    let out = on.out(rows.len() * shape.heads * shape.head_dim)?;
    let qkv = on.floats(3, rows.len() * shape.row())?;
    let held = [out, qkv, keys, values, on.words(&table)?, on.words(&words)?];
    let work = Work::Bytes(4 * tokens * shape.kv_heads * shape.head_dim);
    Ok(Op::new(work, &["out"], held, move |dev, [out, qkv, keys, values, table, rows]| {
        let cache = decode::Cache {
            keys: keys.view(),
            values: values.view(),
            table: table.view(),
            rows: rows.view(),
        };
        decode::attention(dev, out.view_mut(), qkv.view(), cache, shape, scale)
    }))
}

/// A permutation of `0..count`: steps of a number that has no divisor in common with it.
fn spread(at: usize, count: usize) -> usize {
    let common = |mut a: usize, mut b: usize| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let step = (count * 3 / 8 + 1..).find(|step| common(*step, count) == 1).unwrap_or(1);
    at * step % count
}
