//! Algebra: equations, systems, functions, expressions, inequalities, powers.

use super::Template;
use super::problem::Problem;
use super::ratio::Ratio;
use super::words::{NAMES, polynomial};
use crate::reasoning::draw::Draw;

pub(super) const TEMPLATES: [(&str, Template); 9] = [
    ("linear", linear),
    ("system", system),
    ("quadratic", quadratic),
    ("functions", functions),
    ("expand", expand),
    ("ages", ages),
    ("simplify", simplify),
    ("symmetric", symmetric),
    ("inequality", inequality),
];

/// A whole number in a range that is not 0.
fn nonzero(draw: &mut Draw, most: i64) -> i64 {
    let number = draw.range(1, most);
    if draw.below(2) == 0 { number } else { -number }
}

fn linear(draw: &mut Draw, level: usize) -> Option<Problem> {
    let x = nonzero(draw, 15);
    let (a, b) = (draw.range(2, 9), nonzero(draw, 20));
    let (c, d) = (draw.range(2, 9), nonzero(draw, 12));
    match level {
        1 => {
            let question = format!("Solve for x: {} = {}", polynomial(&[a, b]), a * x + b);
            Problem::whole(question, x, &[-x, a * x, x + b])
        }
        2 if a != c => {
            let right = polynomial(&[c, (a - c) * x + b]);
            let question = format!("Solve for x: {} = {right}", polynomial(&[a, b]));
            Problem::whole(question, x, &[-x, (a - c) * x, x + c])
        }
        3 if a != c => {
            let e = nonzero(draw, 9);
            let answer = Ratio::new(c * d - e + a * b, a - c);
            let question = format!(
                "Solve for x: {a}({}) {} = {c}({}). Give the answer as a fraction in lowest terms.",
                polynomial(&[1, -b]),
                signed(e),
                polynomial(&[1, d])
            );
            let slips = [
                Ratio::new(-answer.above, answer.below),
                Ratio::new(c * d - e + b, a - c),
                Ratio::new(c * d - e + a * b, a + c),
            ];
            let problem = Problem::fraction(question, answer, &slips);
            problem.filter(|_| answer.below > 1)
        }
        _ => None,
    }
}

/// `+ 3`, `- 3`.
fn signed(number: i64) -> String {
    let sign = if number < 0 { '-' } else { '+' };
    format!("{sign} {}", number.abs())
}

fn system(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (x, y, z) = (draw.range(2, 20), draw.range(2, 20), draw.range(2, 20));
    if x <= y || y == z || x == z {
        return None;
    }
    match level {
        1 => {
            let (sum, less) = (x + y, x - y);
            let question = format!(
                "The sum of two numbers is {sum} and their difference is {less}. What is the \
                 larger number?"
            );
            Problem::whole(question, x, &[y, sum - less, sum / 2])
        }
        2 => {
            let [a, b, c, d] = [0; 4].map(|_| draw.range(2, 9));
            let question = format!(
                "Solve the equations {a}x + {b}y = {} and {c}x - {d}y = {}. What is x + y?",
                a * x + b * y,
                c * x - d * y
            );
            Problem::whole(question, x + y, &[x - y, x, y, x * y])
        }
        _ => {
            let question = format!(
                "Three numbers x, y and z satisfy x + y = {}, y + z = {} and z + x = {}. What is \
                 the product xyz?",
                x + y,
                y + z,
                z + x
            );
            Problem::whole(question, x * y * z, &[x + y + z, x * y, 2 * x * y * z])
        }
    }
}

fn quadratic(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (r, s) = (nonzero(draw, 12), nonzero(draw, 12));
    let equation = polynomial(&[1, -(r + s), r * s]);
    if r == s {
        return None;
    }
    match level {
        1 => {
            let question = format!("What is the larger solution of {equation} = 0?");
            Problem::whole(question, r.max(s), &[r.min(s), -r.min(s), -r.max(s), r + s])
        }
        2 => {
            let pair = |a: i64, b: i64| format!("{}, {}", a.min(b), a.max(b));
            let question =
                format!("Find all solutions of {equation} = 0. Give them separated by a comma.");
            let wrong = vec![pair(-r, -s), pair(r, -s), pair(-r, s), pair(r + s, r * s)];
            let problem = Problem::text(question, pair(r, s), wrong);
            problem.filter(|_| r + s != 0)
        }
        _ => {
            // One solution is p/q, the other one is below 0.
            let (p, q) = (draw.range(1, 9), draw.range(2, 6));
            let other = -draw.range(1, 9);
            let root = Ratio::new(p, q);
            let equation = polynomial(&[q, -(p + q * other), p * other]);
            let question = format!(
                "What is the positive solution of {equation} = 0? Give the answer as a fraction in \
                 lowest terms."
            );
            let slips = [Ratio::new(q, p), Ratio::from(-other), Ratio::new(p - other, q)];
            let problem = Problem::fraction(question, root, &slips);
            problem.filter(|_| root.below == q)
        }
    }
}

