//! What a reasoning model answered, without its reasoning.
//!
//! Rules judge the answer alone. A block that was opened and never closed has no answer: the whole
//! output is reasoning, and its answer is empty. The states and odd shapes are counted, so that a
//! score can be told from a budget that ran out.

use std::fmt;
use std::str::FromStr;

use memchr::memmem;
use serde::{Deserialize, Serialize};

/// How the reasoning block is found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Policy {
    /// Responses hold no reasoning, or it shall be judged: nothing is removed. Known tags are
    /// counted all the same.
    #[default]
    None,
    /// These two tags set it apart.
    Tags(String, String),
    /// The first of the known tag pairs that the response holds.
    Auto,
}

/// The tag pairs that [`Policy::Auto`] looks for, in this order: Qwen3, R1 and most others; Seed;
/// older templates.
pub const KNOWN: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<seed:think>", "</seed:think>"), ("<thinking>", "</thinking>")];

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// No tag.
    Plain,
    /// Opened and closed.
    Closed,
    /// Opened and not closed: truncated, no answer.
    Unclosed,
    /// Only the closing tag: the chat template had written the opening one.
    Prefilled,
    /// No tag: the server gave the reasoning apart from the answer.
    Separate,
}

/// The part of a response to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The answer; the response itself, untouched, when the state is [`State::Plain`].
    pub text: &'a str,
    /// What was found.
    pub state: State,
    /// The tags are not one opening and one closing tag around the whole reasoning: repeated,
    /// mismatched, or with text before them.
    pub irregular: bool,
}

impl Answer<'_> {
    /// The same answer, whose reasoning stood elsewhere if `reasoned`.
    pub fn apart(self, reasoned: bool) -> Self {
        match self.state {
            State::Plain if reasoned => Answer { state: State::Separate, ..self },
            _ => self,
        }
    }
}

/// How many responses were in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// No tag.
    pub plain: u64,
    /// Opened and closed.
    pub closed: u64,
    /// Opened and not closed.
    pub unclosed: u64,
    /// Only closed.
    pub prefilled: u64,
    /// Given apart from the answer.
    #[serde(default)]
    pub separate: u64,
    /// Any of these with repeated or mismatched tags, or text before the block.
    pub irregular: u64,
}

impl Counts {
    /// Counts one answer.
    pub fn add(&mut self, state: State, irregular: bool) {
        let slot = match state {
            State::Plain => &mut self.plain,
            State::Closed => &mut self.closed,
            State::Unclosed => &mut self.unclosed,
            State::Prefilled => &mut self.prefilled,
            State::Separate => &mut self.separate,
        };
        *slot += 1;
        self.irregular += u64::from(irregular);
    }

    /// Responses that got no answer, or an answer that a strict format check would refuse.
    pub fn failures(&self) -> u64 {
        self.unclosed + self.irregular
    }

    /// One line for a terminal, with what follows from it where nothing was `removed`.
    pub fn told(&self, removed: bool) -> String {
        let Counts { plain, closed, unclosed, prefilled, separate, irregular } = self;
        let mut text = format!(
            "reasoning: {plain} responses without, {closed} closed, {unclosed} never closed, \
             {prefilled} with the closing tag alone, {separate} given apart; {irregular} with odd \
             tags"
        );
        let tagged = closed + unclosed + prefilled;
        if tagged > 0 && !removed {
            text.push_str(&format!(
                "; {tagged} were judged with their reasoning, --thinking auto removes it"
            ));
        } else if *unclosed > 0 {
            text.push_str("; what was never closed has no answer");
        }
        text
    }
}

impl State {
    /// The state with this name.
    pub fn named(name: &str) -> Option<State> {
        [State::Plain, State::Closed, State::Unclosed, State::Prefilled, State::Separate]
            .into_iter()
            .find(|state| state.name() == name)
    }

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            State::Plain => "plain",
            State::Closed => "closed",
            State::Unclosed => "unclosed",
            State::Prefilled => "prefilled",
            State::Separate => "separate",
        }
    }
}

impl Policy {
    /// The answer in `response`. `prefilled` says that the chat template writes the opening tag
    /// itself: then a response without any closing tag never left its reasoning.
    pub fn answer<'a>(&self, response: &'a str, prefilled: bool) -> Answer<'a> {
        match self {
            Policy::None => Answer { text: response, ..Policy::Auto.answer(response, false) },
            Policy::Tags(open, close) => cut(response, open, close, prefilled),
            Policy::Auto => {
                let holds = |tag: &str| memmem::find(response.as_bytes(), tag.as_bytes()).is_some();
                let known = KNOWN.iter().find(|(open, close)| holds(open) || holds(close));
                let (open, close) = known.unwrap_or(&KNOWN[0]);
                cut(response, open, close, prefilled)
            }
        }
    }
}

