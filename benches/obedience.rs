//! How well a model of the grammar's language does what it is asked:
//! `cargo bench --bench obedience -- [MODEL] [prompts=N] [samples=N] [threads=N] [seed=N]`.
//!
//! Of each family: the share of answers that obey it where it is the only constraint, sampled at
//! temperature 1 and greedy, and of answers to the same instructions without it, which is chance.
//! Then ladders: the share of constraints that are obeyed at each level, and of answers that obey
//! all. Hard constraints are judged by their checks, soft ones by the grammar's truth. Instructions
//! are of the split `test`, whose scenes no demonstration has; families held out of prompts are
//! asked for by the split `held-out`.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use heedful_datasets::grammar::{Asked, Demonstrations, Prompt, Split};
use heedful_kernels::{Device, Dtype, sample};
use heedful_models::chat::{self, Message, Template};
use heedful_models::engine::{Engine, Settings, Weights};
use heedful_models::generate::{Event, Options, Request, run};
use heedful_models::{Checkpoint, Tokenizer, resolve};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |key: &str, otherwise: usize| -> Result<usize> {
        let found = given.iter().find_map(|a| a.strip_prefix(&format!("{key}=")));
        Ok(found.map(str::parse).transpose()?.unwrap_or(otherwise))
    };
    let model = given.iter().find(|a| !a.contains('=')).map_or("embedded", String::as_str);
    let seed = number("seed", 11)? as u64;
    let drawn = Demonstrations::new(heedful::demonstrate::recipe(None)?, seed)?;
    let began = Instant::now();
    let mut talk = Talk::new(&resolve(model)?, number("threads", 0)?, seed)?;
    println!("loaded in {:.1} ms\n", began.elapsed().as_secs_f64() * 1e3);
    let (prompts, samples) = (number("prompts", 400)?, number("samples", 2)?);
    singles(&drawn, &mut talk, prompts, samples as u32)?;
    ladders(&drawn, &mut talk, prompts / 4, samples as u32)
}

/// Answers that obeyed, of all.
#[derive(Debug, Clone, Copy, Default)]
struct Rate(u32, u32);

impl Rate {
    fn note(&mut self, obeyed: bool) {
        *self = Rate(self.0 + u32::from(obeyed), self.1 + 1);
    }

    fn percent(self) -> f64 {
        100.0 * f64::from(self.0) / f64::from(self.1.max(1))
    }

    /// Twice the standard error of a share, in percent.
    fn twice_error(self) -> f64 {
        let share = self.percent() / 100.0;
        200.0 * (share * (1.0 - share) / f64::from(self.1.max(1))).sqrt()
    }
}

/// Each family alone: asked for, sampled and greedy, and not asked for.
fn singles(drawn: &Demonstrations, talk: &mut Talk, prompts: usize, samples: u32) -> Result<()> {
    let mut all: Vec<Prompt> = drawn.prompts(Split::Test).take(prompts).collect();
    all.extend(drawn.prompts(Split::HeldOut).take(prompts / 4));
    let texts = |level| all.iter().map(|prompt| prompt.text(level)).collect::<Vec<_>>();
    let ways = [
        ("sampled", talk.answers(&texts(1), samples, 1.0)?),
        ("greedy", talk.answers(&texts(1), 1, 0.0)?),
        ("unasked", talk.answers(&texts(0), samples, 1.0)?),
    ];
    let mut table: BTreeMap<String, [Rate; 3]> = BTreeMap::new();
    let mut total = [Rate::default(); 3];
    for (way, (_, (_, answers))) in ways.iter().enumerate() {
        for (prompt, answers) in all.iter().zip(answers) {
            let asked = &prompt.asked[0];
            let held = is_held_out(asked, drawn);
            let label = format!("{}{}", asked.label(), if held { " (held out)" } else { "" });
            for answer in answers {
                let obeyed = drawn.judge(asked, answer);
                table.entry(label.clone()).or_default()[way].note(obeyed);
                total[way].note(obeyed);
            }
        }
    }
    println!(
        "| constraint alone | prompts | sampled | greedy | unasked |\n|---|---:|---:|---:|---:|"
    );
    table.insert("**all**".to_owned(), total);
    for (label, [sampled, greedy, unasked]) in table {
        let (asked, error) = (sampled.percent(), sampled.twice_error());
        let (best, chance) = (greedy.percent(), unasked.percent());
        println!("| {label} | {} | {asked:.1} ± {error:.1} | {best:.1} | {chance:.1} |", greedy.1);
    }
    Ok(())
}

