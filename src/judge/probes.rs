//! Probes of a judge's biases: the same cases asked about once more, with one thing changed that
//! should change nothing.
//!
//! The order of the criteria is turned round (position), the response is made twice as long with
//! sentences that say nothing (verbosity), and the same question is put with another seed (repeat):
//! the last is the noise above which the other two begin to tell.

use heedful_benchmarks::metrics::Rate;
use heedful_benchmarks::statistics::mcnemar::mcnemar;
use heedful_constraints::draw::stream;
use rand::RngExt as _;
use serde::Serialize;

use super::padding::{padded, touches};
use super::{Agreement, Case, Form, Judge, Ruling};
use crate::error::Result;

/// What to probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Cases, drawn among those that the judge has marked; all, where there are fewer.
    pub cases: usize,
    /// The seed of the draw.
    pub seed: u64,
}

/// What the probes found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probes {
    /// Cases that were drawn.
    pub cases: u64,
    /// The seed that they were drawn by.
    pub seed: u64,
    /// With the criteria in reversed order; none where no case has two criteria or the benchmark's
    /// question cannot be made anew.
    pub position: Option<Position>,
    /// With a response twice as long; none where the question cannot be made anew.
    pub verbosity: Option<Verbosity>,
    /// The same question with another seed.
    pub repeat: Turned,
}

/// How marks changed. The intervals are Wilson's, as though marks of one case were independent:
/// they are too narrow where these hang together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Turned {
    /// Cases that were asked about and read.
    pub cases: u64,
    /// Cases whose reply could not be read.
    pub unread: u64,
    /// Marks that changed, of all.
    pub changed: Rate,
    /// Marks that turned from no to yes, of those that were no.
    pub to_yes: Rate,
    /// Marks that turned from yes to no, of those that were yes.
    pub to_no: Rate,
    /// McNemar's exact test of one direction against the other.
    pub p: f64,
}

/// Marks under two orders of the criteria.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Position {
    /// How marks changed from the one order to the other.
    #[serde(flatten)]
    pub turned: Turned,
    /// Yes to criteria while they stand in the first half.
    pub early: Rate,
    /// Yes to the same criteria while they stand in the second half.
    pub late: Rate,
    /// McNemar's exact test of early against late.
    pub p_order: f64,
}

/// Marks of responses with and without padding.
///
/// Padding makes nothing true that was not, so marks that turn yes are the judge's; marks that
/// turn no may be right where the padding breaks a form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Verbosity {
    /// How marks changed when the response was padded.
    #[serde(flatten)]
    pub turned: Turned,
    /// Criteria that were left out, since padding may truly touch them.
    pub left_out: u64,
}

/// A judge who keeps how far those of a panel agree over all rulings, and by a plan probes them
/// after the first.
pub struct Probing<'a> {
    judge: &'a mut dyn Judge,
    plan: Option<Plan>,
    agreement: Option<Agreement>,
    found: Option<Probes>,
}

impl<'a> Probing<'a> {
    /// A judge that rules as `judge` does, and probes it by `plan`, if there is one.
    pub fn new(judge: &'a mut dyn Judge, plan: Option<Plan>) -> Probing<'a> {
        Probing { judge, plan, agreement: None, found: None }
    }

    /// What was found, after a ruling.
    pub fn found(self) -> Option<Probes> {
        self.found
    }
}

impl Judge for Probing<'_> {
    fn name(&self) -> &str {
        self.judge.name()
    }

    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        let rulings = self.judge.rule(form, cases)?;
        self.agreement = match (self.agreement.take(), self.judge.agreement()) {
            (Some(before), Some(next)) => Some(before.and(next)),
            (before, next) => before.or(next),
        };
        if let (None, Some(plan)) = (&self.found, self.plan) {
            self.found = Some(probe(form, self.judge, cases, &rulings, plan)?);
        }
        Ok(rulings)
    }

    /// That of all rulings, not of the probes.
    fn agreement(&self) -> Option<Agreement> {
        self.agreement.clone()
    }
}

