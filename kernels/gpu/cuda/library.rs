//! Where the libraries of a card are: the driver, NVRTC, cuBLASLt. All are found at run time, and
//! what is missing is an error that says what to install.
//!
//! NVRTC is looked for in the folder that HEEDFUL_NVRTC names, or else where the system's loader
//! looks, in the CUDA toolkit, and in the active Python environment, where pip puts it.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cudarc::{cublaslt, driver};
use libloading::Library;

use crate::error::{Error, Result};

/// The variable that names the folder of NVRTC (and maybe cuBLASLt).
pub(crate) const FOLDER: &str = "HEEDFUL_NVRTC";

/// What to do where there is no driver.
const NO_DRIVER: &str = "no CUDA driver (libcuda): install NVIDIA's driver, version 580 or newer";

/// What to do where there is no NVRTC.
const NO_NVRTC: &str = "no NVRTC (libnvrtc), which compiles the kernels: install the CUDA toolkit, \
                        or `pip install 'nvidia-cuda-nvrtc==13.*'` and set HEEDFUL_NVRTC to its \
                        folder nvidia/cu13/lib";

/// What to do where there is no cuBLASLt.
const NO_CUBLASLT: &str = "no cuBLASLt (libcublasLt), which multiplies matrices: install the CUDA \
                           toolkit, or `pip install 'nvidia-cublas==13.*'` and set HEEDFUL_NVRTC \
                           to its folder nvidia/cu13/lib";

/// A program of NVRTC's.
pub(crate) type Program = *mut c_void;

type Sized = unsafe extern "C" fn(Program, *mut usize) -> c_int;
type Filled = unsafe extern "C" fn(Program, *mut c_char) -> c_int;

/// NVRTC. Its functions give 0 or an error's number.
#[derive(Debug)]
pub(crate) struct Nvrtc {
    /// The file.
    pub(crate) place: Option<String>,
    /// Major and minor.
    pub(crate) version: (u32, u32),
    pub(crate) create: unsafe extern "C" fn(
        *mut Program,
        *const c_char,
        *const c_char,
        c_int,
        *const *const c_char,
        *const *const c_char,
    ) -> c_int,
    pub(crate) compile: unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int,
    pub(crate) destroy: unsafe extern "C" fn(*mut Program) -> c_int,
    pub(crate) log_size: Sized,
    pub(crate) log: Filled,
    pub(crate) cubin_size: Sized,
    pub(crate) cubin: Filled,
    text: unsafe extern "C" fn(c_int) -> *const c_char,
    _library: Library,
}

impl Nvrtc {
    /// What an error's number means.
    pub(crate) fn text(&self, code: c_int) -> String {
        // SAFETY: the library gives a string of its own for any number.
        unsafe { CStr::from_ptr((self.text)(code)) }.to_string_lossy().into_owned()
    }
}

/// Looks for the driver.
///
/// # Errors
/// It is not there.
pub(crate) fn driver() -> Result<()> {
    // SAFETY: the driver's library has no demands on who loads it.
    match unsafe { driver::sys::is_culib_present() } {
        true => Ok(()),
        false => Err(Error::Device(NO_DRIVER.to_owned())),
    }
}

/// NVRTC, loaded once and kept.
///
/// # Errors
/// It is not there, or not in the folder that HEEDFUL_NVRTC names, or lacks a function.
pub(crate) fn nvrtc() -> Result<&'static Nvrtc> {
    static NVRTC: OnceLock<Result<Nvrtc>> = OnceLock::new();
    let found = NVRTC.get_or_init(|| symbols(open(named())?));
    found.as_ref().map_err(Clone::clone)
}

/// Looks for cuBLASLt.
///
/// # Errors
/// It is not there.
pub(crate) fn cublaslt() -> Result<()> {
    static KEPT: OnceLock<Option<Library>> = OnceLock::new();
    // Once loaded by its path it is what the loader gives for its name.
    KEPT.get_or_init(|| {
        let folders = named().map_or_else(usual, |folder| vec![folder]);
        folders.iter().find_map(|folder| global(&newest(folder, "cublasLt")?.1).ok())
    });
    // SAFETY: the library has no demands on who loads it.
    match unsafe { cublaslt::sys::is_culib_present() } {
        true => Ok(()),
        false => Err(Error::Device(NO_CUBLASLT.to_owned())),
    }
}

/// The file that a loaded library was read from, by how its name begins.
pub(crate) fn place(stem: &str) -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let mut paths = maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..]));
    paths.find(|path| name(path).is_some_and(|name| name.starts_with(stem))).map(str::to_owned)
}

fn name(path: &str) -> Option<&str> {
    path.rsplit('/').next()
}

/// The folder that HEEDFUL_NVRTC names.
fn named() -> Option<PathBuf> {
    std::env::var_os(FOLDER).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Folders that the system's loader may not know.
fn usual() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("/usr/local/cuda/lib64")];
    let Some(environment) = std::env::var_os("VIRTUAL_ENV") else { return folders };
    let Ok(entries) = std::fs::read_dir(Path::new(&environment).join("lib")) else {
        return folders;
    };
    let mut pythons: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    pythons.sort();
    for python in pythons {
        for package in ["cu13", "cuda_nvrtc", "cublas"] {
            folders.push(python.join("site-packages/nvidia").join(package).join("lib"));
        }
    }
    folders
}

