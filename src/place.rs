//! Where models run: on the host or on a card, as `--device` and `--threads` say.

use std::str::FromStr;

use heedful_kernels::gpu::found::Found;
use heedful_kernels::{Device, Dtype, gpu};
use serde_json::Value;

use crate::error::{Error, Result};

/// Where models run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Host or card.
    pub choice: Choice,
    /// Threads of the host; 0 takes one a core.
    pub threads: usize,
}

/// Host or card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// The first card where there is one with its libraries, else the host.
    Auto,
    /// The host, in f32.
    #[default]
    Cpu,
    /// The card of this number, in bf16.
    Cuda(usize),
}

impl Place {
    /// The host with so many threads; 0 takes one a core.
    pub fn host(threads: usize) -> Place {
        Place { choice: Choice::Cpu, threads }
    }

    /// What [`Choice::Auto`] comes to on this machine: it is asked once, so that all stages of a
    /// run agree.
    pub fn decided(self) -> Place {
        let choice = match self.choice {
            Choice::Auto => Found::here().auto().card.map_or(Choice::Cpu, Choice::Cuda),
            decided => decided,
        };
        Place { choice, ..self }
    }

    /// Opens it.
    ///
    /// # Errors
    /// A card that is not there, and what to install for it; threads that the system does not give.
    pub fn open(self) -> Result<Device> {
        let device = match self.decided().choice {
            Choice::Cuda(number) => gpu::open(number, Dtype::Bf16),
            Choice::Cpu | Choice::Auto => Device::cpu(self.threads),
        };
        Ok(device.map_err(heedful_models::Error::from)?)
    }

    /// How results of a card are told from the host's, whose bits they do not have; nothing for the
    /// host.
    pub fn mark(self) -> Option<&'static str> {
        matches!(self.decided().choice, Choice::Cuda(_)).then_some("cuda bf16")
    }
}

impl Place {
    /// Notes a card among the settings of what is done there; the host leaves no trace.
    pub fn tell(self, settings: &mut Value) {
        if let Some(device) = self.mark() {
            settings["device"] = device.into();
        }
    }
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Choice> {
        match text {
            "auto" => Ok(Choice::Auto),
            "cpu" => Ok(Choice::Cpu),
            "cuda" => Ok(Choice::Cuda(0)),
            other => {
                let number = other.strip_prefix("cuda:").and_then(|number| number.parse().ok());
                let wrong = || Error::usage(format!("`{other}` is not auto, cpu, cuda or cuda:N"));
                number.map(Choice::Cuda).ok_or_else(wrong)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read() {
        let read = |text: &str| text.parse::<Choice>();
        assert_eq!(read("auto").unwrap(), Choice::Auto);
        assert_eq!(read("cpu").unwrap(), Choice::Cpu);
        assert_eq!(read("cuda").unwrap(), Choice::Cuda(0));
        assert_eq!(read("cuda:3").unwrap(), Choice::Cuda(3));
        for wrong in ["", "gpu", "cuda:", "cuda:x", "CPU"] {
            assert!(read(wrong).unwrap_err().to_string().contains("cuda:N"), "{wrong}");
        }
    }

    #[test]
    fn the_host_has_no_mark() {
        assert_eq!(Place::host(1).mark(), None);
        assert!(matches!(Place::host(1).open().unwrap(), Device::Cpu(_)));
    }
}
