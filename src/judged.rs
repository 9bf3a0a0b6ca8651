//! The stage `evaluate` of benchmarks that a judge decides: responses × criteria → figures.

use std::path::{Path, PathBuf};

use heedful_benchmarks::cfbench;
use heedful_benchmarks::items::{self, Item, Items};
use heedful_benchmarks::join::{self, Report};
use heedful_benchmarks::responses;
use heedful_benchmarks::thinking::{Counts, Policy};
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Result};
use crate::judge::{Case, Form, Judge, RuleAgreement, Ruling, with_rules};
use crate::whole;

/// What to judge and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The published items.
    pub items: PathBuf,
    /// The responses, joined by key or prompt; without them, those that stand beside the items.
    pub responses: Option<PathBuf>,
    /// How reasoning is removed before judging.
    pub thinking: Policy,
    /// The chat template writes the opening tag of the reasoning itself.
    pub prefilled: bool,
    /// Where the replies are kept, as recorded replies are read.
    pub replies: Option<PathBuf>,
}

/// How the judging went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judging {
    /// The judge.
    pub judge: String,
    /// The version of the question.
    pub template: &'static str,
    /// Responses that were judged.
    pub cases: u64,
    /// Of these, those whose reply is in the form.
    pub read: u64,
    /// Those whose reply is not.
    pub unparsed: u64,
    /// Those without a reply.
    pub abstained: u64,
    /// How far the judge agrees with the rules on what these decide.
    pub rules: RuleAgreement,
}

/// A judged run; as JSON it is what `heedful eval NAME --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome<F> {
    /// The benchmark's figures as its own code computes them.
    pub official: F,
    /// The same with the listed faults mended.
    pub corrected: F,
    /// How the judging went.
    pub judging: Judging,
    /// The digest of the items.
    pub dataset: String,
    /// What did not join one to one.
    pub join: Report,
    /// How the reasoning blocks stood.
    pub thinking: Counts,
}

/// The answers to judge, one an item.
struct Answers {
    list: Vec<Option<String>>,
    join: Report,
    thinking: Counts,
}

/// Joins the responses to items of these keys and prompts, and removes their reasoning.
fn answers(config: &Config, items: &Items, own: Vec<Option<String>>) -> Result<Answers> {
    let (raw, join) = match &config.responses {
        Some(path) => {
            let responses = responses::read(path)?;
            let joined = join::join(items, &responses);
            let text = |at: &Option<usize>| at.and_then(|at| responses[at].text.clone());
            (joined.of_item.iter().map(text).collect(), joined.report)
        }
        None => {
            let without = items.list.iter().zip(&own).filter(|(_, text)| text.is_none());
            let missing = without.map(|(item, _)| item.key.clone()).collect();
            (own, Report { missing, ..Report::default() })
        }
    };
    let mut thinking = Counts::default();
    let mut answer = |text: String| {
        let answer = config.thinking.answer(&text, config.prefilled);
        thinking.add(answer.state, answer.irregular);
        answer.text.to_owned()
    };
    let list = raw.into_iter().map(|text: Option<String>| text.map(&mut answer)).collect();
    Ok(Answers { list, join, thinking })
}

/// Judges `cases`, keeps the replies, and counts.
fn judge(
    config: &Config,
    form: &Form<'_>,
    judge: &mut dyn Judge,
    cases: &[Case],
) -> Result<(Vec<Ruling>, Judging)> {
    let rulings = judge.rule(form, cases)?;
    if let Some(path) = &config.replies {
        keep(path, cases, &rulings)?;
    }
    let count = |which: fn(&Ruling) -> bool| rulings.iter().filter(|r| which(r)).count() as u64;
    let judging = Judging {
        judge: judge.name().to_owned(),
        template: form.version,
        cases: cases.len() as u64,
        read: count(|ruling| ruling.marks.is_some()),
        unparsed: count(|ruling| ruling.marks.is_none() && ruling.reply.is_some()),
        abstained: count(|ruling| ruling.reply.is_none()),
        rules: with_rules(cases, &rulings),
    };
    Ok((rulings, judging))
}

fn keep(path: &Path, cases: &[Case], rulings: &[Ruling]) -> Result<()> {
    whole::write(path, |out| {
        for (case, ruling) in cases.iter().zip(rulings) {
            let line = json!({"key": case.key, "reply": ruling.reply});
            writeln!(out, "{line}").map_err(|e| Error::io(path, e))?;
        }
        Ok(())
    })
}

/// CFBench as it is to be judged.
pub struct Cfbench {
    items: cfbench::Items,
    answers: Answers,
    /// What is asked: the items that have a response.
    pub cases: Vec<Case>,
}

