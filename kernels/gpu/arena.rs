//! Who has which part of a card's memory: offsets in one slab, reserved once.
//!
//! Pure bookkeeping, so that a card and its emulator refuse the same things. Buffers of a phase
//! (rollout, training) are taken from the end of the slab, buffers that stay from its beginning:
//! when a phase ends and its buffers are given back, the next one has the same memory. The same
//! calls give the same offsets.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, Result};

/// What every offset and every size is a multiple of.
pub const ALIGNED: u64 = 256;

/// The parts of a slab.
#[derive(Debug)]
pub struct Arena {
    total: u64,
    /// Where free pieces begin, and their bytes. No two of them touch.
    free: BTreeMap<u64, u64>,
    /// Where taken pieces begin.
    taken: BTreeMap<u64, Piece>,
    phase: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    bytes: u64,
    phase: Option<&'static str>,
}

/// Memory that is not there: what was asked for, what there is, and who has the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// Bytes that were asked for.
    pub asked: u64,
    /// The phase that asked; `None` for what stays.
    pub phase: Option<&'static str>,
    /// Bytes of the slab.
    pub total: u64,
    /// Bytes that are free.
    pub left: u64,
    /// Bytes of the largest free piece.
    pub largest: u64,
    /// Bytes that each phase holds; `None` is what stays.
    pub held: Vec<(Option<&'static str>, u64)>,
}

impl Arena {
    /// A slab of so many bytes, all free.
    pub fn new(bytes: u64) -> Arena {
        let total = bytes / ALIGNED * ALIGNED;
        let free = if total == 0 { BTreeMap::new() } else { BTreeMap::from([(0, total)]) };
        Arena { total, free, taken: BTreeMap::new(), phase: None }
    }

    /// Takes `bytes`, rounded up to whole multiples of [`ALIGNED`], for the phase of now: the last
    /// free piece that is large enough, at its end; without a phase the first, at its beginning.
    ///
    /// # Errors
    /// [`Error::Memory`]: no free piece is large enough.
    pub fn take(&mut self, bytes: u64) -> Result<u64> {
        let size = bytes.max(1).checked_next_multiple_of(ALIGNED).unwrap_or(u64::MAX);
        let mut fits = self.free.iter().filter(|(_, free)| **free >= size);
        let piece = if self.phase.is_none() { fits.next() } else { fits.next_back() };
        let Some((&start, &free)) = piece else { return Err(self.shortage(bytes)) };
        self.free.remove(&start);
        let rest = free - size;
        let at = if self.phase.is_none() { start } else { start + rest };
        if rest > 0 {
            self.free.insert(if at == start { start + size } else { start }, rest);
        }
        self.taken.insert(at, Piece { bytes: size, phase: self.phase });
        Ok(at)
    }

    /// Gives back what was taken at this offset; false where nothing was.
    pub fn give(&mut self, at: u64) -> bool {
        let Some(piece) = self.taken.remove(&at) else { return false };
        let (mut start, mut bytes) = (at, piece.bytes);
        if let Some(after) = self.free.remove(&(at + bytes)) {
            bytes += after;
        }
        if let Some((&before, &size)) = self.free.range(..at).next_back()
            && before + size == at
        {
            (start, bytes) = (before, bytes + size);
        }
        self.free.insert(start, bytes);
        true
    }

    /// Enters a phase, or with `None` the time between phases: what is taken then stays.
    ///
    /// # Errors
    /// A phase that is entered while buffers of another one live, named with its bytes.
    pub fn enter(&mut self, phase: Option<&'static str>) -> Result<()> {
        if let Some(name) = phase {
            let other = |(held, _): &(Option<&str>, u64)| held.is_some_and(|held| held != name);
            if let Some((Some(other), bytes)) = self.held().into_iter().find(other) {
                return Err(Error::Device(format!(
                    "phase {name} begins while phase {other} holds {} of the card",
                    Mib(bytes)
                )));
            }
        }
        self.phase = phase;
        Ok(())
    }

    /// The phase of now.
    pub fn phase(&self) -> Option<&'static str> {
        self.phase
    }

    /// Bytes of the slab.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Bytes that are free.
    pub fn left(&self) -> u64 {
        self.free.values().sum()
    }

    /// Bytes of the largest free piece.
    pub fn largest(&self) -> u64 {
        self.free.values().copied().max().unwrap_or(0)
    }

    /// Bytes that each phase holds, what stays first.
    pub fn held(&self) -> Vec<(Option<&'static str>, u64)> {
        let mut sums = BTreeMap::new();
        for piece in self.taken.values() {
            *sums.entry(piece.phase).or_insert(0) += piece.bytes;
        }
        sums.into_iter().collect()
    }

    /// Why `asked` bytes cannot be had.
    pub fn shortage(&self, asked: u64) -> Error {
        Error::Memory(Box::new(Shortage {
            asked,
            phase: self.phase,
            total: self.total,
            left: self.left(),
            largest: self.largest(),
            held: self.held(),
        }))
    }
}

