//! A card's memory: one slab, reserved when the card is opened and cut by the arena.

use std::fmt;
use std::str::FromStr;

use cudarc::driver::result;

use super::driver::{Told, refused};
use crate::error::{Error, Result};
use crate::gpu::arena::Arena;

/// Scratch memory at the beginning, and what it grows by.
const SCRATCH: usize = 16 << 20;

/// How much of a card's memory is reserved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reserve {
    /// This share of what is free, above 0 and at most 1.
    Share(f64),
    /// So many bytes.
    Bytes(u64),
}

impl Default for Reserve {
    /// Nine tenths of what is free: the driver and its libraries need some.
    fn default() -> Reserve {
        Reserve::Share(0.9)
    }
}

impl Reserve {
    /// Bytes of it where so many are free.
    ///
    /// # Errors
    /// A share that is none; more than is free.
    fn of(self, free: u64) -> Result<u64> {
        let bytes = match self {
            Reserve::Share(share) if share > 0.0 && share <= 1.0 => (free as f64 * share) as u64,
            Reserve::Share(share) => {
                return Err(Error::Device(format!("{share} of a card's memory: not in (0, 1]")));
            }
            Reserve::Bytes(bytes) => bytes,
        };
        if bytes > free {
            return Err(Error::Device(format!(
                "{} MiB of the card's memory are asked for, {} MiB are free",
                bytes >> 20,
                free >> 20
            )));
        }
        // Whole MiB.
        Ok(bytes >> 20 << 20)
    }
}

impl FromStr for Reserve {
    type Err = Error;

    /// A share as `0.9`, or bytes as `40 GiB`, `500 MiB`.
    fn from_str(text: &str) -> Result<Reserve> {
        let wrong = || {
            Error::Device(format!("memory {text:?}: a share as 0.9, or bytes as 40GiB or 500MiB"))
        };
        for (unit, shift) in [("GiB", 30), ("MiB", 20)] {
            if let Some(number) = text.trim().strip_suffix(unit) {
                let count: u64 = number.trim().parse().map_err(|_| wrong())?;
                let bytes = count.checked_mul(1 << shift).filter(|bytes| *bytes > 0);
                return bytes.map(Reserve::Bytes).ok_or_else(wrong);
            }
        }
        let share: f64 = text.trim().parse().map_err(|_| wrong())?;
        if share > 0.0 && share <= 1.0 { Ok(Reserve::Share(share)) } else { Err(wrong()) }
    }
}

impl fmt::Display for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reserve::Share(share) => write!(f, "{share}"),
            Reserve::Bytes(bytes) if bytes % (1 << 30) == 0 => write!(f, "{}GiB", bytes >> 30),
            Reserve::Bytes(bytes) => write!(f, "{}MiB", bytes >> 20),
        }
    }
}

/// The slab, its parts, and the scratch memory, which is one of them.
#[derive(Debug)]
pub(crate) struct Slab {
    base: u64,
    pub(crate) arena: Arena,
    scratch: (u64, usize),
}

impl Slab {
    /// Reserves memory of the context that is bound.
    ///
    /// # Errors
    /// More than is free; too little for anything; what the driver refuses.
    pub(crate) fn reserve(memory: Reserve) -> Result<Slab> {
        let (free, _) = result::mem_get_info().told("the card's free memory")?;
        let bytes = memory.of(free as u64)?;
        let what = format!("reserving {} MiB of the card's memory", bytes >> 20);
        if bytes == 0 {
            return Err(Error::Device(format!("{what}: {} MiB are free", free >> 20)));
        }
        // SAFETY: it is freed when dropped, and nothing of it is read before it is written.
        let base = unsafe { result::malloc_sync(bytes as usize) };
        let base = base.map_err(|error| refused(&what, error))?;
        let mut slab = Slab { base, arena: Arena::new(bytes), scratch: (base, 0) };
        slab.grow(SCRATCH)?;
        Ok(slab)
    }

    /// Takes memory for the phase of now.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(crate) fn take(&mut self, bytes: usize) -> Result<u64> {
        Ok(self.base + self.arena.take(bytes as u64)?)
    }

    /// Gives back what was taken at this address.
    pub(crate) fn give(&mut self, address: u64) {
        let known = address.checked_sub(self.base).is_some_and(|at| self.arena.give(at));
        debug_assert!(known, "{address:#x} was not taken");
    }

    /// The scratch memory, where it is large enough.
    pub(crate) fn scratch(&self, bytes: usize) -> Option<u64> {
        (bytes <= self.scratch.1).then_some(self.scratch.0)
    }

    /// Another scratch memory, of so many bytes or more, that belongs to no phase. What is in the
    /// stream may still work in the old one: whoever gets its memory comes later in the stream.
    ///
    /// # Errors
    /// [`Error::Memory`].
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<u64> {
        let bytes = bytes.checked_next_multiple_of(SCRATCH).unwrap_or(usize::MAX);
        if self.scratch.1 > 0 {
            self.give(self.scratch.0);
            self.scratch = (self.base, 0);
        }
        let phase = self.arena.phase();
        self.arena.enter(None)?;
        let taken = self.take(bytes);
        self.arena.enter(phase)?;
        self.scratch = (taken?, bytes);
        Ok(self.scratch.0)
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: it was reserved once, and the stream is done.
        let _ = unsafe { result::free_sync(self.base) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slab whose memory is nobody's.
    fn slab(bytes: u64) -> std::mem::ManuallyDrop<Slab> {
        let base = 1 << 40;
        let slab = Slab { base, arena: Arena::new(bytes), scratch: (base, 0) };
        std::mem::ManuallyDrop::new(slab)
    }

    #[test]
    fn scratch_memory_grows_and_stays() {
        let mut slab = slab(100 << 20);
        assert_eq!(slab.scratch(1), None);
        slab.arena.enter(Some("rollout")).unwrap();
        let first = slab.grow(5).unwrap();
        assert_eq!((slab.scratch(16 << 20), slab.scratch((16 << 20) + 1)), (Some(first), None));
        assert_eq!(slab.arena.phase(), Some("rollout"));
        let second = slab.grow(40 << 20).unwrap();
        assert_eq!(slab.scratch(48 << 20), Some(second));
        // The phase holds none of it.
        assert_eq!(slab.arena.held(), [(None, 48 << 20)]);
        assert!(matches!(slab.grow(200 << 20), Err(Error::Memory(_))));
        assert_eq!((slab.scratch(1), slab.arena.left()), (None, 100 << 20));
        assert_eq!(slab.arena.phase(), Some("rollout"));
        assert!(slab.grow(1).is_ok());
    }

    #[test]
    fn memory_is_a_share_or_bytes() {
        let read = |text: &str| text.parse::<Reserve>();
        assert_eq!(read("0.9").unwrap(), Reserve::default());
        assert_eq!(read(" 40 GiB").unwrap(), Reserve::Bytes(40 << 30));
        assert_eq!(read("500MiB").unwrap().to_string(), "500MiB");
        for wrong in ["", "0", "1.5", "-1", "NaN", "GiB", "0MiB", "40GB", "99999999999999GiB"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Reserve::Share(0.5).of((10 << 20) + 2).unwrap(), 5 << 20);
        let error = Reserve::Bytes(2 << 30).of(1 << 30).unwrap_err().to_string();
        assert_eq!(error, "2048 MiB of the card's memory are asked for, 1024 MiB are free");
        assert!(Reserve::Share(f64::NAN).of(1).is_err());
    }
}
