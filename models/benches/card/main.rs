//! Whole models on a card, with drawn weights in the shapes of published ones: decoding, training,
//! GRPO steps, scoring, and a small model's step beside the host's.
//!
//! `cargo bench -p heedful-models --bench card -- [--card N | --emulated]
//! [--only parity,decode,train,grpo,score] [--named PART-OF-A-SHAPE] [--prompts N]`
//!
//! Prints lines of JSON, which `benchmarks/gpu/suite.py` judges; the README beside that says what
//! they mean. Without a card it says so and exits 0, or 2 where `--card` asks for one; 1 where the
//! small model's step is not the host's. `--emulated` runs a tiny model through the emulator, to
//! check the bench itself: its times mean nothing.

mod decode;
mod parity;
#[path = "../../../kernels/benches/card/place.rs"]
mod place;
mod score;
mod shapes;
mod train;

use std::process::ExitCode;
use std::sync::Arc;

use heedful_kernels::gpu::Board;
use heedful_kernels::gpu::emulated::{Emulated, Schedule};
use heedful_kernels::{Device, Dtype};
use heedful_models::{Config, Result};
use serde_json::{Value, json};

use place::{Place, say};

/// The shapes, from small to large.
const SHAPES: [&str; 4] = ["smollm2-135m", "qwen2.5-0.5b", "qwen2.5-1.5b", "qwen2.5-7b"];

/// What the pairs a second are of.
const SCORED: &str = "qwen2.5-1.5b";

/// Prompts of a GRPO step.
const PROMPTS: f64 = 32.0;

fn main() -> ExitCode {
    place::main(emulator, run)
}

fn emulator() -> std::result::Result<Arc<dyn Board>, String> {
    Ok(Arc::new(Emulated::new(Schedule::RoundRobin)))
}

fn run(place: &Place) -> heedful_kernels::Result<bool> {
    let sound = !place.runs("parity") || parity::all(place);
    let shapes: &[&str] = if place.emulated { &["tiny"] } else { &SHAPES };
    for name in shapes.iter().filter(|name| place.named(name)) {
        let config = shapes::named(name).expect("the list is of known shapes");
        for part in ["decode", "train", "grpo", "score"] {
            let scored = part != "score" || *name == SCORED || place.emulated;
            if place.runs(part) && scored {
                told(part, name, one(place, part, &config));
            }
        }
    }
    Ok(sound)
}

/// Times a part on a device of its own, whose buffers are given back after it.
fn one(place: &Place, part: &str, config: &Config) -> Result<Value> {
    let dev: Device = place.device(Dtype::Bf16)?;
    let tiny = place.emulated;
    match part {
        "decode" => decode::time(&dev, config, if tiny { &decode::TINY } else { &decode::SIZE }),
        "train" => train::time(dev, config, if tiny { &train::TINY } else { &train::SIZE }),
        "grpo" if tiny => train::grpo(dev, config, &train::TINY_GROUPS),
        "grpo" => {
            let prompts = place.number("--prompts").unwrap_or(PROMPTS).clamp(1.0, 1024.0);
            train::grpo(dev, config, &train::groups(prompts as usize))
        }
        _ => score::time(&dev, config, if tiny { &score::TINY } else { &score::SIZE }),
    }
}

/// Says what was measured, or what hindered it.
fn told(part: &str, shape: &str, outcome: Result<Value>) {
    let mut line = json!({"kind": part, "by": "heedful", "shape": shape});
    match outcome {
        Ok(Value::Object(found)) => {
            let line = line.as_object_mut().expect("it was made as one");
            line.extend(found);
        }
        Ok(_) => line["why"] = "nothing was measured".into(),
        Err(error) => {
            let why = error.to_string();
            let missing = why.ends_with("does not run on a card");
            line["verdict"] = if missing { "MISSING" } else { "FAILED" }.into();
            line["why"] = why.into();
        }
    }
    say(&line);
}
