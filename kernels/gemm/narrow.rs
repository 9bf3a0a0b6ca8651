//! Few rows of A against many of B, as in decoding: what counts is to read B once, at the speed of
//! memory. AVX2.
//!
//! Sums run along the lanes as `blocked` defines them: lane j holds the terms 2j and 2j + 1 of each
//! 16, and the lanes are added in order. Here that is a load, a shift and a mask for 16 weights of
//! bf16; the tiles do the same sums lane by lane.

use std::arch::x86_64::*;

use super::avx2::{Weight, transpose, widen};
use super::side::Strip;

/// Rows of A that this is good for.
pub(super) const ROWS: usize = 32;

/// C[.., from..to] (+)= A·Bᵀ.
///
/// # Safety
/// Everything that the strip tells is there, with room for A in `scratch`; AVX2 and FMA are.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn strip<T: Weight>(strip: &Strip<T>) {
    // SAFETY: the caller's promises, handed on; rows and columns are inside the strip.
    unsafe {
        part_lanes(strip);
        for column in (0..strip.columns).step_by(8) {
            for row in (0..strip.rows).step_by(4) {
                match strip.rows - row {
                    1 => columns::<1, 8, T>(strip, row, column),
                    2 => columns::<2, 4, T>(strip, row, column),
                    3 => columns::<3, 4, T>(strip, row, column),
                    _ => columns::<4, 2, T>(strip, row, column),
                }
            }
        }
    }
}

/// Copies A to the scratch: for each 16 terms of a row the 8 even ones, then the 8 odd ones, then
/// zeros. For f32 the middle quarters change places, as they do when its weights are parted.
#[target_feature(enable = "avx2,fma")]
unsafe fn part_lanes<T: Weight>(strip: &Strip<T>) {
    let padded = strip.terms.next_multiple_of(16);
    for row in 0..strip.rows {
        for p in (0..strip.terms).step_by(16) {
            // SAFETY: row and term are inside A; the scratch has `padded` values for each row.
            unsafe {
                let mut values = [0.0f32; 16];
                let from = strip.a.add(row * strip.terms + p);
                let count = 16.min(strip.terms - p);
                values.as_mut_ptr().copy_from_nonoverlapping(from, count);
                let [mut even, mut odd] = part(values.as_ptr());
                if T::LANE == 2 {
                    (even, odd) = (swap(even), swap(odd));
                }
                let to = strip.scratch.add(row * padded + p);
                _mm256_storeu_ps(to, even);
                _mm256_storeu_ps(to.add(8), odd);
            }
        }
    }
}

/// Even and odd ones of 16, with the middle quarters of each in each other's place.
#[inline(always)]
unsafe fn part(values: *const f32) -> [__m256; 2] {
    // SAFETY: 16 values are there; the caller has AVX2, into which this is inlined.
    unsafe {
        let (a, b) = (_mm256_loadu_ps(values), _mm256_loadu_ps(values.add(8)));
        [_mm256_shuffle_ps::<0x88>(a, b), _mm256_shuffle_ps::<0xdd>(a, b)]
    }
}

/// The middle quarters change places.
#[inline(always)]
unsafe fn swap(values: __m256) -> __m256 {
    // SAFETY: the caller has AVX2, into which this is inlined.
    unsafe { _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(values))) }
}

/// 16 weights, even and odd ones, in the order of the scratch.
#[inline(always)]
unsafe fn weights<T: Weight>(row: *const T) -> [__m256; 2] {
    // SAFETY: 16 weights are there; the caller has AVX2, into which this is inlined.
    unsafe { if T::LANE == 2 { widen(_mm256_loadu_ps(row.cast())) } else { part(row.cast()) } }
}

