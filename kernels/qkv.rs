//! What happens to queries, keys and values between their GEMM and attention: bias, RMS norm of
//! each head of queries and keys (Qwen3), rotation of queries and keys. Values get the bias alone.
//!
//! A row of `[T,W]`, W = (heads + 2 kv) · D, holds the heads of queries, then of keys, then of
//! values. `rstd` is `[T,heads+kv]`, `positions` is `[T]`. A card does not check positions: what
//! one beyond the table touches becomes NaN.

mod card;

use crate::device::{Cpu, Device};
use crate::error::{Error, Result, length};
use crate::rope::{Table, turn, turn_back};
use crate::simd::{Level, dot, fma, multiversion};
use crate::split::{Rows, by_rows, rows};
use crate::tensor::{View, ViewMut};

/// Columns that one block of a sum over rows owns.
const COLUMNS: usize = 64;

/// Rows that are summed before they are added to the sum of all, which keeps rounding small.
const RUN: usize = 128;

/// Heads and their width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Query heads, H.
    pub heads: usize,
    /// Key-value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head, D.
    pub head_dim: usize,
}

/// Weights `[D]` of the norms of queries and keys, and their epsilon.
#[derive(Debug, Clone, Copy)]
pub struct Norms<'a> {
    /// Weight for queries.
    pub q: View<'a>,
    /// Weight for keys.
    pub k: View<'a>,
    /// Added to the mean square.
    pub eps: f32,
}

/// Gradients `[D]` of the norms' weights; added to.
#[derive(Debug)]
pub struct NormGrads<'a> {
    /// For queries.
    pub q: ViewMut<'a>,
    /// For keys.
    pub k: ViewMut<'a>,
}

impl Shape {
    /// Width of a row, W = (heads + 2 kv) · D.
    pub fn row(self) -> usize {
        self.kv_heads.saturating_mul(2).saturating_add(self.heads).saturating_mul(self.head_dim)
    }

    /// Heads that are turned: queries and keys.
    fn turned(self) -> usize {
        self.heads.saturating_add(self.kv_heads)
    }

    /// Refuses heads that cannot be.
    pub(crate) fn check(self, op: &'static str) -> Result<()> {
        let Shape { heads, kv_heads, head_dim } = self;
        let fits = kv_heads > 0 && heads > 0 && heads.is_multiple_of(kv_heads) && head_dim > 0;
        if fits && self.row() < usize::MAX {
            return Ok(());
        }
        let problem = format!("{heads} query heads, {kv_heads} key-value heads, width {head_dim}");
        Err(Error::argument(op, problem))
    }
}

/// The same on slices of the host, checked.
#[derive(Clone, Copy)]
struct Host<'a> {
    bias: Option<&'a [f32]>,
    norms: Option<(&'a [f32], &'a [f32], f32)>,
    positions: &'a [u32],
    cos: &'a [f32],
    sin: &'a [f32],
    shape: Shape,
    level: Level,
}

/// Sets `out` from the GEMM's output `raw`. `rstd` is set where there are norms; without, it is not
/// touched and may be empty.
///
/// # Errors
/// Lengths or a head width that do not fit, a position beyond the table, buffers of other types.
#[expect(clippy::too_many_arguments, reason = "an op names its buffers one by one")]
pub fn forward(
    dev: &Device,
    out: ViewMut,
    rstd: ViewMut,
    raw: View,
    bias: Option<View>,
    norms: Option<Norms>,
    positions: View,
    table: &Table,
    shape: Shape,
) -> Result<()> {
    check(shape, positions.len(), &[("out", out.len()), ("raw", raw.len())])?;
    check_rstd(norms, rstd.len(), positions.len(), shape)?;
    match dev {
        Device::Gpu(gpu) => {
            let rstd = norms.is_some().then_some(rstd);
            let weights = (bias, norms);
            card::forward(gpu, (out, rstd), Some(raw), weights, positions, (table, shape))?;
        }
        Device::Cpu(cpu) => {
            let host = Host::new(bias, norms, positions, table, shape)?;
            let (out, raw) = (out.f32()?, raw.f32()?);
            let kept = if norms.is_some() { shape.turned() } else { 0 };
            forward_host(cpu, out, (rstd.f32()?, kept), Some(raw), host);
        }
    }
    Ok(())
}

