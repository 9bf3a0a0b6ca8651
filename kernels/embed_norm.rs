//! Rows of a table by token id and the root mean square norm of them, as [`crate::embedding`] and
//! [`crate::rmsnorm`]: `x = table[ids]`, `out = norm(x)`. A card does both in one pass.
//!
//! `table` is `[V,C]`, `ids` is `[T]`, `x` and `out` are `[T,C]`, `rstd` is `[T]`, `weight` `[C]`.

use crate::device::Device;
use crate::error::{Error, Result, length};
use crate::gpu::{self, Gpu, args};
use crate::matrix::MatrixView;
use crate::tensor::{Dtype, View, ViewMut};
use crate::{embedding, rmsnorm};

const OP: &str = "embed_norm";

/// Sets `x` to the rows of `table` (f32, bf16 or blocks) that `ids` name, `out` to their norms and
/// `rstd` to the inverse of each row's root mean square. A card reads tables of the type of `x`,
/// and gives NaN for an id beyond the table, which it cannot tell.
///
/// # Errors
/// Lengths that do not fit, rows that cut a block, an id beyond the table, buffers of other types.
#[expect(clippy::too_many_arguments, reason = "an op names its buffers one by one")]
pub fn forward<'t>(
    dev: &Device,
    out: ViewMut,
    x: ViewMut,
    rstd: ViewMut,
    table: impl Into<MatrixView<'t>>,
    ids: View,
    weight: View,
    eps: f32,
) -> Result<()> {
    let (table, tokens, width) = (table.into(), ids.len(), weight.len());
    if width == 0 {
        return Err(Error::argument(OP, "the weight is empty"));
    }
    length(OP, "x", x.len(), tokens.saturating_mul(width))?;
    length(OP, "out", out.len(), x.len())?;
    length(OP, "rstd", rstd.len(), tokens)?;
    match dev {
        Device::Gpu(gpu) => forward_card(gpu, (out, x, rstd), table, ids, weight, eps),
        Device::Cpu(_) => {
            // Types are looked at before anything is written.
            let (out, x, rstd) = (out.f32()?, x.f32()?, rstd.f32()?);
            let weight = View::F32(weight.f32()?);
            embedding::forward(dev, ViewMut::F32(x), table, ids, width)?;
            let (out, rstd) = (ViewMut::F32(out), ViewMut::F32(rstd));
            rmsnorm::forward(dev, out, rstd, View::F32(x), weight, eps)
        }
    }
}

