//! Every buffer of a training step, allocated once for its largest batch.
//!
//! A layer keeps what backward cannot cheaply make again: its input, queries, keys and values, the
//! attention's output, the sum after attention, gate and up. Norms' and activations' outputs are
//! made again. Under [`Keep::Inputs`] only the inputs of layers are kept and a layer is run again.

use heedful_kernels::{Device, Dtype, Tensor};

use crate::batch::Batch;
use crate::config::Head;
use crate::error::{Error, Result};
use crate::transformer::Transformer;

/// What forward keeps for backward. The gradients are the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All that backward reads: fastest.
    Layers,
    /// The inputs of layers, from which backward runs each again (Chen et al. 2016).
    Inputs,
}

/// How large a batch may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tokens of all sequences, T.
    pub tokens: usize,
    /// Sequences, B.
    pub sequences: usize,
    /// Rows of logits held at once.
    pub rows: usize,
    /// What forward keeps.
    pub keep: Keep,
}

/// The buffers.
#[derive(Debug)]
pub struct Workspace {
    /// What they were made for.
    pub limits: Limits,
    /// How much of them the present batch fills.
    pub size: Size,
    pub(crate) input: Input,
    /// `[T, C]` before each layer and after the last.
    pub(crate) x: Vec<Tensor>,
    /// One a layer, or one for all.
    pub(crate) kept: Vec<Kept>,
    pub(crate) scratch: Scratch,
    pub(crate) output: Output,
}

/// How large the present batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Tokens.
    pub tokens: usize,
    /// Sequences.
    pub sequences: usize,
    /// Tokens whose prediction counts.
    pub rows: usize,
}

/// The batch, on the device.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) ids: Tensor,
    pub(crate) positions: Tensor,
    pub(crate) starts: Tensor,
    pub(crate) last: Tensor,
    pub(crate) rows: Tensor,
    pub(crate) targets: Tensor,
}

/// What a layer keeps.
#[derive(Debug)]
pub(crate) struct Kept {
    /// `[T]`
    pub(crate) input_rstd: Tensor,
    /// `[T, W]`, before the norms of heads, where there are some.
    pub(crate) raw: Tensor,
    /// [T, heads + kv_heads], the same.
    pub(crate) head_rstd: Tensor,
    /// `[T, W]`, as attention takes them.
    pub(crate) qkv: Tensor,
    /// [T, heads × D]
    pub(crate) attention: Tensor,
    /// [T, heads]
    pub(crate) lse: Tensor,
    /// `[T, C]`, after attention.
    pub(crate) middle: Tensor,
    /// `[T]`
    pub(crate) post_rstd: Tensor,
    /// `[T, 2F]`
    pub(crate) gate_up: Tensor,
}

/// What no one keeps.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// `[T, C]`, a norm's output.
    pub(crate) normed: Tensor,
    /// `[T]`, of the final norm.
    pub(crate) final_rstd: Tensor,
    /// `[T, C]`, what a block adds.
    pub(crate) delta: Tensor,
    /// `[T, F]`
    pub(crate) act: Tensor,
    /// `[T, C]`, gradient of the residual stream.
    pub(crate) dx: Tensor,
    /// `[T, C]`
    pub(crate) dnormed: Tensor,
    /// `[T, F]`
    pub(crate) dact: Tensor,
    /// `[T, 2F]`
    pub(crate) dgate_up: Tensor,
    /// `[T, W]`
    pub(crate) dqkv: Tensor,
    /// `[T, W]`, with norms of heads.
    pub(crate) draw: Tensor,
    /// [T, heads × D]
    pub(crate) dattention: Tensor,
    /// [T, heads]
    pub(crate) dots: Tensor,
}

/// What the head makes.
#[derive(Debug)]
pub(crate) struct Output {
    /// `[R, C]`, `[R, C]`: rows of the final norm's output and their gradient.
    pub(crate) x: Tensor,
    pub(crate) dx: Tensor,
    /// `[R, V]`, then its gradient.
    pub(crate) logits: Tensor,
    /// `[N]` each, of the tokens whose prediction counts.
    pub(crate) logp: Tensor,
    pub(crate) entropy: Tensor,
    pub(crate) lse: Tensor,
    pub(crate) dlogp: Tensor,
    pub(crate) dentropy: Tensor,
}

