//! Few rows of A against many of B, as in decoding: what counts is to read B once, at the speed of
//! memory. AVX2.
//!
//! Sums run along the lanes as `blocked` defines them: lane j holds the terms 2j and 2j + 1 of each
//! 16, and the lanes are added in order. Here that is a load, a shift and a mask for 16 weights of
//! bf16; the tiles do the same sums lane by lane. Few rows of A take weights as they lie; for more,
//! some rows of B are widened first, once for all of A.

use std::arch::x86_64::*;
use std::sync::atomic::{Ordering, compiler_fence};

use super::avx2::{Weight, transpose};
use super::lanes::{Packed, Parted, Plain, Q4_0, Q4_1, Q8_0, Rows};
use super::side::{Side, Strip};
use super::streams;
use crate::blocks::{BLOCK, Kind};

/// Rows of A that this is good for.
pub(super) const ROWS: usize = 32;
/// Rows of B whose scales are at hand: a multiple of all that are taken side by side.
const STEP: usize = 24;
/// Rows of B that all rows of A meet before the next ones: a multiple of the same.
const ABREAST: usize = 12;
/// Rows of B that are widened at once, and rows of A that meet them: twelve chains, so that three
/// vectors of B and one of A fill the registers.
const WIDE: usize = 3;
const HIGH: usize = 4;
/// Bytes of B between what is read and what is fetched, at least.
const AHEAD: usize = 4096;

/// Values of scratch for so many rows of A: themselves, rows of B widened, scales.
pub(super) fn room(rows: usize, terms: usize) -> usize {
    let padded = terms.next_multiple_of(16);
    (rows + WIDE) * padded + STEP * 2 * terms.div_ceil(BLOCK)
}

/// C (+)= A·Bᵀ.
///
/// # Safety
/// Everything that the strip tells is there, with `room` in `scratch`; AVX2, FMA and F16C are.
pub(super) unsafe fn strip(strip: &Strip) {
    // SAFETY: the caller's promises, handed on.
    unsafe {
        match strip.b {
            Side::Along(b) => plain(strip, b),
            Side::AlongBf16(b) => plain(strip, b),
            Side::Blocks(b) => match b.kind() {
                Kind::Q4_0 => run(strip, Packed::<Q4_0>::new(b, strip.terms)),
                Kind::Q4_1 => run(strip, Packed::<Q4_1>::new(b, strip.terms)),
                Kind::Q8_0 => run(strip, Packed::<Q8_0>::new(b, strip.terms)),
            },
            Side::Across(_) => unreachable!("a strip's B runs along the sums"),
        }
    }
}

/// Plain numbers: one or two rows of A take B in streams.
unsafe fn plain<T: Weight>(strip: &Strip, b: &[T]) {
    // SAFETY: the caller's promises, handed on.
    unsafe {
        if streams::fits(strip) {
            streams::strip(strip, b.as_ptr());
        } else {
            run(strip, Plain::new(b.as_ptr(), strip.terms));
        }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn run<B: Rows>(strip: &Strip, b: B) {
    let (terms, padded) = (strip.terms, strip.terms.next_multiple_of(16));
    // SAFETY: the caller's promises, handed on; rows and columns are inside the strip, and the
    // scratch has room for A, what is widened, and the scales.
    unsafe {
        let a = Plain::new(strip.a, terms);
        (0..strip.rows).for_each(|row| spread(a, row, terms, strip.scratch.add(row * padded)));
        let wide = strip.scratch.add(strip.rows * padded);
        let scales = wide.add(WIDE * padded);
        for first in (0..strip.columns.len()).step_by(STEP) {
            let count = STEP.min(strip.columns.len() - first);
            let b = b.from(strip.columns.start + first, count, scales);
            let c = strip.c.add(first);
            if strip.rows <= B::DIRECT {
                direct(strip, b, c, count);
                continue;
            }
            for j in (0..count).step_by(WIDE) {
                let some = WIDE.min(count - j);
                (0..some).for_each(|g| spread(b, j + g, terms, wide.add(g * padded)));
                high(strip, Parted { first: wide, stride: padded }, c.add(j), some);
            }
        }
    }
}

/// All rows of A against `count` of B, as they lie.
#[target_feature(enable = "avx2,fma")]
unsafe fn direct<B: Rows>(strip: &Strip, b: B, c: *mut f32, count: usize) {
    for column in (0..count).step_by(ABREAST) {
        let end = count.min(column + ABREAST);
        for row in (0..strip.rows).step_by(4) {
            let every = |by: usize| (column..end).step_by(by).map(move |column| (row, column));
            // SAFETY: the caller's promises, handed on.
            unsafe {
                match strip.rows - row {
                    1 => every(6).for_each(|at| tile::<1, 6, B>(strip, b, c, at, end)),
                    2 => every(4).for_each(|at| tile::<2, 4, B>(strip, b, c, at, end)),
                    3 => every(4).for_each(|at| tile::<3, 4, B>(strip, b, c, at, end)),
                    _ => every(2).for_each(|at| tile::<4, 2, B>(strip, b, c, at, end)),
                }
            }
        }
    }
}

/// All rows of A against `count` widened ones of B.
#[target_feature(enable = "avx2,fma")]
unsafe fn high(strip: &Strip, b: Parted, c: *mut f32, count: usize) {
    let high = strip.rows.div_ceil(strip.rows.div_ceil(HIGH));
    for row in (0..strip.rows).step_by(high) {
        let at = (row, 0);
        // SAFETY: the caller's promises, handed on.
        unsafe {
            match high.min(strip.rows - row) {
                1 => tile::<1, WIDE, Parted>(strip, b, c, at, count),
                2 => tile::<2, WIDE, Parted>(strip, b, c, at, count),
                3 => tile::<3, WIDE, Parted>(strip, b, c, at, count),
                _ => tile::<HIGH, WIDE, Parted>(strip, b, c, at, count),
            }
        }
    }
}

/// Writes a row as f32: for each 16 terms the 8 even ones, then the 8 odd ones, then zeros.
///
/// # Safety
/// The row has these terms, and `to` room for them, padded; AVX2 and FMA are there.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn spread<B: Rows>(b: B, row: usize, terms: usize, to: *mut f32) {
    // SAFETY: the row has these terms, and `to` room for them, padded; prefetching touches
    // nothing.
    unsafe {
        let (row, first) = b.row(row);
        let ahead = first.wrapping_add((WIDE * B::BYTES * terms / 32).max(AHEAD));
        let store = |at: usize, [even, odd]: [__m256; 2]| {
            _mm256_storeu_ps(to.add(16 * at), even);
            _mm256_storeu_ps(to.add(16 * at + 8), odd);
        };
        for pair in 0..terms / 32 {
            for line in (0..B::BYTES).step_by(64) {
                _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(pair * B::BYTES + line).cast());
            }
            store(2 * pair, B::load::<0>(row, pair));
            store(2 * pair + 1, B::load::<1>(row, pair));
        }
        for at in terms / 32 * 2..terms.div_ceil(16) {
            store(at, B::rest(row, at, 16.min(terms - 16 * at)));
        }
    }
}

