//! What can be asked, said and checked: rules, text analysis, conflict, witness.
//!
//! Nothing here does I/O, reads a clock or draws chance that was not handed in.

pub mod args;
pub mod bound;
pub mod constraint;
pub mod demand;
pub mod describe;
pub mod draw;
pub mod error;
pub mod language;
pub mod lexicon;
pub mod lint;
pub mod loose;
pub mod plan;
pub mod profile;
pub mod python;
pub mod registry;
pub mod router;
pub mod rule;
mod rules;
pub mod soft;
pub mod text;
pub mod units;
pub mod verdict;

pub use constraint::Constraint;
pub use error::{Error, ErrorKind, Result};
pub use profile::Profile;
pub use text::Text;
pub use verdict::{Reason, Verdict};
