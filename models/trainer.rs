//! A training: parameters, gradients, optimizer and buffers, a step at a time.

use std::borrow::Cow;
use std::ops::Range;

use half::bf16;
use heedful_kernels::{Device, Dtype, Tensor, View, adamw8, cast, copy, fill, sums};

use crate::batch::Batch;
use crate::classifier::{self, Labels};
use crate::error::{Error, Result};
use crate::lm_head::{self, CrossEntropy, TokenLoss};
use crate::optimizer::{self, Beyond, Optimizer, States};
use crate::params::{self, Initial, Layout};
use crate::schedule::Schedule;
use crate::transformer::Transformer;
use crate::workspace::{Limits, Workspace};
use crate::{backward, forward, phase, policy};

/// A model in training.
#[derive(Debug)]
pub struct Trainer {
    /// Where it runs.
    pub device: Device,
    /// The model.
    pub model: Transformer,
    /// Its parameters, in the type of the device's activations.
    pub params: Tensor,
    /// Gradients gathered since the last update: f32, or bf16 beside 8-bit states.
    pub grads: Tensor,
    /// Moments.
    pub optimizer: Optimizer,
    /// Learning rates.
    pub schedule: Schedule,
    /// Buffers of a pass.
    pub work: Workspace,
    /// Whether samples of one prompt share its tokens in a batch: fewer to compute, the same
    /// gradient but for rounding. A card begins so.
    pub share: bool,
    /// Those of a policy's loss, once it had one.
    pub(crate) policy: Option<policy::Buffers>,
    counted: Option<Counted>,
}

/// What supervised training knows of a batch, on the device.
#[derive(Debug)]
struct Counted {
    /// `[T]`: weights of the counted tokens.
    weights: Tensor,
    /// The loss so far.
    sum: Tensor,
}

impl Counted {
    fn new(dev: &Device, tokens: usize) -> Result<Counted> {
        let sum = dev.zeros(Dtype::U32, sums::words(1))?;
        Ok(Counted { weights: dev.zeros(Dtype::F32, tokens)?, sum })
    }
}

/// What an update was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// Its number, from 1.
    pub step: u64,
    /// The loss, a mean by weight.
    pub loss: f64,
    /// The learning rate.
    pub rate: f64,
    /// Global norm of the gradients before clipping.
    pub norm: f64,
    /// Tokens that went through the model.
    pub tokens: usize,
    /// Those whose prediction counted.
    pub counted: usize,
}

impl Trainer {
    /// A training that has not begun, from parameters in f32 or as [`params::load_for`] gives them.
    ///
    /// # Errors
    /// Parameters of another model or for other states, settings or limits that cannot be; no
    /// memory on the card.
    pub fn new(
        device: Device,
        model: Transformer,
        params: impl Into<Initial>,
        limits: Limits,
        schedule: Schedule,
        settings: optimizer::Settings,
    ) -> Result<Trainer> {
        let (params, len) = (params.into(), model.layout.len());
        let (Initial::Whole(all) | Initial::Split { weights: all, .. }) = &params;
        let found = all.len();
        if found != len {
            return Err(Error::argument(format!("{found} parameters for a model of {len}")));
        }
        schedule.check()?;
        settings.check(&device)?;
        let (params, beyond) = begin(&device, &model.layout, settings, params)?;
        let grads = device.zeros(settings.states.grads(), len)?;
        let optimizer = Optimizer::new(&device, &model.layout, settings, beyond)?;
        let work = passes(&device, &model, limits)?;
        let (share, policy, counted) = (matches!(device, Device::Gpu(_)), None, None);
        Ok(Trainer {
            device,
            model,
            params,
            grads,
            optimizer,
            schedule,
            work,
            share,
            policy,
            counted,
        })
    }

    /// A copy of the present parameters on the device, in the type that passes take.
    ///
    /// # Errors
    /// No memory on the card.
    pub fn copy(&self) -> Result<Tensor> {
        let mut copy = self.device.zeros(self.params.dtype(), self.params.len())?;
        copy::part(&self.device, copy.view_mut(), self.params.view())?;
        Ok(copy)
    }

    /// Forgets the gradients gathered so far.
    ///
    /// # Errors
    /// Of the op.
    pub fn clear(&mut self) -> Result<()> {
        Ok(fill::forward(&self.device, self.grads.view_mut(), 0.0)?)
    }

