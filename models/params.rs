//! Parameters: one flat buffer and the map of it, with Hugging Face's names and shapes.
//!
//! Tensors that are multiplied with the same input lie next to each other (queries, keys and
//! values; gate and up), so that one product serves them.

use std::ops::Range;

use heedful_kernels::{Device, Dtype, Tensor, View};

use crate::checkpoint::Checkpoint;
use crate::config::Config;
use crate::counter::Counter;
use crate::error::{Error, Result};

/// Layers at most: more is a lie.
const MAX_LAYERS: usize = 4096;

/// What the model ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// A distribution over the vocabulary.
    Language,
    /// Scores for so many labels, from the last token.
    Labels(usize),
}

/// Where each parameter lies in the flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// [C], after the last layer.
    pub final_norm: Range<usize>,
    /// [V, C].
    pub embedding: Range<usize>,
    /// [V, C], of a language model whose head is not its embedding.
    pub lm_head: Option<Range<usize>>,
    /// [N, C], of a classifier.
    pub score: Option<Range<usize>>,
    /// Every tensor by its published name, in the order of the buffer, without gaps.
    pub tensors: Vec<Entry>,
}

/// Where the parameters of a layer lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// [C], before attention.
    pub input_norm: Range<usize>,
    /// [W, C], W = (heads + 2 kv_heads) × head_dim: queries, keys, values.
    pub qkv: Range<usize>,
    /// [W].
    pub qkv_bias: Option<Range<usize>>,
    /// [D], of each query head.
    pub q_norm: Option<Range<usize>>,
    /// [D], of each key head; right after `q_norm`.
    pub k_norm: Option<Range<usize>>,
    /// [C, heads × D].
    pub o: Range<usize>,
    /// [C], before the feed-forward layer.
    pub post_norm: Range<usize>,
    /// [2F, C]: gate, up.
    pub gate_up: Range<usize>,
    /// [C, F].
    pub down: Range<usize>,
}

/// A tensor as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Hugging Face's name.
    pub name: String,
    /// Its shape, row-major.
    pub shape: Vec<usize>,
    /// Where it lies.
    pub range: Range<usize>,
}

impl Layout {
    /// The map for a model of this shape.
    ///
    /// # Errors
    /// A dimension of zero, or one so large that the count of parameters overflows.
    pub fn new(config: &Config, head: Head) -> Result<Layout> {
        let sizes = [config.vocab, config.width, config.heads, config.kv_heads];
        let sizes = [&sizes[..], &[config.layers, config.head_dim, config.ffn]].concat();
        if sizes.contains(&0) || head == Head::Labels(0) || config.layers > MAX_LAYERS {
            return Err(Error::argument(format!("a model of sizes {sizes:?} cannot be")));
        }
        let mut put = Put { at: 0, tensors: Vec::new() };
        let layers = (0..config.layers).map(|layer| Layer::new(config, layer, &mut put));
        let layers = layers.collect::<Result<_>>()?;
        let (vocab, width) = (config.vocab, config.width);
        let final_norm = put.tensor("model.norm.weight".into(), &[width])?;
        let embedding = put.tensor("model.embed_tokens.weight".into(), &[vocab, width])?;
        let (lm_head, score) = match head {
            Head::Language if config.tied => (None, None),
            Head::Language => (Some(put.tensor("lm_head.weight".into(), &[vocab, width])?), None),
            Head::Labels(n) => (None, Some(put.tensor("score.weight".into(), &[n, width])?)),
        };
        Ok(Layout { layers, final_norm, embedding, lm_head, score, tensors: put.tensors })
    }

    /// How many parameters there are.
    pub fn len(&self) -> usize {
        self.tensors.last().map_or(0, |last| last.range.end)
    }

    /// Whether there are none; never so.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies the tensor of this name out of a flat buffer.
    ///
    /// # Errors
    /// No such tensor, or another number of values.
    pub fn read(&self, params: View<'_>, name: &str, out: &mut [f32]) -> Result<()> {
        let entry = self.tensors.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| Error::argument(format!("no tensor {name}")))?;
        let (found, wanted) = (entry.range.len(), out.len());
        if found != wanted || params.len() != self.len() {
            let problem = format!("{name} has {found} values, not {wanted}");
            return Err(Error::argument(problem));
        }
        out.copy_from_slice(params.slice(entry.range.clone()).f32()?);
        Ok(())
    }

    /// What the logits are made with: the head, or the embedding where they are one.
    pub fn output(&self) -> Range<usize> {
        self.lm_head.clone().unwrap_or_else(|| self.embedding.clone())
    }
}

