//! Responses, joined to the rows that they answer, without their reasoning.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use heedful_benchmarks::thinking::{Counts, Policy, State};
use heedful_datasets::error::{Error as DataError, Fault, FaultKind, Place};
use heedful_datasets::responses::{self, Response};
use heedful_datasets::rows::Options;
use serde::Serialize;

use super::ladders::Ladders;
use crate::error::{Error, Result};

/// How many places are named of what is left out.
const SHOWN: usize = 20;

/// An answer to a row.
pub(super) struct Answer {
    pub(super) rung: usize,
    pub(super) sample: u32,
    pub(super) text: String,
}

/// All answers, by row and sample.
pub(super) struct Answers {
    pub(super) list: Vec<Answer>,
    /// Those of each row.
    of: Vec<Range<usize>>,
    pub(super) joined: Joined,
}

/// How responses became answers.
#[derive(Default, Serialize)]
pub(super) struct Joined {
    /// Responses read.
    responses: u64,
    /// Of these, to no row.
    unmatched: u64,
    /// The places of the first of these.
    unmatched_at: Vec<String>,
    /// Those whose reasoning was not closed: left out.
    unclosed: u64,
    /// Those without text: left out.
    empty: u64,
    /// How the reasoning blocks stood.
    thinking: Counts,
}

impl Answers {
    /// Reads `files`, the tables of `path`. A response without the number of its sample gets the
    /// next one of its row.
    ///
    /// # Errors
    /// A file that cannot be read; a row that is no response; a sample that stands twice; no
    /// response to any row of `ladders`.
    pub(super) fn read(
        path: &Path,
        files: &[PathBuf],
        ladders: &Ladders,
        thinking: (&Policy, bool),
    ) -> Result<Answers> {
        let mut read = Answers { list: Vec::new(), of: Vec::new(), joined: Joined::default() };
        let mut next = vec![0; ladders.rungs.len()];
        let mut seen = HashSet::new();
        for file in files {
            for response in responses::open(file, Options::default())? {
                let response = response?;
                let (key, id) = (response.key.as_deref(), response.id.as_deref());
                match ladders.find(key, id, response.prompt.as_deref()) {
                    None => read.joined.pass_over(&response),
                    Some(rung) => read.take(rung, response, thinking, &mut next, &mut seen)?,
                }
            }
        }
        if read.joined.unmatched == read.joined.responses {
            let problem = "no response to a row of the data";
            return Err(Error::usage(format!("{}: {problem}", path.display())));
        }
        read.list.sort_by_key(|answer| (answer.rung, answer.sample));
        let mut end = 0;
        for rung in 0..ladders.rungs.len() {
            let start = end;
            end += read.list[start..].iter().take_while(|answer| answer.rung == rung).count();
            read.of.push(start..end);
        }
        Ok(read)
    }

    fn take(
        &mut self,
        rung: usize,
        response: Response,
        (policy, prefilled): (&Policy, bool),
        next: &mut [u32],
        seen: &mut HashSet<(usize, u32)>,
    ) -> Result<()> {
        for (text, offset) in response.texts.iter().zip(0..) {
            let sample = match response.sample {
                Some(first) => first as u32 + offset,
                None => next[rung],
            };
            next[rung] = next[rung].max(sample + 1);
            if !seen.insert((rung, sample)) {
                return Err(twice(response.place, sample).into());
            }
            let answer = policy.answer(text, prefilled);
            self.joined.responses += 1;
            self.joined.thinking.add(answer.state, answer.irregular);
            if answer.state == State::Unclosed {
                self.joined.unclosed += 1;
            } else if answer.text.trim().is_empty() {
                self.joined.empty += 1;
            } else {
                self.list.push(Answer { rung, sample, text: answer.text.to_owned() });
            }
        }
        Ok(())
    }

    /// The numbers of the answers to a row.
    pub(super) fn of(&self, rung: usize) -> Range<usize> {
        self.of[rung].clone()
    }
}

fn twice(place: Place, sample: u32) -> DataError {
    let problem = "stands twice for its prompt";
    DataError::row(place, Fault::at(FaultKind::BadValue, "sample", &sample.to_string(), problem))
}

impl Joined {
    fn pass_over(&mut self, response: &Response) {
        self.responses += response.texts.len() as u64;
        self.unmatched += response.texts.len() as u64;
        if self.unmatched_at.len() < SHOWN {
            self.unmatched_at.push(response.place.to_string());
        }
    }
}
