//! Where large buffers lie: they begin at a cache line, so that no load of a row falls on two, and
//! on large pages, so that a walk through weights misses the table of pages 500 times less often
//! and a fresh buffer is had in as many fewer faults.

use std::ops::{Deref, DerefMut};

/// Bytes of a large page, and of a cache line, on the processors that heedful knows.
const LARGE: usize = 2 << 20;
const LINE: usize = 64;

/// Values that begin at a cache line, if they were made here.
#[derive(Debug)]
pub(crate) struct Lines<T> {
    /// With room for what was skipped.
    values: Vec<T>,
    start: usize,
    len: usize,
}

impl<T> Lines<T> {
    /// `len` values of these, which are a line more and which the system gives on the first touch.
    ///
    /// # Panics
    /// Fewer than a line more.
    pub(crate) fn of(mut values: Vec<T>, len: usize) -> Lines<T> {
        large(&mut values);
        let start = values.as_ptr().align_offset(LINE);
        // No such place is found for types of odd sizes: the first value will do.
        let start = if start < Self::more() { start } else { 0 };
        assert!(start + len <= values.len(), "a line more than {len} values");
        Lines { values, start, len }
    }

    /// Values of a line.
    pub(crate) const fn more() -> usize {
        LINE / size_of::<T>()
    }
}

impl<T> From<Vec<T>> for Lines<T> {
    /// As they are.
    fn from(values: Vec<T>) -> Lines<T> {
        let len = values.len();
        Lines { values, start: 0, len }
    }
}

impl<T: Copy + Default> Clone for Lines<T> {
    fn clone(&self) -> Lines<T> {
        let mut copy = Lines::of(vec![T::default(); self.len + Self::more()], self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl<T> Deref for Lines<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..self.start + self.len]
    }
}

/// Asks for large pages under these values, which nobody has written to yet. A system that has none
/// goes on with small ones.
pub(crate) fn large<T>(values: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        let bytes = size_of_val(values);
        let start = values.as_mut_ptr().cast::<u8>();
        let skip = start.align_offset(LARGE);
        if skip >= bytes || bytes - skip < LARGE {
            return;
        }
        let whole = (bytes - skip) / LARGE * LARGE;
        // SAFETY: the pages lie inside the values, and advice does not change what they hold.
        unsafe { libc::madvise(start.add(skip).cast(), whole, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = values;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_begin_at_a_line_and_copies_too() {
        for len in [0, 1, 15, 16, 1000, 3 << 20] {
            let mut lines = Lines::of(vec![0.0f32; len + Lines::<f32>::more()], len);
            lines.iter_mut().zip(0u32..).for_each(|(value, at)| *value = at as f32);
            let copy = lines.clone();
            assert_eq!((lines.len(), &copy[..]), (len, &lines[..]));
            for at in [lines.as_ptr(), copy.as_ptr()] {
                assert!(at.align_offset(LINE) == 0);
            }
        }
        assert_eq!(Lines::from(vec![1u32, 2]).clone()[..], [1, 2]);
    }
}
