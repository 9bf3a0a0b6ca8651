//! Products of small matrices that lie in the caches, and copies into them.

#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512};
use super::lanes::{Lanes, Portable};
use crate::isa::Isa;
use crate::simd::{Level, multiversion};

/// Columns of tiles are padded to a multiple of this.
pub(super) const PAD: usize = 16;

/// Rows that the inner product works on at once: 6 × 2 registers of sums, of 16.
const ROWS: usize = 6;

/// `len` rounded up to a multiple of [`PAD`].
pub(super) const fn padded(len: usize) -> usize {
    len.next_multiple_of(PAD)
}

/// A matrix by rows: row i starts at `i · stride`.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
}

/// A matrix of which value (i, j) lies at `i · row + j · column`.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    values: &'a [f32],
    row: usize,
    column: usize,
}

impl<'a> Left<'a> {
    /// A matrix by rows.
    pub(super) fn rows(values: &'a [f32], stride: usize) -> Left<'a> {
        Left { values, row: stride, column: 1 }
    }

    /// The transpose of a matrix by rows.
    pub(super) fn columns(values: &'a [f32], stride: usize) -> Left<'a> {
        Left { values, row: 1, column: stride }
    }
}

/// Whether a product replaces what is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// Replaces it.
    Set,
    /// Is added to it.
    Add,
}

/// Rows and columns of the product, and the length of its sums.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) m: usize,
    /// A multiple of [`PAD`].
    pub(super) n: usize,
    pub(super) k: usize,
}

/// c `[m,n]`, by rows of `stride` = a `[m,k]` · b `[k,n]`. A sum runs over k in order.
///
/// # Panics
/// Matrices that are not inside their slices.
pub(super) fn product(
    level: Level,
    (c, stride): (&mut [f32], usize),
    a: Left,
    b: Strided,
    size: Size,
    write: Write,
) {
    let Size { m, n, k } = size;
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    assert!(n.is_multiple_of(PAD) && n <= stride && n <= b.stride);
    assert!((m - 1) * stride + n <= c.len());
    assert!((k - 1) * b.stride + n <= b.values.len());
    assert!((m - 1) * a.row + (k - 1) * a.column < a.values.len());
    match level.isa() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the matrices are inside their slices (asserted); the level proves the features.
        Isa::Avx2 => unsafe { avx2((c, stride), a, b, size, write) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx512 => unsafe { avx512((c, stride), a, b, size, write) },
        // SAFETY: the matrices are inside their slices.
        _ => unsafe { panels(Portable, (c, stride), a, b, size, write) },
    }
}

/// # Safety
/// As [`panels`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2(c: (&mut [f32], usize), a: Left, b: Strided, size: Size, write: Write) {
    // SAFETY: the caller's promise; the features are on in this function.
    unsafe { panels(Avx2, c, a, b, size, write) }
}

/// # Safety
/// As [`panels`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
unsafe fn avx512(c: (&mut [f32], usize), a: Left, b: Strided, size: Size, write: Write) {
    // SAFETY: the caller's promise; the features are on in this function.
    unsafe { panels(Avx512, c, a, b, size, write) }
}

