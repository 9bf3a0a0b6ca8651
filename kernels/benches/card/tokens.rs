//! Ops on tokens: products, embedding, log-probabilities, sampling, heads of classifiers.

use heedful_kernels::philox::Place;
use heedful_kernels::sample::{self, Settings};
use heedful_kernels::{Device, Result, embed_norm, embedding, gemm, head, logprob};

use crate::dims::Dims;
use crate::op::{Op, Work};
use crate::side::Side;

/// All of them with their names.
pub(crate) const OPS: [(&str, crate::op::Make<Dims>); 17] = [
    ("gemm::nt", product),
    ("gemm::nn, added", product_nn),
    ("gemm::tn, added", product_tn),
    ("embedding::forward", embedded),
    ("embedding::backward", embedded_back),
    ("embed_norm::forward", embedded_normed),
    ("logprob::forward", logprobs),
    ("logprob::backward", logprobs_back),
    ("logprob::backward, entropy", entropies_back),
    ("sample::later, greedy", greedy),
    ("sample::later, plain", plain),
    ("sample::later, all cuts", cut),
    ("head::gather", gathered),
    ("head::scatter_add", scattered),
    ("head::cross_entropy", classes),
    ("head::bce", binary),
    ("head::preference", preferred),
];

/// Bytes of an activation on a card.
const BYTES: usize = 2;

/// A product of the feed-forward layer: to `[T, 2F]` from `[T, C]`.
fn shape(d: &Dims) -> gemm::Shape {
    gemm::Shape { m: d.tokens, n: 2 * d.ffn, k: d.width }
}

fn flops(shape: gemm::Shape) -> Work {
    Work::Flops(2 * shape.m * shape.n * shape.k)
}

fn product(on: Side, d: &Dims) -> Result<Op> {
    let shape = shape(d);
    let [a, b] = [on.floats(1, shape.m * shape.k)?, on.floats(2, shape.n * shape.k)?];
    let held = [on.out(shape.m * shape.n)?, a, b];
    Ok(Op::new(flops(shape), &["c"], held, move |dev, [c, a, b]| {
        gemm::nt(dev, c.view_mut(), a.view(), b.view(), shape, gemm::Write::Set)
    }))
}

/// The gradient of the input.
fn product_nn(on: Side, d: &Dims) -> Result<Op> {
    let gemm::Shape { m, n, k } = shape(d);
    let shape = gemm::Shape { m, n: k, k: n };
    let held = [on.floats(3, m * k)?, on.floats(1, m * n)?, on.floats(2, n * k)?];
    Ok(Op::new(flops(shape), &["c"], held, move |dev, [c, a, b]| {
        gemm::nn(dev, c.view_mut(), a.view(), b.view(), shape, gemm::Write::Add)
    }))
}

/// The gradient of the weights, in f32.
fn product_tn(on: Side, d: &Dims) -> Result<Op> {
    let gemm::Shape { m, n, k } = shape(d);
    let shape = gemm::Shape { m: n, n: k, k: m };
    let held = [on.whole(3, n * k)?, on.floats(1, m * n)?, on.floats(2, m * k)?];
    Ok(Op::new(flops(shape), &["c"], held, move |dev, [c, a, b]| {
        gemm::tn(dev, c.view_mut(), a.view(), b.view(), shape, gemm::Write::Add)
    }))
}

/// Rows of a table of embeddings: not all where it is only checked, since the host has to as well.
fn rows(d: &Dims) -> usize {
    if d.tokens < 1024 { d.vocab.min(20_011) } else { d.vocab }
}

fn embedded(on: Side, d: &Dims) -> Result<Op> {
    let (t, c) = (d.tokens, d.width);
    let held = [on.out(t * c)?, on.floats(1, rows(d) * c)?, on.ids(t, rows(d))?];
    let work = Work::Bytes(2 * BYTES * t * c);
    Ok(Op::new(work, &["out"], held, move |dev, [out, table, ids]| {
        embedding::forward(dev, out.view_mut(), table.view(), ids.view(), c)
    }))
}

fn embedded_back(on: Side, d: &Dims) -> Result<Op> {
    let (t, c) = (d.tokens, d.width);
    let held = [on.whole(1, rows(d) * c)?, on.floats(2, t * c)?, on.ids(t, rows(d))?];
    // A gradient is read, and its row of f32 read and written.
    let work = Work::Bytes((BYTES + 8) * t * c);
    Ok(Op::new(work, &["dtable"], held, move |dev, [dtable, dout, ids]| {
        embedding::backward(dev, dtable.view_mut(), dout.view(), ids.view(), c)
    }))
}

