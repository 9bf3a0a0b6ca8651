//! One or two rows of A against many of B, of f32 or bf16. AVX2.
//!
//! The sums are those of `narrow`, but the rows of B that are summed at once lie far apart, and
//! each is read on into the next one. So the processor sees a few long streams, in all of which it
//! fetches ahead by itself: one core gets up to twice as many bytes from memory as in one stream.

use std::arch::asm;
use std::arch::x86_64::*;

use super::avx2::{Weight, transpose, upper};
use super::lanes::{Plain, Rows};
use super::narrow::spread;
use super::side::Strip;

/// Rows of A that this is good for.
const ROWS: usize = 2;

/// Whether this can do a strip of plain numbers.
pub(super) fn fits(strip: &Strip) -> bool {
    strip.rows <= ROWS && strip.columns.len() > 1 && strip.terms.is_multiple_of(32)
}

/// C (+)= A·Bᵀ; `b` is all of B.
///
/// # Safety
/// The strip fits; everything that it tells is there, with room for A in `scratch`; AVX2 and FMA
/// are.
pub(super) unsafe fn strip<T: Weight>(strip: &Strip, b: *const T) {
    // Eight chains would fill two units that take four steps for a multiply-add. But strips hold
    // a multiple of 32 rows, and eight even parts would often meet in one set of the first cache.
    // SAFETY: the caller's promises, handed on.
    unsafe {
        if strip.rows == 1 {
            run::<1, 7, T>(strip, b);
        } else {
            run::<2, 4, T>(strip, b);
        }
    }
}

/// R rows of A, and B in up to G streams.
#[target_feature(enable = "avx2,fma")]
unsafe fn run<const R: usize, const G: usize, T: Weight>(strip: &Strip, b: *const T) {
    let (terms, columns) = (strip.terms, strip.columns.len());
    let apart = columns.div_ceil(G);
    let mut streams = columns.div_ceil(apart);
    let last = columns - (streams - 1) * apart;
    // SAFETY: the caller's promises; all rows lie in the strip. It has two streams or more, so that
    // a row of any but the first one is not the strip's first row.
    unsafe {
        for row in 0..R {
            spread(Plain::new(strip.a, terms), row, terms, strip.scratch.add(row * terms));
        }
        let b = b.add(strip.columns.start * terms);
        for row in 0..apart {
            if row == last {
                streams -= 1;
            }
            // Streams that are not there read what the last one reads.
            let here = |g: usize| b.add((g.min(streams - 1) * apart + row) * terms);
            let rows: [*const T; G] = std::array::from_fn(here);
            write::<R, G, T>(strip, &rows, strip.c.add(row), (apart, streams));
        }
    }
}

/// C (+)= the products with a row of each of `count` streams.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn write<const R: usize, const G: usize, T: Weight>(
    strip: &Strip,
    rows: &[*const T; G],
    c: *mut f32,
    (apart, count): (usize, usize),
) {
    let mut values = [0.0f32; 8];
    // SAFETY: the caller's promises; C has `count` columns here, so far apart.
    unsafe {
        let at = |r: usize, g: usize| c.add(r * strip.stride + g * apart);
        if strip.add {
            for r in 0..R {
                (0..count).for_each(|g| values[r * G + g] = *at(r, g));
            }
        }
        let mut sums = _mm256_loadu_ps(values.as_ptr());
        let mut term = 0;
        while term < strip.terms {
            let end = strip.terms.min(term + strip.block);
            let chains = chains::<R, G, T>(strip, rows, term, end);
            let lanes = transpose(std::array::from_fn(|chain| chains[chain].as_ptr()));
            sums = if strip.add || term > 0 { _mm256_add_ps(sums, lanes[0]) } else { lanes[0] };
            for lane in &lanes[1..] {
                sums = _mm256_add_ps(sums, *lane);
            }
            term = end;
        }
        _mm256_storeu_ps(values.as_mut_ptr(), sums);
        for r in 0..R {
            (0..count).for_each(|g| *at(r, g) = values[r * G + g]);
        }
    }
}

/// The chains over the terms from `term` to `end`: those of the first row of A, then the second's.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn chains<const R: usize, const G: usize, T: Weight>(
    strip: &Strip,
    rows: &[*const T; G],
    term: usize,
    end: usize,
) -> [[f32; 8]; 8] {
    let mut chains = [[_mm256_setzero_ps(); G]; R];
    let mut stored = [[0.0f32; 8]; 8];
    // SAFETY: the caller's promises.
    unsafe {
        for at in (term..end).step_by(32) {
            half::<R, G, T>(&mut chains, strip, rows, at);
            half::<R, G, T>(&mut chains, strip, rows, at + 16);
        }
        for (chain, stored) in chains.as_flattened().iter().zip(&mut stored) {
            _mm256_storeu_ps(stored.as_mut_ptr(), *chain);
        }
    }
    stored
}

/// The 16 terms from `at` on.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn half<const R: usize, const G: usize, T: Weight>(
    chains: &mut [[__m256; G]; R],
    strip: &Strip,
    rows: &[*const T; G],
    at: usize,
) {
    let mut left = [[_mm256_setzero_ps(); 2]; R];
    // SAFETY: the caller's promises.
    unsafe {
        for (r, left) in left.iter_mut().enumerate() {
            let a = strip.scratch.add(r * strip.terms + at);
            *left = [_mm256_loadu_ps(a), _mm256_loadu_ps(a.add(8))];
        }
        for (g, row) in rows.iter().enumerate() {
            let [even, odd] = sixteen(row.add(at), g);
            for (chains, left) in chains.iter_mut().zip(&left) {
                chains[g] = add_product(chains[g], left[0], even);
                chains[g] = add_product(chains[g], left[1], odd);
            }
        }
    }
}

/// a·b + sum. With its own choice of three forms of this instruction the compiler moves the sums
/// from register to register, and one of them into memory: a sixth of the speed.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_product(mut sum: __m256, a: __m256, b: __m256) -> __m256 {
    // SAFETY: an instruction that the caller's processor has, on registers alone.
    unsafe {
        asm!(
            "vfmadd231ps {0}, {1}, {2}",
            inout(ymm_reg) sum, in(ymm_reg) a, in(ymm_reg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// The even and the odd ones of 16 weights of a stream. With bf16 every other stream takes its even
/// ones from a load that begins a weight earlier: to shift them would do, but that is for a unit of
/// which the multiply-adds have need.
#[inline(always)]
unsafe fn sixteen<T: Weight>(row: *const T, stream: usize) -> [__m256; 2] {
    // SAFETY: the weights are there, and in all streams but the first one more before them; the
    // caller has AVX2, into which this is inlined.
    unsafe {
        if T::LANE == 2 && stream % 2 == 1 {
            let (earlier, here) = (row.sub(1).cast(), row.cast());
            return [upper(_mm256_loadu_ps(earlier)), upper(_mm256_loadu_ps(here))];
        }
        Plain::<T>::load::<0>(row, 0)
    }
}
