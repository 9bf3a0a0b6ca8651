//! How fast the ops outside the matrix products are, at the shape of SmolLM2-135M: 8 sequences of
//! 256 tokens, width 576, 9 query and 3 key-value heads of 64, feed-forward 1,536, vocabulary
//! 49,152. Each answer is checked at a few places against double precision.
//!
//! `cargo bench -p heedful-kernels --bench ops [-- THREADS...]`

use std::time::{Duration, Instant};

use heedful_kernels::qkv::Shape;
use heedful_kernels::{
    Device, Dtype, Tensor, adamw, attention, embedding, logprob, norm, qkv, rmsnorm, rope, swiglu,
};

const SEQUENCES: usize = 8;
const LENGTH: usize = 256;
const TOKENS: usize = SEQUENCES * LENGTH;
const WIDTH: usize = 576;
const FFN: usize = 1536;
const VOCAB: usize = 49_152;
const PARAMS: usize = 28_311_552;
const SHAPE: Shape = Shape { heads: 9, kv_heads: 3, head_dim: 64 };

fn main() {
    let threads: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let threads = if threads.is_empty() { vec![1, 2] } else { threads };
    println!("| op | threads | ms | CPU ms | rate |\n|---|---:|---:|---:|---:|");
    for threads in threads {
        let device = Device::cpu(threads).expect("threads");
        let bench = Bench { device, threads };
        bench.norms();
        bench.activations();
        bench.heads();
        bench.attention();
        bench.tokens();
        bench.optimizer();
    }
}

struct Bench {
    device: Device,
    threads: usize,
}

/// What a call moves or computes.
enum Work {
    Bytes(usize),
    Flops(usize),
}

/// `n` values in [-1, 1).
fn values(seed: u64, n: usize) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    Tensor::from_f32(std::iter::repeat_with(next).take(n).collect())
}

fn zeros(n: usize) -> Tensor {
    Tensor::from_f32(vec![0.0; n])
}

/// The floats of a buffer, in double precision.
fn wide(tensor: &Tensor, range: std::ops::Range<usize>) -> Vec<f64> {
    let part = tensor.part(range).f32().expect("floats");
    part.iter().map(|v| f64::from(*v)).collect()
}

fn near(what: &str, found: f64, expected: f64) {
    let off = (found - expected).abs();
    assert!(off <= 1e-5 + 1e-4 * expected.abs(), "{what}: {found} is not {expected}");
}

/// Milliseconds that this process has had of all processors, where the system tells (Linux).
fn busy_ms() -> Option<f64> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let of = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    Some(tasks.flatten().filter_map(of).sum::<f64>() / 1e6)
}

impl Bench {
    /// Prints the best of many calls, and what a call took of all processors on average.
    fn time(&self, op: &str, work: Work, mut call: impl FnMut() -> heedful_kernels::Result<()>) {
        call().expect("the arguments fit");
        let (begin, busy, mut best) = (Instant::now(), busy_ms(), Duration::MAX);
        let mut calls = 0;
        while calls < 5 || begin.elapsed() < Duration::from_millis(400) {
            let start = Instant::now();
            call().expect("the arguments fit");
            best = best.min(start.elapsed());
            calls += 1;
        }
        let busy = busy_ms().zip(busy).map(|(end, begin)| (end - begin) / f64::from(calls));
        let (seconds, busy) =
            (best.as_secs_f64(), busy.map_or("-".into(), |ms| format!("{ms:.2}")));
        let rate = match work {
            Work::Bytes(bytes) => format!("{:.1} GB/s", bytes as f64 / seconds / 1e9),
            Work::Flops(flops) => format!("{:.1} GFLOP/s", flops as f64 / seconds / 1e9),
        };
        println!("| {op} | {} | {:.2} | {busy} | {rate} |", self.threads, seconds * 1e3);
    }

