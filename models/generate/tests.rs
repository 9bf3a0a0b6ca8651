//! Generation by tiny random models: what a sample depends on, and how it ends.

use heedful_kernels::{Dtype, View};

use super::*;
use crate::config::{Config, Family, Head};
use crate::engine::{Settings, Weights};
use crate::fixture;
use crate::params::Layout;
use crate::parity_tests::fill;

pub(super) fn engine(
    dev: &Device,
    family: Family,
    dtype: Dtype,
    settings: Settings,
) -> Engine<'static> {
    let config = fixture::config(family, true);
    let params = params(&config);
    let layout = Layout::new(&config, Head::Lm).unwrap();
    let read = &mut |name: &str, out: &mut [f32]| layout.read(View::F32(&params), name, out);
    let weights = Weights::read(dev, &layout, dtype, read).unwrap();
    Engine::new(dev, weights, &config, settings).unwrap()
}

pub(super) fn params(config: &Config) -> Vec<f32> {
    let layout = Layout::new(config, Head::Lm).unwrap();
    let mut params = vec![0.0; layout.len()];
    layout.tensors.iter().for_each(|entry| fill(entry, &mut params[entry.range.clone()]));
    params
}

/// Prompts of 1, 70, 31, 32, 33 and 5 tokens, three samples each.
pub(super) fn requests() -> Vec<Request> {
    let prompt = |(row, length): (u32, u32)| Request {
        name: format!("row {row}"),
        prompt: (0..length).map(|i| 4 + (i * 37 + row * 101) % 260).collect(),
        samples: 0..3,
    };
    (0..).zip([1, 70, 31, 32, 33, 5]).map(prompt).collect()
}

pub(super) fn options() -> Options {
    let sampling =
        sample::Settings { temperature: 0.9, top_k: 200, top_p: 0.95, min_p: 0.0, repetition: 1.1 };
    Options { sampling, seed: 11, max_tokens: 40, stop_tokens: vec![50, 90], ..Options::default() }
}

/// All samples, in order.
fn all(
    dev: &Device,
    engine: &mut Engine,
    requests: &[Request],
    options: &Options,
) -> Result<Vec<Completion>> {
    let tokenizer = Tokenizer::parse(fixture::tokenizer()).unwrap();
    let mut found = Vec::new();
    let mut last = Progress::default();
    run(dev, engine, Some(&tokenizer), requests, options, &mut |event| {
        match event {
            Event::Finished(completion) => found.push(completion),
            Event::Progress(progress) => last = progress,
        }
        Ok(())
    })?;
    assert_eq!(last.finished, found.len() as u64);
    assert_eq!(last.tokens, found.iter().map(|c| c.tokens.len() as u64).sum::<u64>());
    found.sort_by_key(|c| (c.request, c.sample));
    Ok(found)
}

/// What must not change: tokens, bits of log-probabilities, texts, ends.
type Same = (String, u32, Vec<u32>, Vec<u32>, String, Finish);

fn same(requests: &[Request], found: Vec<Completion>) -> Vec<Same> {
    let bits = |c: &Completion| c.logprobs.iter().map(|l| l.to_bits()).collect();
    let mut all: Vec<Same> = (found.into_iter())
        .map(|c| {
            let name = requests[c.request].name.clone();
            (name, c.sample, c.tokens.clone(), bits(&c), c.text, c.finish)
        })
        .collect();
    all.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    all
}

#[test]
fn a_sample_depends_on_nothing_around_it() {
    let requests = requests();
    for (family, dtype) in [(Family::Qwen3, Dtype::Bf16), (Family::Llama, Dtype::F32)] {
        let one = Settings { slots: 1, kept: dtype, ..Settings::default() };
        let dev = Device::cpu(1).unwrap();
        let reference = all(&dev, &mut engine(&dev, family, dtype, one), &requests, &options());
        let reference = same(&requests, reference.unwrap());
        assert_eq!(reference.len(), 18);
        assert_ne!(reference[0].2, reference[1].2, "samples differ");
        for (threads, slots, prefill, cached) in
            [(2, 3, 7, 0), (3, 8, 256, 0), (1, 20, 33, 0), (2, 8, 64, 300)]
        {
            let mut shuffled = requests.clone();
            shuffled.rotate_left(slots % 5);
            shuffled.swap(0, 4);
            let dev = Device::cpu(threads).unwrap();
            let settings = Settings { slots, prefill, cached, ..one };
            let mut engine = engine(&dev, family, dtype, settings);
            for _ in 0..2 {
                let found = all(&dev, &mut engine, &shuffled, &options()).unwrap();
                assert_eq!(same(&shuffled, found), reference, "{threads} threads, {settings:?}");
            }
        }
    }
}

