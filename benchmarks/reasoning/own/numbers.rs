//! Number theory: divisors, primes, remainders, bases, digits.

use super::Template;
use super::problem::Problem;
use super::ratio::gcd;
use super::words::DAYS;
use crate::reasoning::draw::Draw;

pub(super) const TEMPLATES: [(&str, Template); 9] = [
    ("common", common),
    ("power", power),
    ("divisors", divisors),
    ("primes", primes),
    ("remainders", remainders),
    ("bases", bases),
    ("multiples", multiples),
    ("digits", digits),
    ("reversed", reversed),
];

fn lcm(a: i64, b: i64) -> i64 {
    a / gcd(a, b) * b
}

fn common(draw: &mut Draw, level: usize) -> Option<Problem> {
    let unit = draw.range(3, 24);
    let (a, b) = (unit * draw.range(2, 12), unit * draw.range(2, 12));
    if a == b {
        return None;
    }
    match level {
        1 => {
            let question = format!("What is the greatest common divisor of {a} and {b}?");
            Problem::whole(question, gcd(a, b), &[lcm(a, b), (a - b).abs(), unit * 2, unit / 2])
        }
        2 => {
            let question = format!("What is the least common multiple of {a} and {b}?");
            Problem::whole(question, lcm(a, b), &[a * b, gcd(a, b), lcm(a, b) * 2])
        }
        _ => {
            let [a, b, c] = [0; 3].map(|_| draw.range(4, 30));
            let together = lcm(lcm(a, b), c);
            let day = draw.pick(&DAYS);
            let question = format!(
                "Three buses leave a station every {a}, {b} and {c} minutes. On {day} all three \
                 leave together at 6:00. After how many minutes do all three leave together again \
                 for the first time?"
            );
            let problem = Problem::whole(question, together, &[a * b * c, lcm(a, b), a + b + c]);
            problem.filter(|_| a != b && b != c && a != c && together < 2000)
        }
    }
}

/// `base` to the `exponent`, modulo `modulus`.
fn modular(base: i64, exponent: i64, modulus: i64) -> i64 {
    (0..exponent).fold(1, |product, _| product * base % modulus)
}

fn power(draw: &mut Draw, level: usize) -> Option<Problem> {
    let modulus = draw.range(5, 29);
    let (a, b) = (draw.range(2, 12), draw.range(2, 12));
    let (n, m) = (draw.range(8, 60), draw.range(8, 60));
    let (first, second) = (modular(a, n, modulus), modular(b, m, modulus));
    match level {
        1 => {
            let (a, b) = (draw.range(20, 99), draw.range(20, 99));
            let question = format!("What is the remainder when {a} * {b} is divided by {modulus}?");
            let slip = (a % modulus) * (b % modulus);
            Problem::whole(question, a * b % modulus, &[(a + b) % modulus, slip, a % modulus])
        }
        2 => {
            let question = format!("What is the remainder when {a}^{n} is divided by {modulus}?");
            let slips = [a * n % modulus, modular(a, n - 1, modulus), modular(a, n + 1, modulus)];
            Problem::whole(question, first, &slips)
        }
        _ => {
            let question =
                format!("What is the remainder when {a}^{n} + {b}^{m} is divided by {modulus}?");
            let slips = [first * second % modulus, first + second, first, second];
            Problem::whole(question, (first + second) % modulus, &slips).filter(|_| a != b)
        }
    }
}

fn divisors(draw: &mut Draw, level: usize) -> Option<Problem> {
    let number = if level == 1 { draw.range(24, 120) } else { draw.range(120, 720) };
    let all: Vec<i64> = (1..=number).filter(|d| number % d == 0).collect();
    let (count, sum) = (all.len() as i64, all.iter().sum::<i64>());
    if count < 6 {
        return None;
    }
    if level < 3 {
        let question =
            format!("How many positive whole numbers divide {number} without a remainder?");
        return Problem::whole(question, count, &[count - 2, count - 1, count / 2, count + 2]);
    }
    let question =
        format!("What is the sum of all positive divisors of {number}, with 1 and {number}?");
    Problem::whole(question, sum, &[sum - number, sum - 1, sum - number - 1])
}

fn is_prime(number: i64) -> bool {
    number > 1 && (2..number).take_while(|d| d * d <= number).all(|d| number % d != 0)
}