/// R rows of A from `row` and up to G of B from `column`, of `count` that are there.
#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const R: usize, const G: usize, B: Rows>(
    strip: &Strip,
    b: B,
    c: *mut f32,
    (row, column): (usize, usize),
    count: usize,
) {
    let (terms, padded) = (strip.terms, strip.terms.next_multiple_of(16));
    let count = G.min(count - column);
    // SAFETY: columns past the last are the last one's, so all weights lie in the strip; the
    // scratch has `padded` values for each row; prefetching touches nothing.
    unsafe {
        let a = strip.scratch.add(row * padded);
        let c = c.add(row * strip.stride + column);
        let rows: [B::Row; G] = std::array::from_fn(|g| b.row(column + g.min(count - 1)).0);
        let mut ahead = b.row(column).1.wrapping_add((G * B::BYTES * terms / 32).max(AHEAD));
        for from in (0..terms).step_by(strip.block) {
            let to = terms.min(from + strip.block);
            let mut chains = [[_mm256_setzero_ps(); G]; R];
            for pair in from / 32..to / 32 {
                for _ in 0..(G * B::BYTES).div_ceil(64) {
                    _mm_prefetch::<_MM_HINT_T0>(ahead.cast());
                    ahead = ahead.wrapping_add(64);
                }
                let a = a.add(32 * pair);
                if B::PACKED {
                    whole::<R, G, B>(&mut chains, &rows, pair, a, padded);
                } else {
                    half::<R, G, 0, B>(&mut chains, &rows, pair, a, padded);
                    half::<R, G, 1, B>(&mut chains, &rows, pair, a.add(16), padded);
                }
            }
            for at in to / 32 * 2..to.div_ceil(16) {
                let left = 16.min(to - 16 * at);
                let mut loaded = [[_mm256_setzero_ps(); 2]; G];
                for (loaded, row) in loaded.iter_mut().zip(rows) {
                    *loaded = B::rest(row, at, left);
                }
                rest(&mut chains, &loaded, a.add(16 * at), padded, left);
            }
            write(&chains, c, strip.stride, count, strip.add || from > 0);
        }
    }
}

/// 32 terms, column after column, whose weights are loaded together.
#[inline(always)]
unsafe fn whole<const R: usize, const G: usize, B: Rows>(
    chains: &mut [[__m256; G]; R],
    rows: &[B::Row; G],
    at: usize,
    a: *const f32,
    padded: usize,
) {
    // SAFETY: rows of B and of A have these terms; the caller has AVX2 and FMA, into which this is
    // inlined.
    unsafe {
        for g in 0..G {
            if B::PACKED {
                // Else the compiler widens the weights of all columns first, and spills them.
                compiler_fence(Ordering::SeqCst);
            }
            let ([w0, w1], [w2, w3]) = (B::load::<0>(rows[g], at), B::load::<1>(rows[g], at));
            for (i, loaded) in [w0, w1, w2, w3].into_iter().enumerate() {
                for (r, chains) in chains.iter_mut().enumerate() {
                    let a = _mm256_loadu_ps(a.add(r * padded + 8 * i));
                    chains[g] = _mm256_fmadd_ps(a, loaded, chains[g]);
                }
            }
        }
    }
}

