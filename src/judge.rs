//! Judges: who decides by criteria that no rule can decide.
//!
//! A benchmark makes the question and reads the reply, in the form that it defines; a judge only
//! has replies to give. What cannot be read is asked again, and in the end counted, never guessed.

mod chinese;
mod padding;
mod panel;
mod probes;
mod question;
mod recorded;
mod rules;
mod server;

use std::path::Path;

use heedful_models::chat::Message;
use serde::Serialize;

pub use panel::{Agreement, Panel};
pub use probes::{Plan, Position, Probes, Probing, Turned, Verbosity, probe};
pub use recorded::Recorded;
pub use rules::{Disagreement, RuleAgreement, with_rules};
pub use server::{Batch, Server, write_batch};

use crate::error::{Error, Result};
use crate::place::Place;
use crate::reward::{Classifier, Question};

/// One response with the criteria to judge it by.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Case {
    /// The item that it is of, by its place among the benchmark's.
    pub item: usize,
    /// Its name, unique among the cases of a run.
    pub key: String,
    /// What the response was asked for.
    pub instruction: String,
    /// What is judged.
    pub response: String,
    /// One or more.
    pub criteria: Vec<String>,
    /// What was said before the question, where it is part of a conversation.
    pub before: Vec<Message>,
    /// The question in the benchmark's form.
    pub prompt: String,
    /// The criteria are names alone; what they ask can only be told from the question.
    pub named_only: bool,
    /// What a rule says of each criterion, where the benchmark has one for it; empty elsewhere.
    pub known: Vec<bool>,
    /// The figures do without it: recorded replies need not have it.
    pub control: bool,
}

/// The marks in a reply to a case, one a criterion; nothing, where it is not in the form.
pub type Read<'a> = &'a dyn Fn(&Case, &str) -> Option<Vec<bool>>;

/// A reply to a case in the form, with these marks; nothing where a reply is more than marks.
pub type Write<'a> = &'a dyn Fn(&Case, &[bool]) -> Option<String>;

/// The question about a case as it stands, its criteria in whatever order; nothing, where the
/// benchmark cannot make it anew.
pub type Ask<'a> = &'a dyn Fn(&Case) -> Option<String>;

/// The form of a benchmark's replies. It goes by the criteria of a case, in their order there.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    /// The version of its question.
    pub version: &'static str,
    /// Reads a reply.
    pub read: Read<'a>,
    /// Writes one.
    pub write: Write<'a>,
    /// Makes the question anew.
    pub ask: Ask<'a>,
    /// How often a case is asked about at most.
    pub judgings: u32,
    /// The sample that is asked for first; another one is the same question with another seed.
    pub first: u32,
}

/// What a judge says of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// Its words; none where it abstains, or has marks alone.
    pub reply: Option<String>,
    /// What they say, where they are in the form.
    pub marks: Option<Vec<bool>>,
}

impl Ruling {
    /// The ruling that these words are.
    pub fn of(form: &Form<'_>, case: &Case, reply: String) -> Ruling {
        Ruling { marks: (form.read)(case, &reply), reply: Some(reply) }
    }
}

/// One who judges.
pub trait Judge {
    /// What it is called in results.
    fn name(&self) -> &str;

    /// A ruling for each of `cases`, in their order.
    ///
    /// # Errors
    /// Files, servers and models that fail; an unparsable reply is none.
    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>>;

    /// Of several judges, how far they agreed on the last cases.
    fn agreement(&self) -> Option<Agreement> {
        None
    }
}

/// Nobody: for benchmarks of which rules decide everything.
pub struct Nobody;

impl Judge for Nobody {
    fn name(&self) -> &str {
        "nobody"
    }

    fn rule(&mut self, _: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        match cases.first() {
            None => Ok(Vec::new()),
            Some(case) => Err(Error::usage(format!("case {}: there is no judge", case.key))),
        }
    }
}

/// A reward classifier: each criterion by itself, met where its probability is one half or more.
pub struct Scorer {
    name: String,
    classifier: Classifier,
}

impl Scorer {
    /// The classifier in a folder of `train reward`.
    ///
    /// # Errors
    /// A folder that holds none.
    pub fn open(path: &Path, place: Place) -> Result<Scorer> {
        let name = format!("classifier:{}", path.display());
        Ok(Scorer { name, classifier: Classifier::open(path, place)? })
    }
}

impl Judge for Scorer {
    fn name(&self) -> &str {
        &self.name
    }

    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        if let Some(case) = cases.iter().find(|case| case.named_only) {
            let problem = "a classifier needs the text of each criterion, and this benchmark's \
                           files have none";
            return Err(Error::usage(format!("case {}: {problem}", case.key)));
        }
        let questions: Vec<Question<'_>> = (cases.iter())
            .flat_map(|case| {
                case.criteria.iter().map(|constraint| Question {
                    instruction: &case.instruction,
                    constraint,
                    response: &case.response,
                })
            })
            .collect();
        let scores = self.classifier.score(&questions)?;
        let mut rest = scores.as_slice();
        let rulings = cases.iter().map(|case| {
            let (here, after) = rest.split_at(case.criteria.len());
            rest = after;
            let marks: Vec<bool> = here.iter().map(|score| *score >= 0.5).collect();
            Ruling { reply: (form.write)(case, &marks), marks: Some(marks) }
        });
        Ok(rulings.collect())
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Marks as 1 and 0, a digit a criterion.
    pub(crate) const DIGITS: Form<'static> = Form {
        version: "digits-1",
        read: &|case, reply| {
            let marks: Option<Vec<bool>> = (reply.chars())
                .map(|c| match c {
                    '1' => Some(true),
                    '0' => Some(false),
                    _ => None,
                })
                .collect();
            marks.filter(|marks| marks.len() == case.criteria.len())
        },
        write: &|_, marks| Some(marks.iter().map(|mark| if *mark { '1' } else { '0' }).collect()),
        ask: &|case| Some(case.criteria.join("; ")),
        judgings: 3,
        first: 0,
    };

    pub(crate) fn case(key: &str, criteria: usize) -> Case {
        Case {
            item: 0,
            key: key.to_owned(),
            instruction: "i".to_owned(),
            response: "r".to_owned(),
            criteria: (0..criteria).map(|at| format!("c{at}")).collect(),
            prompt: format!("judge {key}"),
            ..Case::default()
        }
    }
}
