//! The hard families of the grammar: small arguments for a rule, and what they mean for a plan.

use heedful_constraints::args::Args;
use heedful_constraints::draw::{Rng, args};
use rand::RngExt as _;
use serde_json::{Value, json};

use super::plan::{Case, Plan, Shape};
use super::scene::Scene;
use super::words;

/// A rule that the grammar can ask for, obey and miss.
pub(super) struct Family {
    /// The rule's id.
    pub id: &'static str,
    /// What it takes hold of: two families of one set share none of these.
    pub holds: u32,
    /// Draws arguments that a short answer can meet and a plain one seldom does.
    pub sample: fn(&Scene, &mut Rng) -> Args,
    /// Makes the plan meet the arguments.
    pub apply: fn(&Args, &mut Plan, &mut Rng),
    /// Arguments that, when met, miss the given ones by little.
    pub near: fn(&Args, &mut Rng) -> Option<Args>,
}

/// The length of the answer and its layout.
const SIZE: u32 = 1;
/// Lines beside the running text.
const LINE: u32 = 2;
/// The beginning.
const OPEN: u32 = 4;
/// The end.
const CLOSE: u32 = 8;
/// Capitals and small letters.
const CASE: u32 = 16;
/// Words to mention.
const MENTION: u32 = 32;
/// The number of sentences and what they end in.
const TALLY: u32 = 64;
/// Sentences that a list would run together.
const LIST: u32 = 128;
/// Which sentence is which: a heading may count as the first.
const ORDER: u32 = 256;

/// Openings that no sentence has by itself.
const OPENINGS: [&str; 10] = [
    "To begin with",
    "In short",
    "First of all",
    "In a word",
    "Without a doubt",
    "Simply put",
    "In other words",
    "By the way",
    "At first sight",
    "For a start",
];

/// First words that sentences seldom have by themselves.
const STARTERS: [&str; 8] =
    ["Often", "Sometimes", "Today", "Here", "Still", "Again", "Perhaps", "Maybe"];

/// Endings that no answer has by itself; they carry no trait.
const CLOSINGS: [&str; 8] = [
    "Until next time.",
    "All the best.",
    "The end.",
    "Enough for today.",
    "More to come.",
    "Thanks for reading.",
    "So much for that.",
    "Good luck with it.",
];

/// The family with this id.
pub(super) fn find(id: &str) -> Option<&'static Family> {
    ALL.iter().find(|family| family.id == id)
}

fn count(args: &Args, key: &str) -> usize {
    args.get(key).and_then(Value::as_u64).expect("the family's own arguments have it") as usize
}

fn text(args: &Args, key: &str) -> String {
    let value = args.get(key).and_then(Value::as_str);
    value.expect("the family's own arguments have it").to_owned()
}

fn texts(args: &Args, key: &str) -> Vec<String> {
    let list = args.get(key).and_then(Value::as_array);
    let list = list.expect("the family's own arguments have it").iter();
    list.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn is_least(args: &Args) -> bool {
    args.get("relation").and_then(Value::as_str) == Some("at least")
}

fn pick<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a str {
    choices[rng.random_range(0..choices.len())]
}

/// `n` different nouns of other topics than the scene's.
fn nouns(scene: &Scene, n: usize, rng: &mut Rng) -> Vec<&'static str> {
    let topics = words::topics();
    let mut drawn = Vec::with_capacity(n);
    while drawn.len() < n {
        let topic = &topics[rng.random_range(0..topics.len())];
        let noun = topic.nouns[rng.random_range(0..topic.nouns.len())].0;
        if topic.name != scene.topic.name && !drawn.contains(&noun) {
            drawn.push(noun);
        }
    }
    drawn
}

fn counted(key: &str, n: usize) -> Args {
    args([(key, json!(n))])
}

fn related(key: &str, relation: &str, n: usize) -> Args {
    args([("relation", json!(relation)), (key, json!(n))])
}

/// No near miss.
fn never(_: &Args, _: &mut Rng) -> Option<Args> {
    None
}

/// "At least" for "less than" and the other way round.
fn turned(args: &Args, _: &mut Rng) -> Option<Args> {
    let mut near = args.clone();
    let relation = if is_least(args) { "less than" } else { "at least" };
    near.insert("relation".to_owned(), json!(relation));
    Some(near)
}

/// The first number of the arguments.
fn number(args: &Args) -> Option<(&String, usize)> {
    args.iter().find_map(|(key, value)| Some((key, value.as_u64()? as usize)))
}

fn renumbered(args: &Args, n: usize) -> Option<Args> {
    let (key, _) = number(args)?;
    let mut near = args.clone();
    near.insert(key.clone(), json!(n));
    Some(near)
}

