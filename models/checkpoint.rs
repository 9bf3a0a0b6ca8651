//! A checkpoint, be it a Hugging Face folder or a GGUF file: shape, tensors, tokenizer, template.

mod special;
#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;

use std::path::{Path, PathBuf};

use half::bf16;
use heedful_kernels::{Blocks, blocks};
use serde_json::Value;

pub use self::special::Special;
use crate::config::{Config, Generation};
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use crate::{config, embedded, files, gguf, names, safetensors};

/// Bytes of `tokenizer_config.json`, which lists all added tokens.
const TOKENIZER_CONFIG_LIMIT: u64 = 64 << 20;

/// A checkpoint that was opened: its header read, and every tensor's shape found as its
/// configuration says.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    config: Config,
    labels: Option<usize>,
    generation: Generation,
    store: Store,
    notes: Vec<String>,
}

#[derive(Debug)]
enum Store {
    Folder { tensors: safetensors::Folder, tokenizer: Source, tokenizer_config: Option<Value> },
    Gguf(Box<gguf::Model>),
}

/// Where a `tokenizer.json` is.
#[derive(Debug)]
enum Source {
    /// In the checkpoint's folder.
    Folder,
    /// In the program.
    Text(&'static str),
}

/// The files of a checkpoint that is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// What errors call it.
    pub name: &'static str,
    /// `config.json`.
    pub config: &'static str,
    /// `tokenizer.json`.
    pub tokenizer: &'static str,
    /// `tokenizer_config.json`, with the chat template.
    pub tokenizer_config: &'static str,
    /// `model.safetensors`.
    pub weights: &'static [u8],
}

impl Checkpoint {
    /// Opens a folder with `config.json` and safetensors, a GGUF file, a folder whose only model is
    /// one GGUF file, or the model that is part of the program (`embedded`).
    ///
    /// # Errors
    /// What cannot be read, is unsound, not supported, or does not fit together.
    pub fn open(path: impl AsRef<Path>) -> Result<Checkpoint> {
        let path = path.as_ref();
        if embedded::is(path) {
            return Checkpoint::embedded(embedded::FILES);
        }
        if !path.is_dir() {
            return Checkpoint::gguf(path);
        }
        if path.join("config.json").exists() {
            return Checkpoint::folder(path);
        }
        Checkpoint::gguf(&only_gguf(path)?)
    }

    fn folder(path: &Path) -> Result<Checkpoint> {
        let limit = files::JSON_LIMIT;
        let config_path = path.join("config.json");
        let (config, labels) = config::parse(&config_path, &files::json(&config_path, limit)?)?;
        let generation_path = path.join("generation_config.json");
        let generation = match files::json_if_there(&generation_path, limit)? {
            Some(value) => Generation::parse(&generation_path, &value)?,
            None => Generation::default(),
        };
        let tokenizer_config =
            files::json_if_there(&path.join("tokenizer_config.json"), TOKENIZER_CONFIG_LIMIT)?;
        let tensors = safetensors::Folder::open(path)?;
        let store = Store::Folder { tensors, tokenizer: Source::Folder, tokenizer_config };
        Checkpoint::checked(path, config, labels, generation, store)
    }

    /// Opens a checkpoint that is part of the program; nothing of it is copied.
    ///
    /// # Errors
    /// As those of a folder.
    pub fn embedded(files: Embedded) -> Result<Checkpoint> {
        let path = Path::new(files.name);
        let json = |text: &str| -> Result<Value> {
            serde_json::from_str(text).map_err(|error| Error::file(path, error.to_string()))
        };
        let (config, labels) = config::parse(path, &json(files.config)?)?;
        let bytes = files::Bytes::Static(files.weights);
        let tensors = safetensors::Folder::single(safetensors::File::parse(path, bytes)?);
        let tokenizer = Source::Text(files.tokenizer);
        let tokenizer_config = Some(json(files.tokenizer_config)?);
        let store = Store::Folder { tensors, tokenizer, tokenizer_config };
        Checkpoint::checked(path, config, labels, Generation::default(), store)
    }

