//! Sequences: the next term, a far term, a sum, a pattern that repeats.

use super::Template;
use super::problem::Problem;
use super::ratio::Ratio;
use super::words::{COLOURS, commas, listed, ordinal};
use crate::reasoning::draw::Draw;

pub(super) const TEMPLATES: [(&str, Template); 9] = [
    ("arithmetic", arithmetic),
    ("geometric", geometric),
    ("recurrence", recurrence),
    ("differences", differences),
    ("added", added),
    ("beads", beads),
    ("interleaved", interleaved),
    ("exceeding", exceeding),
    ("figures", figures),
];

fn arithmetic(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (first, step) =
        (draw.range(2, 40), draw.pick(&[-9, -7, -6, -4, 3, 4, 5, 6, 7, 8, 9, 11, 12]));
    let place = draw.range(15, 60);
    let term = |n: i64| first + (n - 1) * step;
    match level {
        1 => {
            let shown = commas(&[term(1), term(2), term(3), term(4)]);
            let question = format!(
                "In the sequence {shown}, ... each term differs from the one before by the same \
                 number. What is the {} term?",
                ordinal(place)
            );
            Problem::whole(question, term(place), &[term(place + 1), term(place - 1), step * place])
        }
        2 => {
            let (a, b) = (draw.range(3, 6), draw.range(8, 14));
            let question = format!(
                "In an arithmetic sequence, the {} term is {} and the {} term is {}. What is the \
                 {} term?",
                ordinal(a),
                term(a),
                ordinal(b),
                term(b),
                ordinal(place)
            );
            Problem::whole(question, term(place), &[term(place + 1), term(place - 1), step * place])
        }
        _ => {
            let shown = commas(&[term(1), term(2), term(3)]);
            let sum = (1..=place).map(term).sum::<i64>();
            let question = format!(
                "What is the sum of the first {place} terms of the arithmetic sequence {shown}, \
                 ...?"
            );
            let slips =
                [sum - term(place), sum + term(place + 1), term(place), place * term(place)];
            Problem::whole(question, sum, &slips)
        }
    }
}

fn geometric(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (first, factor) = (draw.range(2, 9), draw.range(2, 4));
    let count = draw.range(6, 8);
    let term = |n: i64| first * factor.pow((n - 1) as u32);
    let shown = commas(&[term(1), term(2), term(3)]);
    let start = format!("In the sequence {shown}, ... each term is {factor} times the one before.");
    match level {
        1 => {
            let question = format!("{start} What is the {} term?", ordinal(count));
            Problem::whole(
                question,
                term(count),
                &[term(count - 1), term(count + 1), first * count],
            )
        }
        2 => {
            let sum = (1..=count).map(term).sum::<i64>();
            let question = format!("{start} What is the sum of the first {count} terms?");
            Problem::whole(question, sum, &[term(count), sum - term(count), sum + term(count + 1)])
        }
        _ => {
            let (above, below) = (draw.range(1, 3), draw.range(4, 5));
            let ratio = Ratio::new(above, below);
            let place = draw.range(4, 5);
            let start = draw.range(2, 30);
            let terms = std::iter::successors(Some(Ratio::from(start)), |term| Some(*term * ratio));
            let terms: Vec<Ratio> = terms.take(6).collect();
            let sum = terms[..place as usize].iter().fold(Ratio::from(0), |sum, term| sum + *term);
            let question = format!(
                "The first term of a sequence is {start}, and each further term is {} of the one \
                 before. What is the sum of the first {place} terms? Give the answer as a fraction \
                 in lowest terms.",
                ratio.fraction()
            );
            let slips = [terms[place as usize - 1], sum - terms[place as usize - 1]];
            let problem = Problem::fraction(question, sum, &slips);
            problem.filter(|_| ratio.below > 3 && sum.below > 1)
        }
    }
}