/// One or two more or fewer.
fn around(args: &Args, rng: &mut Rng) -> Option<Args> {
    let (_, n) = number(args)?;
    let by = if rng.random_range(0..3u32) == 0 { 2 } else { 1 };
    let fewer = rng.random_range(0..2u32) == 0 && n > by;
    renumbered(args, if fewer { n - by } else { n + by })
}

/// One fewer, and at least one.
fn fewer(args: &Args, _: &mut Rng) -> Option<Args> {
    let (_, n) = number(args)?;
    if n > 1 { renumbered(args, n - 1) } else { None }
}

/// The words without the last one.
fn partly(args: &Args, _: &mut Rng) -> Option<Args> {
    let mut words = texts(args, "keywords");
    words.pop();
    (!words.is_empty()).then(|| heedful_constraints::draw::args([("keywords", json!(words))]))
}

/// The words in the opposite order.
fn reversed(args: &Args, _: &mut Rng) -> Option<Args> {
    let words: Vec<String> = texts(args, "words").into_iter().rev().collect();
    Some(heedful_constraints::draw::args([("words", json!(words))]))
}

fn between(rng: &mut Rng, low: usize, high: usize) -> usize {
    rng.random_range(low..=high)
}

/// A number of sentences: rare ones more often, since plain answers have three or four.
fn rare(rng: &mut Rng) -> usize {
    const COUNTS: [usize; 11] = [1, 1, 1, 2, 2, 3, 4, 5, 5, 6, 6];
    COUNTS[rng.random_range(0..COUNTS.len())]
}

/// The least sentences that hold this many words, roughly.
fn sentences_for(words: usize) -> usize {
    words.div_ceil(9).max(1)
}

/// A family a row: id, what it holds, arguments, meaning, near miss.
macro_rules! families {
    ($($id:literal $($holds:ident)|*: $sample:expr, $apply:expr, $near:expr;)+) => {
        /// Every hard family, in the order of their description.
        pub(super) static ALL: &[Family] = &[$(Family {
            id: $id,
            holds: 0 $(| $holds)*,
            sample: $sample,
            apply: $apply,
            near: $near,
        }),+];
    };
}

