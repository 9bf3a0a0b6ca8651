//! Counting and probability, by going through all cases, or by adding them up step by step.

use std::collections::BTreeSet;

use super::Template;
use super::problem::Problem;
use super::ratio::Ratio;
use super::words::{COLOURS, NAMES, commas, listed};
use crate::reasoning::draw::Draw;

pub(super) const TEMPLATES: [(&str, Template); 9] = [
    ("numbers", numbers),
    ("committee", committee),
    ("queue", queue),
    ("dice", dice),
    ("coins", coins),
    ("paths", paths),
    ("strings", strings),
    ("balls", balls),
    ("letters", letters),
];

/// All orders of `0..count`.
pub(super) fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        let longer = all.iter().flat_map(|order: &Vec<usize>| {
            let free = (0..count).filter(|at| !order.contains(at));
            free.map(|at| [order.as_slice(), &[at]].concat()).collect::<Vec<_>>()
        });
        all = longer.collect();
    }
    all
}

fn numbers(draw: &mut Draw, level: usize) -> Option<Problem> {
    let digits = |n: i64| [n / 100, n / 10 % 10, n % 10];
    let (sum, by) = (draw.range(6, 20), draw.range(3, 9));
    let first = draw.range(1, 8);
    let differ = |[a, b, c]: [i64; 3]| a != b && b != c && a != c;
    type Test = Box<dyn Fn(i64) -> bool>;
    let (text, test): (String, Test) = match level {
        1 => (
            format!("begin with a digit above {first} and end with a digit below {by}"),
            Box::new(move |n| n / 100 > first && n % 10 < by),
        ),
        2 => (
            format!("have three different digits and are divisible by {by}"),
            Box::new(move |n| differ(digits(n)) && n % by == 0),
        ),
        _ => (
            format!("have three different digits that add up to {sum}"),
            Box::new(move |n| differ(digits(n)) && digits(n).iter().sum::<i64>() == sum),
        ),
    };
    let count = (100..1000).filter(|n| test(*n)).count() as i64;
    let question = format!("How many three-digit numbers from 100 to 999 {text}?");
    Problem::whole(question, count, &[count + by, count - by, count * 9 / 10]).filter(|_| count > 3)
}

fn committee(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (women, men) = (draw.range(3, 7), draw.range(3, 6));
    let size = draw.range(3, 5);
    let least = draw.range(1, 2);
    let all = women + men;
    let groups = |test: &dyn Fn(i64, i64) -> bool| {
        let split = |set: u32| {
            let chosen = i64::from(set.count_ones());
            let female = i64::from((set & ((1 << women) - 1)).count_ones());
            (chosen, female)
        };
        (0..1u32 << all).map(split).filter(|(chosen, female)| test(*chosen, *female)).count() as i64
    };
    let any = groups(&|chosen, _| chosen == size);
    match level {
        1 => {
            let question =
                format!("In how many ways can {size} of {all} people be chosen for a team?");
            let ordered: i64 = (0..size).map(|taken| all - taken).product();
            Problem::whole(question, any, &[ordered, all * size, any + all])
        }
        2 => {
            let female = draw.range(1, size - 1);
            let question = format!(
                "A team of {size} is chosen from {women} women and {men} men. In how many ways can \
                 the team have exactly {female} {}?",
                if female == 1 { "woman" } else { "women" }
            );
            let answer = groups(&|chosen, women| chosen == size && women == female);
            Problem::whole(question, answer, &[any, any - answer, answer * 2])
        }
        _ => {
            let question = format!(
                "A team of {size} is chosen from {women} women and {men} men. It must have at \
                 least {least} {} and at least one man. In how many ways can it be chosen?",
                if least == 1 { "woman" } else { "women" }
            );
            let answer =
                groups(&|chosen, female| chosen == size && female >= least && chosen - female >= 1);
            Problem::whole(question, answer, &[any, any - 1, any - answer, answer - men])
        }
    }
}

fn queue(draw: &mut Draw, level: usize) -> Option<Problem> {
    let count = draw.range(4, 6) as usize;
    let names = draw.some(&NAMES, count);
    let end = draw.below(3);
    let all = orders(count);
    // `order[place]` is the person there.
    let place = |order: &[usize], who: usize| order.iter().position(|at| *at == who).unwrap_or(0);
    let (text, kept): (String, Vec<&Vec<usize>>) = match level {
        1 => {
            let text = format!("{} must be at one of the two ends", names[0]);
            let at_end =
                |order: &&Vec<usize>| matches!(place(order, 0), at if at == 0 || at == count - 1);
            (text, all.iter().filter(at_end).collect())
        }
        2 if end == 0 => {
            let text = format!("{} and {} must not stand beside each other", names[0], names[1]);
            let apart = |order: &&Vec<usize>| place(order, 0).abs_diff(place(order, 1)) > 1;
            (text, all.iter().filter(apart).collect())
        }
        2 => {
            let text = format!("{} and {} must stand beside each other", names[0], names[1]);
            let beside = |order: &&Vec<usize>| place(order, 0).abs_diff(place(order, 1)) == 1;
            (text, all.iter().filter(beside).collect())
        }
        _ => {
            let text = format!(
                "{} must stand somewhere in front of {}, and {} must not be last",
                names[0], names[1], names[2]
            );
            let fits = |order: &&Vec<usize>| {
                place(order, 0) < place(order, 1) && place(order, 2) != count - 1
            };
            (text, all.iter().filter(fits).collect())
        }
    };
    let question =
        format!("{} stand in a row. {}. In how many orders can they stand?", listed(&names), text);
    let (answer, all) = (kept.len() as i64, all.len() as i64);
    Problem::whole(question, answer, &[all - answer, all, answer / 2, answer * 2])
}

