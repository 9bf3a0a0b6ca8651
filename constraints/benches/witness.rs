//! How long drawing a set of constraints and finding its witness takes; every witness is checked.
//!
//! `cargo bench --workspace --bench witness`

use std::time::{Duration, Instant};

use heedful_constraints::draw::{Draw, stream};
use heedful_constraints::{Constraint, Profile, Text, plan, registry};
use rand::RngExt as _;

const SETS: u64 = 2000;

fn main() {
    println!("| rules in a set | witnessed | in conflict | open | µs a set, median | µs mean |");
    println!("|---:|---:|---:|---:|---:|---:|");
    for size in 1..=6 {
        measure(size);
    }
}

fn measure(size: usize) {
    let rules: Vec<_> = registry::rules().collect();
    let (mut witnessed, mut proved, mut open) = (0, 0, 0);
    let mut times: Vec<Duration> = Vec::with_capacity(SETS as usize);
    for index in 0..SETS {
        let mut rng = stream(size as u64, index);
        let start = Instant::now();
        let mut set: Vec<Constraint> = Vec::with_capacity(size);
        while set.len() < size {
            let rule = rules[rng.random_range(0..rules.len())];
            if set.iter().any(|known| known.id() == rule.id) {
                continue;
            }
            let request = "Describe a quiet morning in a harbour town.";
            let args = (rule.sample)(&mut Draw { rng: &mut rng, request });
            let constraint = Constraint::compile(rule.id, args, Profile::Corrected);
            set.push(constraint.expect("a sample compiles"));
        }
        let members: Vec<&Constraint> = set.iter().collect();
        let found = plan::witness(&members, &mut rng);
        times.push(start.elapsed());
        match found {
            Ok(text) => {
                let view = Text::new(&text);
                assert!(members.iter().all(|constraint| constraint.check(&view).satisfied));
                witnessed += 1;
            }
            Err(conflict) if conflict.proved => proved += 1,
            Err(_) => open += 1,
        }
    }
    times.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let mean = micros(times.iter().sum::<Duration>()) / SETS as f64;
    let median = micros(times[times.len() / 2]);
    println!("| {size} | {witnessed} | {proved} | {open} | {median:.0} | {mean:.0} |");
}