#[test]
fn some_samples_are_the_same_as_in_all() {
    let dev = Device::cpu(2).unwrap();
    let mut engine = engine(&dev, Family::Qwen2, Dtype::Bf16, Settings::default());
    let whole = all(&dev, &mut engine, &requests(), &options()).unwrap();
    let mut some = requests();
    some.truncate(2);
    (some[0].samples, some[1].samples) = (2..3, 0..0);
    let found = all(&dev, &mut engine, &some, &options()).unwrap();
    assert_eq!(found, [whole[2].clone()]);
    let seed = Options { seed: 12, ..options() };
    assert_ne!(all(&dev, &mut engine, &some, &seed).unwrap()[0].tokens, whole[2].tokens);
}

#[test]
fn log_probabilities_are_the_models_own() {
    let dev = Device::cpu(1).unwrap();
    let mut engine = engine(&dev, Family::Qwen3, Dtype::F32, Settings::default());
    let requests = requests();
    for completion in all(&dev, &mut engine, &requests, &options()).unwrap() {
        // Each token again, as the only one after its history, from the untempered logits.
        let prompt = &requests[completion.request].prompt;
        for at in [0, completion.tokens.len() / 2] {
            let history = [&prompt[..], &completion.tokens[..at]].concat();
            let again = Request { name: String::new(), prompt: history, samples: 0..1 };
            let mut logits = Vec::new();
            let greedy = Options { max_tokens: 1, ..Options::default() };
            run(&dev, &mut engine, None, &[again], &greedy, &mut |_| Ok(())).unwrap();
            logits.extend_from_slice(engine.logits().part(0..264).f32().unwrap());
            let total: f64 = logits.iter().map(|&l| f64::from(l).exp()).sum();
            let exact = f64::from(logits[completion.tokens[at] as usize]) - total.ln();
            assert!((f64::from(completion.logprobs[at]) - exact).abs() < 1e-4);
        }
        let sum: f64 = completion.logprobs.iter().map(|&l| f64::from(l)).sum();
        assert_eq!(completion.logprob(), sum);
    }
}

#[test]
fn answers_end_where_they_should() {
    let dev = Device::cpu(1).unwrap();
    let mut engine = engine(&dev, Family::Llama, Dtype::Bf16, Settings::default());
    let free = Options { stop_tokens: Vec::new(), ..options() };
    for completion in all(&dev, &mut engine, &requests(), &free).unwrap() {
        // The context is 128 tokens.
        let limit = 40.min(128 - completion.prompt_tokens);
        assert_eq!((completion.tokens.len(), completion.finish), (limit, Finish::Length));
        assert_eq!(completion.logprobs.len(), limit);
        let mut one = requests();
        one.truncate(completion.request + 1);
        one.drain(..completion.request);
        one[0].samples = completion.sample..completion.sample + 1;
        // A token of its own as a stop token.
        let stop = completion.tokens[limit / 2];
        let options = Options { stop_tokens: vec![stop], ..free.clone() };
        let stopped = all(&dev, &mut engine, &one, &options).unwrap().remove(0);
        let first = completion.tokens.iter().position(|&id| id == stop).unwrap();
        assert_eq!(stopped.finish, Finish::Stop);
        assert_eq!(stopped.tokens, completion.tokens[..=first]);
        let tokenizer = Tokenizer::parse(fixture::tokenizer()).unwrap();
        assert_eq!(stopped.text, tokenizer.decode(&completion.tokens[..first]).unwrap());
        // Two neighbouring characters of its own as a stop string.
        let chars: Vec<char> = completion.text.chars().collect();
        let string: String = chars[chars.len() / 2..chars.len() / 2 + 2].iter().collect();
        if string.contains(char::REPLACEMENT_CHARACTER) {
            continue;
        }
        let options = Options { stop_strings: vec![string.clone()], ..free.clone() };
        let stopped = all(&dev, &mut engine, &one, &options).unwrap().remove(0);
        let cut = completion.text.find(&string).unwrap();
        assert_eq!(
            (stopped.text.as_str(), stopped.finish),
            (&completion.text[..cut], Finish::Stop)
        );
    }
}

