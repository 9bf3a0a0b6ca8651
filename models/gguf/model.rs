//! A file as a model: Hugging Face's names over the file's, rows in Hugging Face's order.

use std::collections::BTreeMap;
use std::path::Path;

use half::bf16;
use heedful_kernels::{Blocks, blocks};

use super::{File, Info, shape, vocab};
use crate::checkpoint::Special;
use crate::config::{Config, Family};
use crate::error::Result;
use crate::files::Bytes;
use crate::names;
use crate::tokenizer::Tokenizer;

/// A GGUF file whose metadata are those of a family that is supported.
#[derive(Debug)]
pub struct Model {
    file: File,
    config: Config,
    tensors: BTreeMap<String, Tensor>,
}

#[derive(Debug)]
struct Tensor {
    info: Info,
    /// Rows of a head, where the file has the halves of each rotary pair next to each other and
    /// Hugging Face in two halves of the head.
    interleaved: Option<usize>,
}

/// Parts of a layer, there and here.
const PARTS: [(&str, &str); 14] = [
    ("attn_norm.weight", "input_layernorm.weight"),
    ("attn_q.weight", "self_attn.q_proj.weight"),
    ("attn_k.weight", "self_attn.k_proj.weight"),
    ("attn_v.weight", "self_attn.v_proj.weight"),
    ("attn_q.bias", "self_attn.q_proj.bias"),
    ("attn_k.bias", "self_attn.k_proj.bias"),
    ("attn_v.bias", "self_attn.v_proj.bias"),
    ("attn_q_norm.weight", "self_attn.q_norm.weight"),
    ("attn_k_norm.weight", "self_attn.k_norm.weight"),
    ("attn_output.weight", "self_attn.o_proj.weight"),
    ("ffn_norm.weight", "post_attention_layernorm.weight"),
    ("ffn_gate.weight", "mlp.gate_proj.weight"),
    ("ffn_up.weight", "mlp.up_proj.weight"),
    ("ffn_down.weight", "mlp.down_proj.weight"),
];

/// Hugging Face's name of a tensor; a part that we do not know keeps its own within its layer.
fn rename(name: &str) -> String {
    match name {
        "token_embd.weight" => return names::EMBEDDING.to_owned(),
        "output_norm.weight" => return names::FINAL_NORM.to_owned(),
        "output.weight" => return names::LM_HEAD.to_owned(),
        _ => {}
    }
    let parts = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.'));
    match parts.and_then(|(index, part)| Some((index.parse().ok()?, part))) {
        Some((index, part)) => {
            let known = PARTS.iter().find(|(there, _)| *there == part);
            names::layer(index, known.map_or(part, |(_, here)| here))
        }
        None => name.to_owned(),
    }
}

impl Model {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be read, is unsound, or is of a family or type that is not supported.
    pub fn open(path: &Path) -> Result<Model> {
        Model::parse(path, crate::files::map(path)?)
    }

    /// Checks a file that lies in memory; `path` is what errors call it.
    pub(crate) fn parse(path: &Path, bytes: Bytes) -> Result<Model> {
        let file = File::parse(path, bytes)?;
        let config = shape::read(&file)?;
        let mut tensors = BTreeMap::new();
        for (name, info) in &file.head.tensors {
            let here = rename(name);
            let rotary = here.contains("self_attn.q_proj.") || here.contains("self_attn.k_proj.");
            let swapped = config.family == Family::Llama && rotary;
            let interleaved = swapped.then_some(config.head_dim);
            let tensor = Tensor { info: info.clone(), interleaved };
            if tensors.insert(here, tensor).is_some() {
                return Err(file.refuse(format!("has tensor `{name}` twice, under two names")));
            }
        }
        Ok(Model { file, config, tensors })
    }

