//! The values that settings may have, as words on the command line and in presets.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use heedful_kernels::advantage::Baseline;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::train::policy::reward::{Aggregate, Credit};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Loss {
    /// Token ratios, a mean over each answer, then over answers.
    Grpo,
    /// Token ratios, sums over answers divided by the longest that is allowed.
    DrGrpo,
    /// Token ratios, a mean over all tokens.
    Dapo,
    /// Ratios of whole answers.
    Gspo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Together {
    /// Their mean.
    Mean,
    /// 1 where all are satisfied.
    All,
    /// The mean, where one that fails takes those after it with it.
    Chained,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Worth {
    /// 0 or 1; a soft one is 1 from a probability of 0.5 on.
    Binary,
    /// 0 or 1 for a rule, the probability of a soft one.
    Probability,
    /// How near the answer came for a rule, the probability of a soft one.
    Graded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Compared {
    /// The group's mean.
    Mean,
    /// The mean of the others.
    LeaveOneOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Divided {
    Std,
    Floor,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Order {
    /// All levels shuffled together.
    Mixed,
    /// Level after level, each until enough of its samples pass.
    Staged,
    /// Shuffled, those that are neither too hard nor too easy first.
    Adaptive,
}

impl From<Together> for Aggregate {
    fn from(together: Together) -> Aggregate {
        match together {
            Together::Mean => Aggregate::Mean,
            Together::All => Aggregate::All,
            Together::Chained => Aggregate::Chained,
        }
    }
}

impl From<Worth> for Credit {
    fn from(worth: Worth) -> Credit {
        match worth {
            Worth::Binary => Credit::Binary,
            Worth::Probability => Credit::Probability,
            Worth::Graded => Credit::Graded,
        }
    }
}

impl From<Compared> for Baseline {
    fn from(compared: Compared) -> Baseline {
        match compared {
            Compared::Mean => Baseline::Mean,
            Compared::LeaveOneOut => Baseline::LeaveOneOut,
        }
    }
}

/// A value that is written as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelled<T>(pub(super) T);

impl<T: FromStr> FromStr for Spelled<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Spelled<T>, T::Err> {
        text.parse().map(Spelled)
    }
}

impl<T: fmt::Display> Serialize for Spelled<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err = String>> Deserialize<'de> for Spelled<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Spelled<T>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(f64),
        }
        let text = match Written::deserialize(from)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        };
        text.parse().map_err(de::Error::custom)
    }
}

/// A share, or `off`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Share(pub(super) Option<f64>);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(share) => write!(f, "{share}"),
            None => f.write_str("off"),
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Share, String> {
        if text == "off" {
            return Ok(Share(None));
        }
        let share = text.parse().map_err(|_| format!("`{text}` is no share, and not `off`"))?;
        Ok(Share(Some(share)))
    }
}

/// `LOW-HIGH`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Range(pub(super) f64, pub(super) f64);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Range, String> {
        let number = |part: &str| part.parse().map_err(|_| format!("`{part}` is no number"));
        let (low, high) = text.split_once('-').ok_or_else(|| format!("`{text}` is no LOW-HIGH"))?;
        match (number(low)?, number(high)?) {
            (low, high) if low < high => Ok(Range(low, high)),
            _ => Err(format!("`{text}`: ranges go up")),
        }
    }
}
