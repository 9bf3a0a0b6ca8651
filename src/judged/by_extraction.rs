//! ComplexBench: a case a question. One without a rule is judged; of one with a rule the reply
//! says what the rule is to be applied to.

use std::path::Path;

use heedful_benchmarks::answered::{self, Answers};
use heedful_benchmarks::complexbench::{
    self, Item, Judgement, Question, Reading, Statistics, Verdict,
};
use heedful_benchmarks::metrics::Rate;
use serde_json::json;

use super::{Config, Judged, judge, readings};
use crate::error::{Error, Result};
use crate::judge::{Case, Form, Judge};
use crate::outcome::{PLAN, Scored};

/// How often a case is asked about at most.
const JUDGINGS: u32 = 3;

/// ComplexBench as it is to be judged.
pub(super) struct Complexbench {
    items: complexbench::Items,
    answers: Answers,
    /// Every question about an item that has a response.
    cases: Vec<Case>,
    /// The places of these questions in their items.
    places: Vec<usize>,
}

impl Complexbench {
    pub(super) fn read(config: &Config) -> Result<Complexbench> {
        let items = complexbench::load(&config.items)?;
        let keys: Vec<String> = items.list.iter().map(|item| item.main_id.to_string()).collect();
        let prompts = items.list.iter().map(|item| item.instruction.as_str());
        let named = || keys.iter().map(String::as_str).zip(prompts.clone());
        let answers = match &config.responses {
            Some(path) => match positional(path, items.list.len())? {
                Some(own) => {
                    config.removal.beside(keys.iter().map(String::as_str), own.into_iter())
                }
                None => answered::read(path, named(), &config.removal)?,
            },
            None => {
                let problem = "ComplexBench's file holds no responses: give --responses";
                return Err(Error::usage(problem));
            }
        };
        let (mut cases, mut places) = (Vec::new(), Vec::new());
        for (at, (item, answered)) in items.list.iter().zip(&answers.list).enumerate() {
            let Some(answered) = answered else { continue };
            for (place, question) in item.questions.iter().enumerate() {
                cases.push(case(at, item, place, question, &answered.answer));
                places.push(place);
            }
        }
        Ok(Complexbench { items, answers, cases, places })
    }
}

/// The responses of a file in the published layout, which belong to the items by position; none of
/// a file in another.
fn positional(path: &Path, items: usize) -> Result<Option<Vec<Option<String>>>> {
    let Ok(list) = complexbench::generations(path) else { return Ok(None) };
    if list.len() != items {
        return Err(Error::usage(format!(
            "{}: {} responses as `generated`, which belong to the items by position, of which \
             there are {items}; give rows of `key` or `prompt` and `response` for a part",
            path.display(),
            list.len()
        )));
    }
    Ok(Some(list))
}

fn case(at: usize, item: &Item, place: usize, question: &Question, response: &str) -> Case {
    Case {
        item: at,
        key: format!("{}/{place}", item.main_id),
        instruction: item.instruction.clone(),
        criteria: vec![question.text.clone()],
        prompt: complexbench::request(item, question, Some(response)),
        response: response.to_owned(),
        ..Case::default()
    }
}

/// What a reply says of a question; nothing where it is not in the form. The official code makes
/// something of any reply, which its own figure has to repeat; here it is asked for again.
fn read(question: &Question, response: &str, reply: &str) -> Option<bool> {
    match &question.rule {
        None => complexbench::parse_strictly(reply),
        Some(_) if !complexbench::is_extraction(response, reply) => None,
        Some(rule) => {
            let objects = complexbench::extract(Some(response), Some(reply)).objects;
            let verdict = complexbench::decide(rule, &objects).ok()?;
            Some(verdict == Verdict::Satisfied)
        }
    }
}

