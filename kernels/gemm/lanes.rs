//! Rows of weights as the narrow kernel reads them: 16 terms at a time, in two vectors of the even
//! and the odd ones, whatever they are stored as. AVX2.

use std::arch::x86_64::*;
use std::marker::PhantomData;

use super::avx2::{Weight, widen};
use crate::blocks::{BLOCK, BlocksView};

/// Some rows of weights, from the first that is wanted on.
pub(super) trait Rows: Copy {
    /// Where a row begins.
    type Row: Copy;

    /// Bytes of 32 weights.
    const BYTES: usize;

    /// Whether they are blocks, both halves of which are unpacked together.
    const PACKED: bool;

    /// Rows of A up to which it is not dearer to widen these again for every four of them.
    const DIRECT: usize;

    /// The rows from `row` on, of which `count` will be read; `scales` has room for theirs.
    ///
    /// # Safety
    /// The rows are there, and the room; the caller has F16C, into which this is inlined.
    unsafe fn from(self, row: usize, count: usize, scales: *mut f32) -> Self;

    /// A row, and its first byte.
    ///
    /// # Safety
    /// It is there, and was counted in `from`.
    unsafe fn row(self, row: usize) -> (Self::Row, *const u8);

    /// The even and the odd ones of a half of 32 weights, in order.
    ///
    /// # Safety
    /// They are all there; the caller has AVX2, into which this is inlined.
    unsafe fn load<const HALF: usize>(row: Self::Row, at: usize) -> [__m256; 2];

    /// Of sixteen weights the first `count`, and zeros for the others.
    ///
    /// # Safety
    /// So many are there; the caller has AVX2, into which this is inlined.
    unsafe fn rest(row: Self::Row, at: usize, count: usize) -> [__m256; 2];
}

/// Rows of f32 or bf16.
#[derive(Clone, Copy)]
pub(super) struct Plain<T> {
    first: *const T,
    terms: usize,
}

impl<T: Weight> Plain<T> {
    pub(super) fn new(first: *const T, terms: usize) -> Plain<T> {
        Plain { first, terms }
    }
}

impl<T: Weight> Rows for Plain<T> {
    type Row = *const T;

    const BYTES: usize = 32 * size_of::<T>();
    const PACKED: bool = false;
    const DIRECT: usize = 8;

    #[inline(always)]
    unsafe fn from(self, row: usize, _: usize, _: *mut f32) -> Self {
        // SAFETY: the row is there.
        Plain { first: unsafe { self.first.add(row * self.terms) }, ..self }
    }

    #[inline(always)]
    unsafe fn row(self, row: usize) -> (*const T, *const u8) {
        // SAFETY: the row is there.
        let row = unsafe { self.first.add(row * self.terms) };
        (row, row.cast())
    }

    #[inline(always)]
    unsafe fn load<const HALF: usize>(row: *const T, at: usize) -> [__m256; 2] {
        // SAFETY: 16 weights are there.
        unsafe {
            let row = row.add(32 * at + 16 * HALF);
            if T::LANE == 2 { widen(_mm256_loadu_ps(row.cast())) } else { part(row.cast()) }
        }
    }

    #[inline(always)]
    unsafe fn rest(row: *const T, at: usize, count: usize) -> [__m256; 2] {
        let mut values = [T::ZERO; 16];
        // SAFETY: so many weights are there.
        unsafe {
            values.as_mut_ptr().copy_from_nonoverlapping(row.add(16 * at), count);
            Self::load::<0>(values.as_ptr(), 0)
        }
    }
}

/// Even and odd ones of 16.
#[inline(always)]
unsafe fn part(values: *const f32) -> [__m256; 2] {
    // SAFETY: 16 values are there; the caller has AVX2, into which this is inlined.
    unsafe {
        let (a, b) = (_mm256_loadu_ps(values), _mm256_loadu_ps(values.add(8)));
        [swap(_mm256_shuffle_ps::<0x88>(a, b)), swap(_mm256_shuffle_ps::<0xdd>(a, b))]
    }
}

/// The middle quarters change places.
#[inline(always)]
unsafe fn swap(values: __m256) -> __m256 {
    // SAFETY: the caller has AVX2, into which this is inlined.
    unsafe { _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(values))) }
}

