//! The contract of a rule: one kind of constraint that a program can decide.

use crate::args::{Args, Reader};
use crate::demand::Demand;
use crate::draw::Draw;
use crate::error::Result;
use crate::profile::Profile;
use crate::text::Text;
use crate::verdict::Verdict;

/// A compiled constraint: made once a prompt, run on every response, from any thread.
pub type Check = Box<dyn Fn(&Text<'_>) -> Verdict + Send + Sync>;

/// One family of constraints. A rule is a row of data and functions, never an object with state.
pub struct Rule {
    /// `group:name`, unique.
    pub id: &'static str,
    /// What the rule decides, in one or two sentences: units, edge cases, source.
    pub about: &'static str,
    /// The JSON Schema of the arguments: its `properties` and `required`. That it is an object and
    /// takes no other key is added by the registry.
    pub schema: &'static str,
    /// Paraphrases (four or more) for these arguments, with `{key}` holes; see `describe.rs`.
    pub texts: fn(&Reader<'_>) -> Result<&'static [&'static str]>,
    /// Draws arguments from wide ranges.
    pub sample: fn(&mut Draw<'_>) -> Args,
    /// Prepares the check: all that depends on the arguments alone is done here.
    pub compile: fn(&Reader<'_>, Profile) -> Result<Check>,
    /// What the arguments ask of a text.
    pub demands: fn(&Reader<'_>) -> Result<Vec<Demand>>,
    /// Documentation and tests at once.
    pub examples: &'static [Example],
    /// How `corrected` differs from `official`; empty for rules that read the same in both.
    pub deviations: &'static [Deviation],
}

/// A response with the verdict that it must get, under the `corrected` profile.
pub struct Example {
    /// The arguments as JSON.
    pub args: &'static str,
    /// The response.
    pub response: &'static str,
    /// Whether it satisfies the constraint.
    pub satisfied: bool,
}

/// A listed difference between the profiles, with a response that shows it.
pub struct Deviation {
    /// Why the official verdict is held to be wrong.
    pub reason: &'static str,
    /// The arguments as JSON.
    pub args: &'static str,
    /// The response.
    pub response: &'static str,
    /// The official verdict; the corrected one is its opposite.
    pub official: bool,
}

/// Boxes a check.
pub fn check(run: impl Fn(&Text<'_>) -> Verdict + Send + Sync + 'static) -> Result<Check> {
    Ok(Box::new(run))
}
