//! `bench judge`: how long judges take for a graded group, and how well they rank it.
//!
//! The published comparison (arXiv 2508.02150) has 0.3 s a group for its classifier and 35.7 s for
//! a model of 32 billion parameters that reasons, over groups of 5 responses and 5 constraints. A
//! judge behind a server is asked about each response and constraint by itself and has to say yes
//! or no.

use std::time::Instant;

use heedful_benchmarks::thinking;
use heedful_datasets::groups::Group;
use heedful_models::chat::Message;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::generate::Request;
use crate::generate::endpoint::{self, Settings};
use crate::reward::Question;
use crate::reward::measure::{self, Ranking};

/// A judge's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// What it is called.
    pub judge: String,
    /// How well it ranks; null without groups.
    pub ranking: Option<Ranking>,
    /// Questions that were asked.
    pub questions: u64,
    /// Of these, answered by neither yes nor no; they count one half.
    pub unparsed: u64,
    /// Seconds of a group: the median.
    pub seconds_median: f64,
    /// The mean.
    pub seconds_mean: f64,
    /// Questions in a second.
    pub questions_per_s: f64,
}

/// Judges the first group once, so that nothing is loaded or connected in what counts.
///
/// # Errors
/// No group; the judge's.
pub fn warm(
    groups: &[Group],
    mut judge: impl FnMut(&[Question<'_>]) -> Result<Vec<f32>>,
) -> Result<()> {
    let first = groups.first().ok_or_else(|| Error::usage("no group to judge"))?;
    measure::means(first, &mut judge)?;
    Ok(())
}

/// Times a judge on each group, one after the other; see [`warm`].
///
/// # Errors
/// The judge's.
pub fn time(
    name: &str,
    groups: &[Group],
    mut judge: impl FnMut(&[Question<'_>]) -> Result<Vec<f32>>,
) -> Result<Entry> {
    if groups.is_empty() {
        return Err(Error::usage("no group to judge"));
    }
    let (mut seconds, mut questions) = (Vec::with_capacity(groups.len()), 0);
    let mut timed = |asked: &[Question<'_>]| {
        let began = Instant::now();
        let answers = judge(asked)?;
        seconds.push(began.elapsed().as_secs_f64());
        questions += asked.len() as u64;
        Ok(answers)
    };
    let ranking = measure::rank(groups, &mut timed)?;
    seconds.sort_by(f64::total_cmp);
    let total: f64 = seconds.iter().sum();
    Ok(Entry {
        judge: name.to_owned(),
        ranking,
        questions,
        unparsed: 0,
        seconds_median: seconds[seconds.len() / 2],
        seconds_mean: total / seconds.len() as f64,
        questions_per_s: questions as f64 / total,
    })
}

/// Asks a server: 1 for yes, 0 for no, one half for what is neither, which is counted.
///
/// # Errors
/// The server's.
pub fn ask(
    settings: &Settings,
    questions: &[Question<'_>],
    unparsed: &mut u64,
) -> Result<Vec<f32>> {
    let requests: Vec<Request> = (questions.iter().enumerate())
        .map(|(row, question)| Request {
            row,
            key: row.to_string(),
            messages: vec![Message::user(&text(question))],
            sample: 0,
        })
        .collect();
    let mut scores = vec![0.5; questions.len()];
    let mut done = |found: Vec<crate::generate::Response>| {
        for response in found {
            match verdict(&response.text) {
                Some(yes) => scores[response.row] = f32::from(u8::from(yes)),
                None => *unparsed += 1,
            }
        }
        Ok(())
    };
    endpoint::run(settings, &requests, &mut done, &|_| {})?;
    Ok(scores)
}

/// The question in words.
fn text(question: &Question<'_>) -> String {
    let Question { instruction, constraint, response } = question;
    format!(
        "Decide whether a response satisfies one constraint. Judge this constraint alone, not the \
         quality of the response.\n\n[Instruction]\n{instruction}\n\n[Constraint]\n{constraint}\n\n\
         [Response]\n{response}\n\nDoes the response satisfy the constraint? End your answer with \
         a line that holds only YES or NO."
    )
}

/// The last word of the answer, where it is yes or no.
fn verdict(answer: &str) -> Option<bool> {
    let answer = thinking::Policy::default().answer(answer, false);
    let mut words = answer.text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    match words.next_back()?.to_lowercase().as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_and_no_are_verdicts() {
        for (answer, found) in [
            ("YES", Some(true)),
            ("It has no commas.\n**NO**.", Some(false)),
            ("I think yes it does", None),
            ("", None),
        ] {
            assert_eq!(verdict(answer), found, "{answer}");
        }
    }
}
