//! Group advantages: how much better a sample's reward is than those of its prompt's other samples.
//!
//! A = (r − b) · s for each of the G samples of a prompt. The baseline b is the group's mean, or
//! the mean of the others (leave-one-out: Ahmadian et al. 2024); the scale s is 1/(σ + ε) (GRPO,
//! Shao et al. 2024), 1/max(σ, floor), or 1 (Dr. GRPO, Liu et al. 2025). σ is the standard
//! deviation with G − 1 in the denominator, as verl and TRL compute it. A group whose rewards are
//! all the same has no advantages: exactly 0, whatever the scale.

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, Arg, Gpu, Grid, args};
use crate::tensor::{Dtype, View, ViewMut};

/// The op of errors.
const OP: &str = "advantage::group";

/// What a reward is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// The mean of the group.
    Mean,
    /// The mean of the group's other samples.
    LeaveOneOut,
}

/// What the difference is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// The group's standard deviation plus this.
    Deviation(f32),
    /// The group's standard deviation, this at least.
    Floor(f32),
    /// Nothing.
    One,
}

/// Sets `out` `[P · G]` from `rewards` `[P · G]`, the samples of a prompt side by side, and returns
/// how many of the P groups have rewards that differ: a card is waited for.
///
/// # Errors
/// Lengths that do not fit, groups of fewer than two, a reward that is not finite, a scale below 0.
pub fn group(
    dev: &Device,
    out: ViewMut,
    rewards: View,
    size: usize,
    baseline: Baseline,
    scale: Scale,
) -> Result<usize> {
    length(OP, "out", out.len(), rewards.len())?;
    if size < 2 || !rewards.len().is_multiple_of(size) {
        let problem = format!("{} rewards in groups of {size}", rewards.len());
        return Err(Error::argument(OP, problem));
    }
    if let Scale::Deviation(least) | Scale::Floor(least) = scale
        && (least < 0.0 || !least.is_finite())
    {
        return Err(Error::argument(OP, format!("a scale of {scale:?}")));
    }
    if let Device::Gpu(gpu) = dev {
        return on_card(gpu, out, rewards, size, baseline, scale);
    }
    let (out, rewards) = (out.f32()?, rewards.f32()?);
    if let Some(bad) = rewards.iter().find(|reward| !reward.is_finite()) {
        return Err(Error::argument(OP, format!("a reward of {bad}")));
    }
    let groups = out.chunks_exact_mut(size).zip(rewards.chunks_exact(size));
    Ok(groups.filter_map(|(out, rewards)| one(out, rewards, baseline, scale)).count())
}

fn on_card(
    gpu: &Gpu,
    out: ViewMut,
    rewards: View,
    size: usize,
    baseline: Baseline,
    scale: Scale,
) -> Result<usize> {
    let (out, rewards) = (gpu::of(out, Dtype::F32)?, gpu::of(rewards, Dtype::F32)?);
    let groups = rewards.len() / size;
    if groups == 0 {
        return Ok(0);
    }
    let (kind, least) = match scale {
        Scale::One => (0u32, 0.0),
        Scale::Deviation(least) => (1, least),
        Scale::Floor(least) => (2, least),
    };
    let one_out = u32::from(baseline == Baseline::LeaveOneOut);
    let told = gpu.board().scratch(groups * 4)?;
    let sizes = (groups as u32, size as u32);
    let arguments = args![out, Arg::Address(told), rewards, sizes.0, sizes.1, one_out, kind, least];
    let grid = Grid::row(groups.div_ceil(32), 32);
    gpu.launch("advantage", "advantage_group", &[], grid, arguments)?;
    let mut bytes = vec![0; groups * 4];
    gpu.board().read(told, &mut bytes)?;
    let told = || bytes.as_chunks().0.iter().map(|group| u32::from_ne_bytes(*group));
    // As advantage.cu names them: 1, rewards that differ; 2, some that are not finite.
    if let Some(group) = told().position(|group| group == 2) {
        return Err(Error::argument(OP, format!("group {group} has a reward that is not finite")));
    }
    Ok(told().filter(|group| *group == 1).count())
}

