//! What every pass over a model needs beside its parameters: shape, map and rotary table.

use std::ops::Range;

use heedful_kernels::rope::{self, Frequencies};
use heedful_kernels::{Device, Tensor, View, ViewMut, qkv};

use crate::config::{Config, Head};
use crate::error::{Error, Result};
use crate::params::Layout;

/// A model without its parameters.
#[derive(Debug)]
pub struct Transformer {
    /// The shape.
    pub config: Config,
    /// Where each parameter lies.
    pub layout: Layout,
    /// What it ends in.
    pub head: Head,
    /// Heads and their width.
    pub shape: qkv::Shape,
    /// Rotary sines and cosines.
    pub rope: rope::Table,
    /// How many positions that table has.
    pub positions: usize,
}

impl Transformer {
    /// The model of this shape for sequences of up to `positions` tokens.
    ///
    /// # Errors
    /// Sizes that cannot be, or more positions than the model was made for.
    pub fn new(device: &Device, config: &Config, head: Head, positions: usize) -> Result<Self> {
        if positions == 0 || positions > config.context {
            let context = config.context;
            let problem = format!("{positions} positions: the model has 1 to {context}");
            return Err(Error::argument(problem));
        }
        let layout = Layout::new(config, head)?;
        let frequencies = Frequencies {
            head_dim: config.head_dim,
            theta: config.rope_theta,
            scaling: config.rope_scaling,
        };
        let rope = rope::Table::new(device, &frequencies, positions)?;
        let Config { heads, kv_heads, head_dim, .. } = *config;
        let shape = qkv::Shape { heads, kv_heads, head_dim };
        Ok(Transformer { config: config.clone(), layout, head, shape, rope, positions })
    }

    /// What queries times keys are multiplied with: 1 / √D.
    pub fn scale(&self) -> f32 {
        1.0 / (self.config.head_dim as f32).sqrt()
    }
}

/// Part of a buffer, to read.
pub(crate) fn part<'a>(params: &'a Tensor, range: &Range<usize>) -> View<'a> {
    params.part(range.clone())
}

/// Part of a buffer, to write.
pub(crate) fn part_mut<'a>(grads: &'a mut Tensor, range: &Range<usize>) -> ViewMut<'a> {
    grads.part_mut(range.clone())
}
