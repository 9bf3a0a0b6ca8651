//! Clauses: what one sentence says about the scene, in the plan's tense and person.

use heedful_constraints::draw::Rng;
use rand::RngExt as _;

use super::scene::{Scene, Task};
use super::traits::{Trait, Traits};
use super::words::{EVENTS, LIKE, MAKE, ORDERS, PEOPLE, TIMES, Verb};

/// How clauses are put.
#[derive(Clone, Copy)]
pub(super) struct Voice {
    /// The traits of the answer.
    pub traits: Traits,
    /// Whether commas may be used.
    pub commas: bool,
    /// Whether the subject is called by a pronoun only.
    pub unnamed: bool,
    /// Whether the clause is to be as short as it can be.
    pub brief: bool,
}

/// One of `choices`.
pub(super) fn pick<'a, T: ?Sized>(rng: &mut Rng, choices: &[&'a T]) -> &'a T {
    choices[rng.random_range(0..choices.len())]
}

/// True with this probability.
pub(super) fn chance(rng: &mut Rng, probability: f64) -> bool {
    rng.random::<f64>() < probability
}

impl Voice {
    fn be(self, plural: bool) -> &'static str {
        match (self.traits.has(Trait::Past), self.traits.has(Trait::Future), plural) {
            (true, _, true) => "were",
            (true, _, false) => "was",
            (_, true, _) => "will be",
            (_, _, true) => "are",
            _ => "is",
        }
    }

    fn push_verb(self, verb: Verb, plural: bool, text: &mut String) {
        let (base, third, past) = verb;
        if self.traits.has(Trait::Past) {
            text.push_str(past);
        } else if self.traits.has(Trait::Future) {
            text.push_str("will ");
            text.push_str(base);
        } else {
            text.push_str(if plural { base } else { third });
        }
    }

    /// Who does what people do; all of them take a verb in the plural.
    fn people(self, rng: &mut Rng) -> &'static str {
        if self.traits.has(Trait::First) {
            "I"
        } else if self.traits.has(Trait::Second) {
            "you"
        } else {
            pick(rng, &PEOPLE)
        }
    }
}

/// What a lead sentence of the task says: the heart of the answer.
pub(super) fn lead(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    match scene.task {
        Task::List => things(scene, rng.random_range(2..=4), voice, rng, text),
        Task::Name => things(scene, scene.count, voice, rng, text),
        Task::Advise => tip(scene, voice, rng, text),
        Task::Explain => reason(scene, voice, rng, text),
        Task::Compare => contrast(scene, voice, rng, text),
        Task::Choose => choice(scene, voice, rng, text),
        Task::Story => event(scene, voice, rng, text),
        Task::Sum => sum(scene, voice, rng, text),
        Task::Describe | Task::Note => look(scene, voice, rng, text),
    }
}

/// What another sentence says.
pub(super) fn body(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    // A text that is to speak in one person should say who speaks more often.
    let spoken = voice.traits.has(Trait::First) || voice.traits.has(Trait::Second);
    match rng.random_range(0..if spoken { 10 } else { 8u32 }) {
        0..3 => look(scene, voice, rng, text),
        3..5 => act(scene, voice, rng, text),
        5 if scene.task == Task::Advise => tip(scene, voice, rng, text),
        5 => reason(scene, voice, rng, text),
        _ => deed(scene, voice, rng, text),
    }
}

/// "are cats quick": what a question asks.
pub(super) fn question(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    let plural = scene.is_plural();
    match voice.be(plural) {
        "will be" => {
            text.push_str("will ");
            push_subject(scene, voice, text);
            text.push_str(" be");
        }
        be => {
            text.push_str(be);
            text.push(' ');
            push_subject(scene, voice, text);
        }
    }
    text.push(' ');
    text.push_str(pick(rng, scene.topic.adjectives));
}

