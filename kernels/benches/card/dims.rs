//! The shapes that ops are checked and timed at.

use heedful_kernels::qkv::Shape;

/// The shape of a model, and how many tokens go through at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dims {
    pub(crate) name: &'static str,
    pub(crate) tokens: usize,
    pub(crate) width: usize,
    pub(crate) heads: Shape,
    pub(crate) ffn: usize,
    pub(crate) vocab: usize,
    /// All parameters, as far as an optimizer's step is timed by them.
    pub(crate) params: usize,
}

const fn heads(heads: usize, kv_heads: usize, head_dim: usize) -> Shape {
    Shape { heads, kv_heads, head_dim }
}

/// What gpu.md counts floors by: Qwen2.5 (its config.json files), 16,384 tokens.
pub(crate) const QWEN: [Dims; 3] = [
    Dims {
        name: "qwen2.5-0.5b",
        tokens: 16_384,
        width: 896,
        heads: heads(14, 2, 64),
        ffn: 4864,
        vocab: 151_936,
        params: 494_032_768,
    },
    Dims {
        name: "qwen2.5-1.5b",
        tokens: 16_384,
        width: 1536,
        heads: heads(12, 2, 128),
        ffn: 8960,
        vocab: 151_936,
        params: 1_543_714_304,
    },
    Dims {
        name: "qwen2.5-7b",
        tokens: 16_384,
        width: 3584,
        heads: heads(28, 4, 128),
        ffn: 18_944,
        vocab: 152_064,
        params: 7_615_616_512,
    },
];

/// What nothing is a multiple of anything in.
const ODD: Dims = Dims {
    name: "odd",
    tokens: 133,
    width: 333,
    heads: heads(3, 1, 64),
    ffn: 91,
    vocab: 1009,
    params: 70_001,
};

/// Small enough for the emulator.
const TINY: [Dims; 2] = [
    Dims {
        name: "tiny",
        tokens: 35,
        width: 64,
        heads: heads(2, 1, 64),
        ffn: 48,
        vocab: 96,
        params: 999,
    },
    Dims {
        name: "tiny odd",
        tokens: 7,
        width: 37,
        heads: heads(3, 1, 128),
        ffn: 13,
        vocab: 131,
        params: 70,
    },
];

/// Shapes of the checks: real widths, few tokens.
pub(crate) fn checked(emulated: bool) -> Vec<Dims> {
    if emulated {
        return TINY.to_vec();
    }
    let [half, one, seven] = QWEN;
    let smol = Dims {
        name: "smollm2-135m",
        tokens: 301,
        width: 576,
        heads: heads(9, 3, 64),
        ffn: 1536,
        vocab: 49_152,
        params: 1_000_003,
    };
    let ninety_six =
        Dims { name: "heads of 96", tokens: 200, width: 768, heads: heads(8, 2, 96), ..ODD };
    vec![
        ODD,
        ninety_six,
        smol,
        Dims { tokens: 129, params: 2_000_001, ..half },
        Dims { tokens: 192, params: 2_000_000, ..one },
        Dims { tokens: 65, ffn: 4736, params: 65_536, ..seven },
    ]
}

/// Shapes of the timings.
pub(crate) fn timed(emulated: bool) -> Vec<Dims> {
    if emulated { TINY[..1].to_vec() } else { QWEN.to_vec() }
}
