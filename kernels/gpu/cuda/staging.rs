//! Bytes of the host on their way to a card: a ring of memory that the card reads by itself, so
//! that a write returns at once and its source may change.

use cudarc::driver::result;

use super::driver::{Context, Told};
use crate::error::Result;

/// Bytes of the ring. Larger writes wait for the stream.
const BYTES: usize = 8 << 20;

/// The ring.
#[derive(Debug)]
pub(crate) struct Staging {
    memory: *mut u8,
    next: usize,
}

// SAFETY: the memory is the ring's own; who has `&mut` is alone.
unsafe impl Send for Staging {}

impl Staging {
    /// A ring for the context that is bound.
    ///
    /// # Errors
    /// Of the driver.
    pub(crate) fn new() -> Result<Staging> {
        // SAFETY: it is freed when dropped.
        let memory = unsafe { result::malloc_host(BYTES, 0) }.told("memory for copies")?;
        Ok(Staging { memory: memory.cast(), next: 0 })
    }

    /// Puts a write into the stream.
    ///
    /// # Errors
    /// Of the driver.
    pub(crate) fn write(&mut self, context: &Context, to: u64, from: &[u8]) -> Result<()> {
        if from.len() > BYTES {
            // SAFETY: the buffer on the card has as many bytes, and the source outlives the wait.
            unsafe { result::memcpy_htod_async(to, from, context.stream()) }.told("a write")?;
            return context.wait();
        }
        if self.next + from.len() > BYTES {
            // The card may still read what was written in this round.
            context.wait()?;
            self.next = 0;
        }
        // SAFETY: the bytes from `next` on are in the ring, and the card reads none of them.
        let staged = unsafe {
            let first = self.memory.add(self.next);
            std::ptr::copy_nonoverlapping(from.as_ptr(), first, from.len());
            std::slice::from_raw_parts(first, from.len())
        };
        self.next += from.len();
        // SAFETY: the buffer on the card has as many bytes; the staged ones stay until the stream
        // was waited for.
        unsafe { result::memcpy_htod_async(to, staged, context.stream()) }.told("a write")
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // SAFETY: it was made once, and the stream is done.
        let _ = unsafe { result::free_host(self.memory.cast()) };
    }
}
