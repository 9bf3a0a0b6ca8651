//! What the tests of the ops share: values, closeness, derivatives by differences, threads.

use crate::device::Device;

/// `n` values in [-1, 1), the same for the same seed.
pub(crate) fn values(seed: u64, n: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..8).for_each(|_| _ = next());
    (0..n).map(|_| next()).collect()
}

/// The same values in double precision.
pub(crate) fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

/// Fails unless each value is within absolute + relative·|expected| of what is expected.
#[track_caller]
pub(crate) fn close(what: &str, found: &[f32], expected: &[f64], absolute: f64, relative: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    for (at, (f, e)) in found.iter().zip(expected).enumerate() {
        let off = (f64::from(*f) - e).abs();
        assert!(
            off <= absolute + relative * e.abs(),
            "{what}[{at}]: {f} is not {e} (off by {off})"
        );
    }
}

/// The derivative of `f` by each value of `at`, by central differences.
pub(crate) fn differences(at: &[f64], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let mut point = at.to_vec();
    let slope = |i: usize| {
        point[i] = at[i] + STEP;
        let above = f(&point);
        point[i] = at[i] - STEP;
        let below = f(&point);
        point[i] = at[i];
        (above - below) / (2.0 * STEP)
    };
    (0..at.len()).map(slope).collect()
}

/// Σ aᵢ·bᵢ in double precision: the scalar whose derivative a backward pass computes.
pub(crate) fn project(a: &[f64], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * f64::from(*y)).sum()
}

/// Fails unless `run` gives the same bits on one, two and three threads.
#[track_caller]
pub(crate) fn same_on_any_threads(run: impl Fn(&Device) -> Vec<f32>) {
    let bits = |threads| {
        let device = Device::cpu(threads).unwrap();
        run(&device).iter().map(|v| v.to_bits()).collect::<Vec<_>>()
    };
    let one = bits(1);
    assert!(!one.is_empty());
    assert_eq!(one, bits(2));
    assert_eq!(one, bits(3));
}

/// One device for tests that do not count threads.
pub(crate) fn device() -> Device {
    Device::cpu(1).unwrap()
}
