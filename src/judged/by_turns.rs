//! InFoBench: question after question about one response, in one conversation.

use heedful_benchmarks::answered::{self, Answers};
use heedful_benchmarks::infobench::{self, Answer, Role, Statistics, Step};
use heedful_benchmarks::metrics::Rate;
use heedful_models::chat::Message;
use serde_json::json;

use super::{Config, Judged, finish};
use crate::error::Result;
use crate::judge::{Case, Form, Judge, Ruling};
use crate::outcome::{PLAN, Scored};

/// How often a case is asked about at most.
const JUDGINGS: u32 = 3;

/// InFoBench as it is to be judged.
pub(super) struct Infobench {
    items: infobench::Items,
    answers: Answers,
    /// The first question about every item that has a response.
    cases: Vec<Case>,
}

impl Infobench {
    pub(super) fn read(config: &Config) -> Result<Infobench> {
        let items = infobench::load(&config.items)?;
        let prompts: Vec<String> = items.list.iter().map(infobench::Item::prompt).collect();
        let keys = || items.list.iter().map(|item| item.id.as_str());
        let answers = match &config.responses {
            Some(path) => {
                let named = keys().zip(prompts.iter().map(String::as_str));
                answered::read(path, named, &config.removal)?
            }
            None => {
                let own = items.list.iter().map(|item| item.output.clone());
                config.removal.beside(keys(), own)
            }
        };
        let cases = (0..items.list.len()).filter_map(|at| {
            let answered = answers.list[at].as_ref()?;
            case(&items.list[at], at, &answered.answer, &[])
        });
        let cases = cases.collect();
        Ok(Infobench { items, answers, cases })
    }
}

/// The next question about an item; none where the conversation is over.
fn case(item: &infobench::Item, at: usize, output: &str, replies: &[String]) -> Option<Case> {
    let Step::Ask(mut turns) = infobench::next(item, output, replies) else { return None };
    let prompt = turns.pop()?.content;
    let before = turns.into_iter().map(|turn| match turn.role {
        Role::User => Message::user(&turn.content),
        Role::Assistant => Message::assistant(&turn.content),
    });
    Some(Case {
        item: at,
        key: format!("{}/{}", item.id, replies.len()),
        instruction: item.prompt(),
        response: output.to_owned(),
        criteria: vec![item.questions[replies.len()].text.clone()],
        before: before.collect(),
        prompt,
        ..Case::default()
    })
}

impl Judged for Infobench {
    fn cases(&self) -> &[Case] {
        &self.cases
    }

    fn asks_on(&self) -> bool {
        self.items.list.iter().any(|item| item.questions.len() > 1)
    }

    /// An item without a response has no answers; one is asked about until a reply cannot be read.
    fn score(self: Box<Self>, config: &Config, by: &mut dyn Judge) -> Result<Scored> {
        let Infobench { items, answers, cases: first } = *self;
        let form = Form {
            version: infobench::PROMPT_VERSION,
            read: &|_, reply| Some(vec![plain(reply)?]),
            write: &|_, marks| Some(if marks == [true] { "YES" } else { "NO" }.to_owned()),
            // A later question cannot be put without what was said before it.
            ask: &|asked| {
                let item = &items.list[asked.item];
                let first = case(item, asked.item, &asked.response, &[])?;
                asked.before.is_empty().then_some(first.prompt)
            },
            judgings: JUDGINGS,
            first: 0,
        };
        let mut replies: Vec<Option<Vec<String>>> = vec![None; items.list.len()];
        let (mut cases, mut rulings): (Vec<Case>, Vec<Ruling>) = (Vec::new(), Vec::new());
        let mut open = first;
        while !open.is_empty() {
            let found = by.rule(&form, &open)?;
            let mut next = Vec::new();
            for (asked, ruling) in open.iter().zip(&found) {
                let item = &items.list[asked.item];
                let given = replies[asked.item].get_or_insert_default();
                given.push(ruling.reply.clone().unwrap_or_default());
                next.extend(case(item, asked.item, &asked.response, given));
            }
            cases.append(&mut open);
            rulings.extend(found);
            open = next;
        }
        let judging = finish(config, form.version, by.name(), &cases, &rulings)?;
        let pairs = items.list.iter().zip(&replies);
        let given: Vec<Option<Vec<Answer>>> = pairs
            .map(|(item, replies)| Some(infobench::score(item, replies.as_deref()?)))
            .collect();
        let figures = infobench::aggregate(&items.list, &given, PLAN)?;
        Ok(Scored {
            benchmark: infobench::ABOUT.name,
            figures: [("figures".to_owned(), json!(figures))].into_iter().collect(),
            judging: Some(judging),
            dataset: items.digest.clone(),
            join: json!(answers.join),
            thinking: answers.thinking,
            tables: tables(&figures),
            sheet: infobench::sheet(&items.list, &answers.list, &given),
        })
    }
}

/// What a reply says that begins with `yes` or `no` as a word. The official code reads more, `Note`
/// as no among them: what it makes of a reply counts in the end, but here it is asked for again.
fn plain(reply: &str) -> Option<bool> {
    let words = reply.trim_start_matches(|c: char| !c.is_alphabetic());
    let end = words.find(|c: char| !c.is_alphabetic()).unwrap_or(words.len());
    match words[..end].to_ascii_lowercase().as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn tables(found: &Statistics) -> String {
    let mut text =
        String::from("| part | questions | met | 95 % interval |\n|---|---:|---:|---|\n");
    for (name, Rate { total, rate, low, high, .. }) in found.by_subset.iter().chain(&found.by_label)
    {
        let [rate, low, high] = [rate, low, high].map(|x| 100.0 * x);
        text.push_str(&format!("| {name} | {total} | {rate:.1} | {low:.1} – {high:.1} |\n"));
    }
    let (unclear, unanswered) = (found.unclear, found.unanswered);
    if unclear + unanswered > 0 {
        text.push_str(&format!(
            "\n{unclear} answers neither yes nor no, {unanswered} questions after them or without \
             a response not asked\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_answer_is_one_word_at_the_beginning() {
        for (reply, said) in [
            ("YES", Some(true)),
            ("**No.** It rhymes.", Some(false)),
            ("yes, it does", Some(true)),
            ("Not sure", None),
            ("Note: it may", None),
            ("None", None),
            ("The answer is YES", None),
            ("", None),
        ] {
            assert_eq!(plain(reply), said, "{reply}");
        }
    }
}
