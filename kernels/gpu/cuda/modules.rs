//! Kernels by their names: compiled when one of their file is first launched, then kept.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::path::PathBuf;

use cudarc::driver::result::{self, function, module};
use cudarc::driver::sys;

use super::driver::{Context, Told};
use super::library::Nvrtc;
use super::{cache, compile};
use crate::error::{Error, Result};
use crate::gpu::board::{Arg, Grid, Kernel};
use crate::gpu::sources::{self, HEADERS};

/// Arguments of one launch at most.
const ARGUMENTS: usize = 64;

/// Shared memory that a block may have without being allowed more.
const SHARED: u32 = 48 << 10;

/// The driver that tells the parameters of a kernel: of CUDA 12.4.
const TELLS_PARAMETERS: i32 = 12_040;

/// The kernels of a card.
#[derive(Debug)]
pub(crate) struct Modules {
    nvrtc: &'static Nvrtc,
    cache: Option<PathBuf>,
    modules: HashMap<&'static str, sys::CUmodule>,
    functions: HashMap<String, Function>,
}

#[derive(Debug)]
struct Function {
    handle: sys::CUfunction,
    /// Bytes of shared memory of the kernel itself.
    fixed: u32,
    /// Bytes that a launch may ask for so far.
    allowed: u32,
    /// Bytes of each parameter, where the driver tells them.
    parameters: Option<Vec<usize>>,
}

// SAFETY: handles of the driver may be used from any thread.
unsafe impl Send for Modules {}

impl Modules {
    /// No kernel yet; machine code is kept in the folder `cache`.
    pub(crate) fn new(nvrtc: &'static Nvrtc, cache: Option<PathBuf>) -> Modules {
        Modules { nvrtc, cache, modules: HashMap::new(), functions: HashMap::new() }
    }

    /// Puts a kernel into the stream of a context that is bound.
    ///
    /// # Errors
    /// A kernel that is not there or does not compile; arguments that do not fit; what the driver
    /// refuses.
    pub(crate) fn launch(
        &mut self,
        context: &Context,
        kernel: &Kernel,
        grid: Grid,
        arguments: &[Arg],
    ) -> Result<()> {
        if !self.functions.contains_key(&kernel.name) {
            let module = self.module(context, kernel.source)?;
            let function = function_of(context, module, &kernel.name)?;
            self.functions.insert(kernel.name.clone(), function);
        }
        let function = self.functions.get_mut(&kernel.name).expect("it was put there");
        function.check(&kernel.name, arguments)?;
        function.allow(context, &kernel.name, grid.shared)?;
        let mut values = [0_u64; ARGUMENTS];
        let mut pointers = [std::ptr::null_mut::<c_void>(); ARGUMENTS];
        for ((argument, value), pointer) in arguments.iter().zip(&mut values).zip(&mut pointers) {
            *value = bits(*argument);
            *pointer = std::ptr::from_mut(value).cast();
        }
        // SAFETY: the function is of a module that stays loaded; there is a pointer to as many
        // bytes as each parameter has, read before the call returns; ops check that buffers are as
        // long as their kernels read and write.
        let outcome = unsafe {
            result::launch_kernel(
                function.handle,
                grid.blocks.into(),
                (grid.threads, 1, 1),
                grid.shared,
                context.stream(),
                &mut pointers[..arguments.len()],
            )
        };
        outcome.map_err(|error| {
            let what =
                format!("kernel {}, {:?} blocks of {}", kernel.name, grid.blocks, grid.threads);
            super::driver::refused(&what, error)
        })
    }

    /// The module of a file.
    fn module(&mut self, context: &Context, name: &'static str) -> Result<sys::CUmodule> {
        if let Some(module) = self.modules.get(name) {
            return Ok(*module);
        }
        let source = sources::of(name)
            .ok_or_else(|| Error::Device(format!("no file of kernels is called {name}")))?;
        let nvrtc = self.nvrtc;
        let options = compile::options(&compile::architecture(context.card.capability));
        let key = cache::key(&source, HEADERS, &options, nvrtc.version);
        let code = cache::get(self.cache.as_deref(), &key, || {
            compile::compile(nvrtc, &source, HEADERS, &options).map(|compiled| compiled.cubin)
        })?;
        // SAFETY: the bytes are a whole CUBIN, as the compiler made it; the driver copies them.
        let module = unsafe { module::load_data(code.as_ptr().cast()) };
        let module = module.told(&format!(
            "loading {name}.cu, compiled by NVRTC {}.{} (a driver has to be as new: this one is \
             of CUDA {}.{})",
            nvrtc.version.0,
            nvrtc.version.1,
            context.version / 1000,
            context.version % 1000 / 10
        ))?;
        self.modules.insert(name, module);
        Ok(module)
    }
}