/// The same in place, for models without norms.
///
/// # Errors
/// As [`forward`].
pub fn forward_in_place(
    dev: &Device,
    qkv: ViewMut,
    bias: Option<View>,
    positions: View,
    table: &Table,
    shape: Shape,
) -> Result<()> {
    check(shape, positions.len(), &[("qkv", qkv.len())])?;
    match dev {
        Device::Gpu(gpu) => {
            card::forward(gpu, (qkv, None), None, (bias, None), positions, (table, shape))?;
        }
        Device::Cpu(cpu) => {
            let host = Host::new(bias, None, positions, table, shape)?;
            forward_host(cpu, qkv.f32()?, (&mut [], 0), None, host);
        }
    }
    Ok(())
}

/// Sets `draw` from `dout`, and adds to the gradients of bias and norms. `raw` and `rstd` are what
/// [`forward`] read and wrote; without norms they are not read and may be empty.
///
/// # Errors
/// As [`forward`]; gradients of norms without norms.
#[expect(clippy::too_many_arguments, reason = "an op names its buffers one by one")]
pub fn backward(
    dev: &Device,
    draw: ViewMut,
    dbias: Option<ViewMut>,
    dnorms: Option<NormGrads>,
    dout: View,
    raw: View,
    rstd: View,
    bias: Option<View>,
    norms: Option<Norms>,
    positions: View,
    table: &Table,
    shape: Shape,
) -> Result<()> {
    check(shape, positions.len(), &[("draw", draw.len()), ("dout", dout.len())])?;
    check_rstd(norms, rstd.len(), positions.len(), shape)?;
    check_grads(dbias.as_ref(), dnorms.as_ref(), norms.is_some(), shape)?;
    if norms.is_some() {
        check(shape, positions.len(), &[("raw", raw.len())])?;
    }
    match dev {
        Device::Gpu(gpu) => {
            let (grads, kept) = ((dbias, dnorms), norms.is_some().then_some((raw, rstd)));
            let (weights, table) = ((bias, norms), (table, shape));
            card::backward(gpu, draw, grads, Some(dout), kept, weights, positions, table)?;
        }
        Device::Cpu(cpu) => {
            let host = Host::new(bias, norms, positions, table, shape)?;
            let (draw, dout, raw, rstd) = (draw.f32()?, dout.f32()?, raw.f32()?, rstd.f32()?);
            let dbias = dbias.map(ViewMut::f32).transpose()?;
            let grads = dnorms.map(|g| Ok((g.q.f32()?, g.k.f32()?))).transpose()?;
            backward_host(cpu, draw, Some(dout), (raw, rstd), host);
            if let Some((q, k)) = grads {
                norm_weight(cpu, q, 0..shape.heads, dout, (raw, rstd), host);
                norm_weight(cpu, k, shape.heads..shape.turned(), dout, (raw, rstd), host);
            }
            if let Some(dbias) = dbias {
                sum_rows(cpu, dbias, draw);
            }
        }
    }
    Ok(())
}

/// The same in place, for models without norms: gradients after become gradients before.
///
/// # Errors
/// As [`forward`].
pub fn backward_in_place(
    dev: &Device,
    dqkv: ViewMut,
    dbias: Option<ViewMut>,
    positions: View,
    table: &Table,
    shape: Shape,
) -> Result<()> {
    check(shape, positions.len(), &[("dqkv", dqkv.len())])?;
    check_grads(dbias.as_ref(), None, false, shape)?;
    match dev {
        Device::Gpu(gpu) => {
            let (grads, table) = ((dbias, None), (table, shape));
            card::backward(gpu, dqkv, grads, None, None, (None, None), positions, table)?;
        }
        Device::Cpu(cpu) => {
            let host = Host::new(None, None, positions, table, shape)?;
            let (dqkv, dbias) = (dqkv.f32()?, dbias.map(ViewMut::f32).transpose()?);
            backward_host(cpu, dqkv, None, (&[], &[]), host);
            if let Some(dbias) = dbias {
                sum_rows(cpu, dbias, dqkv);
            }
        }
    }
    Ok(())
}