fn dice(draw: &mut Draw, level: usize) -> Option<Problem> {
    let sides = draw.pick(&[4, 6, 8, 10]);
    let count = if level == 3 { 3 } else { 2 };
    let target = draw.range(count + 2, count * sides - 1);
    let total = sides.pow(count as u32);
    let sum = |mut roll: i64| {
        let mut sum = 0;
        for _ in 0..count {
            sum += roll % sides + 1;
            roll /= sides;
        }
        sum
    };
    let (text, test): (_, fn(i64, i64) -> bool) = match level {
        1 | 3 => ("exactly", |sum, target| sum == target),
        _ => ("at least", |sum, target| sum >= target),
    };
    let good = (0..total).filter(|roll| test(sum(*roll), target)).count() as i64;
    let numbers = ["", "", "Two", "Three"][count as usize];
    let question = format!(
        "{numbers} fair dice with {sides} sides, numbered 1 to {sides}, are rolled. What is the \
         probability that the numbers add up to {text} {target}? Give the answer as a fraction in \
         lowest terms."
    );
    let answer = Ratio::new(good, total);
    let sums = count * sides - count + 1;
    let slips = [Ratio::new(1, sums), Ratio::new(total - good, total), Ratio::new(good + 1, total)];
    Problem::fraction(question, answer, &slips).filter(|_| answer.below > 1)
}

fn coins(draw: &mut Draw, level: usize) -> Option<Problem> {
    let kinds: &[i64] = match level {
        1 => draw.pick(&[&[2, 5], &[3, 5], &[2, 7], &[4, 5], &[3, 4], &[5, 7]]),
        2 => draw.pick(&[&[1, 5, 10], &[2, 5, 10], &[1, 3, 7], &[2, 3, 7]]),
        _ => draw.pick(&[&[1, 2, 5, 10], &[1, 5, 10, 20], &[2, 3, 5, 10], &[1, 3, 4, 9]]),
    };
    let amount = draw.range(25, 60);
    // Ways to pay each amount with the kinds so far: with one coin more of this kind, or none.
    let mut ways = vec![0i64; amount as usize + 1];
    ways[0] = 1;
    for kind in kinds {
        for at in *kind as usize..ways.len() {
            ways[at] += ways[at - *kind as usize];
        }
    }
    let answer = ways[amount as usize];
    let question = format!(
        "In how many ways can {amount} cents be paid with coins of {} cents? The order of the \
         coins does not matter, and a kind of coin may be left out.",
        listed(kinds)
    );
    let slips = [answer + 1, answer - 1, amount / kinds[0], answer + 2];
    Problem::whole(question, answer, &slips).filter(|_| answer > 2)
}

fn paths(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (wide, high) = (draw.range(3, 6), draw.range(3, 6));
    let blocks: Vec<(i64, i64)> = (1..level)
        .map(|_| (draw.range(0, wide), draw.range(0, high)))
        .filter(|at| *at != (0, 0) && *at != (wide, high))
        .collect();
    if blocks.len() != level - 1 || (level == 3 && blocks[0] == blocks[1]) {
        return None;
    }
    let mut ways = vec![vec![0i64; high as usize + 1]; wide as usize + 1];
    for x in 0..=wide as usize {
        for y in 0..=high as usize {
            let left = if x > 0 { ways[x - 1][y] } else { 0 };
            let below = if y > 0 { ways[x][y - 1] } else { 0 };
            let blocked = blocks.contains(&(x as i64, y as i64));
            ways[x][y] = match (x, y) {
                (0, 0) => 1,
                _ if blocked => 0,
                _ => left + below,
            };
        }
    }
    let answer = ways[wide as usize][high as usize];
    let rule = match blocks.as_slice() {
        [] => String::new(),
        [(x, y)] => format!(" The point ({x}, {y}) must not be visited."),
        [(x, y), (u, v), ..] => {
            format!(" The points ({x}, {y}) and ({u}, {v}) must not be visited.")
        }
    };
    let question = format!(
        "A robot goes from the point (0, 0) to the point ({wide}, {high}). Each step goes 1 to the \
         right or 1 up.{rule} How many different paths are there?"
    );
    let slips = [wide * high, answer + wide, answer * 2, answer - high];
    Problem::whole(question, answer, &slips).filter(|_| answer > 3)
}

