//! The backward pass: from the gradient of the final norm's output to those of all parameters.
//!
//! Gradients are added to, so that a step may have several batches.

use heedful_kernels::gemm::{self, Write};
use heedful_kernels::{Device, Tensor, ViewMut, attention, embedding, qkv, rmsnorm, swiglu};

use crate::error::Result;
use crate::forward::Pass;
use crate::params::Layer;
use crate::transformer::{Transformer, part, part_mut};
use crate::workspace::{Keep, Kept, Scratch, Size, Workspace};

/// Runs backward on the loaded batch, after forward and a head's backward.
///
/// # Errors
/// Of an op.
pub fn backward(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    grads: &mut Tensor,
    work: &mut Workspace,
) -> Result<()> {
    let Size { tokens, sequences, shared, .. } = work.size;
    let (width, layout) = (model.config.width, &model.layout);
    let all = 0..tokens * width;
    heedful_kernels::fill::forward(dev, work.scratch.dx.part_mut(all.clone()), 0.0)?;
    let Scratch { dx, dnormed, final_rstd, .. } = &mut work.scratch;
    let (x, rstd) = (work.x[model.config.layers].part(all.clone()), final_rstd.part(0..tokens));
    let weight = part(params, &layout.final_norm);
    let (dx, dweight) = (dx.part_mut(all.clone()), part_mut(grads, &layout.final_norm));
    rmsnorm::backward(dev, dx, dweight, dnormed.part(all.clone()), x, rstd, weight)?;
    for (at, layer) in layout.layers.iter().enumerate().rev() {
        let slot = work.slot(at);
        let keep = work.limits.keep;
        let Workspace { input, x, kept, scratch, .. } = &mut *work;
        let pass = Pass { dev, model, params, layer, input, tokens, sequences, shared };
        let kept = &mut kept[slot];
        if keep == Keep::Inputs {
            pass.attention(&x[at], kept, scratch)?;
            pass.gate_up(kept, &scratch.normed)?;
        }
        pass.feed_forward_backward(grads, kept, scratch)?;
        pass.attention_backward(grads, &x[at], kept, scratch)?;
    }
    let dx = work.scratch.dx.part(all);
    let dtable = part_mut(grads, &layout.embedding);
    embedding::backward(dev, dtable, dx, work.input.ids.part(0..tokens), width)?;
    Ok(())
}

