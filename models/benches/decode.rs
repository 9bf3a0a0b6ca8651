//! Tokens a second: `cargo bench -p heedful-models --bench decode -- MODEL [KEY=LIST]`.
//!
//! Keys: `threads`, `sequences`, `weights` (bf16, f32, file), `kept` (f32, bf16), `tokens`,
//! `prompt`. A line of JSON for each combination: tokens a second after the prompts, and of CPU
//! time that they took, and the first answer. Greedy tokens are the same in every line of a type,
//! or it stops.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use heedful_kernels::{Device, Dtype, sample};
use heedful_models::Checkpoint;
use heedful_models::engine::{Engine, Keep, Settings, Weights};
use heedful_models::generate::{Event, Options, Request, run};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let Some((model, keys)) = arguments.split_first() else {
        eprintln!("SKIPPED: no model named");
        return Ok(());
    };
    let list = |key: &str, default: &str| -> Vec<String> {
        let found = keys.iter().find_map(|a| a.strip_prefix(&format!("{key}=")));
        found.unwrap_or(default).split(',').map(str::to_owned).collect()
    };
    let numbers = |key: &str, default: &str| -> Result<Vec<usize>, Box<dyn Error>> {
        Ok(list(key, default).iter().map(|n| n.parse()).collect::<Result<_, _>>()?)
    };
    let checkpoint = Checkpoint::open(model)?;
    let (tokens, prompt) = (numbers("tokens", "64")?[0], numbers("prompt", "32")?[0]);
    for weights in list("weights", "bf16") {
        // The first answer of each sequence, for all lines of this type.
        let mut known = BTreeMap::new();
        for kept in list("kept", "f32") {
            for &threads in &numbers("threads", "1,2")? {
                let dev = Device::cpu(threads)?;
                let loaded = Weights::load(&dev, &checkpoint, keep(&weights))?;
                let kept = dtype(&kept);
                let settings = Settings { slots: 64, positions: 1024, kept, ..Settings::default() };
                let mut engine = Engine::new(&dev, loaded, checkpoint.config(), settings)?;
                for &sequences in &numbers("sequences", "1,8,32")? {
                    let (wall, cpu, answers) = time(&dev, &mut engine, sequences, prompt, tokens)?;
                    let said = checkpoint.tokenizer()?.decode(&answers[0])?;
                    for (at, answer) in answers.into_iter().enumerate() {
                        let first =
                            known.entry((kept.bytes(), at)).or_insert_with(|| answer.clone());
                        assert_eq!(*first, answer, "sequence {at} of {sequences}");
                    }
                    let count = (sequences * (tokens - 1)) as f64;
                    let line = json!({"weights": weights, "kept": kept.to_string(),
                        "threads": threads,
                        "sequences": sequences, "tokens_per_s": count / wall,
                        "tokens_per_cpu_s": count / cpu, "answer": said});
                    println!("{line}");
                }
            }
        }
    }
    Ok(())
}

/// `file` is exact: blocks as they are, f32 for the rest.
fn keep(name: &str) -> Keep {
    if name == "file" { Keep::Blocks(Dtype::F32) } else { Keep::As(dtype(name)) }
}

fn dtype(name: &str) -> Dtype {
    if name == "f32" { Dtype::F32 } else { Dtype::Bf16 }
}

type Answers = Vec<Vec<u32>>;

/// Wall and CPU seconds from the first token of each sequence to the last, and the answers.
fn time(
    dev: &Device,
    engine: &mut Engine,
    sequences: usize,
    prompt: usize,
    tokens: usize,
) -> Result<(f64, f64, Answers), Box<dyn Error>> {
    let vocab = engine.config().vocab as u32;
    let ids = |row: u32| (0..prompt as u32).map(move |i| (i * 7919 + row * 104_729 + 17) % vocab);
    let request =
        |row: u32| Request { name: format!("{row}"), prompt: ids(row).collect(), samples: 0..1 };
    let requests: Vec<Request> = (0..sequences as u32).map(request).collect();
    let sampling = sample::Settings::GREEDY;
    let options = Options { sampling, max_tokens: tokens, ..Options::default() };
    let mut answers = vec![Vec::new(); sequences];
    let mut start = None;
    let mut end = (0.0, 0.0);
    run(dev, engine, None, &requests, &options, &mut |event| {
        match event {
            Event::Finished(done) => answers[done.request] = done.tokens,
            Event::Progress(_) => {
                let (wall, cpu) = start.get_or_insert_with(|| (Instant::now(), cpu_seconds()));
                end = (wall.elapsed().as_secs_f64(), cpu_seconds() - *cpu);
            }
        }
        Ok(())
    })?;
    Ok((end.0, end.1, answers))
}

/// CPU seconds of this process so far (Linux: /proc/self/stat, in hundredths).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|n| n.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}
