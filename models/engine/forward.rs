//! The pass over new tokens: as in training, but keys and values of before come from the cache.

use heedful_kernels::gemm::{self, Write};
use heedful_kernels::{
    Device, MatrixView, Tensor, View, ViewMut, decode, embed_norm, embedding, qkv, rmsnorm, swiglu,
};

use super::weights::{Layer, Matrix, Vector};
use super::{Engine, Step, Told, Weights, Work};
use crate::error::Result;
use crate::transformer::Transformer;

impl Engine<'_> {
    /// Runs a step; the logits of the wanted rows are then the first rows of [`Engine::logits`].
    ///
    /// # Errors
    /// Of an op.
    pub(crate) fn forward(&mut self, dev: &Device, step: &Step) -> Result<()> {
        let mut staged = std::mem::take(&mut self.work.staged);
        let told = staged.tell(dev, step)?;
        self.forward_told(dev, told)?;
        self.work.staged = staged;
        Ok(())
    }

    /// The same where the step's lists lie on the device; the host waits for nothing, and tells a
    /// card nothing.
    ///
    /// # Errors
    /// Of an op.
    pub(crate) fn forward_told(&mut self, dev: &Device, told: Told<'_>) -> Result<()> {
        let Engine { model, weights, cache, work, .. } = self;
        let config = &model.config;
        let (tokens, width) = (told.ids.len(), config.width);
        let all = 0..tokens * width;
        let norm = weights.layers.first().map_or(&weights.final_norm, |layer| &layer.input_norm);
        let [rstd, _] = &mut work.rstd;
        embed_norm::forward(
            dev,
            work.normed.part_mut(all.clone()),
            work.x[0].part_mut(all),
            rstd.part_mut(0..tokens),
            weights.view(&weights.embedding),
            told.ids,
            weights.vector(norm),
            config.norm_eps,
        )?;
        for (at, layer) in weights.layers.iter().enumerate() {
            let next = weights.layers.get(at + 1);
            let next = next.map_or(&weights.final_norm, |layer| &layer.input_norm);
            let pass = Pass { dev, model, weights, layer, told, tokens };
            pass.qkv(work)?;
            pass.attention(work, &mut cache.keys[at], &mut cache.values[at])?;
            pass.feed_forward(work, next)?;
        }
        head(dev, work, weights.output(), (told.last, tokens), width)
    }

    /// [slots, V]; the first rows are of the last step.
    pub(crate) fn logits(&mut self) -> &mut Tensor {
        &mut self.work.logits
    }
}

/// Logits of the wanted rows.
fn head(
    dev: &Device,
    work: &mut Work,
    output: MatrixView<'_>,
    (wanted, tokens): (View<'_>, usize),
    width: usize,
) -> Result<()> {
    let (m, vocab) = (wanted.len(), output.len() / width);
    if m == 0 {
        return Ok(());
    }
    // Picking rows is what the embedding does.
    let (last, normed) = (&mut work.last, work.normed.part(0..tokens * width));
    embedding::forward(dev, last.part_mut(0..m * width), normed, wanted, width)?;
    let shape = gemm::Shape { m, n: vocab, k: width };
    let (logits, last) = (work.logits.part_mut(0..m * vocab), work.last.part(0..m * width));
    gemm::nt(dev, logits, last, output, shape, Write::Set)?;
    Ok(())
}

/// One layer's part of a pass.
struct Pass<'a> {
    dev: &'a Device,
    model: &'a Transformer,
    weights: &'a Weights<'a>,
    layer: &'a Layer,
    told: Told<'a>,
    tokens: usize,
}

