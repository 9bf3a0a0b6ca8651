//! What the benches of a card are asked for, and the card they run on.

use std::process::ExitCode;
use std::sync::Arc;

use heedful_kernels::gpu::{Board, Gpu};
use heedful_kernels::{Device, Dtype, Result};
use serde_json::{Value, json};

/// A card, or the emulator that stands for one.
pub(crate) struct Place {
    pub(crate) board: Arc<dyn Board>,
    /// Shapes are tiny then, and times mean nothing.
    pub(crate) emulated: bool,
    asked: Vec<String>,
}

impl Place {
    /// The card in this type.
    pub(crate) fn device(&self, float: Dtype) -> Result<Device> {
        Ok(Device::Gpu(Gpu::new(Arc::clone(&self.board), float)?))
    }

    /// Whether this part is to run: all are, unless `--only` names some, divided by commas.
    pub(crate) fn runs(&self, part: &str) -> bool {
        value(&self.asked, "--only").is_none_or(|only| only.split(',').any(|one| one == part))
    }

    /// Whether something of this name is to run: what `--named` is a part of.
    pub(crate) fn named(&self, name: &str) -> bool {
        value(&self.asked, "--named").is_none_or(|part| name.contains(part))
    }

    /// The number behind this key.
    #[allow(dead_code, reason = "one of the two benches that share this has no numbers")]
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        value(&self.asked, key).and_then(|text| text.parse().ok())
    }
}

fn value<'a>(asked: &'a [String], key: &str) -> Option<&'a str> {
    let at = asked.iter().position(|word| word == key)?;
    asked.get(at + 1).map(String::as_str)
}

/// Opens what the command line names and runs `with` on it: `--card N`, `--emulated`, or neither,
/// which takes card 0 if there is one and says so if there is none. The exit is 0 for that too, 1
/// where `with` found something wrong, 2 for what was asked for and is not there.
pub(crate) fn main(
    emulator: fn() -> std::result::Result<Arc<dyn Board>, String>,
    with: fn(&Place) -> Result<bool>,
) -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let emulated = asked.iter().any(|word| word == "--emulated");
    let card = value(&asked, "--card");
    let board = match (emulated, card.unwrap_or("0").parse::<usize>()) {
        (true, _) => emulator(),
        (false, Ok(number)) => open(number).map_err(|error| error.to_string()),
        (false, Err(_)) => Err(format!("--card {}: not a number", card.unwrap_or_default())),
    };
    let board = match board {
        Ok(board) => board,
        Err(error) if emulated || card.is_some() => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
        Err(error) => {
            eprintln!("SKIPPED: no card: {error}");
            return ExitCode::SUCCESS;
        }
    };
    let facts = board.facts();
    say(&json!({"kind": "card", "name": facts.name, "emulated": emulated,
        "capability": format!("{}.{}", facts.capability.0, facts.capability.1),
        "processors": facts.processors, "memory": facts.memory}));
    match with(&Place { board, emulated, asked }) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn open(card: usize) -> Result<Arc<dyn Board>> {
    use heedful_kernels::gpu::cuda::{Cuda, Settings};
    Ok(Arc::new(Cuda::open(Settings { card, ..Settings::default() })?))
}

/// Prints a line that `benchmarks/gpu/suite.py` reads.
pub(crate) fn say(line: &Value) {
    use std::io::Write;
    println!("{line}");
    // A reader that is gone ends the bench by its own exit.
    let _ = std::io::stdout().flush();
}
