//! Weights as safetensors: one file, or shards and their index.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use half::bf16;
use serde_json::{Map, Value, json};

use super::Dtype;
use crate::error::{Error, Result};
use crate::safetensors::{INDEX, SINGLE};

/// A tensor to be written.
type Planned = (String, Vec<usize>);

impl Dtype {
    fn word(self) -> &'static str {
        match self {
            Dtype::F32 => "F32",
            Dtype::Bf16 => "BF16",
        }
    }

    fn bytes(self) -> u64 {
        match self {
            Dtype::F32 => 4,
            Dtype::Bf16 => 2,
        }
    }
}

/// Writes all tensors of a plan into a folder.
pub(super) fn write(
    folder: &Path,
    plan: Vec<Planned>,
    dtype: Dtype,
    most: u64,
    mut read: impl FnMut(&str, &mut [f32]) -> Result<()>,
) -> Result<()> {
    let shards = cut(plan, dtype, most);
    let count = shards.len();
    let name = |at: usize| match count {
        1 => SINGLE.to_owned(),
        _ => format!("model-{:05}-of-{count:05}.safetensors", at + 1),
    };
    let mut places = Map::new();
    let mut total = 0;
    for (at, shard) in shards.iter().enumerate() {
        total += one(&folder.join(name(at)), shard, dtype, &mut read)?;
        places.extend(shard.iter().map(|(tensor, _)| (tensor.clone(), json!(name(at)))));
    }
    if count > 1 {
        places.sort_keys();
        let index = json!({"metadata": {"total_size": total}, "weight_map": places});
        super::file(&folder.join(INDEX), format!("{index:#}\n").as_bytes())?;
    }
    Ok(())
}

fn values(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Cuts a plan into shards of at most so many bytes; a tensor is never cut.
fn cut(plan: Vec<Planned>, dtype: Dtype, most: u64) -> Vec<Vec<Planned>> {
    let (mut shards, mut held) = (vec![Vec::new()], 0);
    for tensor in plan {
        let bytes = values(&tensor.1) as u64 * dtype.bytes();
        let last = shards.last_mut().expect("there is one from the beginning");
        if held + bytes > most && !last.is_empty() {
            shards.push(vec![tensor]);
            held = bytes;
        } else {
            last.push(tensor);
            held += bytes;
        }
    }
    shards
}

/// Writes one file; gives the bytes of its tensors.
fn one(
    path: &Path,
    tensors: &[Planned],
    dtype: Dtype,
    read: &mut impl FnMut(&str, &mut [f32]) -> Result<()>,
) -> Result<u64> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut total = 0;
    for (name, shape) in tensors {
        let end = total + values(shape) as u64 * dtype.bytes();
        let entry = json!({"dtype": dtype.word(), "shape": shape, "data_offsets": [total, end]});
        header.insert(name.clone(), entry);
        total = end;
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    // The tensors begin at a multiple of eight, as the format asks.
    header.resize(header.len().next_multiple_of(8), b' ');
    let io = |source| Error::io(path, source);
    let mut out = BufWriter::with_capacity(1 << 20, File::create_new(path).map_err(io)?);
    out.write_all(&(header.len() as u64).to_le_bytes()).map_err(io)?;
    out.write_all(&header).map_err(io)?;
    let mut buffer = Vec::new();
    for (name, shape) in tensors {
        buffer.clear();
        buffer.resize(values(shape), 0.0);
        read(name, &mut buffer)?;
        put(&mut out, &buffer, dtype).map_err(io)?;
    }
    let file = out.into_inner().map_err(|error| io(error.into_error()))?;
    file.sync_all().map_err(io)?;
    Ok(total)
}

fn put(out: &mut impl std::io::Write, values: &[f32], dtype: Dtype) -> std::io::Result<()> {
    let mut bytes = [0; 4096];
    for part in values.chunks(1024) {
        let used = match dtype {
            Dtype::F32 => {
                for (bytes, value) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(part) {
                    *bytes = value.to_le_bytes();
                }
                part.len() * 4
            }
            Dtype::Bf16 => {
                for (bytes, value) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(part) {
                    *bytes = bf16::from_f32(*value).to_le_bytes();
                }
                part.len() * 2
            }
        };
        out.write_all(&bytes[..used])?;
    }
    Ok(())
}
