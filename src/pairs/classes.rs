//! The constraints of all ladders, each compiled once: rows that ask for the same share a class.

use std::collections::HashMap;

use heedful_constraints::{Constraint, Profile, Text, soft};
use heedful_datasets::digest;
use heedful_datasets::grammar::{Trait, traits};
use heedful_datasets::prompts::Asked;
use heedful_datasets::sets::Kind;
use serde_json::{Value, json};

/// What is asked for, however it is said.
pub(super) struct Class {
    /// The id of the rule or of the soft type.
    pub(super) id: String,
    pub(super) kind: Kind,
    /// The rule's group, or the soft type's family in its taxonomy.
    pub(super) family: String,
    /// The arguments as a JSON object.
    pub(super) args: String,
    /// The rule, where one decides and can be run.
    rule: Option<Constraint>,
    /// The trait of the grammar that it asks for.
    shown: Option<Trait>,
}

/// The classes in the order of their first rows.
#[derive(Default)]
pub(super) struct Classes {
    list: Vec<Class>,
    known: HashMap<String, usize>,
}

impl Classes {
    /// The class of a constraint, and its text: where the row tells none, the rule's first one.
    ///
    /// # Errors
    /// A rule that nobody knows or that refuses its arguments; no text for one that cannot be run.
    pub(super) fn take(
        &mut self,
        asked: &Asked,
        profile: Profile,
    ) -> std::result::Result<(usize, String), String> {
        let shown = shown(asked);
        let args = Value::Object(asked.args.clone());
        // The slots of a soft text do not tell all that it asks; a trait's name does.
        let text = asked.text.as_ref().filter(|_| !asked.hard && shown.is_none());
        let key = json!([asked.id, asked.hard, digest::canonical(&args), text]).to_string();
        let at = match self.known.get(&key) {
            Some(&at) => at,
            None => {
                self.list.push(Class {
                    id: asked.id.clone(),
                    kind: if asked.hard { Kind::Hard } else { Kind::Soft },
                    family: family(asked),
                    args: args.to_string(),
                    rule: if asked.hard { compile(asked, profile)? } else { None },
                    shown,
                });
                self.known.insert(key, self.list.len() - 1);
                self.list.len() - 1
            }
        };
        let text = match (&asked.text, &self.list[at].rule) {
            (Some(text), _) => text.clone(),
            (None, Some(rule)) => rule.describe(0).map_err(|e| e.to_string())?,
            (None, None) => return Err(format!("constraint `{}` has no `text`", asked.id)),
        };
        Ok((at, text))
    }

    pub(super) fn get(&self, at: usize) -> &Class {
        &self.list[at]
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}

impl Class {
    /// The rule's verdict; `None` where no rule decides, or its check cannot.
    pub(super) fn verdict(&self, text: &Text<'_>) -> Option<bool> {
        let verdict = self.rule.as_ref()?.check(text);
        verdict.error().is_none().then_some(verdict.satisfied)
    }

    /// Whether a text of the grammar shows the trait.
    pub(super) fn truth(&self, text: &str) -> Option<bool> {
        self.shown.map(|shown| traits(text).has(shown))
    }
}

fn compile(asked: &Asked, profile: Profile) -> std::result::Result<Option<Constraint>, String> {
    match Constraint::compile(&asked.id, asked.args.clone(), profile) {
        Ok(rule) => Ok(Some(rule)),
        Err(error) if error.is_unsupported() => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The trait that a soft constraint of the grammar asks for.
fn shown(asked: &Asked) -> Option<Trait> {
    let named = asked.args.get("trait").and_then(Value::as_str).and_then(Trait::named)?;
    (!asked.hard && asked.id == named.soft_type()).then_some(named)
}

fn family(asked: &Asked) -> String {
    let soft = if asked.hard { None } else { soft::get(&asked.id) };
    let group = || asked.id.split_once(':').map_or(asked.id.as_str(), |(group, _)| group);
    soft.map_or_else(group, |kind| kind.family.as_str()).to_owned()
}