/// Rows of f32 that lie parted already.
#[derive(Clone, Copy)]
pub(super) struct Parted {
    pub(super) first: *const f32,
    /// From a row to the next: the terms, padded to a multiple of 16.
    pub(super) stride: usize,
}

impl Rows for Parted {
    type Row = *const f32;

    /// They lie in the first cache: nothing is to be fetched.
    const BYTES: usize = 0;
    const PACKED: bool = false;
    const DIRECT: usize = usize::MAX;

    #[inline(always)]
    unsafe fn from(self, row: usize, _: usize, _: *mut f32) -> Self {
        // SAFETY: the row is there.
        Parted { first: unsafe { self.first.add(row * self.stride) }, ..self }
    }

    #[inline(always)]
    unsafe fn row(self, row: usize) -> (*const f32, *const u8) {
        // SAFETY: the row is there.
        let row = unsafe { self.first.add(row * self.stride) };
        (row, row.cast())
    }

    #[inline(always)]
    unsafe fn load<const HALF: usize>(row: *const f32, at: usize) -> [__m256; 2] {
        // SAFETY: 16 weights are there.
        unsafe {
            let row = row.add(32 * at + 16 * HALF);
            [_mm256_loadu_ps(row), _mm256_loadu_ps(row.add(8))]
        }
    }

    #[inline(always)]
    unsafe fn rest(row: *const f32, at: usize, _: usize) -> [__m256; 2] {
        // SAFETY: rows are padded.
        unsafe { Self::load::<0>(row.add(16 * at), 0) }
    }
}

/// What a block holds, one type for each [`crate::blocks::Kind`].
pub(super) trait Numbers: Copy {
    /// Bytes of numbers, and scales, of a block.
    const BYTES: usize;
    const SCALES: usize;

    /// The even and the odd ones of a half of a block.
    ///
    /// # Safety
    /// The block and its scales are there; the caller has AVX2, into which this is inlined.
    unsafe fn half<const HALF: usize>(numbers: *const u8, scales: *const f32) -> [__m256; 2];
}

/// Rows of blocks.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a, N> {
    blocks: BlocksView<'a>,
    /// Blocks of a row.
    across: usize,
    numbers: *const u8,
    scales: *const f32,
    kind: PhantomData<N>,
}

impl<'a, N> Packed<'a, N> {
    /// `N` is what the blocks hold.
    pub(super) fn new(blocks: BlocksView<'a>, terms: usize) -> Packed<'a, N> {
        let numbers = blocks.numbers.as_ptr();
        let (across, scales) = (terms / BLOCK, std::ptr::null());
        Packed { blocks, across, numbers, scales, kind: PhantomData }
    }
}

impl<N: Numbers> Rows for Packed<'_, N> {
    type Row = (*const u8, *const f32);

    const BYTES: usize = N::BYTES;
    const PACKED: bool = true;
    const DIRECT: usize = 2;

    #[inline(always)]
    unsafe fn from(self, row: usize, count: usize, scales: *mut f32) -> Self {
        let halves = self.across * N::SCALES;
        let from = &self.blocks.scales[row * halves..(row + count) * halves];
        // SAFETY: the caller has room for them; the row is there.
        unsafe {
            let (eights, rest) = from.as_chunks::<8>();
            for (at, eight) in eights.iter().enumerate() {
                let eight = _mm_loadu_si128(eight.as_ptr().cast());
                _mm256_storeu_ps(scales.add(8 * at), _mm256_cvtph_ps(eight));
            }
            for (at, half) in rest.iter().enumerate() {
                *scales.add(8 * eights.len() + at) = half.to_f32();
            }
            let numbers = self.numbers.add(row * self.across * N::BYTES);
            Packed { numbers, scales, ..self }
        }
    }

    #[inline(always)]
    unsafe fn row(self, row: usize) -> (Self::Row, *const u8) {
        // SAFETY: the row is there, and its scales since `from`.
        unsafe {
            let numbers = self.numbers.add(row * self.across * N::BYTES);
            ((numbers, self.scales.add(row * self.across * N::SCALES)), numbers)
        }
    }

