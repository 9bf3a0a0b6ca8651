//! Parameters: one flat buffer and the map of it, with Hugging Face's names and shapes.
//!
//! Tensors that are multiplied with the same input lie next to each other (queries, keys and
//! values; gate and up), so that one product serves them.

use std::ops::Range;

use heedful_kernels::{Device, Dtype, Tensor, View, ViewMut, adamw8, copy};

use crate::checkpoint::Checkpoint;
use crate::config::{Config, Head};
use crate::counter::Counter;
use crate::error::{Error, Result};
use crate::names;
use crate::optimizer::States;

/// Where each parameter lies in the flat buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// `[C]`, after the last layer.
    pub final_norm: Range<usize>,
    /// `[V, C]`.
    pub embedding: Range<usize>,
    /// `[V, C]`, of a language model whose head is not its embedding.
    pub lm_head: Option<Range<usize>>,
    /// `[N, C]`, of a classifier.
    pub score: Option<Range<usize>>,
    /// Every tensor by its published name, in the order of the buffer, without gaps.
    pub tensors: Vec<Entry>,
}

/// Where the parameters of a layer lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `[C]`, before attention.
    pub input_norm: Range<usize>,
    /// `[W, C]`, W = (heads + 2 kv_heads) × head_dim: queries, keys, values.
    pub qkv: Range<usize>,
    /// `[W]`.
    pub qkv_bias: Option<Range<usize>>,
    /// `[D]`, of each query head.
    pub q_norm: Option<Range<usize>>,
    /// `[D]`, of each key head; right after `q_norm`.
    pub k_norm: Option<Range<usize>>,
    /// [C, heads × D].
    pub o: Range<usize>,
    /// `[C]`, before the feed-forward layer.
    pub post_norm: Range<usize>,
    /// [2F, C]: gate, up.
    pub gate_up: Range<usize>,
    /// `[C, F]`.
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
    /// A shape that cannot be, a classifier without labels.
    pub fn new(config: &Config, head: Head) -> Result<Layout> {
        config.check().map_err(Error::Argument)?;
        let labels = match head {
            Head::Lm => None,
            Head::Score(0) => return Err(Error::argument("a classifier without labels")),
            Head::Score(labels) => Some(labels),
        };
        let mut at = 0;
        let lay = |(name, shape): (String, Vec<usize>)| {
            let start = at;
            at += shape.iter().product::<usize>();
            Entry { name, shape, range: start..at }
        };
        let tensors: Vec<Entry> = names::all(config, labels).into_iter().map(lay).collect();
        let mut ranges = tensors.iter().map(|entry| entry.range.clone());
        let mut next = || ranges.next().expect("the names are those of this shape");
        let layers = (0..config.layers).map(|_| Layer::new(config, &mut next)).collect();
        let (final_norm, embedding) = (next(), next());
        let last = ranges.next();
        let (lm_head, score) = if labels.is_some() { (None, last) } else { (last, None) };
        Ok(Layout { layers, final_norm, embedding, lm_head, score, tensors })
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

    /// All that is multiplied with.
    pub fn matrices(&self) -> impl Iterator<Item = &Range<usize>> {
        let of = |layer| {
            let Layer { qkv, o, gate_up, down, .. }: &Layer = layer;
            [qkv, o, gate_up, down]
        };
        let ends = [Some(&self.embedding), self.lm_head.as_ref(), self.score.as_ref()];
        self.layers.iter().flat_map(of).chain(ends.into_iter().flatten())
    }

    /// What the logits are made with: the head, or the embedding where they are one.
    pub fn output(&self) -> Range<usize> {
        self.lm_head.clone().unwrap_or_else(|| self.embedding.clone())
    }
}

impl Layer {
    /// From the ranges of its tensors, in the order of [`names::all`].
    fn new(config: &Config, next: &mut impl FnMut() -> Range<usize>) -> Layer {
        let mut joined = |count: usize| {
            let first = next();
            let end = (1..count).map(|_| next().end).last();
            first.start..end.unwrap_or(first.end)
        };
        Layer {
            input_norm: joined(1),
            qkv: joined(3),
            qkv_bias: config.qkv_bias.then(|| joined(3)),
            q_norm: config.qk_norm.then(|| joined(1)),
            k_norm: config.qk_norm.then(|| joined(1)),
            o: joined(1),
            post_norm: joined(1),
            gate_up: joined(2),
            down: joined(1),
        }
    }
}

/// Parameters that a training begins with.
#[derive(Debug)]
pub enum Initial {
    /// f32.
    Whole(Tensor),
    /// In 24 bits, as [`adamw8::split`] cuts them.
    Split {
        /// `[N]` bf16.
        weights: Tensor,
        /// `[N]` u8: what they have beyond.
        residual: Tensor,
    },
}

