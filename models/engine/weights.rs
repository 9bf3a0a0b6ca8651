//! Weights as the engine multiplies with them: matrices in bf16 or f32, norms and biases in f32.

use std::ops::Range;

use half::bf16;
use heedful_kernels::{Device, Dtype, Tensor, View, ViewMut};

use crate::checkpoint::Checkpoint;
use crate::config::Head;
use crate::error::{Error, Result};
use crate::params::Layout;

/// The weights of a model.
#[derive(Debug)]
pub struct Weights {
    /// What they are the weights of.
    layout: Layout,
    pub(super) layers: Vec<Layer>,
    pub(super) final_norm: Tensor,
    pub(super) embedding: Tensor,
    /// Absent where the embedding serves.
    pub(super) lm_head: Option<Tensor>,
}

/// The weights of a layer, as [`crate::params::Layer`] names them.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) input_norm: Tensor,
    pub(super) qkv: Tensor,
    pub(super) qkv_bias: Option<Tensor>,
    pub(super) q_norm: Option<Tensor>,
    pub(super) k_norm: Option<Tensor>,
    pub(super) o: Tensor,
    pub(super) post_norm: Tensor,
    pub(super) gate_up: Tensor,
    pub(super) down: Tensor,
}

impl Weights {
    /// The weights of a checkpoint, matrices as `dtype` (bf16 or f32). One tensor at a time is in
    /// memory twice.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or cannot be read.
    pub fn load(dev: &Device, from: &Checkpoint, dtype: Dtype) -> Result<Weights> {
        let layout = Layout::new(from.config(), Head::Lm)?;
        Weights::read(dev, &layout, dtype, &mut |name, out| from.read_f32(name, out))
    }

    /// The weights in a flat buffer of parameters: a policy that is being trained.
    ///
    /// # Errors
    /// A buffer that is not laid out so.
    pub fn of(dev: &Device, layout: &Layout, params: View, dtype: Dtype) -> Result<Weights> {
        Weights::read(dev, layout, dtype, &mut |name, out| layout.read(params, name, out))
    }

    /// The weights that `read` gives by their published names, as f32.
    ///
    /// # Errors
    /// Of `read`; matrices in another type than f32 or bf16.
    pub fn read(
        dev: &Device,
        layout: &Layout,
        dtype: Dtype,
        read: &mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
    ) -> Result<Weights> {
        if dtype == Dtype::U32 {
            return Err(Error::argument("weights are f32 or bf16"));
        }
        let mut from = Reader { dev, layout, read, one: Vec::new() };
        let layers = (layout.layers.iter())
            .map(|layer| {
                Ok(Layer {
                    input_norm: from.take(&layer.input_norm, Dtype::F32)?,
                    qkv: from.take(&layer.qkv, dtype)?,
                    qkv_bias: from.maybe(layer.qkv_bias.as_ref())?,
                    q_norm: from.maybe(layer.q_norm.as_ref())?,
                    k_norm: from.maybe(layer.k_norm.as_ref())?,
                    o: from.take(&layer.o, dtype)?,
                    post_norm: from.take(&layer.post_norm, Dtype::F32)?,
                    gate_up: from.take(&layer.gate_up, dtype)?,
                    down: from.take(&layer.down, dtype)?,
                })
            })
            .collect::<Result<_>>()?;
        let final_norm = from.take(&layout.final_norm, Dtype::F32)?;
        let embedding = from.take(&layout.embedding, dtype)?;
        let lm_head = layout.lm_head.as_ref().map(|range| from.take(range, dtype)).transpose()?;
        Ok(Weights { layout: layout.clone(), layers, final_norm, embedding, lm_head })
    }

    /// What the logits are made with.
    pub(super) fn output(&self) -> &Tensor {
        self.lm_head.as_ref().unwrap_or(&self.embedding)
    }

    /// Refuses weights of a model laid out otherwise.
    pub(super) fn check(&self, layout: &Layout) -> Result<()> {
        if self.layout == *layout {
            return Ok(());
        }
        Err(Error::argument("weights of another model than the configuration's"))
    }
}

/// Reads tensors into buffers of their own.
struct Reader<'a> {
    dev: &'a Device,
    layout: &'a Layout,
    read: &'a mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
    one: Vec<f32>,
}

impl Reader<'_> {
    fn maybe(&mut self, range: Option<&Range<usize>>) -> Result<Option<Tensor>> {
        range.map(|range| self.take(range, Dtype::F32)).transpose()
    }

    /// All tensors of this range, one after the other.
    fn take(&mut self, range: &Range<usize>, dtype: Dtype) -> Result<Tensor> {
        let mut all = self.dev.zeros(dtype, range.len());
        let first = self.layout.tensors.partition_point(|e| e.range.start < range.start);
        let inside = self.layout.tensors[first..].iter().take_while(|e| e.range.end <= range.end);
        for entry in inside {
            let part = entry.range.start - range.start..entry.range.end - range.start;
            match all.part_mut(part) {
                ViewMut::Bf16(to) => {
                    self.one.resize(to.len(), 0.0);
                    (self.read)(&entry.name, &mut self.one)?;
                    for (to, from) in to.iter_mut().zip(&self.one) {
                        *to = bf16::from_f32(*from);
                    }
                }
                other => (self.read)(&entry.name, other.f32()?)?,
            }
        }
        Ok(all)
    }
}
