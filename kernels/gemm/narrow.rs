//! Few rows of A against many of B, as in decoding: what counts is to read B once, at the speed of
//! memory. AVX2.
//!
//! 8 rows of B are transposed in registers, so that a vector holds one term of 8 columns and the
//! sums run as in the tiles: same order, same bits, for any number of rows.

use std::arch::x86_64::*;

use super::avx2::{Weight, transpose, widen};
use super::side::Strip;

/// Rows of A that this is good for.
pub(super) const ROWS: usize = 4;
/// Groups of 8 columns that go side by side: the chain of one waits 4 cycles for each term.
const GROUPS: usize = 4;
/// The most terms that a transposition brings.
const TERMS: usize = 16;

/// C[.., from..to] (+)= A·Bᵀ.
///
/// # Safety
/// Everything that the strip tells is there, with 1 to `ROWS` rows; AVX2 and FMA are.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn strip<T: Weight>(strip: &Strip<T>) {
    debug_assert!((1..=ROWS).contains(&strip.rows));
    // SAFETY: the caller's promises, handed on.
    unsafe {
        match strip.rows {
            1 => columns::<1, T>(strip),
            2 => columns::<2, T>(strip),
            3 => columns::<3, T>(strip),
            _ => columns::<4, T>(strip),
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn columns<const R: usize, T: Weight>(strip: &Strip<T>) {
    let wide = 8 * GROUPS;
    let whole = strip.columns - strip.columns % wide;
    for column in (0..whole).step_by(wide) {
        // SAFETY: these columns are inside the strip.
        unsafe { groups::<R, GROUPS, T>(strip, column, wide) };
    }
    for column in (whole..strip.columns).step_by(8) {
        // SAFETY: as above, the last ones maybe fewer than 8.
        unsafe { groups::<R, 1, T>(strip, column, 8.min(strip.columns - column)) };
    }
}

/// `G` groups of 8 columns from `column`, of which `count` are there.
#[target_feature(enable = "avx2,fma")]
unsafe fn groups<const R: usize, const G: usize, T: Weight>(
    strip: &Strip<T>,
    column: usize,
    count: usize,
) {
    let step = 8 * T::LANE;
    // SAFETY: columns past the last are the last one's, so all rows of B lie in the strip, and so
    // do the terms below `strip.terms`; prefetching touches nothing.
    unsafe {
        let b = strip.b.add(column * strip.terms);
        let row = |i: usize| b.add(i.min(count - 1) * strip.terms);
        let mut ahead = b.wrapping_add(8 * G * strip.terms).cast::<i8>();
        for from in (0..strip.terms).step_by(strip.block) {
            let to = strip.terms.min(from + strip.block);
            let whole = to - (to - from) % step;
            let mut sums = [[_mm256_setzero_ps(); R]; G];
            for p in (from..whole).step_by(step) {
                for (g, sums) in sums.iter_mut().enumerate() {
                    for line in 0..4 {
                        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(64 * line));
                    }
                    ahead = ahead.wrapping_add(256);
                    let rows = std::array::from_fn(|i| row(8 * g + i).add(p));
                    terms::<R, T>(sums, transpose(rows), strip.a.add(p), strip.terms, step);
                }
            }
            if whole < to {
                for (g, sums) in sums.iter_mut().enumerate() {
                    let mut rest = [[T::ZERO; TERMS]; 8];
                    for (i, rest) in rest.iter_mut().enumerate() {
                        rest.as_mut_ptr()
                            .copy_from_nonoverlapping(row(8 * g + i).add(whole), to - whole);
                    }
                    let rows = std::array::from_fn(|i| rest[i].as_ptr());
                    terms::<R, T>(
                        sums,
                        transpose(rows),
                        strip.a.add(whole),
                        strip.terms,
                        to - whole,
                    );
                }
            }
            let c = strip.c.add(column);
            write(&sums, c, strip.stride, count, strip.add || from > 0);
        }
    }
}

/// Adds the first `count` terms to the sums of each row. Inlined, so that all unrolls.
#[inline(always)]
unsafe fn terms<const R: usize, T: Weight>(
    sums: &mut [__m256; R],
    columns: [__m256; 8],
    a: *const f32,
    stride: usize,
    count: usize,
) {
    for (j, lanes) in columns.into_iter().enumerate() {
        let p = j * T::LANE;
        // SAFETY: A has `count` terms from here in each row; the caller has AVX2 and FMA.
        unsafe {
            if T::LANE == 2 {
                let [even, odd] = widen(lanes);
                if p < count {
                    term(sums, even, a.add(p), stride);
                }
                if p + 1 < count {
                    term(sums, odd, a.add(p + 1), stride);
                }
            } else if p < count {
                term(sums, lanes, a.add(p), stride);
            }
        }
    }
}

#[inline(always)]
unsafe fn term<const R: usize>(
    sums: &mut [__m256; R],
    values: __m256,
    a: *const f32,
    stride: usize,
) {
    for (r, sum) in sums.iter_mut().enumerate() {
        // SAFETY: A has this term in R rows; the caller has AVX2 and FMA.
        *sum = unsafe { _mm256_fmadd_ps(_mm256_set1_ps(*a.add(r * stride)), values, *sum) };
    }
}

/// C (+)= sums, of which `count` columns are there.
#[inline(always)]
unsafe fn write<const R: usize, const G: usize>(
    sums: &[[__m256; R]; G],
    c: *mut f32,
    stride: usize,
    count: usize,
    add: bool,
) {
    for (g, sums) in sums.iter().enumerate() {
        for (r, sum) in sums.iter().enumerate() {
            // SAFETY: C has R rows of `count` columns, and only those are touched; the caller has
            // AVX2.
            unsafe {
                let c = c.add(r * stride + 8 * g);
                let here = count.saturating_sub(8 * g).min(8);
                let mut values = [0.0f32; 8];
                c.copy_to_nonoverlapping(values.as_mut_ptr(), if add { here } else { 0 });
                let old = _mm256_loadu_ps(values.as_ptr());
                let new = if add { _mm256_add_ps(old, *sum) } else { *sum };
                _mm256_storeu_ps(values.as_mut_ptr(), new);
                c.copy_from_nonoverlapping(values.as_ptr(), here);
            }
        }
    }
}
