//! Logic: puzzles with one solution, truth tables, days of the week, overlapping groups.

use super::problem::Problem;
use super::words::{DAYS, NAMES};
use super::{Template, puzzles};
use crate::reasoning::draw::Draw;

pub(super) const TEMPLATES: [(&str, Template); 8] = [
    ("knights", puzzles::knights),
    ("order", puzzles::order),
    ("truth", truth),
    ("boxes", puzzles::boxes),
    ("matching", puzzles::matching),
    ("days", days),
    ("suspects", puzzles::suspects),
    ("groups", groups),
];

/// A formula over the variables p, q, r, s.
enum Formula {
    Variable(usize),
    Not(Box<Formula>),
    Both(Join, Box<Formula>, Box<Formula>),
}

#[derive(Clone, Copy)]
enum Join {
    And,
    Or,
    Implies,
    Either,
}

impl Formula {
    /// A formula with `leaves` variables in it, drawn from the first `variables`.
    fn draw(draw: &mut Draw, leaves: usize, variables: usize) -> Formula {
        if draw.below(4) == 0 {
            return Formula::Not(Box::new(Formula::plain(draw, leaves, variables)));
        }
        Formula::plain(draw, leaves, variables)
    }

    fn plain(draw: &mut Draw, leaves: usize, variables: usize) -> Formula {
        if leaves <= 1 {
            return Formula::Variable(draw.below(variables));
        }
        let join = draw.pick(&[Join::And, Join::Or, Join::Implies, Join::Either]);
        let left = 1 + draw.below(leaves - 1);
        let first = Formula::draw(draw, left, variables);
        let second = Formula::draw(draw, leaves - left, variables);
        Formula::Both(join, Box::new(first), Box::new(second))
    }

    fn holds(&self, world: usize) -> bool {
        match self {
            Formula::Variable(at) => world >> at & 1 == 1,
            Formula::Not(inside) => !inside.holds(world),
            Formula::Both(join, a, b) => {
                let (a, b) = (a.holds(world), b.holds(world));
                match join {
                    Join::And => a && b,
                    Join::Or => a || b,
                    Join::Implies => !a || b,
                    Join::Either => a != b,
                }
            }
        }
    }

    /// In words; brackets stand around every pair.
    fn text(&self) -> String {
        match self {
            Formula::Variable(at) => ["p", "q", "r", "s"][*at].to_owned(),
            Formula::Not(inside) => format!("not {}", inside.text()),
            Formula::Both(join, a, b) => {
                let word = match join {
                    Join::And => "and",
                    Join::Or => "or",
                    Join::Implies => "implies",
                    Join::Either => "xor",
                };
                format!("({} {word} {})", a.text(), b.text())
            }
        }
    }

    /// Which variables occur, as bits.
    fn variables(&self) -> usize {
        match self {
            Formula::Variable(at) => 1 << at,
            Formula::Not(inside) => inside.variables(),
            Formula::Both(_, a, b) => a.variables() | b.variables(),
        }
    }
}

fn truth(draw: &mut Draw, level: usize) -> Option<Problem> {
    let variables = if level == 1 { 3 } else { 4 };
    let formula = Formula::draw(draw, variables + level - 1, variables);
    let worlds = 1 << variables;
    let count = (0..worlds).filter(|world| formula.holds(*world)).count() as i64;
    if formula.variables() != worlds - 1 || count == 0 || count == worlds as i64 {
        return None;
    }
    let names = ["p, q and r", "p, q, r and s"][variables - 3];
    let question = format!(
        "Each of {names} is either true or false. For how many of the {worlds} assignments is this \
         formula true: {}? Here `a or b` also holds if both hold, `a xor b` means that exactly one \
         of them holds, and `a implies b` fails only if a holds and b does not.",
        formula.text()
    );
    let slips = [worlds as i64 - count, count + 1, count - 1, count + 2];
    Problem::whole(question, count, &slips)
}

