//! Weighted cross-entropy of tokens: L = Σ -w · ln π / W, W being the weight of the whole step.
//!
//! All are `[N]` of f32; the loss is one of [`crate::sums`].

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, args};
use crate::sums;
use crate::tensor::{Dtype, View, ViewMut};

/// Sets `dlogp`, dL / d ln π = -w / W, and adds L to `loss`, one sum.
///
/// # Errors
/// Lengths or types that do not fit, a weight of the step that is not above 0.
pub fn backward(
    dev: &Device,
    dlogp: ViewMut,
    loss: ViewMut,
    logp: View,
    weights: View,
    total: f64,
) -> Result<()> {
    const OP: &str = "likelihood";
    length(OP, "logp", logp.len(), dlogp.len())?;
    length(OP, "weights", weights.len(), dlogp.len())?;
    length(OP, "loss", loss.len(), sums::words(1))?;
    if !(total > 0.0 && total.is_finite()) {
        return Err(Error::argument(OP, format!("a weight of {total} in all")));
    }
    match dev {
        Device::Gpu(gpu) => {
            let (dlogp, loss) = (gpu::of(dlogp, Dtype::F32)?, sums::on_card(OP, loss, 1)?);
            let (logp, weights) = (gpu::of(logp, Dtype::F32)?, gpu::of(weights, Dtype::F32)?);
            let (grid, rows) = sums::shared(gpu, dlogp.len(), 1)?;
            let count = dlogp.len() as u32;
            let arguments = args![dlogp, rows, logp, weights, total.to_bits(), count];
            gpu.launch("likelihood", "likelihood", &[], grid, arguments)?;
            sums::add(gpu, loss, rows, grid)
        }
        Device::Cpu(_) => {
            let (dlogp, logp, weights) = (dlogp.f32()?, logp.f32()?, weights.f32()?);
            let mut sum = 0.0;
            for ((weight, logp), dlogp) in weights.iter().zip(logp).zip(dlogp) {
                *dlogp = (-f64::from(*weight) / total) as f32;
                sum -= f64::from(*weight) * f64::from(*logp) / total;
            }
            sums::add_here(OP, loss, &[sum])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{schedules, tensor, values_of};
    use crate::testing::{close, device, values};

    /// The slopes and the loss of two calls.
    fn run(dev: &Device, logp: &[f32], weights: &[f32]) -> Vec<f32> {
        let [logp, weights] = [logp, weights].map(|v| tensor(dev, Dtype::F32, v));
        let mut dlogp = dev.zeros(Dtype::F32, logp.len()).unwrap();
        let mut loss = dev.zeros(Dtype::U32, sums::words(1)).unwrap();
        for _ in 0..2 {
            let (to, sum) = (dlogp.view_mut(), loss.view_mut());
            backward(dev, to, sum, logp.view(), weights.view(), 3.5).unwrap();
        }
        let loss = sums::read(dev, loss.view()).unwrap()[0];
        [values_of(dev, &dlogp), vec![loss as f32]].concat()
    }

    #[test]
    fn parity() {
        for count in [1, 257, 3000] {
            let (logp, weights) = (values(1, count), values(2, count));
            let mut expected: Vec<f64> = weights.iter().map(|w| -f64::from(*w) / 3.5).collect();
            let terms = expected.iter().zip(&logp).map(|(slope, logp)| slope * f64::from(*logp));
            expected.push(2.0 * terms.sum::<f64>());
            close("host", &run(&device(), &logp, &weights), &expected, 1e-6, 1e-6);
            let found = schedules(Dtype::F32, |dev| run(dev, &logp, &weights));
            close("card", &found, &expected, 1e-6, 1e-6);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let call = |words: usize, total| {
            let (mut dlogp, mut sums) = ([7.0], vec![0; words]);
            let one = View::F32(&[1.0]);
            let (to, loss) = (ViewMut::F32(&mut dlogp), ViewMut::U32(&mut sums));
            backward(&device(), to, loss, one, one, total).is_err()
        };
        assert!(call(1, 1.0) && call(2, 0.0) && call(2, f64::NAN) && !call(2, 1.0));
    }
}