    fn norms(&self) {
        let dev = &self.device;
        let n = TOKENS * WIDTH;
        let (x, delta, weight) = (values(1, n), values(2, n), values(3, WIDTH));
        let (mut out, mut sum, mut rstd) = (zeros(n), zeros(n), zeros(TOKENS));
        self.time("rmsnorm::residual", Work::Bytes(16 * n), || {
            let outputs = (out.view_mut(), sum.view_mut(), rstd.view_mut());
            let inputs = (x.view(), delta.view(), weight.view());
            let (o, s, r) = outputs;
            rmsnorm::residual(dev, o, s, r, inputs.0, inputs.1, inputs.2, 1e-5)
        });
        let row = wide(&sum, n - WIDTH..n);
        let mean = row.iter().map(|v| v * v).sum::<f64>() / WIDTH as f64;
        let expected = row[0] / (mean + 1e-5).sqrt() * wide(&weight, 0..1)[0];
        near("rmsnorm", wide(&out, n - WIDTH..n)[0], expected);

        let (mut dx, mut dweight) = (zeros(n), zeros(WIDTH));
        self.time("rmsnorm::backward", Work::Bytes(16 * n), || {
            let inputs = (delta.view(), x.view(), rstd.view(), weight.view());
            let outputs = (dx.view_mut(), dweight.view_mut());
            let (dout, x, rstd, weight) = inputs;
            rmsnorm::backward(dev, outputs.0, outputs.1, dout, x, rstd, weight)
        });
    }

    fn activations(&self) {
        let dev = &self.device;
        let n = TOKENS * FFN;
        let (gate_up, dout, mut out) = (values(1, 2 * n), values(2, n), zeros(n));
        self.time("swiglu::forward", Work::Bytes(12 * n), || {
            swiglu::forward(dev, out.view_mut(), gate_up.view(), FFN)
        });
        let row = wide(&gate_up, 0..2 * FFN);
        near("swiglu", wide(&out, 0..1)[0], row[0] / (1.0 + (-row[0]).exp()) * row[FFN]);
        let mut grads = zeros(2 * n);
        self.time("swiglu::backward", Work::Bytes(20 * n), || {
            swiglu::backward(dev, grads.view_mut(), dout.view(), gate_up.view(), FFN)
        });
    }

    fn heads(&self) {
        let dev = &self.device;
        let n = TOKENS * SHAPE.row();
        let scaling = rope::Scaling::None;
        let frequencies = rope::Frequencies { head_dim: SHAPE.head_dim, theta: 1e5, scaling };
        let table = rope::Table::new(dev, &frequencies, LENGTH).expect("a table");
        let positions = Tensor::from_u32((0..TOKENS).map(|t| (t % LENGTH) as u32).collect());
        let mut x = values(1, n);
        let square = |x: &Tensor| wide(x, 0..n).iter().map(|v| v * v).sum::<f64>();
        let before = square(&x);
        self.time("qkv::forward_in_place", Work::Bytes(8 * n), || {
            qkv::forward_in_place(dev, x.view_mut(), None, positions.view(), &table, SHAPE)
        });
        near("a rotation keeps lengths", square(&x) / before, 1.0);
        self.time("qkv::backward_in_place", Work::Bytes(8 * n), || {
            qkv::backward_in_place(dev, x.view_mut(), None, positions.view(), &table, SHAPE)
        });
    }

    fn attention(&self) {
        for length in [LENGTH, TOKENS] {
            self.attention_at(length);
        }
    }

    fn attention_at(&self, length: usize) {
        let dev = &self.device;
        let (row, out_row) = (SHAPE.row(), SHAPE.heads * SHAPE.head_dim);
        let bounds = (0..=TOKENS / length).map(|b| (b * length) as u32);
        let starts = Tensor::from_u32(bounds.collect());
        let qkv = values(1, TOKENS * row);
        let (mut out, mut lse) = (zeros(TOKENS * out_row), zeros(TOKENS * SHAPE.heads));
        // Two products of two operations over the pairs of tokens that see each other.
        let flops = 4 * TOKENS * (length + 1) / 2 * out_row;
        self.time(&format!("attention::forward, {length}"), Work::Flops(flops), || {
            let (out, lse) = (out.view_mut(), lse.view_mut());
            attention::forward(dev, out, lse, qkv.view(), starts.view(), SHAPE, 0.125)
        });
        // The second token of the first sequence sees two keys.
        let (q, k) = (SHAPE.head_dim, SHAPE.heads * SHAPE.head_dim);
        let (first, second) = (wide(&qkv, 0..row), wide(&qkv, row..2 * row));
        let score = |key: &[f64]| (0..q).map(|i| second[i] * key[k + i]).sum::<f64>() * 0.125;
        let weight = 1.0 / (1.0 + (score(&second) - score(&first)).exp());
        let v = k + SHAPE.kv_heads * q;
        let expected = weight * first[v] + (1.0 - weight) * second[v];
        near("attention", wide(&out, out_row..out_row + 1)[0], expected);

        let (dout, mut delta) = (values(2, TOKENS * out_row), zeros(TOKENS * SHAPE.heads));
        let mut dqkv = zeros(TOKENS * row);
        self.time(&format!("attention::backward, {length}"), Work::Flops(flops / 2 * 5), || {
            let outputs = (dqkv.view_mut(), delta.view_mut());
            let (dout, out, lse) = (dout.view(), out.view(), lse.view());
            let (qkv, starts) = (qkv.view(), starts.view());
            let (dqkv, delta) = outputs;
            attention::backward(dev, dqkv, delta, dout, out, lse, qkv, starts, SHAPE, 0.125)
        });
        // Scores are products q·k, so that Σ q·dq over the tokens is Σ k·dk.
        let (mut by_q, mut by_k) = (0.0, 0.0);
        for token in 0..length {
            let at = token * row..(token + 1) * row;
            let (x, d) = (wide(&qkv, at.clone()), wide(&dqkv, at));
            by_q += (0..k).map(|i| x[i] * d[i]).sum::<f64>();
            by_k += (k..v).map(|i| x[i] * d[i]).sum::<f64>();
        }
        near("q·dq = k·dk", by_q, by_k);
    }

