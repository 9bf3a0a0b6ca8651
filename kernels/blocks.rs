//! Matrices as GGUF files have them: small numbers in blocks of 32 with a scale, kept as they are
//! and widened where they are used.
//!
//! Source: `ggml-common.h` of github.com/ggml-org/ggml. Numbers stay in the file's order; scales,
//! f16, lie apart, so that both can be read many at once. What a block widens to is exact but for
//! the one addition of Q4_1: a scale has 11 bits and a number 8, so their product fits into f32.

use std::ops::Range;

use half::f16;

use crate::simd::{Level, multiversion};

/// Values of a block.
pub const BLOCK: usize = 32;

/// What a block holds: d and m are its scales, q a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// d·(q − 8), two q a byte: the low halves first.
    Q4_0,
    /// d·q + m, two q a byte: the low halves first.
    Q4_1,
    /// d·q, q a signed byte.
    Q8_0,
}

impl Kind {
    /// Bytes of numbers in a block.
    pub const fn numbers(self) -> usize {
        match self {
            Kind::Q4_0 | Kind::Q4_1 => 16,
            Kind::Q8_0 => 32,
        }
    }

    /// Scales of a block.
    pub const fn scales(self) -> usize {
        match self {
            Kind::Q4_0 | Kind::Q8_0 => 1,
            Kind::Q4_1 => 2,
        }
    }
}

/// Blocks on the host, one after the other.
#[derive(Debug, Clone)]
pub struct Blocks {
    kind: Kind,
    numbers: Vec<u8>,
    scales: Vec<f16>,
}

/// A part of blocks, to read.
#[derive(Debug, Clone, Copy)]
pub struct BlocksView<'a> {
    pub(crate) kind: Kind,
    pub(crate) numbers: &'a [u8],
    pub(crate) scales: &'a [f16],
}

impl Blocks {
    /// No blocks, with room for so many values.
    pub fn new(kind: Kind, values: usize) -> Blocks {
        let blocks = values / BLOCK;
        let numbers = Vec::with_capacity(blocks * kind.numbers());
        Blocks { kind, numbers, scales: Vec::with_capacity(blocks * kind.scales()) }
    }

    /// Adds blocks as a file has them: the scales, little-endian, then the numbers. Bytes beyond
    /// the last whole block are left out.
    pub fn extend(&mut self, bytes: &[u8]) {
        let scales = 2 * self.kind.scales();
        for block in bytes.chunks_exact(scales + self.kind.numbers()) {
            let (scales, numbers) = block.split_at(scales);
            let halves = scales.as_chunks::<2>().0;
            self.scales.extend(halves.iter().map(|half| f16::from_le_bytes(*half)));
            self.numbers.extend_from_slice(numbers);
        }
    }

    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// All of it.
    pub fn view(&self) -> BlocksView<'_> {
        BlocksView { kind: self.kind, numbers: &self.numbers, scales: &self.scales }
    }

    /// These values of it; whole blocks.
    ///
    /// # Panics
    /// A range that is not inside, or cuts a block.
    pub fn part(&self, values: Range<usize>) -> BlocksView<'_> {
        let Range { start, end } = values;
        assert!(start.is_multiple_of(BLOCK) && end.is_multiple_of(BLOCK), "whole blocks");
        let of = |each: usize| start / BLOCK * each..end / BLOCK * each;
        let (numbers, scales) = (of(self.kind.numbers()), of(self.kind.scales()));
        let (numbers, scales) = (&self.numbers[numbers], &self.scales[scales]);
        BlocksView { kind: self.kind, numbers, scales }
    }
}

impl BlocksView<'_> {
    /// How many values it shows.
    pub fn len(self) -> usize {
        self.numbers.len() / self.kind.numbers() * BLOCK
    }

    /// Whether it shows none.
    pub fn is_empty(self) -> bool {
        self.numbers.is_empty()
    }

    /// What its blocks hold.
    pub fn kind(self) -> Kind {
        self.kind
    }

    /// The values from `first` on as f32; whole blocks.
    ///
    /// # Panics
    /// Values that are not inside, or no whole blocks.
    pub fn widen(self, first: usize, out: &mut [f32]) {
        let (from, count) = (first / BLOCK, out.len() / BLOCK);
        assert!(first.is_multiple_of(BLOCK) && out.len().is_multiple_of(BLOCK), "whole blocks");
        let (n, s) = (self.kind.numbers(), self.kind.scales());
        let numbers = &self.numbers[from * n..(from + count) * n];
        let scales = &self.scales[from * s..(from + count) * s];
        widen(Level::best(), self.kind, numbers, scales, out);
    }
}

