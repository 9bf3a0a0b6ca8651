//! From a kernel's source to machine code of one kind of card, by NVRTC.

use std::ffi::{CString, c_char, c_int};

use super::library::{Nvrtc, Program};
use crate::error::{Error, Result};
use crate::gpu::sources::Source;

/// Machine code, and what the compiler said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) cubin: Vec<u8>,
    pub(crate) log: String,
}

/// The architecture of a card of this capability; from 9.0 on the card's own, with all it has.
pub(crate) fn architecture((major, minor): (u32, u32)) -> String {
    format!("sm_{major}{minor}{}", if major >= 9 { "a" } else { "" })
}

/// The compiler's options.
pub(crate) fn options(architecture: &str) -> Vec<String> {
    vec![format!("--gpu-architecture={architecture}"), "--std=c++17".to_owned()]
}

/// Compiles a file. Headers are given by their names, so nothing is read from disk and the lines
/// that the compiler names are those of the files.
///
/// # Errors
/// What the compiler refuses, with all that it said.
pub(crate) fn compile(
    nvrtc: &Nvrtc,
    source: &Source,
    headers: &[Source],
    options: &[String],
) -> Result<Compiled> {
    let file = format!("{}.cu", source.name);
    let [text, name] = [c_string(source.text)?, c_string(&file)?];
    let texts = c_strings(headers.iter().map(|header| header.text))?;
    let names = c_strings(headers.iter().map(|header| header.name))?;
    let options = c_strings(options.iter().map(String::as_str))?;
    let check = |what: &str, code: c_int| match code {
        0 => Ok(()),
        code => Err(Error::Device(format!("NVRTC: {file}: {what}: {}", nvrtc.text(code)))),
    };
    let mut program = Program::from(std::ptr::null_mut());
    // SAFETY: all strings end in a zero and live until the program is destroyed; there are as many
    // names as texts.
    let code = unsafe {
        (nvrtc.create)(
            &raw mut program,
            text.as_ptr(),
            name.as_ptr(),
            headers.len() as c_int,
            pointers(&texts).as_ptr(),
            pointers(&names).as_ptr(),
        )
    };
    check("its program", code)?;
    let program = Owned { nvrtc, program };
    let list = pointers(&options);
    // SAFETY: the program was made above, and there are as many options.
    let code = unsafe { (nvrtc.compile)(program.program, options.len() as c_int, list.as_ptr()) };
    let log = program.bytes(nvrtc.log_size, nvrtc.log);
    let log = String::from_utf8_lossy(&log.unwrap_or_default()).trim_end_matches('\0').to_owned();
    if code != 0 {
        let why = nvrtc.text(code);
        return Err(Error::Device(format!("NVRTC: {file} does not compile: {why}\n{log}")));
    }
    let cubin = program.bytes(nvrtc.cubin_size, nvrtc.cubin);
    let cubin = cubin.or_else(|code| check("its machine code", code).map(|()| Vec::new()))?;
    Ok(Compiled { cubin, log })
}

/// A program that is destroyed when dropped.
struct Owned<'a> {
    nvrtc: &'a Nvrtc,
    program: Program,
}

impl Owned<'_> {
    /// What the program has, by the functions that tell its size and write it.
    fn bytes(
        &self,
        size: unsafe extern "C" fn(Program, *mut usize) -> c_int,
        fill: unsafe extern "C" fn(Program, *mut c_char) -> c_int,
    ) -> std::result::Result<Vec<u8>, c_int> {
        let mut len = 0;
        // SAFETY: the program lives.
        match unsafe { size(self.program, &raw mut len) } {
            0 => {}
            code => return Err(code),
        }
        let mut bytes = vec![0_u8; len];
        // SAFETY: it writes as many bytes as it told.
        match unsafe { fill(self.program, bytes.as_mut_ptr().cast()) } {
            0 => Ok(bytes),
            code => Err(code),
        }
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        // SAFETY: it was made once and is not used again.
        unsafe { (self.nvrtc.destroy)(&raw mut self.program) };
    }
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|e| Error::Device(format!("a zero in a text for NVRTC: {e}")))
}

fn c_strings<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<CString>> {
    texts.map(c_string).collect()
}

fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_h100_is_compiled_for_as_such() {
        assert_eq!(architecture((8, 0)), "sm_80");
        assert_eq!(architecture((9, 0)), "sm_90a");
        assert_eq!(architecture((10, 0)), "sm_100a");
        assert_eq!(options("sm_80"), ["--gpu-architecture=sm_80", "--std=c++17"]);
    }
}
