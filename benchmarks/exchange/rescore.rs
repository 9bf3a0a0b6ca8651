//! Answers of others, judged by our rules.
//!
//! Items are those that the file holds, else those of a prompts file. Every sample of a prompt is
//! judged: the figures are means over all of them, and where there are several the intervals draw
//! whole prompts, for samples of one prompt are not independent.

use std::collections::HashMap;
use std::path::Path;

use heedful_constraints::python::strings::strip;

use super::agreement::{self, Agreement, ScoreCheck};
use super::{Answer, Answers};
use crate::error::{Error, Result};
use crate::items::{self, Item, Items};
use crate::join::{self, Index, Joined, Report, Row, nothing};
use crate::metrics::{Metrics, compute};
use crate::responses::Response;
use crate::score::{Judged, Setting, score};
use crate::thinking::Counts;
use crate::verifiable::{Evaluation, PLAN};

/// What to judge, and how.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// The file that the answers were read from.
    pub path: &'a Path,
    /// The prompts with their constraints; by default those that the file holds.
    pub prompts: Option<&'a Path>,
    /// Profile and thinking policy.
    pub setting: &'a Setting,
    /// The one sample of each prompt to judge, from 1; by default all.
    pub sample: Option<usize>,
}

/// Answers judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct Rescored {
    /// A row a sample: those of a prompt together, prompts in the order of their file.
    pub evaluation: Evaluation,
    /// The figures over all rows.
    pub metrics: Metrics,
    /// How many prompts.
    pub prompts: usize,
    /// How many responses were judged.
    pub responses: usize,
    /// The fewest samples of a prompt that has any.
    pub fewest: usize,
    /// The most samples of a prompt.
    pub most: usize,
    /// Tokens of a response, where the file tells.
    pub tokens: Option<f64>,
    /// How the verdicts of the file compare with ours, where it holds some.
    pub agreement: Option<Agreement>,
    /// How its plain scores compare with our verdicts.
    pub scores: Vec<ScoreCheck>,
    /// What a reader of the figures must know.
    pub notes: Vec<String>,
}

/// Items with the answers that belong to each.
struct Matched {
    items: Items,
    of_item: Vec<Vec<usize>>,
    report: Report,
}