    #[inline(always)]
    unsafe fn load<const HALF: usize>((numbers, scales): Self::Row, at: usize) -> [__m256; 2] {
        // SAFETY: the block is there.
        unsafe { N::half::<HALF>(numbers.add(at * N::BYTES), scales.add(at * N::SCALES)) }
    }

    #[inline(always)]
    unsafe fn rest(row: Self::Row, at: usize, _: usize) -> [__m256; 2] {
        // SAFETY: rows hold whole blocks.
        unsafe {
            if at.is_multiple_of(2) {
                Self::load::<0>(row, at / 2)
            } else {
                Self::load::<1>(row, at / 2)
            }
        }
    }
}

/// d·(q − 8).
#[derive(Clone, Copy)]
pub(super) struct Q4_0;

/// d·q + m.
#[derive(Clone, Copy)]
pub(super) struct Q4_1;

/// d·q.
#[derive(Clone, Copy)]
pub(super) struct Q8_0;

/// The halves of 16 bytes, low or high, as even and odd ones.
#[inline(always)]
unsafe fn nibbles<const HALF: usize>(numbers: *const u8) -> [__m256i; 2] {
    // SAFETY: 16 bytes are there; the caller has AVX2, into which this is inlined.
    unsafe {
        let pairs = _mm256_cvtepu16_epi32(_mm_loadu_si128(numbers.cast()));
        let low = _mm256_set1_epi32(15);
        if HALF == 0 {
            let odd = _mm256_srli_epi32::<8>(pairs);
            [_mm256_and_si256(pairs, low), _mm256_and_si256(odd, low)]
        } else {
            let even = _mm256_srli_epi32::<4>(pairs);
            [_mm256_and_si256(even, low), _mm256_srli_epi32::<12>(pairs)]
        }
    }
}

impl Numbers for Q4_0 {
    const BYTES: usize = 16;
    const SCALES: usize = 1;

    #[inline(always)]
    unsafe fn half<const HALF: usize>(numbers: *const u8, scales: *const f32) -> [__m256; 2] {
        // SAFETY: the caller's promises.
        unsafe {
            let d = _mm256_broadcast_ss(&*scales);
            let [even, odd] = nibbles::<HALF>(numbers);
            let even = _mm256_sub_epi32(even, _mm256_set1_epi32(8));
            let odd = _mm256_sub_epi32(odd, _mm256_set1_epi32(8));
            [_mm256_mul_ps(d, _mm256_cvtepi32_ps(even)), _mm256_mul_ps(d, _mm256_cvtepi32_ps(odd))]
        }
    }
}

impl Numbers for Q4_1 {
    const BYTES: usize = 16;
    const SCALES: usize = 2;

    /// The product is exact, so that one rounding gives what two give.
    #[inline(always)]
    unsafe fn half<const HALF: usize>(numbers: *const u8, scales: *const f32) -> [__m256; 2] {
        // SAFETY: the caller's promises.
        unsafe {
            let (d, m) = (_mm256_broadcast_ss(&*scales), _mm256_broadcast_ss(&*scales.add(1)));
            let [even, odd] = nibbles::<HALF>(numbers);
            let even = _mm256_fmadd_ps(d, _mm256_cvtepi32_ps(even), m);
            [even, _mm256_fmadd_ps(d, _mm256_cvtepi32_ps(odd), m)]
        }
    }
}

impl Numbers for Q8_0 {
    const BYTES: usize = 32;
    const SCALES: usize = 1;

    #[inline(always)]
    unsafe fn half<const HALF: usize>(numbers: *const u8, scales: *const f32) -> [__m256; 2] {
        // SAFETY: the caller's promises.
        unsafe {
            let d = _mm256_broadcast_ss(&*scales);
            let pairs = _mm256_cvtepi16_epi32(_mm_loadu_si128(numbers.add(16 * HALF).cast()));
            let even = _mm256_srai_epi32::<24>(_mm256_slli_epi32::<24>(pairs));
            let odd = _mm256_srai_epi32::<8>(pairs);
            [_mm256_mul_ps(d, _mm256_cvtepi32_ps(even)), _mm256_mul_ps(d, _mm256_cvtepi32_ps(odd))]
        }
    }
}
