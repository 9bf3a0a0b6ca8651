//! How products are asked for, checked against the library's definition of them. What the library
//! answers needs a card.

use super::*;

const FORMS: [Form; 3] = [Form::Nt, Form::Nn, Form::Tn];

fn product(form: Form, shape: Shape, types: [Dtype; 3], at: [u64; 3]) -> Product {
    let [a, b, out] = [0, 1, 2].map(|i| (at[i], types[i]));
    Product { form, shape, add: false, out, a, b }
}

/// A value of a matrix that lies column after column, transposed if it says so.
fn element(values: &[f32], matrix: Matrix, row: usize, column: usize) -> f32 {
    let (row, column) = if matrix.transposed { (column, row) } else { (row, column) };
    assert!(row < matrix.rows && column < matrix.columns);
    values[column * matrix.rows + row]
}

#[test]
fn what_is_asked_for_is_the_product_row_after_row() {
    let shape = Shape { m: 3, n: 5, k: 4 };
    let values = |count: usize, seed: usize| -> Vec<f32> {
        (0..count).map(|i| ((i * 7 + seed) % 11) as f32 - 5.0).collect()
    };
    let (a, b) = (values(12, 1), values(20, 2));
    for form in FORMS {
        let key = Key::of(&product(form, shape, [Dtype::F32; 3], [256; 3])).unwrap();
        let [first, second, out] = key.matrices();
        assert!(!out.transposed);
        let mut found = [0.0; 15];
        for row in 0..out.rows {
            for column in 0..out.columns {
                let term = |l| element(&b, first, row, l) * element(&a, second, l, column);
                found[column * out.rows + row] = (0..shape.k).map(term).sum::<f32>();
            }
        }
        for i in 0..shape.m {
            for j in 0..shape.n {
                let term = |l: usize| match form {
                    Form::Nt => a[i * 4 + l] * b[j * 4 + l],
                    Form::Nn => a[i * 4 + l] * b[l * 5 + j],
                    Form::Tn => a[l * 3 + i] * b[l * 5 + j],
                };
                assert_eq!(found[i * 5 + j], (0..4).map(term).sum::<f32>(), "{form:?} {i},{j}");
            }
        }
    }
}

#[test]
fn a_plan_is_for_types_and_alignment() {
    let shape = Shape { m: 3, n: 5, k: 4 };
    let [float, half] = [Dtype::F32, Dtype::Bf16];
    let key = |types, at| Key::of(&product(Form::Nt, shape, types, at));
    let first = key([half; 3], [4096, 4096, 4096]).unwrap();
    assert_eq!(first.aligned, [256; 3]);
    assert_eq!(first, key([half; 3], [256, 512, 768]).unwrap());
    // The library's first factor is our second.
    assert_eq!(key([half; 3], [16, 2, 4]).unwrap().aligned, [2, 16, 4]);
    assert_ne!(first, key([half, half, float], [256; 3]).unwrap());
    let error = key([float, float, half], [256; 3]).unwrap_err().to_string();
    assert_eq!(error, "cuBLASLt does not multiply f32 by f32 into bf16");
    assert!(key([half, float, float], [256; 3]).is_err());
    assert!(key([Dtype::U8; 3], [256; 3]).is_err());
}
