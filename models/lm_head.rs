//! The language head, a chunk of rows at a time, so that `[T, V]` is never held.
//!
//! logits = W · x; log-probability of each target and entropy of each distribution; backward turns
//! the chunk of logits into its gradient in place and is done with it.

use std::ops::Range;

use heedful_kernels::gemm::{self, Write};
use heedful_kernels::{Device, Tensor, View, ViewMut, fill, head, likelihood, logprob};

use crate::error::Result;
use crate::transformer::{Transformer, part, part_mut};
use crate::workspace::{Output, Workspace};

/// A loss, as its slopes with respect to log-probabilities and entropies.
pub trait TokenLoss {
    /// Whether the entropies matter.
    fn uses_entropy(&self) -> bool {
        false
    }

    /// Whether it wants to see all log-probabilities before it gives slopes.
    fn looks_ahead(&self) -> bool {
        false
    }

    /// The log-probabilities of all of the batch's counted tokens, where it
    /// [looks ahead](TokenLoss::looks_ahead).
    ///
    /// # Errors
    /// Of the device.
    fn look(&mut self, _dev: &Device, _logp: View<'_>) -> Result<()> {
        Ok(())
    }

    /// Writes the slopes for some of the batch's counted tokens, `rows` of them. Called once for
    /// each chunk, in order. `dentropy` is read only where [`TokenLoss::uses_entropy`].
    ///
    /// # Errors
    /// The loss's own.
    fn slopes(
        &mut self,
        dev: &Device,
        rows: Range<usize>,
        at: Tokens<'_>,
        to: Slopes<'_>,
    ) -> Result<()>;
}

/// What a chunk of tokens came out as.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// Log-probability of each target, in nats.
    pub logp: View<'a>,
    /// Entropy of each distribution, in nats.
    pub entropy: View<'a>,
}

/// How the loss changes with them.
#[derive(Debug)]
pub struct Slopes<'a> {
    /// d loss / d logp.
    pub dlogp: ViewMut<'a>,
    /// d loss / d entropy.
    pub dentropy: ViewMut<'a>,
}

/// Weighted cross-entropy: the sum of `-weight · logp`, divided by `total`.
#[derive(Debug)]
pub struct CrossEntropy<'a> {
    weights: View<'a>,
    total: f64,
    sum: ViewMut<'a>,
}

impl<'a> CrossEntropy<'a> {
    /// The loss of a batch whose counted tokens have these weights `[N]`; `total` is the sum over
    /// all batches of the step. The loss is added to `sum`, one of [`heedful_kernels::sums`].
    pub fn new(weights: View<'a>, total: f64, sum: ViewMut<'a>) -> CrossEntropy<'a> {
        CrossEntropy { weights, total, sum }
    }
}

impl TokenLoss for CrossEntropy<'_> {
    fn slopes(
        &mut self,
        dev: &Device,
        rows: Range<usize>,
        at: Tokens<'_>,
        to: Slopes<'_>,
    ) -> Result<()> {
        let weights = self.weights.slice(rows);
        Ok(likelihood::backward(dev, to.dlogp, self.sum.lend(), at.logp, weights, self.total)?)
    }
}

/// Sets log-probabilities and entropies of the loaded batch's counted tokens, after
/// [`crate::forward::forward`].
///
/// # Errors
/// Of an op.
pub fn forward(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    work: &mut Workspace,
) -> Result<()> {
    for rows in chunks(work) {
        logits(dev, model, params, work, &rows)?;
        log_probabilities(dev, model, work, &rows)?;
    }
    Ok(())
}

