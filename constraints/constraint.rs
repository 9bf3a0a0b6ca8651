//! A constraint: a rule with its arguments, compiled.

use crate::args::{Args, Reader};
use crate::demand::Demand;
use crate::describe;
use crate::error::Result;
use crate::profile::Profile;
use crate::registry;
use crate::rule::{Check, Rule};
use crate::text::Text;
use crate::verdict::Verdict;

/// One rule with accepted arguments and its compiled check.
pub struct Constraint {
    rule: &'static Rule,
    args: Args,
    profile: Profile,
    check: Check,
}

impl Constraint {
    /// Checks the arguments and prepares the check.
    ///
    /// # Errors
    /// An unknown id, or arguments that the rule's schema or the rule itself refuses.
    pub fn compile(id: &str, args: Args, profile: Profile) -> Result<Constraint> {
        let rule = registry::check_args(id, &args)?;
        let check = (rule.compile)(&Reader::new(rule.id, &args), profile)?;
        Ok(Constraint { rule, args, profile, check })
    }

    /// The rule.
    pub fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// The rule's id.
    pub fn id(&self) -> &'static str {
        self.rule.id
    }

    /// The arguments.
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// The profile that it was compiled for.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// What the response is worth under this constraint; a blank response satisfies nothing.
    pub fn check(&self, text: &Text<'_>) -> Verdict {
        if text.stripped().is_empty() {
            return Verdict::fail("the response is blank");
        }
        (self.check)(text)
    }

    /// The constraint in words; `choice` selects the paraphrase, modulo their number.
    ///
    /// # Errors
    /// A paraphrase that asks for a key that these arguments lack.
    pub fn describe(&self, choice: usize) -> Result<String> {
        let reader = Reader::new(self.rule.id, &self.args);
        let texts = (self.rule.texts)(&reader)?;
        describe::fill(texts[choice % texts.len()], &reader)
    }

    /// What it asks of a text.
    ///
    /// # Errors
    /// Arguments that spell no demand.
    pub fn demands(&self) -> Result<Vec<Demand>> {
        (self.rule.demands)(&Reader::new(self.rule.id, &self.args))
    }
}
