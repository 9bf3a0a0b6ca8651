//! Attention on emulated cards, and prefixes on every device, against double precision.

use super::*;
use crate::gpu::testing::{ids, near, schedules, tensor, values_of};
use crate::tensor::Dtype;
use crate::testing::{close, device, same_on_any_threads, values, wide};

struct Case {
    shape: Shape,
    starts: Vec<u32>,
    prefixes: Option<Vec<u32>>,
    scale: f32,
    qkv: Vec<f32>,
    dout: Vec<f32>,
}

impl Case {
    fn new(dtype: Dtype, (heads, kv_heads, head_dim): (usize, usize, usize), lens: &[u32]) -> Case {
        let shape = Shape { heads, kv_heads, head_dim };
        let mut starts = vec![0];
        lens.iter().for_each(|n| starts.push(starts[starts.len() - 1] + n));
        let tokens = starts[starts.len() - 1] as usize;
        let qkv: Vec<f32> = values(1, tokens * shape.row()).iter().map(|v| v * 2.0).collect();
        let dout = near(dtype, &values(2, tokens * heads * head_dim));
        let scale = 1.0 / (head_dim as f32).sqrt();
        Case { shape, starts, prefixes: None, scale, qkv: near(dtype, &qkv), dout }
    }

    /// First token and length for each sequence.
    fn behind(mut self, prefixes: &[[u32; 2]]) -> Case {
        assert_eq!(prefixes.len() + 1, self.starts.len());
        self.prefixes = Some(prefixes.concat());
        self
    }

    fn tokens(&self) -> usize {
        self.starts[self.starts.len() - 1] as usize
    }

    /// The keys that a token of a sequence sees.
    fn seen(&self, sequence: usize, token: usize) -> Vec<usize> {
        let prefix =
            self.prefixes.as_ref().map_or([0, 0], |p| [p[2 * sequence], p[2 * sequence + 1]]);
        let prefix = prefix[0] as usize..(prefix[0] + prefix[1]) as usize;
        prefix.chain(self.starts[sequence] as usize..token + 1).collect()
    }

    /// out, lse and dqkv in double precision.
    fn reference(&self) -> [Vec<f64>; 3] {
        let Shape { heads, kv_heads, head_dim } = self.shape;
        let (row, qkv) = (self.shape.row(), wide(&self.qkv));
        let of = |token: usize, head: usize| token * row + head * head_dim;
        let dot = |a: &[f64], b: &[f64]| -> f64 {
            a[..head_dim].iter().zip(&b[..head_dim]).map(|(a, b)| a * b).sum()
        };
        let (mut out, mut lses, mut dqkv) = (Vec::new(), Vec::new(), vec![0.0; qkv.len()]);
        for (sequence, bounds) in self.starts.windows(2).enumerate() {
            for token in bounds[0] as usize..bounds[1] as usize {
                let seen = self.seen(sequence, token);
                for head in 0..heads {
                    let kv = head / (heads / kv_heads);
                    let key = |at: usize| of(at, heads + kv);
                    let value = |at: usize| of(at, heads + kv_heads + kv);
                    let q = of(token, head);
                    let scale = f64::from(self.scale);
                    let scores = seen.iter().map(|at| scale * dot(&qkv[q..], &qkv[key(*at)..]));
                    let scores: Vec<f64> = scores.collect();
                    let lse = scores.iter().map(|s| s.exp()).sum::<f64>().ln();
                    let weights: Vec<f64> = scores.iter().map(|s| (s - lse).exp()).collect();
                    let d = wide(&self.dout[(token * heads + head) * head_dim..][..head_dim]);
                    let o = (0..head_dim).map(|i| {
                        seen.iter().zip(&weights).map(|(at, w)| w * qkv[value(*at) + i]).sum()
                    });
                    let o: Vec<f64> = o.collect();
                    let delta = dot(&o, &d);
                    for (at, w) in seen.iter().zip(&weights) {
                        let slope = w * (dot(&d, &qkv[value(*at)..]) - delta) * scale;
                        for i in 0..head_dim {
                            dqkv[value(*at) + i] += w * d[i];
                            dqkv[key(*at) + i] += slope * qkv[q + i];
                            dqkv[q + i] += slope * qkv[key(*at) + i];
                        }
                    }
                    out.extend(o);
                    lses.push(lse);
                }
            }
        }
        [out, lses, dqkv]
    }

