//! What of a card is there: libraries with their versions and places, cards, the host; and what
//! `--device auto` makes of it.

use std::path::PathBuf;

use cudarc::cublaslt;

use super::cuda::driver::{self, Card};
use super::cuda::library;
use crate::error::Result;
use crate::isa::Isa;

/// The oldest capability that the kernels are for: bf16 came with it.
const OLDEST: (u32, u32) = (8, 0);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The driver, NVRTC and cuBLASLt.
    pub parts: [Part; 3],
    /// Every card of the driver.
    pub cards: Vec<Card>,
    /// Threads that the host runs at once.
    pub cores: usize,
    /// The host's instruction set.
    pub isa: Isa,
    /// Where compiled kernels are kept.
    pub cache: Option<PathBuf>,
}

/// A library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: &'static str,
    /// Its version and the file it was read from, where the system tells it; or what is missing and
    /// what to install.
    pub state: std::result::Result<(String, Option<String>), String>,
}

/// A device that `auto` stands for, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The card's number; `None` is the host.
    pub card: Option<usize>,
    /// Why, in a few words.
    pub why: String,
}

impl Found {
    /// Looks around.
    pub fn here() -> Found {
        let started = driver::start();
        let (cards, trouble) = match started.as_ref().map(|_| driver::cards()) {
            Ok(Ok(cards)) => (cards, None),
            Ok(Err(error)) => (Vec::new(), Some(error)),
            Err(_) => (Vec::new(), None),
        };
        let started = started.and_then(|version| trouble.map_or(Ok(version), Err));
        let driver = started.map(|version| told(version.unsigned_abs() as usize, 1000));
        let nvrtc = library::nvrtc()
            .map(|nvrtc| (format!("{}.{}", nvrtc.version.0, nvrtc.version.1), nvrtc.place.clone()));
        let cublaslt = library::cublaslt().map(|()| {
            // SAFETY: the library is there; the function needs no card.
            let version = unsafe { cublaslt::sys::cublasLtGetVersion() };
            (told(version, 10_000), library::place("libcublasLt.so"))
        });
        Found {
            parts: [
                part("driver", driver.map(|version| (version, library::place("libcuda.so")))),
                part("NVRTC", nvrtc),
                part("cuBLASLt", cublaslt),
            ],
            cards,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            isa: Isa::best(),
            cache: super::cuda::cache_folder(),
        }
    }

    /// What `--device auto` is.
    pub fn auto(&self) -> Choice {
        let host = |why: String| Choice { card: None, why };
        let missing: Vec<&str> =
            self.parts.iter().filter(|part| part.state.is_err()).map(|part| part.name).collect();
        if !missing.is_empty() {
            return host(format!("no {}", missing.join(", no ")));
        }
        if let Some(card) = self.cards.iter().find(|card| card.capability >= OLDEST) {
            return Choice { card: Some(card.ordinal), why: card.name.clone() };
        }
        match self.cards.first() {
            None => host("the driver has no card".to_owned()),
            Some(card) => host(format!(
                "{} has capability {}.{}: 8.0 is the least",
                card.name, card.capability.0, card.capability.1
            )),
        }
    }
}

fn part(name: &'static str, state: Result<(String, Option<String>)>) -> Part {
    Part { name, state: state.map_err(|error| error.to_string()) }
}

/// A version that is written as one number.
fn told(version: usize, major: usize) -> String {
    let rest = version % major;
    match major {
        1000 => format!("{}.{}", version / major, rest / 10),
        _ => format!("{}.{}.{}", version / major, rest / 100, rest % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(states: [bool; 3], capabilities: &[(u32, u32)]) -> Found {
        let state = |there: bool| match there {
            true => Ok(("13.0".to_owned(), None)),
            false => Err("install it".to_owned()),
        };
        let names = ["driver", "NVRTC", "cuBLASLt"];
        let card = |(ordinal, capability): (usize, &(u32, u32))| Card {
            ordinal,
            name: format!("Card {ordinal}"),
            capability: *capability,
            processors: 132,
            memory: 80 << 30,
            shared: 227 << 10,
        };
        Found {
            parts: [0, 1, 2].map(|i| Part { name: names[i], state: state(states[i]) }),
            cards: capabilities.iter().enumerate().map(card).collect(),
            cores: 2,
            isa: Isa::Portable,
            cache: None,
        }
    }

    #[test]
    fn auto_is_the_first_card_that_can_work() {
        let auto = |states, capabilities: &[(u32, u32)]| {
            let choice = found(states, capabilities).auto();
            (choice.card, choice.why)
        };
        assert_eq!(auto([true; 3], &[(7, 5), (9, 0), (9, 0)]), (Some(1), "Card 1".to_owned()));
        assert_eq!(auto([true; 3], &[]), (None, "the driver has no card".to_owned()));
        let old = "Card 0 has capability 7.5: 8.0 is the least".to_owned();
        assert_eq!(auto([true; 3], &[(7, 5)]), (None, old));
        let missing = (None, "no NVRTC, no cuBLASLt".to_owned());
        assert_eq!(auto([true, false, false], &[(9, 0)]), missing);
    }

    #[test]
    fn looking_around_never_fails() {
        let found = Found::here();
        assert!(found.cores >= 1);
        assert_eq!(found.parts.each_ref().map(|part| part.name), ["driver", "NVRTC", "cuBLASLt"]);
        for part in &found.parts {
            match &part.state {
                Ok((version, _)) => assert!(version.contains('.'), "{version}"),
                Err(why) => assert!(!why.is_empty()),
            }
        }
        // Without a driver there is no card, and the host does the work.
        if let Err(why) = &found.parts[0].state {
            assert!(found.cards.is_empty() && found.auto().card.is_none());
            assert!(super::super::cuda::Cuda::open(Default::default()).is_err(), "{why}");
        }
        assert_eq!(found, Found::here());
    }

    #[test]
    fn versions_are_read_as_their_libraries_write_them() {
        assert_eq!((told(13_000, 1000), told(12_080, 1000)), ("13.0".into(), "12.8".into()));
        assert_eq!(told(130_002, 10_000), "13.0.2");
        assert_eq!(told(120_805, 10_000), "12.8.5");
    }
}
