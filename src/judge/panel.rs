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
    /// Criteria on which as many say yes as no: they count as not met, and where all of a case are
    /// tied it has no ruling.
    pub tied: u64,
    /// How many said yes and no to each of the criteria on which all ruled.
    #[serde(skip)]
    counts: Vec<[u64; 2]>,
}

impl Agreement {
    /// Of `counts`, the other figures given.
    fn of(judges: Vec<String>, abstained: Vec<u64>, tied: u64, counts: Vec<[u64; 2]>) -> Agreement {
        let same = counts.iter().filter(|count| count.contains(&0)).count();
        Agreement {
            judges,
            abstained,
            criteria: counts.len() as u64,
            unanimous: (!counts.is_empty()).then(|| same as f64 / counts.len() as f64),
            kappa: fleiss(&counts),
            tied,
            counts,
        }
    }

    /// That of these cases and of the `next`, by the same judges.
    pub(super) fn and(mut self, next: Agreement) -> Agreement {
        let abstained = self.abstained.iter().zip(&next.abstained).map(|(a, b)| a + b).collect();
        self.counts.extend(next.counts);
        Agreement::of(self.judges, abstained, self.tied + next.tied, self.counts)
    }
}

impl<'a> Panel<'a> {
    /// A panel of these judges.
    pub fn new(judges: Vec<Box<dyn Judge + 'a>>) -> Panel<'a> {
        let names: Vec<&str> = judges.iter().map(|judge| judge.name()).collect();
        let name = names.join(" + ");
        Panel { name, judges, agreement: Agreement::default() }
    }
}

/// The majority on each criterion, and how many are tied, which is not met; none, where all are or
/// nobody ruled.
fn majority(votes: &[&[bool]]) -> (Option<Vec<bool>>, u64) {
    let Some(first) = votes.first() else { return (None, 0) };
    let yes = |at: usize| votes.iter().filter(|marks| marks[at]).count();
    let tied = (0..first.len()).filter(|at| 2 * yes(*at) == votes.len()).count();
    let marks = (0..first.len()).map(|at| 2 * yes(at) > votes.len()).collect();
    ((tied < first.len()).then_some(marks), tied as u64)
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
            let (marks, ties) = majority(&votes);
            tied += ties;
            rulings.push(match marks {
                Some(marks) => Ruling { reply: (form.write)(case, &marks), marks: Some(marks) },
                None => Ruling::default(),
            });
        }
        let names = self.judges.iter().map(|judge| judge.name().to_owned()).collect();
        self.agreement = Agreement::of(names, all.iter().map(silent).collect(), tied, counts);
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
    fn the_majority_rules_and_ties_are_not_met() {
        let judges: [&'static [&'static str]; 3] = [
            &["11", "10", "1", "?", "11"],
            &["10", "10", "0", "?", "10"],
            &["10", "00", "?", "?", "?"],
        ];
        let names = ["a", "b", "c"];
        let boxed = names.iter().zip(judges).map(|(name, said)| Box::new(Says(name, said)));
        let mut panel = Panel::new(boxed.map(|judge| judge as Box<dyn Judge>).collect());
        let cases = [case("w", 2), case("x", 2), case("y", 1), case("z", 1), case("v", 2)];
        let got = panel.rule(&DIGITS, &cases).unwrap();
        let replies: Vec<_> = got.iter().map(|ruling| ruling.reply.as_deref()).collect();
        assert_eq!(replies, [Some("10"), Some("10"), None, None, Some("10")]);
        let agreement = panel.agreement().unwrap();
        assert_eq!(agreement.abstained, [1, 1, 3]);
        assert_eq!((agreement.criteria, agreement.tied), (4, 2));
        assert_eq!(agreement.unanimous, Some(0.5));
        // Counts of yes are 3, 1, 2, 0 of 3: mean agreement 2/3, by chance 1/2.
        assert!((agreement.kappa.unwrap() - 1.0 / 3.0).abs() < 1e-12, "{agreement:?}");
        assert_eq!(panel.name(), "a + b + c");
        let both = agreement.clone().and(agreement.clone());
        assert_eq!((both.criteria, both.tied, both.unanimous), (8, 4, Some(0.5)));
        assert_eq!((both.abstained, both.kappa), (vec![2, 2, 6], agreement.kappa));
    }
}
