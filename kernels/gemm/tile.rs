//! The tile: a block of C held in registers while both panels are read once.
//!
//! Each value of C is a chain of fused multiply-adds in the order of the terms, whatever the lanes:
//! so all instruction sets that have them give the same bits.

/// Defines `tile::<R>` for R rows of C and two vectors of columns, from an instruction set's names.
macro_rules! tile {
    ($features:literal, $lanes:literal, $zero:ident, $load:ident, $store:ident, $splat:ident,
        $fma:ident, $add:ident) => {
        #[target_feature(enable = $features)]
        unsafe fn tile<const R: usize>(
            terms: usize,
            mut a: *const f32,
            mut b: *const f32,
            c: *mut f32,
            stride: usize,
            add: bool,
        ) {
            let mut sums = [[$zero(); 2]; R];
            // SAFETY: the panels hold R and 2 * lanes values for each term; C has R rows, `stride`
            // apart, of 2 * lanes values.
            unsafe {
                for r in 0..R {
                    _mm_prefetch::<_MM_HINT_T0>(c.add(r * stride).cast());
                    _mm_prefetch::<_MM_HINT_T0>(c.add(r * stride + $lanes).cast());
                }
                for _ in 0..terms {
                    let (left, right) = ($load(b), $load(b.add($lanes)));
                    for (r, sums) in sums.iter_mut().enumerate() {
                        let value = $splat(*a.add(r));
                        sums[0] = $fma(value, left, sums[0]);
                        sums[1] = $fma(value, right, sums[1]);
                    }
                    a = a.add(R);
                    b = b.add(2 * $lanes);
                }
                for (r, sums) in sums.into_iter().enumerate() {
                    for (v, mut sum) in sums.into_iter().enumerate() {
                        let c = c.add(r * stride + v * $lanes);
                        if add {
                            sum = $add($load(c), sum);
                        }
                        $store(c, sum);
                    }
                }
            }
        }
    };
}

pub(super) use tile;