impl Workspace {
    /// Buffers for batches of up to `limits` of this model.
    ///
    /// # Errors
    /// Limits of zero, more tokens than 32-bit offsets tell apart.
    pub fn new(device: &Device, model: &Transformer, limits: Limits) -> Result<Workspace> {
        let Limits { tokens, sequences, rows, keep } = limits;
        if tokens == 0 || sequences == 0 || rows == 0 || tokens > 1 << 24 || sequences > tokens {
            return Err(Error::argument(format!("a workspace of {limits:?} cannot be")));
        }
        let layers = model.config.layers;
        let width = model.config.width;
        let f32s = |values: usize| device.zeros(Dtype::F32, values);
        let u32s = |values: usize| device.zeros(Dtype::U32, values);
        let slots = if keep == Keep::Layers { layers } else { 1 };
        let input = Input {
            ids: u32s(tokens),
            positions: u32s(tokens),
            starts: u32s(sequences + 1),
            last: u32s(sequences),
            rows: u32s(tokens),
            targets: u32s(tokens),
        };
        let rows = rows.min(tokens);
        let (columns, chunk) = match model.head {
            Head::Lm => (model.config.vocab, rows),
            Head::Score(labels) => (labels, sequences),
        };
        let scores = if model.head == Head::Lm { 0 } else { columns * sequences };
        let output = Output {
            x: f32s(chunk * width),
            dx: f32s(chunk * width),
            logits: f32s(chunk * columns),
            logp: f32s(tokens),
            entropy: f32s(tokens),
            lse: f32s(tokens),
            dlogp: f32s(tokens.max(scores)),
            dentropy: f32s(tokens),
        };
        Ok(Workspace {
            limits: Limits { rows, ..limits },
            size: Size::default(),
            input,
            x: (0..=layers).map(|_| f32s(tokens * width)).collect(),
            kept: (0..slots).map(|_| Kept::new(model, tokens, f32s)).collect(),
            scratch: Scratch::new(model, tokens, f32s),
            output,
        })
    }

    /// Takes a batch; passes run on it from now on.
    ///
    /// # Errors
    /// One that is too large, or that is not well formed.
    pub fn load(&mut self, model: &Transformer, batch: &Batch) -> Result<()> {
        batch.check(model, &self.limits)?;
        let size = batch.size();
        let Input { ids, positions, starts, last, rows, targets } = &mut self.input;
        let ends = last.part_mut(0..size.sequences).u32()?.iter_mut().zip(&batch.starts[1..]);
        ends.for_each(|(last, end)| *last = end - 1);
        let parts: [(&mut Tensor, &[u32]); 5] = [
            (ids, &batch.ids),
            (positions, &batch.positions),
            (starts, &batch.starts),
            (rows, &batch.rows),
            (targets, &batch.targets),
        ];
        for (buffer, values) in parts {
            buffer.part_mut(0..values.len()).u32()?.copy_from_slice(values);
        }
        self.size = size;
        Ok(())
    }

    /// Log-probability of each counted token's target, after a pass of the language head.
    ///
    /// # Errors
    /// None on the host.
    pub fn logp(&self) -> Result<&[f32]> {
        Ok(self.output.logp.part(0..self.size.rows).f32()?)
    }

    /// Entropy in nats of the distribution at each counted token, after the same.
    ///
    /// # Errors
    /// None on the host.
    pub fn entropy(&self) -> Result<&[f32]> {
        Ok(self.output.entropy.part(0..self.size.rows).f32()?)
    }

    /// Which of the kept buffers a layer has.
    pub(crate) fn slot(&self, layer: usize) -> usize {
        if self.limits.keep == Keep::Layers { layer } else { 0 }
    }
}

impl Kept {
    fn new(model: &Transformer, tokens: usize, f32s: impl Fn(usize) -> Tensor) -> Kept {
        let config = &model.config;
        let normed = if config.qk_norm { tokens } else { 0 };
        Kept {
            input_rstd: f32s(tokens),
            raw: f32s(normed * config.qkv_width()),
            head_rstd: f32s(normed * (config.heads + config.kv_heads)),
            qkv: f32s(tokens * config.qkv_width()),
            attention: f32s(tokens * config.attention_width()),
            lse: f32s(tokens * config.heads),
            middle: f32s(tokens * config.width),
            post_rstd: f32s(tokens),
            gate_up: f32s(tokens * 2 * config.ffn),
        }
    }
}

impl Scratch {
    fn new(model: &Transformer, tokens: usize, f32s: impl Fn(usize) -> Tensor) -> Scratch {
        let config = &model.config;
        Scratch {
            normed: f32s(tokens * config.width),
            final_rstd: f32s(tokens),
            delta: f32s(tokens * config.width),
            act: f32s(tokens * config.ffn),
            dx: f32s(tokens * config.width),
            dnormed: f32s(tokens * config.width),
            dact: f32s(tokens * config.ffn),
            dgate_up: f32s(tokens * 2 * config.ffn),
            dqkv: f32s(tokens * config.qkv_width()),
            draw: f32s(if config.qk_norm { tokens * config.qkv_width() } else { 0 }),
            dattention: f32s(tokens * config.attention_width()),
            dots: f32s(tokens * config.heads),
        }
    }
}
