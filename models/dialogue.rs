//! Text to sequences to learn from: what the assistant says counts, all else is given.
//!
//! A prompt and its answer are encoded apart, as they are when the model is sampled.

use crate::chat::{Message, Options, Template};
use crate::error::{Error, Result};
use crate::feed::Example;
use crate::tokenizer::Tokenizer;

/// How text becomes tokens.
#[derive(Debug, Clone, Copy)]
pub struct Encoding<'a> {
    /// The model's tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Tokens that end a text; the first is appended to completions.
    pub eos: &'a [u32],
    /// Token before a plain prompt.
    pub bos: Option<u32>,
}

/// Assistant's turns of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turns {
    /// To be learned.
    pub learned: usize,
    /// Left out: the template shows them otherwise when they come to be said than when they have
    /// been (it takes away earlier reasoning, say).
    pub left_out: usize,
}

/// A conversation, of which the assistant's turns count: from the end of the generation prompt
/// through the token that ends the turn. What follows the last such turn is dropped.
///
/// # Errors
/// A template that fails, or that lets no assistant's turn be learned; of the tokenizer.
pub fn conversation(
    with: &Encoding<'_>,
    template: &Template,
    messages: &[Message],
    options: &Options,
) -> Result<(Example, Turns)> {
    let closed = Options { add_generation_prompt: false, ..options.clone() };
    let open = Options { add_generation_prompt: true, ..options.clone() };
    let whole = template.render(messages, &closed)?;
    let (mut example, mut turns, mut at) = (Example::default(), Turns::default(), 0);
    for (turn, message) in messages.iter().enumerate() {
        if message.0.get("role").and_then(|role| role.as_str()) != Some("assistant") {
            continue;
        }
        let before = template.render(&messages[..turn], &open)?;
        let after = template.render(&messages[..=turn], &closed)?;
        let answer = after.strip_prefix(&before).filter(|answer| !answer.is_empty());
        let (Some(answer), true) = (answer, whole.starts_with(&after) && before.len() >= at) else {
            turns.left_out += 1;
            continue;
        };
        given(&mut example, with.tokenizer.encode(&before[at..])?);
        learned(&mut example, with.tokenizer.encode(answer)?, with.eos);
        at = after.len();
        turns.learned += 1;
    }
    if turns.learned == 0 {
        let problem = format!("no assistant's turn to learn, {} left out", turns.left_out);
        return Err(Error::argument(problem));
    }
    Ok((example, turns))
}

/// A plain prompt and its completion, which counts and is ended.
///
/// # Errors
/// Of the tokenizer.
pub fn completion(with: &Encoding<'_>, prompt: &str, completion: &str) -> Result<Example> {
    let mut example = Example::default();
    given(&mut example, with.bos.into_iter().collect());
    given(&mut example, with.tokenizer.encode(prompt)?);
    let mut ids = with.tokenizer.encode(completion)?;
    if !ids.last().is_some_and(|last| with.eos.contains(last)) {
        ids.extend(with.eos.first());
    }
    learned(&mut example, ids, with.eos);
    Ok(example)
}

/// Cuts an example to `longest` tokens and tells whether it still teaches something.
pub fn cut(example: &mut Example, longest: usize) -> bool {
    example.ids.truncate(longest);
    example.weights.truncate(longest);
    example.weights.iter().skip(1).any(|&weight| weight > 0.0)
}

fn given(example: &mut Example, ids: Vec<u32>) {
    example.weights.resize(example.ids.len() + ids.len(), 0.0);
    example.ids.extend(ids);
}

/// All counts through the last token that ends a text; a line break after it does not.
fn learned(example: &mut Example, ids: Vec<u32>, eos: &[u32]) {
    let end = ids.iter().rposition(|id| eos.contains(id)).map_or(ids.len(), |at| at + 1);
    example.weights.resize(example.ids.len() + end, 1.0);
    example.ids.extend(ids);
    example.weights.resize(example.ids.len(), 0.0);
}

#[cfg(test)]
#[path = "dialogue_tests.rs"]
mod tests;