impl Drop for Modules {
    fn drop(&mut self) {
        let mut modules: Vec<_> = self.modules.drain().collect();
        modules.sort_unstable_by_key(|(name, _)| *name);
        for (_, module) in modules {
            // SAFETY: its functions go with it, and the stream is done.
            let _ = unsafe { module::unload(module) };
        }
    }
}

impl Function {
    /// Refuses arguments that are not those of the kernel.
    fn check(&self, name: &str, arguments: &[Arg]) -> Result<()> {
        if arguments.len() > ARGUMENTS {
            let count = arguments.len();
            return Err(Error::Device(format!("kernel {name}: {count} arguments, at most 64")));
        }
        let Some(parameters) = &self.parameters else { return Ok(()) };
        let given: Vec<usize> = arguments.iter().map(|argument| bytes(*argument)).collect();
        if given == *parameters {
            return Ok(());
        }
        Err(Error::Device(format!(
            "kernel {name} takes parameters of {parameters:?} bytes, not of {given:?}"
        )))
    }

    /// Allows launches with so much shared memory.
    fn allow(&mut self, context: &Context, name: &str, asked: u32) -> Result<()> {
        if asked <= self.allowed {
            return Ok(());
        }
        let most = context.card.shared.saturating_sub(self.fixed);
        if asked > most {
            return Err(Error::Device(format!(
                "kernel {name} asks for {asked} bytes of shared memory: a block of {} has {most}",
                context.card.name
            )));
        }
        use sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let attribute = CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        // SAFETY: the function is of a module that stays loaded.
        let set = unsafe { function::set_function_attribute(self.handle, attribute, asked as i32) };
        set.told(&format!("kernel {name}, {asked} bytes of shared memory"))?;
        self.allowed = asked;
        Ok(())
    }
}

fn function_of(context: &Context, module: sys::CUmodule, name: &str) -> Result<Function> {
    let what = format!("kernel {name}");
    let c_name = CString::new(name).map_err(|e| Error::Device(format!("{what}: {e}")))?;
    // SAFETY: the module is loaded.
    let handle = unsafe { module::get_function(module, c_name) }.told(&what)?;
    use sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES;
    // SAFETY: the function was just found.
    let fixed = unsafe {
        function::get_function_attribute(handle, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES).told(&what)?
    };
    let fixed = fixed.unsigned_abs();
    let parameters = (context.version >= TELLS_PARAMETERS).then(|| parameters(handle));
    Ok(Function { handle, fixed, allowed: SHARED.saturating_sub(fixed), parameters })
}

/// Bytes of each parameter of a function.
fn parameters(handle: sys::CUfunction) -> Vec<usize> {
    let mut sizes = Vec::new();
    loop {
        let (mut offset, mut size) = (0, 0);
        // SAFETY: the function lives; past its last parameter the driver refuses the index.
        let code =
            unsafe { sys::cuFuncGetParamInfo(handle, sizes.len(), &raw mut offset, &raw mut size) };
        if code != sys::CUresult::CUDA_SUCCESS {
            return sizes;
        }
        sizes.push(size);
    }
}

/// An argument in the first bytes of a word.
fn bits(argument: Arg) -> u64 {
    let small = |value: u32| {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&value.to_ne_bytes());
        u64::from_ne_bytes(bytes)
    };
    match argument {
        Arg::Address(value) | Arg::U64(value) => value,
        Arg::U32(value) => small(value),
        Arg::F32(value) => small(value.to_bits()),
    }
}

/// How many bytes a parameter for it has.
fn bytes(argument: Arg) -> usize {
    match argument {
        Arg::Address(_) | Arg::U64(_) => 8,
        Arg::U32(_) | Arg::F32(_) => 4,
    }
}
