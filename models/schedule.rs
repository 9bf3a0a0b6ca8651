//! The learning rate over the steps of a training, as transformers' schedules of the same names.

use crate::error::{Error, Result};

/// How the rate goes on after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It stays.
    Constant,
    /// Down to the floor in a straight line.
    Linear,
    /// Down to the floor along half a cosine.
    Cosine,
}

/// A learning rate for each step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The highest rate.
    pub rate: f64,
    /// Steps over which it rises from 0 in a straight line.
    pub warmup: u64,
    /// Steps of the training.
    pub steps: u64,
    /// How it goes on.
    pub shape: Shape,
    /// The rate at the end, as a part of the highest.
    pub floor: f64,
}

impl Schedule {
    /// Refuses what would not train.
    ///
    /// # Errors
    /// A rate that is negative or not finite, a floor outside [0, 1], a longer warm-up than steps.
    pub fn check(&self) -> Result<()> {
        let Schedule { rate, warmup, steps, floor, .. } = *self;
        if !rate.is_finite() || rate < 0.0 || !(0.0..=1.0).contains(&floor) || warmup > steps {
            return Err(Error::argument(format!("a schedule of {self:?} cannot be")));
        }
        Ok(())
    }

    /// The rate of a step, counted from 0.
    pub fn at(&self, step: u64) -> f64 {
        if step < self.warmup {
            return self.rate * step as f64 / self.warmup as f64;
        }
        let done =
            (step - self.warmup) as f64 / self.steps.saturating_sub(self.warmup).max(1) as f64;
        let done = done.min(1.0);
        let factor = match self.shape {
            Shape::Constant => return self.rate,
            Shape::Linear => 1.0 - done,
            Shape::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        };
        self.rate * (self.floor + (1.0 - self.floor) * factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COSINE: Schedule =
        Schedule { rate: 2.0, warmup: 4, steps: 12, shape: Shape::Cosine, floor: 0.1 };

    #[test]
    fn the_rate_rises_falls_and_stays_at_the_floor() {
        assert_eq!([0, 1, 4].map(|step| COSINE.at(step)), [0.0, 0.5, 2.0]);
        assert!((COSINE.at(8) - 1.1).abs() < 1e-12);
        assert!((COSINE.at(12) - 0.2).abs() < 1e-12 && COSINE.at(99) == COSINE.at(12));
        let linear = Schedule { shape: Shape::Linear, ..COSINE };
        assert!((linear.at(8) - 1.1).abs() < 1e-12 && (linear.at(6) - 1.55).abs() < 1e-12);
        assert_eq!(Schedule { shape: Shape::Constant, ..COSINE }.at(11), 2.0);
    }

    #[test]
    fn a_schedule_without_steps_or_warmup_is_sound() {
        let none = Schedule { warmup: 0, steps: 0, ..COSINE };
        assert_eq!((none.at(0), none.at(1)), (2.0, 0.2));
        assert!(Schedule { warmup: 13, ..COSINE }.check().is_err());
        assert!(Schedule { rate: f64::NAN, ..COSINE }.check().is_err());
        assert!(Schedule { floor: 1.5, ..COSINE }.check().is_err());
        assert!(COSINE.check().is_ok());
    }
}