    /// Gives the memory that passes were computed in back to the system, or to the card, where it
    /// stays until the next one: for sampling, or for a checkpoint to be written.
    ///
    /// # Errors
    /// None that did not come up when the training was made.
    pub fn rest(&mut self) -> Result<()> {
        let limits = self.work.limits;
        if matches!(self.device, Device::Gpu(_)) {
            self.work = Workspace::resting(&self.device, &self.model, limits)?;
            return Ok(());
        }
        // The old buffers go first: made beside them, the small ones cost 60 MiB more at the peak.
        let least = Limits { tokens: 1, sequences: 1, rows: 1, ..limits };
        self.work = Workspace::new(&self.device, &self.model, least)?;
        self.work = Workspace::new(&self.device, &self.model, limits)?;
        Ok(())
    }

    /// Adds the gradients of a batch under this loss.
    ///
    /// # Errors
    /// A batch that does not fit; of an op or of the loss.
    pub fn accumulate(&mut self, batch: &Batch, loss: &mut impl TokenLoss) -> Result<()> {
        self.forward(batch)?;
        let Trainer { device, model, params, grads, work, .. } = self;
        lm_head::backward(device, model, params, grads, work, loss)?;
        backward::backward(device, model, params, grads, work)
    }

    /// Adds the gradients of a classifier's loss: the sum over sequences of `weights` × loss, which
    /// is returned.
    ///
    /// # Errors
    /// A batch or labels that do not fit; of an op.
    pub fn accumulate_labels(
        &mut self,
        batch: &Batch,
        truth: Labels<'_>,
        weights: &[f32],
    ) -> Result<f64> {
        self.forward(batch)?;
        let Trainer { device, model, params, grads, work, .. } = self;
        let loss = classifier::backward(device, model, params, grads, work, truth, weights)?;
        backward::backward(device, model, params, grads, work)?;
        Ok(loss)
    }

    /// The scores `[B, N]` of a classifier.
    ///
    /// # Errors
    /// A batch that does not fit, a model without scores; of an op.
    pub fn scores(&mut self, batch: &Batch) -> Result<Vec<f32>> {
        self.forward(batch)?;
        let Trainer { device, model, params, work, .. } = self;
        Ok(copy::read_f32(device, classifier::forward(device, model, params, work)?)?)
    }

    /// The parameters in f32 on the host: lent, or copied from a card.
    ///
    /// # Errors
    /// Of the card.
    pub fn values(&self) -> Result<Cow<'_, [f32]>> {
        let whole = match &self.optimizer.beyond {
            Beyond::Nothing => &self.params,
            Beyond::Master(master) => master,
            Beyond::Bytes { residual, .. } => {
                return Ok(Cow::Owned(joined(&self.device, &self.params, residual)?));
            }
        };
        match whole.view() {
            View::F32(values) => Ok(Cow::Borrowed(values)),
            view => Ok(Cow::Owned(copy::read_f32(&self.device, view)?)),
        }
    }

    /// Updates the parameters by the gathered gradients and forgets these. Returns the learning
    /// rate and the gradients' norm.
    ///
    /// # Errors
    /// Gradients that are not finite; of an op.
    pub fn update(&mut self) -> Result<(f64, f64)> {
        let rate = self.schedule.at(self.optimizer.step);
        let norm = self.optimizer.update(&self.device, &mut self.params, &self.grads, rate)?;
        self.clear()?;
        Ok((rate, norm))
    }

    /// One step of supervised training: the gradient of the mean cross-entropy over all counted
    /// tokens of all batches, by weight, as if they were one batch; then an update.
    ///
    /// # Errors
    /// Batches in which nothing counts or that do not fit; of an op.
    pub fn step(&mut self, batches: &[Batch]) -> Result<Update> {
        let total: f64 = batches.iter().map(Batch::weight).sum();
        if total <= 0.0 {
            return Err(Error::argument("a step in which no token counts"));
        }
        let mut known = match self.counted.take() {
            Some(known) => known,
            None => Counted::new(&self.device, self.work.limits.tokens)?,
        };
        copy::write_u32(&self.device, known.sum.view_mut(), &[0, 0])?;
        let (mut tokens, mut counted) = (0, 0);
        for batch in batches {
            let all = 0..batch.weights.len();
            copy::write_f32(&self.device, known.weights.part_mut(all.clone()), &batch.weights)?;
            let (weights, sum) = (known.weights.part(all), known.sum.view_mut());
            self.accumulate(batch, &mut CrossEntropy::new(weights, total, sum))?;
            tokens += batch.ids.len();
            counted += batch.rows.len();
        }
        let (rate, norm) = self.update()?;
        let loss = sums::read(&self.device, known.sum.view())?[0];
        self.counted = Some(known);
        Ok(Update { step: self.optimizer.step, loss, rate, norm, tokens, counted })
    }

    /// The mean cross-entropy over all counted tokens of all batches, by weight.
    ///
    /// # Errors
    /// Batches in which nothing counts or that do not fit; of an op.
    pub fn loss(&mut self, batches: &[Batch]) -> Result<f64> {
        let (mut sum, mut total) = (0.0, 0.0);
        for batch in batches {
            self.predict(batch)?;
            let pairs = batch.weights.iter().zip(self.work.logp(&self.device)?);
            sum -= pairs.map(|(&w, logp)| f64::from(w) * f64::from(logp)).sum::<f64>();
            total += batch.weight();
        }
        if total > 0.0 { Ok(sum / total) } else { Err(Error::argument("no token counts")) }
    }

    /// Sets log-probability and entropy of the batch's counted tokens in the workspace.
    ///
    /// # Errors
    /// A batch that does not fit; of an op.
    pub fn predict(&mut self, batch: &Batch) -> Result<()> {
        self.forward(batch)?;
        lm_head::forward(&self.device, &self.model, &self.params, &mut self.work)
    }

    /// The logits `[N, V]` after the batch's counted tokens: as many as a chunk has rows at most.
    ///
    /// # Errors
    /// A batch that does not fit; of an op.
    pub fn logits(&mut self, batch: &Batch) -> Result<Vec<f32>> {
        self.forward(batch)?;
        let rows = 0..self.work.size.rows.min(self.work.limits.rows);
        let Trainer { device, model, params, work, .. } = self;
        lm_head::logits(device, model, params, work, &rows)?;
        let all = 0..rows.len() * model.config.vocab;
        Ok(copy::read_f32(device, work.output.logits.part(all))?)
    }

    fn forward(&mut self, batch: &Batch) -> Result<()> {
        if self.work.rests() {
            self.work = passes(&self.device, &self.model, self.work.limits)?;
        }
        self.work.load(&self.device, &self.model, batch)?;
        forward::forward(&self.device, &self.model, &self.params, &mut self.work)
    }
}

