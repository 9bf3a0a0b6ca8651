//! Registers of floats at each level, for the inner product of the tiles.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as arch;

/// A register of `N` values.
///
/// # Safety
/// Every method wants the features of the type, and pointers to as many values as it reads or
/// writes.
pub(super) trait Lanes: Copy {
    type Value: Copy;
    const N: usize;
    /// Zeros.
    unsafe fn zero(self) -> Self::Value;
    /// `N` times the value at `from`.
    unsafe fn splat(self, from: *const f32) -> Self::Value;
    /// The `N` values from `from` on.
    unsafe fn load(self, from: *const f32) -> Self::Value;
    /// Writes the `N` values from `to` on.
    unsafe fn store(self, to: *mut f32, value: Self::Value);
    /// a·b + c.
    unsafe fn fma(self, a: Self::Value, b: Self::Value, c: Self::Value) -> Self::Value;
    /// a + b.
    unsafe fn add(self, a: Self::Value, b: Self::Value) -> Self::Value;
}

/// Eight floats, in whatever registers there are.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Lanes for Portable {
    type Value = [f32; 8];
    const N: usize = 8;

    #[inline(always)]
    unsafe fn zero(self) -> [f32; 8] {
        [0.0; 8]
    }

    #[inline(always)]
    unsafe fn splat(self, from: *const f32) -> [f32; 8] {
        // SAFETY: the caller's promise.
        [unsafe { *from }; 8]
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> [f32; 8] {
        // SAFETY: the caller's promise.
        unsafe { from.cast::<[f32; 8]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: [f32; 8]) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn fma(self, a: [f32; 8], b: [f32; 8], c: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|l| a[l] * b[l] + c[l])
    }

    #[inline(always)]
    unsafe fn add(self, a: [f32; 8], b: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|l| a[l] + b[l])
    }
}

/// Eight floats.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx2 {
    type Value = arch::__m256;
    const N: usize = 8;

    #[inline(always)]
    unsafe fn zero(self) -> arch::__m256 {
        // SAFETY: the caller's promise, here and below.
        unsafe { arch::_mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn splat(self, from: *const f32) -> arch::__m256 {
        // SAFETY: as above.
        unsafe { arch::_mm256_set1_ps(*from) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> arch::__m256 {
        // SAFETY: as above.
        unsafe { arch::_mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: arch::__m256) {
        // SAFETY: as above.
        unsafe { arch::_mm256_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn fma(self, a: arch::__m256, b: arch::__m256, c: arch::__m256) -> arch::__m256 {
        // SAFETY: as above.
        unsafe { arch::_mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn add(self, a: arch::__m256, b: arch::__m256) -> arch::__m256 {
        // SAFETY: as above.
        unsafe { arch::_mm256_add_ps(a, b) }
    }
}

/// Sixteen floats.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx512;

#[cfg(target_arch = "x86_64")]
impl Lanes for Avx512 {
    type Value = arch::__m512;
    const N: usize = 16;

    #[inline(always)]
    unsafe fn zero(self) -> arch::__m512 {
        // SAFETY: the caller's promise, here and below.
        unsafe { arch::_mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn splat(self, from: *const f32) -> arch::__m512 {
        // SAFETY: as above.
        unsafe { arch::_mm512_set1_ps(*from) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> arch::__m512 {
        // SAFETY: as above.
        unsafe { arch::_mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, value: arch::__m512) {
        // SAFETY: as above.
        unsafe { arch::_mm512_storeu_ps(to, value) }
    }

    #[inline(always)]
    unsafe fn fma(self, a: arch::__m512, b: arch::__m512, c: arch::__m512) -> arch::__m512 {
        // SAFETY: as above.
        unsafe { arch::_mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    unsafe fn add(self, a: arch::__m512, b: arch::__m512) -> arch::__m512 {
        // SAFETY: as above.
        unsafe { arch::_mm512_add_ps(a, b) }
    }
}
