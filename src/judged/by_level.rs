//! FollowBench: rules decide some items, a template others, the judge the rest, a case each.

use heedful_benchmarks::answered::{self, Answers};
use heedful_benchmarks::followbench::{self, Decided, Figures, How, Item, Language, Verdict};
use serde_json::{Map, Value, json};

use super::{Config, Judged, judge};
use crate::error::Result;
use crate::judge::{Case, Form, Judge};
use crate::outcome::Scored;

/// How often a case is asked about at most.
const JUDGINGS: u32 = 3;

/// FollowBench as it is to be judged.
pub(super) struct Followbench {
    items: followbench::Items,
    answers: Answers,
    /// The items for a judge that have a response.
    cases: Vec<Case>,
}

impl Followbench {
    pub(super) fn read(config: &Config, language: Language) -> Result<Followbench> {
        let items = followbench::load(&config.items, language)?;
        let keys: Vec<String> = items.list.iter().map(Item::key).collect();
        // What is not scored is not joined either.
        let scored: Vec<usize> =
            (0..items.list.len()).filter(|at| items.list[*at].is_scored()).collect();
        let named = || scored.iter().map(|&at| (keys[at].as_str(), &*items.list[at].instruction));
        let found = match &config.responses {
            Some(path) => answered::read(path, named(), &config.removal)?,
            None => {
                let problem = "FollowBench's files hold no responses: give --responses";
                return Err(crate::error::Error::usage(problem));
            }
        };
        let mut list = vec![None; items.list.len()];
        for (at, answered) in scored.iter().zip(found.list) {
            list[*at] = answered;
        }
        let answers = Answers { list, ..found };
        let case = |at: usize| -> Option<Case> {
            let (item, response) = (&items.list[at], answers.list[at].as_ref()?.answer.clone());
            Some(Case {
                item: at,
                key: keys[at].clone(),
                instruction: item.instruction.clone(),
                criteria: names(item.level),
                prompt: followbench::request(&items, at, &response)?,
                response,
                named_only: true,
                ..Case::default()
            })
        };
        let cases = (0..items.list.len()).filter_map(case).collect();
        Ok(Followbench { items, answers, cases })
    }
}

/// The constraints of a level, of which the files say no more.
fn names(level: u8) -> Vec<String> {
    (1..=level).map(|level| format!("added at {level}")).collect()
}

impl Judged for Followbench {
    fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// An item without a response has met nothing; a reply that cannot be read is the benchmark's
    /// own matter.
    fn score(self: Box<Self>, config: &Config, by: &mut dyn Judge) -> Result<Scored> {
        let Followbench { items, answers, cases } = *self;
        let form = Form {
            version: followbench::PROMPT_VERSION,
            read: &|case, reply| {
                followbench::marks(reply, items.list[case.item].level, items.language)
            },
            write: &|_, marks| Some(followbench::reply(marks)),
            // Constraints come in the order of the levels and in no other.
            ask: &|case| {
                let level = items.list[case.item].level;
                let in_order = case.criteria == names(level);
                in_order.then(|| followbench::request(&items, case.item, &case.response))?
            },
            judgings: JUDGINGS,
            first: 0,
        };
        let (rulings, judging) = judge(config, &form, by, &cases)?;
        let mut decided = vec![Decided::default(); items.list.len()];
        for (at, item) in items.list.iter().enumerate().filter(|(_, item)| item.is_scored()) {
            decided[at].verdict = Some(match (&answers.list[at], item.how) {
                (Some(found), How::Rule(_) | How::Template) => {
                    let verdict = followbench::decide(item, items.language, &found.answer)?;
                    verdict.unwrap_or(Verdict::Unread)
                }
                (Some(_), _) => Verdict::Unread,
                (None, How::Rule(_) | How::Template) => Verdict::Decided(false),
                (None, _) => Verdict::Judged { met: 0, of: item.level },
            });
        }
        for (case, ruling) in cases.iter().zip(rulings) {
            if let Some(marks) = ruling.marks {
                let met = marks.iter().filter(|met| **met).count() as u8;
                let of = items.list[case.item].level;
                let verdict = Some(Verdict::Judged { met, of });
                decided[case.item] = Decided { verdict, marks: Some(marks) };
            }
        }
        let verdicts: Vec<Option<Verdict>> = decided.iter().map(|found| found.verdict).collect();
        let figures = followbench::aggregate(&items, &verdicts)?;
        let told = [("figures".to_owned(), json!(figures))];
        Ok(Scored {
            benchmark: match items.language {
                Language::English => followbench::ABOUT.name,
                Language::Chinese => followbench::ABOUT_CHINESE.name,
            },
            figures: told.into_iter().collect::<Map<String, Value>>(),
            judging: Some(judging),
            dataset: items.digest.clone(),
            join: json!(answers.join),
            thinking: answers.thinking,
            tables: tables(&figures),
            sheet: followbench::sheet(&items, &answers.list, &decided),
        })
    }
}

fn tables(figures: &Figures) -> String {
    let mut text = String::from(
        "| category | reading | HSR 1 … 5 | SSR 1 … 5 | CSL | groups | unread |\n\
         |---|---|---|---|---:|---:|---:|\n",
    );
    let list = |levels: &[f64; 5]| levels.map(|rate| format!("{rate:.2}")).join(" ");
    for (name, found) in &figures.categories {
        for (reading, rates) in [("official", found.official), ("corrected", found.corrected)] {
            text.push_str(&format!(
                "| {name} | {reading} | {} | {} | {:.1} | {} | {} |\n",
                list(&rates.hsr),
                list(&rates.ssr),
                found.csl,
                found.groups,
                found.unread
            ));
        }
    }
    if let (Some(hsr), Some(ssr)) = (figures.weighted_hsr, figures.weighted_ssr) {
        text.push_str(&format!(
            "\nLevel n counted n times, mean of the categories but example: HSR {hsr:.2}, SSR \
             {ssr:.2}\n"
        ));
    }
    text
}