fn strings(draw: &mut Draw, level: usize) -> Option<Problem> {
    let length = draw.range(5, 10) as usize;
    let ones = draw.range(2, 4) as u32;
    let part = draw.pick(&["11", "00", "101", "010", "110", "001", "111", "000"]);
    let all = || (0..1u32 << length).map(|bits| (bits, format!("{bits:0length$b}")));
    let (text, count) = match level {
        1 => (
            format!("contain exactly {ones} ones"),
            all().filter(|(bits, _)| bits.count_ones() == ones).count(),
        ),
        2 => (
            format!("do not contain {part} as neighbouring digits"),
            all().filter(|(_, text)| !text.contains(part)).count(),
        ),
        _ => {
            let fits = |bits: u32, text: &str| bits.count_ones() >= ones && !text.contains(part);
            (
                format!("contain at least {ones} ones, but not {part} as neighbouring digits"),
                all().filter(|(bits, text)| fits(*bits, text)).count(),
            )
        }
    };
    let question = format!("How many strings of {length} digits, each of them 0 or 1, {text}?");
    let (count, all) = (count as i64, 1i64 << length);
    let slips = [all - count, count + length as i64, count - length as i64, all / 2];
    Problem::whole(question, count, &slips).filter(|_| count > 3)
}

fn balls(draw: &mut Draw, level: usize) -> Option<Problem> {
    let colours = draw.some(&COLOURS, 3);
    let counts = [draw.range(2, 7), draw.range(2, 7), draw.range(2, 6)];
    let kinds = if level == 1 { 2 } else { 3 };
    let bag: Vec<usize> = (0..kinds).flat_map(|kind| vec![kind; counts[kind] as usize]).collect();
    let held: Vec<String> =
        (0..kinds).map(|kind| format!("{} {}", counts[kind], colours[kind])).collect();
    // All ordered draws of two balls without putting back.
    let pairs = || {
        let all = 0..bag.len();
        all.clone()
            .flat_map(move |a| all.clone().map(move |b| (a, b)))
            .filter(|(a, b)| a != b)
            .map(|(a, b)| (bag[a], bag[b]))
    };
    let (text, test): (String, fn(usize, usize) -> bool) = match level {
        1 => (format!("both are {}", colours[0]), |a, b| a == 0 && b == 0),
        2 => ("both have the same colour".to_owned(), |a, b| a == b),
        _ => (format!("exactly one of them is {}", colours[0]), |a, b| (a == 0) != (b == 0)),
    };
    let total = pairs().count() as i64;
    let good = pairs().filter(|(a, b)| test(*a, *b)).count() as i64;
    let all: i64 = counts[..kinds].iter().sum();
    let question = format!(
        "A bag holds {} balls. Two balls are drawn at random, one after the other, without putting \
         the first one back. What is the probability that {text}? Give the answer as a fraction in \
         lowest terms.",
        listed(&held)
    );
    let share = Ratio::new(counts[0], all);
    let slips = [share * share, share, Ratio::new(total - good, total)];
    Problem::fraction(question, Ratio::new(good, total), &slips)
}

fn letters(draw: &mut Draw, level: usize) -> Option<Problem> {
    let word = match level {
        1 => draw.pick(&["LEMON", "TABLE", "RIVER", "APPLE", "SEVEN", "LEVEL", "ROBOT", "TOOTH"]),
        _ => draw.pick(&["BANANA", "LETTER", "COFFEE", "PEPPER", "SUMMER", "TOMATO", "RABBIT"]),
    };
    let letters: Vec<char> = word.chars().collect();
    let spelled = |order: &Vec<usize>| order.iter().map(|at| letters[*at]).collect::<String>();
    let all: BTreeSet<String> = orders(letters.len()).iter().map(spelled).collect();
    let vowel = |c: char| "AEIOU".contains(c);
    let (first, last) = (draw.pick(&letters), draw.pick(&letters));
    let (rule, kept): (String, i64) = match level {
        1 => (String::new(), all.len() as i64),
        2 => (
            format!(" that begin with {first}"),
            all.iter().filter(|text| text.starts_with(first)).count() as i64,
        ),
        _ => {
            let apart = |text: &String| {
                let chars: Vec<char> = text.chars().collect();
                !chars.windows(2).any(|pair| vowel(pair[0]) && vowel(pair[1]))
            };
            (
                format!(" that do not end with {last} and have no two vowels side by side"),
                all.iter().filter(|text| !text.ends_with(last) && apart(text)).count() as i64,
            )
        }
    };
    let question = format!(
        "How many different strings{rule} can be made by putting all the letters {} of the word \
         {word} in some order?",
        commas(&letters)
    );
    let plain: i64 = (1..=letters.len() as i64).product();
    let slips = [plain, plain / 2, all.len() as i64, kept * 2, kept / 2];
    Problem::whole(question, kept, &slips).filter(|_| kept > 3)
}