/// The parameters that passes work on, and what they are beyond those.
fn begin(
    device: &Device,
    layout: &Layout,
    settings: optimizer::Settings,
    params: Initial,
) -> Result<(Tensor, Beyond)> {
    let (weights, residual) = match (settings.states, params) {
        (States::Full, Initial::Whole(whole)) if device.float() == Dtype::F32 => {
            return Ok((whole, Beyond::Nothing));
        }
        (States::Full, Initial::Whole(whole)) => {
            let mut copy = device.zeros(device.float(), whole.len())?;
            cast::forward(device, copy.view_mut(), whole.view())?;
            return Ok((copy, Beyond::Master(whole)));
        }
        (States::Full, Initial::Split { .. }) => {
            return Err(Error::argument("parameters in 24 bits are for 8-bit states"));
        }
        (States::Eight, Initial::Split { weights, residual }) => (weights, residual),
        (States::Eight, Initial::Whole(whole)) => {
            let mut weights = device.zeros(Dtype::Bf16, whole.len())?;
            let mut residual = device.zeros(Dtype::U8, whole.len())?;
            for run in runs(whole.len()) {
                let values = copy::read_f32(device, whole.part(run.clone()))?;
                let (to, bytes) = (weights.part_mut(run.clone()), residual.part_mut(run));
                params::split(device, to, bytes, &values)?;
            }
            (weights, residual)
        }
    };
    let scales = device.zeros(Dtype::F32, optimizer::scales(layout, settings))?;
    Ok((weights, Beyond::Bytes { residual, scales }))
}

/// The parameters that bf16 and the bytes beyond are.
fn joined(device: &Device, weights: &Tensor, residual: &Tensor) -> Result<Vec<f32>> {
    let mut values = Vec::with_capacity(weights.len());
    for run in runs(weights.len()) {
        let high = copy::bytes(device, weights.part(run.clone()))?;
        let low = copy::bytes(device, residual.part(run))?;
        let high = high.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes));
        values.extend(high.zip(low).map(|(weight, beyond)| adamw8::join(weight, beyond)));
    }
    Ok(values)
}

/// Values that go between host and device at a time.
const RUN: usize = 1 << 20;

/// So many values, a run at a time.
pub(crate) fn runs(len: usize) -> impl Iterator<Item = Range<usize>> {
    (0..len.div_ceil(RUN)).map(move |at| at * RUN..len.min((at + 1) * RUN))
}

/// What passes are computed in, of the training's memory.
fn passes(dev: &Device, model: &Transformer, limits: Limits) -> Result<Workspace> {
    phase::during(dev, phase::TRAINING, || Workspace::new(dev, model, limits))
}
