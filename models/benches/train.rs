//! Training steps of SmolLM2-135M's shape with random weights: forward, backward, AdamW.
//!
//! `cargo bench -p heedful-models --bench train -- [THREADS [SEQUENCES [LENGTH [MICRO]]]]`
//!
//! Makes three steps, and prints a line of JSON after each: the loss, wall and CPU seconds; at the
//! end the peak of its memory. With `--serve` it waits for a line from standard input before each
//! step, until there is none, so that another process can take turns (`benchmarks/peer/train.py`).
//! MICRO is how many tokens are one batch of the accumulated gradient.

use std::io::Write;
use std::time::Instant;

use heedful_kernels::Device;
use heedful_models::batch::Batch;
use heedful_models::config::Head;
use heedful_models::counter::Counter;
use heedful_models::optimizer::{Decay, Settings};
use heedful_models::params;
use heedful_models::schedule::{Schedule, Shape};
use heedful_models::trainer::Trainer;
use heedful_models::transformer::Transformer;
use heedful_models::workspace::{Keep, Limits};
use heedful_models::{Config, Family, Result, RopeScaling};

/// Steps where nobody asks for each.
const STEPS: usize = 3;

fn main() -> Result<()> {
    let given: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let number = |at: usize, otherwise: usize| given.get(at).copied().unwrap_or(otherwise);
    let (threads, sequences, length) = (number(0, 2), number(1, 8), number(2, 256));
    let micro = number(3, 1024);
    let mut trainer = trainer(threads, micro, length)?;
    let batches = batches(sequences, length, micro)?;
    say(&format!("{{\"ready\":{}}}", trainer.params.len()));
    let served = std::env::args().any(|a| a == "--serve");
    let mut turns: Box<dyn Iterator<Item = std::io::Result<String>>> = match served {
        true => Box::new(std::io::stdin().lines()),
        false => Box::new((0..STEPS).map(|_| Ok(String::new()))),
    };
    while let Some(Ok(_)) = turns.next() {
        let (began, cpu) = (Instant::now(), cpu_seconds());
        let update = trainer.step(&batches)?;
        let wall = began.elapsed().as_secs_f64();
        let cpu = cpu_seconds() - cpu;
        let loss = update.loss;
        say(&format!("{{\"loss\":{loss},\"wall\":{wall:.4},\"cpu\":{cpu:.2}}}"));
    }
    say(&format!("{{\"peak_mib\":{}}}", peak_mib()));
    Ok(())
}

fn say(line: &str) {
    println!("{line}");
    // A reader that is gone is the end of the bench, which comes with the input's.
    let _ = std::io::stdout().flush();
}

fn trainer(threads: usize, micro: usize, length: usize) -> Result<Trainer> {
    let config = Config {
        family: Family::Llama,
        vocab: 49_152,
        width: 576,
        layers: 30,
        heads: 9,
        kv_heads: 3,
        head_dim: 64,
        ffn: 1536,
        context: 8192,
        norm_eps: 1e-5,
        rope_theta: 100_000.0,
        rope_scaling: RopeScaling::None,
        qkv_bias: false,
        qk_norm: false,
        tied: true,
        bos: Some(1),
        eos: vec![2],
        pad: Some(2),
    };
    let device = Device::cpu(threads)?;
    let model = Transformer::new(&device, &config, Head::Lm, length)?;
    let params = params::random(&device, &model.layout, 1)?;
    let limits = Limits { tokens: micro, sequences: micro, rows: 512, keep: Keep::Layers };
    let schedule =
        Schedule { rate: 1e-4, warmup: 0, steps: 1000, shape: Shape::Constant, floor: 0.0 };
    let settings =
        Settings { weight_decay: 0.01, decay: Decay::All, clip: None, ..Settings::default() };
    Trainer::new(device, model, params, limits, schedule, settings)
}

fn batches(sequences: usize, length: usize, micro: usize) -> Result<Vec<Batch>> {
    let counter = Counter::named("ids");
    let id = |at: usize| (counter.bits(at as u64) % 49_152) as u32;
    let all: Vec<usize> = (0..sequences).collect();
    let mut batches = Vec::new();
    for group in all.chunks((micro / length).max(1)) {
        let mut batch = Batch::new();
        for &sequence in group {
            let ids: Vec<u32> = (0..length).map(|at| id(sequence * length + at)).collect();
            batch.push(&ids, &vec![1.0; length])?;
        }
        batches.push(batch);
    }
    Ok(batches)
}

/// CPU seconds of all threads, on Linux; 0 elsewhere.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The fields after the name, which ends with the last parenthesis; ticks of 10 ms.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split(' ').collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(12) + ticks(13)) / 100.0
}

/// The most memory that was resident at a time, on Linux; 0 elsewhere.
fn peak_mib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