/// R rows from `row` and up to 8 columns from `column`, G of them side by side.
#[target_feature(enable = "avx2,fma")]
unsafe fn columns<const R: usize, const G: usize, T: Weight>(
    strip: &Strip<T>,
    row: usize,
    column: usize,
) {
    let count = 8.min(strip.columns - column);
    let padded = strip.terms.next_multiple_of(16);
    // SAFETY: columns past the last are the last one's, so all weights lie in the strip; the
    // scratch has `padded` values for each row; prefetching touches nothing.
    unsafe {
        let a = strip.scratch.add(row * padded);
        let b = strip.b.add(column * strip.terms);
        let mut ahead = b.wrapping_add(8 * strip.terms).cast::<i8>();
        let mut sums = [[[0.0f32; 8]; 8]; R];
        for from in (0..strip.terms).step_by(strip.block) {
            let to = strip.terms.min(from + strip.block);
            let whole = to - (to - from) % 16;
            for first in (0..8).step_by(G) {
                let rows: [*const T; G] =
                    std::array::from_fn(|g| b.add((first + g).min(count - 1) * strip.terms));
                let mut chains = [[_mm256_setzero_ps(); R]; G];
                for p in (from..whole).step_by(16) {
                    for _ in 0..G * size_of::<T>() / 4 {
                        _mm_prefetch::<_MM_HINT_T0>(ahead);
                        ahead = ahead.wrapping_add(64);
                    }
                    for (chains, row) in chains.iter_mut().zip(rows) {
                        let [even, odd] = weights(row.add(p));
                        for (r, chain) in chains.iter_mut().enumerate() {
                            let a = a.add(r * padded + p);
                            *chain = _mm256_fmadd_ps(_mm256_loadu_ps(a), even, *chain);
                            *chain = _mm256_fmadd_ps(_mm256_loadu_ps(a.add(8)), odd, *chain);
                        }
                    }
                }
                if whole < to {
                    rest(&mut chains, rows, a, padded, whole..to);
                }
                for (g, chains) in chains.into_iter().enumerate() {
                    for (sums, chain) in sums.iter_mut().zip(chains) {
                        let chain = if T::LANE == 2 { chain } else { swap(chain) };
                        _mm256_storeu_ps(sums[first + g].as_mut_ptr(), chain);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                let c = strip.c.add((row + r) * strip.stride + column);
                write(sums, c, count, strip.add || from > 0);
            }
        }
    }
}

/// The last terms, fewer than 16: lanes without a term keep their sums.
#[inline(always)]
unsafe fn rest<const R: usize, const G: usize, T: Weight>(
    chains: &mut [[__m256; R]; G],
    rows: [*const T; G],
    a: *const f32,
    padded: usize,
    terms: std::ops::Range<usize>,
) {
    let bound = |lane: usize, odd: usize| if 2 * lane + odd < terms.len() { -1 } else { 0 };
    for (chains, row) in chains.iter_mut().zip(rows) {
        let mut values = [T::ZERO; 16];
        // SAFETY: the row has these terms, the scratch 16 from the first of them; the caller has
        // AVX2 and FMA, into which this is inlined.
        unsafe {
            values.as_mut_ptr().copy_from_nonoverlapping(row.add(terms.start), terms.len());
            for (odd, values) in weights(values.as_ptr()).into_iter().enumerate() {
                let lanes: [i32; 8] = std::array::from_fn(|lane| bound(lane, odd));
                let lanes = _mm256_castsi256_ps(_mm256_loadu_si256(lanes.as_ptr().cast()));
                let lanes = if T::LANE == 2 { lanes } else { swap(lanes) };
                for (r, chain) in chains.iter_mut().enumerate() {
                    let a = _mm256_loadu_ps(a.add(r * padded + terms.start + 8 * odd));
                    let sum = _mm256_fmadd_ps(a, values, *chain);
                    *chain = _mm256_blendv_ps(*chain, sum, lanes);
                }
            }
        }
    }
}

/// C (+)= the lanes of each column in order, of which `count` columns are there.
#[inline(always)]
unsafe fn write(sums: &[[f32; 8]; 8], c: *mut f32, count: usize, add: bool) {
    // SAFETY: only `count` values of C are touched; the caller has AVX2, into which this is
    // inlined.
    unsafe {
        let lanes = transpose(std::array::from_fn(|column| sums[column].as_ptr()));
        let mut values = [0.0f32; 8];
        let mut sum = lanes[0];
        if add {
            c.copy_to_nonoverlapping(values.as_mut_ptr(), count);
            sum = _mm256_add_ps(_mm256_loadu_ps(values.as_ptr()), sum);
        }
        for lane in &lanes[1..] {
            sum = _mm256_add_ps(sum, *lane);
        }
        _mm256_storeu_ps(values.as_mut_ptr(), sum);
        c.copy_from_nonoverlapping(values.as_ptr(), count);
    }
}
