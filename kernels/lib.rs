//! One op set for transformers, on one device chosen at run time.
//!
//! An op is a file: its formula and shapes, the call that checks lengths and picks the device, and
//! the version for each device. Outputs come first and are the caller's; nothing is allocated
//! inside a training step. Forward and backward are written out; there is no tape.
//!
//! Letters: `B` sequences, `T` tokens (of all sequences, packed), `C` model width, `V` vocabulary,
//! `H` heads, `D` head width, `F` width of the feed-forward layer.

pub mod adamw;
pub mod adamw8;
pub mod add;
pub mod advance;
pub mod advantage;
pub mod attention;
pub mod blocks;
pub mod cast;
pub mod copy;
pub mod decode;
pub mod device;
pub mod embed_norm;
pub mod embedding;
pub mod error;
pub mod fill;
pub mod gemm;
pub mod gpu;
pub mod head;
pub mod isa;
pub mod likelihood;
pub mod logprob;
pub mod matrix;
pub mod norm;
mod pages;
pub mod philox;
pub mod qkv;
pub mod ratio;
pub mod rmsnorm;
pub mod rope;
pub mod sample;
pub mod scale;
mod simd;
mod split;
pub mod sum_rows;
pub mod sums;
pub mod surrogate;
pub mod swiglu;
mod team;
pub mod tensor;

#[cfg(test)]
mod testing;

pub use blocks::{Blocks, BlocksView};
pub use device::{Cpu, Device};
pub use error::{Error, Result};
pub use gpu::Gpu;
pub use matrix::MatrixView;
pub use tensor::{Dtype, Tensor, View, ViewMut};