/// Judges `answers`.
///
/// # Errors
/// Prompts that cannot be read, answers without constraints where no prompts are given, an
/// instruction that no rule can take, recorded verdicts of another number of instructions, a sample
/// that no prompt has.
pub fn rescore(answers: &Answers, config: &Config<'_>) -> Result<Rescored> {
    let mut matched = match config.prompts {
        Some(prompts) => join(items::read(prompts)?, &answers.list),
        None => held(config.path, &answers.list)?,
    };
    for list in &mut matched.of_item {
        list.sort_by_key(|&at| answers.list[at].sample);
    }
    let mut notes = answers.notes.clone();
    choose(&mut matched, config, &mut notes)?;
    let (rows, judged) = judge(&matched, answers, config)?;
    let counts = || matched.of_item.iter().map(Vec::len).filter(|&n| n > 0);
    let (fewest, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
    let metrics = compute(&judged, config.setting.profile, PLAN);
    let mut thinking = Counts::default();
    for item in &judged {
        if let Some(state) = item.thinking {
            thinking.add(state, item.irregular);
        }
    }
    let answered: Vec<(&Answer, &Judged)> = rows
        .iter()
        .zip(&judged)
        .filter_map(|(row, judged)| row.answer.map(|at| (&answers.list[at], judged)))
        .collect();
    let (agreement, scores) = agreement::compare(config.path, &answered, config.setting.profile)?;
    notes.extend(remarks(&answered, most));
    let tokens = mean_tokens(&answered);
    let responses = judged.iter().filter(|item| item.response.is_some()).count();
    if let (0, Some(item), Some(first)) = (responses, judged.first(), answers.list.first()) {
        let named = (first.key.as_deref(), first.prompt.as_deref());
        return nothing(config.path, answers.list.len(), named, (&item.key, &item.prompt));
    }
    let mut report = matched.report;
    report.missing = missing(&matched.items, &rows, &judged);
    Ok(Rescored {
        evaluation: Evaluation {
            items: judged,
            dataset: matched.items.digest,
            join: report,
            thinking,
        },
        metrics,
        prompts: matched.of_item.len(),
        responses,
        fewest,
        most,
        tokens,
        agreement,
        scores,
        notes,
    })
}

/// Leaves the one sample of each prompt that is asked for.
fn choose(matched: &mut Matched, config: &Config<'_>, notes: &mut Vec<String>) -> Result<()> {
    let Some(sample) = config.sample else { return Ok(()) };
    let most = matched.of_item.iter().map(Vec::len).max().unwrap_or(0);
    if sample == 0 || sample > most {
        let problem = format!("sample {sample} of each prompt: the most that one has is {most}");
        return Err(Error::content(config.path, problem));
    }
    for list in &mut matched.of_item {
        *list = list.get(sample - 1).copied().into_iter().collect();
    }
    notes.push(format!("sample {sample} of up to {most} of each prompt"));
    Ok(())
}

/// The items that the answers themselves hold: those of the same key, prompt and constraints are
/// one. An item without a key is named by its number.
fn held(path: &Path, answers: &[Answer]) -> Result<Matched> {
    let mut known: HashMap<String, usize> = HashMap::new();
    let (mut list, mut of_item): (Vec<Item>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (at, answer) in answers.iter().enumerate() {
        let fail = |problem: &str| answer.place.error(path, problem);
        let asked = answer.asked.as_ref();
        let asked = asked.ok_or_else(|| {
            fail(
                "no `instruction_id_list` with `kwargs` beside the response: give the prompts, too",
            )
        })?;
        let prompt = answer.prompt.as_ref().ok_or_else(|| fail("no prompt in it"))?;
        let constraints: Vec<_> = asked.iter().map(|asked| (&asked.id, &asked.args)).collect();
        let name = serde_json::json!([answer.key, prompt, constraints]).to_string();
        let item = *known.entry(name).or_insert_with(|| {
            let key = answer.key.clone().unwrap_or_else(|| (list.len() + 1).to_string());
            let line = answer.place.number();
            list.push(Item { key, prompt: prompt.clone(), asked: asked.clone(), line });
            of_item.push(Vec::new());
            list.len() - 1
        });
        of_item[item].push(at);
    }
    let items = items::gather(list);
    let report = Report {
        repeated_keys: items.repeated_keys.clone(),
        repeated_prompts: items.repeated_prompts.clone(),
        ..Report::default()
    };
    Ok(Matched { items, of_item, report })
}

/// Joins every answer to the items of a prompts file, as `crate::join` does, but none replaces
/// another.
fn join(items: Items, answers: &[Answer]) -> Matched {
    let index = Index::new(&items);
    let mut of_item: Vec<Vec<usize>> = vec![Vec::new(); items.list.len()];
    let mut report = Report {
        repeated_keys: items.repeated_keys.clone(),
        repeated_prompts: items.repeated_prompts.clone(),
        ..Report::default()
    };
    let mut seen: HashMap<&str, Option<&str>> = HashMap::new();
    for (at, answer) in answers.iter().enumerate() {
        let given = answer.prompt.as_deref();
        let prompt = match given {
            Some(text) if answer.rendered && index.owners(None, Some(text)).is_none() => {
                *seen.entry(text).or_insert_with(|| ending(text, &items))
            }
            given => given,
        };
        let line = answer.place.number();
        let Some(owners) = index.owners(answer.key.as_deref(), prompt) else {
            report.unmatched.push(line);
            continue;
        };
        if owners.disagreeing {
            report.disagreeing.push(line);
        }
        for &item in owners.items {
            of_item[item].push(at);
        }
    }
    Matched { items, of_item, report }
}

/// The most bytes that a chat template writes after a prompt.
const TAIL: usize = 96;

/// The longest prompt that `rendered` ends with, but for a template's tail. Before it stands the
/// start or what is no part of a word.
fn ending<'a>(rendered: &str, items: &'a Items) -> Option<&'a str> {
    let text = rendered.as_bytes();
    let ends = |prompt: &[u8]| {
        (0..=TAIL).any(|tail| {
            let head = text.len().checked_sub(tail).map(|end| &text[..end]);
            let before = head.and_then(|head| head.strip_suffix(prompt));
            before.is_some_and(|before| before.last().is_none_or(|b| !b.is_ascii_alphanumeric()))
        })
    };
    let prompts = items.list.iter().map(|item| strip(&item.prompt));
    let fitting = prompts.filter(|prompt| !prompt.is_empty() && ends(prompt.as_bytes()));
    // The first of the longest.
    fitting.reduce(|best, prompt| if prompt.len() > best.len() { prompt } else { best })
}

