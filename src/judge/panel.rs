//! Several judges as one: the majority of those who ruled, and how far they agree.

use heedful_benchmarks::statistics::agreement::fleiss;
use serde::Serialize;

use super::{Case, Form, Judge, Ruling};
use crate::error::Result;

/// Judges whose majority rules.
pub struct Panel<'a> {
    name: String,
    judges: Vec<Box<dyn Judge + 'a>>,
    agreement: Agreement,
}

/// How far the judges of a panel agree.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// The judges.
    pub judges: Vec<String>,
    /// Cases on which each of them did not rule.
    pub abstained: Vec<u64>,
    /// Criteria on which all ruled.
    pub criteria: u64,
    /// The share of these with one opinion.
    pub unanimous: Option<f64>,
    /// Fleiss' kappa over them; none where all opinions are the same.
    pub kappa: Option<f64>,
    /// Cases with a criterion on which as many say yes as no: they have no ruling.
    pub tied: u64,
}

impl<'a> Panel<'a> {
    /// A panel of these judges.
    pub fn new(judges: Vec<Box<dyn Judge + 'a>>) -> Panel<'a> {
        let names: Vec<&str> = judges.iter().map(|judge| judge.name()).collect();
        let name = names.join(" + ");
        Panel { name, judges, agreement: Agreement::default() }
    }
}

/// The majority on each criterion; none, where there is a tie or nobody ruled.
fn majority(votes: &[&[bool]]) -> Option<Vec<bool>> {
    let criteria = votes.first()?.len();
    let marks = (0..criteria).map(|at| {
        let yes = votes.iter().filter(|marks| marks[at]).count();
        (2 * yes != votes.len()).then_some(2 * yes > votes.len())
    });
    marks.collect()
}

impl Judge for Panel<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
        let all: Vec<Vec<Ruling>> =
            self.judges.iter_mut().map(|judge| judge.rule(form, cases)).collect::<Result<_>>()?;
        let silent = |list: &Vec<Ruling>| list.iter().filter(|r| r.marks.is_none()).count() as u64;
        let mut counts: Vec<[u64; 2]> = Vec::new();
        let (mut rulings, mut tied) = (Vec::with_capacity(cases.len()), 0);
        for (at, case) in cases.iter().enumerate() {
            let votes: Vec<&[bool]> =
                all.iter().filter_map(|list| list[at].marks.as_deref()).collect();
            if votes.len() == self.judges.len() {
                counts.extend((0..case.criteria.len()).map(|criterion| {
                    let yes = votes.iter().filter(|marks| marks[criterion]).count() as u64;
                    [yes, votes.len() as u64 - yes]
                }));
            }
            let marks = majority(&votes);
            tied += u64::from(marks.is_none() && !votes.is_empty());
            rulings.push(match marks {
                Some(marks) => Ruling { reply: (form.write)(case, &marks), marks: Some(marks) },
                None => Ruling::default(),
            });
        }
        let same = counts.iter().filter(|count| count.contains(&0)).count();
        self.agreement = Agreement {
            judges: self.judges.iter().map(|judge| judge.name().to_owned()).collect(),
            abstained: all.iter().map(silent).collect(),
            criteria: counts.len() as u64,
            unanimous: (!counts.is_empty()).then(|| same as f64 / counts.len() as f64),
            kappa: fleiss(&counts),
            tied,
        };
        Ok(rulings)
    }

    fn agreement(&self) -> Option<Agreement> {
        Some(self.agreement.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{DIGITS, case};

    struct Says(&'static str, &'static [&'static str]);

    impl Judge for Says {
        fn name(&self) -> &str {
            self.0
        }

        fn rule(&mut self, form: &Form<'_>, cases: &[Case]) -> Result<Vec<Ruling>> {
            let replies = cases.iter().zip(self.1);
            Ok(replies.map(|(case, said)| Ruling::of(form, case, (*said).to_owned())).collect())
        }
    }

    #[test]
    fn the_majority_rules_and_ties_abstain() {
        let judges: [&'static [&'static str]; 3] =
            [&["11", "10", "1", "?"], &["10", "10", "0", "?"], &["10", "00", "?", "?"]];
        let names = ["a", "b", "c"];
        let boxed = names.iter().zip(judges).map(|(name, said)| Box::new(Says(name, said)));
        let mut panel = Panel::new(boxed.map(|judge| judge as Box<dyn Judge>).collect());
        let cases = [case("w", 2), case("x", 2), case("y", 1), case("z", 1)];
        let got = panel.rule(&DIGITS, &cases).unwrap();
        let replies: Vec<_> = got.iter().map(|ruling| ruling.reply.as_deref()).collect();
        assert_eq!(replies, [Some("10"), Some("10"), None, None]);
        let agreement = panel.agreement().unwrap();
        assert_eq!(agreement.abstained, [1, 1, 2]);
        assert_eq!((agreement.criteria, agreement.tied), (4, 1));
        assert_eq!(agreement.unanimous, Some(0.5));
        // Counts of yes are 3, 1, 2, 0 of 3: mean agreement 2/3, by chance 1/2.
        assert!((agreement.kappa.unwrap() - 1.0 / 3.0).abs() < 1e-12, "{agreement:?}");
        assert_eq!(panel.name(), "a + b + c");
    }
}
