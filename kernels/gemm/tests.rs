//! Products of all kinds and instruction sets against f64, and their promises bit for bit.

use half::bf16;

use super::*;
use crate::blocks::Kind;
use crate::blocks::tests::{KINDS, blocks};

fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

fn halves(values: &[f32]) -> Vec<bf16> {
    values.iter().map(|value| bf16::from_f32(*value)).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn here() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_here())
}

/// C after the product, which was 0.5 everywhere.
fn product(threads: usize, isa: Isa, a: Side, b: Side, shape: Shape, write: Write) -> Vec<f32> {
    let mut c = vec![0.5; shape.m * shape.n];
    let cpu = Cpu::new(threads).unwrap();
    host("gemm", &cpu, isa, ViewMut::F32(&mut c), a, b, shape, write).unwrap();
    c
}

/// Value `at` of a side as (row, term).
fn value(side: Side, row: usize, term: usize, shape: (usize, usize)) -> f64 {
    match side {
        Side::Along(values) => f64::from(values[row * shape.1 + term]),
        Side::AlongBf16(values) => f64::from(values[row * shape.1 + term]),
        Side::Blocks(_) => unreachable!("blocks are held against their values"),
        Side::Across(values) => f64::from(values[term * shape.0 + row]),
    }
}

fn reference(a: Side, b: Side, Shape { m, n, k }: Shape, write: Write) -> Vec<f64> {
    let start = if write == Write::Add { 0.5 } else { 0.0 };
    let sum = |i, j| {
        let products = (0..k).map(|p| value(a, i, p, (m, k)) * value(b, j, p, (n, k)));
        start + products.sum::<f64>()
    };
    (0..m * n).map(|at| sum(at / n, at % n)).collect()
}

/// Checks `nt` with f32 and bf16, `nn` and `tn`, set and added, with all instructions there are.
fn parity(shape: Shape) {
    let Shape { m, n, k } = shape;
    let (a, b) = (values(m * k, 1), values(n * k, 2));
    let half = halves(&b);
    let pairs = [
        (Side::Along(&a), Side::Along(&b)),
        (Side::Along(&a), Side::AlongBf16(&half)),
        (Side::Along(&a), Side::Across(&b)),
        (Side::Across(&a), Side::Across(&b)),
    ];
    for (kind, (a, b)) in pairs.into_iter().enumerate() {
        for write in [Write::Set, Write::Add] {
            let expected = reference(a, b, shape, write);
            for isa in here() {
                let found = product(1, isa, a, b, shape, write);
                let most = 3e-7 * (k as f64 + 4.0);
                for (at, (c, e)) in found.iter().zip(&expected).enumerate() {
                    let off = (f64::from(*c) - e).abs();
                    assert!(off <= most, "{shape:?} {kind} {write:?} {isa} {at}: {c} not {e}");
                }
            }
        }
    }
}

#[test]
fn parity_on_ragged_shapes() {
    for m in [1, 2, 3, 4, 5, 7, 13, 14, 17] {
        for (n, k) in [(1, 1), (7, 5), (16, 8), (33, 19), (50, 40), (64, 291)] {
            parity(Shape { m, n, k });
        }
    }
}

#[test]
fn parity_across_blocks() {
    for (m, n, k) in [(65, 40, 300), (200, 131, 17), (97, 70, 600), (5, 300, 330), (520, 9, 20)] {
        parity(Shape { m, n, k });
    }
}

#[test]
fn nothing_to_do() {
    for (m, n, k) in [(0, 3, 2), (3, 0, 2), (0, 0, 0), (3, 4, 0), (1, 1, 0)] {
        parity(Shape { m, n, k });
    }
}

#[test]
fn neither_threads_nor_instructions_change_bits() {
    for shape in [(3, 1500, 290), (70, 700, 33), (600, 300, 40), (17, 900, 100)] {
        let shape = Shape { m: shape.0, n: shape.1, k: shape.2 };
        let (a, b) = (values(shape.m * shape.k, 3), values(shape.n * shape.k, 4));
        for sides in [
            (Side::Along(&a), Side::Along(&b)),
            (Side::Along(&a), Side::Across(&b)),
            (Side::Across(&a), Side::Across(&b)),
        ] {
            let mut fused = None;
            for isa in here() {
                let one = bits(&product(1, isa, sides.0, sides.1, shape, Write::Add));
                for threads in [2, 3] {
                    let more = product(threads, isa, sides.0, sides.1, shape, Write::Add);
                    assert!(one == bits(&more), "{shape:?} {isa} {threads}");
                }
                if isa > Isa::Portable {
                    assert!(*fused.get_or_insert(one.clone()) == one, "{shape:?} {isa}");
                }
            }
        }
    }
}

