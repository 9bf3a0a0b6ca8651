//! Every buffer of a training step, allocated once for its largest batch.
//!
//! A layer keeps what backward cannot cheaply make again: its input, queries, keys and values, the
//! attention's output, the sum after attention, gate and up. Norms' and activations' outputs are
//! made again. Under [`Keep::Inputs`] only the inputs of layers are kept and a layer is run again.

use heedful_kernels::{Device, Dtype, Tensor, copy};

use crate::batch::Batch;
use crate::config::Head;
use crate::error::{Error, Result};
use crate::transformer::Transformer;

/// Of ops.
type Kernels<T> = heedful_kernels::Result<T>;

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
    /// Whether sequences follow others.
    pub shared: bool,
}

/// The batch, on the device.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) ids: Tensor,
    pub(crate) positions: Tensor,
    pub(crate) starts: Tensor,
    pub(crate) prefixes: Tensor,
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
    /// [B, labels], gradient of a classifier's scores.
    pub(crate) dscores: Tensor,
}

impl Workspace {
    /// Buffers for batches of up to `limits` of this model.
    ///
    /// # Errors
    /// Limits of zero, more tokens than 32-bit offsets tell apart.
    pub fn new(device: &Device, model: &Transformer, limits: Limits) -> Result<Workspace> {
        let Limits { tokens, sequences, rows, .. } = limits;
        if tokens == 0 || sequences == 0 || rows == 0 || tokens > 1 << 24 || sequences > tokens {
            return Err(Error::argument(format!("a workspace of {limits:?} cannot be")));
        }
        Workspace::make(device, model, limits)
    }

    /// One without buffers, until passes of such limits are wanted again.
    ///
    /// # Errors
    /// No memory for one word.
    pub(crate) fn resting(
        device: &Device,
        model: &Transformer,
        limits: Limits,
    ) -> Result<Workspace> {
        let none = Limits { tokens: 0, sequences: 0, rows: 0, ..limits };
        Ok(Workspace { limits, ..Workspace::make(device, model, none)? })
    }

    /// Whether it has no buffers.
    pub(crate) fn rests(&self) -> bool {
        self.input.ids.is_empty()
    }

    fn make(device: &Device, model: &Transformer, limits: Limits) -> Result<Workspace> {
        let Limits { tokens, sequences, rows, keep } = limits;
        let layers = model.config.layers;
        let width = model.config.width;
        let u32s = |values: usize| device.zeros(Dtype::U32, values);
        let (f32s, floats) = makers(device);
        let slots = if keep == Keep::Layers { layers } else { 1 };
        let input = Input {
            ids: u32s(tokens)?,
            positions: u32s(tokens)?,
            starts: u32s(sequences + 1)?,
            prefixes: u32s(2 * sequences)?,
            last: u32s(sequences)?,
            rows: u32s(tokens)?,
            targets: u32s(tokens)?,
        };
        let rows = rows.min(tokens);
        let (columns, chunk) = match model.head {
            Head::Lm => (model.config.vocab, rows),
            Head::Score(labels) => (labels, sequences),
        };
        let scores = if model.head == Head::Lm { 0 } else { columns * sequences };
        let output = Output {
            x: floats(chunk * width)?,
            dx: floats(chunk * width)?,
            logits: floats(chunk * columns)?,
            logp: f32s(tokens)?,
            entropy: f32s(tokens)?,
            lse: f32s(tokens)?,
            dlogp: f32s(tokens)?,
            dscores: floats(scores)?,
            dentropy: f32s(tokens)?,
        };
        Ok(Workspace {
            limits: Limits { rows, ..limits },
            size: Size::default(),
            input,
            x: (0..=layers).map(|_| floats(tokens * width)).collect::<Kernels<_>>()?,
            kept: (0..slots).map(|_| Kept::new(device, model, tokens)).collect::<Kernels<_>>()?,
            scratch: Scratch::new(device, model, tokens)?,
            output,
        })
    }

