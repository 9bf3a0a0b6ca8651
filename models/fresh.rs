//! A new language model: a byte-level BPE tokenizer learned from texts, and random weights.

use std::path::Path;

use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer};

use heedful_kernels::Device;

use crate::checkpoint::Special;
use crate::config::{Config, Family, Generation, Head, RopeScaling};
use crate::error::{Error, Result};
use crate::params::{self, Layout};
use crate::save::{Dtype, Writer};

/// How large a new model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Tokens of the vocabulary, V; the 256 bytes and the special tokens are among them.
    pub vocab: usize,
    /// Width, C.
    pub width: usize,
    /// Layers.
    pub layers: usize,
    /// Query heads; the width is a multiple.
    pub heads: usize,
    /// Key-value heads; divides the query heads.
    pub kv_heads: usize,
    /// Width of the feed-forward layer, F.
    pub ffn: usize,
    /// Longest context.
    pub context: usize,
}

/// What ends a turn; also fills batches.
const END: &str = "<|end|>";

/// What begins the turn of each role.
const ROLES: [&str; 3] = ["<|system|>", "<|user|>", "<|assistant|>"];

/// A turn is its role's token, the text, and the end.
const TEMPLATE: &str = include_str!("chat/templates/own.jinja");

/// Learns a tokenizer from `texts` and gives the text of its `tokenizer.json`: the same texts give
/// the same bytes.
///
/// # Errors
/// A vocabulary that has no place for all bytes, or texts too few to fill it.
pub fn tokenizer(texts: impl Iterator<Item = String> + Send, vocab: usize) -> Result<String> {
    let refuse = |error: tokenizers::Error| Error::argument(format!("the tokenizer: {error}"));
    let special: Vec<AddedToken> =
        std::iter::once(END).chain(ROLES).map(|token| AddedToken::from(token, true)).collect();
    if vocab < 256 + special.len() {
        let least = 256 + special.len();
        return Err(Error::argument(format!("a vocabulary of {vocab} tokens: at least {least}")));
    }
    let mut tokenizer = Tokenizer::new(BPE::default());
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    let mut trainer: TrainerWrapper = BpeTrainer::builder()
        .vocab_size(vocab)
        .min_frequency(2)
        .show_progress(false)
        .special_tokens(special)
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build()
        .into();
    tokenizer.train(&mut trainer, texts).map_err(refuse)?;
    let found = tokenizer.get_vocab_size(true);
    if found != vocab {
        let problem = format!("the texts give {found} tokens, not the {vocab} asked for");
        return Err(Error::argument(problem));
    }
    tokenizer.to_string(false).map_err(refuse)
}

/// Writes the folder of a model of this size with random weights, to be trained.
///
/// # Errors
/// A size that cannot be, a tokenizer of another vocabulary, a folder that is there already.
pub fn write(folder: &Path, size: Size, tokenizer: String, seed: u64, dtype: Dtype) -> Result<()> {
    let known = crate::Tokenizer::parse(tokenizer.clone()).map_err(Error::argument)?;
    if known.vocab() != size.vocab {
        let problem = format!("a tokenizer of {} tokens, not {}", known.vocab(), size.vocab);
        return Err(Error::argument(problem));
    }
    let end = known.id(END).ok_or_else(|| Error::argument(format!("no token {END}")))?;
    let config = config(size, end)?;
    let layout = Layout::new(&config, Head::Lm)?;
    let values = params::random(&Device::cpu(1)?, &layout, seed)?;
    let token = || Some(END.to_owned());
    Writer::new(config, tokenizer)
        .dtype(dtype)
        .chat_template(Some(TEMPLATE.to_owned()))
        .special(Special { eos: token(), pad: token(), ..Special::default() })
        .generation(Generation::default())
        .write(folder, |name, out| layout.read(values.view(), name, out))
}

fn config(size: Size, end: u32) -> Result<Config> {
    let Size { vocab, width, layers, heads, kv_heads, ffn, context } = size;
    if heads == 0 || width % heads != 0 {
        return Err(Error::argument(format!("a width of {width} for {heads} heads")));
    }
    let config = Config {
        family: Family::Llama,
        vocab,
        width,
        layers,
        heads,
        kv_heads,
        head_dim: width / heads,
        ffn,
        context,
        norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: RopeScaling::None,
        qkv_bias: false,
        qk_norm: false,
        tied: true,
        bos: None,
        eos: vec![end],
        pad: Some(end),
    };
    config.check().map_err(Error::Argument)?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Checkpoint;
    use crate::chat::{Message, Options, Template};

    fn texts() -> impl Iterator<Item = String> + Send {
        let words = ["river", "stone", "quiet", "harbour", "morning", "walks", "under", "bridge"];
        (0..400usize).map(move |i| {
            let word = |k: usize| words[(i * (k + 3) + k * k) % words.len()];
            format!("{} {}, {} {}. ünï {}", word(0), word(1), word(2), word(3), i % 17)
        })
    }

    #[test]
    fn the_same_texts_give_the_same_tokenizer_and_it_spells_everything() {
        let json = tokenizer(texts(), 300).unwrap();
        assert_eq!(tokenizer(texts(), 300).unwrap(), json);
        let known = crate::Tokenizer::parse(json).unwrap();
        for text in ["quiet morning", "\u{1F980} ß\n\t x", "<|user|>hello<|end|>"] {
            let ids = known.encode(text).unwrap();
            let plain = text.replace("<|user|>", "").replace("<|end|>", "");
            assert_eq!(known.decode(&ids).unwrap(), plain);
        }
        let error = tokenizer(texts(), 100).unwrap_err().to_string();
        assert!(error.contains("at least 260"), "{error}");
        let error = tokenizer(texts(), 60_000).unwrap_err().to_string();
        assert!(error.contains("not the 60000 asked for"), "{error}");
    }

    #[test]
    fn a_new_model_opens_and_chats() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let json = tokenizer(texts(), 300).unwrap();
        let size =
            Size { vocab: 300, width: 32, layers: 2, heads: 2, kv_heads: 1, ffn: 64, context: 128 };
        write(&path, size, json.clone(), 7, Dtype::Bf16).unwrap();
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!((checkpoint.config().vocab, checkpoint.config().head_dim), (300, 16));
        let source = checkpoint.chat_template().unwrap().unwrap();
        let template = Template::compile(&source, "", END).unwrap();
        let options = Options { add_generation_prompt: true, ..Options::default() };
        let text = template.render(&[Message::user("Hi.")], &options).unwrap();
        assert_eq!(text, "<|user|>Hi.<|end|><|assistant|>");
        let wrong = Size { vocab: 301, ..size };
        assert!(write(&path, wrong, json, 7, Dtype::Bf16).is_err());
    }
}
