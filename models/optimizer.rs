//! AdamW over the flat parameters, with clipping by the global norm.
//!
//! What it keeps between updates is f32, or on a card 8 bits a value: then a parameter costs seven
//! bytes with its gradient, not sixteen.

use std::ops::Range;

use heedful_kernels::{Device, Dtype, Tensor, adamw, adamw8, copy, norm};

use crate::error::{Error, Result};
use crate::params::Layout;
use crate::transformer::{part, part_mut};

/// What weight decay falls on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decay {
    /// Matrices; norms and biases keep their size.
    Matrices,
    /// Everything.
    All,
}

/// What is kept of every parameter between updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum States {
    /// Moments in f32; on a card that computes in bf16 the parameter in f32 too.
    #[default]
    Full,
    /// Moments and what the parameter has beyond bf16 in 8 bits each ([`adamw8`]), with gradients
    /// in bf16. For cards that compute in bf16.
    Eight,
}

impl States {
    /// Whether this device can keep them.
    ///
    /// # Errors
    /// It cannot.
    pub fn check(self, device: &Device) -> Result<()> {
        match (self, device) {
            (States::Full, _) => Ok(()),
            (States::Eight, Device::Gpu(_)) if device.float() == Dtype::Bf16 => Ok(()),
            (States::Eight, Device::Gpu(_)) => {
                let float = device.float();
                Err(Error::argument(format!("8-bit states are for weights of bf16, not {float}")))
            }
            (States::Eight, Device::Cpu(_)) => {
                Err(Error::argument("8-bit states are for cards: the host keeps f32"))
            }
        }
    }

    /// What gradients are gathered in.
    pub(crate) fn grads(self) -> Dtype {
        match self {
            States::Full => Dtype::F32,
            States::Eight => Dtype::Bf16,
        }
    }

    fn moments(self) -> Dtype {
        match self {
            States::Full => Dtype::F32,
            States::Eight => Dtype::U8,
        }
    }
}

/// What parameters are beyond those that passes work on.
#[derive(Debug)]
pub enum Beyond {
    /// Nothing: passes work on f32.
    Nothing,
    /// All of them in f32, where passes work on a rounded copy.
    Master(Tensor),
    /// A byte each, and the scales of the moments, whose blocks begin anew with every part that
    /// has a weight decay of its own.
    Bytes {
        /// `[N]` u8.
        residual: Tensor,
        /// f32: [`adamw8::scales`] of each part.
        scales: Tensor,
    },
}

/// How parameters are updated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the latter.
    pub eps: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// What it falls on.
    pub decay: Decay,
    /// Gradients of a larger global norm are scaled down to it.
    pub clip: Option<f64>,
    /// What is kept between updates.
    pub states: States,
}

impl Default for Settings {
    /// `torch.optim.AdamW`'s values, no weight decay, clipping at 1.
    fn default() -> Settings {
        Settings {
            beta1: 0.9,
            beta2: 0.999,
            eps: 1e-8,
            weight_decay: 0.0,
            decay: Decay::Matrices,
            clip: Some(1.0),
            states: States::Full,
        }
    }
}

/// The moments, and how many updates they have seen.
#[derive(Debug)]
pub struct Optimizer {
    /// How it updates.
    pub settings: Settings,
    /// Updates so far.
    pub step: u64,
    /// What the parameters are beyond those of passes.
    pub beyond: Beyond,
    /// Mean of gradients, f32 or u8.
    pub m: Tensor,
    /// Mean of squared gradients, f32 or u8.
    pub v: Tensor,
    /// Parts of the parameters, in order, and the weight decay of each.
    ranges: Vec<(Range<usize>, f64)>,
    partial: Tensor,
    /// What gradients are multiplied with, and their norm: on a card, where nothing waits for it.
    factor: Tensor,
}

impl Optimizer {
    /// An optimizer that has seen nothing, of parameters with this beyond them. The settings are
    /// checked ones.
    ///
    /// # Errors
    /// No memory on the card.
    pub(crate) fn new(
        device: &Device,
        layout: &Layout,
        settings: Settings,
        beyond: Beyond,
    ) -> Result<Optimizer> {
        let (len, moments) = (layout.len(), settings.states.moments());
        Ok(Optimizer {
            settings,
            step: 0,
            beyond,
            m: device.zeros(moments, len)?,
            v: device.zeros(moments, len)?,
            ranges: ranges(layout, settings),
            partial: device.zeros(Dtype::U32, norm::scratch(len))?,
            factor: device.zeros(Dtype::F32, 2)?,
        })
    }

