//! Arithmetic: several steps, fractions, percentages, units, shares, means, work, time.

use super::Template;
use super::problem::Problem;
use super::ratio::Ratio;
use super::words::{NAMES, THINGS, commas};
use crate::reasoning::draw::Draw;

pub(super) const TEMPLATES: [(&str, Template); 9] = [
    ("shop", shop),
    ("fractions", fractions),
    ("percent", percent),
    ("units", units),
    ("brackets", brackets),
    ("shares", shares),
    ("means", means),
    ("work", work),
    ("clock", clock),
];

fn shop(draw: &mut Draw, level: usize) -> Option<Problem> {
    let name = draw.pick(&NAMES);
    let things = draw.some(&THINGS, 2);
    let (n, m) = (draw.range(3, 12), draw.range(2, 9));
    let (p, q) = (draw.range(2, 9), draw.range(3, 15));
    let bought = format!("{name} buys {n} {} at ${p} each", things[0]);
    let both = format!("{bought} and {m} {} at ${q} each", things[1]);
    let (first, total) = (n * p, n * p + m * q);
    let paid = |cost: i64| [20, 50, 100, 200, 500].into_iter().find(|note| *note > cost);
    match level {
        1 => {
            let note = paid(first)?;
            let question =
                format!("{bought} and pays with ${note}. How many dollars of change are due?");
            Problem::whole(question, note - first, &[first, note - n - p, note - first + p])
        }
        2 => {
            let note = paid(total)?;
            let question =
                format!("{both}, and pays with ${note}. How many dollars of change are due?");
            Problem::whole(question, note - total, &[note - first, total, note - total + q])
        }
        _ => {
            let off = draw.pick(&[5, 10, 15, 20, 25, 40]);
            let cost = Ratio::new(total * (100 - off), 100);
            let question = format!(
                "{both}. The shop takes {off}% off the whole bill. How many dollars does {name} \
                 pay?"
            );
            let saved = Ratio::new(total * off, 100);
            Problem::decimal(question, cost, &[saved, Ratio::from(total - off), total.into()])
        }
    }
}

fn fractions(draw: &mut Draw, level: usize) -> Option<Problem> {
    let mut one = || {
        let below = draw.range(2, 9);
        Ratio::new(draw.range(1, below - 1), below)
    };
    let [a, b, c, d] = [one(), one(), one(), one()];
    let plain = Ratio::new(a.above + b.above, a.below + b.below);
    let [ta, tb, tc, td] = [a, b, c, d].map(Ratio::fraction);
    let (sum, answer, slips) = match level {
        1 => (format!("{ta} + {tb}"), a + b, vec![plain, a * b, a - b]),
        2 => (format!("{ta} + {tb} * {tc}"), a + b * c, vec![(a + b) * c, a + b + c, plain * c]),
        _ => {
            let sum = format!("({ta} - {tb}) / ({tc}) + {td}");
            (sum, (a - b) / c + d, vec![(a - b) * c + d, a - b / c + d, (a - b) / (c + d)])
        }
    };
    if answer.below == 1 || answer.below > 500 || a == b || c == d {
        return None;
    }
    let question = format!("Calculate {sum}. Give the answer as a fraction in lowest terms.");
    Problem::fraction(question, answer, &slips)
}

fn percent(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (up, down) = (draw.range(1, 12) * 5, draw.range(1, 9) * 5);
    let thing = draw.pick(&["coat", "bicycle", "table", "camera", "ticket", "chair"]);
    let base = draw.range(2, 40) * 20;
    let of = |percent: i64| Ratio::new(base * percent, 100);
    match level {
        1 => {
            let (percent, number) = (draw.range(2, 48) * 2, draw.range(3, 60) * 25);
            let question = format!("What is {percent}% of {number}?");
            let answer = Ratio::new(percent * number, 100);
            Problem::decimal(question, answer, &[Ratio::from(number) - answer])
        }
        2 => {
            let question = format!(
                "A {thing} costs ${base}. Its price rises by {up}%. What is the new price in \
                 dollars?"
            );
            let slips = [of(up), Ratio::from(base + up), of(100 - up)];
            Problem::decimal(question, of(100 + up), &slips)
        }
        _ => {
            let question = format!(
                "A {thing} costs ${base}. Its price rises by {up}%, and later the new price falls \
                 by {down}%. What is the price in dollars after that?"
            );
            let answer = of(100 + up) * Ratio::new(100 - down, 100);
            let slips = [of(100 + up - down), of(100 + up), of(100 - down)];
            (up != down).then(|| Problem::decimal(question, answer, &slips))?
        }
    }
}