impl std::error::Error for Shortage {}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no room on the card: {} are asked for", Mib(self.asked))?;
        if let Some(phase) = self.phase {
            write!(f, " by phase {phase}")?;
        }
        write!(f, ", {} of {} are left", Mib(self.left), Mib(self.total))?;
        write!(f, ", {} in one piece;", Mib(self.largest))?;
        for (phase, bytes) in &self.held {
            match phase {
                Some(phase) => write!(f, " phase {phase} holds {},", Mib(*bytes))?,
                None => write!(f, " {} stay,", Mib(*bytes))?,
            }
        }
        f.write_str(
            " lower slots or max_tokens (rollout) or tokens (training), set states to 8bit, or \
             give the card's memory a larger share",
        )
    }
}

/// Bytes as they are told: whole MiB, or KiB where there are few.
struct Mib(u64);

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..0x10_0000 => write!(f, "{} KiB", self.0.div_ceil(1 << 10)),
            bytes => write!(f, "{} MiB", bytes >> 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn phases_have_the_same_memory_one_after_the_other() {
        let mut arena = Arena::new(10 * ALIGNED);
        let weights = arena.take(1).unwrap();
        arena.enter(Some("rollout")).unwrap();
        let cache = arena.take(8 * ALIGNED).unwrap();
        assert_eq!((weights, cache), (0, 2 * ALIGNED));
        arena.enter(Some("rollout")).unwrap();
        let error = arena.enter(Some("training")).unwrap_err().to_string();
        assert_eq!(error, "phase training begins while phase rollout holds 2 KiB of the card");
        assert_eq!(arena.phase(), Some("rollout"));
        // What is taken between phases stays, and hinders none.
        arena.enter(None).unwrap();
        assert_eq!(arena.take(ALIGNED).unwrap(), ALIGNED);
        assert!(arena.give(cache));
        arena.enter(Some("training")).unwrap();
        assert_eq!(arena.take(8 * ALIGNED).unwrap(), cache);
        assert_eq!(arena.held(), [(None, 512), (Some("training"), 2048)]);
    }

    #[test]
    fn what_is_missing_is_told_with_who_has_it() {
        let mut arena = Arena::new(8 << 20);
        arena.take(2 << 20).unwrap();
        arena.enter(Some("training")).unwrap();
        let (last, _) = (arena.take(1 << 20).unwrap(), arena.take(3 << 20).unwrap());
        arena.give(last);
        let error = arena.take(5 << 20).unwrap_err();
        let Error::Memory(short) = &error else { panic!("{error}") };
        assert_eq!((short.left, short.largest), (3 << 20, 2 << 20));
        let told = "no room on the card: 5 MiB are asked for by phase training, 3 MiB of 8 MiB are \
                    left, 2 MiB in one piece; 2 MiB stay, phase training holds 3 MiB, lower ";
        assert!(error.to_string().starts_with(told), "{error}");
        let huge = Arena::new(1 << 20).take(u64::MAX - 3).unwrap_err();
        assert!(matches!(huge, Error::Memory(_)));
    }

    #[test]
    fn nothing_fits_into_nothing() {
        assert!(Arena::new(255).take(1).is_err());
        assert!(!Arena::new(256).give(0));
    }

    proptest! {
        #[test]
        fn pieces_lie_apart_and_all_comes_back(
            steps in prop::collection::vec((0_u64..9000, any::<u8>(), 0_u8..4), 1..200),
        ) {
            let mut arena = Arena::new(1 << 17);
            let mut twin = Arena::new(1 << 17);
            let mut live: Vec<(u64, u64)> = Vec::new();
            for (bytes, which, what) in steps {
                match what {
                    0 if !live.is_empty() => {
                        let (at, _) = live.swap_remove(usize::from(which) % live.len());
                        prop_assert!(arena.give(at) && twin.give(at));
                        prop_assert!(!arena.give(at));
                    }
                    1 => {
                        let phases = [None, Some("rollout"), Some("training")];
                        let phase = phases[usize::from(which) % 3];
                        prop_assert_eq!(arena.enter(phase).is_ok(), twin.enter(phase).is_ok());
                    }
                    _ => {
                        let found = arena.take(bytes);
                        prop_assert_eq!(&found, &twin.take(bytes));
                        let size = bytes.max(1).next_multiple_of(ALIGNED);
                        let Ok(at) = found else {
                            prop_assert!(arena.largest() < size);
                            continue;
                        };
                        prop_assert_eq!(at % ALIGNED, 0);
                        prop_assert!(at + size <= arena.total());
                        prop_assert!(live.iter().all(|(a, len)| a + len <= at || at + size <= *a));
                        live.push((at, size));
                    }
                }
                let held: u64 = live.iter().map(|(_, len)| len).sum();
                prop_assert_eq!(held + arena.left(), arena.total());
            }
            live.iter().for_each(|(at, _)| assert!(arena.give(*at)));
            prop_assert_eq!((arena.left(), arena.largest()), (1 << 17, 1 << 17));
            prop_assert!(arena.held().is_empty());
        }
    }
}
