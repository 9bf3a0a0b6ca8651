//! The forward pass over packed sequences, keeping what backward needs.
//!
//! Layer: middle = x + O · attention(rope(QKV · norm(x))); next = middle + down · swiglu(gate_up ·
//! norm(middle)). A block's sum and the next block's norm are one op.

use heedful_kernels::gemm::{self, Write};
use heedful_kernels::{Device, Tensor, add, attention, embedding, qkv, rmsnorm, swiglu};

use crate::error::Result;
use crate::params::Layer;
use crate::transformer::{Transformer, part};
use crate::workspace::{Input, Kept, Scratch, Size, Workspace};

/// Runs the model on the loaded batch up to the final norm, whose output is then in the scratch.
///
/// # Errors
/// Of an op.
pub fn forward(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    work: &mut Workspace,
) -> Result<()> {
    let Size { tokens, sequences, shared, .. } = work.size;
    let (width, eps) = (model.config.width, model.config.norm_eps);
    let all = 0..tokens * width;
    let table = part(params, &model.layout.embedding);
    let ids = work.input.ids.part(0..tokens);
    embedding::forward(dev, work.x[0].part_mut(all.clone()), table, ids, width)?;
    for (at, layer) in model.layout.layers.iter().enumerate() {
        let slot = work.slot(at);
        let Workspace { input, x, kept, scratch, .. } = &mut *work;
        let (before, after) = x.split_at_mut(at + 1);
        let pass = Pass { dev, model, params, layer, input, tokens, sequences, shared };
        pass.attention(&before[at], &mut kept[slot], scratch)?;
        pass.feed_forward(&mut after[0], &mut kept[slot], scratch)?;
    }
    let Scratch { normed, final_rstd, .. } = &mut work.scratch;
    let x = work.x[model.config.layers].part(all.clone());
    let weight = part(params, &model.layout.final_norm);
    let rstd = final_rstd.part_mut(0..tokens);
    rmsnorm::forward(dev, normed.part_mut(all), rstd, x, weight, eps)?;
    Ok(())
}

/// One layer's part of a pass.
pub(crate) struct Pass<'a> {
    pub(crate) dev: &'a Device,
    pub(crate) model: &'a Transformer,
    pub(crate) params: &'a Tensor,
    pub(crate) layer: &'a Layer,
    pub(crate) input: &'a Input,
    pub(crate) tokens: usize,
    pub(crate) sequences: usize,
    pub(crate) shared: bool,
}