fn recurrence(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (first, factor) = (draw.range(1, 6), draw.range(2, 4));
    let add = draw.pick(&[-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7]);
    let next = |term: i64| factor * term + add;
    let terms: Vec<i64> = std::iter::successors(Some(first), |t| Some(next(*t))).take(9).collect();
    // A constant sequence is no question.
    if next(first) == first {
        return None;
    }
    let sign = if add < 0 { "subtract" } else { "add" };
    let rule = format!("multiply the term by {factor} and then {sign} {}", add.abs());
    let place = 4 + level;
    match level {
        1 | 2 => {
            let question = format!(
                "A sequence begins with {first}. To get the next term, {rule}. What is the {} \
                 term?",
                ordinal(place as i64)
            );
            let slips = [terms[place], terms[place - 2], terms[place - 1] - add];
            Problem::whole(question, terms[place - 1], &slips)
        }
        _ => {
            let place = draw.range(5, 6);
            let known = terms[place as usize - 1];
            let question = format!(
                "To get the next term of a sequence, {rule}. The {} term is {known}. What is the \
                 first term?",
                ordinal(place)
            );
            Problem::whole(question, first, &[terms[1], first + 1, first + 2, first + 3])
        }
    }
}

fn differences(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (a, b, c) = (draw.range(1, 4), draw.range(-3, 9), draw.range(1, 12));
    let term = |n: i64| match level {
        1 => c + b.abs() * n + n * (n - 1) / 2,
        2 => a * n * n + b * n + c,
        _ => n * n * n + b * n + c,
    };
    let count = if level == 3 { 6 } else { 5 };
    let shown: Vec<i64> = (1..=count).map(term).collect();
    let last = term(count);
    let rule = match level {
        3 => "the differences of its differences grow by the same number at every step",
        _ => "the differences of neighbours grow by the same number at every step",
    };
    let question =
        format!("In the sequence {}, ... {rule}. What is the next number?", commas(&shown));
    let repeated = last + (last - term(count - 1));
    Problem::whole(
        question,
        term(count + 1),
        &[repeated, repeated + 1, term(count + 2), repeated - 1],
    )
}

fn added(draw: &mut Draw, level: usize) -> Option<Problem> {
    let back = if level == 3 { 3 } else { 2 };
    let mut terms: Vec<i64> = (0..back).map(|_| draw.range(1, 12)).collect();
    let shown = listed(&terms);
    while terms.len() < 12 {
        let next = terms[terms.len() - back..].iter().sum();
        terms.push(next);
    }
    let place = if level == 1 { 7 } else { 9 };
    let question = format!(
        "A sequence begins with {shown}. Each further term is the sum of the {back} terms before \
         it. What is the {} term?",
        ordinal(place as i64)
    );
    let slips = [terms[place], terms[place - 2], terms[place - 1] + terms[place - 2] - 1];
    Problem::whole(question, terms[place - 1], &slips)
}

fn beads(draw: &mut Draw, level: usize) -> Option<Problem> {
    let colours = draw.some(&COLOURS, 4);
    let mut pattern: Vec<&str> = (0..draw.range(5, 8)).map(|_| draw.pick(&colours)).collect();
    pattern.extend(colours.iter().take(2));
    let wanted = colours[0];
    let length = pattern.len();
    let place = draw.range(40, 200) as usize;
    let at = |place: usize| pattern[(place - 1) % length];
    let start = format!(
        "A chain of beads repeats this pattern of {length} beads again and again: {}.",
        commas(&pattern)
    );
    let count = |until: usize| (1..=until).filter(|place| at(*place) == wanted).count() as i64;
    match level {
        1 => {
            let question = format!("{start} Which colour has the {} bead?", ordinal(place as i64));
            let wrong = colours.iter().filter(|colour| **colour != at(place));
            let wrong = wrong.map(|colour| (*colour).to_owned()).collect();
            Problem::text(question, at(place).to_owned(), wrong)
        }
        2 => {
            let question = format!("{start} How many of the first {place} beads are {wanted}?");
            let whole = (place / length) as i64 * count(length);
            let slips = [whole, whole + count(length), count(place) + 2];
            Problem::whole(question, count(place), &slips)
        }
        _ => {
            let nth = draw.range(15, 40);
            let found = (1..2000).find(|place| at(*place) == wanted && count(*place) == nth)?;
            let question = format!(
                "{start} At which place of the chain stands the {} {wanted} bead?",
                ordinal(nth)
            );
            let found = found as i64;
            Problem::whole(question, found, &[found + 1, found - 1, found + length as i64])
        }
    }
}