/// A point of a list: a thing, or something that holds of the subject.
pub(super) fn point(scene: &Scene, at: usize, voice: Voice, rng: &mut Rng, text: &mut String) {
    if scene.of_all() {
        let nouns = scene.topic.nouns;
        if chance(rng, 0.4) {
            text.push_str(pick(rng, scene.topic.adjectives));
            text.push(' ');
        }
        text.push_str(nouns[(scene.noun + at) % nouns.len()].1);
        return;
    }
    let (first, second) = two(scene.topic.adjectives, rng);
    match rng.random_range(0..3u32) {
        0 => {
            text.push_str(first);
            text.push_str(" and ");
            text.push_str(second);
        }
        1 => {
            text.push_str(first);
            text.push(' ');
            text.push_str(pick(rng, &TIMES));
        }
        _ => {
            let (verb, rest) = scene.topic.acts[rng.random_range(0..scene.topic.acts.len())];
            push_pronoun(scene, text);
            text.push(' ');
            voice.push_verb(verb, scene.is_plural(), text);
            text.push(' ');
            text.push_str(rest);
        }
    }
}

/// "some notes on cats are below": what stands before a list.
pub(super) fn intro(scene: &Scene, voice: Voice, text: &mut String) {
    text.push_str(if scene.of_all() { "some good " } else { "some notes on " });
    push_subject_or(scene, voice, if scene.of_all() { "ones" } else { "this" }, text);
    text.push(' ');
    text.push_str(voice.be(true));
    text.push_str(" here");
}

fn push_subject(scene: &Scene, voice: Voice, text: &mut String) {
    if voice.unnamed {
        push_pronoun(scene, text);
    } else {
        push_named(scene, scene.noun, text);
    }
}

fn push_subject_or(scene: &Scene, voice: Voice, pronoun: &str, text: &mut String) {
    if voice.unnamed { text.push_str(pronoun) } else { push_named(scene, scene.noun, text) }
}

/// As the object of a verb.
fn push_object(scene: &Scene, voice: Voice, text: &mut String) {
    push_subject_or(scene, voice, if scene.is_plural() { "them" } else { "it" }, text);
}

fn push_pronoun(scene: &Scene, text: &mut String) {
    text.push_str(if scene.is_plural() { "they" } else { "it" });
}

fn push_named(scene: &Scene, noun: usize, text: &mut String) {
    if scene.of_all() {
        text.push_str(scene.topic.name);
        return;
    }
    if !scene.is_plural() {
        text.push_str("the ");
    }
    text.push_str(scene.form(noun));
}

/// Two different ones of `choices`.
fn two(choices: &'static [&'static str], rng: &mut Rng) -> (&'static str, &'static str) {
    let first = rng.random_range(0..choices.len());
    let second = (first + rng.random_range(1..choices.len())) % choices.len();
    (choices[first], choices[second])
}

/// "the cat is quick, soft and brave"
fn look(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    push_subject(scene, voice, text);
    text.push(' ');
    text.push_str(voice.be(scene.is_plural()));
    text.push(' ');
    let adjectives = scene.topic.adjectives;
    let first = rng.random_range(0..adjectives.len());
    let at = |offset: usize| adjectives[(first + offset) % adjectives.len()];
    text.push_str(at(0));
    if voice.brief {
        return;
    }
    if voice.commas && chance(rng, 0.4) {
        text.push_str(", ");
        text.push_str(at(2));
    }
    text.push_str(" and ");
    text.push_str(at(3));
}

/// "the cat sleeps in the sun"
fn act(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    push_subject(scene, voice, text);
    text.push(' ');
    let (verb, rest) = scene.topic.acts[rng.random_range(0..scene.topic.acts.len())];
    voice.push_verb(verb, scene.is_plural(), text);
    text.push(' ');
    text.push_str(rest);
}

/// "many people watch the cat near the river"
fn deed(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    text.push_str(voice.people(rng));
    text.push(' ');
    voice.push_verb(scene.topic.deeds[rng.random_range(0..scene.topic.deeds.len())], true, text);
    text.push(' ');
    push_object(scene, voice, text);
    if !voice.brief {
        text.push(' ');
        text.push_str(pick(rng, scene.topic.places));
    }
}