/// Judges every sample of every item; an item without any is one row without response.
fn judge(
    matched: &Matched,
    answers: &Answers,
    config: &Config<'_>,
) -> Result<(Vec<Row>, Vec<Judged>)> {
    let rows = join::rows(&matched.of_item);
    let response = |answer: &Answer| Response {
        key: None,
        prompt: None,
        text: answer.response.clone(),
        finish_reason: answer.finish_reason.clone(),
        reasoned: answer.reasoned,
        line: answer.place.number(),
    };
    let responses: Vec<Response> = answers.list.iter().map(response).collect();
    let of_row = rows.iter().map(|row| row.answer.filter(|&at| responses[at].text.is_some()));
    let joined = Joined { of_item: of_row.collect(), report: Report::default() };
    let items = join::items_of(&rows, &matched.items);
    let file = config.prompts.unwrap_or(config.path);
    let judged = score(&items, &responses, &joined, config.setting, file);
    // An entry of an archive has no line: its name is told in its place.
    let judged = judged.map_err(|error| match (error, config.prompts) {
        (Error::Line { line, problem, .. }, None) => {
            let at = answers.list.iter().find(|answer| answer.place.number() == line);
            at.map_or_else(
                || Error::line(file, line, problem.clone()),
                |answer| answer.place.error(file, &problem),
            )
        }
        (error, _) => error,
    })?;
    Ok((rows, judged))
}

/// Keys of items none of whose samples holds a response.
fn missing(items: &Items, rows: &[Row], judged: &[Judged]) -> Vec<String> {
    let mut answered = vec![false; items.list.len()];
    for (row, item) in rows.iter().zip(judged) {
        answered[row.item] |= item.response.is_some();
    }
    let missing = items.list.iter().zip(answered).filter(|(_, answered)| !answered);
    missing.map(|(item, _)| item.key.clone()).collect()
}

fn remarks(answered: &[(&Answer, &Judged)], most: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let empty = answered.iter().filter(|(answer, _)| answer.response.is_none()).count();
    if empty > 0 && most > 1 {
        notes.push(format!("{empty} samples hold no response, counted as not followed"));
    }
    let steps = || answered.iter().filter_map(|(answer, _)| answer.step);
    if let (Some(first), Some(last)) = (steps().min(), steps().max()) {
        let steps = if first == last { format!("{first}") } else { format!("{first} to {last}") };
        notes.push(format!("drawn in training, step {steps}"));
    }
    notes
}

fn mean_tokens(answered: &[(&Answer, &Judged)]) -> Option<f64> {
    let told = answered.iter().filter_map(|(answer, _)| answer.tokens);
    let (sum, n) = told.fold((0, 0u64), |(sum, n), tokens| (sum + u128::from(tokens), n + 1));
    (n > 0).then(|| sum as f64 / n as f64)
}
