//! Large pages for large buffers: a walk through weights then misses the table of pages 500 times
//! less often, and a fresh buffer is had in as many fewer faults.

/// Bytes of a large page on the processors that heedful knows.
const LARGE: usize = 2 << 20;

/// Asks for large pages under these values, which nobody has written to yet. A system that has none
/// goes on with small ones.
pub(crate) fn large<T>(values: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        let bytes = std::mem::size_of_val(values);
        let start = values.as_mut_ptr().cast::<u8>();
        let skip = start.align_offset(LARGE);
        if skip >= bytes || bytes - skip < LARGE {
            return;
        }
        let whole = (bytes - skip) / LARGE * LARGE;
        // SAFETY: the pages lie inside the values, and advice does not change what they hold.
        unsafe { libc::madvise(start.add(skip).cast(), whole, libc::MADV_HUGEPAGE) };
    }
}
