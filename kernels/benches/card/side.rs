//! A device with buffers of drawn values: the same ones on the host and on a card.

use half::bf16;
use heedful_kernels::{Device, Dtype, Result, Tensor, ViewMut, copy};

/// Drawn values come again after so many, a prime, so that no two rows of a matrix are the same.
const PERIOD: usize = 1_048_573;

/// What outputs hold before a call: whatever is not written, or not added to, shows.
const POISON: f32 = 3000.0;

/// A device, and what values of activations and weights are rounded to on it.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) dev: &'a Device,
    pub(crate) near: Dtype,
}

impl Side<'_> {
    /// Activations or weights in [-1, 1).
    pub(crate) fn floats(self, seed: u64, n: usize) -> Result<Tensor> {
        self.drawn(self.dev.float(), self.near, seed, n, |v| v)
    }

    /// The same times `reach`.
    pub(crate) fn scaled(self, seed: u64, n: usize, reach: f32) -> Result<Tensor> {
        self.drawn(self.dev.float(), self.near, seed, n, move |v| v * reach)
    }

    /// Statistics, slopes, gradients of weights: f32 on every device.
    pub(crate) fn whole(self, seed: u64, n: usize) -> Result<Tensor> {
        self.drawn(Dtype::F32, Dtype::F32, seed, n, |v| v)
    }

    /// The same in [0, 1).
    pub(crate) fn positive(self, seed: u64, n: usize) -> Result<Tensor> {
        self.drawn(Dtype::F32, Dtype::F32, seed, n, f32::abs)
    }

    /// f32 of one value.
    pub(crate) fn all(self, value: f32, n: usize) -> Result<Tensor> {
        self.drawn(Dtype::F32, Dtype::F32, 1, n, move |_| value)
    }

    /// An output in the type of activations.
    pub(crate) fn out(self, n: usize) -> Result<Tensor> {
        self.drawn(self.dev.float(), Dtype::F32, 1, n, |_| POISON)
    }

    /// An output that is bf16 on every device.
    pub(crate) fn rounded_out(self, n: usize) -> Result<Tensor> {
        self.drawn(Dtype::Bf16, Dtype::F32, 1, n, |_| POISON)
    }

    /// Values that are bf16 on every device.
    pub(crate) fn rounded(self, seed: u64, n: usize) -> Result<Tensor> {
        self.drawn(Dtype::Bf16, Dtype::Bf16, seed, n, |v| v)
    }

    /// An output in f32.
    pub(crate) fn out_whole(self, n: usize) -> Result<Tensor> {
        self.all(POISON, n)
    }

    /// Ids below `below`, most of them different.
    pub(crate) fn ids(self, n: usize, below: usize) -> Result<Tensor> {
        let id = |at: usize| ((at as u64 * 2_654_435_761 + 97) % below as u64) as u32;
        self.words(&(0..n).map(id).collect::<Vec<_>>())
    }

    /// These words.
    pub(crate) fn words(self, values: &[u32]) -> Result<Tensor> {
        let mut tensor = self.dev.zeros(Dtype::U32, values.len())?;
        copy::write_u32(self.dev, tensor.view_mut(), values)?;
        Ok(tensor)
    }

    fn drawn(
        self,
        dtype: Dtype,
        near: Dtype,
        seed: u64,
        n: usize,
        with: impl Fn(f32) -> f32,
    ) -> Result<Tensor> {
        let mut tensor = self.dev.zeros(dtype, n)?;
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = with((state >> 40) as f32 / (1u32 << 23) as f32 - 1.0);
            if near == Dtype::Bf16 { bf16::from_f32(value).to_f32() } else { value }
        };
        let first: Vec<f32> = std::iter::repeat_with(next).take(n.min(PERIOD)).collect();
        copy::write_f32(self.dev, tensor.part_mut(0..first.len()), &first)?;
        repeat(self.dev, &mut tensor, first.len())?;
        Ok(tensor)
    }
}

/// Fills a buffer with its first `period` values over and over, on the device.
pub(crate) fn repeat(dev: &Device, tensor: &mut Tensor, period: usize) -> Result<()> {
    let (mut filled, len) = (period, tensor.len());
    if tensor.dtype() == Dtype::Bf16
        && let Device::Cpu(_) = dev
    {
        let ViewMut::Bf16(values) = tensor.view_mut() else { return Ok(()) };
        (filled..len).for_each(|at| values[at] = values[at - period]);
        return Ok(());
    }
    while filled < len {
        let count = filled.min(len - filled);
        let (from, to) = tensor.view_mut().split_at(filled);
        copy::part(dev, to.slice(0..count), from.read().slice(0..count))?;
        filled += count;
    }
    Ok(())
}
