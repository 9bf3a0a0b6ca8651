//! Generation on an emulated card, which looks at its tokens every few steps, beside the host.

use std::sync::Arc;

use heedful_kernels::gpu::Gpu;
use heedful_kernels::gpu::emulated::{Emulated, Schedule};
use heedful_kernels::{Dtype, View};

use super::tests::{engine, options, params, requests};
use super::*;
use crate::config::{Family, Head};
use crate::engine::{Settings, Weights};
use crate::fixture;
use crate::params::Layout;

fn card(schedule: Schedule) -> Device {
    on(&Arc::new(Emulated::new(schedule)))
}

fn on(board: &Arc<Emulated>) -> Device {
    Device::Gpu(Gpu::new(board.clone(), Dtype::F32).unwrap())
}

fn host() -> Device {
    Device::cpu(1).unwrap()
}

/// All events of a run, or how it ended.
fn events(
    dev: &Device,
    engine: &mut Engine,
    requests: &[Request],
    options: &Options,
) -> Result<Vec<Event>> {
    let tokenizer = Tokenizer::parse(fixture::tokenizer()).unwrap();
    let mut all = Vec::new();
    run(dev, engine, Some(&tokenizer), requests, options, &mut |event| {
        all.push(event);
        Ok(())
    })?;
    Ok(all)
}

/// Events without log-probabilities, which are near each other at most, and those.
fn parted(events: Vec<Event>) -> (Vec<Event>, Vec<f32>) {
    let mut chances = Vec::new();
    let bare = |event| match event {
        Event::Finished(mut done) => {
            chances.append(&mut done.logprobs);
            Event::Finished(done)
        }
        progress @ Event::Progress(_) => progress,
    };
    (events.into_iter().map(bare).collect(), chances)
}

/// The samples, in order, and the last that was told of the run.
fn sorted(mut events: Vec<Event>) -> Vec<Event> {
    let last = events.pop();
    events.retain(|event| matches!(event, Event::Finished(_)));
    events.sort_by_key(|event| match event {
        Event::Finished(done) => (done.request, done.sample),
        Event::Progress(_) => unreachable!("only samples are left"),
    });
    events.into_iter().chain(last).collect()
}

fn agree(found: Vec<Event>, expected: Vec<Event>, what: &str) {
    let ((found, near), (expected, chances)) = (parted(found), parted(expected));
    assert_eq!(found, expected, "{what}");
    assert_eq!(near.len(), chances.len());
    near.iter().zip(&chances).for_each(|(a, b)| assert!((a - b).abs() < 1e-3, "{what}: {a} {b}"));
}

/// Four samples of prompts of 1, 70, 31 and 32 tokens.
fn some() -> Vec<Request> {
    let mut some = requests();
    some.truncate(4);
    some.iter_mut().zip([0..1, 1..2, 0..1, 2..3]).for_each(|(one, n)| one.samples = n);
    some
}

/// What makes answers end: nothing but their length, stop tokens, two characters of the answers.
fn endings() -> Vec<Options> {
    let free = Options { stop_tokens: Vec::new(), max_tokens: 21, ..options() };
    let said = events(&host(), &mut plain(&host(), 4), &some(), &free).unwrap();
    let answers: Vec<Completion> = said
        .into_iter()
        .filter_map(|event| match event {
            Event::Finished(done) => Some(done),
            Event::Progress(_) => None,
        })
        .collect();
    let stop_tokens = vec![answers[0].tokens[6], answers[1].tokens[11]];
    let pair = |text: &str, at: usize| text.chars().skip(at).take(2).collect::<String>();
    let stop_strings = vec![pair(&answers[2].text, 8), pair(&answers[3].text, 2)];
    vec![
        Options { stop_tokens: stop_tokens.clone(), ..free.clone() },
        Options { stop_strings: stop_strings.clone(), ..free.clone() },
        Options { stop_tokens, stop_strings, ..free.clone() },
        free,
    ]
}

fn plain(dev: &Device, slots: usize) -> Engine<'static> {
    let settings = Settings { slots, ..Settings::default() };
    engine(dev, Family::Qwen2, Dtype::F32, settings)
}

#[test]
fn answers_end_as_on_the_host() {
    for (at, options) in endings().into_iter().enumerate() {
        let expected = events(&host(), &mut plain(&host(), 4), &some(), &options).unwrap();
        let stopped = expected.iter().filter(|event| match event {
            Event::Finished(done) => done.finish == Finish::Stop,
            Event::Progress(_) => false,
        });
        assert_eq!(stopped.count() > 0, at < 3);
        // The same run again with what the last one left, in another schedule.
        for schedule in [Schedule::RoundRobin, Schedule::Reverse].into_iter().take(1 + at % 2) {
            let dev = card(schedule);
            let mut engine = plain(&dev, 5);
            for _ in 0..1 + at % 2 {
                let found = events(&dev, &mut engine, &some(), &options).unwrap();
                // All have a place, so even the order is the host's.
                agree(found, expected.clone(), &format!("ending {at}"));
            }
        }
    }
}