impl From<Tensor> for Initial {
    fn from(whole: Tensor) -> Initial {
        Initial::Whole(whole)
    }
}

/// The parameters of a checkpoint for a training that keeps these states. Where they are 8 bits,
/// tensors are cut one by one on the host: the card never holds them in f32.
///
/// # Errors
/// As [`load`]; states that the device cannot keep.
pub fn load_for(
    device: &Device,
    from: &Checkpoint,
    layout: &Layout,
    seed: u64,
    states: States,
) -> Result<Initial> {
    states.check(device)?;
    if states == States::Full {
        return Ok(Initial::Whole(load(device, from, layout, seed)?));
    }
    check(from, layout)?;
    let mut weights = device.zeros(Dtype::Bf16, layout.len())?;
    let mut residual = device.zeros(Dtype::U8, layout.len())?;
    let mut one = Vec::new();
    for entry in &layout.tensors {
        one.resize(entry.range.len(), 0.0);
        read(from, layout, seed, entry, &mut one)?;
        let (to, beyond) = (entry.range.clone(), entry.range.clone());
        split(device, weights.part_mut(to), residual.part_mut(beyond), &one)?;
    }
    Ok(Initial::Split { weights, residual })
}

/// Writes values as bf16 and the byte beyond each.
///
/// # Errors
/// Other lengths or types; of the driver.
pub(crate) fn split(
    device: &Device,
    weights: ViewMut<'_>,
    residual: ViewMut<'_>,
    values: &[f32],
) -> Result<()> {
    let cut = || values.iter().map(|value| adamw8::split(*value));
    let high: Vec<u8> = cut().flat_map(|(weight, _)| weight.to_le_bytes()).collect();
    copy::set_bytes(device, weights, &high)?;
    let low: Vec<u8> = cut().map(|(_, beyond)| beyond).collect();
    Ok(copy::set_bytes(device, residual, &low)?)
}

/// The parameters of a checkpoint as one flat f32 buffer. A classifier's `score` that the
/// checkpoint lacks is drawn as in [`random`].
///
/// # Errors
/// A tensor that is missing or has another shape, told before anything is allocated; one that
/// cannot be read.
pub fn load(device: &Device, from: &Checkpoint, layout: &Layout, seed: u64) -> Result<Tensor> {
    load_as(device, Dtype::F32, from, layout, seed)
}

/// The same in the type that the device keeps weights in: for passes that do not train.
///
/// # Errors
/// As [`load`].
pub fn load_floats(
    device: &Device,
    from: &Checkpoint,
    layout: &Layout,
    seed: u64,
) -> Result<Tensor> {
    load_as(device, device.float(), from, layout, seed)
}

fn load_as(
    device: &Device,
    dtype: Dtype,
    from: &Checkpoint,
    layout: &Layout,
    seed: u64,
) -> Result<Tensor> {
    check(from, layout)?;
    fill(device, layout, dtype, &mut |entry, part| read(from, layout, seed, entry, part))
}

/// Refuses a checkpoint that lacks a tensor or has it in another shape.
fn check(from: &Checkpoint, layout: &Layout) -> Result<()> {
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
    Ok(())
}

/// A tensor of the checkpoint, or a drawn one that it lacks.
fn read(
    from: &Checkpoint,
    layout: &Layout,
    seed: u64,
    entry: &Entry,
    part: &mut [f32],
) -> Result<()> {
    if from.has(&entry.name) {
        return from.read_f32(&entry.name, part);
    }
    draw(entry, layout.layers.len(), seed, part);
    Ok(())
}

/// A flat buffer whose tensors are written by `with`, one at a time.
fn fill(
    device: &Device,
    layout: &Layout,
    dtype: Dtype,
    with: &mut dyn FnMut(&Entry, &mut [f32]) -> Result<()>,
) -> Result<Tensor> {
    let mut values = device.zeros(dtype, layout.len())?;
    let mut one = Vec::new();
    for entry in &layout.tensors {
        match values.part_mut(entry.range.clone()) {
            ViewMut::F32(part) => with(entry, part)?,
            part => {
                one.resize(entry.range.len(), 0.0);
                with(entry, &mut one)?;
                copy::write_f32(device, part, &one)?;
            }
        }
    }
    Ok(values)
}

/// Fresh parameters: norms 1, biases 0, all else uniform with standard deviation 0.02, divided by
/// √(2 layers) where a layer adds to the residual stream (GPT-2, section 2.3). Uniform, since
/// then the bits depend on no library.
pub fn random(device: &Device, layout: &Layout, seed: u64) -> Result<Tensor> {
    fill(device, layout, Dtype::F32, &mut |entry, part| {
        draw(entry, layout.layers.len(), seed, part);
        Ok(())
    })
}

