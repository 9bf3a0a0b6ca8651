//! What fuzzers drive: files that lie in memory, opened, checked and read to their end.

use std::path::Path;

use half::bf16;

use crate::error::Result;
use crate::files::Bytes;
use crate::{gguf, safetensors};

/// What errors call a file in memory.
const NAME: &str = "bytes";

/// Opens bytes as safetensors and reads every tensor that can be read. Gives how many values they
/// claim, which is never more than eight times the bytes.
///
/// # Errors
/// What is unsound about them.
pub fn safetensors(bytes: Vec<u8>) -> Result<usize> {
    let file = safetensors::File::parse(Path::new(NAME), Bytes::Held(bytes))?;
    let mut claimed = 0;
    for (name, info) in file.tensors() {
        claimed += info.values();
        // A type that is not read is told on reading, and is no fault of the file.
        let _ = file.read_f32(name, &mut vec![0.0; info.values()]);
        let _ = file.read_bf16(name, &mut vec![bf16::ZERO; info.values()]);
    }
    Ok(claimed)
}

/// Opens bytes as GGUF, reads every tensor, and makes the tokenizer. Gives how many values the
/// tensors claim, which is never more than eight times the bytes.
///
/// # Errors
/// What is unsound about them.
pub fn gguf(bytes: Vec<u8>) -> Result<usize> {
    let model = gguf::Model::parse(Path::new(NAME), Bytes::Held(bytes))?;
    let mut claimed = 0;
    for name in model.names() {
        let values = model.shape(name).unwrap_or_default().iter().product();
        claimed += values;
        model.read_f32(name, &mut vec![0.0; values])?;
        model.read_bf16(name, &mut vec![bf16::ZERO; values])?;
    }
    model.chat_template()?;
    model.special()?;
    model.tokenizer()?;
    Ok(claimed)
}
