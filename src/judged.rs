//! The stage `evaluate` of benchmarks that a judge decides: responses × criteria → figures.

mod by_extraction;
mod by_level;
mod by_list;
mod by_rule;
mod by_turns;

use std::fmt;
use std::path::{Path, PathBuf};

use heedful_benchmarks::answered::Removal;
use heedful_benchmarks::followbench::Language;
use heedful_benchmarks::{cfbench, complexbench, followbench, infobench, made};
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Result};
use crate::judge::{Case, Form, Judge, RuleAgreement, Ruling, with_rules};
use crate::outcome::Scored;
use crate::whole;

/// What to judge and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The published items.
    pub items: PathBuf,
    /// The responses, joined by key or prompt; without them, those that stand beside the items.
    pub responses: Option<PathBuf>,
    /// How reasoning is removed before judging.
    pub removal: Removal,
    /// Where the replies are kept, as recorded replies are read.
    pub replies: Option<PathBuf>,
}

/// Items with their responses, ready for a judge.
pub trait Judged {
    /// What is asked first; all there is to ask, but for a benchmark whose later questions depend
    /// on replies.
    fn cases(&self) -> &[Case];

    /// Whether [`Judged::cases`] is not all.
    fn asks_on(&self) -> bool {
        false
    }

    /// Judges and scores.
    ///
    /// # Errors
    /// The judge's; replies that cannot be written.
    fn score(self: Box<Self>, config: &Config, by: &mut dyn Judge) -> Result<Scored>;
}

/// Reads items and responses of the benchmark of this name; `None` of one that no judge decides.
///
/// # Errors
/// Files that cannot be taken.
pub fn read(name: &str, config: &Config) -> Result<Option<Box<dyn Judged>>> {
    let read: Box<dyn Judged> = match name {
        "cfbench" => Box::new(by_list::Cfbench::read(config)?),
        "complexbench" => Box::new(by_extraction::Complexbench::read(config)?),
        "followbench" => Box::new(by_level::Followbench::read(config, Language::English)?),
        "followbench-zh" => Box::new(by_level::Followbench::read(config, Language::Chinese)?),
        "made" => Box::new(by_rule::Made::read(config)?),
        "infobench" => Box::new(by_turns::Infobench::read(config)?),
        _ => return Ok(None),
    };
    Ok(Some(read))
}

/// What a model is asked by the benchmark of this name: keys and prompts, in order; `None` of one
/// that no judge decides.
///
/// # Errors
/// Items that cannot be taken.
pub fn prompts(name: &str, items: &Path) -> Result<Option<Vec<(String, String)>>> {
    let all = match name {
        "cfbench" => {
            let items = cfbench::load(items)?.list.into_iter();
            items.map(|item| (item.key, item.prompt)).collect()
        }
        "complexbench" => {
            let items = complexbench::load(items)?.list.into_iter();
            items.map(|item| (item.main_id.to_string(), item.instruction)).collect()
        }
        "followbench" | "followbench-zh" => {
            let chinese = name != "followbench";
            let language = if chinese { Language::Chinese } else { Language::English };
            let items = followbench::load(items, language)?.list.into_iter();
            let scored = items.filter(followbench::Item::is_scored);
            scored.map(|item| (item.key(), item.instruction)).collect()
        }
        "made" => {
            let items = made::load(items)?.list.into_iter();
            items.map(|item| (item.key, item.prompt)).collect()
        }
        "infobench" => {
            let items = infobench::load(items)?.list.into_iter();
            items.map(|item| (item.id.clone(), item.prompt())).collect()
        }
        _ => return Ok(None),
    };
    Ok(Some(all))
}

/// How the judging went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judging {
    /// The judge.
    pub judge: String,
    /// The version of the question.
    pub template: &'static str,
    /// Questions that were put: a response with its criteria each.
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

impl fmt::Display for Judging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Judging { judge, template, cases, read, unparsed, abstained, rules } = self;
        write!(
            f,
            "{cases} questions to {judge} ({template}): {read} replies in the form, {unparsed} \
             not, {abstained} abstentions\n{}",
            rules.markdown()
        )
    }
}

/// Judges `cases`, keeps the replies, and counts.
fn judge(
    config: &Config,
    form: &Form<'_>,
    judge: &mut dyn Judge,
    cases: &[Case],
) -> Result<(Vec<Ruling>, Judging)> {
    let rulings = judge.rule(form, cases)?;
    let judging = finish(config, form.version, judge.name(), cases, &rulings)?;
    Ok((rulings, judging))
}

/// Keeps the replies, and counts.
fn finish(
    config: &Config,
    template: &'static str,
    judge: &str,
    cases: &[Case],
    rulings: &[Ruling],
) -> Result<Judging> {
    if let Some(path) = &config.replies {
        keep(path, cases, rulings)?;
    }
    let count = |which: fn(&Ruling) -> bool| rulings.iter().filter(|r| which(r)).count() as u64;
    Ok(Judging {
        judge: judge.to_owned(),
        template,
        cases: cases.len() as u64,
        read: count(|ruling| ruling.marks.is_some()),
        unparsed: count(|ruling| ruling.marks.is_none() && ruling.reply.is_some()),
        abstained: count(|ruling| ruling.marks.is_none() && ruling.reply.is_none()),
        rules: with_rules(cases, rulings),
    })
}

fn keep(path: &Path, cases: &[Case], rulings: &[Ruling]) -> Result<()> {
    whole::write(path, |out| {
        for (case, ruling) in cases.iter().zip(rulings) {
            let mut line = json!({"key": case.key, "reply": ruling.reply});
            // Of a panel and of a classifier there may be marks and no words.
            if let (None, Some(marks)) = (&ruling.reply, &ruling.marks) {
                line["marks"] = json!(marks);
            }
            writeln!(out, "{line}").map_err(|e| Error::io(path, e))?;
        }
        Ok(())
    })
}

/// Two readings of the same replies, as JSON.
fn readings(
    official: &impl Serialize,
    corrected: &impl Serialize,
) -> serde_json::Map<String, serde_json::Value> {
    [("official", json!(official)), ("corrected", json!(corrected))]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