fn draw(entry: &Entry, layers: usize, seed: u64, values: &mut [f32]) {
    if entry.name.ends_with("norm.weight") {
        return values.fill(1.0);
    }
    if entry.name.ends_with("bias") {
        return values.fill(0.0);
    }
    let residual =
        entry.name.ends_with("o_proj.weight") || entry.name.ends_with("down_proj.weight");
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
    use crate::config::Family;
    use crate::fixture;

    fn config() -> Config {
        Config { qkv_bias: true, ..fixture::config(Family::Qwen3, false) }
    }

    #[test]
    fn tensors_fill_the_buffer_without_gaps() {
        let layout = Layout::new(&config(), Head::Lm).unwrap();
        let mut at = 0;
        for entry in &layout.tensors {
            assert_eq!(entry.range.start, at, "{}", entry.name);
            at += entry.shape.iter().product::<usize>();
            assert_eq!(entry.range.end, at, "{}", entry.name);
        }
        let layer = 32 + 128 * 32 + 128 + 16 + 16 + 32 * 64 + 32 + 128 * 32 + 32 * 64;
        assert_eq!(layout.len(), 2 * layer + 32 + 2 * 264 * 32);
        assert_eq!(layout.layers[1].qkv.len(), 128 * 32);
        assert_eq!(layout.layers[1].qkv_bias.as_ref().unwrap().len(), 128);
        assert_eq!(layout.layers[1].gate_up.len(), 128 * 32);
        assert_eq!(layout.output().len(), 264 * 32);
        assert_eq!(layout.tensors.len(), 2 * 14 + 3);
    }

    #[test]
    fn what_the_head_is_decides_the_last_tensors() {
        let tied = Config { tied: true, ..config() };
        let layout = Layout::new(&tied, Head::Lm).unwrap();
        assert_eq!(layout.output(), layout.embedding);
        let layout = Layout::new(&config(), Head::Score(2)).unwrap();
        assert_eq!((layout.lm_head, layout.score.unwrap().len()), (None, 64));
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
            assert!(Layout::new(&case, Head::Lm).is_err(), "{case:?}");
        }
        assert!(Layout::new(&config(), Head::Score(0)).is_err());
    }

    #[test]
    fn fresh_parameters_depend_on_the_seed_and_on_nothing_else() {
        let device = Device::cpu(1).unwrap();
        let layout = Layout::new(&config(), Head::Lm).unwrap();
        let values = |seed| random(&device, &layout, seed).unwrap().view().f32().unwrap().to_vec();
        assert_eq!(values(1), values(1));
        assert_ne!(values(1), values(2));
        let values = values(3);
        assert!(values[layout.final_norm.clone()].iter().all(|&v| v == 1.0));
        let embedding = &values[layout.embedding.clone()];
        let square = embedding.iter().map(|v| v * v).sum::<f32>() / embedding.len() as f32;
        assert!((0.019..0.021).contains(&square.sqrt()), "{square}");
    }

    #[test]
    fn a_checkpoint_is_read_into_its_places() {
        let device = Device::cpu(1).unwrap();
        let folder = tempfile::tempdir().unwrap();
        for family in fixture::FAMILIES {
            let path = folder.path().join(format!("{family:?}"));
            let config = fixture::config(family, true);
            fixture::writer(config.clone()).write(&path, fixture::fill).unwrap();
            let checkpoint = Checkpoint::open(&path).unwrap();
            let layout = Layout::new(&config, Head::Lm).unwrap();
            let params = load(&device, &checkpoint, &layout, 0).unwrap();
            for entry in &layout.tensors {
                let mut values = vec![0.0; entry.range.len()];
                layout.read(params.view(), &entry.name, &mut values).unwrap();
                assert_eq!(values, fixture::values(&entry.name, values.len()), "{}", entry.name);
            }
            assert!(layout.read(params.view(), "model.norm.weight", &mut [0.0]).is_err());
            assert!(layout.read(params.view(), "lm_head.weight", &mut [0.0]).is_err());
            // A classifier of the same decoder: a fresh score, all else from the checkpoint.
            let scored = Layout::new(&config, Head::Score(2)).unwrap();
            let scores = load(&device, &checkpoint, &scored, 1).unwrap();
            let start = scored.score.unwrap().start;
            assert_eq!(scores.part(0..start).f32().unwrap(), params.view().f32().unwrap());
            assert!(scores.view().f32().unwrap()[start..].iter().all(|v| *v != 0.0));
            let other = Layout::new(&Config { ffn: 66, ..config }, Head::Lm).unwrap();
            let error = load(&device, &checkpoint, &other, 0).unwrap_err().to_string();
            assert!(
                error.ends_with("gate_proj.weight has shape [64, 32], not [66, 32]"),
                "{error}"
            );
        }
    }
}
