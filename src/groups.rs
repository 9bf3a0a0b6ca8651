//! The stage `data groups`: graded groups from the rows of a dataset that carry a witness.

use std::path::Path;

use heedful_constraints::Profile;
use heedful_datasets::groups::{self, Written};

use crate::error::{Error, Result};
use crate::whole;

/// Writes `wanted` groups of `size` constraints from the rows at `data` to `out`, or to standard
/// output where that is `-`. The same arguments give the same bytes.
///
/// # Errors
/// A file that cannot be read or written; rows that give fewer groups.
pub fn write(
    data: &Path,
    wanted: u64,
    size: usize,
    seed: u64,
    profile: Profile,
    out: &Path,
) -> Result<Written> {
    if size < 2 {
        return Err(Error::usage(format!("--size {size}: a group has two constraints or more")));
    }
    let sources = groups::sources(data, size, profile)?;
    if sources.is_empty() {
        let problem = format!("no row with a witness and {size} hard constraints");
        return Err(Error::usage(format!("{}: {problem}", data.display())));
    }
    whole::write(out, |out| {
        let make = |at: usize| groups::by_witness(&sources[at], seed, at);
        Ok(groups::write(out, wanted, 0..sources.len(), make)?)
    })
}