multiversion! {
    /// Whole blocks of as many values as `out` has.
    fn widen<const FMA: bool>(kind: Kind, numbers: &[u8], scales: &[f16], out: &mut [f32]) {
        let out = out.as_chunks_mut::<BLOCK>().0.iter_mut();
        match kind {
            Kind::Q4_0 => {
                let (numbers, _) = numbers.as_chunks::<16>();
                for ((out, numbers), d) in out.zip(numbers).zip(scales) {
                    let d = d.to_f32();
                    for (i, byte) in numbers.iter().enumerate() {
                        out[i] = d * (f32::from(byte & 15) - 8.0);
                        out[i + 16] = d * (f32::from(byte >> 4) - 8.0);
                    }
                }
            }
            Kind::Q4_1 => {
                let (numbers, scales) = (numbers.as_chunks::<16>().0, scales.as_chunks::<2>().0);
                for ((out, numbers), [d, m]) in out.zip(numbers).zip(scales) {
                    let (d, m) = (d.to_f32(), m.to_f32());
                    for (i, byte) in numbers.iter().enumerate() {
                        out[i] = d * f32::from(byte & 15) + m;
                        out[i + 16] = d * f32::from(byte >> 4) + m;
                    }
                }
            }
            Kind::Q8_0 => {
                let (numbers, _) = numbers.as_chunks::<32>();
                for ((out, numbers), d) in out.zip(numbers).zip(scales) {
                    let d = d.to_f32();
                    for (out, byte) in out.iter_mut().zip(numbers) {
                        *out = d * f32::from(byte.cast_signed());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const KINDS: [Kind; 3] = [Kind::Q4_0, Kind::Q4_1, Kind::Q8_0];

    /// Blocks of so many values: scales of both signs, zeros, large and subnormal ones, any
    /// numbers.
    pub(crate) fn blocks(kind: Kind, values: usize) -> Blocks {
        let scales = [0.01, -0.37, 0.0, 1.5e-6, -0.002, 3.1, 5e-8].map(f16::from_f32);
        let mut blocks = Blocks::new(kind, values);
        let (mut state, mut count) = (7u32, 0);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        while blocks.len() < values {
            let mut block = Vec::new();
            for _ in 0..kind.scales() {
                block.extend(scales[count % scales.len()].to_le_bytes());
                count += 3;
            }
            count += 1;
            block.extend((0..kind.numbers()).map(|_| next()));
            blocks.extend(&block);
        }
        blocks
    }

    #[test]
    fn a_block_is_its_formula() {
        let (d, m) = (f16::from_f32(0.3), f16::from_f32(-1.7));
        for kind in KINDS {
            let mut bytes = d.to_le_bytes().to_vec();
            if kind.scales() == 2 {
                bytes.extend(m.to_le_bytes());
            }
            let numbers: Vec<u8> = (129..).take(kind.numbers()).collect();
            bytes.extend(&numbers);
            // What is cut off is no block.
            bytes.extend([1, 2, 3]);
            let mut blocks = Blocks::new(kind, 64);
            assert!(blocks.is_empty());
            blocks.extend(&bytes);
            blocks.extend(&bytes);
            assert_eq!((blocks.len(), blocks.view().kind()), (64, kind));
            let mut found = [0.0; 32];
            blocks.view().widen(32, &mut found);
            for (i, found) in found.iter().enumerate() {
                let low = |i: usize| if i < 16 { numbers[i] & 15 } else { numbers[i - 16] >> 4 };
                let expected = match kind {
                    Kind::Q4_0 => d.to_f32() * (f32::from(low(i)) - 8.0),
                    Kind::Q4_1 => d.to_f32() * f32::from(low(i)) + m.to_f32(),
                    Kind::Q8_0 => d.to_f32() * f32::from(numbers[i] as i8),
                };
                assert_eq!(found.to_bits(), expected.to_bits(), "{kind:?} {i}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "whole blocks")]
    fn a_block_is_not_cut() {
        blocks(Kind::Q8_0, 64).view().widen(16, &mut [0.0; 32]);
    }
}
