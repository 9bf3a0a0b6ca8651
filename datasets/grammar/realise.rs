//! From a plan to a text: sentences with what stands before and after them, then their layout.

use heedful_constraints::draw::Rng;
use rand::RngExt as _;

use super::clause::{self, Voice, chance, pick};
use super::plan::{Case, Plan, Shape};
use super::scene::{Scene, Task, capitalise};
use super::traits::Trait;
use super::words::{MANNERS, TIMES};

/// A sentence in its parts.
#[derive(Default)]
struct Line {
    prefix: String,
    /// Whether a comma follows the prefix.
    comma: bool,
    body: String,
    tails: String,
    mark: &'static str,
}

/// What may stand before a word that is to be mentioned.
const LINKS: [&str; 5] = ["near the", "with the", "like the", "before the", "without the"];

/// What may hold a place open.
const HOLDERS: [&str; 5] =
    ["in [city]", "with [name]", "near [place]", "on [date]", "for [person]"];

/// A text for the plan, which may still miss what it says: only checks decide that.
pub(super) fn realise(scene: &Scene, plan: &Plan, rng: &mut Rng) -> String {
    let mut lines = sentences(scene, plan, rng);
    prefixes(scene, plan, &mut lines, rng);
    tails(scene, plan, &mut lines, rng);
    marks(scene, plan, &mut lines, rng);
    if let Some((low, high)) = plan.words {
        fit(plan, &mut lines, low, high, rng);
    }
    let mut rendered: Vec<String> = lines.iter().map(render).collect();
    for _ in 0..plan.highlights {
        highlight(plan, &mut rendered, rng);
    }
    finish(scene, plan, &rendered, rng)
}

fn voice(plan: &Plan, brief: bool) -> Voice {
    Voice { traits: plan.traits, commas: plan.commas, unnamed: plan.unnamed, brief }
}

/// The bodies of the running text: the lead, then what else there is to say.
fn sentences(scene: &Scene, plan: &Plan, rng: &mut Rng) -> Vec<Line> {
    let n = plan.content();
    let listed = matches!(plan.shape, Shape::Bullets(_) | Shape::Numbered(_));
    let short = plan.words.is_some_and(|(_, high)| high < 16);
    let mut lines: Vec<Line> = Vec::with_capacity(n);
    for at in 0..n {
        let mut line = Line { mark: ".", ..Line::default() };
        let brief = short && chance(rng, 0.5);
        // A sentence is not said twice.
        for _ in 0..4 {
            line.body.clear();
            match at {
                0 if listed => clause::intro(scene, voice(plan, brief), &mut line.body),
                0 => clause::lead(scene, voice(plan, brief), rng, &mut line.body),
                _ => clause::body(scene, voice(plan, brief), rng, &mut line.body),
            }
            if lines.iter().all(|other| other.body != line.body) {
                break;
            }
        }
        if at == 0 && listed {
            line.mark = ":";
        }
        lines.push(line);
    }
    lines
}

/// What sentences open with: what was asked for, a trait's phrase, or a time or manner.
fn prefixes(scene: &Scene, plan: &Plan, lines: &mut [Line], rng: &mut Rng) {
    let brief = plan.words.is_some_and(|(_, high)| high < 20);
    let listed = lines[0].mark == ":";
    for (at, line) in lines.iter_mut().enumerate() {
        let comma = plan.commas && chance(rng, 0.9);
        if at == 0
            && let Some(opening) = &plan.opening
        {
            line.prefix.push_str(opening);
        } else if let Some((nth, word)) = &plan.start
            && *nth == at + 1
        {
            line.prefix.push_str(word);
        } else if at == 0 && scene.task == Task::Note && !listed {
            line.prefix.push_str("dear ");
            line.prefix.push_str(scene.name);
        } else if !brief && !line.body.starts_with("one day") && chance(rng, 0.5) {
            let choices: &[&str] = if chance(rng, 0.5) { &TIMES } else { &MANNERS };
            line.prefix.push_str(pick(rng, choices));
        }
        line.comma = comma;
    }
}