/// The same, with the loss's gradient: into `grads` for the head, into the scratch for the final
/// norm's output.
///
/// # Errors
/// Of an op or of the loss.
pub fn backward(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    grads: &mut Tensor,
    work: &mut Workspace,
    loss: &mut impl TokenLoss,
) -> Result<()> {
    let all = 0..work.size.tokens * model.config.width;
    fill::forward(dev, work.scratch.dnormed.part_mut(all), 0.0)?;
    if loss.looks_ahead() {
        forward(dev, model, params, work)?;
        loss.look(dev, work.output.logp.part(0..work.size.rows))?;
    }
    for rows in chunks(work) {
        logits(dev, model, params, work, &rows)?;
        log_probabilities(dev, model, work, &rows)?;
        let Output { logp, entropy, dlogp, dentropy, .. } = &mut work.output;
        let at = Tokens { logp: logp.part(rows.clone()), entropy: entropy.part(rows.clone()) };
        let to = Slopes {
            dlogp: dlogp.part_mut(rows.clone()),
            dentropy: dentropy.part_mut(rows.clone()),
        };
        loss.slopes(dev, rows.clone(), at, to)?;
        chunk_backward(dev, model, params, grads, work, &rows, loss.uses_entropy())?;
    }
    Ok(())
}

/// The counted tokens, a chunk at a time.
fn chunks(work: &Workspace) -> impl Iterator<Item = Range<usize>> + use<> {
    let (rows, chunk) = (work.size.rows, work.limits.rows);
    (0..rows.div_ceil(chunk)).map(move |at| at * chunk..rows.min((at + 1) * chunk))
}

/// Makes the logits of these rows.
pub(crate) fn logits(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    work: &mut Workspace,
    rows: &Range<usize>,
) -> Result<()> {
    let (width, vocab) = (model.config.width, model.config.vocab);
    let normed = work.scratch.normed.part(0..work.size.tokens * width);
    let Output { x, logits, .. } = &mut work.output;
    let all = 0..rows.len() * width;
    head::gather(dev, x.part_mut(all.clone()), normed, work.input.rows.part(rows.clone()))?;
    let shape = gemm::Shape { m: rows.len(), n: vocab, k: width };
    let weight = part(params, &model.layout.output());
    let out = logits.part_mut(0..rows.len() * vocab);
    gemm::nt(dev, out, x.part(all), weight, shape, Write::Set)?;
    Ok(())
}

fn log_probabilities(
    dev: &Device,
    model: &Transformer,
    work: &mut Workspace,
    rows: &Range<usize>,
) -> Result<()> {
    let Output { logits, logp, entropy, lse, .. } = &mut work.output;
    let logits = logits.part(0..rows.len() * model.config.vocab);
    let targets = work.input.targets.part(rows.clone());
    let (logp, entropy, lse) = (part_mut(logp, rows), part_mut(entropy, rows), part_mut(lse, rows));
    logprob::forward(dev, logp, entropy, lse, logits, targets)?;
    Ok(())
}

fn chunk_backward(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    grads: &mut Tensor,
    work: &mut Workspace,
    rows: &Range<usize>,
    uses_entropy: bool,
) -> Result<()> {
    let (width, vocab) = (model.config.width, model.config.vocab);
    let (all, wide) = (0..rows.len() * width, 0..rows.len() * vocab);
    let Output { x, dx, logits, entropy, lse, dlogp, dentropy, .. } = &mut work.output;
    let targets = work.input.targets.part(rows.clone());
    let spread = uses_entropy.then(|| (part(entropy, rows), part(dentropy, rows)));
    let out = logits.part_mut(wide.clone());
    logprob::backward(dev, out, part(lse, rows), targets, part(dlogp, rows), spread)?;
    let shape = gemm::Shape { m: rows.len(), n: width, k: vocab };
    let weight = part(params, &model.layout.output());
    let out = dx.part_mut(all.clone());
    gemm::nn(dev, out, logits.part(wide.clone()), weight, shape, Write::Set)?;
    let shape = gemm::Shape { m: vocab, n: width, k: rows.len() };
    let out = part_mut(grads, &model.layout.output());
    gemm::tn(dev, out, logits.part(wide), x.part(all.clone()), shape, Write::Add)?;
    let to = work.scratch.dnormed.part_mut(0..work.size.tokens * width);
    head::scatter_add(dev, to, dx.part(all), work.input.rows.part(rows.clone()))?;
    Ok(())
}