    /// out, lse and dqkv, one after the other.
    fn run(&self, dev: &Device) -> Vec<f32> {
        let dtype = dev.float();
        let (qkv, dout) = (tensor(dev, dtype, &self.qkv), tensor(dev, dtype, &self.dout));
        let starts = ids(dev, &self.starts);
        let prefixes = self.prefixes.as_ref().map(|values| ids(dev, values));
        let prefixes = prefixes.as_ref().map(|values| values.view());
        let segments = Segments { starts: starts.view(), prefixes };
        let rest = |len: usize| tensor(dev, dtype, &vec![9.0; len]);
        let (mut out, mut dqkv) = (rest(self.dout.len()), rest(self.qkv.len()));
        let count = self.tokens() * self.shape.heads;
        let [mut lse, mut delta] = [0, 1].map(|_| dev.zeros(Dtype::F32, count).unwrap());
        let outputs = (out.view_mut(), lse.view_mut());
        forward(dev, outputs.0, outputs.1, qkv.view(), segments, self.shape, self.scale).unwrap();
        backward(
            dev,
            dqkv.view_mut(),
            delta.view_mut(),
            dout.view(),
            out.view(),
            lse.view(),
            qkv.view(),
            segments,
            self.shape,
            self.scale,
        )
        .unwrap();
        [out, lse, dqkv].map(|tensor| values_of(dev, &tensor)).concat()
    }

    #[track_caller]
    fn compare(&self, found: &[f32], off: [f64; 3]) {
        let mut found = found;
        for ((expected, name), off) in self.reference().iter().zip(["out", "lse", "dqkv"]).zip(off)
        {
            let part = found.split_off(..expected.len()).unwrap();
            close(&format!("{name}, {:?}", self.shape), part, expected, off, off);
        }
    }

    #[track_caller]
    fn on_cards(&self, dtype: Dtype) {
        let off = if dtype == Dtype::F32 { [1e-5, 1e-5, 2e-5] } else { [1e-2, 1e-3, 2e-2] };
        self.compare(&schedules(dtype, |dev| self.run(dev)), off);
    }
}

const RAGGED: [u32; 9] = [1, 2, 15, 16, 17, 63, 64, 65, 130];

#[test]
fn tiles_of_64() {
    Case::new(Dtype::Bf16, (3, 1, 64), &RAGGED).on_cards(Dtype::Bf16);
    Case::new(Dtype::Bf16, (4, 1, 64), &[130, 0, 0, 65, 0, 1]).on_cards(Dtype::Bf16);
}

#[test]
fn tiles_of_96() {
    Case::new(Dtype::Bf16, (1, 1, 96), &RAGGED).on_cards(Dtype::Bf16);
}

#[test]
fn tiles_of_128() {
    Case::new(Dtype::Bf16, (4, 1, 128), &[63, 1, 130, 2, 17]).on_cards(Dtype::Bf16);
    Case::new(Dtype::Bf16, (2, 2, 128), &RAGGED).on_cards(Dtype::Bf16);
}

/// Several heads of keys, each of several heads of queries: which belong together matters.
#[test]
fn groups_of_heads() {
    Case::new(Dtype::Bf16, (6, 2, 64), &[17, 1, 66]).on_cards(Dtype::Bf16);
    Case::new(Dtype::Bf16, (4, 2, 128), &[40]).on_cards(Dtype::Bf16);
    Case::new(Dtype::Bf16, (6, 2, 10), &[35]).on_cards(Dtype::Bf16);
}

#[test]
fn any_head() {
    for dtype in [Dtype::F32, Dtype::Bf16] {
        Case::new(dtype, (3, 1, 32), &RAGGED).on_cards(dtype);
        Case::new(dtype, (4, 1, 7), &[0, 5, 33, 0]).on_cards(dtype);
        Case::new(dtype, (2, 2, 250), &[3, 35]).on_cards(dtype);
    }
    Case::new(Dtype::F32, (4, 2, 64), &[66, 1]).on_cards(Dtype::F32);
    // The tiles take positive scales alone.
    let mut turned = Case::new(Dtype::Bf16, (1, 1, 64), &[40]);
    turned.scale *= -1.0;
    turned.on_cards(Dtype::Bf16);
}

/// Prompts and their completions; a part of a prompt; a prefix across two sequences.
fn shared(dtype: Dtype, shape: (usize, usize, usize)) -> Case {
    Case::new(dtype, shape, &[70, 33, 1, 64, 0, 129, 5, 66, 3, 2]).behind(&[
        [0, 0],
        [0, 70],
        [0, 70],
        [0, 70],
        [9, 3],
        [0, 0],
        [168, 129],
        [168, 129],
        [168, 64],
        [60, 50],
    ])
}

#[test]
fn prefixes_on_tiles() {
    shared(Dtype::Bf16, (2, 1, 64)).on_cards(Dtype::Bf16);
    shared(Dtype::Bf16, (1, 1, 128)).on_cards(Dtype::Bf16);
}

#[test]
fn prefixes_of_any_head() {
    shared(Dtype::F32, (2, 1, 16)).on_cards(Dtype::F32);
    // More sequences than the lanes of a warp, all behind the first.
    let mut prefixes = vec![[0, 20]; 45];
    prefixes[0] = [0, 0];
    let lens: Vec<u32> = (0..45).map(|at| if at == 0 { 20 } else { at % 4 }).collect();
    for dtype in [Dtype::F32, Dtype::Bf16] {
        Case::new(dtype, (2, 1, 64), &lens).behind(&prefixes).on_cards(dtype);
    }
}