#[test]
fn places_are_filled_again() {
    let mut all = requests();
    all.drain(1..3);
    all.iter_mut().for_each(|one| one.samples = 0..2);
    let options = Options { max_tokens: 13, ..options() };
    let expected = events(&host(), &mut plain(&host(), 16), &all, &options).unwrap();
    // Fewer places than samples; a cache that makes places wait.
    for (slots, cached) in [(3, 0), (1, 0), (8, 160)] {
        let dev = card(Schedule::Greedy);
        let settings = Settings { slots, cached, prefill: 20, ..Settings::default() };
        let mut engine = engine(&dev, Family::Qwen2, Dtype::F32, settings);
        let found = events(&dev, &mut engine, &all, &options).unwrap();
        let what = format!("{slots} places, {cached} tokens kept");
        let last = |events: &[Event]| match events.last() {
            Some(Event::Progress(progress)) => *progress,
            other => panic!("the last event is {other:?}"),
        };
        assert_eq!(last(&found), last(&expected), "{what}");
        agree(sorted(found), sorted(expected.clone()), &what);
    }
}

#[test]
fn answers_grow_beyond_their_first_block() {
    let mut all = some();
    all.truncate(3);
    let sampling = sample::Settings { repetition: 1.3, ..sample::Settings::GREEDY };
    let options = Options { max_tokens: 75, stop_tokens: Vec::new(), sampling, ..options() };
    let expected = events(&host(), &mut plain(&host(), 3), &all, &options).unwrap();
    let board = Arc::new(Emulated::new(Schedule::Greedy));
    let dev = on(&board);
    let found = events(&dev, &mut plain(&dev, 3), &all, &options).unwrap();
    // All but the first tokens come from steps that the card repeats by itself.
    assert_eq!(board.repeated(), 74);
    // The prompt of 70 tokens leaves 58 of the context.
    let lengths: Vec<usize> = found.iter().filter_map(length).collect();
    assert_eq!(lengths, [58, 75, 75]);
    agree(found, expected, "long answers");
}

fn length(event: &Event) -> Option<usize> {
    match event {
        Event::Finished(done) => Some(done.tokens.len()),
        Event::Progress(_) => None,
    }
}

#[test]
fn logits_that_are_no_numbers_name_the_sample() {
    // The embedding of a token that is no number makes the logits after it none.
    let config = fixture::config(Family::Llama, false);
    let layout = Layout::new(&config, Head::Lm).unwrap();
    let options = Options { stop_tokens: Vec::new(), max_tokens: 20, ..options() };
    let outcome = |dev: &Device, params: &[f32], options: &Options| {
        let read = &mut |name: &str, out: &mut [f32]| layout.read(View::F32(params), name, out);
        let weights = Weights::read(dev, &layout, Dtype::F32, read).unwrap();
        let settings = Settings { slots: 4, ..Settings::default() };
        let mut engine = Engine::new(dev, weights, &config, settings).unwrap();
        events(dev, &mut engine, &some(), options)
    };
    let mut params = params(&config);
    let clean = outcome(&host(), &params, &options).unwrap();
    let answers: Vec<&Completion> = clean
        .iter()
        .filter_map(|event| match event {
            Event::Finished(done) => Some(done),
            Event::Progress(_) => None,
        })
        .collect();
    // Said by one of them alone, once, some tokens after the first, and spelt with the one before.
    let text = Tokenizer::parse(fixture::tokenizer()).unwrap();
    let new = |said: &[u32]| {
        let id = said[said.len() - 1];
        let times = answers.iter().flat_map(|answer| &answer.tokens).filter(|said| **said == id);
        let asked = some().iter().any(|request| request.prompt.contains(&id));
        let spelt = text.decode(&said[said.len() - 2..]).unwrap();
        !asked && times.count() == 1 && spelt.is_ascii() && spelt.len() == 2
    };
    let beginnings = answers.iter().flat_map(|a| (4..19).map(|length| &a.tokens[..length]));
    let said = beginnings.into_iter().find(|said| new(said)).expect("some token is new");
    let row = layout.embedding.start + said[said.len() - 1] as usize * config.width;
    params[row + 3] = f32::NAN;
    let expected = outcome(&host(), &params, &options).unwrap_err().to_string();
    assert!(expected.contains(&format!(", token {}: sample: row ", said.len())), "{expected}");
    let found = outcome(&card(Schedule::RoundRobin), &params, &options).unwrap_err().to_string();
    assert_eq!(found, expected);
    // An answer that a stop string ended before is not wrong, whatever the card did after it.
    let options =
        Options { stop_strings: vec![text.decode(&said[said.len() - 2..]).unwrap()], ..options };
    let expected = outcome(&host(), &params, &options).unwrap();
    agree(outcome(&card(Schedule::RoundRobin), &params, &options).unwrap(), expected, "stopped");
}
