//! Whether a text is an answer at all: what a policy that games its rewards stops to write.

use super::judged::Item;
use crate::train::policy::gates::{is_degenerate, shared};

/// An answer is sound where it is not degenerate (see [`is_degenerate`]) and has one of the
/// instruction's content words at least, where the instruction is known and has some.
pub(super) fn is_sound(item: &Item, response: &str) -> bool {
    let about = item.instruction.as_deref().unwrap_or_default();
    !is_degenerate(response, &item.prompt) && shared(response, about) > 0.0
}
