//! What the classifier reads: one template with a version, shared by training and scoring.
//!
//! ```text
//! Constraint: {constraint}
//! Instruction: {instruction}      (only where the classifier is told instructions)
//! Response: {response}
//! Satisfied:
//! ```
//!
//! The constraint comes first and is never cut. A response that is too long loses its middle, where
//! a marker then stands; an instruction that takes more than a third of the room likewise. Scores
//! are read off the last token.

use heedful_models::Tokenizer;
use serde::{Deserialize, Serialize};

use super::classifier::Question;
use crate::error::{Error, Result};

/// The version: it moves when the text above does.
pub const VERSION: &str = "constraint-1";

const MARKER: &str = " [...] ";
const END: &str = "\nSatisfied:";

/// How questions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Whether the instruction is told.
    pub instruction: bool,
    /// Tokens of the longest question.
    pub length: usize,
}

impl Template {
    /// The tokens of a question, [`Template::length`] at most.
    ///
    /// # Errors
    /// A constraint that leaves no room for a response.
    pub fn encode(&self, tokenizer: &Tokenizer, question: &Question<'_>) -> Result<Vec<u32>> {
        let mut ids = tokenizer.encode(&format!("Constraint: {}\n", question.constraint))?;
        let (end, marker) = (tokenizer.encode(END)?, tokenizer.encode(MARKER)?);
        if self.instruction {
            ids.extend(tokenizer.encode("Instruction: ")?);
            let told = tokenizer.encode(question.instruction)?;
            ids.extend(shortened(told, self.length / 3, &marker));
            ids.extend(tokenizer.encode("\n")?);
        }
        ids.extend(tokenizer.encode("Response: ")?);
        let room = self.length.saturating_sub(ids.len() + end.len());
        if room < 2 * marker.len() {
            let (found, length) = (ids.len() + end.len(), self.length);
            let problem = format!("a question of {found} tokens without its response, of {length}");
            return Err(Error::usage(problem));
        }
        ids.extend(shortened(tokenizer.encode(question.response)?, room, &marker));
        ids.extend(end);
        Ok(ids)
    }
}

/// These tokens, or as many of their beginning and end as have room with the marker between.
fn shortened(ids: Vec<u32>, room: usize, marker: &[u32]) -> Vec<u32> {
    if ids.len() <= room {
        return ids;
    }
    let kept = room.saturating_sub(marker.len());
    let head = kept.div_ceil(2);
    [&ids[..head], marker, &ids[ids.len() - (kept - head)..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use heedful_models::Checkpoint;

    fn question(response: &str) -> Question<'_> {
        Question { instruction: "Tell of a dog.", constraint: "Use no commas.", response }
    }

    #[test]
    fn the_constraint_comes_first_and_the_middle_goes() {
        let path = heedful_models::resolve("embedded").unwrap();
        let tokenizer = Checkpoint::open(path).unwrap().tokenizer().unwrap();
        let text = |template: Template, response: &str| {
            let ids = template.encode(&tokenizer, &question(response)).unwrap();
            assert!(ids.len() <= template.length);
            tokenizer.decode(&ids).unwrap()
        };
        let template = Template { instruction: true, length: 200 };
        assert_eq!(
            text(template, "The dog sleeps."),
            "Constraint: Use no commas.\nInstruction: Tell of a dog.\nResponse: The dog \
             sleeps.\nSatisfied:"
        );
        let long = format!("Begin. {} End.", "The dog sleeps. ".repeat(200));
        let cut = text(Template { instruction: false, length: 80 }, &long);
        assert!(cut.starts_with("Constraint: Use no commas.\nResponse: Begin."), "{cut}");
        assert!(cut.contains(MARKER) && cut.ends_with("End.\nSatisfied:"), "{cut}");
        let small = Template { instruction: false, length: 12 };
        assert!(small.encode(&tokenizer, &question("x")).is_err());
    }
}
