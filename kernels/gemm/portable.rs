//! Tiles in plain Rust, which the compiler turns into vectors of its target.

use half::bf16;

use super::side::{Kernel, Part, Tile};

const COLUMNS: usize = 8;
const TILES: [Tile; 4] = [tile::<1>, tile::<2>, tile::<3>, tile::<4>];

/// For any processor.
pub(super) static KERNEL: Kernel = Kernel {
    tiles: &TILES,
    columns: COLUMNS,
    block: 96,
    pack_f32: pack::<f32>,
    pack_bf16: pack::<bf16>,
    narrow: None,
};

/// One rounding where that is an instruction, two where it would be a call.
#[inline(always)]
fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, sum)
    } else {
        a * b + sum
    }
}

unsafe fn tile<const R: usize>(
    terms: usize,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    stride: usize,
    add: bool,
) {
    let mut sums = [[0.0f32; COLUMNS]; R];
    for p in 0..terms {
        // SAFETY: the panels hold R and COLUMNS values for each term; f32 arrays align as f32.
        let (a, b) = unsafe {
            (&*a.add(p * R).cast::<[f32; R]>(), &*b.add(p * COLUMNS).cast::<[f32; COLUMNS]>())
        };
        for (sums, a) in sums.iter_mut().zip(a) {
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum = multiply_add(*a, *b, *sum);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        // SAFETY: C has R rows, `stride` apart, of COLUMNS values.
        let c = unsafe { &mut *c.add(r * stride).cast::<[f32; COLUMNS]>() };
        for (c, sum) in c.iter_mut().zip(sums) {
            *c = if add { *c + sum } else { *sum };
        }
    }
}

unsafe fn pack<T: Copy + Into<f32>>(side: *const T, part: Part, width: usize, out: *mut f32) {
    let order = part.order(width);
    for i in 0..width {
        let row = part.row + i.min(part.rows - 1);
        for p in 0..part.terms {
            let to = order.start[p % 16 / 2] + (order.step * (p / 16) + p % 2) * width + i;
            // SAFETY: the part lies inside the side, and `out` has room for the panel.
            unsafe {
                let value = *side.add(row * part.stride + part.term + p);
                *out.add(to) = value.into();
            }
        }
    }
}