fn is_held_out(asked: &Asked, drawn: &Demonstrations) -> bool {
    drawn.recipe().families.held_out.iter().any(|id| id == asked.id)
}

/// Ladders of one to five constraints.
fn ladders(drawn: &Demonstrations, talk: &mut Talk, prompts: usize, samples: u32) -> Result<()> {
    println!("\n| level | constraints obeyed, % | all obeyed, % | words | cut |");
    println!("|---:|---:|---:|---:|---:|");
    let all: Vec<Prompt> = drawn.prompts(Split::Test).take(prompts).collect();
    for level in 1..=5 {
        let texts: Vec<String> = all.iter().map(|prompt| prompt.text(level)).collect();
        let (cut, answers) = talk.answers(&texts, samples, 1.0)?;
        let (mut each, mut whole, mut words) = (Rate::default(), Rate::default(), 0);
        for (prompt, answers) in all.iter().zip(&answers) {
            for answer in answers {
                words += answer.split_whitespace().count();
                let asked = prompt.asked.iter().take(level);
                let verdicts: Vec<bool> = asked.map(|asked| drawn.judge(asked, answer)).collect();
                verdicts.iter().for_each(|obeyed| each.note(*obeyed));
                whole.note(verdicts.iter().all(|obeyed| *obeyed));
            }
        }
        let words = words as f64 / f64::from(whole.1);
        let (each, whole) = (each.percent(), whole.percent());
        println!("| {level} | {each:.1} | {whole:.1} | {words:.1} | {cut} |");
    }
    Ok(())
}

/// A model that answers.
struct Talk {
    device: Device,
    engine: Engine<'static>,
    tokenizer: Tokenizer,
    template: Template,
    stop: Vec<u32>,
    seed: u64,
}

impl Talk {
    fn new(model: &Path, threads: usize, seed: u64) -> Result<Talk> {
        let device = Device::cpu(threads)?;
        let checkpoint = Checkpoint::open(model)?;
        let weights = Weights::load(&device, &checkpoint, Dtype::Bf16)?;
        let settings = Settings { slots: 64, ..Settings::default() };
        let engine = Engine::new(&device, weights, checkpoint.config(), settings)?;
        let source = checkpoint.chat_template()?.ok_or("a model without a chat template")?;
        let template = Template::compile(&source, "", "")?;
        let (tokenizer, stop) = (checkpoint.tokenizer()?, checkpoint.config().eos.clone());
        Ok(Talk { device, engine, tokenizer, template, stop, seed })
    }

    /// How many answers were cut, and each text's answers in order.
    fn answers(
        &mut self,
        texts: &[String],
        samples: u32,
        temperature: f32,
    ) -> Result<(usize, Vec<Vec<String>>)> {
        let requests = texts
            .iter()
            .enumerate()
            .map(|(at, text)| {
                let turn = [Message::user(text)];
                let text = self.template.render(&turn, &chat::Options::generation())?;
                let prompt = self.tokenizer.encode(&text)?;
                Ok(Request { name: format!("{at}"), prompt, samples: 0..samples })
            })
            .collect::<Result<Vec<_>>>()?;
        let sampling = sample::Settings { temperature, ..sample::Settings::PLAIN };
        let options = Options {
            sampling,
            seed: self.seed,
            max_tokens: 250,
            stop_tokens: self.stop.clone(),
            ..Options::default()
        };
        let mut answers = vec![vec![String::new(); samples as usize]; texts.len()];
        let mut cut = 0;
        let Talk { device, engine, tokenizer, .. } = self;
        run(device, engine, Some(tokenizer), &requests, &options, &mut |event| {
            if let Event::Finished(done) = event {
                cut += usize::from(done.tokens.len() == options.max_tokens);
                answers[done.request][done.sample as usize] = done.text;
            }
            Ok(())
        })?;
        Ok((cut, answers))
    }
}