/// Asks `judge` anew about some of `cases` and holds what it says against `rulings`.
///
/// # Errors
/// The judge's.
pub fn probe(
    form: &Form<'_>,
    judge: &mut dyn Judge,
    cases: &[Case],
    rulings: &[Ruling],
    plan: Plan,
) -> Result<Probes> {
    let drawn = draw(cases, rulings, plan);
    let again = Form { first: form.first + form.judgings.max(1), ..*form };
    let same: Vec<(Case, &[bool])> =
        drawn.iter().map(|(case, marks)| ((*case).clone(), *marks)).collect();
    let mut repeat = Pairs::default();
    for (_, before, after) in ask(&again, judge, same, &mut repeat)? {
        repeat.add(before, &after, |_| true);
    }
    Ok(Probes {
        cases: drawn.len() as u64,
        seed: plan.seed,
        position: position(form, judge, &drawn)?,
        verbosity: verbosity(form, judge, &drawn)?,
        repeat: repeat.turned(),
    })
}

/// The cases to probe with the marks that they have, in their own order.
fn draw<'a>(cases: &'a [Case], rulings: &'a [Ruling], plan: Plan) -> Vec<(&'a Case, &'a [bool])> {
    let marked = cases.iter().zip(rulings);
    let all: Vec<(&Case, &[bool])> =
        marked.filter_map(|(case, ruling)| Some((case, ruling.marks.as_deref()?))).collect();
    let mut places: Vec<usize> = (0..all.len()).collect();
    let mut rng = stream(plan.seed, 0);
    let n = plan.cases.min(places.len());
    for at in 0..n {
        let other = rng.random_range(at..places.len());
        places.swap(at, other);
    }
    places.truncate(n);
    places.sort_unstable();
    places.iter().map(|&at| all[at]).collect()
}

/// A case as it was asked about, the marks before, and those now.
type Answered<'a> = (Case, &'a [bool], Vec<bool>);

/// Asks about cases; what cannot be read is counted in `pairs` and left out.
fn ask<'a>(
    form: &Form<'_>,
    judge: &mut dyn Judge,
    asked: Vec<(Case, &'a [bool])>,
    pairs: &mut Pairs,
) -> Result<Vec<Answered<'a>>> {
    let (cases, before): (Vec<Case>, Vec<&[bool]>) = asked.into_iter().unzip();
    let rulings = judge.rule(form, &cases)?;
    let mut answered = Vec::with_capacity(cases.len());
    for ((case, before), ruling) in cases.into_iter().zip(before).zip(rulings) {
        match ruling.marks {
            Some(after) => answered.push((case, before, after)),
            None => pairs.unread += 1,
        }
    }
    Ok(answered)
}