/// What sentences end with: words to mention, traits, places, things in brackets.
fn tails(scene: &Scene, plan: &Plan, lines: &mut [Line], rng: &mut Rng) {
    for shown in plan.traits.iter() {
        show(shown, plan, lines, rng);
    }
    let mut at = 0;
    let n = plan.mentions.len();
    for (i, word) in plan.mentions.iter().enumerate() {
        // Spread over the text, and never before the word that comes first.
        at = rng.random_range(at..=((lines.len() - 1) * (i + 1) / n).max(at));
        add(&mut lines[at], &[pick(rng, &LINKS), word]);
    }
    for _ in 0..plan.placeholders {
        let at = rng.random_range(0..lines.len());
        let holder = pick(rng, &HOLDERS);
        add(&mut lines[at], &[holder]);
    }
    for _ in 0..plan.parentheses {
        let at = rng.random_range(0..lines.len());
        let place =
            if chance(rng, 0.5) { pick(rng, scene.topic.places) } else { pick(rng, &TIMES) };
        let tails = &mut lines[at].tails;
        tails.push_str(" (");
        tails.push_str(place);
        tails.push(')');
    }
    if let Some(word) = &plan.last_word {
        let last = lines.last_mut().expect("a text has a sentence");
        add(last, &[pick(rng, &LINKS), word]);
    }
}

/// Appends words to a sentence.
fn add(line: &mut Line, words: &[&str]) {
    for word in words {
        line.tails.push(' ');
        line.tails.push_str(word);
    }
}

/// Puts a trait's phrase to one sentence at least; tense is shown by verbs alone.
fn show(shown: Trait, plan: &Plan, lines: &mut [Line], rng: &mut Rng) {
    let facts = shown.facts();
    if facts.endings.is_empty() {
        return;
    }
    let sure = rng.random_range(0..lines.len());
    for (at, line) in lines.iter_mut().enumerate() {
        if at != sure && !chance(rng, 0.35) {
            continue;
        }
        let asked = (at == 0 && plan.opening.is_some())
            || plan.start.as_ref().is_some_and(|(nth, _)| *nth == at + 1)
            || line.prefix.starts_with("dear ")
            || Trait::ALL.iter().any(|other| {
                plan.traits.has(*other)
                    && other.facts().openings.iter().any(|said| *said == line.prefix)
            });
        if !asked && !line.body.starts_with("one day") && chance(rng, 0.5) {
            line.prefix.clear();
            line.prefix.push_str(pick(rng, facts.openings));
        } else {
            line.tails.push(' ');
            line.tails.push_str(pick(rng, facts.endings));
        }
    }
}

/// Turns sentences into questions and exclamations, the last ones first.
fn marks(scene: &Scene, plan: &Plan, lines: &mut [Line], rng: &mut Rng) {
    let free = lines.iter_mut().rev().filter(|line| line.mark == ".");
    let marks = std::iter::repeat_n("!", plan.exclamations);
    let marks = marks.chain(std::iter::repeat_n("?", plan.questions));
    for (line, mark) in free.zip(marks) {
        line.mark = mark;
        if mark == "?" {
            line.body.clear();
            clause::question(scene, voice(plan, true), rng, &mut line.body);
        }
    }
}

/// Adds times, or takes the last sentence and prefixes away, until the length is right.
fn fit(plan: &Plan, lines: &mut Vec<Line>, low: usize, high: usize, rng: &mut Rng) {
    let count = |lines: &[Line]| lines.iter().map(words).sum::<usize>();
    for at in 0..lines.len() {
        if count(lines) < low && lines[at].mark != ":" {
            let body = &mut lines[at].body;
            body.push(' ');
            body.push_str(pick(rng, &TIMES));
        }
    }
    let total = count(lines);
    if total > high && total.saturating_sub(words(&lines[lines.len() - 1])) >= low {
        lines.pop();
    }
    for at in 0..lines.len() {
        if count(lines) > high && !(at == 0 && plan.opening.is_some()) {
            lines[at].prefix.clear();
        }
    }
}

fn words(line: &Line) -> usize {
    [&line.prefix, &line.body, &line.tails].iter().map(|s| s.split_whitespace().count()).sum()
}

fn render(line: &Line) -> String {
    let mut text = String::with_capacity(96);
    if !line.prefix.is_empty() {
        text.push_str(&line.prefix);
        text.push_str(if line.comma { ", " } else { " " });
    }
    text.push_str(&line.body);
    text.push_str(&line.tails);
    text.push_str(line.mark);
    capitalise(&mut text);
    text
}

