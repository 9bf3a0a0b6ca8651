//! The kernels on emulated cards against a plain f64 version that knows no blocks.

use super::*;
use crate::Dtype;
use crate::gpu::testing::{SCHEDULES, emulated, ids, near, schedules, tensor, values_of};
use crate::testing::{close, values};

const SCALE: f32 = 0.3;

/// Sequences in blocks that lie in disorder, and the rows that attend to them.
struct Case {
    shape: Shape,
    blocks: usize,
    table: Vec<u32>,
    /// Tokens to store, as rows of qkv, and their places.
    stored: Vec<f32>,
    slots: Vec<u32>,
    rows: Vec<Row>,
    /// The stored tokens that each row sees.
    seen: Vec<Vec<usize>>,
    qkv: Vec<f32>,
}

impl Case {
    fn empty(shape: Shape, blocks: usize) -> Case {
        let (table, stored, slots, rows, seen, qkv) = Default::default();
        Case { shape, blocks, table, stored, slots, rows, seen, qkv }
    }

    /// Prompts, each with the tails of its samples.
    fn new(dtype: Dtype, shape: Shape, prompts: &[(usize, &[usize])]) -> Case {
        let tokens = |(prompt, tails): &(usize, &[usize])| -> usize {
            let blocks = |len: usize| len.div_ceil(BLOCK);
            blocks(*prompt) + tails.iter().map(|len| blocks(*len)).sum::<usize>()
        };
        let mut case = Case::empty(shape, prompts.iter().map(tokens).sum::<usize>() + 1);
        for (prompt, tails) in prompts {
            let (prefix, shared) = case.write(*prompt);
            for &tail_len in *tails {
                let (tail, own) = case.write(tail_len);
                let [prefix_len, tail_len] = [*prompt, tail_len].map(|len| len as u32);
                case.rows.push(Row { prefix, prefix_len, tail, tail_len });
                case.seen.push(shared.clone().chain(own).collect());
            }
        }
        case.fill(dtype);
        case
    }

    /// A prompt whose tokens each see those up to themselves.
    fn prefill(dtype: Dtype, shape: Shape, len: usize) -> Case {
        let mut case = Case::empty(shape, len.div_ceil(BLOCK) + 1);
        let (prefix, _) = case.write(len);
        for n in 1..=len {
            case.rows.push(Row { prefix, prefix_len: n as u32, tail: 0, tail_len: 0 });
            case.seen.push((0..n).collect());
        }
        case.fill(dtype);
        case
    }

    /// Takes blocks for so many tokens.
    fn write(&mut self, len: usize) -> (u32, std::ops::Range<usize>) {
        let start = self.table.len();
        let last = self.blocks as u32 - 1;
        self.table.extend((start..start + len.div_ceil(BLOCK)).map(|at| last - at as u32));
        let first = self.slots.len();
        let slot = |t: usize| self.table[start + t / BLOCK] * BLOCK as u32 + (t % BLOCK) as u32;
        self.slots.extend((0..len).map(slot));
        (start as u32, first..first + len)
    }

    fn fill(&mut self, dtype: Dtype) {
        self.stored = near(dtype, &values(1, self.slots.len() * self.shape.row()));
        self.qkv = near(dtype, &values(2, self.rows.len() * self.shape.row()));
    }

    fn run(&self, dev: &Device) -> Vec<f32> {
        let (dtype, shape) = (dev.float(), self.shape);
        // What was there before must not be seen.
        let old = vec![f32::NAN; size(self.blocks, shape)];
        let [mut keys, mut values] = [0, 1].map(|_| tensor(dev, dtype, &old));
        let (stored, slots) = (tensor(dev, dtype, &self.stored), ids(dev, &self.slots));
        let places = (keys.view_mut(), values.view_mut());
        store(dev, places.0, places.1, stored.view(), slots.view(), shape).unwrap();
        let words: Vec<u32> = self.rows.iter().flat_map(|row| row.words()).collect();
        let (table, rows) = (ids(dev, &self.table), ids(dev, &words));
        let (keys, values) = (keys.view(), values.view());
        let cache = Cache { keys, values, table: table.view(), rows: rows.view() };
        let mut out =
            tensor(dev, dtype, &vec![9.0; self.rows.len() * shape.heads * shape.head_dim]);
        let qkv = tensor(dev, dtype, &self.qkv);
        attention(dev, out.view_mut(), qkv.view(), cache, shape, SCALE).unwrap();
        values_of(dev, &out)
    }