    /// Takes a batch; passes run on it from now on.
    ///
    /// # Errors
    /// One that is too large, or that is not well formed.
    pub fn load(&mut self, dev: &Device, model: &Transformer, batch: &Batch) -> Result<()> {
        batch.check(model, &self.limits)?;
        let size = batch.size();
        let Input { ids, positions, starts, prefixes, last, rows, targets } = &mut self.input;
        let shared = batch.prefixes.as_flattened();
        let ends: Vec<u32> = batch.starts[1..].iter().map(|end| end - 1).collect();
        let parts: [(&mut Tensor, &[u32]); 7] = [
            (ids, &batch.ids),
            (positions, &batch.positions),
            (starts, &batch.starts),
            (prefixes, shared),
            (last, &ends),
            (rows, &batch.rows),
            (targets, &batch.targets),
        ];
        for (buffer, values) in parts {
            copy::write_u32(dev, buffer.part_mut(0..values.len()), values)?;
        }
        self.size = size;
        Ok(())
    }

    /// Log-probability of each counted token's target, after a pass of the language head.
    ///
    /// # Errors
    /// Of the card.
    pub fn logp(&self, dev: &Device) -> Result<Vec<f32>> {
        Ok(copy::read_f32(dev, self.output.logp.part(0..self.size.rows))?)
    }

    /// Entropy in nats of the distribution at each counted token, after the same.
    ///
    /// # Errors
    /// Of the card.
    pub fn entropy(&self, dev: &Device) -> Result<Vec<f32>> {
        Ok(copy::read_f32(dev, self.output.entropy.part(0..self.size.rows))?)
    }

    /// Which of the kept buffers a layer has.
    pub(crate) fn slot(&self, layer: usize) -> usize {
        if self.limits.keep == Keep::Layers { layer } else { 0 }
    }
}

impl Kept {
    fn new(dev: &Device, model: &Transformer, tokens: usize) -> Kernels<Kept> {
        let config = &model.config;
        let normed = if config.qk_norm { tokens } else { 0 };
        let (f32s, floats) = makers(dev);
        Ok(Kept {
            input_rstd: f32s(tokens)?,
            raw: floats(normed * config.qkv_width())?,
            head_rstd: f32s(normed * (config.heads + config.kv_heads))?,
            qkv: floats(tokens * config.qkv_width())?,
            attention: floats(tokens * config.attention_width())?,
            lse: f32s(tokens * config.heads)?,
            middle: floats(tokens * config.width)?,
            post_rstd: f32s(tokens)?,
            gate_up: floats(tokens * 2 * config.ffn)?,
        })
    }
}

impl Scratch {
    fn new(dev: &Device, model: &Transformer, tokens: usize) -> Kernels<Scratch> {
        let config = &model.config;
        let (f32s, floats) = makers(dev);
        Ok(Scratch {
            normed: floats(tokens * config.width)?,
            final_rstd: f32s(tokens)?,
            delta: floats(tokens * config.width)?,
            act: floats(tokens * config.ffn)?,
            dx: floats(tokens * config.width)?,
            dnormed: floats(tokens * config.width)?,
            dact: floats(tokens * config.ffn)?,
            dgate_up: floats(tokens * 2 * config.ffn)?,
            dqkv: floats(tokens * config.qkv_width())?,
            draw: floats(if config.qk_norm { tokens * config.qkv_width() } else { 0 })?,
            dattention: floats(tokens * config.attention_width())?,
            dots: f32s(tokens * config.heads)?,
        })
    }
}

/// What makes buffers of f32, and of what the device keeps activations in.
fn makers(dev: &Device) -> (impl Fn(usize) -> Kernels<Tensor>, impl Fn(usize) -> Kernels<Tensor>) {
    let f32s = |values: usize| dev.zeros(Dtype::F32, values);
    let floats = |values: usize| dev.zeros(dev.float(), values);
    (f32s, floats)
}