#[test]
fn a_row_depends_on_no_other_and_bf16_is_its_value_in_f32() {
    let (n, k, most) = (75, 421, 100);
    let a = values(most * k, 5);
    let half = halves(&values(n * k, 6));
    let b: Vec<f32> = half.iter().map(|value| value.to_f32()).collect();
    for isa in here() {
        let with = |m: usize, b| {
            product(2, isa, Side::Along(&a[..m * k]), b, Shape { m, n, k }, Write::Set)
        };
        let all = with(most, Side::Along(&b));
        for m in [1, 2, 3, 4, 5, 6, 8, 15, 16, 29, 64, 65, 100] {
            for b in [Side::Along(&b), Side::AlongBf16(&half)] {
                assert!(bits(&with(m, b)) == bits(&all[..m * n]), "{m} rows, {isa}");
            }
        }
    }
}

#[test]
fn few_rows_that_divide_evenly_have_the_bits_of_many() {
    let most = 40;
    for k in [32, 96, 576, 2400] {
        let a = values(most * k, 12);
        for n in [1, 2, 3, 5, 7, 8, 9, 31, 320] {
            let half = halves(&values(n * k, 13));
            let b: Vec<f32> = half.iter().map(|value| value.to_f32()).collect();
            for (isa, write) in here().flat_map(|isa| [(isa, Write::Set), (isa, Write::Add)]) {
                let with = |m: usize, threads, b| {
                    let shape = Shape { m, n, k };
                    bits(&product(threads, isa, Side::Along(&a[..m * k]), b, shape, write))
                };
                let all = with(most, 1, Side::Along(&b));
                for (m, threads) in [(1, 1), (1, 3), (2, 1), (2, 3), (3, 1)] {
                    for b in [Side::Along(&b), Side::AlongBf16(&half)] {
                        let same = with(m, threads, b) == all[..m * n];
                        assert!(same, "{m} x {n} x {k}, {isa}, {write:?}, {threads} threads");
                    }
                }
            }
        }
    }
}

#[test]
fn blocks_give_the_bits_of_their_values_in_f32() {
    for (kind, k) in KINDS.into_iter().flat_map(|kind| [32, 96, 416, 2400].map(|k| (kind, k))) {
        for n in [1, 3, 25, 75, 500] {
            let packed = blocks(kind, n * k);
            let mut wide = vec![0.0; n * k];
            packed.view().widen(0, &mut wide);
            for isa in here() {
                for m in [1, 2, 3, 4, 5, 7, 8, 11, 31, 32, 33, 70] {
                    let (shape, a) = (Shape { m, n, k }, values(m * k, 11));
                    let a = Side::Along(&a);
                    let expected = product(1, isa, a, Side::Along(&wide), shape, Write::Add);
                    for threads in [1, 3] {
                        let b = Side::Blocks(packed.view());
                        let found = product(threads, isa, a, b, shape, Write::Add);
                        let same = bits(&found) == bits(&expected);
                        assert!(same, "{kind:?} {isa} {shape:?} {threads}");
                    }
                }
            }
        }
    }
}

/// The tiles of AVX-512 with arrays for vectors: their shape and loops run on any processor, and
/// what AVX-512's own names add is an instruction each.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    use super::super::side::{Kernel, Tile};
    use super::super::{avx2, tile::tile};

    type Vector = [f32; 16];

    fn zero() -> Vector {
        [0.0; 16]
    }

    unsafe fn load(from: *const f32) -> Vector {
        // SAFETY: the caller has 16 values there.
        unsafe { from.cast::<Vector>().read() }
    }

    unsafe fn store(to: *mut f32, values: Vector) {
        // SAFETY: the caller has room for 16 values there.
        unsafe { to.cast::<Vector>().write(values) }
    }

    fn splat(value: f32) -> Vector {
        [value; 16]
    }

    fn fused(a: Vector, b: Vector, c: Vector) -> Vector {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }

    fn sum(a: Vector, b: Vector) -> Vector {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    tile!("avx2,fma", 16, zero, load, store, splat, fused, sum);

    const TILES: [Tile; 14] = [
        tile::<1>, tile::<2>, tile::<3>, tile::<4>, tile::<5>, tile::<6>, tile::<7>, tile::<8>,
        tile::<9>, tile::<10>, tile::<11>, tile::<12>, tile::<13>, tile::<14>,
    ];

    pub(super) static KERNEL: Kernel = Kernel {
        tiles: &TILES,
        columns: 32,
        block: 448,
        pack_f32: avx2::KERNEL.pack_f32,
        pack_bf16: avx2::KERNEL.pack_bf16,
        narrow: None,
    };
}