/// Months of a year that is no leap year, with their days.
const MONTHS: [(&str, i64); 12] = [
    ("January", 31),
    ("February", 28),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
];

fn days(draw: &mut Draw, level: usize) -> Option<Problem> {
    let start = draw.range(0, 6);
    let (count, back) = (draw.range(15, 400), draw.range(15, 400));
    let day = |at: i64| DAYS[at.rem_euclid(7) as usize];
    let (question, answer) = match level {
        1 => (
            format!("Today is {}. Which day of the week is it in {count} days?", day(start)),
            start + count,
        ),
        2 => {
            let question = format!(
                "In {count} days it will be {}. Which day of the week was it {back} days ago?",
                day(start)
            );
            (question, start - count - back)
        }
        _ => {
            let (from, to) = (draw.below(5), 6 + draw.below(6));
            let (first, last) = (draw.range(1, 28), draw.range(1, 28));
            let between: i64 = MONTHS[from..to].iter().map(|(_, days)| days).sum();
            let question = format!(
                "In a year that is not a leap year, {} {first} is a {}. Which day of the week is \
                 {} {last} of the same year?",
                MONTHS[from].0,
                day(start),
                MONTHS[to].0
            );
            (question, start + between + last - first)
        }
    };
    let wrong = [1, -1, 2, -2].map(|by| day(answer + by).to_owned()).to_vec();
    Problem::text(question, day(answer).to_owned(), wrong)
}

fn groups(draw: &mut Draw, level: usize) -> Option<Problem> {
    // How many are in each part: bits tell which of the groups a part belongs to.
    let parts: Vec<i64> = (0..8).map(|_| draw.range(1, 15)).collect();
    let name = draw.pick(&NAMES);
    let kinds = if level == 3 { 8 } else { 4 };
    let sum =
        |test: &dyn Fn(usize) -> bool| (0..kinds).filter(|at| test(*at)).map(|at| parts[at]).sum();
    let total: i64 = sum(&|_| true);
    let of = |bits: usize| -> i64 { sum(&|at| at & bits == bits) };
    let (first, second, both, none) = (of(1), of(2), of(3), parts[0]);
    let games = draw.some(&["football", "chess", "tennis", "the piano", "hockey", "the violin"], 3);
    let school = format!("{name} asks {total} pupils.");
    match level {
        1 => {
            let question = format!(
                "{school} {first} of them play {}, {second} play {}, and {none} play neither. How \
                 many play both?",
                games[0], games[1]
            );
            Problem::whole(question, both, &[first + second - total, total - first - second, none])
        }
        2 => {
            let question = format!(
                "{school} {first} of them play {}, {second} play {}, and {both} play both. How \
                 many play exactly one of the two?",
                games[0], games[1]
            );
            let one = first + second - 2 * both;
            Problem::whole(question, one, &[first + second - both, first + second, total - both])
        }
        _ => {
            let third = of(4);
            let question = format!(
                "{school} {first} of them play {}, {second} play {} and {third} play {}. {both} \
                 play {} and {}, {} play {} and {}, {} play {} and {}, and {} play all three. How \
                 many play none of the three?",
                games[0],
                games[1],
                games[2],
                games[0],
                games[1],
                of(5),
                games[0],
                games[2],
                of(6),
                games[1],
                games[2],
                of(7)
            );
            let slips = [total - first - second - third + of(7), none + of(7), total - of(7)];
            Problem::whole(question, none, &slips)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_mean_what_they_say() {
        let leaf = |at| Box::new(Formula::Variable(at));
        let formula = Formula::Both(
            Join::Implies,
            Box::new(Formula::Both(Join::Either, leaf(0), leaf(1))),
            Box::new(Formula::Not(leaf(2))),
        );
        assert_eq!(formula.text(), "((p xor q) implies not r)");
        let holds: Vec<usize> = (0..8).filter(|world| formula.holds(*world)).collect();
        assert_eq!(holds, [0, 1, 2, 3, 4, 7]);
        assert_eq!(formula.variables(), 7);
    }
}
