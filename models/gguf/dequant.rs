//! Blocks of quantised values to f32, each type with llama.cpp's formula and order of operations.
//!
//! Source: `ggml-quants.c` and `ggml-common.h` of github.com/ggml-org/ggml describe the layouts;
//! results equal those of the PyPI package `gguf` bit for bit. d and m are f16 unless said
//! otherwise, q the stored number.

use half::f16;
use heedful_kernels::blocks;

use crate::values::Plain;

/// Types that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

/// Number in the file, name, values and bytes of a block.
const KINDS: [(u32, Kind, &str, usize, usize); 11] = [
    (0, Kind::F32, "F32", 1, 4),
    (1, Kind::F16, "F16", 1, 2),
    (2, Kind::Q4_0, "Q4_0", 32, 18),
    (3, Kind::Q4_1, "Q4_1", 32, 20),
    (6, Kind::Q5_0, "Q5_0", 32, 22),
    (7, Kind::Q5_1, "Q5_1", 32, 24),
    (8, Kind::Q8_0, "Q8_0", 32, 34),
    (12, Kind::Q4K, "Q4_K", 256, 144),
    (13, Kind::Q5K, "Q5_K", 256, 176),
    (14, Kind::Q6K, "Q6_K", 256, 210),
    (30, Kind::Bf16, "BF16", 1, 2),
];

/// Types that exist and are not read, for the message.
const OTHERS: [(u32, &str); 22] = [
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (24, "I8"),
    (25, "I16"),
    (26, "I32"),
    (27, "I64"),
    (28, "F64"),
    (29, "IQ1_M"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (39, "MXFP4"),
    (40, "NVFP4"),
];

impl Kind {
    /// The type of a number.
    pub(super) fn of(number: u32) -> Result<Kind, String> {
        if let Some(row) = KINDS.iter().find(|row| row.0 == number) {
            return Ok(row.1);
        }
        let name = OTHERS.iter().find(|other| other.0 == number).map(|other| other.1);
        let name = name.map_or_else(|| format!("of unknown type {number}"), str::to_owned);
        let read: Vec<&str> = KINDS.iter().map(|row| row.2).collect();
        Err(format!("is {name}, which is not read: {} are", read.join(", ")))
    }

    fn row(self) -> &'static (u32, Kind, &'static str, usize, usize) {
        KINDS.iter().find(|row| row.1 == self).expect("every kind has its row")
    }

    /// Its name in llama.cpp.
    pub(crate) fn name(self) -> &'static str {
        self.row().2
    }

    /// Values of a block.
    pub(crate) fn values(self) -> usize {
        self.row().3
    }

    /// Bytes of a block.
    pub(crate) fn bytes(self) -> usize {
        self.row().4
    }

    /// Blocks that are kept as they are.
    pub(crate) fn blocks(self) -> Option<blocks::Kind> {
        match self {
            Kind::Q4_0 => Some(blocks::Kind::Q4_0),
            Kind::Q4_1 => Some(blocks::Kind::Q4_1),
            Kind::Q8_0 => Some(blocks::Kind::Q8_0),
            _ => None,
        }
    }

    /// Fills `out` from `bytes`: whole blocks of as many values.
    pub(crate) fn to_f32(self, bytes: &[u8], out: &mut [f32]) {
        debug_assert_eq!(bytes.len() / self.bytes() * self.values(), out.len());
        match self {
            Kind::F32 => Plain::F32.to_f32(bytes, out),
            Kind::F16 => Plain::F16.to_f32(bytes, out),
            Kind::Bf16 => Plain::Bf16.to_f32(bytes, out),
            Kind::Q4_0 => each(bytes, out, q4_0),
            Kind::Q4_1 => each(bytes, out, q4_1),
            Kind::Q5_0 => each(bytes, out, q5_0),
            Kind::Q5_1 => each(bytes, out, q5_1),
            Kind::Q8_0 => each(bytes, out, q8_0),
            Kind::Q4K => each(bytes, out, q4_k),
            Kind::Q5K => each(bytes, out, q5_k),
            Kind::Q6K => each(bytes, out, q6_k),
        }
    }
}

fn each<const B: usize, const V: usize>(
    bytes: &[u8],
    out: &mut [f32],
    one: impl Fn(&[u8; B], &mut [f32; V]),
) {
    for (block, values) in bytes.as_chunks::<B>().0.iter().zip(out.as_chunks_mut::<V>().0) {
        one(block, values);
    }
}