impl Pass<'_> {
    /// From the gradient of the layer's output to that of the sum after attention, both `dx`.
    fn feed_forward_backward(
        &self,
        grads: &mut Tensor,
        kept: &mut Kept,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Pass { dev, model, params, layer, tokens, .. } = *self;
        let (width, ffn) = (model.config.width, model.config.ffn);
        let (all, wide, twice) = (0..tokens * width, 0..tokens * ffn, 0..tokens * 2 * ffn);
        let Scratch { normed, act, dx, dnormed, dact, dgate_up, .. } = scratch;
        let gate_up = kept.gate_up.part(twice.clone());
        swiglu::forward(dev, act.part_mut(wide.clone()), gate_up, ffn)?;
        let dy = dx.part(all.clone());
        let out = part_mut(grads, &layer.down);
        gemm::tn(dev, out, dy, act.part(wide.clone()), self.slope(width, ffn), Write::Add)?;
        let (out, down) = (dact.part_mut(wide.clone()), part(params, &layer.down));
        gemm::nn(dev, out, dy, down, self.product(ffn, width), Write::Set)?;
        let out = dgate_up.part_mut(twice.clone());
        swiglu::backward(dev, out, dact.part(wide), gate_up, ffn)?;
        let (dy, x, rstd) = (dgate_up.part(twice), &kept.middle, &mut kept.post_rstd);
        let norm = part(params, &layer.post_norm);
        self.norm_again(normed, rstd, x, &layer.post_norm)?;
        let (out, y) = (part_mut(grads, &layer.gate_up), normed.part(all.clone()));
        gemm::tn(dev, out, dy, y, self.slope(2 * ffn, width), Write::Add)?;
        let (out, weight) = (dnormed.part_mut(all.clone()), part(params, &layer.gate_up));
        gemm::nn(dev, out, dy, weight, self.product(width, 2 * ffn), Write::Set)?;
        let (out, dweight) = (dx.part_mut(all.clone()), part_mut(grads, &layer.post_norm));
        let (dy, x, rstd) = (dnormed.part(all.clone()), x.part(all), rstd.part(0..tokens));
        rmsnorm::backward(dev, out, dweight, dy, x, rstd, norm)?;
        Ok(())
    }

    /// From the gradient of the sum after attention to that of the layer's input, both `dx`.
    fn attention_backward(
        &self,
        grads: &mut Tensor,
        x: &Tensor,
        kept: &mut Kept,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let Pass { dev, model, params, layer, tokens, .. } = *self;
        let (width, heads) = (model.config.width, model.config.attention_width());
        let (all, out_width) = (0..tokens * width, 0..tokens * heads);
        let (columns, lse) = (model.config.qkv_width(), 0..tokens * model.config.heads);
        let rows = 0..tokens * columns;
        let Scratch { normed, dx, dnormed, dqkv, draw, dattention, dots, .. } = scratch;
        let (dy, y) = (dx.part(all.clone()), kept.attention.part(out_width.clone()));
        let out = part_mut(grads, &layer.o);
        gemm::tn(dev, out, dy, y, self.slope(width, heads), Write::Add)?;
        let (out, o) = (dattention.part_mut(out_width.clone()), part(params, &layer.o));
        gemm::nn(dev, out, dy, o, self.product(heads, width), Write::Set)?;
        let (out, dots) = (dqkv.part_mut(rows.clone()), dots.part_mut(lse.clone()));
        let (dy, lse, qkv) = (dattention.part(out_width), kept.lse.part(lse), &kept.qkv);
        let (qkv, starts, shape) = (qkv.part(rows.clone()), self.segments(), model.shape);
        attention::backward(dev, out, dots, dy, y, lse, qkv, starts, shape, model.scale())?;
        self.qkv_backward(grads, kept, draw, dqkv)?;
        self.norm_again(normed, &mut kept.input_rstd, x, &layer.input_norm)?;
        let (dy, y) = (dqkv.part(rows), normed.part(all.clone()));
        let out = part_mut(grads, &layer.qkv);
        gemm::tn(dev, out, dy, y, self.slope(columns, width), Write::Add)?;
        let (out, weight) = (dnormed.part_mut(all.clone()), part(params, &layer.qkv));
        gemm::nn(dev, out, dy, weight, self.product(width, columns), Write::Set)?;
        let (out, dweight) = (dx.part_mut(all.clone()), part_mut(grads, &layer.input_norm));
        let (dy, x, rstd) = (dnormed.part(all.clone()), x.part(all), &kept.input_rstd);
        let norm = part(params, &layer.input_norm);
        rmsnorm::backward(dev, out, dweight, dy, x, rstd.part(0..tokens), norm)?;
        Ok(())
    }

    /// Back through the rotation, the norms of heads and the bias: `dqkv` in place.
    fn qkv_backward(
        &self,
        grads: &mut Tensor,
        kept: &Kept,
        draw: &mut Tensor,
        dqkv: &mut Tensor,
    ) -> Result<()> {
        let Pass { dev, model, params, layer, tokens, .. } = *self;
        let config = &model.config;
        let all = 0..tokens * config.qkv_width();
        let bias = layer.qkv_bias.as_ref().map(|range| part(params, range));
        let (dbias, dnorms) = small(grads, layer);
        let positions = self.input.positions.part(0..tokens);
        let (table, shape, norms) = (&model.rope, model.shape, self.norms());
        if norms.is_none() {
            let dy = dqkv.part_mut(all);
            return Ok(qkv::backward_in_place(dev, dy, dbias, positions, table, shape)?);
        }
        let rstd = kept.head_rstd.part(0..tokens * (config.heads + config.kv_heads));
        let (raw, out) = (kept.raw.part(all.clone()), draw.part_mut(all.clone()));
        let dy = dqkv.part(all);
        qkv::backward(
            dev, out, dbias, dnorms, dy, raw, rstd, bias, norms, positions, table, shape,
        )?;
        std::mem::swap(draw, dqkv);
        Ok(())
    }

    /// A norm's output once more.
    fn norm_again(
        &self,
        out: &mut Tensor,
        rstd: &mut Tensor,
        x: &Tensor,
        weight: &std::ops::Range<usize>,
    ) -> Result<()> {
        let all = 0..self.tokens * self.model.config.width;
        let (out, rstd) = (out.part_mut(all.clone()), rstd.part_mut(0..self.tokens));
        let (x, weight) = (x.part(all), part(self.params, weight));
        rmsnorm::forward(self.dev, out, rstd, x, weight, self.model.config.norm_eps)?;
        Ok(())
    }

    /// M × N × K of a weight's gradient.
    fn slope(&self, m: usize, n: usize) -> gemm::Shape {
        gemm::Shape { m, n, k: self.tokens }
    }
}

/// Gradients of the bias and of the norms of heads, which lie one after the other.
fn small<'a>(
    grads: &'a mut Tensor,
    layer: &Layer,
) -> (Option<ViewMut<'a>>, Option<qkv::NormGrads<'a>>) {
    let start = layer.qkv.end;
    let bias = layer.qkv_bias.as_ref().map_or(0, |range| range.len());
    let norm = layer.q_norm.as_ref().map_or(0, |range| range.len());
    let all = grads.part_mut(start..start + bias + 2 * norm);
    let (dbias, norms) = all.split_at(bias);
    let (q, k) = norms.split_at(norm);
    let dbias = layer.qkv_bias.is_some().then_some(dbias);
    (dbias, layer.q_norm.is_some().then_some(qkv::NormGrads { q, k }))
}
