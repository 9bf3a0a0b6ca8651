//! Runs the CUDA kernels on the host, from the same source that a card gets: one fiber a thread,
//! under several schedules, whose results must be the same bits.
//!
//! It finds barriers that are missing or that some threads do not reach, copies that nobody waited
//! for, warp operations without full attendance, shared memory that nobody wrote, and arguments
//! that do not fit; every build checks addresses against the alignment of their types, indices
//! against arrays and divisors, and `SIMT_FLAGS="-fsanitize=address"` finds all that is out of
//! bounds (`scripts/sanitize.sh`). Its one hole: blocks run whole, so two of them that write one
//! place show only by their order.
//!
//! It needs a Unix and a C++17 compiler; fibers change by assembly on x86-64, by the C library's
//! contexts elsewhere.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};

/// Who runs when a thread has to wait, and when asynchronous copies happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// The next thread in order; copies happen when they are waited for.
    RoundRobin,
    /// Blocks and threads backwards; copies happen when they are issued.
    Reverse,
    /// By chance, from this seed.
    Shuffled(u64),
    /// The first thread that can: one warp runs as far ahead as barriers let it.
    Greedy,
}

impl Schedule {
    /// Those that results are compared under.
    pub const ALL: [Schedule; 5] = [
        Schedule::RoundRobin,
        Schedule::Reverse,
        Schedule::Shuffled(1),
        Schedule::Shuffled(2),
        Schedule::Greedy,
    ];
}

/// A grid, its blocks and the bytes of shared memory that each gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Blocks along each axis.
    pub blocks: [u32; 3],
    /// Threads of a block along each axis.
    pub threads: [u32; 3],
    /// Bytes of shared memory asked for at the launch.
    pub shared: u32,
}

type Launch = unsafe extern "C" fn(
    *const c_char,
    *const c_uint,
    *const c_uint,
    c_uint,
    *const *const c_void,
    *const c_uint,
    c_uint,
    c_int,
    u64,
    *mut c_char,
    usize,
) -> c_int;

/// Runs a kernel by its name. Each argument is its bytes.
///
/// # Errors
/// A kernel that is not there, arguments of other sizes, a grid that cannot be, and what the
/// emulator finds, with block and thread. On other systems than Unix every launch.
///
/// # Safety
/// Addresses among the arguments must be of memory that the kernel may read and write as it does.
pub unsafe fn launch(
    name: &str,
    grid: Grid,
    arguments: &[&[u8]],
    schedule: Schedule,
) -> Result<(), String> {
    // SAFETY: as the caller vouches.
    unsafe { call(entry()?, name, grid, arguments, schedule) }
}

/// # Safety
/// As [`launch`]; `entry` is the launch of a build of launch.cpp.
unsafe fn call(
    entry: Launch,
    name: &str,
    grid: Grid,
    arguments: &[&[u8]],
    schedule: Schedule,
) -> Result<(), String> {
    let (order, seed) = match schedule {
        Schedule::RoundRobin => (0, 0),
        Schedule::Reverse => (1, 0),
        Schedule::Shuffled(seed) => (2, seed),
        Schedule::Greedy => (3, 0),
    };
    let label = CString::new(name).map_err(|_| format!("{name:?} is no kernel's name"))?;
    // Arguments are copied to where their types can lie.
    let held = arguments.iter().map(|bytes| aligned(name, bytes)).collect::<Result<Vec<_>, _>>()?;
    let pointers: Vec<*const c_void> = held.iter().map(|word| (&raw const *word).cast()).collect();
    let sizes: Vec<c_uint> = arguments.iter().map(|bytes| bytes.len() as c_uint).collect();
    let mut error = [0; 320];
    // SAFETY: names end in 0, the lists have the counts given, and the caller vouches for what the
    // arguments point to.
    let code = unsafe {
        entry(
            label.as_ptr(),
            grid.blocks.as_ptr(),
            grid.threads.as_ptr(),
            grid.shared,
            pointers.as_ptr(),
            sizes.as_ptr(),
            sizes.len() as c_uint,
            order,
            seed,
            error.as_mut_ptr(),
            error.len(),
        )
    };
    if code == 0 {
        return Ok(());
    }
    // SAFETY: snprintf ends what it writes with 0, and the buffer began as zeros.
    let message = unsafe { CStr::from_ptr(error.as_ptr()) };
    Err(format!("{name}: {}", message.to_string_lossy()))
}

fn aligned(name: &str, bytes: &[u8]) -> Result<u64, String> {
    let mut word = [0; 8];
    let room = word.get_mut(..bytes.len());
    let room = room.ok_or_else(|| format!("{name}: an argument of {} bytes", bytes.len()))?;
    room.copy_from_slice(bytes);
    Ok(u64::from_ne_bytes(word))
}

#[cfg(not(simt))]
fn entry() -> Result<Launch, String> {
    Err("the emulator of cards needs a Unix: it was not built for this target".to_owned())
}

/// The kernels of this build, or of the library that `HEEDFUL_SIMT` names: so a fault can be
/// planted without building the tests again.
#[cfg(simt)]
fn entry() -> Result<Launch, String> {
    use std::sync::OnceLock;
    static LIBRARY: OnceLock<Option<libloading::Library>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let path = std::env::var_os("HEEDFUL_SIMT")?;
        // SAFETY: it is a library of kernels that the one who set the variable built.
        let opened = unsafe { libloading::Library::new(&path) };
        Some(opened.unwrap_or_else(|e| panic!("HEEDFUL_SIMT={}: {e}", path.display())))
    });
    let Some(library) = library else { return Ok(native::simt_launch) };
    // SAFETY: the symbol has this type in every build of launch.cpp.
    let symbol = unsafe { library.get::<Launch>(b"simt_launch") };
    symbol.map(|launch| *launch).map_err(|e| format!("HEEDFUL_SIMT: {e}"))
}

/// What build.rs compiled.
#[cfg(simt)]
mod native {
    use super::{c_char, c_int, c_uint, c_void};

    macro_rules! launches {
        ($($(#[$on:meta])* $name:ident),*) => {
            unsafe extern "C" {
                $($(#[$on])* pub(super) fn $name(
                    name: *const c_char,
                    grid: *const c_uint,
                    threads: *const c_uint,
                    shared: c_uint,
                    arguments: *const *const c_void,
                    sizes: *const c_uint,
                    count: c_uint,
                    schedule: c_int,
                    seed: u64,
                    error: *mut c_char,
                    room: usize,
                ) -> c_int;)*
            }
        };
    }
    launches!(
        simt_launch,
        #[cfg(test)]
        simt_probe_launch
    );
}

#[cfg(test)]
#[cfg(simt)]
mod tests;
