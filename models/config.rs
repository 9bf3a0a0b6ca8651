//! The shape of a model: what `config.json`, or the metadata of a GGUF file, says.

mod check;
mod generation;
pub(crate) mod keys;
mod read;
mod rope;
mod write;

pub use heedful_kernels::rope::Scaling as RopeScaling;

pub use self::generation::Generation;
pub(crate) use self::read::parse;
pub use self::write::Head;
pub(crate) use self::write::to_json;

/// Which published family a checkpoint is of; it decides the names and the switches on saving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Llama 2 and 3, SmolLM2, Mistral without a sliding window.
    Llama,
    /// Qwen2 and Qwen2.5: biases on queries, keys and values.
    Qwen2,
    /// Qwen3: norms on queries and keys.
    Qwen3,
}

/// Everything that the forward pass depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The family.
    pub family: Family,
    /// Vocabulary, V.
    pub vocab: usize,
    /// Width, C.
    pub width: usize,
    /// Layers.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key-value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head, D.
    pub head_dim: usize,
    /// Width of the feed-forward layer, F.
    pub ffn: usize,
    /// Longest context that it was made for.
    pub context: usize,
    /// Epsilon of the norms.
    pub norm_eps: f32,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// How the rotary frequencies are stretched.
    pub rope_scaling: RopeScaling,
    /// Biases on queries, keys and values.
    pub qkv_bias: bool,
    /// RMS norms on each head of queries and keys.
    pub qk_norm: bool,
    /// The LM head is the embedding.
    pub tied: bool,
    /// Token that begins a text, if one does.
    pub bos: Option<u32>,
    /// Tokens that end a text.
    pub eos: Vec<u32>,
    /// Token that fills a batch.
    pub pad: Option<u32>,
}

impl Config {
    /// Width of one row of fused queries, keys and values: (heads + 2 kv_heads) × head_dim.
    pub fn qkv_width(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }

    /// Width of the attention's output: heads × head_dim.
    pub fn attention_width(&self) -> usize {
        self.heads * self.head_dim
    }
}