fn primes(draw: &mut Draw, level: usize) -> Option<Problem> {
    let low = draw.range(2, 90);
    let high = low + draw.range(15, 40);
    let found: Vec<i64> = (low..=high).filter(|n| is_prime(*n)).collect();
    let (count, sum) = (found.len() as i64, found.iter().sum::<i64>());
    match level {
        1 => {
            let question = format!(
                "How many prime numbers are there from {low} to {high}, both ends counted?"
            );
            Problem::whole(question, count, &[count + 1, count - 1, count + 2])
        }
        2 => {
            let question = format!(
                "What is the sum of all prime numbers from {low} to {high}, both ends counted?"
            );
            let last = found.last().copied()?;
            Problem::whole(question, sum, &[sum - last, sum + high, sum + low])
        }
        _ => {
            let number = draw.range(300, 4000);
            let factors: Vec<i64> =
                (2..=number).filter(|d| number % d == 0 && is_prime(*d)).collect();
            let largest = factors.last().copied()?;
            let question = format!("What is the largest prime number that divides {number}?");
            let slips = [factors[0], number / factors[0], number / largest];
            Problem::whole(question, largest, &slips).filter(|_| factors.len() > 2)
        }
    }
}

fn remainders(draw: &mut Draw, level: usize) -> Option<Problem> {
    let moduli = draw.some(&[3, 4, 5, 7, 9, 11, 13], 3);
    let moduli = &moduli[..if level == 1 { 2 } else { 3 }];
    let rests: Vec<i64> = moduli.iter().map(|m| draw.range(1, m - 1)).collect();
    if moduli.contains(&3) && moduli.contains(&9) {
        return None;
    }
    let fits = |n: &i64| moduli.iter().zip(&rests).all(|(m, rest)| n % m == *rest);
    let (smallest, largest) = ((1..10_000).find(fits)?, (1..1000).rev().find(fits));
    let clauses: Vec<String> = moduli
        .iter()
        .zip(&rests)
        .map(|(modulus, rest)| format!("a remainder of {rest} when divided by {modulus}"))
        .collect();
    let clauses = clauses.join(", and ");
    let period: i64 = moduli.iter().product();
    if level < 3 {
        let question = format!("What is the smallest positive whole number that leaves {clauses}?");
        let slips =
            [smallest + period, period + rests[0], rests.iter().sum(), smallest + moduli[0]];
        return Problem::whole(question, smallest, &slips);
    }
    let largest = largest?;
    let question = format!("What is the largest whole number below 1000 that leaves {clauses}?");
    Problem::whole(question, largest, &[smallest, largest - period, largest - moduli[0]])
}

/// The digits of a positive number in a base up to 10.
fn in_base(number: i64, base: i64) -> String {
    let (mut digits, mut rest) = (Vec::new(), number);
    while rest > 0 {
        digits.push((rest % base).to_string());
        rest /= base;
    }
    digits.into_iter().rev().collect()
}

fn bases(draw: &mut Draw, level: usize) -> Option<Problem> {
    let base = draw.range(3, 8);
    let (a, b) = (draw.range(20, 250), draw.range(20, 250));
    match level {
        1 => {
            let question = format!(
                "Write the decimal number {a} in binary, that is in base 2. Give the digits alone."
            );
            let wrong = [a + 1, a - 1, a + 2, a * 2, a / 2].map(|n| in_base(n, 2)).to_vec();
            Problem::text(question, in_base(a, 2), wrong)
        }
        2 => {
            let digits = in_base(a, base);
            let question =
                format!("The number {digits} is written in base {base}. What is it in decimal?");
            let slips = [a + base, a - base, a * base, a + 1];
            Problem::whole(question, a, &slips)
        }
        _ => {
            let (first, second) = (in_base(a, base), in_base(b, base));
            let question = format!(
                "Both numbers are written in base {base}: {first} and {second}. What is their sum, \
                 written in base {base}? Give the digits alone."
            );
            let sum = in_base(a + b, base);
            let plain = first.parse::<i64>().ok()? + second.parse::<i64>().ok()?;
            let mut wrong = vec![plain.to_string(), (a + b).to_string()];
            wrong.extend([1, -1, base].map(|by| in_base(a + b + by, base)));
            Problem::text(question, sum, wrong).filter(|_| a != b)
        }
    }
}