/// The library, its builtins loaded before it: it looks for those by name when it compiles.
fn open(named: Option<PathBuf>) -> Result<Library> {
    if let Some(folder) = named {
        return open_in(&folder).unwrap_or_else(|| {
            Err(Error::Device(format!("{FOLDER}: no libnvrtc.so.* in {}", folder.display())))
        });
    }
    let names = ["libnvrtc.so.13", "libnvrtc.so", "libnvrtc.so.12", "nvrtc64_130_0.dll"];
    // SAFETY: the library has no demands on who loads it.
    let known = names.into_iter().find_map(|name| unsafe { Library::new(name) }.ok());
    if let Some(library) = known {
        return Ok(library);
    }
    let found = usual().iter().find_map(|folder| open_in(folder));
    found.unwrap_or_else(|| Err(Error::Device(NO_NVRTC.to_owned())))
}

/// The newest NVRTC of a folder; `None` where it has none.
fn open_in(folder: &Path) -> Option<Result<Library>> {
    let (major, path) = newest(folder, "nvrtc")?;
    let load =
        |path: &Path| global(path).map_err(|e| Error::Device(format!("{}: {e}", path.display())));
    let builtins = format!("libnvrtc-builtins.so.{major}");
    for path in files(folder).into_iter().filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name == builtins || name.starts_with(&format!("{builtins}.")))
    }) {
        match load(&path) {
            // Kept, or NVRTC would not find it.
            Ok(library) => std::mem::forget(library),
            Err(error) => return Some(Err(error)),
        }
    }
    Some(load(&path))
}

/// The file `libSTEM.so.N` of a folder with the largest N.
fn newest(folder: &Path, stem: &str) -> Option<(u32, PathBuf)> {
    let start = format!("lib{stem}.so.");
    let major = |path: &PathBuf| {
        path.file_name()?.to_str()?.strip_prefix(&start)?.split('.').next()?.parse().ok()
    };
    let versions = files(folder).into_iter().filter_map(|path| Some((major(&path)?, path)));
    versions.max_by_key(|(major, _): &(u32, PathBuf)| *major)
}

/// The files of a folder, by name; none where there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// Loads a library whose functions others may use too.
#[cfg(unix)]
fn global(path: &Path) -> std::result::Result<Library, libloading::Error> {
    use libloading::os::unix::{Library as Unix, RTLD_GLOBAL, RTLD_NOW};
    // SAFETY: NVIDIA's libraries have no demands on who loads them.
    unsafe { Unix::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }.map(Library::from)
}

/// Loads a library whose functions others may use too.
#[cfg(not(unix))]
fn global(path: &Path) -> std::result::Result<Library, libloading::Error> {
    // SAFETY: NVIDIA's libraries have no demands on who loads them.
    unsafe { Library::new(path) }
}

/// The functions of NVRTC that we call.
fn symbols(library: Library) -> Result<Nvrtc> {
    /// A function of a library.
    ///
    /// # Safety
    /// `F` is the function's type.
    unsafe fn function<F: Copy>(library: &Library, name: &str) -> Result<F> {
        // SAFETY: as above.
        let symbol = unsafe { library.get::<F>(name.as_bytes()) };
        symbol.map(|symbol| *symbol).map_err(|e| Error::Device(format!("NVRTC: {name}: {e}")))
    }
    // SAFETY: the types are those of nvrtc.h, whose functions have not changed since CUDA 11.1.
    unsafe {
        let ask: unsafe extern "C" fn(*mut c_int, *mut c_int) -> c_int =
            function(&library, "nvrtcVersion")?;
        let (mut major, mut minor) = (0, 0);
        let code = ask(&raw mut major, &raw mut minor);
        if code != 0 {
            return Err(Error::Device(format!("NVRTC does not tell its version: error {code}")));
        }
        Ok(Nvrtc {
            place: place("libnvrtc.so"),
            version: (major.unsigned_abs(), minor.unsigned_abs()),
            create: function(&library, "nvrtcCreateProgram")?,
            compile: function(&library, "nvrtcCompileProgram")?,
            destroy: function(&library, "nvrtcDestroyProgram")?,
            log_size: function(&library, "nvrtcGetProgramLogSize")?,
            log: function(&library, "nvrtcGetProgramLog")?,
            cubin_size: function(&library, "nvrtcGetCUBINSize")?,
            cubin: function(&library, "nvrtcGetCUBIN")?,
            text: function(&library, "nvrtcGetErrorString")?,
            _library: library,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_folder_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["libnvrtc.so.12", "libnvrtc.so.13", "libnvrtc.alt.so.14", "libnvrtc.so"];
        names.iter().for_each(|name| std::fs::write(folder.path().join(name), "").unwrap());
        let (major, path) = newest(folder.path(), "nvrtc").unwrap();
        assert_eq!((major, path), (13, folder.path().join("libnvrtc.so.13")));
        assert!(newest(folder.path(), "cublasLt").is_none());
        // It is no library.
        let error = open_in(folder.path()).unwrap().unwrap_err().to_string();
        assert!(error.contains("libnvrtc.so.13: "), "{error}");
    }

    #[test]
    fn a_folder_without_it_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(Some(folder.path().to_owned())).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("HEEDFUL_NVRTC: no libnvrtc.so.* in {}", folder.path().display())
        );
    }
}
