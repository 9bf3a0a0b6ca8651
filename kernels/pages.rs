//! Where buffers lie. Large ones have pages of their own: they begin at one, so that no load of a
//! row falls on two cache lines; they are taken from the system on the first touch and given back
//! when they go; and large pages are asked for, so that a walk through weights misses the table of
//! pages 500 times less often and a fresh buffer is had in as many fewer faults.

use std::alloc::{Layout, handle_alloc_error};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use half::bf16;
use memmap2::MmapMut;

/// Bytes from which on a buffer has pages of its own.
const OWN: usize = 1 << 20;
/// Bytes of a large page on the processors that heedful knows.
const LARGE: usize = 2 << 20;

/// Values of which any bits are sound, and all zeros are zero.
///
/// # Safety
/// That is so, and a page is aligned for them.
pub(crate) unsafe trait Plain: Copy {
    /// 0.
    const ZERO: Self;
}

// SAFETY: 32 bits, any of them a number.
unsafe impl Plain for f32 {
    const ZERO: f32 = 0.0;
}

// SAFETY: 16 bits, any of them a number.
unsafe impl Plain for bf16 {
    const ZERO: bf16 = bf16::ZERO;
}

// SAFETY: 8 bits, any of them a number.
unsafe impl Plain for u8 {
    const ZERO: u8 = 0;
}

// SAFETY: 32 bits, any of them a number.
unsafe impl Plain for u32 {
    const ZERO: u32 = 0;
}

/// A buffer of values.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    memory: Memory<T>,
    len: usize,
}

#[derive(Debug)]
enum Memory<T> {
    Held(Vec<T>),
    Mapped(MmapMut, PhantomData<T>),
}

impl<T: Plain> Pages<T> {
    /// So many zeros.
    pub(crate) fn zeros(len: usize) -> Pages<T> {
        let bytes = len.saturating_mul(size_of::<T>());
        if bytes < OWN {
            return vec![T::ZERO; len].into();
        }
        let Ok(layout) = Layout::array::<T>(len) else { panic!("{len} values fit no memory") };
        let Ok(map) = MmapMut::map_anon(bytes) else { handle_alloc_error(layout) };
        #[cfg(target_os = "linux")]
        if bytes >= LARGE {
            // A system that has no large pages goes on with small ones.
            let _ = map.advise(memmap2::Advice::HugePage);
        }
        Pages { memory: Memory::Mapped(map, PhantomData), len }
    }
}

impl<T> From<Vec<T>> for Pages<T> {
    /// As they are.
    fn from(values: Vec<T>) -> Pages<T> {
        let len = values.len();
        Pages { memory: Memory::Held(values), len }
    }
}

impl<T: Plain> Clone for Pages<T> {
    fn clone(&self) -> Pages<T> {
        let mut copy = Pages::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl<T: Plain> Deref for Pages<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.memory {
            Memory::Held(values) => values,
            // SAFETY: the map has the bytes of these values, for which its start is aligned and of
            // which any bits are sound; it lives as long as this.
            Memory::Mapped(map, _) => unsafe {
                std::slice::from_raw_parts(map.as_ptr().cast(), self.len)
            },
        }
    }
}

impl<T: Plain> DerefMut for Pages<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.memory {
            Memory::Held(values) => values,
            // SAFETY: as above, and nobody else has it.
            Memory::Mapped(map, _) => unsafe {
                std::slice::from_raw_parts_mut(map.as_mut_ptr().cast(), self.len)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_written_and_copied_wherever_they_lie() {
        for len in [0, 1, 1000, OWN / 4 - 1, OWN / 4, 3 * LARGE + 5] {
            let mut pages = Pages::<f32>::zeros(len);
            assert!(pages.len() == len && pages.iter().all(|value| *value == 0.0));
            pages.iter_mut().zip(0u32..).for_each(|(value, at)| *value = at as f32);
            let copy = pages.clone();
            assert!(copy[..] == pages[..]);
            assert!(len < OWN / 4 || copy.as_ptr().align_offset(64) == 0);
        }
        assert_eq!(Pages::<bf16>::zeros(OWN)[OWN - 1], bf16::ZERO);
        assert_eq!(Pages::from(vec![1u32, 2]).clone()[..], [1, 2]);
    }
}
