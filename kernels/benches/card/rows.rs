//! Ops on rows: sums, norms, the gated activation, queries and keys, fill, scale and cast.

use heedful_kernels::{Result, add, cast, fill, qkv, rmsnorm, rope, scale, swiglu};

use crate::dims::Dims;
use crate::op::{Op, Work};
use crate::side::Side;

const EPS: f32 = 1e-6;

/// Bytes of an activation on a card.
const BYTES: usize = 2;

/// All of them with their names; those that the inventory of floors has are timed.
pub(crate) const OPS: [(&str, crate::op::Make<Dims>); 13] = [
    ("add::forward", added),
    ("cast::forward", cast_down),
    ("fill::forward", filled),
    ("scale::forward", scaled),
    ("rmsnorm::forward", normed),
    ("rmsnorm::residual", residual),
    ("rmsnorm::backward", normed_back),
    ("swiglu::forward", gated),
    ("swiglu::backward", gated_back),
    ("qkv::forward_in_place", turned),
    ("qkv::backward_in_place", turned_back),
    ("qkv::forward", head_norms),
    ("qkv::backward", head_norms_back),
];

fn added(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens * d.width;
    let held = [on.floats(1, n)?, on.floats(2, n)?];
    Ok(Op::new(Work::Bytes(3 * BYTES * n), &["y"], held, |dev, [y, x]| {
        add::forward(dev, y.view_mut(), x.view())
    }))
}

fn cast_down(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens * d.width;
    let held = [on.rounded_out(n)?, on.whole(1, n)?];
    Ok(Op::new(Work::Bytes((BYTES + 4) * n), &["to"], held, |dev, [to, from]| {
        cast::forward(dev, to.view_mut(), from.view())
    }))
}

fn filled(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens * d.width;
    Ok(Op::new(Work::Bytes(BYTES * n), &["x"], [on.out(n)?], |dev, [x]| {
        fill::forward(dev, x.view_mut(), 1.5)
    }))
}

fn scaled(on: Side, d: &Dims) -> Result<Op> {
    let n = d.tokens * d.width;
    Ok(Op::new(Work::Bytes(2 * BYTES * n), &["x"], [on.floats(1, n)?], |dev, [x]| {
        scale::forward(dev, x.view_mut(), -1.0)
    }))
}

fn normed(on: Side, d: &Dims) -> Result<Op> {
    let (t, c) = (d.tokens, d.width);
    let held = [on.out(t * c)?, on.out_whole(t)?, on.floats(1, t * c)?, on.floats(2, c)?];
    let work = Work::Bytes(2 * BYTES * t * c);
    Ok(Op::new(work, &["out", "rstd"], held, |dev, [out, rstd, x, weight]| {
        rmsnorm::forward(dev, out.view_mut(), rstd.view_mut(), x.view(), weight.view(), EPS)
    }))
}

fn residual(on: Side, d: &Dims) -> Result<Op> {
    let (t, c) = (d.tokens, d.width);
    let written = [on.out(t * c)?, on.out(t * c)?, on.out_whole(t)?];
    let read = [on.floats(1, t * c)?, on.floats(2, t * c)?, on.floats(3, c)?];
    let ([out, sum, rstd], [x, delta, weight]) = (written, read);
    let held = [out, sum, rstd, x, delta, weight];
    let work = Work::Bytes(4 * BYTES * t * c);
    Ok(Op::new(work, &["out", "sum", "rstd"], held, |dev, [out, sum, rstd, x, delta, weight]| {
        let (out, sum, rstd) = (out.view_mut(), sum.view_mut(), rstd.view_mut());
        rmsnorm::residual(dev, out, sum, rstd, x.view(), delta.view(), weight.view(), EPS)
    }))
}

fn normed_back(on: Side, d: &Dims) -> Result<Op> {
    let (t, c) = (d.tokens, d.width);
    let [dx, dweight] = [on.floats(1, t * c)?, on.whole(2, c)?];
    let [dout, x, rstd] = [on.floats(3, t * c)?, on.floats(4, t * c)?, on.positive(5, t)?];
    let held = [dx, dweight, dout, x, rstd, on.floats(6, c)?];
    let work = Work::Bytes(4 * BYTES * t * c);
    Ok(Op::new(work, &["dx", "dweight"], held, |dev, [dx, dweight, dout, x, rstd, weight]| {
        let (dx, dweight) = (dx.view_mut(), dweight.view_mut());
        rmsnorm::backward(dev, dx, dweight, dout.view(), x.view(), rstd.view(), weight.view())
    }))
}

fn gated(on: Side, d: &Dims) -> Result<Op> {
    let (n, ffn) = (d.tokens * d.ffn, d.ffn);
    let held = [on.out(n)?, on.scaled(1, 2 * n, 4.0)?];
    Ok(Op::new(Work::Bytes(3 * BYTES * n), &["out"], held, move |dev, [out, gate_up]| {
        swiglu::forward(dev, out.view_mut(), gate_up.view(), ffn)
    }))
}

