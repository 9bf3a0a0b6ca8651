//! AdamW over the flat parameters, with clipping by the global norm.

use std::ops::Range;

use heedful_kernels::{Device, Dtype, Tensor, adamw, copy, norm};

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
    /// The parameters in f32, where passes work on a rounded copy.
    pub master: Option<Tensor>,
    /// Mean of gradients.
    pub m: Tensor,
    /// Mean of squared gradients.
    pub v: Tensor,
    /// Parts of the parameters, in order, and the weight decay of each.
    ranges: Vec<(Range<usize>, f64)>,
    partial: Tensor,
    /// What gradients are multiplied with, and their norm: on a card, where nothing waits for it.
    factor: Tensor,
}

impl Optimizer {
    /// An optimizer that has seen nothing.
    ///
    /// # Errors
    /// Settings that would not train: see the fields.
    pub fn new(device: &Device, layout: &Layout, settings: Settings) -> Result<Optimizer> {
        let Settings { beta1, beta2, eps, weight_decay, clip, .. } = settings;
        let betas = [beta1, beta2].iter().all(|beta| (0.0..1.0).contains(beta));
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let decays = weight_decay.is_finite() && weight_decay >= 0.0;
        if !betas || !positive(eps) || !decays || !clip.is_none_or(positive) {
            return Err(Error::argument(format!("an optimizer of {settings:?} cannot be")));
        }
        let len = layout.len();
        Ok(Optimizer {
            settings,
            step: 0,
            master: None,
            m: device.zeros(Dtype::F32, len)?,
            v: device.zeros(Dtype::F32, len)?,
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
        for (range, weight_decay) in &self.ranges {
            let with = self.settings.step(self.step + 1, rate, *weight_decay, 1.0);
            let (m, v) = (part_mut(&mut self.m, range), part_mut(&mut self.v, range));
            let (grads, factor) = (part(grads, range), Some(self.factor.view()));
            match &mut self.master {
                Some(master) => {
                    let (whole, rounded) = (part_mut(master, range), part_mut(params, range));
                    adamw::copied(dev, whole, Some(rounded), m, v, grads, factor, &with)?;
                }
                None => {
                    let params = part_mut(params, range);
                    adamw::copied(dev, params, None, m, v, grads, factor, &with)?;
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
    /// One step of AdamW.
    fn step(self, step: u64, lr: f64, weight_decay: f64, grad_scale: f64) -> adamw::Step {
        let Settings { beta1, beta2, eps, .. } = self;
        adamw::Step { lr, beta1, beta2, eps, weight_decay, step, grad_scale }
    }
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
