//! A judge against the rules: criteria that a rule can decide, decided by both.
//!
//! Where the router takes a criterion, the rule's official verdict is a reference that needs no
//! human; a judge that contradicts it on counts and formats is not to be trusted on tone. Criteria
//! in Chinese are read by a grammar of their own.

use heedful_benchmarks::metrics::Rate;
use heedful_benchmarks::statistics::agreement::cohen;
use heedful_constraints::router::route;
use heedful_constraints::{Constraint, Profile, Text};
use rayon::prelude::*;
use serde::Serialize;

use super::chinese::{self, Criterion};
use super::question::statement;
use super::{Case, Ruling};

/// Disagreements that are told in full.
const SHOWN: usize = 5;

/// How far a judge agrees with the rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RuleAgreement {
    /// Criteria that the judge marked.
    pub marks: u64,
    /// Of these, those that a rule decides.
    pub decided: u64,
    /// Those that a rule takes but cannot decide for the response at hand.
    pub faults: u64,
    /// Met by both.
    pub both_yes: u64,
    /// Met by neither.
    pub both_no: u64,
    /// Met by the judge alone.
    pub judge_yes: u64,
    /// Met by the rule alone.
    pub rule_yes: u64,
    /// The share on which both say the same, with Wilson's interval; none where nothing is decided.
    pub agreement: Option<Rate>,
    /// Cohen's kappa; none where both say the same of all.
    pub kappa: Option<f64>,
    /// The first disagreements, in the order of the cases.
    pub disagreements: Vec<Disagreement>,
}

/// One criterion on which the judge and the rule are apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The case.
    pub key: String,
    /// The criterion.
    pub criterion: String,
    /// The rule that it is.
    pub rule: &'static str,
    /// What the judge said; the rule says the opposite.
    pub judge: bool,
    /// Why the rule says so.
    pub reason: String,
}

/// Holds the marks in `rulings` against the rules, on `cases` in the same order.
///
/// A criterion counts where the router takes the whole of its text; cases without marks are passed
/// over.
pub fn with_rules(cases: &[Case], rulings: &[Ruling]) -> RuleAgreement {
    let checked = cases.par_iter().zip(rulings).map(|(case, ruling)| {
        let marks = ruling.marks.as_ref()?;
        let text = Text::new(&case.response);
        let said = |(at, criterion): (usize, &String)| match case.known.get(at) {
            Some(&met) => Some(Said::known(met)),
            None => Some(rule_of(criterion)?.said(&text)),
        };
        Some((case, marks, case.criteria.iter().enumerate().map(said).collect::<Vec<_>>()))
    });
    let checked: Vec<_> = checked.collect();
    let mut all = RuleAgreement::default();
    for (case, marks, said) in checked.into_iter().flatten() {
        for ((criterion, &judge), said) in case.criteria.iter().zip(marks).zip(said) {
            all.add(case, criterion, judge, said);
        }
    }
    let same = all.both_yes + all.both_no;
    all.agreement = (all.decided > 0).then(|| Rate::new(same, all.decided));
    all.kappa = cohen([[all.both_yes, all.judge_yes], [all.rule_yes, all.both_no]]);
    all
}

/// What a rule says of a response.
struct Said {
    rule: &'static str,
    /// Whether the response meets it, and why; nothing where the rule cannot tell.
    verdict: Option<(bool, String)>,
}

impl Said {
    /// What the benchmark's own rule says.
    fn known(met: bool) -> Said {
        let reason = if met { "is met" } else { "is not met" };
        Said { rule: "its rule", verdict: Some((met, reason.to_owned())) }
    }
}

impl RuleAgreement {
    /// One criterion that the judge marked, with what its rule says, if it has one.
    fn add(&mut self, case: &Case, criterion: &str, judge: bool, said: Option<Said>) {
        self.marks += 1;
        let Some(Said { rule, verdict }) = said else { return };
        let Some((satisfied, reason)) = verdict else {
            self.faults += 1;
            return;
        };
        self.decided += 1;
        *match (judge, satisfied) {
            (true, true) => &mut self.both_yes,
            (false, false) => &mut self.both_no,
            (true, false) => &mut self.judge_yes,
            (false, true) => &mut self.rule_yes,
        } += 1;
        if judge != satisfied && self.disagreements.len() < SHOWN {
            let (key, criterion) = (case.key.clone(), criterion.to_owned());
            self.disagreements.push(Disagreement { key, criterion, rule, judge, reason });
        }
    }
}

/// What decides a criterion.
pub(super) enum Rule {
    English(Box<Constraint>),
    Chinese(Criterion),
}

impl Rule {
    fn id(&self) -> &'static str {
        match self {
            Rule::English(rule) => rule.id(),
            Rule::Chinese(rule) => rule.name(),
        }
    }

    fn said(&self, text: &Text<'_>) -> Said {
        let verdict = match self {
            Rule::English(rule) => {
                let verdict = rule.check(text);
                let told = verdict.error().is_none();
                told.then(|| (verdict.satisfied, verdict.reason.to_string()))
            }
            Rule::Chinese(rule) => {
                rule.check(text.raw()).map(|measured| (measured.met, measured.reason))
            }
        };
        Said { rule: self.id(), verdict }
    }
}