/// 16 terms: column after column, or where there are more rows of A, row after row.
#[inline(always)]
unsafe fn half<const R: usize, const G: usize, const HALF: usize, B: Rows>(
    chains: &mut [[__m256; G]; R],
    rows: &[B::Row; G],
    at: usize,
    a: *const f32,
    padded: usize,
) {
    // SAFETY: as above.
    unsafe {
        if R <= 2 {
            let mut left = [[_mm256_setzero_ps(); 2]; R];
            for (r, left) in left.iter_mut().enumerate() {
                let a = a.add(r * padded);
                *left = [_mm256_loadu_ps(a), _mm256_loadu_ps(a.add(8))];
            }
            for (g, row) in rows.iter().enumerate() {
                // Else the compiler loads the weights of all columns first, and spills them.
                compiler_fence(Ordering::SeqCst);
                let loaded = B::load::<HALF>(*row, at);
                for (chains, left) in chains.iter_mut().zip(&left) {
                    chains[g] = _mm256_fmadd_ps(left[0], loaded[0], chains[g]);
                    chains[g] = _mm256_fmadd_ps(left[1], loaded[1], chains[g]);
                }
            }
            return;
        }
        let mut loaded = [[_mm256_setzero_ps(); 2]; G];
        for (loaded, row) in loaded.iter_mut().zip(rows) {
            *loaded = B::load::<HALF>(*row, at);
        }
        for odd in 0..2 {
            for (r, chains) in chains.iter_mut().enumerate() {
                let a = _mm256_loadu_ps(a.add(r * padded + 8 * odd));
                for (chain, loaded) in chains.iter_mut().zip(&loaded) {
                    *chain = _mm256_fmadd_ps(a, loaded[odd], *chain);
                }
            }
        }
    }
}

/// The last terms, 16 or fewer: lanes without a term keep their sums.
#[inline(always)]
unsafe fn rest<const R: usize, const G: usize>(
    chains: &mut [[__m256; G]; R],
    loaded: &[[__m256; 2]; G],
    a: *const f32,
    padded: usize,
    terms: usize,
) {
    for odd in 0..2 {
        let bound = |lane: usize| if 2 * lane + odd < terms { -1 } else { 0 };
        let lanes: [i32; 8] = std::array::from_fn(bound);
        // SAFETY: each row of A has 16 values here; the caller has AVX2 and FMA, into which this
        // is inlined.
        unsafe {
            let lanes = _mm256_castsi256_ps(_mm256_loadu_si256(lanes.as_ptr().cast()));
            for (r, chains) in chains.iter_mut().enumerate() {
                let a = _mm256_loadu_ps(a.add(r * padded + 8 * odd));
                for (chain, loaded) in chains.iter_mut().zip(loaded) {
                    let sum = _mm256_fmadd_ps(a, loaded[odd], *chain);
                    *chain = _mm256_blendv_ps(*chain, sum, lanes);
                }
            }
        }
    }
}

/// C (+)= the lanes of each chain in order, of which `count` columns are there.
#[inline(always)]
unsafe fn write<const R: usize, const G: usize>(
    chains: &[[__m256; G]; R],
    c: *mut f32,
    stride: usize,
    count: usize,
    add: bool,
) {
    // Chains in a row, eight of which are added up at once.
    let mut flat = [[0.0f32; 8]; 16];
    let mut values = [0.0f32; 16];
    // SAFETY: only `count` values of R rows of C are touched; the caller has AVX2, into which
    // this is inlined.
    unsafe {
        for (r, chains) in chains.iter().enumerate() {
            for (g, chain) in chains.iter().enumerate() {
                _mm256_storeu_ps(flat[r * G + g].as_mut_ptr(), *chain);
                if add && g < count {
                    values[r * G + g] = *c.add(r * stride + g);
                }
            }
        }
        for eight in (0..R * G).step_by(8) {
            let lanes = transpose(std::array::from_fn(|at| flat[eight + at].as_ptr()));
            let to = values[eight..].as_mut_ptr();
            let mut sum = lanes[0];
            if add {
                sum = _mm256_add_ps(_mm256_loadu_ps(to), sum);
            }
            for lane in &lanes[1..] {
                sum = _mm256_add_ps(sum, *lane);
            }
            _mm256_storeu_ps(to, sum);
        }
        for r in 0..R {
            c.add(r * stride).copy_from_nonoverlapping(values[r * G..].as_ptr(), count);
        }
    }
}