fn interleaved(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (a, b) = (draw.range(1, 20), draw.range(20, 60));
    let (up, down) = (draw.range(2, 7), draw.range(2, 5));
    let factor = draw.range(2, 3);
    let small = draw.range(1, 6);
    let odd = |n: i64| a + n * up;
    let even = |n: i64| match level {
        1 => b + n * down,
        2 => b - n * down,
        _ => small * factor.pow(n as u32),
    };
    let shown: Vec<i64> = (0..4).flat_map(|n| [odd(n), even(n)]).collect();
    let question = format!(
        "Two sequences take turns in this one: {}, ... Each of the two adds, subtracts or \
         multiplies by the same number at every step. What is the sum of the next two numbers?",
        commas(&shown)
    );
    let sum = odd(4) + even(4);
    let slips = [odd(4) + even(3), even(4) + odd(3), odd(5) + even(4)];
    Problem::whole(question, sum, &slips).filter(|_| odd(0) != even(0))
}

fn exceeding(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (start, limit) = (draw.range(2, 20), draw.range(300, 5000));
    let (step, factor) = (draw.range(3, 19), draw.range(2, 3));
    let (name, unit) = draw.pick(&[
        ("water tank", "litres"),
        ("money box", "cents"),
        ("library", "books"),
        ("warehouse", "boxes"),
    ]);
    let (rule, term): (String, Box<dyn Fn(i64) -> i64>) = match level {
        1 => (
            format!("each further term is {step} more than the one before"),
            Box::new(move |n| start + (n - 1) * step),
        ),
        2 => (
            format!("each further term is {factor} times the one before"),
            Box::new(move |n| start * factor.pow((n - 1) as u32)),
        ),
        _ => (
            format!("On every later day n, n * n {unit} are added"),
            Box::new(move |n| start + (2..=n).map(|day| day * day).sum::<i64>()),
        ),
    };
    let limit = if level == 1 { limit % 700 + 100 } else { limit };
    let found = (1..=300).find(|n| term(*n) > limit)?;
    let question = if level < 3 {
        format!(
            "The first term of a sequence is {start}, and {rule}. Which term is the first one \
             above {limit}? Give its place in the sequence."
        )
    } else {
        format!(
            "A {name} holds {start} {unit} on day 1. {rule}. What is the first day on which it \
             holds more than {limit} {unit}?"
        )
    };
    Problem::whole(question, found, &[found - 1, found + 1, found + 2])
}

fn figures(draw: &mut Draw, level: usize) -> Option<Problem> {
    let n = draw.range(12, 60);
    let sides = draw.range(3, 6);
    let shape = ["triangles", "squares", "pentagons", "hexagons"][(sides - 3) as usize];
    let sticks = |n: i64| (sides - 1) * n + 1;
    let row = format!(
        "A row of {shape} is laid with matchsticks. Every {} has {sides} sides of one matchstick, \
         and neighbours share one side.",
        shape.trim_end_matches('s')
    );
    match level {
        1 => {
            let question = format!("{row} How many matchsticks does a row of {n} {shape} need?");
            Problem::whole(question, sticks(n), &[sides * n, (sides - 1) * n, sticks(n + 1)])
        }
        2 => {
            let (spare, have) = (draw.range(0, sides - 2), sticks(n));
            let question = format!(
                "{row} How many {shape} has the longest row that can be laid with {} matchsticks?",
                have + spare
            );
            Problem::whole(question, n, &[have / sides, n + 1, n - 1])
        }
        _ => {
            let (wide, high) = (draw.range(3, 15), draw.range(3, 15));
            let question = format!(
                "A grid of squares is laid with matchsticks, {wide} squares wide and {high} \
                 squares high. Every side of a square is one matchstick, and neighbours share it. \
                 How many matchsticks does the grid need?"
            );
            // Rows of level sticks and columns of upright ones.
            let answer = wide * (high + 1) + high * (wide + 1);
            Problem::whole(question, answer, &[4 * wide * high, 2 * wide * high, answer - wide])
        }
    }
}
