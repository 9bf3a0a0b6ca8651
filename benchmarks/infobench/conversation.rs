//! The conversation with the judge: what is asked next, and what a reply means.
//!
//! The wording is ours. Its form is the official one: the first turn has the rules, the input if
//! there is one, the output and the first question; every later one has the next question alone.

use serde::Serialize;

use super::items::Item;

/// Which wording was asked. Replies to different wordings are not comparable.
pub const PROMPT_VERSION: &str = "infobench-1";

/// What the judge answered to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The output does what is asked.
    Yes,
    /// It does not.
    No,
    /// The reply is neither. It ends the conversation, and the official figure counts it as no.
    Unclear,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// We.
    User,
    /// The judge.
    Assistant,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// What comes after the replies so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The judge is to answer this conversation, whose last turn is a question.
    Ask(Vec<Turn>),
    /// It is over. One answer for each question that was asked; only the last may be unclear.
    Done(Vec<Answer>),
}

/// The next step about `output`, after `replies` to the first questions in their order.
pub fn next(item: &Item, output: &str, replies: &[String]) -> Step {
    let answers = score(item, replies);
    if answers.last() == Some(&Answer::Unclear) || answers.len() == item.questions.len() {
        return Step::Done(answers);
    }
    let mut turns = Vec::with_capacity(2 * answers.len() + 1);
    for (at, question) in item.questions.iter().enumerate().take(answers.len() + 1) {
        let content = match at {
            0 => opening(item, output, &question.text),
            _ => format!("{}\n", question.text),
        };
        turns.push(Turn { role: Role::User, content });
        if let Some(reply) = replies.get(at) {
            turns.push(Turn { role: Role::Assistant, content: reply.clone() });
        }
    }
    Step::Ask(turns)
}

/// The answers in `replies`, up to and with the first that is unclear; replies to more questions
/// than there are count for nothing.
pub fn score(item: &Item, replies: &[String]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for reply in replies.iter().take(item.questions.len()) {
        answers.push(parse(reply));
        if answers.last() == Some(&Answer::Unclear) {
            break;
        }
    }
    answers
}

/// Reads one reply. One that begins with `yes` or `no` in any case is that, `Note` and `None` too;
/// else the capital `YES` or `NO` in it decides if only one of them occurs, inside a word too.
pub fn parse(reply: &str) -> Answer {
    let begins =
        |with: &str| reply.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    if begins("yes") {
        return Answer::Yes;
    }
    if begins("no") {
        return Answer::No;
    }
    match (reply.contains("YES"), reply.contains("NO")) {
        (true, false) => Answer::Yes,
        (false, true) => Answer::No,
        _ => Answer::Unclear,
    }
}

fn opening(item: &Item, output: &str, question: &str) -> String {
    let input = match item.input.as_str() {
        "" => String::new(),
        input => format!("Input:\n\"{input}\"\n\n"),
    };
    format!("{RULES}\n\n{input}Generated Text:\n\"{output}\"\n\nQuestion:\n{question}\n")
}

const RULES: &str = "\
You will be asked questions about a generated text, one after the other. The input that it was \
written for is shown where there is one. Answer each question with a single word, YES or NO, and \
write nothing else.

YES: the text does exactly what the question asks about, in every part and without a mistake. If \
the question is about all sentences, all items or the like, a single exception makes the answer NO.

NO: the text does not do it, does it only in part, or holds nothing by which the question could be \
answered, as when it asks about a second paragraph and there is only one.";