#[test]
fn prefixes_on_the_host() {
    for shape in [(4, 2, 20), (3, 1, 64), (1, 1, 3)] {
        let case = shared(Dtype::F32, shape);
        case.compare(&case.run(&device()), [2e-6, 2e-6, 2e-5]);
    }
    let case = shared(Dtype::F32, (4, 2, 20));
    same_on_any_threads(|dev| case.run(dev));
}

/// No prefixes, told in both ways.
#[test]
fn prefixes_of_nothing_change_nothing() {
    let case = Case::new(Dtype::F32, (4, 2, 24), &RAGGED);
    let alone = case.run(&device());
    let behind = case.behind(&[[0, 0]; 9]);
    assert_eq!(alone, behind.run(&device()));
}

/// A prompt that two completions share, against each with the prompt before it: outputs, and
/// gradients summed over the copies.
#[test]
fn a_shared_prompt_is_a_repeated_prompt() {
    let shape = (2, 1, 64);
    let (prompt, first, second) = (67, 30, 5);
    let starts = [prompt, first, second];
    let once = Case::new(Dtype::F32, shape, &starts).behind(&[[0, 0], [0, 67], [0, 67]]);
    let mut twice = Case::new(Dtype::F32, shape, &[prompt + first, prompt + second]);
    // Rows of `once` that the rows of `twice` are copies of.
    let (p, a, b) = (0..67, 67..97, 97..102);
    let rows: Vec<usize> = p.clone().chain(a).chain(p).chain(b).collect();
    let (row, out) = (once.shape.row(), once.shape.heads * once.shape.head_dim);
    twice.qkv = rows.iter().flat_map(|at| &once.qkv[at * row..][..row]).copied().collect();
    twice.dout = rows.iter().flat_map(|at| &once.dout[at * out..][..out]).copied().collect();
    twice.dout[97 * out..][..67 * out].fill(0.0);
    let (found, expected) = (once.run(&device()), twice.run(&device()));
    let (outs, rest) = expected.split_at(twice.dout.len());
    let dqkv = &rest[rows.len() * once.shape.heads..];
    let (mut out_once, mut dqkv_once) = (vec![0.0; once.dout.len()], vec![0.0; once.qkv.len()]);
    for (copy, at) in rows.iter().enumerate() {
        let from = &outs[copy * out..][..out];
        out_once[at * out..][..out].copy_from_slice(&wide(from));
        let to = dqkv_once[at * row..][..row].iter_mut();
        to.zip(&dqkv[copy * row..][..row]).for_each(|(to, v)| *to += f64::from(*v));
    }
    close("out", &found[..out_once.len()], &out_once, 2e-6, 2e-6);
    close("dqkv", &found[found.len() - dqkv_once.len()..], &dqkv_once, 1e-5, 1e-5);
}

#[test]
fn bad_prefixes_are_refused() {
    let case = Case::new(Dtype::F32, (2, 1, 4), &[3, 2]);
    let call = |prefixes: &[u32]| {
        let (mut out, mut lse) = (vec![0.0; 40], vec![0.0; 10]);
        let outputs = (ViewMut::F32(&mut out), ViewMut::F32(&mut lse));
        let prefixes = Some(View::U32(prefixes));
        let segments = Segments { starts: View::U32(&case.starts), prefixes };
        let qkv = View::F32(&case.qkv);
        forward(&device(), outputs.0, outputs.1, qkv, segments, case.shape, 1.0)
    };
    assert!(call(&[0, 0, 0, 3]).is_ok());
    assert_eq!(
        call(&[0, 0, 1, 3]).unwrap_err().to_string(),
        "attention: the prefix of sequence 1, 3 tokens from 1 on, does not end before the \
         sequence, which begins at 3"
    );
    assert!(call(&[0, 1, 0, 0]).is_err());
    assert!(call(&[0, 0, u32::MAX, u32::MAX]).is_err());
    assert!(call(&[0, 0]).is_err());
}

#[test]
fn a_card_refuses_what_it_cannot_do() {
    let dev = crate::gpu::testing::emulated(crate::gpu::testing::Schedule::Greedy, Dtype::F32);
    let call = |width: usize, starts: &[u32], prefixes: Option<&[u32]>| {
        let [mut out, qkv] = [width, 3 * width].map(|len| dev.zeros(Dtype::F32, len).unwrap());
        let mut lse = dev.zeros(Dtype::F32, 1).unwrap();
        let starts = ids(&dev, starts);
        let prefixes = prefixes.map(|values| ids(&dev, values));
        let prefixes = prefixes.as_ref().map(|values| values.view());
        let segments = Segments { starts: starts.view(), prefixes };
        let shape = Shape { heads: 1, kv_heads: 1, head_dim: width };
        forward(&dev, out.view_mut(), lse.view_mut(), qkv.view(), segments, shape, 1.0)
    };
    assert!(call(256, &[0, 1], Some(&[0, 0])).is_ok());
    assert!(call(258, &[0, 1], None).unwrap_err().to_string().contains("width 258"));
    assert!(call(8, &[0], None).is_err());
    assert!(call(8, &[0, 1], Some(&[0, 0, 0])).is_err());
}