impl Pass<'_> {
    /// M × N × K of a product over all tokens.
    pub(crate) fn product(&self, n: usize, k: usize) -> gemm::Shape {
        gemm::Shape { m: self.tokens, n, k }
    }

    /// From the layer's input to the sum after attention, and its norm's output in the scratch.
    pub(crate) fn attention(
        &self,
        x: &Tensor,
        kept: &mut Kept,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Pass { dev, model, params, layer, tokens, .. } = *self;
        let config = &model.config;
        let (width, eps) = (config.width, config.norm_eps);
        let all = 0..tokens * width;
        let Scratch { normed, delta, .. } = scratch;
        let norm = part(params, &layer.input_norm);
        let x = x.part(all.clone());
        let rstd = kept.input_rstd.part_mut(0..tokens);
        rmsnorm::forward(dev, normed.part_mut(all.clone()), rstd, x, norm, eps)?;
        self.qkv(normed, kept)?;
        let heads = 0..tokens * config.attention_width();
        let out = kept.attention.part_mut(heads.clone());
        let lse = kept.lse.part_mut(0..tokens * config.heads);
        let rows = kept.qkv.part(0..tokens * config.qkv_width());
        let segments = self.segments();
        attention::forward(dev, out, lse, rows, segments, model.shape, model.scale())?;
        let shape = self.product(width, config.attention_width());
        let (out, o) = (kept.attention.part(heads), part(params, &layer.o));
        gemm::nt(dev, delta.part_mut(all.clone()), out, o, shape, Write::Set)?;
        let norm = part(params, &layer.post_norm);
        let (out, sum) = (normed.part_mut(all.clone()), kept.middle.part_mut(all.clone()));
        let rstd = kept.post_rstd.part_mut(0..tokens);
        rmsnorm::residual(dev, out, sum, rstd, x, delta.part(all), norm, eps)?;
        Ok(())
    }

    /// Queries, keys and values from the norm's output, rotated and, in Qwen3, normed.
    fn qkv(&self, normed: &Tensor, kept: &mut Kept) -> Result<()> {
        let Pass { dev, model, params, layer, tokens, .. } = *self;
        let config = &model.config;
        let all = 0..tokens * config.qkv_width();
        let shape = self.product(config.qkv_width(), config.width);
        let x = normed.part(0..tokens * config.width);
        let weight = part(params, &layer.qkv);
        let bias = layer.qkv_bias.as_ref().map(|range| part(params, range));
        let positions = self.input.positions.part(0..tokens);
        let norms = self.norms();
        if norms.is_none() {
            let out = kept.qkv.part_mut(all.clone());
            gemm::nt(dev, out, x, weight, shape, Write::Set)?;
            let out = kept.qkv.part_mut(all);
            qkv::forward_in_place(dev, out, bias, positions, &model.rope, model.shape)?;
            return Ok(());
        }
        gemm::nt(dev, kept.raw.part_mut(all.clone()), x, weight, shape, Write::Set)?;
        let out = kept.qkv.part_mut(all.clone());
        let rstd = kept.head_rstd.part_mut(0..tokens * (config.heads + config.kv_heads));
        let raw = kept.raw.part(all);
        let (table, shape) = (&model.rope, model.shape);
        qkv::forward(dev, out, rstd, raw, bias, norms, positions, table, shape)?;
        Ok(())
    }

    /// The norms of heads, where the model has some.
    pub(crate) fn norms(&self) -> Option<qkv::Norms<'_>> {
        let (q, k) = (self.layer.q_norm.as_ref()?, self.layer.k_norm.as_ref()?);
        let (q, k) = (part(self.params, q), part(self.params, k));
        Some(qkv::Norms { q, k, eps: self.model.config.norm_eps })
    }

    /// Where sequences begin, and what they follow.
    pub(crate) fn segments(&self) -> attention::Segments<'_> {
        let prefixes = self.shared.then(|| self.input.prefixes.part(0..2 * self.sequences));
        attention::Segments { starts: self.input.starts.part(0..self.sequences + 1), prefixes }
    }

    /// From the norm's output in the scratch to the next layer's input.
    fn feed_forward(
        &self,
        next: &mut Tensor,
        kept: &mut Kept,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Pass { dev, model, params, layer, tokens, .. } = *self;
        let (width, ffn) = (model.config.width, model.config.ffn);
        let all = 0..tokens * width;
        let Scratch { act, .. } = scratch;
        self.gate_up(kept, &scratch.normed)?;
        let wide = 0..tokens * ffn;
        let gate_up = kept.gate_up.part(0..tokens * 2 * ffn);
        swiglu::forward(dev, act.part_mut(wide.clone()), gate_up, ffn)?;
        let (shape, down) = (self.product(width, ffn), part(params, &layer.down));
        gemm::nt(dev, next.part_mut(all.clone()), act.part(wide), down, shape, Write::Set)?;
        add::forward(dev, next.part_mut(all.clone()), kept.middle.part(all))?;
        Ok(())
    }

    /// Gate and up from the norm's output.
    pub(crate) fn gate_up(&self, kept: &mut Kept, normed: &Tensor) -> Result<()> {
        let (tokens, config) = (self.tokens, &self.model.config);
        let shape = self.product(2 * config.ffn, config.width);
        let out = kept.gate_up.part_mut(0..tokens * 2 * config.ffn);
        let (x, weight) = (normed.part(0..tokens * config.width), &self.layer.gate_up);
        gemm::nt(self.dev, out, x, part(self.params, weight), shape, Write::Set)?;
        Ok(())
    }
}