fn functions(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (a, b, c, n) = (draw.range(2, 7), nonzero(draw, 9), nonzero(draw, 9), draw.range(2, 6));
    let f = |x: i64| a * x + b;
    let g = |x: i64| x * x + c;
    let text = format!("Let f(x) = {}", polynomial(&[a, b]));
    let both = format!("{text} and g(x) = {}", polynomial(&[1, 0, c]));
    match level {
        1 => {
            let question = format!("{both}. What is f(g({n}))?");
            Problem::whole(question, f(g(n)), &[g(f(n)), f(n) * g(n), f(n) + g(n)])
        }
        2 => {
            let question = format!("{both}. What is g(f({n})) - f(g({n}))?");
            let (gf, fg) = (g(f(n)), f(g(n)));
            Problem::whole(question, gf - fg, &[fg - gf, gf + fg, gf])
        }
        _ => {
            let value = f(f(f(n)));
            let question = format!("{text}. For which x is f(f(f(x))) = {value}?");
            Problem::whole(question, n, &[f(n), n + a, n + 1])
        }
    }
}

fn expand(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (a, b) = (draw.range(2, 6), nonzero(draw, 9));
    let (c, d) = (draw.range(2, 6), nonzero(draw, 9));
    let (product, right, wrong): (_, _, [Vec<i64>; 3]) = match level {
        1 => (
            format!("({})({})", polynomial(&[1, b]), polynomial(&[1, d])),
            vec![1, b + d, b * d],
            [vec![1, 0, b * d], vec![1, b * d, b + d], vec![1, -(b + d), b * d]],
        ),
        2 => (
            format!("({})({})", polynomial(&[a, b]), polynomial(&[c, d])),
            vec![a * c, a * d + b * c, b * d],
            [
                vec![a * c, 0, b * d],
                vec![a * c, a * b + c * d, b * d],
                vec![a * c, a * d - b * c, b * d],
            ],
        ),
        _ => (
            format!("({})({})", polynomial(&[1, b]), polynomial(&[1, c, d])),
            vec![1, b + c, b * c + d, b * d],
            [
                vec![1, b + c, d, b * d],
                vec![1, b - c, b * c + d, b * d],
                vec![1, 0, b * c + d, b * d],
            ],
        ),
    };
    let question = format!("Expand {product} and collect like terms.");
    let wrong = wrong.map(|wrong| polynomial(&wrong)).to_vec();
    Problem::text(question, polynomial(&right), wrong).filter(|_| b + d != 0)
}

fn ages(draw: &mut Draw, level: usize) -> Option<Problem> {
    let names = draw.some(&NAMES, 2);
    let (old, young) = (names[0], names[1]);
    let (age, more) = (draw.range(4, 30), draw.range(2, 30));
    match level {
        1 => {
            let question = format!(
                "{old} is {more} years older than {young}. Together they are {} years old. How old \
                 is {young}?",
                2 * age + more
            );
            Problem::whole(question, age, &[age + more, (2 * age + more) / 2, 2 * age])
        }
        2 => {
            // In `later` years the older one is `times` as old as the younger one.
            let (times, later) = (draw.range(2, 4), draw.range(2, 10));
            let other = times * (age + later) - later;
            let question = format!(
                "{old} is {} years older than {young}. In {later} years, {old} will be {times} \
                 times as old as {young}. How old is {young} now?",
                other - age
            );
            let problem = Problem::whole(question, age, &[age + later, other, age - later]);
            problem.filter(|_| other < 95)
        }
        _ => {
            let (times, ago) = (draw.range(3, 6), draw.range(2, 8));
            let other = times * (age - ago) + ago;
            let question = format!(
                "{ago} years ago, {old} was {times} times as old as {young}. Today they are {} \
                 years old together. How old is {old} today?",
                age + other
            );
            let problem = Problem::whole(question, other, &[age, other - ago, other + ago]);
            problem.filter(|_| age > ago + 1 && other < 95)
        }
    }
}