/// Sets one word in asterisks: one that nothing else was asked of.
fn highlight(plan: &Plan, rendered: &mut [String], rng: &mut Rng) {
    for _ in 0..8 {
        let text = &mut rendered[rng.random_range(0..rendered.len())];
        let words: Vec<(usize, &str)> = text
            .split(' ')
            .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
            .skip(1)
            .filter(|(_, word)| word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase()))
            .collect();
        let kept = |word: &str| {
            plan.mentions.iter().chain(&plan.last_word).any(|said| said == word)
                || plan.opening.as_ref().is_some_and(|said| said.contains(word))
        };
        if words.is_empty() {
            continue;
        }
        let (at, word) = words[rng.random_range(0..words.len())];
        if kept(word) {
            continue;
        }
        let end = at + word.len();
        text.insert(end, '*');
        text.insert(at, '*');
        return;
    }
}

/// The layout, and what stands around the running text.
fn finish(scene: &Scene, plan: &Plan, rendered: &[String], rng: &mut Rng) -> String {
    let mut text = String::with_capacity(400);
    let name = |text: &mut String| match plan.unnamed {
        true => text.push_str("Notes"),
        false => title(scene, text),
    };
    if plan.title {
        text.push_str("<<");
        name(&mut text);
        text.push_str(">>\n");
    }
    for _ in 0..plan.headings {
        text.push_str("# ");
        name(&mut text);
        text.push('\n');
    }
    lay_out(scene, plan, rendered, rng, &mut text);
    let listed = matches!(plan.shape, Shape::Bullets(_) | Shape::Numbered(_));
    if let Some(closing) = &plan.closing {
        let lined = listed || matches!(plan.shape, Shape::Lines(_));
        text.push_str(if lined { "\n" } else { " " });
        text.push_str(closing);
    }
    if let Some(mark) = &plan.postscript {
        text.push('\n');
        text.push_str(mark);
        text.push(' ');
        let mut said = String::new();
        clause::body(scene, voice(plan, true), rng, &mut said);
        capitalise(&mut said);
        text.push_str(&said);
        text.push('.');
    }
    let text = match plan.case {
        Case::Mixed => text,
        Case::Lower => text.to_lowercase(),
        Case::Upper => text.to_uppercase(),
    };
    if plan.quoted { format!("\"{text}\"") } else { text }
}

fn title(scene: &Scene, text: &mut String) {
    let mut word = if scene.of_all() { scene.topic.name } else { scene.word() }.to_owned();
    capitalise(&mut word);
    text.push_str(if scene.is_plural() { "On " } else { "The " });
    text.push_str(&word);
}

fn lay_out(scene: &Scene, plan: &Plan, rendered: &[String], rng: &mut Rng, text: &mut String) {
    let (pieces, joint) = match plan.shape {
        Shape::Prose => (1, ""),
        Shape::Paragraphs(n) => (n, "\n\n"),
        Shape::Starred(n) => (n, "\n***\n"),
        Shape::Lines(_) => (rendered.len(), "\n"),
        Shape::Bullets(n) | Shape::Numbered(n) => {
            text.push_str(&rendered[0]);
            points(scene, plan, n, rng, text);
            for sentence in &rendered[1..] {
                text.push('\n');
                text.push_str(sentence);
            }
            return;
        }
    };
    let total = rendered.len();
    for (at, sentence) in rendered.iter().enumerate() {
        // Sentence `at` opens a piece when it is the first that falls into it.
        let opens = at > 0 && at * pieces / total != (at - 1) * pieces / total;
        if at > 0 {
            text.push_str(if opens { joint } else { " " });
        }
        text.push_str(sentence);
    }
}

fn points(scene: &Scene, plan: &Plan, n: usize, rng: &mut Rng, text: &mut String) {
    let mut said: Vec<String> = Vec::with_capacity(n);
    for at in 0..n {
        let mut point = String::new();
        for _ in 0..6 {
            point.clear();
            clause::point(scene, at, voice(plan, true), rng, &mut point);
            if !said.contains(&point) {
                break;
            }
        }
        match plan.shape {
            Shape::Numbered(_) => text.push_str(&format!("\n{}. ", at + 1)),
            _ => text.push_str("\n* "),
        }
        text.push_str(&point);
        said.push(point);
    }
}