fn forward_card(
    gpu: &Gpu,
    (out, x, rstd): (ViewMut, ViewMut, ViewMut),
    table: MatrixView,
    ids: View,
    weight: View,
    eps: f32,
) -> Result<()> {
    let MatrixView::Plain(table) = table else {
        return Err(Error::argument(OP, "a card reads no table of blocks"));
    };
    let (x, rstd, ids) = (gpu::floats(x)?, gpu::of(rstd, Dtype::F32)?, gpu::of(ids, Dtype::U32)?);
    let (dtype, width) = (x.dtype(), weight.len());
    let vocab = embedding::height(table.len(), width)?;
    let (out, table, weight) =
        (gpu::of(out, dtype)?, gpu::of(table, dtype)?, gpu::of(weight, dtype)?);
    let arguments = args![out, x, rstd, table, ids, weight, vocab as u32, width as u32, eps];
    gpu.launch(OP, OP, &[dtype], gpu::rows(ids.len(), width, dtype), arguments)
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;
    use crate::Tensor;
    use crate::blocks::tests::{KINDS, blocks};
    use crate::gpu::testing::{ids, near, schedules, tensor, values_of};
    use crate::testing::{close, device, values, wide};

    const EPS: f32 = 1e-5;

    /// x, out and rstd of all tokens in double precision.
    fn reference(table: &[f64], ids: &[u32], weight: &[f64]) -> [Vec<f64>; 3] {
        let width = weight.len();
        let [mut all, mut out, mut rstd] = [Vec::new(), Vec::new(), Vec::new()];
        for id in ids {
            let x = &table[*id as usize * width..][..width];
            let mean = x.iter().map(|v| v * v).sum::<f64>() / width as f64;
            let scale = 1.0 / (mean + f64::from(EPS)).sqrt();
            all.extend(x);
            out.extend(x.iter().zip(weight).map(|(x, weight)| x * scale * weight));
            rstd.push(scale);
        }
        [all, out, rstd]
    }

    /// What the op leaves in x, out and rstd.
    fn run<'t>(
        dev: &Device,
        table: impl Into<MatrixView<'t>>,
        ids: View,
        weight: View,
    ) -> Result<[Tensor; 3]> {
        let many = ids.len() * weight.len();
        let [mut x, mut out] = [0, 1].map(|_| dev.zeros(dev.float(), many).unwrap());
        let mut rstd = dev.zeros(Dtype::F32, ids.len())?;
        let to = (out.view_mut(), x.view_mut(), rstd.view_mut());
        forward(dev, to.0, to.1, to.2, table, ids, weight, EPS)?;
        Ok([x, out, rstd])
    }

    /// Ids in no order, some of them twice, the table's last one among them.
    fn chosen(vocab: usize, tokens: usize) -> Vec<u32> {
        (0..tokens).map(|t| ((t * t + vocab - 1) % vocab) as u32).collect()
    }

    #[test]
    fn cards() {
        for (dtype, absolute, relative) in [(Dtype::F32, 2e-5, 1e-5), (Dtype::Bf16, 0.03, 0.02)] {
            let shapes = [(1, 1, 1), (3, 5, 2), (6, 64, 3), (7, 72, 30), (5, 333, 4), (4, 4104, 2)];
            for (vocab, width, tokens) in shapes {
                let table = near(dtype, &values(1, vocab * width));
                let weight = near(dtype, &values(2, width));
                let some = chosen(vocab, tokens);
                let found = schedules(dtype, |dev| {
                    // Each lies among other parameters, and so anywhere.
                    let (a, b) = (tokens % 2, vocab % 2);
                    let table = tensor(dev, dtype, &[&[0.0; 1][..a], &table].concat());
                    let weight = tensor(dev, dtype, &[&[0.0; 1][..b], &weight].concat());
                    let (table, weight) = (table.part(a..table.len()), weight.part(b..b + width));
                    let all = run(dev, table, ids(dev, &some).view(), weight).unwrap();
                    all.map(|tensor| values_of(dev, &tensor)).concat()
                });
                let expected = reference(&wide(&table), &some, &wide(&weight));
                let (x, rest) = found.split_at(tokens * width);
                close("x", x, &expected[0], 0.0, 0.0);
                let (out, rstd) = rest.split_at(tokens * width);
                close("out", out, &expected[1], absolute, relative);
                close("rstd", rstd, &expected[2], 0.0, 1e-5);
            }
        }
    }

    #[test]
    fn the_same_bits_as_one_after_the_other() {
        for dtype in [Dtype::F32, Dtype::Bf16] {
            let (table, weight) = (values(1, 7 * 576), values(2, 576));
            let found = schedules(dtype, |dev| {
                let [table, weight] = [&table, &weight].map(|v| tensor(dev, dtype, v));
                let some = ids(dev, &chosen(7, 5));
                let ([x, out, rstd], ids) =
                    (run(dev, table.view(), some.view(), weight.view()).unwrap(), some.view());
                let [mut y, mut normed] = [0, 1].map(|_| dev.zeros(dtype, x.len()).unwrap());
                let mut inverse = dev.zeros(Dtype::F32, 5).unwrap();
                embedding::forward(dev, y.view_mut(), table.view(), ids, 576).unwrap();
                let to = (normed.view_mut(), inverse.view_mut());
                rmsnorm::forward(dev, to.0, to.1, y.view(), weight.view(), EPS).unwrap();
                let [fused, apart] = [[x, out, rstd], [y, normed, inverse]]
                    .map(|all| all.map(|tensor| values_of(dev, &tensor)).concat());
                assert_eq!(fused, apart);
                fused
            });
            assert!(found.iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn cards_read_nothing_beyond_the_table() {
        let found = schedules(Dtype::F32, |dev| {
            let table = tensor(dev, Dtype::F32, &[1.0, 2.0, 3.0, 4.0]);
            let weight = tensor(dev, Dtype::F32, &[1.0, 1.0]);
            let some = ids(dev, &[1, 2, u32::MAX, 0]);
            let all = run(dev, table.view(), some.view(), weight.view()).unwrap();
            all.map(|tensor| values_of(dev, &tensor)).concat()
        });
        let nan: Vec<bool> = found.iter().map(|v| v.is_nan()).collect();
        let row = [false, false, true, true, true, true, false, false];
        assert_eq!(nan, [&row[..], &row, &[false, true, true, false]].concat());
        assert_eq!((&found[..2], &found[6..8]), (&[3.0, 4.0][..], &[1.0, 2.0][..]));
    }

    #[test]
    fn hosts() {
        let (dev, some, weight) = (device(), chosen(7, 6), values(2, 64));
        let (ids, by) = (View::U32(&some), View::F32(&weight));
        let check = |all: [Tensor; 3], table: &[f32]| {
            let expected = reference(&wide(table), &some, &wide(&weight));
            let found = all.map(|tensor| values_of(&dev, &tensor));
            close("x", &found[0], &expected[0], 0.0, 0.0);
            close("out", &found[1], &expected[1], 1e-6, 2e-6);
            close("rstd", &found[2], &expected[2], 0.0, 2e-6);
        };
        let table = values(1, 7 * 64);
        check(run(&dev, View::F32(&table), ids, by).unwrap(), &table);
        let half: Vec<bf16> = table.iter().map(|v| bf16::from_f32(*v)).collect();
        check(run(&dev, View::Bf16(&half), ids, by).unwrap(), &near(Dtype::Bf16, &table));
        for kind in KINDS {
            let table = blocks(kind, 7 * 64);
            let mut all = vec![0.0; table.len()];
            table.view().widen(0, &mut all);
            check(run(&dev, table.view(), ids, by).unwrap(), &all);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_before_anything_is_written() {
        let (table, some) = ([1.0; 12], [0, 3]);
        let mut held = ([7.0; 6], [7.0; 6], [7.0; 2]);
        let mut call = |lengths: [usize; 3], ids: &[u32], weight: View| {
            let (out, x, rstd) = (&mut held.0[..lengths[0]], &mut held.1, &mut held.2);
            let (x, rstd) = (&mut x[..lengths[1]], &mut rstd[..lengths[2]]);
            let to = (ViewMut::F32(out), ViewMut::F32(x), ViewMut::F32(rstd));
            let (table, ids) = (View::F32(&table), View::U32(ids));
            forward(&device(), to.0, to.1, to.2, table, ids, weight, EPS)
        };
        let weight = View::F32(&[1.0; 3]);
        assert!(call([5, 6, 2], &some, weight).is_err());
        assert!(call([6, 5, 2], &some, weight).is_err());
        assert!(call([6, 6, 1], &some, weight).is_err());
        assert!(call([6, 6, 2], &some, View::F32(&[])).is_err());
        assert!(call([6, 6, 2], &some, View::U32(&[1; 3])).is_err());
        let error = call([6, 6, 2], &[0, 4], weight).unwrap_err().to_string();
        assert_eq!(error, "embedding: id 4 is not below 4");
        assert_eq!(held, ([7.0; 6], [7.0; 6], [7.0; 2]));
    }
}