    /// Moves `params` against `grads` at this learning rate and returns the gradients' global norm
    /// before clipping.
    ///
    /// # Errors
    /// A norm that is not finite: nothing has changed then. Of an op.
    pub fn update(
        &mut self,
        dev: &Device,
        params: &mut Tensor,
        grads: &Tensor,
        rate: f64,
    ) -> Result<f64> {
        if let Device::Gpu(_) = dev {
            return self.update_card(dev, params, grads, rate);
        }
        let norm = norm::global(dev, self.partial.view_mut(), grads.view())?;
        if !norm.is_finite() {
            let step = self.step + 1;
            return Err(Error::argument(format!("step {step}: the gradient's norm is {norm}")));
        }
        // As `torch.nn.utils.clip_grad_norm_`.
        let grad_scale = self.settings.clip.map_or(1.0, |clip| (clip / (norm + 1e-6)).min(1.0));
        self.step += 1;
        for (range, weight_decay) in &self.ranges {
            let with = self.settings.step(self.step, rate, *weight_decay, grad_scale);
            let (m, v) = (part_mut(&mut self.m, range), part_mut(&mut self.v, range));
            adamw::step(dev, part_mut(params, range), m, v, part(grads, range), &with)?;
        }
        Ok(norm)
    }
}

impl Optimizer {
    /// The same on a card: the host waits once, for the norm, when all is under way.
    fn update_card(
        &mut self,
        dev: &Device,
        params: &mut Tensor,
        grads: &Tensor,
        rate: f64,
    ) -> Result<f64> {
        let (factor, partial) = (self.factor.view_mut(), self.partial.view_mut());
        norm::clip(dev, factor, partial, grads.view(), self.settings.clip)?;
        let mut first = 0;
        for (range, weight_decay) in &self.ranges {
            let with = self.settings.step(self.step + 1, rate, *weight_decay, 1.0);
            let (m, v) = (part_mut(&mut self.m, range), part_mut(&mut self.v, range));
            let (grads, factor) = (part(grads, range), Some(self.factor.view()));
            let params = part_mut(params, range);
            match &mut self.beyond {
                Beyond::Nothing => {
                    adamw::copied(dev, params, None, m, v, grads, factor, &with)?;
                }
                Beyond::Master(master) => {
                    let whole = part_mut(master, range);
                    adamw::copied(dev, whole, Some(params), m, v, grads, factor, &with)?;
                }
                Beyond::Bytes { residual, scales } => {
                    let last = first + adamw8::scales(range.len());
                    let (residual, scales) =
                        (part_mut(residual, range), scales.part_mut(first..last));
                    let state = adamw8::State { residual, m, v, scales };
                    adamw8::step(dev, params, state, grads, factor, &with)?;
                    first = last;
                }
            }
        }
        let norm = f64::from(copy::read_f32(dev, self.factor.view())?[1]);
        if !norm.is_finite() {
            let step = self.step + 1;
            return Err(Error::argument(format!("step {step}: the gradient's norm is {norm}")));
        }
        self.step += 1;
        Ok(norm)
    }
}

impl Settings {
    /// Whether a training on this device can have them.
    ///
    /// # Errors
    /// Settings that would not train: see the fields.
    pub(crate) fn check(self, device: &Device) -> Result<()> {
        let Settings { beta1, beta2, eps, weight_decay, clip, states, .. } = self;
        let betas = [beta1, beta2].iter().all(|beta| (0.0..1.0).contains(beta));
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let decays = weight_decay.is_finite() && weight_decay >= 0.0;
        if !betas || !positive(eps) || !decays || !clip.is_none_or(positive) {
            return Err(Error::argument(format!("an optimizer of {self:?} cannot be")));
        }
        states.check(device)
    }

    /// One step of AdamW.
    fn step(self, step: u64, lr: f64, weight_decay: f64, grad_scale: f64) -> adamw::Step {
        let Settings { beta1, beta2, eps, .. } = self;
        adamw::Step { lr, beta1, beta2, eps, weight_decay, step, grad_scale }
    }
}

/// How many scales the moments of all parts have in 8 bits.
pub(crate) fn scales(layout: &Layout, settings: Settings) -> usize {
    ranges(layout, settings).iter().map(|(range, _)| adamw8::scales(range.len())).sum()
}

/// Neighbours with the same decay are one part.
fn ranges(layout: &Layout, settings: Settings) -> Vec<(Range<usize>, f64)> {
    let mut ranges: Vec<(Range<usize>, f64)> = Vec::new();
    for entry in &layout.tensors {
        let decays = settings.decay == Decay::All || entry.shape.len() > 1;
        let decay = if decays { settings.weight_decay } else { 0.0 };
        match ranges.last_mut() {
            Some((range, last)) if *last == decay => range.end = entry.range.end,
            _ => ranges.push((entry.range.clone(), decay)),
        }
    }
    ranges
}