    /// The shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor, outermost first.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| tensor.info.shape.as_slice())
    }

    /// The type of a tensor, in llama.cpp's words.
    pub fn stored(&self, name: &str) -> Option<&str> {
        self.tensors.get(name).map(|tensor| tensor.info.kind.name())
    }

    /// Reads a tensor, which has as many values as `out`, dequantised.
    ///
    /// # Errors
    /// No such tensor, or another number of values.
    pub fn read_f32(&self, name: &str, out: &mut [f32]) -> Result<()> {
        self.rows(name, out.len(), |kind, bytes, place| kind.to_f32(bytes, &mut out[place]))
    }

    /// Reads a tensor, which has as many values as `out`, dequantised and rounded to the nearest.
    ///
    /// # Errors
    /// No such tensor, or another number of values.
    pub fn read_bf16(&self, name: &str, out: &mut [bf16]) -> Result<()> {
        let mut row = Vec::new();
        self.rows(name, out.len(), |kind, bytes, place| {
            row.resize(place.len(), 0.0);
            kind.to_f32(bytes, &mut row);
            for (out, value) in out[place].iter_mut().zip(&row) {
                *out = bf16::from_f32(*value);
            }
        })
    }

    /// What the blocks of a tensor hold, where such blocks are kept as they are.
    pub fn kind(&self, name: &str) -> Option<blocks::Kind> {
        self.tensors.get(name).and_then(|tensor| tensor.info.kind.blocks())
    }

    /// Adds the blocks of a tensor of so many values, whose kind must be that of `out`.
    ///
    /// # Errors
    /// No such tensor, blocks of another kind, or another number of values.
    pub fn read_blocks(&self, name: &str, values: usize, out: &mut Blocks) -> Result<()> {
        if self.kind(name) != Some(out.view().kind()) {
            return Err(self.file.refuse(format!("tensor `{name}` is not of such blocks")));
        }
        self.rows(name, values, |_, bytes, _| out.extend(bytes))
    }

    /// Gives the bytes of each row, in Hugging Face's order, and the place of its values.
    fn rows(
        &self,
        name: &str,
        wanted: usize,
        mut each: impl FnMut(super::Kind, &[u8], std::ops::Range<usize>),
    ) -> Result<()> {
        let refuse = |problem: String| self.file.refuse(format!("tensor `{name}` {problem}"));
        let tensor = self.tensors.get(name).ok_or_else(|| refuse("is not there".to_owned()))?;
        let Info { kind, shape, bytes: range } = &tensor.info;
        let values: usize = shape.iter().product();
        if values != wanted {
            return Err(refuse(format!("has {values} values, not {wanted}")));
        }
        let bytes = &self.file.map[range.clone()];
        let rows = shape[0];
        match tensor.interleaved {
            Some(head) if rows.is_multiple_of(head) => {
                let (columns, step) = (values / rows, bytes.len() / rows);
                for row in 0..rows {
                    let (begin, at) = (row / head * head, row % head);
                    let from = begin + at % (head / 2) * 2 + at / (head / 2);
                    each(*kind, &bytes[from * step..][..step], row * columns..(row + 1) * columns);
                }
            }
            Some(head) => return Err(refuse(format!("has {rows} rows in heads of {head}"))),
            None => {
                let columns = shape.last().copied().unwrap_or(1);
                let step = columns / kind.values() * kind.bytes();
                for (row, bytes) in bytes.chunks_exact(step).enumerate() {
                    each(*kind, bytes, row * columns..(row + 1) * columns);
                }
            }
        }
        self.file.map.forget(range.clone());
        Ok(())
    }

    /// The tokenizer that the metadata hold.
    ///
    /// # Errors
    /// Metadata that are unsound, or a kind that is not supported.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        vocab::tokenizer(&self.file)
    }

    /// The chat template that the metadata hold.
    ///
    /// # Errors
    /// A value that is no text.
    pub fn chat_template(&self) -> Result<Option<String>> {
        Ok(self.file.text("tokenizer.chat_template")?.map(str::to_owned))
    }

    /// The special tokens by their part.
    ///
    /// # Errors
    /// Ids that are no tokens.
    pub fn special(&self) -> Result<Special> {
        vocab::special(&self.file)
    }
}
