//! The ops on a card: each against the host, and each against its floor.
//!
//! `cargo bench -p heedful-kernels --bench card -- [--card N | --emulated] [--only parity,floors]
//! [--named PART]`
//!
//! Prints lines of JSON, which `benchmarks/gpu/suite.py` judges; the README beside that says what
//! they mean. Without a card it says so and exits 0, or 2 where `--card` asks for one; 1 where an
//! op is not what the host says. `--emulated` runs tiny shapes through the emulator (built with
//! `--features simt`), to check the bench itself: its times mean nothing.

mod dims;
mod floors;
mod heads;
mod op;
mod parity;
mod place;
mod rows;
mod side;
mod timing;
mod tokens;
mod updates;

use std::process::ExitCode;
use std::sync::Arc;

use heedful_kernels::Result;
use heedful_kernels::gpu::Board;

use place::Place;

fn main() -> ExitCode {
    place::main(emulator, run)
}

fn run(place: &Place) -> Result<bool> {
    let sound = !place.runs("parity") || parity::all(place)?;
    if place.runs("floors") {
        floors::all(place)?;
    }
    Ok(sound)
}

/// All ops with their names.
fn ops() -> impl Iterator<Item = (&'static str, op::Make<dims::Dims>)> {
    rows::OPS.into_iter().chain(heads::OPS).chain(tokens::OPS).chain(updates::OPS)
}

#[cfg(feature = "simt")]
fn emulator() -> std::result::Result<Arc<dyn Board>, String> {
    use heedful_kernels::gpu::emulated::{Emulated, Schedule};
    Ok(Arc::new(Emulated::new(Schedule::RoundRobin)))
}

#[cfg(not(feature = "simt"))]
fn emulator() -> std::result::Result<Arc<dyn Board>, String> {
    Err("--emulated: built without the emulator, which --features simt adds".to_owned())
}