impl Cfbench {
    /// Reads items and responses.
    ///
    /// # Errors
    /// Files that cannot be taken.
    pub fn read(config: &Config) -> Result<Cfbench> {
        let items = cfbench::load(&config.items)?;
        let named = (items.list.iter().zip(1..)).map(|(item, line)| Item {
            key: item.key.clone(),
            prompt: item.prompt.clone(),
            asked: Vec::new(),
            line,
        });
        let named = items::gather(named.collect());
        let own = items.list.iter().map(|item| item.response.clone()).collect();
        let answers = answers(config, &named, own)?;
        let answered = items.list.iter().zip(&answers.list).enumerate();
        let case = |(at, (item, answer)): (usize, (&cfbench::Item, &Option<String>))| {
            let response = answer.clone()?;
            Some(Case {
                item: at,
                key: item.key.clone(),
                instruction: item.prompt.clone(),
                criteria: item.criteria.iter().map(|c| c.text.clone()).collect(),
                prompt: cfbench::request(item, &response),
                response,
            })
        };
        let cases = answered.filter_map(case).collect();
        Ok(Cfbench { items, answers, cases })
    }

    /// Judges and scores. An item without a response, or without a reply that can be used, has met
    /// nothing.
    ///
    /// # Errors
    /// The judge's; replies that cannot be written.
    pub fn score(self, config: &Config, by: &mut dyn Judge) -> Result<Outcome<cfbench::Figures>> {
        let Cfbench { items, answers, cases } = self;
        let form = Form {
            version: cfbench::PROMPT_VERSION,
            read: &|case, reply| {
                let item = items.list[case.item].with_criteria(&case.criteria);
                let reading = cfbench::parse_strictly(&item.criteria, reply)?;
                Some(reading.marks.iter().map(|mark| mark.met).collect())
            },
            write: &cfbench_reply,
            ask: &|case| {
                let item = items.list[case.item].with_criteria(&case.criteria);
                Some(cfbench::request(&item, &case.response))
            },
            judgings: cfbench::MAX_JUDGINGS as u32,
            first: 0,
        };
        let (rulings, judging) = judge(config, &form, by, &cases)?;
        let mut replies: Vec<&str> = vec![""; items.list.len()];
        for (case, ruling) in cases.iter().zip(&rulings) {
            replies[case.item] = ruling.reply.as_deref().unwrap_or_default();
        }
        let figures = |read: fn(&[cfbench::Criterion], &str) -> cfbench::Reading| {
            let pairs = items.list.iter().zip(&replies);
            let readings: Vec<cfbench::Reading> =
                pairs.map(|(item, reply)| read(&item.criteria, reply)).collect();
            cfbench::aggregate(items.list.iter().zip(&readings))
        };
        Ok(Outcome {
            // Where the official code stops at a mark that is no number, nothing was read.
            official: figures(|criteria, reply| {
                let reading = cfbench::parse(criteria, reply);
                reading.unwrap_or_else(|_| cfbench::parse_corrected(criteria, ""))
            }),
            corrected: figures(cfbench::parse_corrected),
            judging,
            dataset: items.digest.clone(),
            join: answers.join,
            thinking: answers.thinking,
        })
    }
}

/// Each criterion with its mark.
fn cfbench_reply(case: &Case, marks: &[bool]) -> String {
    let marked = case.criteria.iter().zip(marks);
    let line = |(text, met): (&String, &bool)| format!("{text}\t{}", u8::from(*met));
    marked.map(line).collect::<Vec<_>>().join("\n\n")
}

impl Outcome<cfbench::Figures> {
    /// The table for a terminal, in Markdown.
    pub fn markdown(&self) -> String {
        let mut text =
            String::from("| CFBench | items | CSR | ISR | PSR |\n|---|---:|---:|---:|---:|\n");
        let parts = |figures: &cfbench::Figures| [figures.all, figures.easy, figures.hard];
        for (reading, figures) in [("official", &self.official), ("corrected", &self.corrected)] {
            for (name, means) in ["all", "easy", "hard"].iter().zip(parts(figures)) {
                let [csr, isr, psr] = [means.csr, means.isr, means.psr]
                    .map(|rate| rate.map_or("–".to_owned(), |rate| format!("{rate:.2}")));
                let n = means.items;
                text.push_str(&format!("| {name}, {reading} | {n} | {csr} | {isr} | {psr} |\n"));
            }
        }
        text.push_str("\n| type | criteria | met | 95 % interval |\n|---|---:|---:|---|\n");
        for (kind, rate) in &self.official.by_kind {
            let [share, low, high] = [rate.rate, rate.low, rate.high].map(|x| 100.0 * x);
            let n = rate.total;
            text.push_str(&format!("| {kind} | {n} | {share:.1} | {low:.1} – {high:.1} |\n"));
        }
        let Judging { judge, template, cases, read, unparsed, abstained, rules } = &self.judging;
        text.push_str(&format!(
            "\n{cases} responses judged by {judge} ({template}): {read} replies in the form, \
             {unparsed} not, {abstained} abstentions\n"
        ));
        text.push_str(&rules.markdown());
        if !self.join.missing.is_empty() {
            let n = self.join.missing.len();
            text.push_str(&format!("{n} items without a response: nothing met\n"));
        }
        text
    }
}
