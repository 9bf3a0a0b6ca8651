//! Laws over the families for places, order, letters, characters and formats.

use rand::RngExt as _;

use super::RULES;
use crate::args::{Args, Reader};
use crate::constraint::Constraint;
use crate::demand::{Demand, Numbering};
use crate::describe;
use crate::draw::{Draw, stream};
use crate::profile::Profile;
use crate::rule::Rule;
use crate::text::Text;

const IDS: [&str; 25] = [
    "characters:ascii_only",
    "characters:forbidden",
    "characters:no_digits",
    "format:code_block",
    "format:csv_block",
    "format:heading",
    "format:json_block",
    "format:no_markdown",
    "format:numbered_list",
    "format:single_paragraph",
    "format:table",
    "format:yaml_block",
    "letters:acrostic",
    "letters:alliteration",
    "letters:between",
    "letters:no_neighbour_initials",
    "letters:no_palindromes",
    "letters:sentence_initial",
    "letters:without",
    "order:words",
    "position:ends_with_word",
    "position:nth_word",
    "position:paragraph_starts",
    "position:sentence_starts",
    "position:starts_with",
];

fn own() -> impl Iterator<Item = &'static Rule> {
    IDS.iter().map(|id| {
        let rule = RULES.iter().find(|rule| rule.id == *id);
        *rule.unwrap_or_else(|| panic!("{id} is registered"))
    })
}

fn sampled(rule: &Rule, index: u64) -> Args {
    let mut rng = stream(7, index);
    (rule.sample)(&mut Draw { rng: &mut rng, request: "Tell me how bread is made." })
}

