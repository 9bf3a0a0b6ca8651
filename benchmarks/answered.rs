//! The responses to the items of a benchmark, one an item, with their reasoning removed.

use serde::Serialize;

use crate::error::Result;
use crate::finish::FinishReason;
use crate::items::{Item, gather};
use crate::join::{self, Report};
use crate::responses::Response;
use crate::sheet::Row;
use crate::thinking::{Counts, Policy, State};

/// One response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// As it came.
    pub response: String,
    /// What is judged.
    pub answer: String,
    /// Why the model stopped, if told.
    pub finish_reason: Option<FinishReason>,
    /// Where the reasoning stood.
    pub thinking: State,
    /// The reasoning tags were repeated, mismatched or late.
    pub irregular: bool,
}

/// The responses to all items.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    /// One an item, in their order.
    pub list: Vec<Option<Answered>>,
    /// What did not join one to one.
    pub join: Report,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
}

/// How reasoning is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// Which tags.
    #[serde(serialize_with = "in_words")]
    pub thinking: Policy,
    /// The chat template writes the opening tag of the reasoning itself.
    pub prefilled: bool,
}

fn in_words<S: serde::Serializer>(policy: &Policy, to: S) -> std::result::Result<S::Ok, S::Error> {
    to.collect_str(policy)
}

impl Removal {
    fn answered(
        &self,
        response: String,
        finish_reason: Option<FinishReason>,
        reasoned: bool,
    ) -> Answered {
        let found = self.thinking.answer(&response, self.prefilled).apart(reasoned);
        let (thinking, irregular) = (found.state, found.irregular);
        Answered { answer: found.text.to_owned(), response, finish_reason, thinking, irregular }
    }

    /// Joins `responses` to items by key or by the text of their prompts.
    pub fn join<'a>(
        &self,
        items: impl Iterator<Item = (&'a str, &'a str)>,
        responses: &[Response],
    ) -> Answers {
        let item = |((key, prompt), line): ((&str, &str), u64)| Item {
            key: key.to_owned(),
            prompt: prompt.to_owned(),
            asked: Vec::new(),
            line,
        };
        let items = gather(items.zip(1..).map(item).collect());
        let joined = join::join(&items, responses);
        let answered = |at: &Option<usize>| {
            let found = &responses[(*at)?];
            Some(self.answered(found.text.clone()?, found.finish_reason.clone(), found.reasoned))
        };
        counted(joined.of_item.iter().map(answered).collect(), joined.report)
    }

    /// Responses that stand beside the items, in their order.
    pub fn beside<'a>(
        &self,
        keys: impl Iterator<Item = &'a str>,
        responses: impl Iterator<Item = Option<String>>,
    ) -> Answers {
        let answered = |text: Option<String>| text.map(|text| self.answered(text, None, false));
        let list: Vec<Option<Answered>> = responses.map(answered).collect();
        let without = keys.zip(&list).filter(|(_, answered)| answered.is_none());
        let missing = without.map(|(key, _)| key.to_owned()).collect();
        counted(list, Report { missing, ..Report::default() })
    }
}

fn counted(list: Vec<Option<Answered>>, join: Report) -> Answers {
    let mut thinking = Counts::default();
    for answered in list.iter().flatten() {
        thinking.add(answered.thinking, answered.irregular);
    }
    Answers { list, join, thinking }
}

impl Row {
    /// The row of an item, before anything was decided about it.
    pub fn of(key: String, cluster: &str, prompt: &str, answered: Option<&Answered>) -> Row {
        let mut row =
            Row { key, cluster: cluster.to_owned(), prompt: prompt.to_owned(), ..Row::default() };
        if let Some(found) = answered {
            row.response = Some(found.response.clone());
            row.answer = (found.answer != found.response).then(|| found.answer.clone());
            row.finish_reason = found.finish_reason.clone();
            row.thinking = Some(found.thinking);
        }
        row
    }
}

/// The responses of a file or an artifact, joined to items.
///
/// # Errors
/// Responses that cannot be read, or of which none belongs to an item.
pub fn read<'a>(
    path: &std::path::Path,
    items: impl Iterator<Item = (&'a str, &'a str)>,
    removal: &Removal,
) -> Result<Answers> {
    let responses = crate::responses::read(path)?;
    let mut items = items.peekable();
    let first = items.peek().copied();
    let answers = removal.join(items, &responses);
    match (answers.list.iter().all(Option::is_none), responses.first(), first) {
        (true, Some(response), Some(item)) => {
            let named = (response.key.as_deref(), response.prompt.as_deref());
            join::nothing(path, responses.len(), named, item)
        }
        _ => Ok(answers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::responses::from_text;

    #[test]
    fn responses_join_and_lose_their_reasoning() {
        let removal = Removal { thinking: Policy::Auto, prefilled: false };
        let responses = from_text(
            "{\"key\":\"b\",\"response\":\"<think>x</think>y\",\"finish_reason\":\"length\"}\n\
             {\"prompt\":\"p\",\"response\":\"z\"}\n{\"key\":\"q\",\"response\":\"?\"}",
        );
        let items = [("a", "p"), ("b", "p2"), ("c", "p3")];
        let found = removal.join(items.into_iter(), &responses);
        let answers: Vec<_> =
            found.list.iter().map(|a| a.as_ref().map(|a| a.answer.as_str())).collect();
        assert_eq!(answers, [Some("z"), Some("y"), None]);
        assert_eq!((found.join.missing, found.join.unmatched), (vec!["c".to_owned()], vec![3]));
        assert_eq!((found.thinking.closed, found.thinking.plain), (1, 1));
        let row = Row::of("b".to_owned(), "b", "p2", found.list[1].as_ref());
        assert_eq!(row.answer.as_deref(), Some("y"));
        assert_eq!(row.finish_reason, Some(FinishReason::Length));
        let beside =
            removal.beside(["a", "b"].into_iter(), [None, Some("r".to_owned())].into_iter());
        assert_eq!(beside.join.missing, ["a"]);
    }
}
