//! Every op of the inventory of floors at its shapes, and the two ceilings of this card: a copy
//! within its memory, and a large product. What is judged is judged by `benchmarks/gpu/suite.py`.

use heedful_kernels::{Device, Dtype, Result, copy, gemm};
use serde_json::json;

use crate::dims::{self, Dims};
use crate::op::{Make, Op, Work};
use crate::parity::missing;
use crate::place::{Place, say};
use crate::side::Side;
use crate::timing::{Times, time};

/// Bytes of all buffers that calls take turns in, so that a cache does not hold what they read.
const ROTATED: usize = 1 << 28;

/// Sets of buffers at most.
const SETS: usize = 4;

/// Bytes of a ceiling's copy; each is read and written.
const COPIED: usize = 1 << 30;

/// Rows, columns and sums of a ceiling's product.
const SIDE: usize = 8192;

/// Ops of the inventory that do not depend on the shape, but for how much there is: timed once.
const ONCE: [&str; 5] =
    ["norm::global", "norm::clip", "adamw::step", "adamw::copied", "adamw8::step"];

/// What the inventory of floors has nothing of, or what takes about a microsecond.
const UNTIMED: [&str; 13] = [
    "likelihood::backward",
    "ratio::tokens",
    "ratio::sequences",
    "surrogate::entropy",
    "fill::forward",
    "scale::forward",
    "head::gather",
    "head::scatter_add",
    "head::cross_entropy",
    "head::bce",
    "head::preference",
    "advantage::group, deviation",
    "advantage::group, leave one out",
];

/// Times them all.
pub(crate) fn all(place: &Place) -> Result<()> {
    let card = place.device(Dtype::Bf16)?;
    ceilings(place, &card)?;
    for (at, d) in dims::timed(place.emulated).iter().enumerate() {
        for (name, make) in crate::ops() {
            if UNTIMED.contains(&name) || (at > 0 && ONCE.contains(&name)) || !place.named(name) {
                continue;
            }
            one(place, &card, (name, make), d);
        }
    }
    Ok(())
}

fn ceilings(place: &Place, card: &Device) -> Result<()> {
    let bytes = if place.emulated { 1 << 12 } else { COPIED };
    let on = Side { dev: card, near: Dtype::Bf16 };
    let [from, mut to] = [on.floats(1, bytes / 2)?, on.out(bytes / 2)?];
    let times =
        time(&*place.board, place.emulated, &mut |_| copy::part(card, to.view_mut(), from.view()))?;
    tell("ceiling", "copy", &format!("{} MiB", bytes >> 20), Work::Bytes(2 * bytes), &times);
    drop((from, to));
    let side = if place.emulated { 32 } else { SIDE };
    let shape = gemm::Shape { m: side, n: side, k: side };
    let [a, b, mut c] =
        [on.floats(1, side * side)?, on.floats(2, side * side)?, on.out(side * side)?];
    let times = time(&*place.board, place.emulated, &mut |_| {
        gemm::nt(card, c.view_mut(), a.view(), b.view(), shape, gemm::Write::Set)
    })?;
    let work = Work::Flops(2 * side * side * side);
    tell("ceiling", "product", &format!("{side} cubed"), work, &times);
    Ok(())
}

/// Times an op; what hinders it is said, and the others go on.
fn one(place: &Place, card: &Device, (name, make): (&str, Make<Dims>), d: &Dims) {
    match timed(place, card, make, d) {
        Ok((work, times)) => tell("floor", name, d.name, work, &times),
        Err(error) => {
            let kind = if missing(&error) { "MISSING" } else { "FAILED" };
            let why = error.to_string();
            say(
                &json!({"kind": "floor", "op": name, "shape": d.name, "verdict": kind, "why": why}),
            );
        }
    }
}

fn timed(place: &Place, card: &Device, make: Make<Dims>, d: &Dims) -> Result<(Work, Times)> {
    let on = Side { dev: card, near: Dtype::Bf16 };
    let first = make(on, d)?;
    let work = first.work;
    let bytes: usize = first.held.iter().map(|held| held.len() * held.dtype().bytes()).sum();
    let count = if place.emulated { 1 } else { ROTATED.div_ceil(bytes.max(1)).clamp(1, SETS) };
    let mut sets: Vec<Op> = vec![first];
    while sets.len() < count {
        sets.push(make(on, d)?);
    }
    let times =
        time(&*place.board, place.emulated, &mut |at| sets[at % count].run(card).map(|_| ()))?;
    Ok((work, times))
}

/// Says what was measured.
fn tell(kind: &str, op: &str, shape: &str, work: Work, times: &Times) {
    let Times { median, least, most, rounds, calls } = times;
    let mut line = json!({"kind": kind, "by": "heedful", "op": op, "shape": shape,
        "seconds": median, "least": least, "most": most, "rounds": rounds, "calls": calls});
    match work {
        Work::Bytes(bytes) => line["bytes"] = bytes.into(),
        Work::Flops(flops) => line["flops"] = flops.into(),
    }
    say(&line);
}