/// All of the product, by panels of two registers of columns, one where but one is left.
///
/// # Safety
/// The matrices are inside their slices, m, n and k are not 0, n is a multiple of [`PAD`], and the
/// features of `S` are on in the caller.
#[inline(always)]
unsafe fn panels<S: Lanes>(
    s: S,
    (c, stride): (&mut [f32], usize),
    a: Left,
    b: Strided,
    size: Size,
    write: Write,
) {
    let c = Output { first: c.as_mut_ptr(), stride, write };
    let mut column = 0;
    while column < size.n {
        // SAFETY: the columns are below n, which is a multiple of the width of a panel or of half.
        unsafe {
            if column + 2 * S::N <= size.n {
                panel::<S, 2>(s, c, a, b, (column, size.m, size.k));
                column += 2 * S::N;
            } else {
                panel::<S, 1>(s, c, a, b, (column, size.m, size.k));
                column += S::N;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Output {
    first: *mut f32,
    stride: usize,
    write: Write,
}

/// # Safety
/// As [`panels`].
#[inline(always)]
unsafe fn panel<S: Lanes, const W: usize>(
    s: S,
    c: Output,
    a: Left,
    b: Strided,
    (column, m, k): (usize, usize, usize),
) {
    let mut row = 0;
    while row < m {
        let at = (row, column, k);
        // SAFETY: so many rows are left.
        unsafe {
            match m - row {
                ROWS.. => row += block::<S, ROWS, W>(s, c, a, b, at),
                4.. => row += block::<S, 4, W>(s, c, a, b, at),
                2.. => row += block::<S, 2, W>(s, c, a, b, at),
                _ => row += block::<S, 1, W>(s, c, a, b, at),
            }
        }
    }
}

/// `R` rows of `W` registers, summed in registers; returns `R`.
///
/// # Safety
/// As [`panels`].
#[inline(always)]
unsafe fn block<S: Lanes, const R: usize, const W: usize>(
    s: S,
    c: Output,
    a: Left,
    b: Strided,
    (row, column, k): (usize, usize, usize),
) -> usize {
    // SAFETY: (row + R, column + W·N, k) is inside the matrices (`panels`).
    unsafe {
        let mut sums = [[s.zero(); W]; R];
        let mut left = a.values.as_ptr().add(row * a.row);
        let mut right = b.values.as_ptr().add(column);
        for _ in 0..k {
            let mut wide = [s.zero(); W];
            for (w, wide) in wide.iter_mut().enumerate() {
                *wide = s.load(right.add(w * S::N));
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let value = s.splat(left.add(r * a.row));
                for (sum, wide) in sums.iter_mut().zip(&wide) {
                    *sum = s.fma(value, *wide, *sum);
                }
            }
            left = left.wrapping_add(a.column);
            right = right.wrapping_add(b.stride);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (w, sum) in sums.iter().enumerate() {
                store(s, c, row + r, column + w * S::N, *sum);
            }
        }
    }
    R
}

/// # Safety
/// As [`panels`].
#[inline(always)]
unsafe fn store<S: Lanes>(s: S, c: Output, row: usize, column: usize, sum: S::Value) {
    // SAFETY: the caller is inside the product.
    unsafe {
        let to = c.first.add(row * c.stride + column);
        if c.write == Write::Set {
            s.store(to, sum);
        } else {
            s.store(to, s.add(s.load(to), sum));
        }
    }
}

multiversion! {
    /// Copies `rows` rows of `width` values, times `factor`, into rows of `stride`, with zeros
    /// after.
    pub(super) fn copy<const FMA: bool>(
        to: &mut [f32],
        stride: usize,
        from: Strided,
        size: (usize, usize),
        factor: f32,
    ) {
        let (rows, width) = size;
        for row in 0..rows {
            let to = &mut to[row * stride..][..stride];
            let (used, rest) = to.split_at_mut(width);
            let from = &from.values[row * from.stride..][..width];
            used.iter_mut().zip(from).for_each(|(to, v)| *to = v * factor);
            rest.fill(0.0);
        }
    }
}

multiversion! {
    /// Copies `rows` rows of `width` values as columns: value (i, j) goes to j · `stride` + i, with
    /// zeros up to the next multiple of [`PAD`] of rows.
    pub(super) fn transpose<const FMA: bool>(
        to: &mut [f32],
        stride: usize,
        from: Strided,
        size: (usize, usize),
    ) {
        let (rows, width) = size;
        for first in (0..rows).step_by(PAD) {
            let count = PAD.min(rows - first);
            for column in 0..width {
                let to = &mut to[column * stride + first..][..PAD];
                let (used, rest) = to.split_at_mut(count);
                for (at, to) in used.iter_mut().enumerate() {
                    *to = from.values[(first + at) * from.stride + column];
                }
                rest.fill(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::values;

    #[test]
    fn products_of_every_shape_and_level() {
        for level in Level::all() {
            for m in [1, 2, 3, 6, 7, 17] {
                for (n, k) in [(16, 1), (32, 5), (48, 64), (64, 33)] {
                    let (a, b) = (values(1, m * k), values(2, k * (n + 3)));
                    let turned: Vec<f32> = (0..m * k).map(|i| a[i % m * k + i / m]).collect();
                    let mut expected = values(3, m * (n + 1));
                    let (mut by_rows, mut by_columns) = (expected.clone(), expected.clone());
                    for i in 0..m {
                        for j in 0..n {
                            let sum = (0..k).map(|p| a[i * k + p] * b[p * (n + 3) + j]);
                            expected[i * (n + 1) + j] += sum.sum::<f32>();
                        }
                    }
                    let right = Strided { values: &b, stride: n + 3 };
                    let size = Size { m, n, k };
                    let left = Left::rows(&a, k);
                    product(level, (&mut by_rows, n + 1), left, right, size, Write::Add);
                    let left = Left::columns(&turned, m);
                    product(level, (&mut by_columns, n + 1), left, right, size, Write::Add);
                    assert_eq!(by_rows, by_columns);
                    let near = |(x, y): (&f32, &f32)| (x - y).abs() < 1e-5;
                    assert!(by_rows.iter().zip(&expected).all(near), "{m} {n} {k} {level:?}");
                }
            }
        }
    }

    #[test]
    fn set_replaces() {
        let mut c = [f32::NAN; 17];
        let (a, b) = ([2.0], [3.0; 16]);
        let size = Size { m: 1, n: 16, k: 1 };
        let right = Strided { values: &b, stride: 16 };
        product(Level::best(), (&mut c, 16), Left::rows(&a, 1), right, size, Write::Set);
        assert_eq!(c[..16], [6.0; 16]);
        assert!(c[16].is_nan());
    }

    #[test]
    #[should_panic(expected = "b.values.len()")]
    fn a_matrix_that_is_too_short_panics() {
        let (mut c, b) = ([0.0; 16], [0.0; 31]);
        let size = Size { m: 1, n: 16, k: 2 };
        let right = Strided { values: &b, stride: 16 };
        product(Level::best(), (&mut c, 16), Left::rows(&[1.0; 2], 2), right, size, Write::Set);
    }

    #[test]
    fn copies_pad_with_zeros() {
        let from = Strided { values: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], stride: 4 };
        let mut to = [9.0; 9];
        copy(Level::best(), &mut to, 4, from, (2, 2), 2.0);
        assert_eq!(to, [2.0, 4.0, 0.0, 0.0, 10.0, 12.0, 0.0, 0.0, 9.0]);
        let mut to = [9.0; 34];
        transpose(Level::best(), &mut to, 17, from, (2, 2));
        assert_eq!(to[..3], [1.0, 5.0, 0.0]);
        assert_eq!(to[15..20], [0.0, 9.0, 2.0, 6.0, 0.0]);
        assert_eq!(to[32..], [0.0, 9.0]);
    }
}
