//! Attention of packed sequences, and of new tokens over what is kept.

use heedful_kernels::decode::{self, BLOCK, Row};
use heedful_kernels::{Result, Tensor, attention};

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
pub(crate) const OPS: [(&str, crate::op::Make<Dims>); 7] = [
    ("attention::forward, sequences of 1536", forward),
    ("attention::backward, sequences of 1536", backward),
    ("attention::forward, one sequence", forward_one),
    ("attention::backward, one sequence", backward_one),
    ("decode::store", store),
    ("decode::attention, 256 of 1024", alone),
    ("decode::attention, 256 of 1024, prompts shared", shared),
];

fn scale(d: &Dims) -> f32 {
    1.0 / (d.heads.head_dim as f32).sqrt()
}

/// Where sequences begin: of `length` tokens, the last one maybe shorter.
fn starts(d: &Dims, length: usize) -> Vec<u32> {
    let all = (0..d.tokens).step_by(length).map(|at| at as u32);
    all.chain([d.tokens as u32]).collect()
}

/// Operations of one of the products over all pairs of tokens that see each other.
fn product(d: &Dims, starts: &[u32]) -> usize {
    let pairs =
        |ends: &[u32]| ((ends[1] - ends[0]) as usize * ((ends[1] - ends[0]) as usize + 1)) / 2;
    2 * starts.windows(2).map(pairs).sum::<usize>() * d.heads.heads * d.heads.head_dim
}

/// A third of the tokens, so that small shapes have several sequences too.
fn packed(d: &Dims) -> usize {
    if d.tokens < SEQUENCE { d.tokens.div_ceil(3) } else { SEQUENCE }
}

fn forward(on: Side, d: &Dims) -> Result<Op> {
    forward_of(on, d, packed(d))
}

fn forward_one(on: Side, d: &Dims) -> Result<Op> {
    forward_of(on, d, d.tokens)
}

fn backward(on: Side, d: &Dims) -> Result<Op> {
    backward_of(on, d, packed(d))
}

fn backward_one(on: Side, d: &Dims) -> Result<Op> {
    backward_of(on, d, d.tokens)
}

fn forward_of(on: Side, d: &Dims, length: usize) -> Result<Op> {
    let (t, shape, scale, bounds) = (d.tokens, d.heads, scale(d), starts(d, length));
    let [out, lse] = [on.out(t * shape.heads * shape.head_dim)?, on.out_whole(t * shape.heads)?];
    let held = [out, lse, on.floats(1, t * shape.row())?, on.words(&bounds)?];
    let work = Work::Flops(2 * product(d, &bounds));
    Ok(Op::new(work, &["out", "lse"], held, move |dev, [out, lse, qkv, starts]| {
        let (out, lse) = (out.view_mut(), lse.view_mut());
        attention::forward(dev, out, lse, qkv.view(), starts.view(), shape, scale)
    }))
}

fn backward_of(on: Side, d: &Dims, length: usize) -> Result<Op> {
    let mut before = forward_of(on, d, length)?;
    before.run(on.dev)?;
    let Ok([out, lse, qkv, starts]) = <[Tensor; 4]>::try_from(before.held) else {
        unreachable!("the forward pass has four buffers")
    };
    let (t, shape, scale) = (d.tokens, d.heads, scale(d));
    let [dqkv, delta] = [on.out(t * shape.row())?, on.out_whole(t * shape.heads)?];
    let dout = on.floats(2, t * shape.heads * shape.head_dim)?;
    let held = [dqkv, delta, dout, out, lse, qkv, starts];
    let work = Work::Flops(5 * product(d, &self::starts(d, length)));
    Ok(Op::new(work, &["dqkv"], held, move |dev, [dqkv, delta, dout, out, lse, qkv, starts]| {
        let (dqkv, delta) = (dqkv.view_mut(), delta.view_mut());
        let (dout, out, lse) = (dout.view(), out.view(), lse.view());
        attention::backward(
            dev,
            dqkv,
            delta,
            dout,
            out,
            lse,
            qkv.view(),
            starts.view(),
            shape,
            scale,
        )
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