#[test]
#[cfg(target_arch = "x86_64")]
fn tiles_of_512_bits_give_the_bits_of_those_of_256() {
    if !Isa::Avx2.is_here() {
        return;
    }
    let (n, k) = (75, 301);
    let cpu = Cpu::new(1).unwrap();
    for m in [1, 5, 13, 14, 15, 29, 66, 449] {
        let shape = Shape { m, n, k };
        let (a, b) = (values(m * k, 9), values(n * k, 10));
        let half = halves(&b);
        for (a, b) in [
            (Side::Along(&a), Side::Along(&b)),
            (Side::Along(&a), Side::AlongBf16(&half)),
            (Side::Along(&a), Side::Across(&b)),
            (Side::Across(&a), Side::Across(&b)),
        ] {
            let expected = product(1, Isa::Avx2, a, b, shape, Write::Set);
            let mut c = vec![0.5; m * n];
            let whole = Product { kernel: &wide::KERNEL, a, b, shape, write: Write::Set };
            blocked::run(&cpu, &mut c, &whole);
            assert!(bits(&c) == bits(&expected), "{m} rows");
        }
    }
}

#[test]
fn zeros_and_infinities_are_carried() {
    let shape = Shape { m: 5, n: 3, k: 21 };
    let mut a = values(shape.m * shape.k, 7);
    let mut b = values(shape.n * shape.k, 8);
    a[2 * shape.k + 20] = f32::NAN;
    b[shape.k + 3] = f32::INFINITY;
    for isa in here() {
        for m in [shape.m, 3] {
            let a = Side::Along(&a[..m * shape.k]);
            let c = product(1, isa, a, Side::Along(&b), Shape { m, ..shape }, Write::Set);
            for (at, c) in c.iter().enumerate() {
                let finite = at / shape.n != 2 && at % shape.n != 1;
                assert_eq!(c.is_finite(), finite, "{at} {isa}");
                assert_eq!(c.is_nan(), at / shape.n == 2, "{at} {isa}");
            }
        }
    }
}

#[test]
fn the_entries_take_their_layouts() {
    let dev = Device::cpu(1).unwrap();
    let shape = Shape { m: 1, n: 2, k: 2 };
    let (a, b) = ([1.0, 2.0], [3.0, 4.0, 5.0, 6.0]);
    let half = halves(&b);
    let mut c = [0.0; 2];
    let (a, b) = (View::F32(&a), View::F32(&b));
    nt(&dev, ViewMut::F32(&mut c), a, b, shape, Write::Set).unwrap();
    assert_eq!(c, [11.0, 17.0]);
    nt(&dev, ViewMut::F32(&mut c), a, View::Bf16(&half), shape, Write::Add).unwrap();
    assert_eq!(c, [22.0, 34.0]);
    nn(&dev, ViewMut::F32(&mut c), a, b, shape, Write::Set).unwrap();
    assert_eq!(c, [13.0, 16.0]);
    tn(&dev, ViewMut::F32(&mut c), a, b, shape, Write::Set).unwrap();
    assert_eq!(c, [13.0, 16.0]);
}

#[test]
fn lying_shapes_are_errors() {
    let dev = Device::cpu(1).unwrap();
    let (a, b, mut c) = ([0.0; 6], [0.0; 6], [7.0; 4]);
    let mut call = |m, n, k| {
        let c = ViewMut::F32(&mut c);
        let error = nt(&dev, c, View::F32(&a), View::F32(&b), Shape { m, n, k }, Write::Set);
        error.unwrap_err().to_string()
    };
    assert_eq!(call(2, 3, 3), "gemm::nt: c has 4 values, not 6");
    assert_eq!(call(2, 2, 4), "gemm::nt: a has 6 values, not 8");
    assert_eq!(call(1, 4, 6), "gemm::nt: b has 6 values, not 24");
    assert_eq!(call(1 << 40, 1 << 40, 3), "gemm::nt: c of 1099511627776 x 1099511627776 values");
    assert_eq!(c, [7.0; 4]);
    let shape = Shape { m: 2, n: 2, k: 3 };
    let half = halves(&a);
    let (a, half) = (View::F32(&a), View::Bf16(&half));
    let error = nn(&dev, ViewMut::F32(&mut c), a, half, shape, Write::Set).unwrap_err();
    assert_eq!(error.to_string(), "a buffer of f32 is wanted here, not of bf16");
    assert!(nt(&dev, ViewMut::F32(&mut c), half, a, shape, Write::Set).is_err());
    assert!(nt(&dev, ViewMut::F32(&mut c), a, View::U32(&[0; 6]), shape, Write::Set).is_err());
    let packed = blocks(Kind::Q8_0, 64);
    let mut call = |n, k| {
        let (c, a) = (&mut c[..n], &[0.0; 64][..k]);
        nt(&dev, ViewMut::F32(c), View::F32(a), packed.view(), Shape { m: 1, n, k }, Write::Set)
    };
    let error = call(4, 16).unwrap_err().to_string();
    assert_eq!(error, "gemm::nt: rows of 16 values cut blocks of 32");
    assert_eq!(call(1, 32).unwrap_err().to_string(), "gemm::nt: b has 64 values, not 32");
    call(2, 32).unwrap();
}
