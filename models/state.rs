//! A training on disk: parameters, moments and place, written whole or not at all.
//!
//! The file is a safetensors file with flat tensors and the place in its metadata: parameters and
//! moments in f32, or what a training with 8-bit states keeps, as it is. A training that is resumed
//! continues bit for bit.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use heedful_kernels::{Dtype, Tensor, cast, copy};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::feed::Place;
use crate::optimizer::Beyond;
use crate::trainer::{Trainer, runs};

/// Headers longer than this are none of ours.
const LONGEST: u64 = 1 << 24;

/// What a state says beside its tensors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Updates that are done.
    pub step: u64,
    /// Epochs of the data that are done.
    pub epoch: u64,
    /// Batches of the present epoch that are done.
    pub batch: usize,
    /// Digest of the data and their order.
    pub data: String,
    /// What else must be the same, in words.
    pub settings: String,
}

impl Progress {
    /// Where the data go on.
    pub fn place(&self) -> Place {
        Place { epoch: self.epoch, batch: self.batch }
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: BTreeMap<String, String>,
    #[serde(flatten)]
    tensors: BTreeMap<String, Info>,
}

#[derive(Serialize, Deserialize, PartialEq)]
struct Info {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// What the header says of these tensors, and the bytes of all of them.
fn tensors<'a>(
    kept: impl IntoIterator<Item = (&'static str, &'a Tensor)>,
) -> (BTreeMap<String, Info>, u64) {
    let mut at = 0;
    let info = |(name, tensor): (&str, &Tensor)| {
        let (dtype, len) = (tensor.dtype(), tensor.len() as u64);
        let start = at;
        at += len * dtype.bytes() as u64;
        let dtype = match dtype {
            Dtype::F32 => "F32",
            Dtype::Bf16 => "BF16",
            Dtype::U32 => "U32",
            Dtype::U8 => "U8",
        };
        let info = Info { dtype: dtype.into(), shape: vec![len], data_offsets: [start, at] };
        (name.to_owned(), info)
    };
    (kept.into_iter().map(info).collect(), at)
}

/// Writes the state of a training beside `path` and puts it there when it is complete.
///
/// # Errors
/// Of the system.
pub fn save(path: &Path, trainer: &Trainer, progress: &Progress) -> Result<()> {
    save_with(path, trainer, progress, "")
}

/// As [`save`], with what else the training wants to remember (16 MiB at most), for [`memory`].
///
/// # Errors
/// As [`save`], and of more than that.
pub fn save_with(path: &Path, trainer: &Trainer, progress: &Progress, memory: &str) -> Result<()> {
    let progress = serde_json::to_string(progress).expect("a progress is plain data");
    let mut metadata = BTreeMap::from([("progress".to_owned(), progress)]);
    if !memory.is_empty() {
        metadata.insert("memory".to_owned(), memory.to_owned());
    }
    let header = Header { metadata, tensors: tensors(kept(trainer)).0 };
    let mut header = serde_json::to_vec(&header).expect("a header is plain data");
    header.resize(header.len().next_multiple_of(8), b' ');
    if header.len() as u64 > LONGEST {
        let problem = format!("a header of {} bytes", header.len());
        return Err(Error::file(path, problem));
    }
    let made = path.with_extension("part");
    let write = || -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(&made)?);
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        for (_, tensor) in kept(trainer) {
            for run in runs(tensor.len()) {
                let bytes = copy::bytes(&trainer.device, tensor.part(run));
                out.write_all(&bytes.map_err(std::io::Error::other)?)?;
            }
        }
        out.into_inner().map_err(|e| e.into_error())?.sync_all()?;
        fs::rename(&made, path)
    };
    write().map_err(|e| Error::io(path, e))
}

/// Reads a state into a training that was set up as the one that wrote it.
///
/// # Errors
/// A file that is not such a state, or one of another model; the training is unusable after an
/// error of the system.
pub fn load(path: &Path, trainer: &mut Trainer) -> Result<Progress> {
    let io = |e| Error::io(path, e);
    let mut file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let len = trainer.params.len();
    let (header, length) = header(path, &mut file)?;
    let (expected, bytes) = tensors(kept(trainer));
    if header.tensors != expected || size != 8 + length + bytes {
        let states = match trainer.optimizer.beyond {
            Beyond::Bytes { .. } => " and 8-bit states",
            _ => "",
        };
        let problem = format!("not the state of a training of {len} parameters{states}");
        return Err(Error::file(path, problem));
    }
    let progress = header.metadata.get("progress").map_or("", String::as_str);
    let progress: Progress = serde_json::from_str(progress)
        .map_err(|e| Error::file(path, format!("no progress in its metadata: {e}")))?;
    let Trainer { device, params, optimizer, .. } = trainer;
    let (m, v) = (&mut optimizer.m, &mut optimizer.v);
    let kept: Vec<&mut Tensor> = match &mut optimizer.beyond {
        Beyond::Nothing => vec![params, m, v],
        Beyond::Master(master) => vec![master, m, v],
        Beyond::Bytes { residual, scales } => vec![scales, params, residual, m, v],
    };
    for tensor in kept {
        for run in runs(tensor.len()) {
            let mut bytes = vec![0; tensor.dtype().bytes() * run.len()];
            file.read_exact(&mut bytes).map_err(io)?;
            copy::set_bytes(device, tensor.part_mut(run), &bytes)?;
        }
    }
    if let Beyond::Master(master) = &optimizer.beyond {
        cast::forward(device, params.view_mut(), master.view())?;
    }
    optimizer.step = progress.step;
    Ok(progress)
}

/// What [`save_with`] was given to remember; nothing where it was not.
///
/// # Errors
/// A file that is not such a state.
pub fn memory(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| Error::io(path, e))?;
    let (mut header, _) = header(path, &mut file)?;
    Ok(header.metadata.remove("memory").unwrap_or_default())
}

/// The header and its length.
fn header(path: &Path, file: &mut File) -> Result<(Header, u64)> {
    let io = |e| Error::io(path, e);
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(io)?;
    let length = u64::from_le_bytes(length);
    let size = file.metadata().map_err(io)?.len();
    if length > LONGEST.min(size) {
        return Err(Error::file(path, format!("a header of {length} bytes")));
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text).map_err(io)?;
    let header = serde_json::from_slice(&text);
    Ok((header.map_err(|e| Error::file(path, format!("header: {e}")))?, length))
}

/// What is kept, in the order of the file: tensors of larger values first, so that all lie aligned.
fn kept(trainer: &Trainer) -> Vec<(&'static str, &Tensor)> {
    let Trainer { params, optimizer, .. } = trainer;
    let moments = [("m", &optimizer.m), ("v", &optimizer.v)];
    let parameters = match &optimizer.beyond {
        Beyond::Nothing => vec![("params", params)],
        Beyond::Master(master) => vec![("params", master)],
        Beyond::Bytes { residual, scales } => {
            // The name changes with the codes, so that a state in others is refused.
            vec![("scales-2", scales), ("params", params), ("residual", residual)]
        }
    };
    parameters.into_iter().chain(moments).collect()
}