#[test]
fn the_penalty_keeps_tokens_from_coming_back() {
    let dev = Device::cpu(2).unwrap();
    let mut engine = engine(&dev, Family::Llama, Dtype::F32, Settings::default());
    let sampling = sample::Settings { repetition: 1e6, ..sample::Settings::GREEDY };
    let options = Options { sampling, stop_tokens: Vec::new(), ..options() };
    for completion in all(&dev, &mut engine, &requests(), &options).unwrap() {
        let mut all = requests()[completion.request].prompt.clone();
        all.sort_unstable();
        all.dedup();
        let before = all.len();
        all.extend(&completion.tokens);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), before + completion.tokens.len());
    }
}

#[test]
fn what_cannot_be_answered_is_refused_by_name() {
    let dev = Device::cpu(1).unwrap();
    let settings = Settings { cached: 160, ..Settings::default() };
    let mut engine = engine(&dev, Family::Llama, Dtype::F32, settings);
    let mut refuse = |prompt: Vec<u32>, options: Options| {
        let request = Request { name: "row 7".into(), prompt, samples: 0..1 };
        all(&dev, &mut engine, &[request], &options).unwrap_err().to_string()
    };
    assert_eq!(refuse(vec![], options()), "row 7: an empty prompt");
    assert_eq!(refuse(vec![264], options()), "row 7: token 264 of 264");
    let long = "row 7: a prompt of 128 tokens, the context is 128";
    assert_eq!(refuse(vec![5; 128], options()), long);
    let strings = Options { stop_strings: vec![String::new()], ..options() };
    assert_eq!(refuse(vec![5], strings), "an empty stop string");
    let none = Options { max_tokens: 0, ..options() };
    assert_eq!(refuse(vec![5], none), "an answer of at most 0 tokens");
    let sampling = sample::Settings { top_p: 2.0, ..sample::Settings::PLAIN };
    assert!(refuse(vec![5], Options { sampling, ..options() }).contains("top-p is 2"));
    // Cut instead, at its beginning.
    let prompt: Vec<u32> = (4..204).collect();
    let cut = Request { name: String::new(), prompt, samples: 0..1 };
    let options = Options { overlong: Overlong::KeepEnd, ..options() };
    let found = all(&dev, &mut engine, std::slice::from_ref(&cut), &options).unwrap();
    assert_eq!(found[0].prompt_tokens, 128 - 40);
    let short = Request { prompt: cut.prompt[200 - 88..].to_vec(), ..cut };
    assert_eq!(all(&dev, &mut engine, &[short], &options).unwrap(), found);
}

#[test]
fn a_cache_too_small_for_one_is_refused() {
    let dev = Device::cpu(1).unwrap();
    let settings = Settings { cached: 64, ..Settings::default() };
    let mut engine = engine(&dev, Family::Llama, Dtype::F32, settings);
    let error = all(&dev, &mut engine, &requests(), &options()).unwrap_err().to_string();
    assert_eq!(error, "row 0: 3 blocks of tokens, the cache has 2");
}

#[test]
fn logits_that_are_no_numbers_name_the_row() {
    let dev = Device::cpu(1).unwrap();
    let config = fixture::config(Family::Llama, true);
    let layout = Layout::new(&config, Head::Lm).unwrap();
    let mut params = params(&config);
    params[layout.embedding.start + 32 * 41] = f32::NAN;
    let weights = Weights::of(&dev, &layout, View::F32(&params), Dtype::F32).unwrap();
    let mut engine = Engine::new(&dev, weights, &config, Settings::default()).unwrap();
    let error = all(&dev, &mut engine, &requests(), &options()).unwrap_err().to_string();
    assert!(error.starts_with("row 0, sample 0, token 0: sample: row 0: the logit"), "{error}");
}

#[test]
fn the_callback_can_end_the_run() {
    let dev = Device::cpu(2).unwrap();
    let mut engine = engine(&dev, Family::Llama, Dtype::F32, Settings::default());
    let mut heard = 0;
    let outcome = run(&dev, &mut engine, None, &requests(), &options(), &mut |event| {
        heard += usize::from(matches!(event, Event::Finished(_)));
        if heard == 2 { Err(Error::argument("enough")) } else { Ok(()) }
    });
    assert_eq!((outcome.unwrap_err().to_string().as_str(), heard), ("enough", 2));
    // And the engine is whole afterwards.
    assert_eq!(all(&dev, &mut engine, &requests(), &options()).unwrap().len(), 18);
    assert_eq!(all(&dev, &mut engine, &[], &options()).unwrap(), []);
}