    /// softmax(scale · q·Kᵀ) · V.
    fn expected(&self) -> Vec<f64> {
        let Shape { heads, kv_heads, head_dim } = self.shape;
        let width = self.shape.row();
        let part =
            |row: usize, head: usize| &self.stored[row * width + head * head_dim..][..head_dim];
        let mut out = Vec::new();
        for (row, seen) in self.seen.iter().enumerate() {
            for head in 0..heads {
                let query = &self.qkv[row * width + head * head_dim..][..head_dim];
                let kv = head / (heads / kv_heads);
                let dot = |token: &usize| -> f64 {
                    let key = part(*token, heads + kv);
                    query.iter().zip(key).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
                };
                let weights: Vec<f64> =
                    seen.iter().map(|token| (f64::from(SCALE) * dot(token)).exp()).collect();
                let total: f64 = weights.iter().sum();
                let mut sums = vec![0.0; head_dim];
                for (token, weight) in seen.iter().zip(&weights) {
                    let value = part(*token, heads + kv_heads + kv);
                    let share = weight / total;
                    sums.iter_mut().zip(value).for_each(|(sum, v)| *sum += f64::from(*v) * share);
                }
                out.extend(sums);
            }
        }
        out
    }
}

fn shape(heads: usize, kv_heads: usize, head_dim: usize) -> Shape {
    Shape { heads, kv_heads, head_dim }
}

/// Ragged prompts and tails: one sample of a prompt alone, prompts of many samples, long parts.
const PROMPTS: [(usize, &[usize]); 4] =
    [(70, &[1, 3, 32, 33, 2]), (5, &[0, 4]), (0, &[300]), (290, &[1, 64])];

#[test]
fn cards() {
    // One head of one row at a time, then tensor cores with one, two and four tiles of queries.
    let plain = [shape(6, 2, 40), shape(1, 1, 2), shape(1, 1, 250)];
    let fast = [shape(6, 2, 64), shape(3, 1, 96), shape(4, 2, 128), shape(20, 1, 64)];
    let in_f32 = plain.into_iter().map(|shape| (shape, Dtype::F32, 2e-6, 0.0));
    let both = plain[..1].iter().chain(&fast).map(|shape| (*shape, Dtype::Bf16, 6e-3, 4e-3));
    for (shape, dtype, absolute, relative) in in_f32.chain(both) {
        let case = Case::new(dtype, shape, &PROMPTS);
        let found = schedules(dtype, |dev| case.run(dev));
        close("card", &found, &case.expected(), absolute, relative);
    }
}

#[test]
fn a_prompt_on_a_card_sees_what_came_before_each_token() {
    for (dtype, absolute) in [(Dtype::F32, 2e-6), (Dtype::Bf16, 6e-3)] {
        for shape in [shape(3, 1, 64), shape(2, 2, 128)] {
            let case = Case::prefill(dtype, shape, 70);
            let found = schedules(dtype, |dev| case.run(dev));
            close("card", &found, &case.expected(), absolute, 4e-3 * f64::from(absolute > 1e-3));
        }
    }
}

#[test]
fn on_a_card_what_points_nowhere_is_nan_and_harms_no_other() {
    for (dtype, head_dim) in [(Dtype::F32, 64), (Dtype::Bf16, 64), (Dtype::Bf16, 8)] {
        let spoilers: [fn(&mut Case); 4] = [
            |case| case.rows[0].tail = u32::MAX,
            |case| case.rows[0].tail_len = u32::MAX,
            |case| case.table[case.rows[0].tail as usize] = 1 << 20,
            |case| (case.rows[0].prefix_len, case.rows[0].tail_len) = (0, 0),
        ];
        for spoil in spoilers {
            let mut case = Case::new(dtype, shape(2, 1, head_dim), &[(40, &[9, 50])]);
            let dev = emulated(SCHEDULES[0], dtype);
            let good = case.run(&dev);
            spoil(&mut case);
            // A place that is not there is not written.
            case.slots.push(u32::MAX);
            case.stored.extend(vec![1.0; case.shape.row()]);
            let bad = case.run(&dev);
            let width = 2 * head_dim;
            assert!(bad[..width].iter().all(|v| v.is_nan()), "{:?}", &bad[..width]);
            assert_eq!(bad[width..], good[width..]);
        }
    }
}

#[test]
fn cards_refuse_what_they_cannot_do() {
    let dev = emulated(SCHEDULES[0], Dtype::Bf16);
    let odd = shape(1, 1, 258);
    let keys = dev.zeros(Dtype::Bf16, size(1, odd)).unwrap();
    let (table, rows) = (ids(&dev, &[0]), ids(&dev, &[0, 1, 0, 0, 9]));
    let qkv = dev.zeros(Dtype::Bf16, odd.row()).unwrap();
    let mut out = dev.zeros(Dtype::Bf16, 258).unwrap();
    let mut call = |rows: View, keys: View| {
        let cache = Cache { keys, values: keys, table: table.view(), rows };
        attention(&dev, out.view_mut(), qkv.view(), cache, odd, SCALE)
    };
    assert!(call(rows.part(0..4), keys.view()).is_err(), "a head of 258");
    assert!(call(rows.part(1..5), keys.view()).is_err(), "rows that are not aligned");
    assert!(call(rows.view(), keys.view()).is_err(), "five words");
    let here = vec![0.0; size(1, odd)];
    assert!(call(rows.part(0..4), View::F32(&here)).is_err(), "keys on the host");
}
