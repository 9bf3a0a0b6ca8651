//! AVX2 and FMA: tiles of 6 x 16, and panels from rows along the sums by transposing in registers.

use std::arch::asm;
use std::arch::x86_64::*;

use half::bf16;

use super::narrow;
use super::side::{Kernel, Narrow, Part, Tile};
use super::tile::tile;

const TILES: [Tile; 6] = [tile::<1>, tile::<2>, tile::<3>, tile::<4>, tile::<5>, tile::<6>];

/// For processors with AVX2 and FMA.
pub(super) static KERNEL: Kernel = Kernel {
    tiles: &TILES,
    columns: 16,
    block: 192,
    pack_f32: pack::<f32>,
    pack_bf16: pack::<bf16>,
    narrow: Some(NARROW),
};

/// The narrow kernel, also for what is above AVX2.
pub(super) const NARROW: Narrow =
    Narrow { rows: narrow::ROWS, room: narrow::room, strip: narrow::strip };

tile!(
    "avx2,fma",
    8,
    _mm256_setzero_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_add_ps
);

/// f32, or bf16 of which two lie in a lane.
pub(super) trait Weight: Copy + Into<f32> {
    /// Terms that 32 bits hold.
    const LANE: usize;
    /// Nothing.
    const ZERO: Self;
}

impl Weight for f32 {
    const LANE: usize = 1;
    const ZERO: f32 = 0.0;
}

impl Weight for bf16 {
    const LANE: usize = 2;
    const ZERO: bf16 = bf16::ZERO;
}

/// The first 8 lanes of 8 rows, transposed: lane i of vector j is lane j of row i.
///
/// # Safety
/// Each row has 32 bytes. The caller has AVX2, into which this is inlined.
#[inline(always)]
pub(super) unsafe fn transpose<T: Weight>(rows: [*const T; 8]) -> [__m256; 8] {
    // SAFETY: 16 bytes at 0 and 16 of each row; AVX2 by the caller's promise.
    unsafe {
        let mut columns = [_mm256_setzero_ps(); 8];
        for half in 0..2 {
            let mut pairs = [_mm256_setzero_ps(); 4];
            for (i, pair) in pairs.iter_mut().enumerate() {
                let low = _mm_loadu_ps(rows[i].cast::<f32>().add(4 * half));
                let high = _mm_loadu_ps(rows[i + 4].cast::<f32>().add(4 * half));
                *pair = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high);
            }
            let a = _mm256_unpacklo_ps(pairs[0], pairs[1]);
            let b = _mm256_unpackhi_ps(pairs[0], pairs[1]);
            let c = _mm256_unpacklo_ps(pairs[2], pairs[3]);
            let d = _mm256_unpackhi_ps(pairs[2], pairs[3]);
            columns[4 * half] = _mm256_shuffle_ps::<0x44>(a, c);
            columns[4 * half + 1] = _mm256_shuffle_ps::<0xee>(a, c);
            columns[4 * half + 2] = _mm256_shuffle_ps::<0x44>(b, d);
            columns[4 * half + 3] = _mm256_shuffle_ps::<0xee>(b, d);
        }
        columns
    }
}

/// Lanes of two bf16 as two vectors of f32, the earlier term first. bf16 is the upper half of f32.
///
/// # Safety
/// The caller has AVX2, into which this is inlined.
#[inline(always)]
pub(super) unsafe fn widen(lanes: __m256) -> [__m256; 2] {
    // SAFETY: AVX2 by the caller's promise.
    unsafe {
        let even = _mm256_slli_epi32::<16>(_mm256_castps_si256(lanes));
        [_mm256_castsi256_ps(even), upper(lanes)]
    }
}

/// The later one of each two bf16, as f32.
///
/// # Safety
/// The caller has AVX2, into which this is inlined.
#[inline(always)]
pub(super) unsafe fn upper(lanes: __m256) -> __m256 {
    let mut mask = 0xffff_0000_u32;
    // SAFETY: no instruction at all, and AVX2 by the caller's promise.
    unsafe {
        // From a mask that it knows, the compiler makes a blend, for which Zen 3 has fewer units.
        asm!("/* {0:e} */", inout(reg) mask, options(pure, nomem, nostack, preserves_flags));
        _mm256_and_ps(lanes, _mm256_castsi256_ps(_mm256_set1_epi32(mask as i32)))
    }
}

/// Groups of 8 rows, the last first: the 8 values written for a term may reach into the next term's
/// first ones, which are written later, or into the excess.
#[target_feature(enable = "avx2,fma")]
unsafe fn pack<T: Weight>(side: *const T, part: Part, width: usize, out: *mut f32) {
    let order = part.order(width);
    let to = |p: usize| order.start[p % 16 / 2] + (order.step * (p / 16) + p % 2) * width;
    let whole = part.terms - part.terms % 16;
    for group in (0..width.div_ceil(8)).rev() {
        // SAFETY: rows past the last are the last one's, so all lie in the part; 8 values from row
        // 8 * group of a term end at most 8 beyond it, and each lane has that excess.
        unsafe {
            let row = |i: usize| part.row + (8 * group + i).min(part.rows - 1);
            let rows: [*const T; 8] =
                std::array::from_fn(|i| side.add(row(i) * part.stride + part.term));
            let out = out.add(8 * group);
            for p in (0..whole).step_by(16) {
                let base = order.step * (p / 16) * width;
                for half in 0..2 / T::LANE {
                    let rows = std::array::from_fn(|i| rows[i].add(p + 8 * half));
                    for (j, lanes) in transpose::<T>(rows).into_iter().enumerate() {
                        if T::LANE == 2 {
                            let [even, odd] = widen(lanes);
                            let out = out.add(order.start[j] + base);
                            _mm256_storeu_ps(out, even);
                            _mm256_storeu_ps(out.add(width), odd);
                        } else {
                            let out = out.add(order.start[4 * half + j / 2] + base);
                            _mm256_storeu_ps(out.add(j % 2 * width), lanes);
                        }
                    }
                }
            }
            for p in whole..part.terms {
                for (i, row) in rows.iter().enumerate().take(width - 8 * group) {
                    *out.add(to(p) + i) = (*row.add(p)).into();
                }
            }
        }
    }
}