fn multiples(draw: &mut Draw, level: usize) -> Option<Problem> {
    let numbers = draw.some(&[3, 4, 5, 6, 7, 8, 9, 11, 12], 3);
    let [a, b, c] = [numbers[0], numbers[1], numbers[2]];
    let low = draw.range(10, 100);
    let high = low + draw.range(100, 400);
    let count = |test: &dyn Fn(i64) -> bool| (low..=high).filter(|n| test(*n)).count() as i64;
    let (of_a, of_b) = (count(&|n| n % a == 0), count(&|n| n % b == 0));
    let of_both = count(&|n| n % a == 0 && n % b == 0);
    let range = format!("from {low} to {high}, both ends counted,");
    match level {
        1 => {
            let question = format!("How many whole numbers {range} are divisible by {a}?");
            Problem::whole(question, of_a, &[(high - low) / a - 1, of_a + 1, of_a - 1, high / a])
        }
        2 => {
            let question = format!(
                "How many whole numbers {range} are divisible by {a} or by {b} or by both?"
            );
            let either = of_a + of_b - of_both;
            let slips = [of_a + of_b, either - of_both, of_both];
            let sensible = a % b != 0 && b % a != 0;
            Problem::whole(question, either, &slips).filter(|_| sensible)
        }
        _ => {
            let question = format!(
                "How many whole numbers {range} are divisible by {a}, but neither by {b} nor by \
                 {c}?"
            );
            let rest = count(&|n| n % a == 0 && n % b != 0 && n % c != 0);
            let of_c = count(&|n| n % a == 0 && n % c == 0);
            let slips = [of_a - of_both - of_c, of_a - of_both, of_a];
            let sensible = rest > 2 && a % b != 0 && a % c != 0;
            Problem::whole(question, rest, &slips).filter(|_| sensible)
        }
    }
}

fn digits(draw: &mut Draw, level: usize) -> Option<Problem> {
    let sum_of = |number: i64| number.to_string().bytes().map(|b| i64::from(b - b'0')).sum();
    let (a, b) = (draw.range(23, 98), draw.range(112, 987));
    match level {
        1 => {
            let question = format!("What is the sum of the digits of the product {a} * {b}?");
            let sum: i64 = sum_of(a * b);
            Problem::whole(question, sum, &[sum_of(a) + sum_of(b), sum_of(a + b), sum + 9, sum - 9])
        }
        2 => {
            let exponent = draw.range(11, 90);
            let question = format!("What are the last two digits of {a}^{exponent}?");
            let last = modular(a, exponent, 100);
            let slips = [a * exponent % 100, modular(a, exponent + 1, 100), (last + 10) % 100];
            Problem::whole(question, last, &slips).filter(|_| last >= 10)
        }
        _ => {
            let target = draw.range(5, 20);
            let high = draw.range(3, 9) * 100;
            let found: Vec<i64> = (100..high).filter(|n| sum_of(*n) == target).collect();
            let count = found.len() as i64;
            let question = format!(
                "How many whole numbers from 100 to {} have digits that add up to {target}?",
                high - 1
            );
            let slips = [count + 1, count - 1, count + 2, count * 2];
            Problem::whole(question, count, &slips).filter(|_| count > 3)
        }
    }
}

fn reversed(draw: &mut Draw, level: usize) -> Option<Problem> {
    let number = draw.range(12, 98);
    let (tens, ones) = (number / 10, number % 10);
    let back = ones * 10 + tens;
    // The clues leave one number alone, as a trial of all of them shows.
    let (clues, fits): (String, Box<dyn Fn(i64, i64) -> bool>) = match level {
        1 => (
            format!(
                "The digits of a two-digit number add up to {}. Its tens digit is {} than its ones \
                 digit.",
                tens + ones,
                more_or_less(tens - ones)
            ),
            Box::new(move |t, o| t + o == tens + ones && t - o == tens - ones),
        ),
        2 => (
            format!(
                "The digits of a two-digit number add up to {}. With its digits in the reverse \
                 order, the number is {}.",
                tens + ones,
                more_or_less(back - number)
            ),
            Box::new(move |t, o| t + o == tens + ones && 9 * (o - t) == back - number),
        ),
        _ => (
            format!(
                "The product of the digits of a two-digit number is {}. Added to the number with \
                 its digits in the reverse order, it gives {}. Its ones digit is larger than its \
                 tens digit.",
                tens * ones,
                number + back
            ),
            Box::new(move |t, o| t * o == tens * ones && 11 * (t + o) == number + back && o > t),
        ),
    };
    let found: Vec<i64> = (10..100).filter(|n| fits(n / 10, n % 10)).collect();
    let slips = [back, number + 9, number - 9, number + 11, number - 11];
    let two_digits: Vec<i64> = slips.into_iter().filter(|n| (10..100).contains(n)).collect();
    let problem = Problem::whole(format!("{clues} What is the number?"), number, &two_digits);
    problem.filter(|_| found == [number] && tens != ones && ones > 0)
}

/// `3 more`, `3 less`.
fn more_or_less(by: i64) -> String {
    format!("{} {}", by.abs(), if by < 0 { "less" } else { "more" })
}
