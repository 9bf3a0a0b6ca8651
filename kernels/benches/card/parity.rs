//! Every op on the card beside the host: the same drawn values, in f32 and in bf16.
//!
//! What is compared are all values that a call writes or returns. The host computes in f32 from
//! inputs that were rounded to the card's type, so an error is the card's own rounding, or wrong.

use heedful_kernels::{Device, Dtype, Error, Result, Tensor, copy};
use serde_json::json;

use crate::dims::{self, Dims};
use crate::op::{Make, Op};
use crate::place::{Place, say};
use crate::side::Side;

/// ‖card − host‖ / ‖host‖ at most: f32 lands far under it, and products of bf16 values rounded to
/// bf16 between 1e-3 and this.
fn most(float: Dtype) -> f64 {
    if float == Dtype::F32 { 2e-5 } else { 1e-2 }
}

/// The same of a single value, against the root mean square of all and its own size.
fn worst(float: Dtype) -> f64 {
    if float == Dtype::F32 { 5e-4 } else { 6e-2 }
}

/// Ids may differ where two tokens are as likely but for rounding: one of so many.
const IDS: f64 = 0.02;

/// Checks all ops; whether none failed. Ops that do not run on a card are told, and fail nothing.
pub(crate) fn all(place: &Place) -> Result<bool> {
    let host = Device::cpu(0)?;
    let (mut passed, mut failed, mut missing) = (0, 0, 0);
    for float in [Dtype::F32, Dtype::Bf16] {
        let card = place.device(float)?;
        for d in dims::checked(place.emulated) {
            for (name, make) in crate::ops() {
                if !place.named(name) {
                    continue;
                }
                match one((&host, &card), (name, make), &d, float) {
                    Verdict::Passed => passed += 1,
                    Verdict::Failed => failed += 1,
                    Verdict::Missing => missing += 1,
                }
            }
        }
    }
    say(&json!({"kind": "parity-sum", "passed": passed, "failed": failed, "missing": missing}));
    Ok(failed == 0)
}

enum Verdict {
    Passed,
    Failed,
    Missing,
}

/// Checks an op at a shape and says what came of it.
fn one(
    (host, card): (&Device, &Device),
    (name, make): (&str, Make<Dims>),
    d: &Dims,
    float: Dtype,
) -> Verdict {
    let shape = d.name;
    let mut line = json!({"kind": "parity", "op": name, "shape": shape, "type": float.to_string()});
    let found = outcome(make, Side { dev: card, near: float }, d);
    let expected = outcome(make, Side { dev: host, near: float }, d);
    let verdict = match (found, expected) {
        (Ok(found), Ok(expected)) => {
            let off = found.iter().zip(&expected).map(|(found, expected)| apart(found, expected));
            let off: Vec<Apart> = off.collect();
            let sound = found.len() == expected.len()
                && off.iter().all(|off| off.fits(float))
                && !off.is_empty();
            let max = |of: fn(&Apart) -> f64| off.iter().map(of).fold(0.0, larger);
            line["error"] = number(max(|off| off.norm));
            line["worst"] = number(max(|off| off.worst));
            line["values"] = found.iter().map(|found| found.values.len()).sum::<usize>().into();
            if sound { Verdict::Passed } else { Verdict::Failed }
        }
        (Err(error), _) if missing(&error) => {
            line["why"] = error.to_string().into();
            Verdict::Missing
        }
        (Err(error), _) => {
            line["why"] = format!("on the card: {error}").into();
            Verdict::Failed
        }
        (_, Err(error)) => {
            line["why"] = format!("on the host: {error}").into();
            Verdict::Failed
        }
    };
    line["verdict"] = match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "FAILED",
        Verdict::Missing => "MISSING",
    }
    .into();
    say(&line);
    verdict
}

/// Whether an op says that there is no kernel for it yet.
pub(crate) fn missing(error: &Error) -> bool {
    error.to_string().ends_with("does not run on a card")
}

/// The larger one, NaN above all.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// JSON has no NaN; a value that is none is told as text.
fn number(value: f64) -> serde_json::Value {
    if value.is_finite() { value.into() } else { value.to_string().into() }
}

/// What a call wrote into one buffer, or returned.
struct Written {
    values: Vec<f64>,
    ids: bool,
}

/// Makes the op, calls it once and reads what it wrote.
fn outcome(make: Make<Dims>, side: Side, d: &Dims) -> Result<Vec<Written>> {
    let mut op: Op = make(side, d)?;
    let told = op.run(side.dev)?;
    let buffers = &op.held[..op.written.len()];
    let mut all =
        buffers.iter().map(|buffer| read(side.dev, buffer)).collect::<Result<Vec<_>>>()?;
    if !told.is_empty() {
        all.push(Written { values: told, ids: false });
    }
    Ok(all)
}

fn read(dev: &Device, buffer: &Tensor) -> Result<Written> {
    if buffer.dtype() == Dtype::U32 {
        let ids = copy::read_u32(dev, buffer.view())?;
        return Ok(Written { values: ids.iter().map(|id| f64::from(*id)).collect(), ids: true });
    }
    let values = copy::read_f32(dev, buffer.view())?;
    Ok(Written { values: values.iter().map(|value| f64::from(*value)).collect(), ids: false })
}

/// How far what the card wrote is from what the host wrote.
struct Apart {
    norm: f64,
    worst: f64,
    ids: bool,
}

impl Apart {
    /// NaN does not fit.
    fn fits(&self, float: Dtype) -> bool {
        if self.ids {
            self.norm <= IDS
        } else {
            self.norm <= most(float) && self.worst <= worst(float)
        }
    }
}

fn apart(found: &Written, expected: &Written) -> Apart {
    let (a, b, ids) = (&found.values, &expected.values, found.ids);
    if a.len() != b.len() || a.is_empty() {
        return Apart { norm: f64::NAN, worst: f64::NAN, ids };
    }
    let count = a.len() as f64;
    if ids {
        let other = a.iter().zip(b).filter(|(a, b)| a != b).count() as f64 / count;
        return Apart { norm: other, worst: other, ids };
    }
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
    let size = squares(&mut b.iter().copied());
    let off = squares(&mut a.iter().zip(b).map(|(a, b)| a - b));
    let mean = (size / count).sqrt();
    let each = a.iter().zip(b).map(|(a, b)| (a - b).abs() / (mean + b.abs()).max(1e-30));
    Apart { norm: (off / size.max(1e-30)).sqrt(), worst: each.fold(0.0, larger), ids }
}