/// The cases after `change`, each with its question made anew; none where no question can be.
fn anew<'a>(
    form: &Form<'_>,
    drawn: &[(&Case, &'a [bool])],
    change: impl Fn(&mut Case),
) -> Vec<(Case, &'a [bool])> {
    let made = drawn.iter().filter_map(|(case, marks)| {
        let mut case = (*case).clone();
        change(&mut case);
        case.prompt = (form.ask)(&case)?;
        Some((case, *marks))
    });
    made.collect()
}

fn position(
    form: &Form<'_>,
    judge: &mut dyn Judge,
    drawn: &[(&Case, &[bool])],
) -> Result<Option<Position>> {
    let several: Vec<_> =
        drawn.iter().filter(|(case, _)| case.criteria.len() > 1).copied().collect();
    let turned_round = anew(form, &several, |case| case.criteria.reverse());
    if turned_round.is_empty() {
        return Ok(None);
    }
    let mut pairs = Pairs::default();
    // Criteria with a yes in both places, early alone, late alone, and in neither.
    let [mut both, mut early, mut late, mut neither] = [0u64; 4];
    for (_, before, mut after) in ask(form, judge, turned_round, &mut pairs)? {
        after.reverse();
        pairs.add(before, &after, |_| true);
        let n = before.len();
        for at in (0..n).filter(|at| 2 * at + 1 != n) {
            let [first, second] =
                if 2 * at + 1 < n { [before[at], after[at]] } else { [after[at], before[at]] };
            *match (first, second) {
                (true, true) => &mut both,
                (true, false) => &mut early,
                (false, true) => &mut late,
                (false, false) => &mut neither,
            } += 1;
        }
    }
    let n = both + early + late + neither;
    Ok(Some(Position {
        turned: pairs.turned(),
        early: Rate::new(both + early, n),
        late: Rate::new(both + late, n),
        p_order: mcnemar(early, late),
    }))
}

fn verbosity(
    form: &Form<'_>,
    judge: &mut dyn Judge,
    drawn: &[(&Case, &[bool])],
) -> Result<Option<Verbosity>> {
    let long = anew(form, drawn, |case| case.response = padded(&case.response));
    if long.is_empty() {
        return Ok(None);
    }
    let (mut pairs, mut left_out) = (Pairs::default(), 0);
    for (case, before, after) in ask(form, judge, long, &mut pairs)? {
        // Of names alone it is not known what they ask; the instruction says it somewhere.
        let all = case.named_only && touches(&case.instruction);
        let touched: Vec<bool> = case.criteria.iter().map(|text| all || touches(text)).collect();
        left_out += touched.iter().filter(|touched| **touched).count() as u64;
        pairs.add(before, &after, |at| !touched[at]);
    }
    Ok(Some(Verbosity { turned: pairs.turned(), left_out }))
}

/// Marks before and after, counted.
#[derive(Default)]
struct Pairs {
    cases: u64,
    unread: u64,
    /// By the mark before, then by the mark after.
    marks: [[u64; 2]; 2],
}

impl Pairs {
    fn add(&mut self, before: &[bool], after: &[bool], counts: impl Fn(usize) -> bool) {
        self.cases += 1;
        for (at, (before, after)) in before.iter().zip(after).enumerate() {
            if counts(at) {
                self.marks[usize::from(*before)][usize::from(*after)] += 1;
            }
        }
    }

    fn turned(&self) -> Turned {
        let [[no, to_yes], [to_no, yes]] = self.marks;
        Turned {
            cases: self.cases,
            unread: self.unread,
            changed: Rate::new(to_yes + to_no, no + to_yes + to_no + yes),
            to_yes: Rate::new(to_yes, no + to_yes),
            to_no: Rate::new(to_no, to_no + yes),
            p: mcnemar(to_yes, to_no),
        }
    }
}

impl Probes {
    /// For a terminal, in Markdown.
    pub fn markdown(&self) -> String {
        let Probes { cases, seed, position, verbosity, repeat } = self;
        let mut text = format!(
            "\n| probe of {cases} cases, seed {seed} | read | changed | no → yes | yes → no | p |\n\
             |---|---:|---|---|---|---:|\n"
        );
        let rows = [
            ("criteria reversed", position.map(|p| p.turned)),
            ("response padded", verbosity.map(|v| v.turned)),
            ("asked again", Some(*repeat)),
        ];
        for (name, turned) in rows {
            let Some(turned) = turned else {
                text.push_str(&format!("| {name} | cannot be asked | – | – | – | – |\n"));
                continue;
            };
            let Turned { cases, changed, to_yes, to_no, p, .. } = turned;
            let [changed, to_yes, to_no] = [changed, to_yes, to_no].map(|rate| told(&rate));
            let row = format!("| {name} | {cases} | {changed} | {to_yes} | {to_no} | {p:.3} |\n");
            text.push_str(&row);
        }
        if let Some(position) = position {
            let [early, late] = [position.early, position.late].map(|rate| told(&rate));
            let p = position.p_order;
            text.push_str(&format!(
                "\nyes to a criterion that stands early {early}, late {late}; p {p:.3}\n"
            ));
        }
        if let Some(Verbosity { left_out, .. }) = verbosity {
            text.push_str(&format!("criteria left out of padding: {left_out}\n"));
        }
        text
    }
}

/// A share with its interval, in per cent.
fn told(rate: &Rate) -> String {
    if rate.total == 0 {
        return "– of 0".to_owned();
    }
    let [share, low, high] = [rate.rate, rate.low, rate.high].map(|x| 100.0 * x);
    format!("{share:.1} % ({low:.1} – {high:.1}) of {}", rate.total)
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