impl Pass<'_> {
    /// All rows of `x`, of `k` values each, by a matrix of `n` rows.
    fn product(
        &self,
        out: ViewMut<'_>,
        x: View<'_>,
        by: &Matrix,
        (n, k): (usize, usize),
    ) -> Result<()> {
        let shape = gemm::Shape { m: self.tokens, n, k };
        gemm::nt(self.dev, out, x, self.weights.view(by), shape, Write::Set)?;
        Ok(())
    }

    /// Queries, keys and values from the norm's output, rotated and, in Qwen3, normed.
    fn qkv(&self, work: &mut Work) -> Result<()> {
        let Pass { dev, model, layer, tokens, .. } = *self;
        let config = &model.config;
        let all = 0..tokens * config.qkv_width();
        let shape = (config.qkv_width(), config.width);
        let x = work.normed.part(0..tokens * config.width);
        let bias = layer.qkv_bias.as_ref().map(|bias| self.weights.vector(bias));
        let positions = self.told.positions;
        let (table, heads) = (&model.rope, model.shape);
        let (Some(q), Some(k)) = (&layer.q_norm, &layer.k_norm) else {
            self.product(work.qkv.part_mut(all.clone()), x, &layer.qkv, shape)?;
            let out = work.qkv.part_mut(all);
            qkv::forward_in_place(dev, out, bias, positions, table, heads)?;
            return Ok(());
        };
        self.product(work.raw.part_mut(all.clone()), x, &layer.qkv, shape)?;
        let (q, k) = (self.weights.vector(q), self.weights.vector(k));
        let norms = Some(qkv::Norms { q, k, eps: config.norm_eps });
        let (out, raw) = (work.qkv.part_mut(all.clone()), work.raw.part(all));
        let rstd = work.rstd[1].part_mut(0..tokens * (config.heads + config.kv_heads));
        qkv::forward(dev, out, rstd, raw, bias, norms, positions, table, heads)?;
        Ok(())
    }

    /// Keeps keys and values, attends, and adds the result to the stream.
    fn attention(&self, work: &mut Work, keys: &mut Tensor, values: &mut Tensor) -> Result<()> {
        let Pass { dev, model, layer, told, tokens, .. } = *self;
        let config = &model.config;
        let rows = work.qkv.part(0..tokens * config.qkv_width());
        decode::store(dev, keys.view_mut(), values.view_mut(), rows, told.slots, model.shape)?;
        let cache = decode::Cache {
            keys: keys.view(),
            values: values.view(),
            table: told.table,
            rows: told.rows,
        };
        let heads = 0..tokens * config.attention_width();
        let out = work.attention.part_mut(heads.clone());
        decode::attention(dev, out, rows, cache, model.shape, model.scale())?;
        let shape = (config.width, config.attention_width());
        let (delta, out) = (&mut work.delta, work.attention.part(heads));
        let delta = delta.part_mut(0..tokens * config.width);
        self.product(delta, out, &layer.o, shape)?;
        self.residual(work, 0, &layer.post_norm)
    }

    /// The feed-forward layer, added to the stream, and the norm of what comes next.
    fn feed_forward(&self, work: &mut Work, next: &Vector) -> Result<()> {
        let Pass { dev, model, layer, tokens, .. } = *self;
        let (width, ffn) = (model.config.width, model.config.ffn);
        let wide = 0..tokens * 2 * ffn;
        let gate_up = work.gate_up.part_mut(wide.clone());
        let x = work.normed.part(0..tokens * width);
        self.product(gate_up, x, &layer.gate_up, (2 * ffn, width))?;
        let act = 0..tokens * ffn;
        let gate_up = work.gate_up.part(wide);
        swiglu::forward(dev, work.act.part_mut(act.clone()), gate_up, ffn)?;
        let delta = work.delta.part_mut(0..tokens * width);
        self.product(delta, work.act.part(act), &layer.down, (width, ffn))?;
        self.residual(work, 1, next)
    }

    /// Adds the block's output to stream `from`, which gives the other one, and norms the sum.
    fn residual(&self, work: &mut Work, from: usize, norm: &Vector) -> Result<()> {
        let all = 0..self.tokens * self.model.config.width;
        let [first, second] = &mut work.x;
        let (x, sum) = if from == 0 { (first, second) } else { (second, first) };
        let [rstd, _] = &mut work.rstd;
        rmsnorm::residual(
            self.dev,
            work.normed.part_mut(all.clone()),
            sum.part_mut(all.clone()),
            rstd.part_mut(0..self.tokens),
            x.part(all.clone()),
            work.delta.part(all),
            self.weights.vector(norm),
            self.model.config.norm_eps,
        )?;
        Ok(())
    }
}
