//! Hugging Face folders, written whole or not at all: what transformers, vLLM and TRL load.

mod tensors;
#[cfg(test)]
#[path = "save_tests.rs"]
mod tests;
mod texts;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use self::texts::Texts;
use crate::checkpoint::Checkpoint;
use crate::config::Config;
pub use crate::config::Head;
use crate::error::{Error, Result};
use crate::names;

/// The type that weights are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dtype {
    /// `F32`.
    F32,
    /// `BF16`, rounded to the nearest.
    Bf16,
}

/// Bytes of a shard, unless asked otherwise.
const SHARD: u64 = 5_000_000_000;

/// What is to be written; the weights come last, through [`Writer::write`].
#[derive(Debug)]
pub struct Writer {
    config: Config,
    head: Head,
    dtype: Dtype,
    shard: u64,
    texts: Texts,
    others: Vec<(String, String)>,
}

impl Dtype {
    fn name(self) -> &'static str {
        match self {
            Dtype::F32 => "float32",
            Dtype::Bf16 => "bfloat16",
        }
    }
}

impl Writer {
    /// A writer of a language model in f32 with the tokenizer, template and generation config of
    /// the checkpoint that it came from, be that a folder or a GGUF file.
    ///
    /// # Errors
    /// The checkpoint's tokenizer or template cannot be read.
    pub fn like(checkpoint: &Checkpoint) -> Result<Writer> {
        Ok(Writer {
            config: checkpoint.config().clone(),
            head: checkpoint.labels().map_or(Head::Lm, Head::Score),
            dtype: Dtype::F32,
            shard: SHARD,
            texts: Texts::of(checkpoint)?,
            others: Vec::new(),
        })
    }

    /// A writer of a language model in f32 with a tokenizer from the text of `tokenizer.json`.
    pub fn new(config: Config, tokenizer: String) -> Writer {
        let (head, dtype, texts) = (Head::Lm, Dtype::F32, Texts::plain(tokenizer));
        Writer { config, head, dtype, shard: SHARD, texts, others: Vec::new() }
    }

    /// What stands on top: an LM head, or a classifier's score.
    #[must_use]
    pub fn head(mut self, head: Head) -> Writer {
        self.head = head;
        self
    }

    /// The type of the weights.
    #[must_use]
    pub fn dtype(mut self, dtype: Dtype) -> Writer {
        self.dtype = dtype;
        self
    }

    /// The most bytes of weights in one file.
    #[must_use]
    pub fn shard(mut self, bytes: u64) -> Writer {
        self.shard = bytes;
        self
    }

    /// The chat template's source; none is written without.
    #[must_use]
    pub fn chat_template(mut self, source: Option<String>) -> Writer {
        self.texts.chat_template = source;
        self
    }

    /// The special tokens by their part.
    #[must_use]
    pub fn special(mut self, special: crate::checkpoint::Special) -> Writer {
        self.texts.special = special;
        self
    }

    /// How to sample from it.
    #[must_use]
    pub fn generation(mut self, generation: crate::config::Generation) -> Writer {
        self.texts.generation = generation;
        self
    }

    /// One more file with this text.
    #[must_use]
    pub fn file(mut self, name: &str, text: String) -> Writer {
        self.others.push((name.to_owned(), text));
        self
    }

    /// Writes the folder, which must not be there yet. `read` fills a buffer with the tensor of a
    /// Hugging Face name; it is asked once for each, in the order of [`names::all`].
    ///
    /// All is written into a hidden folder beside it, which gets its name when it is complete.
    ///
    /// # Errors
    /// The folder is there, cannot be written, or `read` fails; nothing is left of it then.
    pub fn write(
        &self,
        folder: impl AsRef<Path>,
        read: impl FnMut(&str, &mut [f32]) -> Result<()>,
    ) -> Result<()> {
        let folder = folder.as_ref();
        self.config.check().map_err(Error::Argument)?;
        if folder.exists() {
            return Err(Error::file(folder, "is there already"));
        }
        let hidden = Hidden::beside(folder)?;
        let labels = match self.head {
            Head::Lm => None,
            Head::Score(0) => return Err(Error::argument("a classifier without labels")),
            Head::Score(labels) => Some(labels),
        };
        let plan = names::all(&self.config, labels);
        tensors::write(&hidden.path, plan, self.dtype, self.shard, read)?;
        self.texts.write(&hidden.path, &self.config, self.head, self.dtype.name())?;
        for (name, text) in &self.others {
            file(&hidden.path.join(name), text.as_bytes())?;
        }
        hidden.show(folder)
    }
}

/// The tensors of a classifier of two labels as one of a single label, to be written under
/// `Head::Score(1)`: its score is the second's less the first's, so that the sigmoid of the one is
/// the softmax of the other.
pub fn as_one_label(
    mut read: impl FnMut(&str, &mut [f32]) -> Result<()>,
) -> impl FnMut(&str, &mut [f32]) -> Result<()> {
    move |name, out| {
        if name != names::SCORE {
            return read(name, out);
        }
        let mut both = vec![0.0; 2 * out.len()];
        read(name, &mut both)?;
        let (first, second) = both.split_at(out.len());
        for (out, (first, second)) in out.iter_mut().zip(first.iter().zip(second)) {
            *out = second - first;
        }
        Ok(())
    }
}

/// A folder that vanishes unless it is shown.
struct Hidden {
    path: PathBuf,
}

impl Hidden {
    fn beside(folder: &Path) -> Result<Hidden> {
        let name = folder.file_name();
        let name = name.ok_or_else(|| Error::file(folder, "is no name for a folder"))?;
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}", std::process::id()));
        if let Some(parent) = folder.parent() {
            std::fs::create_dir_all(parent).map_err(|source| Error::io(parent, source))?;
        }
        let path = folder.with_file_name(hidden);
        std::fs::create_dir(&path).map_err(|source| Error::io(&path, source))?;
        Ok(Hidden { path })
    }

    fn show(self, folder: &Path) -> Result<()> {
        std::fs::rename(&self.path, folder).map_err(|source| Error::io(folder, source))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // After a rename nothing is there; after an error what cannot be removed is left hidden.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Writes a file to the disk itself, so that a renamed folder is whole after a loss of power too.
fn file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::File::create_new(path)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    };
    write().map_err(|source| Error::io(path, source))
}
