//! The rules of sources whose constraints can be checked without a judge.

mod chinese;
mod common;
mod english;
mod numbered_points;

use super::items::Language;
use super::literal::{self, Literal};
use crate::error::{Error, Result};

/// A rule: thirteen belong to a source, two to one example each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The target to the letter.
    E2e,
    /// No line that the target does not have.
    WikiEvents,
    /// One element of the list in the target, to the letter.
    Conll2003,
    /// The target to the letter.
    TextEditing,
    /// Three sentences, ever more about them.
    CnnDailymail,
    /// One short sentence.
    Xsum,
    /// One shorter sentence.
    Samsum,
    /// A headline of eight words.
    Gigaword,
    /// One sentence of an abstract.
    Arxiv,
    /// The last `(A)` is the target.
    BbhLogical,
    /// The last date is the target.
    BbhTime,
    /// The target is somewhere in it.
    SelfMadeSpace,
    /// The last amount is the target.
    Gsm8k,
    /// Format example 22: paragraphs.
    Format22,
    /// Format example 30, of the English set alone: points with keywords.
    Format30,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 15] = [
        Rule::E2e,
        Rule::WikiEvents,
        Rule::Conll2003,
        Rule::TextEditing,
        Rule::CnnDailymail,
        Rule::Xsum,
        Rule::Samsum,
        Rule::Gigaword,
        Rule::Arxiv,
        Rule::BbhLogical,
        Rule::BbhTime,
        Rule::SelfMadeSpace,
        Rule::Gsm8k,
        Rule::Format22,
        Rule::Format30,
    ];

    /// The source in the files, or the name of the example.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::E2e => "E2E",
            Rule::WikiEvents => "WIKIEVENTS",
            Rule::Conll2003 => "CONLL2003",
            Rule::TextEditing => "text_editing",
            Rule::CnnDailymail => "cnn_dailymail",
            Rule::Xsum => "xsum",
            Rule::Samsum => "samsum",
            Rule::Gigaword => "gigaword",
            Rule::Arxiv => "arxiv",
            Rule::BbhLogical => "BBH_logical",
            Rule::BbhTime => "BBH_time",
            Rule::SelfMadeSpace => "self_made_space",
            Rule::Gsm8k => "gsm_8k",
            Rule::Format22 => "format_22",
            Rule::Format30 => "format_30",
        }
    }

    /// The rule of a source.
    pub fn of_source(source: &str) -> Option<Rule> {
        let of_example = |rule: &Rule| matches!(rule, Rule::Format22 | Rule::Format30);
        Rule::ALL.into_iter().find(|rule| !of_example(rule) && rule.name() == source)
    }

    /// Whether `response` keeps the constraints of `level`.
    ///
    /// # Errors
    /// A target of CONLL2003 that is neither a list nor a string of Python; the official code
    /// raises.
    pub fn check(
        self,
        language: Language,
        level: u8,
        target: &str,
        response: &str,
    ) -> Result<bool> {
        Ok(match self {
            Rule::E2e | Rule::TextEditing => response == target,
            Rule::WikiEvents => {
                let known: std::collections::BTreeSet<&str> = target.split('\n').collect();
                response.split('\n').all(|line| known.contains(line))
            }
            Rule::Conll2003 => match literal::parse(target) {
                Some(Literal::List(list)) => {
                    list.iter().any(|value| matches!(value, Literal::Text(t) if t == response))
                }
                Some(Literal::Text(text)) => text.contains(response),
                Some(Literal::Other) | None => {
                    let problem = format!("the target `{target}` is no list of Python");
                    return Err(Error::Setting(format!("rule CONLL2003: {problem}")));
                }
            },
            Rule::BbhLogical => common::last_choice(response) == Some(target),
            Rule::BbhTime => common::last_date(response) == Some(target),
            Rule::SelfMadeSpace => response.contains(target),
            Rule::Format30 => numbered_points::check(level, response),
            _ => match language {
                Language::English => english::check(self, level, target, response),
                Language::Chinese => chinese::check(self, level, target, response),
            },
        })
    }
}
