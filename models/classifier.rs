//! The classification head: scores of labels from the last token of each sequence.
//!
//! One label is trained by binary cross-entropy on its score, or by which of two sequences is the
//! better one; several by cross-entropy among them.

use heedful_kernels::gemm::{self, Write};
use heedful_kernels::{Device, Dtype, Tensor, View, copy, fill, head};

use crate::config::Head;
use crate::error::{Error, Result};
use crate::transformer::{Transformer, part, part_mut};
use crate::workspace::{Output, Workspace};

/// What the sequences of a batch truly are.
#[derive(Debug, Clone, Copy)]
pub enum Labels<'a> {
    /// `[B]`, probabilities in [0, 1] of the one label.
    Soft(&'a [f32]),
    /// `[B]`, which label of several.
    Classes(&'a [u32]),
    /// Of sequences 2i and 2i + 1 the first is the better one; weights are one a pair.
    Preferences,
}

/// How many labels a classifier has, and where its head lies.
fn score(model: &Transformer) -> Result<(usize, std::ops::Range<usize>)> {
    match (model.head, &model.layout.score) {
        (Head::Score(labels), Some(range)) => Ok((labels, range.clone())),
        _ => Err(Error::argument("a language model has no scores of labels")),
    }
}

/// The scores `[B, N]` of the loaded batch's sequences, after [`crate::forward::forward`].
///
/// # Errors
/// A model without such a head; of an op.
pub fn forward<'a>(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    work: &'a mut Workspace,
) -> Result<View<'a>> {
    let (labels, range) = score(model)?;
    let (sequences, width) = (work.size.sequences, model.config.width);
    let normed = work.scratch.normed.part(0..work.size.tokens * width);
    let Output { x, logits, .. } = &mut work.output;
    let all = 0..sequences * width;
    head::gather(dev, x.part_mut(all.clone()), normed, work.input.last.part(0..sequences))?;
    let shape = gemm::Shape { m: sequences, n: labels, k: width };
    let out = logits.part_mut(0..sequences * labels);
    gemm::nt(dev, out, x.part(all), part(params, &range), shape, Write::Set)?;
    Ok(logits.part(0..sequences * labels))
}

/// The same with the gradient of the sum of `weights` × loss over sequences, which is returned:
/// into `grads` for the head, into the scratch for the final norm's output.
///
/// # Errors
/// Labels that do not fit the head or the batch; of an op.
pub fn backward(
    dev: &Device,
    model: &Transformer,
    params: &Tensor,
    grads: &mut Tensor,
    work: &mut Workspace,
    truth: Labels<'_>,
    weights: &[f32],
) -> Result<f64> {
    let (labels, range) = score(model)?;
    let (sequences, width) = (work.size.sequences, model.config.width);
    forward(dev, model, params, work)?;
    let loss = losses(dev, work, truth, weights, labels)?;
    let Output { x, dx, dscores, .. } = &mut work.output;
    let (all, scores) = (0..sequences * width, dscores.part(0..sequences * labels));
    let shape = gemm::Shape { m: sequences, n: width, k: labels };
    let out = dx.part_mut(all.clone());
    gemm::nn(dev, out, scores, part(params, &range), shape, Write::Set)?;
    let shape = gemm::Shape { m: labels, n: width, k: sequences };
    let out = part_mut(grads, &range);
    gemm::tn(dev, out, scores, x.part(all.clone()), shape, Write::Add)?;
    let dnormed = 0..work.size.tokens * width;
    fill::forward(dev, work.scratch.dnormed.part_mut(dnormed.clone()), 0.0)?;
    let (to, last) = (work.scratch.dnormed.part_mut(dnormed), work.input.last.part(0..sequences));
    head::scatter_add(dev, to, dx.part(all), last)?;
    Ok(loss)
}

/// Sets the gradient of the scores and returns the loss.
fn losses(
    dev: &Device,
    work: &mut Workspace,
    truth: Labels<'_>,
    weights: &[f32],
    labels: usize,
) -> Result<f64> {
    let sequences = work.size.sequences;
    let Output { logits, logp, dscores, .. } = &mut work.output;
    let all = 0..sequences * labels;
    let (loss, slopes) = (logp.part_mut(0..sequences), dscores.part_mut(all.clone()));
    let weights = given(dev, weights)?;
    let (scores, weights) = (logits.part(all), weights.view());
    match truth {
        Labels::Soft(targets) if labels == 1 => {
            let targets = given(dev, targets)?;
            head::bce(dev, loss, slopes, scores, targets.view(), weights)?;
        }
        Labels::Classes(classes) if labels > 1 => {
            let mut known = dev.zeros(Dtype::U32, classes.len())?;
            copy::write_u32(dev, known.view_mut(), classes)?;
            head::cross_entropy(dev, loss, slopes, scores, known.view(), weights, labels)?;
        }
        Labels::Preferences if labels == 1 && sequences.is_multiple_of(2) => {
            let loss = logp.part_mut(0..sequences / 2);
            head::preference(dev, loss, slopes, scores, weights)?;
            return sum(dev, logp.part(0..sequences / 2));
        }
        _ => return Err(Error::argument(format!("labels that {labels} scores do not tell"))),
    }
    sum(dev, logp.part(0..sequences))
}

/// Values of the host, where the device can read them.
fn given(dev: &Device, values: &[f32]) -> Result<Tensor> {
    let mut buffer = dev.zeros(Dtype::F32, values.len())?;
    copy::write_f32(dev, buffer.view_mut(), values)?;
    Ok(buffer)
}

fn sum(dev: &Device, losses: View<'_>) -> Result<f64> {
    Ok(copy::read_f32(dev, losses)?.iter().map(|&loss| f64::from(loss)).sum())
}
