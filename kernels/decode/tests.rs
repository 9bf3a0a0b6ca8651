//! Attention over kept tokens against a plain f64 version that knows no blocks.

use super::*;

const SHAPE: Shape = Shape { heads: 6, kv_heads: 2, head_dim: 40 };
const SCALE: f32 = 0.3;

/// Numbers between −1 and 1 that look random.
fn noise(len: usize, seed: u64) -> Vec<f32> {
    let place = |i: usize| crate::philox::Place { seed, prompt: i as u64, sample: 0, position: 0 };
    (0..len).map(|i| (place(i).uniform() * 2.0 - 1.0) as f32).collect()
}

struct Case {
    keys: Vec<f32>,
    values: Vec<f32>,
    table: Vec<u32>,
    rows: Vec<Row>,
    /// The tokens of each sequence, as rows of qkv.
    history: Vec<Vec<Vec<f32>>>,
    qkv: Vec<f32>,
}

/// Two prompts of 70 and 5 tokens; of the first five samples with tails of 1 to 33 tokens, of the
/// second one that has just the prompt and one with a tail. Blocks lie in disorder.
fn case() -> Case {
    let blocks = 24;
    let mut case = Case {
        keys: vec![f32::NAN; size(blocks, SHAPE)],
        values: vec![f32::NAN; size(blocks, SHAPE)],
        table: Vec::new(),
        rows: Vec::new(),
        history: Vec::new(),
        qkv: Vec::new(),
    };
    let mut free: Vec<u32> = (0..blocks as u32).map(|i| i * 7 % blocks as u32).collect();
    for (seed, prompt, tails) in [(1, 70, &[1usize, 3, 32, 33, 2][..]), (2, 5, &[0, 4])] {
        let (prefix, tokens) = case.write(prompt, seed, &mut free);
        for (at, &len) in tails.iter().enumerate() {
            let (tail, own) = case.write(len, 100 * seed + at as u64, &mut free);
            let (prefix_len, tail_len) = (prompt as u32, len as u32);
            case.rows.push(Row { prefix, prefix_len, tail, tail_len });
            case.history.push([&tokens[..], &own].concat());
        }
    }
    case.qkv = noise(case.rows.len() * SHAPE.row(), 9);
    case
}

impl Case {
    /// Keeps so many random tokens in free blocks.
    fn write(&mut self, len: usize, seed: u64, free: &mut Vec<u32>) -> (u32, Vec<Vec<f32>>) {
        let start = self.table.len();
        self.table.extend(free.drain(..len.div_ceil(BLOCK)));
        let qkv = noise(len * SHAPE.row(), seed);
        let slot = |t: usize| self.table[start + t / BLOCK] * BLOCK as u32 + (t % BLOCK) as u32;
        let slots: Vec<u32> = (0..len).map(slot).collect();
        store(
            &Device::cpu(1).unwrap(),
            ViewMut::F32(&mut self.keys),
            ViewMut::F32(&mut self.values),
            View::F32(&qkv),
            View::U32(&slots),
            SHAPE,
        )
        .unwrap();
        (start as u32, qkv.chunks(SHAPE.row()).map(<[f32]>::to_vec).collect())
    }

    fn run(&self, threads: usize, rows: std::ops::Range<usize>) -> Vec<f32> {
        let words: Vec<u32> = self.rows[rows.clone()].iter().flat_map(|row| row.words()).collect();
        let mut out = vec![0.0; rows.len() * SHAPE.heads * SHAPE.head_dim];
        attention(
            &Device::cpu(threads).unwrap(),
            ViewMut::F32(&mut out),
            View::F32(&self.qkv[rows.start * SHAPE.row()..rows.end * SHAPE.row()]),
            Cache {
                keys: View::F32(&self.keys),
                values: View::F32(&self.values),
                table: View::U32(&self.table),
                rows: View::U32(&words),
            },
            SHAPE,
            SCALE,
        )
        .unwrap();
        out
    }
}