fn units(draw: &mut Draw, level: usize) -> Option<Problem> {
    match level {
        1 => {
            let (speed, minutes) = (draw.range(4, 24) * 5, draw.range(2, 17) * 6);
            let question = format!(
                "A car drives at a steady {speed} kilometres per hour. How many kilometres does it \
                 drive in {minutes} minutes?"
            );
            let answer = Ratio::new(speed * minutes, 60);
            let slips = [Ratio::new(speed * minutes, 100), Ratio::new(speed * 60, minutes)];
            Some(Problem::decimal(question, answer, &slips)?.unit("km"))
        }
        2 => {
            let (amount, seconds) = (draw.range(2, 30) * 25, draw.pick(&[3, 4, 5, 6, 10, 12, 15]));
            let minutes = draw.range(2, 15);
            let question = format!(
                "A tap gives {amount} millilitres of water every {seconds} seconds. How many \
                 litres does it give in {minutes} minutes?"
            );
            let answer = Ratio::new(amount * minutes * 60, seconds * 1000);
            let tenth = answer * Ratio::new(1, 10);
            let slips = [Ratio::new(amount * minutes, 1000), tenth, answer * Ratio::from(10)];
            Some(Problem::decimal(question, answer, &slips)?.unit("L"))
        }
        _ => {
            let (metres, seconds) = (draw.range(4, 60) * 50, draw.range(2, 30) * 10);
            let name = draw.pick(&NAMES);
            let question = format!(
                "{name} rides {metres} metres on a bicycle in {seconds} seconds. What is the mean \
                 speed in kilometres per hour?"
            );
            let speed = Ratio::new(metres, seconds);
            let answer = speed * Ratio::new(18, 5);
            let sensible = (8..=60).contains(&(answer.above / answer.below));
            let slips = [speed, speed * Ratio::from(6), speed * Ratio::new(5, 18)];
            let problem = Problem::decimal(question, answer, &slips)?.unit("km/h");
            sensible.then_some(problem)
        }
    }
}

fn brackets(draw: &mut Draw, level: usize) -> Option<Problem> {
    let [a, b, c, d, e] = [0; 5].map(|_| draw.range(3, 19));
    let (sum, answer, slips) = match level {
        1 => (
            format!("{a} + {b} * {c} - {d}"),
            a + b * c - d,
            vec![(a + b) * c - d, a + b * (c - d)],
        ),
        2 => {
            let sum = format!("({a} + {b}) * {c} - {d} * {e}");
            let left = (a + b) * c;
            (sum, left - d * e, vec![a + b * c - d * e, (left - d) * e, left + d * e])
        }
        _ => {
            let inside = (a - b) * c + d * e;
            if inside % e != 0 || a == b {
                return None;
            }
            let sum = format!("(({a} - {b}) * {c} + {d} * {e}) / {e} - {b} * {d}");
            let slip = (a - b) * c + d - b * d;
            (sum, inside / e - b * d, vec![slip, inside / e + b * d, inside / e - b - d])
        }
    };
    Problem::whole(format!("Calculate {sum}."), answer, &slips)
}

fn shares(draw: &mut Draw, level: usize) -> Option<Problem> {
    let names = draw.some(&NAMES, 3);
    let parts = draw.some(&[1, 2, 3, 4, 5, 6, 7, 8, 9], 3);
    let unit = draw.range(3, 25);
    let (two, three) = (parts[0] + parts[1], parts.iter().sum::<i64>());
    let [first, second] = [parts[0] * unit, parts[1] * unit];
    match level {
        1 => {
            let question = format!(
                "{} and {} share {} coins in the ratio {}:{}. How many coins does {} get?",
                names[0],
                names[1],
                two * unit,
                parts[0],
                parts[1],
                names[0]
            );
            Problem::whole(question, first, &[second, unit, two * unit / parts[0]])
        }
        2 => {
            let question = format!(
                "{}, {} and {} share {} coins in the ratio {}:{}:{}. How many coins does {} get?",
                names[0],
                names[1],
                names[2],
                three * unit,
                parts[0],
                parts[1],
                parts[2],
                names[1]
            );
            Problem::whole(question, second, &[first, parts[2] * unit, three * unit / 3])
        }
        _ => {
            let (most, least) = (parts.iter().max()?, parts.iter().min()?);
            let question = format!(
                "{}, {} and {} share some coins in the ratio {}:{}:{}. The largest share is {} \
                 coins more than the smallest. How many coins are there in all?",
                names[0],
                names[1],
                names[2],
                parts[0],
                parts[1],
                parts[2],
                (most - least) * unit
            );
            let slips = [(most - least) * unit * 3, most * unit, (three - least) * unit];
            Problem::whole(question, three * unit, &slips)
        }
    }
}