/// The row is read once: what is read again comes from the first cache.
fn embedded_normed(on: Side, d: &Dims) -> Result<Op> {
    let (t, c) = (d.tokens, d.width);
    let [out, x, rstd] = [on.out(t * c)?, on.out(t * c)?, on.out_whole(t)?];
    let held = [out, x, rstd, on.floats(1, rows(d) * c)?, on.ids(t, rows(d))?, on.floats(2, c)?];
    let work = Work::Bytes(3 * BYTES * t * c);
    let written = &["out", "x", "rstd"];
    Ok(Op::new(work, written, held, move |dev, [out, x, rstd, table, ids, weight]| {
        let to = (out.view_mut(), x.view_mut(), rstd.view_mut());
        let from = (table.view(), ids.view(), weight.view());
        embed_norm::forward(dev, to.0, to.1, to.2, from.0, from.1, from.2, 1e-6)
    }))
}

fn logprobs(on: Side, d: &Dims) -> Result<Op> {
    let (t, n) = (d.tokens, d.tokens * d.vocab);
    let [logp, entropy, lse] = [on.out_whole(t)?, on.out_whole(t)?, on.out_whole(t)?];
    let held = [logp, entropy, lse, on.scaled(1, n, 6.0)?, on.ids(t, d.vocab)?];
    let written = &["logp", "entropy", "lse"];
    let work = Work::Bytes(BYTES * n);
    Ok(Op::new(work, written, held, |dev, [logp, entropy, lse, logits, ids]| {
        let (logp, entropy, lse) = (logp.view_mut(), entropy.view_mut(), lse.view_mut());
        logprob::forward(dev, logp, entropy, lse, logits.view(), ids.view())
    }))
}

/// About the logarithm of Σ eˣ over x in [-1, 1).
fn about(d: &Dims) -> f32 {
    (d.vocab as f32).ln() + 0.16
}

fn logprobs_back(on: Side, d: &Dims) -> Result<Op> {
    let (t, n) = (d.tokens, d.tokens * d.vocab);
    let [logits, lse] = [on.floats(1, n)?, on.all(about(d), t)?];
    let held = [logits, lse, on.ids(t, d.vocab)?, on.whole(2, t)?];
    let work = Work::Bytes(2 * BYTES * n);
    Ok(Op::new(work, &["dlogits"], held, |dev, [logits, lse, ids, dlogp]| {
        logprob::backward(dev, logits.view_mut(), lse.view(), ids.view(), dlogp.view(), None)
    }))
}

fn entropies_back(on: Side, d: &Dims) -> Result<Op> {
    let (t, n) = (d.tokens, d.tokens * d.vocab);
    let [logits, lse] = [on.floats(1, n)?, on.all(about(d), t)?];
    let [entropy, dentropy] = [on.positive(3, t)?, on.whole(4, t)?];
    let held = [logits, lse, on.ids(t, d.vocab)?, on.whole(2, t)?, entropy, dentropy];
    let work = Work::Bytes(2 * BYTES * n);
    Ok(Op::new(work, &["dlogits"], held, |dev, [logits, lse, ids, dlogp, entropy, dentropy]| {
        let entropies = Some((entropy.view(), dentropy.view()));
        let (lse, ids, dlogp) = (lse.view(), ids.view(), dlogp.view());
        logprob::backward(dev, logits.view_mut(), lse, ids, dlogp, entropies)
    }))
}

fn greedy(on: Side, d: &Dims) -> Result<Op> {
    sampled(on, d, Settings::GREEDY)
}

fn plain(on: Side, d: &Dims) -> Result<Op> {
    sampled(on, d, Settings::PLAIN)
}

fn cut(on: Side, d: &Dims) -> Result<Op> {
    let cuts = Settings { temperature: 0.8, top_k: 50, top_p: 0.9, ..Settings::PLAIN };
    sampled(on, d, Settings { repetition: 1.2, min_p: 0.001, ..cuts })
}

