//! What every shape must keep, wherever it was read: bounds that come before any allocation.

use super::{Config, RopeScaling};

/// Most of each size: well beyond what is published, and small enough that products fit.
pub(crate) const VOCAB: usize = 1 << 22;
pub(crate) const WIDTH: usize = 1 << 16;
pub(crate) const LAYERS: usize = 1 << 10;
pub(crate) const HEADS: usize = 1 << 10;
pub(crate) const HEAD_DIM: usize = 1 << 10;
pub(crate) const FFN: usize = 1 << 19;
pub(crate) const CONTEXT: usize = 1 << 26;
pub(crate) const LABELS: usize = 1 << 16;

impl Config {
    /// Refuses a shape that no model can have. The message names the field and its value.
    ///
    /// # Errors
    /// A size of zero or beyond its bound, heads that do not divide, an odd head, a number that is
    /// not finite, a token outside the vocabulary.
    pub fn check(&self) -> Result<(), String> {
        let sizes = [
            ("vocab", self.vocab, VOCAB),
            ("width", self.width, WIDTH),
            ("layers", self.layers, LAYERS),
            ("heads", self.heads, HEADS),
            ("kv_heads", self.kv_heads, HEADS),
            ("head_dim", self.head_dim, HEAD_DIM),
            ("ffn", self.ffn, FFN),
            ("context", self.context, CONTEXT),
        ];
        for (name, size, most) in sizes {
            if !(1..=most).contains(&size) {
                return Err(format!("{name} is {size}, not 1 to {most}"));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(format!("{} heads over {} key-value heads", self.heads, self.kv_heads));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(format!("head_dim is {}, which is odd", self.head_dim));
        }
        if !(self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            return Err(format!("norm_eps is {}, not between 0 and 1", self.norm_eps));
        }
        if !(self.rope_theta >= 1.0 && self.rope_theta.is_finite()) {
            return Err(format!("rope_theta is {}, not finite and at least 1", self.rope_theta));
        }
        stretch(self.rope_scaling)?;
        let tokens = self.bos.iter().chain(&self.eos).chain(&self.pad);
        match tokens.copied().find(|token| *token as usize >= self.vocab) {
            Some(token) => Err(format!("token {token} is outside a vocabulary of {}", self.vocab)),
            None => Ok(()),
        }
    }
}

fn stretch(scaling: RopeScaling) -> Result<(), String> {
    let good = |value: f64| value.is_finite() && value > 0.0;
    match scaling {
        RopeScaling::None => Ok(()),
        RopeScaling::Linear(factor) if good(factor) => Ok(()),
        RopeScaling::Llama3 { factor, low, high, context }
            if [factor, low, context].into_iter().all(good) && high.is_finite() && high > low =>
        {
            Ok(())
        }
        other => Err(format!("rope scaling {other:?} makes no sense")),
    }
}
