//! CFBench: a case an item, all its criteria in one question.

use heedful_benchmarks::answered::{self, Answers};
use heedful_benchmarks::cfbench::{self, Criterion, Figures, Reading};
use serde_json::json;

use super::{Config, Judged, Judging, judge, readings};
use crate::error::Result;
use crate::judge::{Case, Form, Judge};
use crate::outcome::Scored;

/// CFBench as it is to be judged.
pub(super) struct Cfbench {
    items: cfbench::Items,
    answers: Answers,
    /// The items that have a response.
    cases: Vec<Case>,
}

impl Cfbench {
    pub(super) fn read(config: &Config) -> Result<Cfbench> {
        let items = cfbench::load(&config.items)?;
        let named = || items.list.iter().map(|item| (item.key.as_str(), item.prompt.as_str()));
        let answers = match &config.responses {
            Some(path) => answered::read(path, named(), &config.removal)?,
            None => {
                let own = items.list.iter().map(|item| item.response.clone());
                config.removal.beside(named().map(|(key, _)| key), own)
            }
        };
        let pairs = items.list.iter().zip(&answers.list).enumerate();
        let cases = pairs.filter_map(|(at, (item, answered))| {
            let response = answered.as_ref()?.answer.clone();
            Some(Case {
                item: at,
                key: item.key.clone(),
                instruction: item.prompt.clone(),
                criteria: item.criteria.iter().map(|c| c.text.clone()).collect(),
                prompt: cfbench::request(item, &response),
                response,
                ..Case::default()
            })
        });
        let cases = cases.collect();
        Ok(Cfbench { items, answers, cases })
    }
}

impl Judged for Cfbench {
    fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// An item without a response, or without a reply that can be used, has met nothing.
    fn score(self: Box<Self>, config: &Config, by: &mut dyn Judge) -> Result<Scored> {
        let Cfbench { items, answers, cases } = *self;
        let form = Form {
            version: cfbench::PROMPT_VERSION,
            read: &|case, reply| {
                let item = items.list[case.item].with_criteria(&case.criteria);
                let reading = cfbench::parse_strictly(&item.criteria, unfenced(reply))?;
                Some(reading.marks.iter().map(|mark| mark.met).collect())
            },
            write: &|case, marks| Some(reply(case, marks)),
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
            replies[case.item] = ruling.reply.as_deref().map(unfenced).unwrap_or_default();
        }
        let read = |read: fn(&[Criterion], &str) -> Reading| -> Vec<Reading> {
            let pairs = items.list.iter().zip(&replies);
            pairs.map(|(item, reply)| read(&item.criteria, reply)).collect()
        };
        // Where the official code stops at a mark that is no number, nothing was read.
        let official = read(|criteria, reply| {
            let reading = cfbench::parse(criteria, reply);
            reading.unwrap_or_else(|_| cfbench::parse_corrected(criteria, ""))
        });
        let corrected = read(cfbench::parse_corrected);
        let figures = |list: &[Reading]| cfbench::aggregate(items.list.iter().zip(list));
        let [first, second] = [figures(&official), figures(&corrected)];
        // Where a reply is out of the form the official figure drops what is not met.
        let rows = items.list.iter().zip(&answers.list).zip(&corrected);
        let rows = rows.map(|((item, answered), reading)| (item, answered.as_ref(), reading));
        let tables = warning(&judging, &first, &second) + &tables(&first, &second);
        Ok(Scored {
            benchmark: cfbench::ABOUT.name,
            figures: readings(&first, &second),
            judging: Some(judging),
            dataset: items.digest.clone(),
            join: json!(answers.join),
            thinking: answers.thinking,
            tables,
            sheet: cfbench::sheet(rows),
        })
    }
}

/// What stands between a pair of code fences around all of a reply, or the reply itself.
fn unfenced(reply: &str) -> &str {
    let inner = || {
        let (_, rest) = reply.trim().strip_prefix("```")?.split_once('\n')?;
        rest.strip_suffix("```")
    };
    inner().map_or(reply, str::trim_end)
}

/// Each criterion with its mark.
fn reply(case: &Case, marks: &[bool]) -> String {
    let marked = case.criteria.iter().zip(marks);
    let line = |(text, met): (&String, &bool)| format!("{text}\t{}", u8::from(*met));
    marked.map(line).collect::<Vec<_>>().join("\n\n")
}

/// A line above the tables where replies out of the form part the two readings.
fn warning(judging: &Judging, official: &Figures, corrected: &Figures) -> String {
    if judging.unparsed == 0 {
        return String::new();
    }
    let psr = |figures: &Figures| figures.all.psr.unwrap_or(0.0);
    format!(
        "{} of {} replies are not in the form: the official code drops what they say is not met \
         (PSR {:.2}), corrected counts it (PSR {:.2})\n\n",
        judging.unparsed,
        judging.cases,
        psr(official),
        psr(corrected)
    )
}

fn tables(official: &Figures, corrected: &Figures) -> String {
    let mut text =
        String::from("| CFBench | items | CSR | ISR | PSR |\n|---|---:|---:|---:|---:|\n");
    let parts = |figures: &Figures| [figures.all, figures.easy, figures.hard];
    for (reading, figures) in [("official", official), ("corrected", corrected)] {
        for (name, means) in ["all", "easy", "hard"].iter().zip(parts(figures)) {
            let [csr, isr, psr] = [means.csr, means.isr, means.psr]
                .map(|rate| rate.map_or("–".to_owned(), |rate| format!("{rate:.2}")));
            let n = means.items;
            text.push_str(&format!("| {name}, {reading} | {n} | {csr} | {isr} | {psr} |\n"));
        }
    }
    text.push_str("\n| domain | items | CSR | ISR | PSR |\n|---|---:|---:|---:|---:|\n");
    for (domain, means) in &official.by_domain {
        let [csr, isr, psr] = [means.csr, means.isr, means.psr]
            .map(|rate| rate.map_or("–".to_owned(), |rate| format!("{rate:.2}")));
        text.push_str(&format!("| {domain} | {} | {csr} | {isr} | {psr} |\n", means.items));
    }
    text.push_str("\n| type | criteria | met | 95 % interval |\n|---|---:|---:|---|\n");
    for (kind, rate) in &official.by_kind {
        let [share, low, high] = [rate.rate, rate.low, rate.high].map(|x| 100.0 * x);
        let n = rate.total;
        text.push_str(&format!("| {kind} | {n} | {share:.1} | {low:.1} – {high:.1} |\n"));
    }
    text
}
