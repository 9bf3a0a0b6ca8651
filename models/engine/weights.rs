//! Weights as the engine multiplies with them: matrices in bf16, f32 or the file's blocks, norms
//! and biases in f32.

use std::ops::Range;

use half::bf16;
use heedful_kernels::{Blocks, Device, Dtype, Matrix, Tensor, View, ViewMut};

use crate::checkpoint::Checkpoint;
use crate::config::Head;
use crate::error::{Error, Result};
use crate::params::{Entry, Layout};

/// What matrices are kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All in one type, bf16 or f32.
    As(Dtype),
    /// Blocks of Q4_0, Q4_1 and Q8_0 as the file has them, all else in this type. Blocks give the
    /// bits that their values in f32 give.
    Blocks(Dtype),
}

impl From<Dtype> for Keep {
    fn from(dtype: Dtype) -> Keep {
        Keep::As(dtype)
    }
}

/// The weights of a model.
#[derive(Debug)]
pub struct Weights {
    /// What they are the weights of.
    layout: Layout,
    pub(super) layers: Vec<Layer>,
    pub(super) final_norm: Tensor,
    pub(super) embedding: Matrix,
    /// Absent where the embedding serves.
    pub(super) lm_head: Option<Matrix>,
}

/// The weights of a layer, as [`crate::params::Layer`] names them.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) input_norm: Tensor,
    pub(super) qkv: Matrix,
    pub(super) qkv_bias: Option<Tensor>,
    pub(super) q_norm: Option<Tensor>,
    pub(super) k_norm: Option<Tensor>,
    pub(super) o: Matrix,
    pub(super) post_norm: Tensor,
    pub(super) gate_up: Matrix,
    pub(super) down: Matrix,
}

impl Weights {
    /// The weights of a checkpoint. One tensor at a time is in memory twice.
    ///
    /// # Errors
    /// A tensor that is missing, of another shape, or cannot be read; a type that is neither bf16
    /// nor f32.
    pub fn load(dev: &Device, from: &Checkpoint, keep: impl Into<Keep>) -> Result<Weights> {
        let layout = Layout::new(from.config(), Head::Lm)?;
        let read = &mut |name: &str, out: &mut [f32]| from.read_f32(name, out);
        match keep.into() {
            Keep::As(dtype) => Weights::gather(dev, &layout, dtype, read, None),
            Keep::Blocks(dtype) => Weights::gather(dev, &layout, dtype, read, Some(from)),
        }
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
        Weights::gather(dev, layout, dtype, read, None)
    }

    /// The same, but blocks that `blocks` has stay as they are.
    fn gather(
        dev: &Device,
        layout: &Layout,
        dtype: Dtype,
        read: &mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
        blocks: Option<&Checkpoint>,
    ) -> Result<Weights> {
        if dtype == Dtype::U32 {
            return Err(Error::argument("weights are f32 or bf16"));
        }
        let mut from = Reader { dev, layout, dtype, read, blocks, one: Vec::new() };
        let layers = (layout.layers.iter())
            .map(|layer| {
                Ok(Layer {
                    input_norm: from.take(&layer.input_norm, Dtype::F32)?,
                    qkv: from.matrix(&layer.qkv)?,
                    qkv_bias: from.maybe(layer.qkv_bias.as_ref())?,
                    q_norm: from.maybe(layer.q_norm.as_ref())?,
                    k_norm: from.maybe(layer.k_norm.as_ref())?,
                    o: from.matrix(&layer.o)?,
                    post_norm: from.take(&layer.post_norm, Dtype::F32)?,
                    gate_up: from.matrix(&layer.gate_up)?,
                    down: from.matrix(&layer.down)?,
                })
            })
            .collect::<Result<_>>()?;
        let final_norm = from.take(&layout.final_norm, Dtype::F32)?;
        let embedding = from.matrix(&layout.embedding)?;
        let lm_head = layout.lm_head.as_ref().map(|range| from.matrix(range)).transpose()?;
        Ok(Weights { layout: layout.clone(), layers, final_norm, embedding, lm_head })
    }

    /// What the logits are made with.
    pub(super) fn output(&self) -> &Matrix {
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
    /// What matrices become.
    dtype: Dtype,
    read: &'a mut dyn FnMut(&str, &mut [f32]) -> Result<()>,
    /// Where blocks are kept from.
    blocks: Option<&'a Checkpoint>,
    one: Vec<f32>,
}

impl<'a> Reader<'a> {
    /// All tensors of this range, one after the other: as blocks, where all are of one kind.
    fn matrix(&mut self, range: &Range<usize>) -> Result<Matrix> {
        let blocks = self.blocks.map(|from| self.packed(from, range)).transpose()?.flatten();
        match blocks {
            Some(blocks) => Ok(Matrix::Blocks(blocks)),
            None => Ok(Matrix::Plain(self.take(range, self.dtype)?)),
        }
    }

    fn packed(&self, from: &Checkpoint, range: &Range<usize>) -> Result<Option<Blocks>> {
        let entries = self.entries(range);
        let kind = entries.first().and_then(|entry| from.blocks(&entry.name));
        let kind = kind.filter(|_| {
            entries.windows(2).all(|two| from.blocks(&two[0].name) == from.blocks(&two[1].name))
        });
        let Some(kind) = kind else { return Ok(None) };
        let mut all = Blocks::new(kind, range.len());
        for entry in entries {
            from.read_blocks(&entry.name, entry.range.len(), &mut all)?;
        }
        Ok(Some(all))
    }

    /// The tensors of a range, in order.
    fn entries(&self, range: &Range<usize>) -> &'a [Entry] {
        let all = &self.layout.tensors;
        let first = all.partition_point(|entry| entry.range.start < range.start);
        let end = all.partition_point(|entry| entry.range.end <= range.end);
        &all[first..end]
    }

    fn maybe(&mut self, range: Option<&Range<usize>>) -> Result<Option<Tensor>> {
        range.map(|range| self.take(range, Dtype::F32)).transpose()
    }

    /// All tensors of this range, one after the other.
    fn take(&mut self, range: &Range<usize>, dtype: Dtype) -> Result<Tensor> {
        let mut all = self.dev.zeros(dtype, range.len());
        for entry in self.entries(range) {
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
