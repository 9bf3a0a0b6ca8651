//! Text to tokens and back: the crate `tokenizers` behind what this house needs of it.

mod stream;
#[cfg(test)]
#[path = "tokenizer_tests.rs"]
pub(crate) mod tests;

use std::path::Path;
use std::sync::OnceLock;

use tokenizers::{DecoderWrapper, Tokenizer as Inner};

use self::stream::Pieces;
pub use self::stream::Stream;
use crate::error::{Error, Result};

/// Bytes of a `tokenizer.json`; those of a quarter of a million tokens have some thirty million.
const LIMIT: u64 = 256 << 20;

/// A checkpoint's tokenizer.
#[derive(Debug)]
pub struct Tokenizer {
    inner: Inner,
    /// What `tokenizer.json` says, kept to be written again.
    json: String,
    vocab: usize,
    /// The bytes of each token, where the decoder is one of bytes; made when first asked for.
    pieces: OnceLock<Option<Pieces>>,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// A file that cannot be read, or that is no tokenizer.
    pub fn open(path: &Path) -> Result<Tokenizer> {
        let json = crate::files::text(path, LIMIT)?;
        Tokenizer::parse(json).map_err(|problem| Error::file(path, problem))
    }

    /// A tokenizer from the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(json: String) -> std::result::Result<Tokenizer, String> {
        let mut inner = Inner::from_bytes(&json).map_err(|error| error.to_string())?;
        // A trainer's leftovers: texts are cut and filled by those who batch them.
        inner.with_truncation(None).map_err(|error| error.to_string())?;
        inner.with_padding(None);
        let largest = inner.get_vocab(true).into_values().max();
        let vocab = largest.map_or(0, |id| id as usize + 1);
        Ok(Tokenizer { inner, json, vocab, pieces: OnceLock::new() })
    }

    /// One more than the largest id; a model's vocabulary may be larger.
    pub fn vocab(&self) -> usize {
        self.vocab
    }

    /// The ids of a text, nothing put before or after it. Special tokens that the text spells out
    /// are theirs.
    ///
    /// # Errors
    /// A text that the tokenizer cannot take.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        self.ids(text, false)
    }

    /// The ids of a text with the special tokens that the tokenizer puts around one, such as the
    /// token that begins a text.
    ///
    /// # Errors
    /// A text that the tokenizer cannot take.
    pub fn encode_special(&self, text: &str) -> Result<Vec<u32>> {
        self.ids(text, true)
    }

    fn ids(&self, text: &str, special: bool) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, special);
        let encoding =
            encoding.map_err(|error| Error::argument(format!("cannot be tokenised: {error}")))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of some ids, special tokens left out; ids that are no token are left out too.
    ///
    /// # Errors
    /// Tokens that the decoder cannot take.
    pub fn decode(&self, ids: &[u32]) -> Result<String> {
        let text = self.inner.decode(ids, true);
        text.map_err(|error| Error::argument(format!("cannot be decoded: {error}")))
    }

    /// A decoder that takes one token after the other, see [`Stream`].
    pub fn stream(&self) -> Stream<'_> {
        Stream::new(self)
    }

    /// The id of a token, spelled as the vocabulary has it.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// A token as the vocabulary spells it.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Whether a token is special: no part of any text.
    pub fn is_special(&self, id: u32) -> bool {
        self.inner
            .get_added_vocabulary()
            .get_added_tokens_decoder()
            .get(&id)
            .is_some_and(|t| t.special)
    }

    /// What `tokenizer.json` says.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The bytes of each token, where the decoder is one of bytes.
    fn pieces(&self) -> Option<&Pieces> {
        let make = || match self.inner.get_decoder() {
            Some(DecoderWrapper::ByteLevel(_)) => Some(Pieces::new(self)),
            _ => None,
        };
        self.pieces.get_or_init(make).as_ref()
    }
}