    fn gguf(path: &Path) -> Result<Checkpoint> {
        let model = gguf::Model::open(path)?;
        let (config, generation) = (model.config().clone(), Generation::default());
        Checkpoint::checked(path, config, None, generation, Store::Gguf(Box::new(model)))
    }

    fn checked(
        path: &Path,
        mut config: Config,
        labels: Option<usize>,
        generation: Generation,
        store: Store,
    ) -> Result<Checkpoint> {
        // transformers stops where the generation config says, if it says anything.
        if let Some(eos) = generation.eos.as_ref().filter(|eos| !eos.is_empty()) {
            config.eos.clone_from(eos);
            config.check().map_err(|problem| Error::file(path, problem))?;
        }
        let mut opened =
            Checkpoint { path: path.to_owned(), config, labels, generation, store, notes: vec![] };
        opened.check_tensors()?;
        Ok(opened)
    }

    /// Holds every tensor against the configuration, before anything is allocated for it.
    fn check_tensors(&mut self) -> Result<()> {
        let expected = names::all(&self.config, self.labels);
        for (name, shape) in &expected {
            let problem = match self.shape(name) {
                Some(found) if found == shape => continue,
                Some(found) => format!("tensor `{name}` is {found:?}, and {shape:?} is expected"),
                None => format!("tensor `{name}` {shape:?} is not there"),
            };
            return Err(Error::file(&self.path, problem));
        }
        let mut known: Vec<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
        known.sort_unstable();
        let extra: Vec<&str> =
            self.names().into_iter().filter(|name| known.binary_search(name).is_err()).collect();
        if let Some(name) = extra.iter().find(|name| matters(name)) {
            let problem = format!("tensor `{name}` is a part that this configuration has not");
            return Err(Error::file(&self.path, problem));
        }
        let notes = extra.iter().map(|name| format!("tensor `{name}` is not used")).collect();
        self.notes = notes;
        Ok(())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Labels of a classifier (`…ForSequenceClassification`); `None` for a language model.
    pub fn labels(&self) -> Option<usize> {
        self.labels
    }

    /// How its makers sample from it.
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// What was met and passed over, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of all tensors, in Hugging Face's words, sorted.
    pub fn names(&self) -> Vec<&str> {
        match &self.store {
            Store::Folder { tensors, .. } => tensors.names().collect(),
            Store::Gguf(model) => model.names().collect(),
        }
    }

    /// Whether a tensor is there.
    pub fn has(&self, name: &str) -> bool {
        self.shape(name).is_some()
    }

    /// The shape of a tensor, outermost first.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        match &self.store {
            Store::Folder { tensors, .. } => tensors.info(name).map(|info| info.shape.as_slice()),
            Store::Gguf(model) => model.shape(name),
        }
    }

    /// The type that a tensor is stored in, in the file's own words.
    pub fn stored(&self, name: &str) -> Option<&str> {
        match &self.store {
            Store::Folder { tensors, .. } => tensors.info(name).map(|info| info.dtype.as_str()),
            Store::Gguf(model) => model.stored(name),
        }
    }

    /// Reads a tensor, which has as many values as `out`.
    ///
    /// # Errors
    /// No such tensor, another number of values, or a type that is not read.
    pub fn read_f32(&self, name: &str, out: &mut [f32]) -> Result<()> {
        match &self.store {
            Store::Folder { tensors, .. } => tensors.read_f32(name, out),
            Store::Gguf(model) => model.read_f32(name, out),
        }
    }

    /// Reads a tensor, which has as many values as `out`, rounded to the nearest.
    ///
    /// # Errors
    /// No such tensor, another number of values, or a type that is not read.
    pub fn read_bf16(&self, name: &str, out: &mut [bf16]) -> Result<()> {
        match &self.store {
            Store::Folder { tensors, .. } => tensors.read_bf16(name, out),
            Store::Gguf(model) => model.read_bf16(name, out),
        }
    }

    /// What the blocks of a tensor hold, where such blocks can be kept as they are; `None` for all
    /// other types.
    pub fn blocks(&self, name: &str) -> Option<blocks::Kind> {
        match &self.store {
            Store::Folder { .. } => None,
            Store::Gguf(model) => model.kind(name),
        }
    }

    /// Adds the blocks of a tensor of so many values.
    ///
    /// # Errors
    /// No such tensor, blocks of another kind than those of `out`, or another number of values.
    pub fn read_blocks(&self, name: &str, values: usize, out: &mut Blocks) -> Result<()> {
        match &self.store {
            Store::Folder { .. } => {
                Err(Error::file(&self.path, format!("tensor `{name}` is not of blocks")))
            }
            Store::Gguf(model) => model.read_blocks(name, values, out),
        }
    }

    /// The tokenizer.
    ///
    /// # Errors
    /// It is not there, unsound, or has tokens that the model has not.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        let tokenizer = match &self.store {
            Store::Folder { tokenizer: Source::Folder, .. } => {
                Tokenizer::open(&self.path.join("tokenizer.json"))?
            }
            Store::Folder { tokenizer: Source::Text(text), .. } => {
                let tokenizer = Tokenizer::parse((*text).to_owned());
                tokenizer.map_err(|problem| Error::file(&self.path, problem))?
            }
            Store::Gguf(model) => model.tokenizer()?,
        };
        if tokenizer.vocab() > self.config.vocab {
            let (found, vocab) = (tokenizer.vocab(), self.config.vocab);
            let problem = format!("its tokenizer has {found} tokens, its model {vocab}");
            return Err(Error::file(&self.path, problem));
        }
        Ok(tokenizer)
    }

    /// The chat template's source, in Jinja.
    ///
    /// # Errors
    /// A file that cannot be read, or a value that is no template.
    pub fn chat_template(&self) -> Result<Option<String>> {
        match &self.store {
            Store::Folder { tokenizer_config, .. } => {
                special::chat_template(&self.path, self.beside(), tokenizer_config.as_ref())
            }
            Store::Gguf(model) => model.chat_template(),
        }
    }

    /// The special tokens by their part.
    ///
    /// # Errors
    /// A value that is no token.
    pub fn special(&self) -> Result<Special> {
        match &self.store {
            Store::Folder { tokenizer_config, .. } => {
                special::tokens(&self.path, self.beside(), tokenizer_config.as_ref())
            }
            Store::Gguf(model) => model.special(),
        }
    }

    /// The folder whose other files count too.
    fn beside(&self) -> Option<&Path> {
        let folder = matches!(self.store, Store::Folder { tokenizer: Source::Folder, .. });
        folder.then_some(self.path.as_path())
    }
}

/// The one GGUF file of a folder.
fn only_gguf(folder: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).map_err(|source| Error::io(folder, source))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| Error::io(folder, source))?.path();
        if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf")) {
            found.push(path);
        }
    }
    match found.as_slice() {
        [] => Err(Error::file(folder, "holds neither config.json nor a .gguf file")),
        [one] => Ok(one.clone()),
        many => {
            let problem = format!("holds {} .gguf files and no config.json: name one", many.len());
            Err(Error::file(folder, problem))
        }
    }
}

/// Whether a tensor that the configuration does not ask for would change what the model says:
/// biases and norms of its layers do, tables of frequencies and copies of the embedding do not.
fn matters(name: &str) -> bool {
    let inside = name.starts_with("model.layers.") && !name.ends_with("rotary_emb.inv_freq");
    let copy = name == names::LM_HEAD || name == names::SCORE;
    (inside && !name.contains(".self_attn.masked_bias")) || (name.ends_with(".bias") && !copy)
}