fn check(shape: Shape, tokens: usize, wide: &[(&'static str, usize)]) -> Result<()> {
    shape.check("qkv")?;
    let expected = tokens.saturating_mul(shape.row());
    wide.iter().try_for_each(|(name, found)| length("qkv", name, *found, expected))
}

fn check_rstd(norms: Option<Norms>, found: usize, tokens: usize, shape: Shape) -> Result<()> {
    let expected = tokens.saturating_mul(shape.turned());
    if norms.is_some() { length("qkv", "rstd", found, expected) } else { Ok(()) }
}

fn check_grads(
    dbias: Option<&ViewMut>,
    dnorms: Option<&NormGrads>,
    norms: bool,
    shape: Shape,
) -> Result<()> {
    if let Some(dbias) = dbias {
        length("qkv", "dbias", dbias.len(), shape.row())?;
    }
    let Some(grads) = dnorms else { return Ok(()) };
    length("qkv", "dnorms.q", grads.q.len(), shape.head_dim)?;
    length("qkv", "dnorms.k", grads.k.len(), shape.head_dim)?;
    if norms { Ok(()) } else { Err(Error::argument("qkv", "gradients of norms without norms")) }
}

fn check_table(table: &Table, shape: Shape) -> Result<()> {
    let (found, wanted) = (table.head_dim(), shape.head_dim);
    if found == wanted {
        return Ok(());
    }
    Err(Error::argument("qkv", format!("a table for heads of {found}, not of {wanted}")))
}

fn check_weights(bias: Option<View>, norms: Option<Norms>, shape: Shape) -> Result<()> {
    if let Some(bias) = bias {
        length("qkv", "bias", bias.len(), shape.row())?;
    }
    let Some(norms) = norms else { return Ok(()) };
    length("qkv", "norms.q", norms.q.len(), shape.head_dim)?;
    length("qkv", "norms.k", norms.k.len(), shape.head_dim)
}

impl<'a> Host<'a> {
    fn new(
        bias: Option<View<'a>>,
        norms: Option<Norms<'a>>,
        positions: View<'a>,
        table: &'a Table,
        shape: Shape,
    ) -> Result<Host<'a>> {
        check_table(table, shape)?;
        let positions = positions.u32()?;
        if let Some(p) = positions.iter().find(|p| **p as usize >= table.positions()) {
            let problem = format!("position {p} is not below {}", table.positions());
            return Err(Error::argument("qkv", problem));
        }
        check_weights(bias, norms, shape)?;
        Ok(Host {
            bias: bias.map(View::f32).transpose()?,
            norms: norms.map(|n| Ok((n.q.f32()?, n.k.f32()?, n.eps))).transpose()?,
            positions,
            cos: table.cos.view().f32()?,
            sin: table.sin.view().f32()?,
            shape,
            level: Level::best(),
        })
    }

    /// Cosines and sines of one token.
    #[inline(always)]
    fn angles(&self, token: usize) -> (&'a [f32], &'a [f32]) {
        let half = self.shape.head_dim / 2;
        let at = self.positions[token] as usize * half;
        (&self.cos[at..at + half], &self.sin[at..at + half])
    }

    /// Columns of one head.
    #[inline(always)]
    fn head(&self, head: usize) -> std::ops::Range<usize> {
        head * self.shape.head_dim..(head + 1) * self.shape.head_dim
    }
}

fn forward_host(
    cpu: &Cpu,
    out: &mut [f32],
    (rstd, kept): (&mut [f32], usize),
    raw: Option<&[f32]>,
    host: Host,
) {
    let width = host.shape.row();
    let out = (Rows::new(out, width), Rows::new(rstd, kept));
    by_rows(cpu, rows(width), out, |rows, (out, rstd)| {
        for (at, (out, token)) in out.chunks_exact_mut(width).zip(rows).enumerate() {
            if let Some(raw) = raw {
                out.copy_from_slice(&raw[token * width..][..width]);
            }
            forward_row(host.level, out, &mut rstd[at * kept..][..kept], token, host);
        }
    });
}

fn backward_host(
    cpu: &Cpu,
    draw: &mut [f32],
    dout: Option<&[f32]>,
    (raw, rstd): (&[f32], &[f32]),
    host: Host,
) {
    let (width, turned) = (host.shape.row(), host.shape.turned());
    by_rows(cpu, rows(width), Rows::new(draw, width), |rows, draw| {
        for (draw, token) in draw.chunks_exact_mut(width).zip(rows) {
            if let Some(dout) = dout {
                draw.copy_from_slice(&dout[token * width..][..width]);
            }
            turn_row_back(host.level, draw, token, host);
            if host.norms.is_some() {
                let raw = &raw[token * width..][..width];
                norm_row_back(host.level, draw, raw, &rstd[token * turned..][..turned], host);
            }
        }
    });
}

multiversion! {
    fn forward_row<const FMA: bool>(out: &mut [f32], rstd: &mut [f32], token: usize, host: Host) {
        if let Some(bias) = host.bias {
            out.iter_mut().zip(bias).for_each(|(out, b)| *out += b);
        }
        let (cos, sin) = host.angles(token);
        for at in 0..host.shape.turned() {
            let head = &mut out[host.head(at)];
            if let Some((q, k, eps)) = host.norms {
                let scale = 1.0 / (dot::<FMA>(head, head) / head.len() as f32 + eps).sqrt();
                let weight = if at < host.shape.heads { q } else { k };
                head.iter_mut().zip(weight).for_each(|(v, w)| *v = *v * scale * w);
                rstd[at] = scale;
            }
            turn::<FMA>(head, cos, sin);
        }
    }
}

multiversion! {
    fn turn_row_back<const FMA: bool>(row: &mut [f32], token: usize, host: Host) {
        let (cos, sin) = host.angles(token);
        for at in 0..host.shape.turned() {
            turn_back::<FMA>(&mut row[host.head(at)], cos, sin);
        }
    }
}

multiversion! {
    /// Through the norms of one row, whose rotation is undone already, in place.
    fn norm_row_back<const FMA: bool>(row: &mut [f32], raw: &[f32], rstd: &[f32], host: Host) {
        let Some((q, k, _)) = host.norms else { return };
        for (at, scale) in rstd.iter().enumerate() {
            let weight = if at < host.shape.heads { q } else { k };
            let (grad, raw) = (&mut row[host.head(at)], &raw[host.head(at)]);
            let bias = host.bias.map(|bias| &bias[host.head(at)]);
            let normed = |i: usize| (raw[i] + bias.map_or(0.0, |b| b[i])) * scale;
            let mut projected = 0.0;
            for (i, (g, w)) in grad.iter_mut().zip(weight).enumerate() {
                *g *= w;
                projected = fma::<FMA>(*g, normed(i), projected);
            }
            let mean = projected / grad.len() as f32;
            for (i, g) in grad.iter_mut().enumerate() {
                *g = scale * fma::<FMA>(-mean, normed(i), *g);
            }
        }
    }
}

/// Adds the gradient of one norm's weight. A block owns pairs of columns, since a rotation mixes
/// column i with i + D/2, and goes through all rows.
fn norm_weight(
    cpu: &Cpu,
    grad: &mut [f32],
    heads: std::ops::Range<usize>,
    dout: &[f32],
    (raw, rstd): (&[f32], &[f32]),
    host: Host,
) {
    const PAIRS: usize = 16;
    let Shape { head_dim, .. } = host.shape;
    let (width, turned, half) = (host.shape.row(), host.shape.turned(), head_dim / 2);
    let (first, second) = grad.split_at_mut(half);
    by_rows(cpu, PAIRS, (Rows::new(first, 1), Rows::new(second, 1)), |pairs, (first, second)| {
        let mut sums = [[0.0f64; PAIRS]; 2];
        for token in 0..host.positions.len() {
            let (cos, sin) = host.angles(token);
            for head in heads.clone() {
                let scale = rstd[token * turned + head];
                for (at, i) in pairs.clone().enumerate() {
                    let (a, b) = (head * head_dim + i, head * head_dim + i + half);
                    let (da, db) = (dout[token * width + a], dout[token * width + b]);
                    let bias = |column: usize| host.bias.map_or(0.0, |bias| bias[column]);
                    let normed = |column| (raw[token * width + column] + bias(column)) * scale;
                    sums[0][at] += f64::from((da * cos[i] + db * sin[i]) * normed(a));
                    sums[1][at] += f64::from((db * cos[i] - da * sin[i]) * normed(b));
                }
            }
        }
        first.iter_mut().zip(sums[0]).for_each(|(to, sum)| *to += sum as f32);
        second.iter_mut().zip(sums[1]).for_each(|(to, sum)| *to += sum as f32);
    });
}

/// Adds the sum of the rows of `rows` to `to`.
fn sum_rows(cpu: &Cpu, to: &mut [f32], rows: &[f32]) {
    let (width, level) = (to.len(), Level::best());
    cpu.chunks(to, COLUMNS, |at, to| sum_columns(level, to, at * COLUMNS, width, rows));
}

multiversion! {
    fn sum_columns<const FMA: bool>(to: &mut [f32], first: usize, width: usize, rows: &[f32]) {
        let count = to.len();
        for run in rows.chunks(RUN * width) {
            let mut sums = [0.0; COLUMNS];
            let sums = &mut sums[..count];
            for row in run.chunks_exact(width) {
                let row = &row[first..first + count];
                sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
            }
            to.iter_mut().zip(sums).for_each(|(to, sum)| *to += *sum);
        }
    }
}

#[cfg(test)]
#[path = "qkv_card_tests.rs"]
mod card_tests;
#[cfg(test)]
#[path = "qkv_tests.rs"]
mod tests;
