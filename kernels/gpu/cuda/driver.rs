//! A card as the driver has it: its context and one stream, and errors that say what they are.

use cudarc::driver::result::{self, DriverError};
use cudarc::driver::sys;

use crate::error::{Error, Result};

/// The oldest driver whose functions are all that we call: of CUDA 12.0.
const OLDEST: i32 = 12_000;

/// What the driver refused: the error's name and what it means.
pub(crate) fn refused(what: &str, error: DriverError) -> Error {
    let text = |found: std::result::Result<&std::ffi::CStr, DriverError>| {
        found.map_or_else(|_| "?".to_owned(), |text| text.to_string_lossy().into_owned())
    };
    let (name, meaning) = (text(error.error_name()), text(error.error_string()));
    Error::Device(format!("{what}: {name}: {meaning}"))
}

/// A result of the driver's, with what was tried.
pub(crate) trait Told<T> {
    /// # Errors
    /// What the driver refused.
    fn told(self, what: &str) -> Result<T>;
}

impl<T> Told<T> for std::result::Result<T, DriverError> {
    fn told(self, what: &str) -> Result<T> {
        self.map_err(|error| refused(what, error))
    }
}

/// What a card is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its number.
    pub ordinal: usize,
    /// Its name.
    pub name: String,
    /// Compute capability.
    pub capability: (u32, u32),
    /// Multiprocessors.
    pub processors: u32,
    /// Bytes of its memory, whoever uses them.
    pub memory: u64,
    /// Bytes of shared memory that a block may ask for.
    pub shared: u32,
}

/// Starts the driver, and tells its version as 13000 for CUDA 13.0.
///
/// # Errors
/// No driver, one that does not start (no card), or one that is too old.
pub(crate) fn start() -> Result<i32> {
    super::library::driver()?;
    let mut version = 0;
    // SAFETY: the number is written before the call returns.
    let code = unsafe { sys::cuDriverGetVersion(&raw mut version) };
    code.result().told("the driver's version")?;
    if version < OLDEST {
        return Err(Error::Device(format!(
            "the driver knows CUDA up to {}.{}: install version 580 or newer",
            version / 1000,
            version % 1000 / 10
        )));
    }
    result::init().told("starting the driver")?;
    Ok(version)
}

/// Every card of a driver that was started.
///
/// # Errors
/// Of the driver.
pub(crate) fn cards() -> Result<Vec<Card>> {
    let count = result::device::get_count().told("counting cards")?;
    (0..count).map(|ordinal| card(ordinal).map(|(_, card)| card)).collect()
}

fn card(ordinal: i32) -> Result<(sys::CUdevice, Card)> {
    let what = format!("card {ordinal}");
    let device = result::device::get(ordinal).told(&what)?;
    let number = |attribute| {
        // SAFETY: the driver gave the device.
        let value = unsafe { result::device::get_attribute(device, attribute) };
        value.map(i32::unsigned_abs).told(&what)
    };
    use sys::CUdevice_attribute as Of;
    let card = Card {
        ordinal: ordinal.unsigned_abs() as usize,
        name: result::device::get_name(device).told(&what)?,
        capability: (
            number(Of::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            number(Of::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ),
        processors: number(Of::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        // SAFETY: the driver gave the device.
        memory: unsafe { result::device::total_mem(device) }.told(&what)? as u64,
        shared: number(Of::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?,
    };
    Ok((device, card))
}

/// A card's context and its stream.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) card: Card,
    /// The driver's version.
    pub(crate) version: i32,
    device: sys::CUdevice,
    context: sys::CUcontext,
    stream: sys::CUstream,
}

// SAFETY: the driver's handles may be used from any thread that the context is bound to.
unsafe impl Send for Context {}
// SAFETY: the same; the driver's functions are safe for threads.
unsafe impl Sync for Context {}

impl Context {
    /// The primary context of a card, and a stream of its own.
    ///
    /// # Errors
    /// No driver, no such card, or what the driver refuses.
    pub(crate) fn open(ordinal: usize) -> Result<Context> {
        let version = start()?;
        let count = result::device::get_count().told("counting cards")?;
        let number = i32::try_from(ordinal).ok().filter(|number| *number < count);
        let number = number.ok_or_else(|| {
            Error::Device(format!("no card {ordinal}: the driver has {count}, counted from 0"))
        })?;
        let (device, card) = card(number)?;
        // SAFETY: the driver gave the device; the context is released when dropped.
        let context = unsafe { result::primary_ctx::retain(device) }.told("the card's context")?;
        let mut open = Context { card, version, device, context, stream: std::ptr::null_mut() };
        open.bind()?;
        let kind = result::stream::StreamKind::NonBlocking;
        open.stream = result::stream::create(kind).told("a stream")?;
        Ok(open)
    }

    /// Makes it the calling thread's context, which every other call needs.
    ///
    /// # Errors
    /// Of the driver.
    pub(crate) fn bind(&self) -> Result<()> {
        // SAFETY: the context is retained.
        unsafe { result::ctx::set_current(self.context) }.told("the card's context")
    }

    /// The stream.
    pub(crate) fn stream(&self) -> sys::CUstream {
        self.stream
    }

    /// Waits until the stream is done.
    ///
    /// # Errors
    /// Of any work in it.
    pub(crate) fn wait(&self) -> Result<()> {
        // SAFETY: the stream lives.
        unsafe { result::stream::synchronize(self.stream) }.told("work on the card")
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // What is refused here was told by whatever failed before.
        let _ = self.bind();
        if !self.stream.is_null() {
            // SAFETY: it was made once, and all that used it is gone.
            let _ = unsafe { result::stream::destroy(self.stream) };
        }
        // SAFETY: it was retained once.
        let _ = unsafe { result::primary_ctx::release(self.device) };
    }
}