fn compiled(rule: &Rule, args: &Args) -> Constraint {
    Constraint::compile(rule.id, args.clone(), Profile::Corrected)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_sample_compiles_and_is_told_in_words() {
    for rule in own() {
        for index in 0..200 {
            let args = sampled(rule, index);
            compiled(rule, &args);
            let reader = Reader::new(rule.id, &args);
            let texts = (rule.texts)(&reader).expect("has texts");
            assert!(texts.len() >= 4, "{}: fewer than four texts", rule.id);
            for (at, template) in texts.iter().enumerate() {
                assert!(!texts[..at].contains(template), "{}: {template} twice", rule.id);
                let told = describe::fill(template, &reader).expect("fills");
                let hole = |(at, _): (usize, &str)| {
                    told[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic())
                };
                assert!(!told.match_indices('{').any(hole), "{}: {told}", rule.id);
                for key in args.keys() {
                    assert!(template.contains(&format!("{{{key}")), "{}: no {key}", rule.id);
                }
            }
        }
    }
}

#[test]
fn examples_hold_in_both_profiles() {
    for rule in own() {
        let passes = rule.examples.iter().filter(|example| example.satisfied).count();
        assert!(passes >= 2 && rule.examples.len() - passes >= 2, "{}", rule.id);
        for example in rule.examples {
            let args: Args = serde_json::from_str(example.args).expect("an object");
            for profile in [Profile::Official, Profile::Corrected] {
                let constraint = Constraint::compile(rule.id, args.clone(), profile);
                let constraint = constraint.unwrap_or_else(|error| panic!("{error}"));
                let verdict = constraint.check(&Text::new(example.response));
                let shown = format!("{} {:?}: {}", rule.id, example.response, verdict.reason);
                assert_eq!(verdict.satisfied, example.satisfied, "{shown}");
                constraint.demands().unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
}

/// The plainest text that a demand speaks of; `None` for demands that only forbid.
fn plain(demand: &Demand) -> Option<String> {
    Some(match demand {
        Demand::Opens(phrase) => format!("{phrase} it is."),
        Demand::LastWord(word) => format!("It is the {word}."),
        Demand::WordAt(n, word) => format!("{}{word}.", "on ".repeat(*n as usize - 1)),
        Demand::ParagraphStart(n, word) => {
            format!("{}{word} on.", "On it goes.\n\n".repeat(*n as usize - 1))
        }
        Demand::SentenceStart(n, word) => {
            format!("{}{word} on.", "On it goes. ".repeat(*n as usize - 1))
        }
        Demand::Order(words) => words.join(" and "),
        Demand::Alliteration(letter, n) => format!("{letter}o ").repeat(*n as usize),
        Demand::SentenceInitial(letter) => format!("{letter}o is here. {letter}o stays."),
        Demand::Acrostic(word) => word.chars().map(|c| format!("{c}o it\n")).collect(),
        Demand::Letter(letter, bound) => format!("1 {letter}").repeat(bound.low as usize) + "1",
        Demand::Fenced(info, body) => format!("It is:\n\n```{info}\n{body}\n```\n"),
        Demand::Heading(level, text) => format!("{} {text}\n\nOn.", "#".repeat((*level).into())),
        Demand::Table(n) => {
            let row = |cell: &str| format!("|{}\n", format!(" {cell} |").repeat(*n as usize));
            row("name") + &row("---") + &row("bread")
        }
        Demand::Numbered(style, n) => {
            let romans = "i ii iii iv v vi vii viii ix x xi xii";
            let romans: Vec<&str> = romans.split(' ').collect();
            let mark = |i: u64| match style {
                Numbering::Dot => format!("{i}."),
                Numbering::Bracket => format!("{i})"),
                Numbering::Brackets => format!("({i})"),
                Numbering::Letter => format!("{})", (b'a' + i as u8 - 1) as char),
                Numbering::Roman => format!("{}.", romans[i as usize - 1]),
            };
            (1..=*n).map(|i| format!("{} on\n", mark(i))).collect()
        }
        _ => return None,
    })
}

#[test]
fn a_plain_text_made_from_the_demands_passes() {
    for rule in own() {
        for index in 0..200 {
            let constraint = compiled(rule, &sampled(rule, index));
            let demands = constraint.demands().unwrap_or_else(|error| panic!("{error}"));
            assert!(!demands.is_empty(), "{}", rule.id);
            let made: Vec<String> = demands.iter().filter_map(plain).collect();
            let text = if made.is_empty() { "On we go".to_owned() } else { made.join("\n\n") };
            let verdict = constraint.check(&Text::new(&text));
            assert!(verdict.satisfied, "{} {text:?}: {}", rule.id, verdict.reason);
        }
    }
}

/// `piece` over and over: 100 KB.
/// Pieces that are repeated to 100 KB.
const PLAIN: [&str; 29] = [
    "`",
    "```\n",
    "```json\n",
    "```json\n[\n```\n",
    "~",
    "\0",
    "\r\n",
    "\r",
    "[",
    "[](",
    "**",
    "__a",
    "|",
    "|-|\n",
    "- ",
    "> ",
    "1. ",
    "1. a\n",
    "(9999999999) a\n",
    "\u{130}",
    "\u{301}",
    "a'",
    "a-",
    "a.",
    "#",
    "# \n",
    "\u{1F600}",
    "x",
    "\" ",
];

/// Pieces of YAML that are.
const YAML: [&str; 34] = [
    "[",
    "{",
    "- ",
    "? ",
    ": ",
    "a: ",
    "a:\n ",
    "&a ",
    "!a ",
    "!",
    "'",
    "\"",
    "|\n",
    "---\n",
    "%YAML 1.2\n",
    "# ",
    "\t",
    "a: b\n",
    "[a, ",
    "{a: ",
    "\0",
    "- a\n",
    "a",
    "-",
    "*",
    "\u{85}",
    ">-\n ",
    "a: |\n  b\n",
    "[\n",
    "{\n",
    "a: &b\n",
    "? a\n",
    "\u{feff}",
    "\\",
];

/// What random responses are made of.
const PIECES: [&str; 67] = [
    "```",
    "```json\n",
    "```yaml\n",
    "```csv\n",
    "~~~",
    "\n",
    "\n",
    "\r\n",
    "\n\n",
    " ",
    " ",
    "a",
    "b",
    "bread",
    "Bread",
    ": ",
    "- ",
    "* ",
    "# ",
    "## ",
    "> ",
    "1. ",
    "2) ",
    "i. ",
    "|",
    "|---|",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "\"",
    "'",
    ",",
    ".",
    "!",
    "?",
    "&a",
    "*a",
    "!!str ",
    "%",
    "@",
    "\0",
    "\t",
    "é",
    "ß",
    "İ",
    "字",
    "\u{301}",
    "\u{1F600}",
    "\u{85}",
    "\u{2028}",
    "--- ",
    "...",
    "true",
    "null",
    "0",
    "7",
    "-1",
    "<<",
    "~",
    "?",
    "? ",
    "|\n",
    ">\n",
    "\\",
];

fn many(piece: &str) -> String {
    piece.repeat(100_000 / piece.len())
}

fn block(info: &str, body: &str) -> String {
    format!("```{info}\n{body}\n```\n")
}

fn hostile() -> Vec<String> {
    let json = ["[", "{", "{\"a\":", "[[],", "\"", "1", "\0", "null,"];
    let csv = ["\0", "\0,\0\n", ",", "\"", "\"\"", "\n", "\r", "a\n", "\"a\n", "a\"b,"];
    let mut responses = PLAIN.map(many).to_vec();
    responses.extend(json.map(|piece| block("json", &many(piece))));
    responses.extend(YAML.map(|piece| block("yaml", &many(piece))));
    responses.extend(YAML.map(|piece| block("yaml", &format!("bread: {}", many(piece)))));
    responses.extend(csv.map(|piece| block("csv", &many(piece))));
    let bomb = (1..10).fold("a0: &a0 [x, x]\n".to_owned(), |bomb, i| {
        format!("{bomb}a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", "))
    });
    responses.push(block("yaml", &bomb));
    let nested: String = (0..400).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    responses.push(block("yaml", &nested));
    responses
}

#[test]
fn hostile_responses_get_a_lawful_verdict() {
    let responses = hostile();
    for rule in own() {
        let constraint = compiled(rule, &sampled(rule, 3));
        for response in &responses {
            lawful(&constraint, response);
        }
    }
}

#[test]
fn any_response_gets_a_lawful_verdict() {
    let constraints: Vec<Constraint> =
        own().flat_map(|rule| (0..3).map(|i| compiled(rule, &sampled(rule, i)))).collect();
    let mut rng = stream(11, 0);
    for _ in 0..3000 {
        let length = rng.random_range(1..40);
        let mut response = String::new();
        if rng.random_range(0..2) == 0 {
            response.push_str(["```json\n", "```yaml\n", "```csv\n"][rng.random_range(0..3)]);
        }
        for _ in 0..length {
            response.push_str(PIECES[rng.random_range(0..PIECES.len())]);
        }
        response.push_str(["", "\n```", "\n```\n"][rng.random_range(0..3)]);
        constraints.iter().for_each(|constraint| lawful(constraint, &response));
    }
}

fn lawful(constraint: &Constraint, response: &str) {
    let verdict = constraint.check(&Text::new(response));
    let shown = || format!("{} {:?}: {:?}", constraint.id(), &response.get(..40), verdict);
    assert!((0.0..=1.0).contains(&verdict.degree), "{}", shown());
    assert_eq!(verdict.degree == 1.0, verdict.satisfied, "{}", shown());
    let reason = verdict.reason.to_string();
    let one_line = !reason.is_empty() && !reason.contains(['\n', '\r']) && reason.len() < 500;
    assert!(one_line, "{}", shown());
}