fn cut<'a>(response: &'a str, open: &str, close: &str, prefilled: bool) -> Answer<'a> {
    let places = |tag: &str| -> Vec<usize> {
        memmem::find_iter(response.as_bytes(), tag.as_bytes()).collect()
    };
    let (opens, closes) = (places(open), places(close));
    let state = match (opens.last(), closes.last()) {
        (None, None) if prefilled => State::Unclosed,
        (None, None) => State::Plain,
        (None, Some(_)) => State::Prefilled,
        (Some(_), None) => State::Unclosed,
        (Some(opened), Some(closed)) if opened > closed => State::Unclosed,
        (Some(_), Some(_)) if closes[0] < opens[0] => State::Prefilled,
        (Some(_), Some(_)) => State::Closed,
    };
    let text = match (state, closes.last()) {
        (State::Plain | State::Separate, _) => response,
        (State::Closed | State::Prefilled, Some(&at)) => response[at + close.len()..].trim(),
        (State::Unclosed, _) | (_, None) => "",
    };
    let early = opens.first().is_some_and(|&at| !response[..at].trim().is_empty());
    let irregular = opens.len() > 1 || closes.len() > 1 || early;
    Answer { text, state, irregular }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Policy::None => f.write_str("none"),
            Policy::Tags(open, close) => write!(f, "tags:{open},{close}"),
            Policy::Auto => f.write_str("auto"),
        }
    }
}

impl FromStr for Policy {
    type Err = String;

    /// `none`, `auto` or `tags:OPEN,CLOSE`.
    fn from_str(text: &str) -> Result<Policy, String> {
        match text {
            "none" => return Ok(Policy::None),
            "auto" => return Ok(Policy::Auto),
            _ => {}
        }
        let tags = text.strip_prefix("tags:").and_then(|tags| tags.split_once(','));
        match tags {
            Some((open, close)) if !open.is_empty() && !close.is_empty() && open != close => {
                Ok(Policy::Tags(open.to_owned(), close.to_owned()))
            }
            _ => Err(format!(
                "unknown thinking policy `{text}`: expected `none`, `auto` or `tags:OPEN,CLOSE` \
                 with two different tags"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::truncation::is_truncated;

    fn auto(response: &str) -> (&str, State, bool) {
        let answer = Policy::Auto.answer(response, false);
        (answer.text, answer.state, answer.irregular)
    }

    #[test]
    fn the_four_states() {
        assert_eq!(auto(" Hello, world.\n"), (" Hello, world.\n", State::Plain, false));
        assert_eq!(auto("<think>\nhm, 2\n</think>\n\nTwo."), ("Two.", State::Closed, false));
        assert_eq!(auto("<think>\nhm, and then"), ("", State::Unclosed, false));
        assert_eq!(auto("hm, 2\n</think>\nTwo."), ("Two.", State::Prefilled, false));
    }

    #[test]
    fn a_truncated_prefilled_block_is_not_an_answer() {
        let answer = Policy::Auto.answer("hm, let me count", true);
        assert_eq!((answer.text, answer.state), ("", State::Unclosed));
        // Whatever the reason for the end: it is told apart in `truncation`.
        let cut = crate::finish::FinishReason::Length;
        assert_eq!(is_truncated(Some(&cut), Some(answer.state)), Some(true));
        assert_eq!(is_truncated(None, Some(answer.state)), Some(true));
    }

    #[test]
    fn seed_and_custom_tags() {
        assert_eq!(auto("<seed:think>a</seed:think>b"), ("b", State::Closed, false));
        let policy: Policy = "tags:[[,]]".parse().unwrap();
        assert_eq!(policy.answer("[[a]] b", false).text, "b");
        assert_eq!(policy.answer("<think>a</think>b", false).state, State::Plain);
        assert_eq!(policy.to_string().parse(), Ok(policy));
    }

    #[test]
    fn odd_shapes_are_told() {
        assert_eq!(auto("<think>a</think>b<think>c</think>d"), ("d", State::Closed, true));
        assert_eq!(auto("<think>a</think>b<think>c"), ("", State::Unclosed, true));
        assert_eq!(auto("<think><think>a</think>b"), ("b", State::Closed, true));
        assert_eq!(auto("a</think>b<think>c</think>d"), ("d", State::Prefilled, true));
        assert_eq!(auto("Sure. <think>a</think>b"), ("b", State::Closed, true));
        assert_eq!(auto("a</think>b</think>c"), ("c", State::Prefilled, true));
    }

    #[test]
    fn none_removes_nothing() {
        let answer = Policy::None.answer("<think>a</think>b", true);
        assert_eq!((answer.text, answer.state), ("<think>a</think>b", State::Closed));
        let mut counts = Counts::default();
        counts.add(answer.state, answer.irregular);
        assert!(counts.told(false).contains("1 were judged with their reasoning"));
        assert!(!counts.told(true).contains("judged with"));
    }

    #[test]
    fn counts_add_up() {
        let mut counts = Counts::default();
        for response in ["a", "<think>a</think>b", "<think>a", "a</think>b</think>c"] {
            let answer = Policy::Auto.answer(response, false);
            counts.add(answer.state, answer.irregular);
        }
        counts.add(State::Separate, false);
        let expected =
            Counts { plain: 1, closed: 1, unclosed: 1, prefilled: 1, separate: 1, irregular: 1 };
        assert_eq!(counts, expected);
        assert_eq!(counts.failures(), 2);
    }

    #[test]
    fn a_policy_that_is_none_of_them_is_refused() {
        for text in ["", "tags:", "tags:a", "tags:a,a", "Auto"] {
            assert!(text.parse::<Policy>().is_err(), "{text}");
        }
    }
}