/// "many people like the cat because it is quick"
fn reason(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    text.push_str(voice.people(rng));
    text.push(' ');
    voice.push_verb(LIKE, true, text);
    text.push(' ');
    push_object(scene, voice, text);
    if voice.brief {
        return;
    }
    text.push_str(" because ");
    push_pronoun(scene, text);
    text.push(' ');
    if chance(rng, 0.5) {
        text.push_str(voice.be(scene.is_plural()));
        text.push(' ');
        text.push_str(pick(rng, scene.topic.adjectives));
    } else {
        let (verb, rest) = scene.topic.acts[rng.random_range(0..scene.topic.acts.len())];
        voice.push_verb(verb, scene.is_plural(), text);
        text.push(' ');
        text.push_str(rest);
    }
}

/// "keep the cat near the river", and with a tense "it is best to keep it near the river"
fn tip(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    text.push_str("it ");
    text.push_str(voice.be(false));
    text.push_str(" best to ");
    text.push_str(pick(rng, &ORDERS));
    text.push(' ');
    push_object(scene, voice, text);
    if !voice.brief {
        text.push(' ');
        text.push_str(pick(rng, scene.topic.places));
    }
}

/// "some good animals are cats, dogs and owls"
fn things(scene: &Scene, n: usize, voice: Voice, rng: &mut Rng, text: &mut String) {
    text.push_str(if chance(rng, 0.5) { "some good " } else { "some well known " });
    push_subject_or(scene, voice, "ones", text);
    text.push(' ');
    text.push_str(voice.be(true));
    let nouns = scene.topic.nouns;
    for at in 0..n {
        let joint = match at {
            0 => " ",
            _ if at + 1 == n || !voice.commas => " and ",
            _ => ", ",
        };
        text.push_str(joint);
        text.push_str(nouns[(scene.noun + at * 3) % nouns.len()].1);
    }
}

/// "the cat is quick, but the dog is strong"
fn contrast(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    let (first, second) = two(scene.topic.adjectives, rng);
    push_subject(scene, voice, text);
    text.push(' ');
    text.push_str(voice.be(scene.is_plural()));
    text.push(' ');
    text.push_str(first);
    if !voice.commas {
        text.push_str(" while ");
    } else {
        text.push_str(", but ");
    }
    push_named(scene, scene.other, text);
    text.push(' ');
    text.push_str(voice.be(scene.is_plural()));
    text.push(' ');
    text.push_str(second);
}

/// "the cat is better because it is quick"
fn choice(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    push_subject(scene, voice, text);
    text.push(' ');
    text.push_str(voice.be(scene.is_plural()));
    text.push_str(" better");
    if voice.brief {
        return;
    }
    text.push_str(" because ");
    push_pronoun(scene, text);
    text.push(' ');
    text.push_str(voice.be(scene.is_plural()));
    text.push(' ');
    text.push_str(pick(rng, scene.topic.adjectives));
}

/// "one day the cat met an old friend"
fn event(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    text.push_str(if voice.commas && chance(rng, 0.5) { "one day, " } else { "one day " });
    push_subject(scene, voice, text);
    text.push(' ');
    let (verb, rest) = EVENTS[rng.random_range(0..EVENTS.len())];
    voice.push_verb(verb, scene.is_plural(), text);
    text.push(' ');
    text.push_str(rest);
}

/// "2 plus 3 makes 5", "the answer is 5"
fn sum(scene: &Scene, voice: Voice, rng: &mut Rng, text: &mut String) {
    if voice.unnamed || chance(rng, 0.3) {
        text.push_str(&scene.sum.0.to_string());
        text.push(' ');
        text.push_str(scene.operator());
        text.push(' ');
        text.push_str(&scene.sum.1.to_string());
        text.push(' ');
        voice.push_verb(MAKE, false, text);
    } else {
        push_subject(scene, voice, text);
        text.push(' ');
        text.push_str(voice.be(false));
    }
    text.push(' ');
    text.push_str(&scene.result().to_string());
}