/// One group; `None` where all rewards are the same.
fn one(out: &mut [f32], rewards: &[f32], baseline: Baseline, scale: Scale) -> Option<()> {
    if rewards.iter().all(|reward| *reward == rewards[0]) {
        out.fill(0.0);
        return None;
    }
    let count = rewards.len() as f64;
    let sum: f64 = rewards.iter().map(|&r| f64::from(r)).sum();
    let mean = sum / count;
    let squares: f64 = rewards.iter().map(|&r| (f64::from(r) - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    let divisor = match scale {
        Scale::Deviation(more) => deviation + f64::from(more),
        Scale::Floor(least) => deviation.max(f64::from(least)),
        Scale::One => 1.0,
    };
    for (out, &reward) in out.iter_mut().zip(rewards) {
        let reward = f64::from(reward);
        let compared = match baseline {
            Baseline::Mean => mean,
            Baseline::LeaveOneOut => (sum - reward) / (count - 1.0),
        };
        *out = ((reward - compared) / divisor) as f32;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::testing::{schedules, tensor, values_of};
    use crate::testing::{device, values};

    fn of(rewards: &[f32], size: usize, baseline: Baseline, scale: Scale) -> Result<Vec<f32>> {
        let mut out = vec![f32::NAN; rewards.len()];
        let rewards = View::F32(rewards);
        group(&device(), ViewMut::F32(&mut out), rewards, size, baseline, scale)?;
        Ok(out)
    }

    fn close(found: &[f32], expected: &[f64]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn parity() {
        let rewards = [1.0, 0.0, 0.5, 0.5, 0.2, 0.8, 0.8, 0.6];
        // Means 0.5 and 0.6; deviations √(0.5 / 3) and √(0.24 / 3).
        let (first, second) = ((0.5f64 / 3.0).sqrt(), (0.24f64 / 3.0).sqrt());
        let plain = [0.5, -0.5, 0.0, 0.0, -0.4, 0.2, 0.2, 0.0];
        let divided = |by: [f64; 2]| -> Vec<f64> {
            plain.iter().enumerate().map(|(at, v)| v / by[at / 4]).collect()
        };
        let found = of(&rewards, 4, Baseline::Mean, Scale::One).unwrap();
        close(&found, &plain);
        let found = of(&rewards, 4, Baseline::Mean, Scale::Deviation(0.01)).unwrap();
        close(&found, &divided([first + 0.01, second + 0.01]));
        let found = of(&rewards, 4, Baseline::Mean, Scale::Floor(0.3)).unwrap();
        close(&found, &divided([first, 0.3]));
        // A sample against the others' mean is its distance from the mean, times G / (G − 1).
        let found = of(&rewards, 4, Baseline::LeaveOneOut, Scale::One).unwrap();
        close(&found, &divided([0.75, 0.75]));
    }

    #[test]
    fn a_group_without_differences_has_no_advantages() {
        // Sums of 0.1 are not exact, yet the group is.
        let rewards = [[0.1f32; 3], [0.1, 0.1, 0.100_000_01]].concat();
        let mut out = vec![f32::NAN; 6];
        let kept = group(
            &device(),
            ViewMut::F32(&mut out),
            View::F32(&rewards),
            3,
            Baseline::Mean,
            Scale::Floor(0.1),
        );
        assert_eq!(kept, Ok(1));
        assert_eq!(out[..3], [0.0; 3]);
        // A floor keeps a hair's breadth from becoming ±1.
        assert!(out[3..].iter().all(|a| a.abs() < 1e-6) && out[5] > 0.0);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (rewards, size) in [(&[1.0, 2.0][..], 1), (&[1.0, 2.0, 3.0], 2), (&[1.0, f32::NAN], 2)]
        {
            assert!(of(rewards, size, Baseline::Mean, Scale::One).is_err());
        }
        assert!(of(&[1.0, 2.0], 2, Baseline::Mean, Scale::Floor(-1.0)).is_err());
        assert!(of(&[1.0, 2.0], 0, Baseline::Mean, Scale::One).is_err());
    }

    #[test]
    fn cards() {
        let scales = [Scale::One, Scale::Deviation(0.01), Scale::Floor(0.3)];
        for (groups, size) in [(1, 2), (3, 4), (50, 16)] {
            let mut rewards = values(1, groups * size);
            rewards[..size].fill(0.1);
            for (baseline, scale) in [Baseline::Mean, Baseline::LeaveOneOut]
                .into_iter()
                .flat_map(|baseline| scales.map(|scale| (baseline, scale)))
            {
                let found = schedules(Dtype::F32, |dev| {
                    let given = tensor(dev, Dtype::F32, &rewards);
                    let mut out = tensor(dev, Dtype::F32, &vec![7.0; rewards.len()]);
                    let to = out.view_mut();
                    let kept = group(dev, to, given.view(), size, baseline, scale);
                    assert_eq!(kept, Ok(groups - 1));
                    values_of(dev, &out)
                });
                let expected = of(&rewards, size, baseline, scale).unwrap();
                assert_eq!(found[..size], vec![0.0; size]);
                close(&found, &expected.iter().map(|v| f64::from(*v)).collect::<Vec<_>>());
            }
        }
        schedules(Dtype::F32, |dev| {
            for bad in [f32::NAN, f32::INFINITY] {
                let given = tensor(dev, Dtype::F32, &[1.0, 2.0, bad, 1.0]);
                let mut out = tensor(dev, Dtype::F32, &[7.0; 4]);
                let (to, baseline) = (out.view_mut(), Baseline::Mean);
                let error = group(dev, to, given.view(), 2, baseline, Scale::One).unwrap_err();
                assert!(error.to_string().contains("group 1 has a reward that is not finite"));
            }
            vec![0.0]
        });
    }
}