impl Layer {
    fn new(config: &Config, layer: usize, put: &mut Put) -> Result<Layer> {
        let c = config.width;
        let heads = |count: usize| product(&[count, config.head_dim]);
        let (q, kv) = (heads(config.heads)?, heads(config.kv_heads)?);
        let name = |rest: &str| format!("model.layers.{layer}.{rest}");
        let norm = |rest: &str| name(&format!("{rest}.weight"));
        let three = [("q", q), ("k", kv), ("v", kv)];
        let input_norm = put.tensor(norm("input_layernorm"), &[c])?;
        let start = put.at;
        for (letter, rows) in three {
            put.tensor(name(&format!("self_attn.{letter}_proj.weight")), &[rows, c])?;
        }
        let qkv = start..put.at;
        if config.qkv_bias {
            for (letter, rows) in three {
                put.tensor(name(&format!("self_attn.{letter}_proj.bias")), &[rows])?;
            }
        }
        let qkv_bias = config.qkv_bias.then_some(qkv.end..put.at);
        let (mut q_norm, mut k_norm) = (None, None);
        if config.qk_norm {
            q_norm = Some(put.tensor(norm("self_attn.q_norm"), &[config.head_dim])?);
            k_norm = Some(put.tensor(norm("self_attn.k_norm"), &[config.head_dim])?);
        }
        let o = put.tensor(norm("self_attn.o_proj"), &[c, q])?;
        let post_norm = put.tensor(norm("post_attention_layernorm"), &[c])?;
        let gate = put.tensor(norm("mlp.gate_proj"), &[config.ffn, c])?;
        let up = put.tensor(norm("mlp.up_proj"), &[config.ffn, c])?;
        let gate_up = gate.start..up.end;
        let down = put.tensor(norm("mlp.down_proj"), &[c, config.ffn])?;
        Ok(Layer { input_norm, qkv, qkv_bias, q_norm, k_norm, o, post_norm, gate_up, down })
    }
}

/// Lays tensors one after the other.
struct Put {
    at: usize,
    tensors: Vec<Entry>,
}

impl Put {
    fn tensor(&mut self, name: String, shape: &[usize]) -> Result<Range<usize>> {
        let end = product(shape)?.checked_add(self.at);
        // A sixteenth of what can be addressed: bytes of it and of its optimizer state fit too.
        let end = end.filter(|&end| end < usize::MAX / 64);
        let end = end.ok_or_else(|| Error::argument(format!("{name}: too many parameters")))?;
        let range = self.at..end;
        self.at = end;
        self.tensors.push(Entry { name, shape: shape.to_vec(), range: range.clone() });
        Ok(range)
    }
}

fn product(shape: &[usize]) -> Result<usize> {
    let product = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
    product.ok_or_else(|| Error::argument(format!("a tensor of shape {shape:?} is too large")))
}

/// The parameters of a checkpoint as one flat f32 buffer. A classifier's `score` that the
/// checkpoint lacks is drawn as in [`random`].
///
/// # Errors
/// A tensor that is missing or has another shape, told before anything is allocated; one that
/// cannot be read.
pub fn load(device: &Device, from: &Checkpoint, layout: &Layout, seed: u64) -> Result<Tensor> {
    for entry in &layout.tensors {
        match from.shape(&entry.name) {
            Some(shape) if *shape == *entry.shape => {}
            Some(shape) => {
                let Entry { name, shape: wanted, .. } = entry;
                let problem = format!("{name} has shape {shape:?}, not {wanted:?}");
                return Err(Error::file(from.path(), problem));
            }
            None if Some(&entry.range) == layout.score.as_ref() => {}
            None => return Err(Error::file(from.path(), format!("no tensor {}", entry.name))),
        }
    }
    let mut values = device.zeros(Dtype::F32, layout.len());
    let flat = values.view_mut().f32()?;
    for entry in &layout.tensors {
        let part = &mut flat[entry.range.clone()];
        if from.has(&entry.name) {
            from.read_f32(&entry.name, part)?;
        } else {
            draw(entry, layout.layers.len(), seed, part);
        }
    }
    Ok(values)
}

