//! What only a card can tell. On a machine that has one:
//! `cargo test -p heedful-kernels --lib card_tests -- --ignored`.

use super::fake_tests::{open, products, sum};
use super::*;
use crate::gemm::Shape;
use crate::gpu::board::Form;
use crate::gpu::floats;
use crate::gpu::sources::{KERNELS, names};
use crate::gpu::testing::{near, tensor, values_of};
use crate::testing::{close, values};
use crate::{Device, Dtype};

#[test]
#[ignore = "needs a card"]
fn every_kernel_loads() {
    let (_, board) = open();
    for source in KERNELS {
        for name in names(source.text) {
            let kernel = Kernel { source: source.name, name };
            // No kernel takes 64 arguments, so none is launched.
            let error = board.launch(&kernel, Grid::row(1, 32), &[Arg::U32(0); 64]).unwrap_err();
            assert!(error.to_string().contains("takes parameters"), "{error}");
        }
    }
}

#[test]
#[ignore = "needs a card"]
fn products_are_right() {
    let (dev, board) = open();
    products(&board, &dev);
    let shapes = [(1, 1, 1), (7, 13, 31), (64, 48, 96), (130, 257, 65), (512, 768, 1024)];
    let [float, half] = [Dtype::F32, Dtype::Bf16];
    for (m, n, k) in shapes {
        for (types, rounding) in [([float; 2], 1e-5), ([half, float], 1e-5), ([half; 2], 8e-3)] {
            for form in [Form::Nt, Form::Nn, Form::Tn] {
                // The second factor begins at an odd place.
                let (a, b) = (values(1, m * k), values(2, n * k + 1));
                let [a, b] = [a, b].map(|v| near(types[0], &v));
                let [left, right] = [&a, &b].map(|v| tensor(&dev, types[0], v));
                let out = tensor(&dev, types[1], &vec![9.0; m * n]);
                let product = Product {
                    form,
                    shape: Shape { m, n, k },
                    add: false,
                    out: (floats(out.view()).unwrap().address(), types[1]),
                    a: (floats(left.view()).unwrap().address(), types[0]),
                    b: (floats(right.part(1..n * k + 1)).unwrap().address(), types[0]),
                };
                board.product(&product).unwrap();
                let b = &b[1..];
                let term = |i: usize, j: usize, l: usize| match form {
                    Form::Nt => f64::from(a[i * k + l]) * f64::from(b[j * k + l]),
                    Form::Nn => f64::from(a[i * k + l]) * f64::from(b[l * n + j]),
                    Form::Tn => f64::from(a[l * m + i]) * f64::from(b[l * n + j]),
                };
                let one = |at: usize| (0..k).map(|l| term(at / n, at % n, l)).sum();
                let expected: Vec<f64> = (0..m * n).map(one).collect();
                let scale = 2e-6 * k as f64;
                close("product", &values_of(&dev, &out), &expected, scale, rounding);
            }
        }
    }
}

#[test]
#[ignore = "needs a card"]
fn steps_are_repeated() {
    let (dev, board) = open();
    let x = tensor(&dev, Dtype::F32, &[1.0; 100_003]);
    let mut y = tensor(&dev, Dtype::F32, &[0.0; 100_003]);
    for _ in 0..10 {
        board.record(7, &mut || (0..5).try_for_each(|_| sum(&dev, &mut y, &x))).unwrap();
    }
    assert_eq!(values_of(&dev, &y), vec![50.0; 100_003]);
    board.forget();
    sum(&dev, &mut y, &x).unwrap();
    assert_eq!(values_of(&dev, &y), vec![51.0; 100_003]);
    let many: Vec<f32> = (0..5 << 20).map(|i| (i % 1000) as f32).collect();
    let parts: Vec<_> = many.chunks(300_001).map(|p| tensor(&dev, Dtype::F32, p)).collect();
    assert!(parts.iter().flat_map(|part| values_of(&dev, part)).eq(many.iter().copied()));
    assert!(matches!(dev, Device::Gpu(_)) && tensor(&dev, Dtype::F32, &many).len() == many.len());
}
