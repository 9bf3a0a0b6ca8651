//! Benchmarks of our own making: rules decide what has one, the judge the rest, an item a case.
//!
//! Some of what rules decide is put to the judge too, each question by itself: these controls tell
//! how far the judge agrees with the rules, and decide nothing.

use heedful_benchmarks::answered::{self, Answers};
use heedful_benchmarks::made::{self, Figures};
use serde_json::json;

use super::{Config, Judged, judge};
use crate::error::{Error, Result};
use crate::judge::{Case, Form, Judge};
use crate::outcome::{PLAN, Scored};

/// How often a case is asked about at most.
const JUDGINGS: u32 = 3;

/// Controls at most.
const CONTROLS: usize = 50;

/// A benchmark of our own as it is to be judged.
pub(super) struct Made {
    items: made::Items,
    answers: Answers,
    /// What rules say; the rest is open.
    decided: Vec<Vec<Option<bool>>>,
    /// The items that have a response and an open question, and the controls behind them.
    cases: Vec<Case>,
}

/// Questions that rules have decided, drawn by the digests of their names.
fn controls(items: &made::Items, answers: &Answers, decided: &[Vec<Option<bool>>]) -> Vec<Case> {
    let mut drawn = Vec::new();
    for (at, (item, answered)) in items.list.iter().zip(&answers.list).enumerate() {
        let Some(answered) = answered else { continue };
        for (place, (question, met)) in item.questions.iter().zip(&decided[at]).enumerate() {
            let Some(met) = met.filter(|_| question.how.is_rule()) else { continue };
            let key = format!("{}#{place}", item.key);
            drawn.push((blake3::hash(key.as_bytes()), at, place, key, met, &answered.answer));
        }
    }
    drawn.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    drawn.truncate(CONTROLS);
    drawn.sort_by_key(|one| (one.1, one.2));
    let case = |(_, at, place, key, met, response): (_, usize, usize, String, bool, &String)| {
        let item = &items.list[at];
        let question = &item.questions[place];
        Case {
            item: at,
            key,
            instruction: item.prompt.clone(),
            criteria: vec![question.text.clone()],
            prompt: made::about(item, response, &[question]),
            response: response.clone(),
            known: vec![met],
            control: true,
            ..Case::default()
        }
    };
    drawn.into_iter().map(case).collect()
}

/// The question about these criteria of a case in this order; none where one is not the item's.
fn anew(item: &made::Item, case: &Case) -> Option<String> {
    let mut left: Vec<&made::Question> = item.questions.iter().collect();
    // The open ones first: a rule may say the same.
    left.sort_by_key(|question| question.how.is_rule() != case.control);
    let mut take = |text: &String| {
        let at = left.iter().position(|question| question.text == *text)?;
        Some(left.remove(at))
    };
    let asked: Vec<&made::Question> = case.criteria.iter().map(&mut take).collect::<Option<_>>()?;
    Some(made::about(item, &case.response, &asked))
}

impl Made {
    pub(super) fn read(config: &Config) -> Result<Made> {
        let items = made::load(&config.items)?;
        let named = items.list.iter().map(|item| (item.key.as_str(), item.prompt.as_str()));
        let Some(path) = &config.responses else {
            return Err(Error::usage("made: the items hold no responses: give --responses"));
        };
        let answers = answered::read(path, named, &config.removal)?;
        let (mut decided, mut cases) = (Vec::new(), Vec::new());
        for (at, (item, answered)) in items.list.iter().zip(&answers.list).enumerate() {
            let Some(answered) = answered else {
                decided.push(vec![Some(false); item.questions.len()]);
                continue;
            };
            let response = answered.answer.clone();
            decided.push(made::decide_rules(item, &response)?);
            let open = item.questions.iter().filter(|question| !question.how.is_rule());
            cases.extend(made::request(item, &response).map(|prompt| Case {
                item: at,
                key: item.key.clone(),
                instruction: item.prompt.clone(),
                criteria: open.map(|question| question.text.clone()).collect(),
                prompt,
                response,
                ..Case::default()
            }));
        }
        // Where nothing is open nobody is asked.
        if !cases.is_empty() {
            cases.extend(controls(&items, &answers, &decided));
        }
        Ok(Made { items, answers, decided, cases })
    }
}

impl Judged for Made {
    fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// An item without a response has met nothing.
    fn score(self: Box<Self>, config: &Config, by: &mut dyn Judge) -> Result<Scored> {
        let Made { items, answers, mut decided, cases } = *self;
        let form = Form {
            version: made::PROMPT_VERSION,
            read: &|case, reply| made::parse(case.criteria.len(), reply),
            write: &|_, marks| Some(reply(marks)),
            ask: &|case| anew(&items.list[case.item], case),
            judgings: JUDGINGS,
            first: 0,
        };
        let (rulings, judging) = judge(config, &form, by, &cases)?;
        for (case, ruling) in cases.iter().zip(&rulings).filter(|(case, _)| !case.control) {
            decided[case.item] = made::settle(&decided[case.item], ruling.marks.as_deref());
        }
        let judged: Vec<_> = items.list.iter().zip(decided.iter().cloned()).collect();
        let figures = made::aggregate(&judged, PLAN)?;
        Ok(Scored {
            benchmark: made::ABOUT.name,
            figures: [("figures".to_owned(), json!(figures))].into_iter().collect(),
            judging: Some(judging),
            dataset: items.digest.clone(),
            join: json!(answers.join),
            thinking: answers.thinking,
            tables: tables(&figures),
            sheet: made::sheet(&items.list, &answers.list, &decided),
        })
    }
}

/// A line a mark, as the question asks for.
fn reply(marks: &[bool]) -> String {
    let line =
        |(number, met): (usize, &bool)| format!("{number}: {}", if *met { "yes" } else { "no" });
    (1..).zip(marks).map(line).collect::<Vec<_>>().join("\n")
}

fn tables(found: &Figures) -> String {
    let mut text = String::from("| part | items | CSR | ISR | PSR |\n|---|---:|---:|---:|---:|\n");
    let parts = [("all", &found.all), ("easy", &found.easy), ("hard", &found.hard)];
    let parts = parts.into_iter().map(|(name, means)| (name.to_owned(), means));
    let compositions = found.by_composition.iter().map(|(name, means)| (name.clone(), means));
    for (name, means) in parts.chain(compositions) {
        let [csr, isr, psr] = [means.csr, means.isr, means.psr]
            .map(|rate| rate.map_or("–".to_owned(), |rate| format!("{rate:.2}")));
        text.push_str(&format!("| {name} | {} | {csr} | {isr} | {psr} |\n", means.items));
    }
    text.push_str("\n| composition | questions | met with dependencies | 95 % interval |\n");
    text.push_str("|---|---:|---:|---|\n");
    for (name, rate) in &found.drfr_by_composition {
        let [share, low, high] = [rate.rate, rate.low, rate.high].map(|x| 100.0 * x);
        let n = rate.total;
        text.push_str(&format!("| {name} | {n} | {share:.1} | {low:.1} – {high:.1} |\n"));
    }
    if found.undecided > 0 {
        text.push_str(&format!("\n{} questions that nobody decided: not met\n", found.undecided));
    }
    text
}
