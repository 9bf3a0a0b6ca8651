//! The versions of the IFEval verifiers.

use std::fmt;
use std::str::FromStr;

/// Which reading of the IFEval rules a check follows. Our own families read the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// Bit for bit the official Python scorer, faults included: the default of evaluations.
    Official,
    /// The listed faults mended: the default of training data.
    Corrected,
}

impl Profile {
    /// Name and version; the version moves when any verdict can.
    ///
    /// `official` stands for google-research `instruction_following_eval` of 2025 (letters as they
    /// are given), CPython 3.11, NLTK 3.9.1, langdetect 1.0.9 at seed 0.
    pub const fn version(self) -> &'static str {
        match self {
            Profile::Official => "official-2025.1",
            Profile::Corrected => "corrected-1",
        }
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Official => "official",
            Profile::Corrected => "corrected",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(name: &str) -> Result<Profile, String> {
        match name {
            "official" => Ok(Profile::Official),
            "corrected" => Ok(Profile::Corrected),
            _ => Err(format!("unknown profile `{name}`: expected `official` or `corrected`")),
        }
    }
}