    fn tokens(&self) {
        let dev = &self.device;
        let ids = Tensor::from_u32((0..TOKENS).map(|t| (t * 7919 % VOCAB) as u32).collect());
        let (table, mut out) = (values(1, VOCAB * WIDTH), zeros(TOKENS * WIDTH));
        self.time("embedding::forward", Work::Bytes(8 * TOKENS * WIDTH), || {
            embedding::forward(dev, out.view_mut(), table.view(), ids.view(), WIDTH)
        });
        let mut dtable = zeros(VOCAB * WIDTH);
        self.time("embedding::backward", Work::Bytes(12 * TOKENS * WIDTH), || {
            embedding::backward(dev, dtable.view_mut(), out.view(), ids.view(), WIDTH)
        });
        near("embedding", wide(&out, 0..1)[0], wide(&table, 0..1)[0]);
        drop((table, dtable));

        let n = TOKENS * VOCAB;
        let logits = values(1, n);
        let [mut logp, mut entropy, mut lse] = [0; 3].map(|_| zeros(TOKENS));
        self.time("logprob::forward", Work::Bytes(4 * n), || {
            let outputs = (logp.view_mut(), entropy.view_mut(), lse.view_mut());
            let (a, b, c) = outputs;
            logprob::forward(dev, a, b, c, logits.view(), ids.view())
        });
        let sum: f64 = wide(&logits, 0..VOCAB).iter().map(|v| v.exp()).sum();
        near("lse", wide(&lse, 0..1)[0], sum.ln());
        let (dlogp, dentropy, mut grads) = (values(3, TOKENS), values(4, TOKENS), logits);
        for with in [None, Some((entropy.view(), dentropy.view()))] {
            let name = if with.is_some() { ", entropy" } else { "" };
            self.time(&format!("logprob::backward{name}"), Work::Bytes(8 * n), || {
                let (lse, dlogp) = (lse.view(), dlogp.view());
                logprob::backward(dev, grads.view_mut(), lse, ids.view(), dlogp, with)
            });
        }
    }

    fn optimizer(&self) {
        let dev = &self.device;
        let (mut p, grads) = (values(1, PARAMS), values(2, PARAMS));
        let (mut m, mut v) = (zeros(PARAMS), zeros(PARAMS));
        let with = adamw::Step {
            lr: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            step: 1,
            grad_scale: 1.0,
        };
        let first = values(1, 1);
        let views = (p.view_mut(), m.view_mut(), v.view_mut());
        adamw::step(dev, views.0, views.1, views.2, grads.view(), &with).expect("a step");
        let expected = wide(&first, 0..1)[0] - 1e-3 * wide(&grads, 0..1)[0].signum();
        near("adamw", wide(&p, 0..1)[0], expected);
        self.time("adamw::step", Work::Bytes(28 * PARAMS), || {
            let views = (p.view_mut(), m.view_mut(), v.view_mut());
            adamw::step(dev, views.0, views.1, views.2, grads.view(), &with)
        });
        let mut partial =
            dev.zeros(Dtype::U32, norm::scratch(PARAMS)).expect("the host has memory");
        let mut found = 0.0;
        self.time("norm::global", Work::Bytes(4 * PARAMS), || {
            found = norm::global(dev, partial.view_mut(), grads.view())?;
            Ok(())
        });
        let expected = wide(&grads, 0..PARAMS).iter().map(|v| v * v).sum::<f64>().sqrt();
        near("norm", found, expected);
    }
}