fn means(draw: &mut Draw, level: usize) -> Option<Problem> {
    let count = draw.range(4, 6);
    let numbers: Vec<i64> = (0..count).map(|_| draw.range(5, 60)).collect();
    let sum: i64 = numbers.iter().sum();
    match level {
        1 => {
            let question = format!("What is the mean of the numbers {}?", commas(&numbers));
            let slips =
                [Ratio::new(sum, count - 1), Ratio::new(sum, count + 1), Ratio::new(sum, 2)];
            Problem::decimal(question, Ratio::new(sum, count), &slips)
        }
        2 => {
            let mean = draw.range(20, 40);
            let missing = mean * (count + 1) - sum;
            let question = format!(
                "The mean of {} numbers is {mean}. All but one of them are {}. What is the other \
                 number?",
                count + 1,
                commas(&numbers)
            );
            let problem = Problem::whole(question, missing, &[mean, mean * count - sum, sum]);
            problem.filter(|_| missing > 0)
        }
        _ => {
            let (n, m) = (draw.range(8, 24), draw.range(8, 24));
            let (x, y) = (draw.range(50, 80), draw.range(60, 95));
            let answer = Ratio::new(n * x + m * y, n + m);
            let question = format!(
                "In a test, a class of {n} pupils has a mean of {x} points and a class of {m} \
                 pupils has a mean of {y} points. What is the mean of all these pupils?"
            );
            let slips = [Ratio::new(x + y, 2), Ratio::new(n * y + m * x, n + m)];
            let problem = Problem::decimal(question, answer, &slips);
            problem.filter(|_| n != m && x != y)
        }
    }
}

fn work(draw: &mut Draw, level: usize) -> Option<Problem> {
    let (m, n) = (draw.range(2, 9), draw.range(3, 15));
    let hours = draw.range(2, 9);
    match level {
        1 => {
            let each = draw.range(3, 20);
            let question = format!(
                "{m} equal machines make {} parts in one hour. How many parts do {n} such machines \
                 make in {hours} hours?",
                m * each
            );
            let slips = [m * each * hours, n * each, m * each * n * hours];
            Problem::whole(question, n * each * hours, &slips).filter(|_| m != n)
        }
        2 => {
            let days = draw.range(4, 20);
            let answer = Ratio::new(m * days, n).whole()?;
            let question = format!(
                "{m} workers need {days} days to paint a hall. How many days do {n} workers need, \
                 if all work equally fast?"
            );
            let slips = [days * n / m, days - (n - m), days];
            Problem::whole(question, answer, &slips).filter(|_| m != n)
        }
        _ => {
            let (a, b) = (draw.range(2, 12), draw.range(3, 15));
            let answer = Ratio::new(a * b, a + b);
            let question = format!(
                "One pump fills a tank in {a} hours, another one fills it in {b} hours. How many \
                 hours do both pumps need together? Give the answer as a fraction in lowest terms."
            );
            let slips = [Ratio::new(a + b, 2), Ratio::new(a + b, a * b), Ratio::from(a + b)];
            let problem = Problem::fraction(question, answer, &slips);
            problem.filter(|_| a != b && answer.below > 1)
        }
    }
}

fn clock(draw: &mut Draw, level: usize) -> Option<Problem> {
    let start = draw.range(6 * 60, 13 * 60);
    let length = draw.range(65, 400);
    let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (from, to) = (time(start), time(start + length));
    // Reading the times as decimals counts 100 minutes an hour.
    let decimal = |minute: i64| minute / 60 * 100 + minute % 60;
    let slip = decimal(start + length) - decimal(start);
    match level {
        1 => {
            let question = format!(
                "A train leaves at {from} and arrives at {to} on the same day. How many minutes \
                 does the trip take?"
            );
            Problem::whole(question, length, &[slip, length + 60, length - 60])
        }
        2 => {
            let (pause, pauses) = (draw.range(5, 20), draw.range(2, 3));
            let rest = length - pause * pauses;
            let question = format!(
                "A class begins at {from} and ends at {to} on the same day, with {pauses} breaks \
                 of {pause} minutes each. How many minutes of class are there without the breaks?"
            );
            Problem::whole(question, rest, &[length, length - pause, slip - pause * pauses])
        }
        _ => {
            let (laps, each) = (draw.range(4, 9), draw.range(70, 200));
            let total = laps * each;
            let question = format!(
                "{} runs {laps} rounds of {} minutes and {} seconds each, with a rest of 45 \
                 seconds between two rounds. How many seconds pass from the start to the end?",
                draw.pick(&NAMES),
                each / 60,
                each % 60
            );
            let answer = total + 45 * (laps - 1);
            let problem = Problem::whole(question, answer, &[total, total + 45 * laps]);
            problem.filter(|_| each % 60 > 1 && each / 60 > 1)
        }
    }
}