families! {
    "length_constraints:number_sentences" SIZE | TALLY:
        |_, rng| match between(rng, 0, 1) {
            0 => related("num_sentences", "less than", between(rng, 2, 3)),
            _ => related("num_sentences", "at least", between(rng, 5, 6)),
        },
        |args, plan, rng| {
            let n = count(args, "num_sentences");
            plan.sentences =
                if is_least(args) { n + between(rng, 0, 1) } else { between(rng, 1, n - 1) };
        },
        turned;
    "count:sentences" SIZE | TALLY:
        |_, rng| related("n", "exactly", rare(rng)),
        |args, plan, _| plan.sentences = count(args, "n"),
        around;
    "length_constraints:number_words" SIZE | TALLY | MENTION | CASE:
        |_, rng| match between(rng, 0, 1) {
            0 => related("num_words", "less than", [15, 18, 20][between(rng, 0, 2)]),
            _ => related("num_words", "at least", [45, 50, 55][between(rng, 0, 2)]),
        },
        |args, plan, _| {
            let n = count(args, "num_words");
            plan.words = Some(if is_least(args) { (n, n + 20) } else { (3, n - 1) });
            plan.sentences = if is_least(args) { sentences_for(n) } else { 1 };
        },
        turned;
    "count:words" SIZE | TALLY | MENTION | CASE:
        |_, rng| {
            let n = [8, 10, 12, 15][between(rng, 0, 3)];
            args([("relation", json!("between")), ("n", json!(n)), ("m", json!(n + 6))])
        },
        |args, plan, _| {
            plan.words = Some((count(args, "n"), count(args, "m")));
            plan.sentences = sentences_for(count(args, "n") - 2);
        },
        never;
    "count:paragraphs" SIZE:
        |_, rng| related("n", "exactly", between(rng, 2, 4)),
        |args, plan, _| plan.shape = Shape::Paragraphs(count(args, "n")),
        around;
    "length_constraints:number_paragraphs" SIZE:
        |_, rng| counted("num_paragraphs", between(rng, 2, 4)),
        |args, plan, _| plan.shape = Shape::Starred(count(args, "num_paragraphs")),
        around;
    "count:lines" SIZE | LINE:
        |_, rng| related("n", "exactly", between(rng, 2, 5)),
        |args, plan, _| plan.shape = Shape::Lines(count(args, "n")),
        around;
    "detectable_format:number_bullet_lists" SIZE | LIST:
        |_, rng| counted("num_bullets", between(rng, 2, 5)),
        |args, plan, _| plan.shape = Shape::Bullets(count(args, "num_bullets")),
        around;
    "format:numbered_list" SIZE | LIST:
        |_, rng| args([("style", json!("1.")), ("n", json!(between(rng, 2, 5)))]),
        |args, plan, _| plan.shape = Shape::Numbered(count(args, "n")),
        around;
    "position:starts_with" OPEN:
        |_, rng| args([("phrase", json!(pick(rng, &OPENINGS)))]),
        |args, plan, _| plan.opening = Some(text(args, "phrase")),
        never;
    "position:sentence_starts" TALLY | LIST | ORDER:
        |_, rng| {
            let word = pick(rng, &STARTERS);
            args([("nth", json!(between(rng, 2, 3))), ("word", json!(word))])
        },
        |args, plan, _| plan.start = Some((count(args, "nth"), text(args, "word"))),
        around;
    "startend:end_checker" CLOSE | TALLY:
        |_, rng| args([("end_phrase", json!(pick(rng, &CLOSINGS)))]),
        |args, plan, _| plan.closing = Some(text(args, "end_phrase")),
        never;
    "position:ends_with_word" CLOSE:
        |scene, rng| args([("word", json!(nouns(scene, 1, rng)[0]))]),
        |args, plan, _| plan.last_word = Some(text(args, "word")),
        never;
    "detectable_content:postscript" CLOSE | TALLY | LINE:
        |_, rng| args([("postscript_marker", json!(pick(rng, &["P.S.", "P.P.S"])))]),
        |args, plan, _| plan.postscript = Some(text(args, "postscript_marker")),
        never;
    "startend:quotation" OPEN | CLOSE:
        |_, _| Args::new(), |_, plan, _| plan.quoted = true, never;
    "detectable_format:title" OPEN | LINE:
        |_, _| Args::new(), |_, plan, _| plan.title = true, never;
    "count:headings" OPEN | LINE | ORDER:
        |_, _| related("n", "exactly", 1),
        |args, plan, _| plan.headings = count(args, "n"),
        around;
    "change_case:english_lowercase" CASE:
        |_, _| Args::new(), |_, plan, _| plan.case = Case::Lower, never;
    "change_case:english_capital" CASE:
        |_, _| Args::new(), |_, plan, _| plan.case = Case::Upper, never;
    "keywords:existence" MENTION:
        |scene, rng| {
            let n = between(rng, 1, 2);
            args([("keywords", json!(nouns(scene, n, rng)))])
        },
        |args, plan, _| plan.mentions = texts(args, "keywords"),
        partly;
    "keywords:frequency" MENTION:
        |scene, rng| {
            let noun = nouns(scene, 1, rng)[0];
            let n = between(rng, 2, 3);
            args([
                ("keyword", json!(noun)), ("frequency", json!(n)), ("relation", json!("at least")),
            ])
        },
        |args, plan, _| plan.mentions = vec![text(args, "keyword"); count(args, "frequency")],
        fewer;
    "order:words" MENTION:
        |scene, rng| args([("words", json!(nouns(scene, 2, rng)))]),
        |args, plan, _| plan.mentions = texts(args, "words"),
        reversed;
    "keywords:forbidden_words":
        |scene, rng| {
            let mut words = vec![scene.word()];
            let noun = between(rng, 0, scene.topic.nouns.len() - 1);
            let second = between(rng, 0, 1) == 1;
            if second && !scene.of_all() && noun != scene.noun && noun != scene.other {
                words.push(scene.form(noun));
            }
            args([("forbidden_words", json!(words))])
        },
        |_, plan, _| plan.unnamed = true,
        never;
    "punctuation:no_comma":
        |_, _| Args::new(), |_, plan, _| plan.commas = false, never;
    "count:exclamations" TALLY:
        |_, rng| related("n", "exactly", between(rng, 1, 3)),
        |args, plan, _| plan.exclamations = count(args, "n"),
        around;
    "count:questions" TALLY:
        |_, rng| related("n", "exactly", between(rng, 1, 2)),
        |args, plan, _| plan.questions = count(args, "n"),
        around;
    "detectable_format:number_highlighted_sections":
        |_, rng| counted("num_highlights", between(rng, 1, 3)),
        |args, plan, _| plan.highlights = count(args, "num_highlights"),
        fewer;
    "detectable_content:number_placeholders":
        |_, rng| counted("num_placeholders", between(rng, 1, 3)),
        |args, plan, _| plan.placeholders = count(args, "num_placeholders"),
        fewer;
    "count:parentheses":
        |_, rng| related("n", "exactly", between(rng, 1, 2)),
        |args, plan, _| plan.parentheses = count(args, "n"),
        around;
}