impl Judged for Complexbench {
    fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// A question about an item without a response, or without a reply, is not met.
    fn score(self: Box<Self>, config: &Config, by: &mut dyn Judge) -> Result<Scored> {
        let Complexbench { items, answers, cases, places } = *self;
        let question = |case: &Case| -> &Question {
            let place = case.key.rsplit_once('/').and_then(|(_, place)| place.parse().ok());
            &items.list[case.item].questions[place.unwrap_or(0_usize)]
        };
        let form = Form {
            version: complexbench::PROMPT_VERSION,
            read: &|case, reply| Some(vec![read(question(case), &case.response, reply)?]),
            // No extraction can be made of a mark; it stands without words.
            write: &|case, marks| {
                let word = if marks == [true] { "答案：是" } else { "答案：否" };
                question(case).rule.is_none().then(|| word.to_owned())
            },
            ask: &|case| {
                let item = &items.list[case.item];
                Some(complexbench::request(item, question(case), Some(&case.response)))
            },
            judgings: JUDGINGS,
            first: 0,
        };
        let (rulings, judging) = judge(config, &form, by, &cases)?;
        let mut judgements: Vec<Vec<Judgement>> =
            items.list.iter().map(|item| vec![Judgement::Missing; item.questions.len()]).collect();
        let mut replies: Vec<Vec<Option<&str>>> =
            items.list.iter().map(|item| vec![None; item.questions.len()]).collect();
        for ((case, place), ruling) in cases.iter().zip(&places).zip(&rulings) {
            replies[case.item][*place] = ruling.reply.as_deref();
        }
        for (at, (item, answered)) in items.list.iter().zip(&answers.list).enumerate() {
            let response = answered.as_ref().map(|found| found.answer.as_str());
            let scored = complexbench::score(item, response, &replies[at])?;
            judgements[at] = scored.iter().map(|found| found.judgement).collect();
        }
        for ((case, place), ruling) in cases.iter().zip(&places).zip(&rulings) {
            if let (None, Some([met])) = (&ruling.reply, ruling.marks.as_deref()) {
                let judged = if *met { Judgement::Satisfied } else { Judgement::Violated };
                judgements[case.item][*place] = judged;
            }
        }
        // Words out of the form decide nothing but the official figure.
        let mut sure = judgements.clone();
        for ((case, place), ruling) in cases.iter().zip(&places).zip(&rulings) {
            if ruling.marks.is_none() {
                sure[case.item][*place] = Judgement::Missing;
            }
        }
        let of = |list, reading| complexbench::aggregate(&items.list, list, reading, PLAN);
        let official = of(&judgements, Reading::Official)?;
        let corrected = of(&sure, Reading::Corrected)?;
        let mut figures = readings(&official, &corrected);
        figures.insert("published".to_owned(), json!(official.published()));
        Ok(Scored {
            benchmark: complexbench::ABOUT.name,
            figures,
            judging: Some(judging),
            dataset: items.digest.clone(),
            join: json!(answers.join),
            thinking: answers.thinking,
            tables: tables(&official),
            sheet: complexbench::sheet(&items.list, &answers.list, &sure)?,
        })
    }
}

fn tables(found: &Statistics) -> String {
    let mut text = String::new();
    let tables = [
        ("composition", &found.by_prefix),
        ("category", &found.by_category),
        ("constraint or composition", &found.by_kind),
    ];
    for (name, table) in tables {
        text.push_str(&format!("| {name} | questions | met | 95 % interval |\n"));
        text.push_str("|---|---:|---:|---|\n");
        for (name, Rate { total, rate, low, high, .. }) in table {
            let [rate, low, high] = [rate, low, high].map(|x| 100.0 * x);
            text.push_str(&format!("| {name} | {total} | {rate:.1} | {low:.1} – {high:.1} |\n"));
        }
        text.push('\n');
    }
    for (name, part) in [("single", found.single), ("multiple", found.multiple)] {
        if part.instances.total > 0 {
            let [instances, groups] = [part.instances, part.groups].map(|r| 100.0 * r.rate);
            text.push_str(&format!(
                "coherent test, {name}: instances {instances:.1}, groups {groups:.1}\n"
            ));
        }
    }
    if found.unknown + found.missing > 0 {
        let (unknown, missing) = (found.unknown, found.missing);
        text.push_str(&format!("{unknown} unknown rules, {missing} questions not judged\n"));
    }
    text
}