/// Fresh parameters: norms 1, biases 0, all else uniform with standard deviation 0.02, divided by
/// √(2 layers) where a layer adds to the residual stream (GPT-2, section 2.3). Uniform, since
/// then the bits depend on no library.
pub fn random(device: &Device, layout: &Layout, seed: u64) -> Result<Tensor> {
    let mut values = device.zeros(Dtype::F32, layout.len());
    let flat = values.view_mut().f32()?;
    for entry in &layout.tensors {
        draw(entry, layout.layers.len(), seed, &mut flat[entry.range.clone()]);
    }
    Ok(values)
}

fn draw(entry: &Entry, layers: usize, seed: u64, values: &mut [f32]) {
    if entry.name.ends_with("norm.weight") {
        return values.fill(1.0);
    }
    if entry.name.ends_with("bias") {
        return values.fill(0.0);
    }
    let residual = entry.name.ends_with("o_proj.weight") || entry.name.ends_with("down_proj.weight");
    let deviation = if residual { 0.02 / (2.0 * layers as f64).sqrt() } else { 0.02 };
    let reach = (deviation * 3.0f64.sqrt()) as f32;
    let counter = Counter::named(&entry.name).split(seed);
    for (at, value) in values.iter_mut().enumerate() {
        *value = reach * counter.uniform(at as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Family, RopeScaling};

    fn config() -> Config {
        Config {
            family: Family::Qwen3,
            vocab: 11,
            width: 8,
            layers: 2,
            heads: 4,
            kv_heads: 2,
            head_dim: 6,
            ffn: 10,
            context: 32,
            norm_eps: 1e-6,
            rope_theta: 1e4,
            rope_scaling: RopeScaling::None,
            qkv_bias: true,
            qk_norm: true,
            tied: false,
            bos: None,
            eos: vec![1],
            pad: None,
        }
    }

    #[test]
    fn tensors_fill_the_buffer_without_gaps() {
        let layout = Layout::new(&config(), Head::Language).unwrap();
        let mut at = 0;
        for entry in &layout.tensors {
            assert_eq!(entry.range.start, at, "{}", entry.name);
            at += entry.shape.iter().product::<usize>();
            assert_eq!(entry.range.end, at, "{}", entry.name);
        }
        let layer = 8 + 48 * 8 + 48 + 6 + 6 + 8 * 24 + 8 + 20 * 8 + 8 * 10;
        assert_eq!(layout.len(), 2 * layer + 8 + 2 * 88);
        assert_eq!(layout.layers[1].qkv.len(), 48 * 8);
        assert_eq!(layout.layers[1].qkv_bias.as_ref().unwrap().len(), 48);
        assert_eq!(layout.output().len(), 88);
        assert_eq!(layout.tensors.len(), 2 * 14 + 3);
    }

    #[test]
    fn what_the_head_is_decides_the_last_tensors() {
        let tied = Config { tied: true, ..config() };
        let layout = Layout::new(&tied, Head::Language).unwrap();
        assert_eq!(layout.output(), layout.embedding);
        let layout = Layout::new(&config(), Head::Labels(2)).unwrap();
        assert_eq!((layout.lm_head, layout.score.unwrap().len()), (None, 16));
    }

    #[test]
    fn sizes_that_lie_are_refused() {
        let huge = 1 << 60;
        let cases = [
            Config { vocab: huge, ..config() },
            Config { layers: huge, ..config() },
            Config { heads: huge, head_dim: huge, ..config() },
            Config { ffn: usize::MAX, ..config() },
            Config { width: 0, ..config() },
        ];
        for case in cases {
            assert!(Layout::new(&case, Head::Language).is_err(), "{case:?}");
        }
        assert!(Layout::new(&config(), Head::Labels(0)).is_err());
    }

    #[test]
    fn fresh_parameters_depend_on_the_seed_and_on_nothing_else() {
        let device = Device::cpu(1).unwrap();
        let layout = Layout::new(&config(), Head::Language).unwrap();
        let values = |seed| random(&device, &layout, seed).unwrap().view().f32().unwrap().to_vec();
        assert_eq!(values(1), values(1));
        assert_ne!(values(1), values(2));
        let values = values(3);
        assert!(values[layout.final_norm.clone()].iter().all(|&v| v == 1.0));
        let embedding = &values[layout.embedding.clone()];
        let square = embedding.iter().map(|v| v * v).sum::<f32>() / embedding.len() as f32;
        assert!((0.015..0.025).contains(&square.sqrt()), "{square}");
    }
}