fn half(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Bit `at` of the 32 that begin at byte `begin`, as the fifth bit of a number.
fn fifth(block: &[u8], begin: usize, at: usize) -> u8 {
    (block[begin + at / 8] >> (at % 8) & 1) << 4
}

/// d·(q − 8): d, then 16 bytes, of which the low halves come first.
fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let d = half(block, 0);
    for (i, byte) in block[2..].iter().enumerate() {
        out[i] = d * (f32::from(byte & 15) - 8.0);
        out[i + 16] = d * (f32::from(byte >> 4) - 8.0);
    }
}

/// d·q + m: d, m, 16 bytes.
fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    for (i, byte) in block[4..].iter().enumerate() {
        out[i] = d * f32::from(byte & 15) + m;
        out[i + 16] = d * f32::from(byte >> 4) + m;
    }
}

/// d·(q − 16): d, 32 fifth bits, 16 bytes.
fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let d = half(block, 0);
    for (i, byte) in block[6..].iter().enumerate() {
        out[i] = d * (f32::from(byte & 15 | fifth(block, 2, i)) - 16.0);
        out[i + 16] = d * (f32::from(byte >> 4 | fifth(block, 2, i + 16)) - 16.0);
    }
}

/// d·q + m: d, m, 32 fifth bits, 16 bytes.
fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let (d, m) = (half(block, 0), half(block, 2));
    for (i, byte) in block[8..].iter().enumerate() {
        out[i] = d * f32::from(byte & 15 | fifth(block, 4, i)) + m;
        out[i + 16] = d * f32::from(byte >> 4 | fifth(block, 4, i + 16)) + m;
    }
}

/// d·q: d, 32 signed bytes.
fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let d = half(block, 0);
    for (out, byte) in out.iter_mut().zip(&block[2..]) {
        *out = d * f32::from(byte.cast_signed());
    }
}

/// Scale and minimum of one of eight groups: six bits each, packed into twelve bytes.
fn scale_min(scales: &[u8], group: usize) -> (f32, f32) {
    let (scale, min) = if group < 4 {
        (scales[group] & 63, scales[group + 4] & 63)
    } else {
        let low = scales[group + 4];
        (low & 15 | scales[group - 4] >> 6 << 4, low >> 4 | scales[group] >> 6 << 4)
    };
    (f32::from(scale), f32::from(min))
}

/// (d·scale)·q − (m·min) in eight groups of 32: d, m, twelve bytes of scales, 128 bytes, each 32 of
/// which hold a group in the low and the next in the high halves.
fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let (d, m) = (half(block, 0), half(block, 2));
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, min) = scale_min(&block[4..16], group);
        let (scale, min) = (d * scale, m * min);
        let bytes = &block[16 + group / 2 * 32..][..32];
        for (out, byte) in out.iter_mut().zip(bytes) {
            *out = scale * f32::from(byte >> (group % 2 * 4) & 15) - min;
        }
    }
}

/// As Q4_K with a fifth bit: d, m, scales, 32 bytes of which bit g is group g's, 128 bytes.
fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let (d, m) = (half(block, 0), half(block, 2));
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale, min) = scale_min(&block[4..16], group);
        let (scale, min) = (d * scale, m * min);
        let (high, low) = (&block[16..48], &block[48 + group / 2 * 32..][..32]);
        for ((out, low), high) in out.iter_mut().zip(low).zip(high) {
            let q = low >> (group % 2 * 4) & 15 | (high >> group & 1) << 4;
            *out = scale * f32::from(q) - min;
        }
    }
}

/// (d·scale)·(q − 32) in sixteen groups of 16: 128 bytes of low halves, 64 of two high bits, 16
/// signed scales, d.
fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let d = half(block, 208);
    for (group, out) in out.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        // Four groups of 32 share 64 bytes of low halves and 32 of high bits.
        let (side, part) = (group / 4, group % 4);
        let low = &block[side * 64 + part % 2 * 32..][..32];
        let high = &block[128 + side * 32..][..32];
        for (i, out) in out.iter_mut().enumerate() {
            let scale = d * f32::from(block[192 + group * 2 + i / 16].cast_signed());
            let q = low[i] >> (part / 2 * 4) & 15 | (high[i] >> (part * 2) & 3) << 4;
            *out = scale * (f32::from(q) - 32.0);
        }
    }
}
