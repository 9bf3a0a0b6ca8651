//! The reward path of a rollout: `cargo bench --bench rewards -- [rounds=N] [answers=N]`.
//!
//! 1,920 responses of some 220 words, each against the 3 hard constraints of its prompt: the size
//! of the published training's rollout (384 prompts, 5 samples). Printed are the milliseconds of a
//! rollout on one thread and on all, medians. The verdicts of both must be the same, and those on
//! the first of the joined answers what the grammar says of it.

use std::error::Error;
use std::time::Instant;

use heedful_constraints::{Constraint, Text};
use heedful_datasets::grammar::{Asked, Demonstrations, Split};
use rayon::prelude::*;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A prompt's constraints, compiled, and its responses.
struct Task {
    rules: Vec<Constraint>,
    responses: Vec<String>,
}

const SAMPLES: u64 = 5;

fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |key: &str, otherwise: usize| -> Result<usize> {
        let found = given.iter().find_map(|a| a.strip_prefix(&format!("{key}=")));
        Ok(found.map(str::parse).transpose()?.unwrap_or(otherwise))
    };
    let (rounds, answers) = (number("rounds", 21)?, number("answers", 6)?);
    let tasks = tasks(answers)?;
    let words: usize =
        tasks.iter().flat_map(|t| &t.responses).map(|r| r.split_whitespace().count()).sum();
    let count = tasks.len() * SAMPLES as usize;
    println!("{count} responses of {} words, 3 constraints each", words / count);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let began = Instant::now();
        let first = one.install(|| verdicts(&tasks));
        alone.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let second = verdicts(&tasks);
        together.push(began.elapsed().as_secs_f64());
        assert_eq!(first, second, "verdicts depend on threads");
    }
    for (what, times) in [("1 thread", &mut alone), ("all threads", &mut together)] {
        times.sort_by(f64::total_cmp);
        println!("{what}: {:.1} ms", 1e3 * times[times.len() / 2]);
    }
    Ok(())
}

fn verdicts(tasks: &[Task]) -> Vec<bool> {
    let of = |task: &Task| -> Vec<bool> {
        let one = |response: &String| {
            let text = Text::new(response);
            task.rules.iter().map(|rule| rule.check(&text).satisfied).collect::<Vec<_>>()
        };
        task.responses.iter().flat_map(one).collect()
    };
    tasks.par_iter().map(of).collect::<Vec<_>>().concat()
}

/// Prompts with three hard constraints, and answers that obey some of them, joined to the length of
/// a real response.
fn tasks(answers: usize) -> Result<Vec<Task>> {
    let drawn = Demonstrations::new(heedful::demonstrate::recipe(None)?, 1)?;
    let mut tasks = Vec::new();
    for prompt in drawn.prompts(Split::Train) {
        let hard = prompt.asked.iter().filter(|asked| asked.soft.is_none()).take(3);
        let hard: Vec<_> = hard.collect();
        if hard.len() < 3 {
            continue;
        }
        let compile =
            |asked: &&Asked| Constraint::compile(asked.id, asked.args.clone(), drawn.profile());
        let rules = hard.iter().map(compile).collect::<std::result::Result<Vec<_>, _>>()?;
        let wants = vec![true; prompt.asked.len()];
        let mut responses = Vec::new();
        for sample in 0..SAMPLES {
            let of = |part| drawn.respond(&prompt, &wants, sample * answers as u64 + part).answer;
            let parts: Vec<String> = (0..answers as u64).map(of).collect();
            for (asked, rule) in hard.iter().zip(&rules) {
                let found = rule.check(&Text::new(&parts[0])).satisfied;
                assert_eq!(found, drawn.judge(asked, &parts[0]), "{}", asked.id);
            }
            responses.push(parts.join("\n\n"));
        }
        tasks.push(Task { rules, responses });
        if tasks.len() == 384 {
            break;
        }
    }
    Ok(tasks)
}
