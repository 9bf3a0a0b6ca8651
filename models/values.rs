//! Numbers as they lie in files, little-endian and unaligned, to f32 and bf16.

use half::{bf16, f16};

/// Types of plain numbers that weights are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plain {
    /// 32-bit floats.
    F32,
    /// 16-bit floats of IEEE 754.
    F16,
    /// 16-bit floats with the exponent of f32.
    Bf16,
}

impl Plain {
    /// Fills `out` from `bytes`, which holds as many values.
    pub(crate) fn to_f32(self, bytes: &[u8], out: &mut [f32]) {
        match self {
            Plain::F32 => each(bytes, out, f32::from_le_bytes),
            Plain::F16 => each(bytes, out, |b| f16::from_le_bytes(b).to_f32()),
            Plain::Bf16 => each(bytes, out, |b| bf16::from_le_bytes(b).to_f32()),
        }
    }

    /// Fills `out` from `bytes`, which holds as many values, rounding to the nearest, ties to even.
    pub(crate) fn to_bf16(self, bytes: &[u8], out: &mut [bf16]) {
        match self {
            Plain::F32 => each(bytes, out, |b| bf16::from_f32(f32::from_le_bytes(b))),
            Plain::F16 => each(bytes, out, |b| bf16::from_f32(f16::from_le_bytes(b).to_f32())),
            Plain::Bf16 => each(bytes, out, bf16::from_le_bytes),
        }
    }
}

fn each<const N: usize, T>(bytes: &[u8], out: &mut [T], convert: impl Fn([u8; N]) -> T) {
    let (values, rest) = bytes.as_chunks::<N>();
    debug_assert!(rest.is_empty() && values.len() == out.len());
    for (out, value) in out.iter_mut().zip(values) {
        *out = convert(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_become_f32_and_bf16() {
        let values = [1.0f32, -2.5, 0.333_251_95, 65504.0];
        let f32s: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let f16s: Vec<u8> = values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect();
        let bf16s: Vec<u8> = values.iter().flat_map(|v| bf16::from_f32(*v).to_le_bytes()).collect();
        let mut out = [0.0; 4];
        Plain::F32.to_f32(&f32s, &mut out);
        assert_eq!(out, values);
        Plain::F16.to_f32(&f16s, &mut out);
        assert_eq!(out, values);
        Plain::Bf16.to_f32(&bf16s, &mut out);
        assert_eq!(out, values.map(|v| bf16::from_f32(v).to_f32()));
        for (plain, bytes) in [(Plain::F32, &f32s), (Plain::F16, &f16s), (Plain::Bf16, &bf16s)] {
            let mut out = [bf16::ZERO; 4];
            plain.to_bf16(bytes, &mut out);
            assert_eq!(out, values.map(bf16::from_f32));
        }
    }
}