fn simplify(draw: &mut Draw, level: usize) -> Option<Problem> {
    let [a, b, d, e] = [0; 4].map(|_| draw.range(2, 9));
    let (c, f) = (nonzero(draw, 9), nonzero(draw, 9));
    let (text, right, wrong): (_, _, [Vec<i64>; 3]) = match level {
        1 => (
            format!("{a}({}) + {d}x", polynomial(&[b, c])),
            vec![a * b + d, a * c],
            [vec![a * b + d, c], vec![a * b, a * c + d], vec![a + b + d, a * c]],
        ),
        2 => (
            format!("{a}({}) - {d}({})", polynomial(&[b, c]), polynomial(&[e, f])),
            vec![a * b - d * e, a * c - d * f],
            [
                vec![a * b - d * e, a * c + d * f],
                vec![a * b - d * e, c - f],
                vec![a * b + d * e, a * c + d * f],
            ],
        ),
        _ => (
            format!(
                "x({}) - {d}x({}) + {e}({})",
                polynomial(&[a, c]),
                polynomial(&[b, f]),
                polynomial(&[1, -a])
            ),
            vec![a - d * b, c - d * f + e, -e * a],
            [
                vec![a - d * b, c + d * f + e, -e * a],
                vec![a + d * b, c - d * f + e, -e * a],
                vec![a - d * b, c - d * f + e, -a],
            ],
        ),
    };
    let question = format!("Simplify {text}.");
    let wrong = wrong.map(|wrong| polynomial(&wrong)).to_vec();
    let problem = Problem::text(question, polynomial(&right), wrong);
    problem.filter(|_| !right.contains(&0))
}

fn symmetric(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (sum, product) = (draw.range(5, 20), draw.range(2, 30));
    let squares = sum * sum - 2 * product;
    let cubes = sum * (squares - product);
    let known = format!("Two numbers a and b satisfy a + b = {sum} and ab = {product}.");
    // Both numbers are real.
    if sum * sum < 4 * product {
        return None;
    }
    match level {
        1 => {
            let slips = [sum * sum, sum * sum - product, sum * sum + 2 * product];
            Problem::whole(format!("{known} What is a^2 + b^2?"), squares, &slips)
        }
        2 => {
            let slips = [sum * squares, sum.pow(3), sum * (squares + product)];
            Problem::whole(format!("{known} What is a^3 + b^3?"), cubes, &slips)
        }
        _ => {
            let k = draw.range(3, 14);
            let second = k * k - 2;
            let (third, fourth) = (k * second - k, second * second - 2);
            let cube = draw.below(2) == 0;
            let power = if cube { 3 } else { 4 };
            let question =
                format!("A number x satisfies x + 1/x = {k}. What is x^{power} + 1/x^{power}?");
            let (answer, other) = if cube { (third, fourth) } else { (fourth, third) };
            Problem::whole(question, answer, &[k.pow(power), k.pow(power) - k, other])
        }
    }
}

fn inequality(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (a, b) = (draw.range(2, 9), nonzero(draw, 25));
    let left = polynomial(&[a, b]);
    let (low, high) = (draw.range(-30, 20), draw.range(30, 150));
    let holds = |x: i64, from: i64| a * x + b > from && a * x + b < high;
    match level {
        1 => {
            let answer = (-200..=200).rev().find(|x| a * x + b < high)?;
            let question = format!("What is the largest whole number x with {left} < {high}?");
            Problem::whole(question, answer, &[answer + 1, (high + b) / a, high / a])
        }
        2 => {
            let question = format!("How many whole numbers x satisfy {low} < {left} < {high}?");
            let count = (-200..=200).filter(|x| holds(*x, low)).count() as i64;
            Problem::whole(question, count, &[count + 1, count - 1, (high - low) / a + 2])
        }
        _ => {
            let question =
                format!("What is the sum of all whole numbers x with {low} < {left} < {high}?");
            let sum = (-200..=200).filter(|x| holds(*x, low)).sum::<i64>();
            let first = (-200..=200).find(|x| holds(*x, low))?;
            let last = (-200..=200).rev().find(|x| holds(*x, low))?;
            Problem::whole(question, sum, &[sum - last, sum + last + 1, sum - first])
        }
    }
}