/// The rule that a criterion is, a statement or a question, in the official reading.
pub(super) fn rule_of(criterion: &str) -> Option<Rule> {
    if let Some(rule) = chinese::read(criterion) {
        return Some(Rule::Chinese(rule));
    }
    let routed = route(criterion).or_else(|| {
        let routed = route(&statement(criterion)?)?;
        // In a statement a word that is meant stands alone; in a question only quotes tell it from
        // what is talked about.
        let quoted = criterion.contains(['"', '\'', '“', '‘', '`']);
        (quoted || !routed.id.starts_with("keywords:")).then_some(routed)
    })?;
    let rule = Constraint::compile(routed.id, routed.args, Profile::Official).ok()?;
    Some(Rule::English(Box::new(rule)))
}

impl RuleAgreement {
    /// For a terminal, a few lines.
    pub fn markdown(&self) -> String {
        let RuleAgreement { marks, decided, both_yes, both_no, judge_yes, rule_yes, .. } = self;
        let Some(rate) = &self.agreement else {
            return format!(
                "agreement with rules: none of {marks} criteria is one that a rule decides\n"
            );
        };
        let [share, low, high] = [rate.rate, rate.low, rate.high].map(|x| 100.0 * x);
        let kappa = self.kappa.map_or("–".to_owned(), |kappa| format!("{kappa:.2}"));
        let mut text = format!(
            "agreement with rules on {decided} of {marks} criteria: {share:.1} % \
             ({low:.1} – {high:.1}), kappa {kappa}; both yes {both_yes}, both no {both_no}, judge \
             alone {judge_yes}, rule alone {rule_yes}\n"
        );
        for Disagreement { key, criterion, rule, judge, reason } in &self.disagreements {
            let said = if *judge { "yes" } else { "no" };
            text.push_str(&format!("- {key}: judge {said} to “{criterion}”, {rule}: {reason}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::case;

    fn judged(key: &str, response: &str, asked: &[(&str, bool)]) -> (Case, Ruling) {
        let criteria = asked.iter().map(|(text, _)| (*text).to_owned()).collect();
        let case = Case { response: response.to_owned(), criteria, ..case(key, 0) };
        let marks = Some(asked.iter().map(|(_, mark)| *mark).collect());
        (case, Ruling { reply: None, marks })
    }

    #[test]
    fn marks_are_held_against_what_rules_decide() {
        let (few, comma) = ("Use at most 3 words.", "Do not use any commas.");
        let rows = [
            judged("a", "One, two.", &[(few, true), (comma, true), ("Be warm.", true)]),
            judged("b", "One two three four.", &[(few, false), (comma, true)]),
            judged("c", "One two three four.", &[(few, true), (comma, false)]),
        ];
        let (mut cases, mut rulings): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        // What the benchmark's own rule says goes before what the text would be read as.
        cases[1].known = vec![false, true];
        // Who gave no marks is not held against anything.
        cases.push(cases[0].clone());
        rulings.push(Ruling::default());
        let got = with_rules(&cases, &rulings);
        assert_eq!((got.marks, got.decided, got.faults), (7, 6, 0));
        let counts = [got.both_yes, got.both_no, got.judge_yes, got.rule_yes];
        assert_eq!(counts, [2, 1, 2, 1]);
        assert_eq!(got.agreement, Some(Rate::new(3, 6)));
        // By chance 4/6 · 3/6 + 2/6 · 3/6 = 1/2, which is what there is.
        assert_eq!(got.kappa, Some(0.0));
        let apart: Vec<_> = got.disagreements.iter().map(|d| (d.key.as_str(), d.judge)).collect();
        assert_eq!(apart, [("a", true), ("c", true), ("c", false)]);
        assert!(got.disagreements[1].reason.contains("4 words"), "{got:?}");
        let text = got.markdown();
        assert!(text.contains("on 6 of 7 criteria: 50.0 %") && text.contains("- c: judge no"));
    }

    /// Sentences of InFoBench's kind; a question about anything but the whole is none of a rule's.
    #[test]
    fn questions_route_where_a_rule_would_decide_them() {
        for (question, rule) in [
            ("Does the generated text contain exactly five words?", Some("count:words")),
            ("Is the generated text a JSON document?", Some("detectable_format:json_format")),
            ("Does the generated text mention the word 'Alice'?", Some("keywords:existence")),
            ("Does the generated text include word clocks?", None),
            ("Does the table in the generated text contain exactly five words?", None),
            ("Is the generated text appealing?", None),
            ("回答不超过 100 字", Some("zh:length")),
            ("语气友好", None),
        ] {
            assert_eq!(rule_of(question).map(|rule| rule.id()), rule, "{question}");
        }
    }

    #[test]
    fn nothing_to_decide_is_said() {
        let (case, ruling) = judged("a", "x", &[("Be warm.", true)]);
        let got = with_rules(&[case], &[ruling]);
        assert_eq!((got.decided, got.agreement, got.kappa), (0, None, None));
        assert!(got.markdown().contains("none of 1 criteria"));
    }
}