fn sampled(on: Side, d: &Dims, settings: Settings) -> Result<Op> {
    let count = d.tokens.min(256);
    let n = count * d.vocab;
    // The host alone needs room to work in.
    let room = if let Device::Cpu(_) = on.dev { n } else { 0 };
    let place = |at: usize| Place { seed: 7, prompt: 11, sample: at as u32, position: 3 };
    let row = |at: usize| sample::Row { settings, place: place(at) };
    let rows: Vec<u32> = (0..count).flat_map(|at| row(at).words()).collect();
    let penal = settings.repetition != 1.0;
    let seen: Vec<u32> = (0..if penal { count * sample::seen_words(d.vocab) } else { 0 })
        .map(|at| (at as u32).wrapping_mul(0x9E37_79B9) & 0x1010_0401)
        .collect();
    let [tokens, logp, told] = [on.ids(count, 3)?, on.out_whole(count)?, on.ids(count, 3)?];
    let [work, logits] = [on.whole(3, room)?, on.scaled(1, n, 6.0)?];
    let held = [tokens, logp, told, work, logits, on.words(&seen)?, on.words(&rows)?];
    let written = &["tokens", "logp", "told"];
    Ok(Op::new(Work::Bytes(BYTES * n), written, held, |dev, held| {
        let [tokens, logp, told, work, logits, seen, rows] = held;
        let (tokens, logp, told) = (tokens.view_mut(), logp.view_mut(), told.view_mut());
        let (work, logits) = (work.view_mut(), logits.view());
        sample::later(dev, tokens, logp, told, work, logits, seen.view(), rows.view())
    }))
}

/// Sequences of a classifier's batch, and their last tokens.
fn last(d: &Dims) -> Vec<u32> {
    (0..d.tokens).step_by(5).map(|at| at as u32).collect()
}

fn gathered(on: Side, d: &Dims) -> Result<Op> {
    let (last, c) = (last(d), d.width);
    let held = [on.out(last.len() * c)?, on.floats(1, d.tokens * c)?, on.words(&last)?];
    let work = Work::Bytes(2 * BYTES * last.len() * c);
    Ok(Op::new(work, &["out"], held, |dev, [out, x, last]| {
        head::gather(dev, out.view_mut(), x.view(), last.view())
    }))
}

fn scattered(on: Side, d: &Dims) -> Result<Op> {
    let (last, c) = (last(d), d.width);
    let held = [on.floats(1, d.tokens * c)?, on.floats(2, last.len() * c)?, on.words(&last)?];
    let work = Work::Bytes(3 * BYTES * last.len() * c);
    Ok(Op::new(work, &["dx"], held, |dev, [dx, dout, last]| {
        head::scatter_add(dev, dx.view_mut(), dout.view(), last.view())
    }))
}

fn classes(on: Side, d: &Dims) -> Result<Op> {
    let (rows, labels) = (d.tokens, 5);
    let [loss, dlogits] = [on.out_whole(rows)?, on.out(rows * labels)?];
    let [known, weights] = [on.ids(rows, labels)?, on.positive(2, rows)?];
    let held = [loss, dlogits, on.floats(1, rows * labels)?, known, weights];
    let work = Work::Bytes(2 * BYTES * rows * labels);
    Ok(Op::new(work, &["loss", "dlogits"], held, move |dev, [loss, dlogits, x, known, weights]| {
        let (loss, dlogits) = (loss.view_mut(), dlogits.view_mut());
        head::cross_entropy(dev, loss, dlogits, x.view(), known.view(), weights.view(), labels)
    }))
}

fn binary(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens;
    let [loss, dlogit] = [on.out_whole(n)?, on.out(n)?];
    let held = [loss, dlogit, on.scaled(1, n, 4.0)?, on.positive(2, n)?, on.positive(3, n)?];
    let work = Work::Bytes(2 * BYTES * n);
    Ok(Op::new(work, &["loss", "dlogit"], held, |dev, [loss, dlogit, x, targets, weights]| {
        let (loss, dlogit) = (loss.view_mut(), dlogit.view_mut());
        head::bce(dev, loss, dlogit, x.view(), targets.view(), weights.view())
    }))
}

fn preferred(on: Side, d: &Dims) -> Result<Op> {
    let pairs = d.tokens / 2;
    let [loss, dlogit] = [on.out_whole(pairs)?, on.out(2 * pairs)?];
    let held = [loss, dlogit, on.scaled(1, 2 * pairs, 4.0)?, on.positive(2, pairs)?];
    let work = Work::Bytes(4 * BYTES * pairs);
    Ok(Op::new(work, &["loss", "dlogit"], held, |dev, [loss, dlogit, x, weights]| {
        let (loss, dlogit) = (loss.view_mut(), dlogit.view_mut());
        head::preference(dev, loss, dlogit, x.view(), weights.view())
    }))
}