/// softmax(scale · q·Kᵀ) · V of one row and head.
fn reference(query: &[f32], history: &[Vec<f32>], head: usize) -> Vec<f64> {
    let Shape { heads, kv_heads, head_dim } = SHAPE;
    let kv = head / (heads / kv_heads);
    let dot = |token: &Vec<f32>| -> f64 {
        let key = &token[(heads + kv) * head_dim..][..head_dim];
        query.iter().zip(key).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let weights: Vec<f64> = history.iter().map(|t| (f64::from(SCALE) * dot(t)).exp()).collect();
    let total: f64 = weights.iter().sum();
    (0..head_dim)
        .map(|d| {
            let at = (heads + kv_heads + kv) * head_dim + d;
            let sum: f64 = history.iter().zip(&weights).map(|(t, w)| f64::from(t[at]) * w).sum();
            sum / total
        })
        .collect()
}

#[test]
fn parity() {
    let case = case();
    let out = case.run(2, 0..case.rows.len());
    let Shape { heads, head_dim, .. } = SHAPE;
    for (at, history) in case.history.iter().enumerate() {
        for head in 0..heads {
            let query = &case.qkv[at * SHAPE.row() + head * head_dim..][..head_dim];
            let ours = &out[(at * heads + head) * head_dim..][..head_dim];
            for (ours, exact) in ours.iter().zip(reference(query, history, head)) {
                assert!((f64::from(*ours) - exact).abs() < 1e-6, "row {at}: {ours} {exact}");
            }
        }
    }
}

#[test]
fn a_row_has_the_same_bits_alone_and_among_others() {
    let case = case();
    let width = SHAPE.heads * SHAPE.head_dim;
    let all = case.run(1, 0..case.rows.len());
    for threads in [1, 2, 3] {
        assert_eq!(all, case.run(threads, 0..case.rows.len()));
        for at in 0..case.rows.len() {
            assert_eq!(all[at * width..][..width], case.run(threads, at..at + 1));
        }
    }
}

#[test]
fn a_prompt_sees_what_came_before_each_token() {
    // Rows of one prompt, each a token longer than the one before.
    let mut case = case();
    case.rows = (1..=70).map(|n| Row { prefix: 0, prefix_len: n, tail: 0, tail_len: 0 }).collect();
    case.qkv = noise(70 * SHAPE.row(), 4);
    let width = SHAPE.heads * SHAPE.head_dim;
    let all = case.run(3, 0..70);
    for at in [0, 30, 31, 32, 33, 69] {
        assert_eq!(all[at * width..][..width], case.run(1, at..at + 1), "token {at}");
        let query = &case.qkv[at * SHAPE.row()..][..SHAPE.head_dim];
        let exact = reference(query, &case.history[0][..at + 1], 0);
        let ours = &all[at * width..];
        assert!(exact.iter().zip(ours).all(|(e, o)| (e - f64::from(*o)).abs() < 1e-6));
    }
}

#[test]
fn bf16_is_the_same_on_rounded_keys_and_values() {
    let mut case = case();
    let round = |values: &[f32]| values.iter().map(|v| bf16::from_f32(*v)).collect::<Vec<_>>();
    let (keys, values) = (round(&case.keys), round(&case.values));
    let words: Vec<u32> = case.rows.iter().flat_map(|row| row.words()).collect();
    let mut out = vec![0.0; case.rows.len() * SHAPE.heads * SHAPE.head_dim];
    let cache = Cache {
        keys: View::Bf16(&keys),
        values: View::Bf16(&values),
        table: View::U32(&case.table),
        rows: View::U32(&words),
    };
    let dev = Device::cpu(2).unwrap();
    attention(&dev, ViewMut::F32(&mut out), View::F32(&case.qkv), cache, SHAPE, SCALE).unwrap();
    case.keys = keys.iter().map(|v| v.to_f32()).collect();
    case.values = values.iter().map(|v| v.to_f32()).collect();
    assert_eq!(out, case.run(1, 0..case.rows.len()));
}

#[test]
fn what_points_nowhere_is_refused() {
    let good = case();
    let refused = |case: &Case| {
        let words: Vec<u32> = case.rows.iter().flat_map(|row| row.words()).collect();
        let cache = Cache {
            keys: View::F32(&case.keys),
            values: View::F32(&case.values),
            table: View::U32(&case.table),
            rows: View::U32(&words),
        };
        let mut out = vec![0.0; case.rows.len() * SHAPE.heads * SHAPE.head_dim];
        let dev = Device::cpu(1).unwrap();
        attention(&dev, ViewMut::F32(&mut out), View::F32(&case.qkv), cache, SHAPE, SCALE).is_err()
    };
    assert!(!refused(&good));
    let bad: [fn(&mut Case); 6] = [
        |case| case.table[0] = 24,
        |case| case.rows[0].prefix = u32::MAX,
        |case| case.rows[0].tail_len = u32::MAX,
        |case| (case.rows[0].prefix_len, case.rows[0].tail_len) = (0, 0),
        |case| _ = case.qkv.pop(),
        |case| _ = case.values.pop(),
    ];
    for (at, spoil) in bad.iter().enumerate() {
        let mut case = case();
        spoil(&mut case);
        assert!(refused(&case), "case {at}");
    }
    let mut case = case();
    let qkv = noise(SHAPE.row(), 1);
    let keys = ViewMut::F32(&mut case.keys);
    let values = ViewMut::F32(&mut case.values);
    let dev = Device::cpu(1).unwrap();
    let slots = [24 * BLOCK as u32];
    assert!(store(&dev, keys, values, View::F32(&qkv), View::U32(&slots), SHAPE).is_err());
}
