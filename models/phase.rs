//! What a card's memory is for at a time: sampling and training never need theirs together.

use heedful_kernels::Device;

use crate::error::Result;

/// Sampling: the engine's buffers, keys and values.
pub const ROLLOUT: &str = "rollout";

/// Training: what passes compute in.
pub const TRAINING: &str = "training";

/// Does `work`. What it takes of a card is this phase's memory, which another phase has once it was
/// given back. On the host there are no phases.
///
/// # Errors
/// Memory that another phase still holds, told with its bytes; of the work.
pub fn during<T>(dev: &Device, phase: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    enter(dev, Some(phase))?;
    let done = work();
    enter(dev, None)?;
    done
}

fn enter(dev: &Device, phase: Option<&'static str>) -> Result<()> {
    match dev {
        Device::Cpu(_) => Ok(()),
        Device::Gpu(gpu) => Ok(gpu.board().phase(phase)?),
    }
}
