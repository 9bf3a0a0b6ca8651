//! A problem: a question, its answer, and what a slip would give.

use super::ratio::Ratio;

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// What is asked, with the unit of the answer.
    pub(super) question: String,
    /// The answer, without a unit.
    pub(super) answer: String,
    /// Wrong answers, the most plausible ones first; some may be the answer after all.
    pub(super) wrong: Vec<String>,
    /// What stands behind the number in an option.
    pub(super) unit: &'static str,
}

/// Decimals of an answer at most.
const PLACES: u32 = 3;

impl Problem {
    /// With a whole number as its answer.
    pub(super) fn whole(question: String, answer: i64, slips: &[i64]) -> Option<Problem> {
        // Slips of a template may fall on the answer: near numbers stand behind them.
        let near = [1, -1, 2, 10, -2, -10, 3].map(|by| answer + by);
        let lowest = if answer >= 0 { 0 } else { i64::MIN };
        let wrong = slips.iter().chain(&near).filter(|wrong| **wrong >= lowest);
        let wrong = wrong.map(i64::to_string).collect();
        Some(Problem { question, answer: answer.to_string(), wrong, unit: "" })
    }

    /// With a decimal as its answer; `None` where it has too many places.
    pub(super) fn decimal(question: String, answer: Ratio, slips: &[Ratio]) -> Option<Problem> {
        let near =
            [(2, 1), (1, 2), (11, 10), (9, 10), (5, 4)].map(|(a, b)| answer * Ratio::new(a, b));
        let wrong = slips.iter().chain(&near).filter(|wrong| wrong.above > 0);
        let wrong = wrong.filter_map(|wrong| wrong.decimal(PLACES)).collect();
        Some(Problem { question, answer: answer.decimal(PLACES)?, wrong, unit: "" })
    }

    /// With a fraction in lowest terms as its answer.
    pub(super) fn fraction(question: String, answer: Ratio, slips: &[Ratio]) -> Option<Problem> {
        let by = [(1, 1), (-1, 1), (2, 1), (-2, 1)];
        let near = by.map(|(a, _)| Ratio::new(answer.above + a, answer.below));
        let wrong = slips.iter().chain(&near).map(|wrong| wrong.fraction()).collect();
        Some(Problem { question, answer: answer.fraction(), wrong, unit: "" })
    }

    /// With a text as its answer: a name, a day, an expression.
    pub(super) fn text(question: String, answer: String, wrong: Vec<String>) -> Option<Problem> {
        Some(Problem { question, answer, wrong, unit: "" })
    }

    /// With the unit that options show.
    pub(super) fn unit(self, unit: &'static str) -> Problem {
        Problem { unit, ..self }
    }
}