fn gated_back(on: Side, d: &Dims) -> Result<Op> {
    let (n, ffn) = (d.tokens * d.ffn, d.ffn);
    let held = [on.out(2 * n)?, on.floats(2, n)?, on.scaled(1, 2 * n, 4.0)?];
    Ok(Op::new(Work::Bytes(5 * BYTES * n), &["dgate_up"], held, move |dev, [grads, dout, x]| {
        swiglu::backward(dev, grads.view_mut(), dout.view(), x.view(), ffn)
    }))
}

/// The table of rotations, for as many positions as a sequence of the timings has.
fn table(on: Side, d: &Dims) -> Result<rope::Table> {
    let scaling = rope::Scaling::None;
    let head_dim = d.heads.head_dim;
    rope::Table::new(on.dev, &rope::Frequencies { head_dim, theta: 1e6, scaling }, SEQUENCE)
}

/// Positions of a table.
const SEQUENCE: usize = 1536;

fn positions(on: Side, d: &Dims) -> Result<heedful_kernels::Tensor> {
    on.words(&(0..d.tokens).map(|t| (t % SEQUENCE) as u32).collect::<Vec<_>>())
}

fn turned(on: Side, d: &Dims) -> Result<Op> {
    let (row, shape, table) = (d.heads.row(), d.heads, table(on, d)?);
    let held = [on.floats(1, d.tokens * row)?, on.floats(2, row)?, positions(on, d)?];
    // Values get the bias alone, but are read and written too.
    let work = Work::Bytes(2 * BYTES * d.tokens * row);
    Ok(Op::new(work, &["qkv"], held, move |dev, [qkv, bias, positions]| {
        let bias = Some(bias.view());
        qkv::forward_in_place(dev, qkv.view_mut(), bias, positions.view(), &table, shape)
    }))
}

fn turned_back(on: Side, d: &Dims) -> Result<Op> {
    let (row, shape, table) = (d.heads.row(), d.heads, table(on, d)?);
    let held = [on.floats(1, d.tokens * row)?, on.whole(2, row)?, positions(on, d)?];
    let work = Work::Bytes(2 * BYTES * d.tokens * row);
    Ok(Op::new(work, &["dqkv", "dbias"], held, move |dev, [dqkv, dbias, positions]| {
        let (dqkv, dbias) = (dqkv.view_mut(), Some(dbias.view_mut()));
        qkv::backward_in_place(dev, dqkv, dbias, positions.view(), &table, shape)
    }))
}

fn head_norms(on: Side, d: &Dims) -> Result<Op> {
    let (t, row, shape, table) = (d.tokens, d.heads.row(), d.heads, table(on, d)?);
    let turned = t * (shape.heads + shape.kv_heads);
    let written = [on.out(t * row)?, on.out_whole(turned)?];
    let [q, k] = [on.floats(2, shape.head_dim)?, on.floats(3, shape.head_dim)?];
    let [out, rstd] = written;
    let held = [out, rstd, on.floats(1, t * row)?, q, k, positions(on, d)?];
    let work = Work::Bytes(2 * BYTES * t * row);
    Ok(Op::new(work, &["out", "rstd"], held, move |dev, [out, rstd, raw, q, k, positions]| {
        let norms = Some(qkv::Norms { q: q.view(), k: k.view(), eps: EPS });
        let (out, rstd, at) = (out.view_mut(), rstd.view_mut(), positions.view());
        qkv::forward(dev, out, rstd, raw.view(), None, norms, at, &table, shape)
    }))
}

fn head_norms_back(on: Side, d: &Dims) -> Result<Op> {
    let (t, row, shape, table) = (d.tokens, d.heads.row(), d.heads, table(on, d)?);
    let turned = t * (shape.heads + shape.kv_heads);
    let [draw, dq] = [on.out(t * row)?, on.whole(2, shape.head_dim)?];
    let [dk, dout] = [on.whole(3, shape.head_dim)?, on.floats(4, t * row)?];
    let [raw, rstd] = [on.floats(5, t * row)?, on.positive(6, turned)?];
    let [q, k] = [on.floats(7, shape.head_dim)?, on.floats(8, shape.head_dim)?];
    let held = [draw, dq, dk, dout, raw, rstd, q, k, positions(on, d)?];
    let work = Work::Bytes(3 * BYTES * t * row);
    let written = &["draw", "dq", "dk"];
    Ok(Op::new(work, written, held, move |dev, [draw, dq, dk, dout, raw, rstd, q, k, at]| {
        let norms = Some(qkv::Norms { q: q.view(), k: k.view(), eps: EPS });
        let grads = Some(qkv::NormGrads { q: dq.view_mut(), k: dk.view_mut() });
        let (draw, dout, raw) = (draw.view_mut(), dout.view(), raw.view());
        let (rstd, at) = (rstd.view(), at.view());
        qkv::backward(dev, draw, None, grads, dout, raw, rstd, None, norms, at, &table, shape)
    }))
}
