//! Loops compiled several times, for what the processor offers, and the arithmetic they share.
//!
//! A loop is written once, plainly, over arrays whose length the compiler knows; `multiversion!`
//! compiles it for AVX-512, for AVX2 with fused multiply-add, and for any processor. Levels may
//! differ in the last bits, since they fuse or not; one level always gives the same bits.

use crate::isa::Isa;

/// Partial sums kept side by side in a reduction: two AVX-512 registers, four of AVX2.
pub(crate) const LANES: usize = 32;

/// Instructions that this processor was seen to have: only detection makes a level, so that having
/// one proves the features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(Isa);

impl Level {
    /// The best level of this processor.
    pub(crate) fn best() -> Level {
        Level(Isa::best())
    }

    /// Which one it is.
    pub(crate) fn isa(self) -> Isa {
        self.0
    }

    /// All levels of this processor, the best last.
    #[cfg(test)]
    pub(crate) fn all() -> Vec<Level> {
        Isa::ALL.into_iter().filter(|isa| isa.is_here()).map(Level).collect()
    }
}

/// Declares a function whose body is compiled for every level; callers pass the level first. The
/// body's const parameter tells whether multiplications and additions are fused.
macro_rules! multiversion {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident<const $fma:ident: bool>(
            $($arg:ident: $ty:ty),* $(,)?
        ) $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name(level: $crate::simd::Level, $($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn body<const $fma: bool>($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn avx2($($arg: $ty),*) $(-> $ret)? {
                body::<true>($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
            fn avx512($($arg: $ty),*) $(-> $ret)? {
                body::<true>($($arg),*)
            }

            match level.isa() {
                #[cfg(target_arch = "x86_64")]
                // SAFETY: a level above portable exists only where these features were detected.
                $crate::isa::Isa::Avx2 => unsafe { avx2($($arg),*) },
                #[cfg(target_arch = "x86_64")]
                // SAFETY: as above.
                $crate::isa::Isa::Avx512 => unsafe { avx512($($arg),*) },
                _ => body::<false>($($arg),*),
            }
        }
    };
}
pub(crate) use multiversion;

/// a·b + c, rounded once where the processor can.
#[inline(always)]
pub(crate) fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// The larger; `b` where one of them is NaN.
#[inline(always)]
pub(crate) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Below this, e^x is smaller than any normal number and [`exp`] gives 0.
pub(crate) const EXP_LOW: f32 = -88.0;

/// e^x within 2 units in the last place: 0 below [`EXP_LOW`], e^88 from 88 on, NaN for NaN.
#[inline(always)]
pub(crate) fn exp<const FMA: bool>(x: f32) -> f32 {
    exp_below_88::<FMA>(if x > 88.0 { 88.0 } else { x })
}

/// The same for x that is known to be at most 88; what it gives above means nothing.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by a polynomial of degree 6 that meets it at Chebyshev's
/// points, off by 1e-8 at most; 2ⁿ by building its exponent, which is that of 0 for the least n. No
/// branch, so that loops over it vectorise.
#[inline(always)]
pub(crate) fn exp_below_88<const FMA: bool>(x: f32) -> f32 {
    // Adding 1.5·2²³ rounds to the nearest integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few bits, so that n times it is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let bounded = if x < EXP_LOW { EXP_LOW } else { x };
    let shifted = fma::<FMA>(bounded, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fma::<FMA>(n, -LN2_HIGH, bounded);
    let r = fma::<FMA>(n, -LN2_LOW, r);
    let mut p = 0.001_392_617_6;
    p = fma::<FMA>(p, r, 0.008_363_173);
    p = fma::<FMA>(p, r, 0.041_666_556);
    p = fma::<FMA>(p, r, 0.166_665_78);
    p = fma::<FMA>(p, r, 0.5);
    p = fma::<FMA>(p, r, 1.0);
    p = fma::<FMA>(p, r, 1.0);
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    p * power
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn sigmoid<const FMA: bool>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<FMA>(-x))
}

/// Sum of the partial sums, by halves.
#[inline(always)]
pub(crate) fn total(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// Largest of the partial maxima.
#[inline(always)]
pub(crate) fn largest(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] = larger(lanes[l], lanes[l + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// Σ aᵢ·bᵢ.
#[inline(always)]
pub(crate) fn dot<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_b, rest_b) = b.as_chunks::<LANES>();
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        for l in 0..LANES {
            sums[l] = fma::<FMA>(x[l], y[l], sums[l]);
        }
    }
    for ((x, y), sum) in rest_a.iter().zip(rest_b).zip(&mut sums) {
        *sum = fma::<FMA>(*x, *y, *sum);
    }
    total(sums)
}

/// Σ aᵢ·bᵢ·cᵢ.
#[inline(always)]
pub(crate) fn dot3<const FMA: bool>(a: &[f32], b: &[f32], c: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_b, rest_b) = b.as_chunks::<LANES>();
    let (blocks_c, rest_c) = c.as_chunks::<LANES>();
    for ((x, y), z) in blocks_a.iter().zip(blocks_b).zip(blocks_c) {
        for l in 0..LANES {
            sums[l] = fma::<FMA>(x[l] * y[l], z[l], sums[l]);
        }
    }
    for (((x, y), z), sum) in rest_a.iter().zip(rest_b).zip(rest_c).zip(&mut sums) {
        *sum = fma::<FMA>(x * y, *z, *sum);
    }
    total(sums)
}

/// Σ aᵢ.
#[inline(always)]
fn sum(a: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (blocks, rest) = a.as_chunks::<LANES>();
    for x in blocks {
        for l in 0..LANES {
            sums[l] += x[l];
        }
    }
    for (x, sum) in rest.iter().zip(&mut sums) {
        *sum += *x;
    }
    total(sums)
}

/// Largest value; -inf for none.
#[inline(always)]
pub(crate) fn max(a: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = a.as_chunks::<LANES>();
    for x in blocks {
        for l in 0..LANES {
            lanes[l] = larger(lanes[l], x[l]);
        }
    }
    for (x, lane) in rest.iter().zip(&mut lanes) {
        *lane = larger(*lane, *x);
    }
    largest(lanes)
}

/// Replaces each x by e^(x - peak); returns their sum.
#[inline(always)]
pub(crate) fn exp_sum<const FMA: bool>(values: &mut [f32], peak: f32) -> f32 {
    values.iter_mut().for_each(|v| *v = exp_below_88::<FMA>(*v - peak));
    sum(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    multiversion! {
        fn exps<const FMA: bool>(x: &mut [f32]) {
            x.iter_mut().for_each(|v| *v = exp::<FMA>(*v));
        }
    }
    multiversion! {
        fn dots<const FMA: bool>(a: &[f32], b: &[f32]) -> (f32, f32) {
            (dot::<FMA>(a, b), max(a))
        }
    }

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let points: Vec<f32> = (0..39_000).map(|i| -87.2 + i as f32 * 0.004_382).collect();
        for level in Level::all() {
            let mut found = points.clone();
            exps(level, &mut found);
            for (x, y) in points.iter().zip(&found) {
                let exact = f64::from(*x).exp();
                let error = (f64::from(*y) - exact).abs() / exact / f64::from(f32::EPSILON);
                assert!(error < 1.0, "e^{x} is off by {error} epsilons ({level:?})");
            }
        }
    }

    #[test]
    fn exp_of_the_edges() {
        for level in Level::all() {
            let mut x = [0.0, f32::NEG_INFINITY, -88.1, f32::NAN, f32::INFINITY, 1e30];
            exps(level, &mut x);
            assert_eq!(x[..3], [1.0, 0.0, 0.0]);
            assert!(x[3].is_nan());
            assert!(x[4] > 1e38 && x[4] == x[5]);
        }
    }

    #[test]
    fn reductions_take_every_value() {
        for level in Level::all() {
            for n in [0, 1, 31, 32, 33, 100] {
                let a: Vec<f32> = (0..n).map(|i| (i % 7) as f32 - 9.0).collect();
                let b: Vec<f32> = (0..n).map(|i| (i % 5) as f32).collect();
                let sum: f32 = a.iter().zip(&b).map(|(x, y)| x * y).sum();
                let top = a.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                assert_eq!(dots(level, &a, &b), (sum, top), "{n} values ({level:?})");
            }
        }
    }
}
