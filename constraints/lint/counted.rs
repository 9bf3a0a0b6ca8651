//! Numbers in a prompt against the numbers in the arguments.
//!
//! A number of the arguments that stands nowhere in the prompt, neither itself nor a neighbour
//! ("more than 9" for at least 10), is at odds with a prompt that puts another number to the same
//! unit, unless that other number belongs to another constraint of the row.

use super::{Finding, Kind};
use crate::constraint::Constraint;
use crate::demand::Demand;
use crate::router::numbers::ONES;

/// Rules that count, the arguments that hold the counts, and the nouns that prompts count by.
const COUNTED: [(&str, &[&str], &[&str]); 28] = [
    ("change_case:capital_word_frequency", &["capital_frequency"], &["time", "capital", "cap"]),
    ("detectable_content:number_placeholders", &["num_placeholders"], &["placeholder"]),
    ("detectable_format:multiple_sections", &["num_sections"], &["section", "part"]),
    ("detectable_format:number_bullet_lists", &["num_bullets"], &["bullet"]),
    (
        "detectable_format:number_highlighted_sections",
        &["num_highlights"],
        &["section", "highlight", "highlighted"],
    ),
    ("keywords:frequency", &["frequency"], &["time"]),
    ("keywords:letter_frequency", &["let_frequency"], &["time"]),
    ("length_constraints:nth_paragraph_first_word", &["num_paragraphs"], &["paragraph"]),
    ("length_constraints:number_paragraphs", &["num_paragraphs"], &["paragraph"]),
    ("length_constraints:number_sentences", &["num_sentences"], &["sentence"]),
    ("length_constraints:number_words", &["num_words"], &["word"]),
    ("count:block_quotes", BOUNDS, &["quote", "blockquote"]),
    ("count:characters", BOUNDS, &["character"]),
    ("count:code_blocks", BOUNDS, &["block"]),
    ("count:exclamations", BOUNDS, &["exclamation"]),
    ("count:headings", BOUNDS, &["heading"]),
    ("count:lines", BOUNDS, &["line"]),
    ("count:links", BOUNDS, &["link"]),
    ("count:list_items", BOUNDS, &["item"]),
    ("count:paragraphs", BOUNDS, &["paragraph"]),
    ("count:questions", BOUNDS, &["question"]),
    ("count:quotations", BOUNDS, &["quotation"]),
    ("count:semicolons", BOUNDS, &["semicolon"]),
    ("count:sentences", BOUNDS, &["sentence"]),
    ("count:table_rows", BOUNDS, &["row"]),
    ("count:unique_words", BOUNDS, &["word"]),
    ("count:words", BOUNDS, &["word"]),
    ("each:sentence_words", BOUNDS, &["word"]),
];

const BOUNDS: &[&str] = &["n", "m"];

/// Words that mean more than one.
const SOME: [&str; 5] = ["few", "several", "multiple", "many", "some"];

/// How many words after its number a unit may stand: "3 short, funny paragraphs" is out.
const REACH: usize = 3;

/// Numbers at odds; rules that already have a finding from `since` on are passed over.
pub(super) fn check(prompt: &str, set: &[Constraint], since: usize, findings: &mut Vec<Finding>) {
    let tokens = tokens(prompt);
    let numbers = numbers(&tokens);
    let known: Vec<u64> = set.iter().flat_map(counts_of).map(|(_, n, _)| n).collect();
    let near = |n: u64, m: u64| n.abs_diff(m) <= 1;
    for constraint in set {
        let id = constraint.id();
        if findings[since..].iter().any(|finding| finding.rule == id) {
            continue;
        }
        for (key, n, nouns) in counts_of(constraint) {
            let value = &constraint.args()[key];
            if n > 1 && !numbers.iter().any(|number| near(number.value, n)) {
                let stated = numbers.iter().find(|number| {
                    number.counts(&tokens, nouns) && !known.iter().any(|m| near(number.value, *m))
                });
                if let Some(stated) = stated {
                    let message = format!(
                        "the prompt says {:?}, and the argument is {n}",
                        stated.shown(&tokens, nouns)
                    );
                    let kind = Kind::Disagreement;
                    findings.push(Finding::new(kind, id, key, value, message));
                }
            } else if only_one(constraint)
                && id.contains("bullet")
                && let Some(said) = plural(&tokens, nouns)
            {
                let message = format!("the prompt says {said:?}, and at most one is allowed");
                findings.push(Finding::new(Kind::Disagreement, id, key, value, message));
            }
        }
    }
}

/// The counts among the arguments: key, number, nouns of the unit.
fn counts_of(constraint: &Constraint) -> Vec<(&'static str, u64, &'static [&'static str])> {
    let Some((_, keys, nouns)) = COUNTED.iter().find(|(id, ..)| *id == constraint.id()) else {
        return Vec::new();
    };
    let count = |key: &&'static str| Some((*key, constraint.args().get(*key)?.as_u64()?, *nouns));
    keys.iter().filter_map(count).collect()
}

/// Whether two of the unit would be too many.
fn only_one(constraint: &Constraint) -> bool {
    let demands = constraint.demands().unwrap_or_default();
    demands.iter().any(|demand| matches!(demand, Demand::Count(_, bound) if bound.high == 1))
}

/// "a few bullets" and the like.
fn plural(tokens: &[Token<'_>], nouns: &[&str]) -> Option<String> {
    tokens.windows(2).find_map(|two| {
        let many = SOME.contains(&two[0].text.as_str()) && !two[1].after_mark;
        let unit = nouns.iter().any(|noun| two[1].is(noun));
        (many && unit).then(|| format!("{} {}", two[0].raw, two[1].raw))
    })
}

/// A word or a number in digits.
struct Token<'a> {
    raw: &'a str,
    /// Lower case; digits without separators.
    text: String,
    /// A mark or a line break stands before it.
    after_mark: bool,
}

impl Token<'_> {
    fn is(&self, noun: &str) -> bool {
        self.text == noun || self.text.strip_suffix('s') == Some(noun)
    }
}

fn tokens(prompt: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut after_mark = true;
    let mut rest = prompt;
    while let Some(first) = rest.chars().next() {
        let len = if first.is_ascii_digit() {
            digits(rest)
        } else if first.is_alphabetic() {
            rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len())
        } else {
            after_mark |= !matches!(first, ' ' | '-' | '+');
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let (raw, tail) = rest.split_at(len);
        let text = raw.to_lowercase().replace(',', "");
        tokens.push(Token { raw, text, after_mark });
        after_mark = false;
        rest = tail;
    }
    tokens
}

/// Bytes of a number with commas between its digits.
fn digits(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(text.len());
    text[..end].trim_end_matches(',').len()
}

/// A number said in the prompt, with the tokens that say it.
struct Number {
    value: u64,
    start: usize,
    end: usize,
}

impl Number {
    /// Where the unit stands, if the number counts it.
    fn unit(&self, tokens: &[Token<'_>], nouns: &[&str]) -> Option<usize> {
        for (at, token) in tokens.iter().enumerate().skip(self.end).take(REACH) {
            if token.after_mark || ORDINALS.contains(&token.text.as_str()) {
                return None;
            }
            if nouns.iter().any(|noun| token.is(noun)) {
                return Some(at);
            }
        }
        None
    }

    fn counts(&self, tokens: &[Token<'_>], nouns: &[&str]) -> bool {
        self.unit(tokens, nouns).is_some()
    }

    fn shown(&self, tokens: &[Token<'_>], nouns: &[&str]) -> String {
        let end = self.unit(tokens, nouns).unwrap_or(self.start);
        let words: Vec<&str> = tokens[self.start..=end].iter().map(|token| token.raw).collect();
        words.join(" ")
    }
}

/// What makes a number a place, not a count.
const ORDINALS: [&str; 4] = ["st", "nd", "rd", "th"];

const TENS: [&str; 8] =
    ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Every number said, in digits or in words.
fn numbers(tokens: &[Token<'_>]) -> Vec<Number> {
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match number(tokens, at) {
            Some((value, end)) => {
                numbers.push(Number { value, start: at, end });
                at = end;
            }
            None => at += 1,
        }
    }
    numbers
}

fn number(tokens: &[Token<'_>], start: usize) -> Option<(u64, usize)> {
    let first = tokens[start].text.as_str();
    let said = |words: &[&str], text: &str| words.iter().position(|word| *word == text);
    match first {
        "once" | "single" => return Some((1, start + 1)),
        "twice" | "couple" | "both" | "double" => return Some((2, start + 1)),
        "thrice" => return Some((3, start + 1)),
        "dozen" => return Some((12, start + 1)),
        "hundred" => return Some((100, start + 1)),
        "thousand" => return Some((1000, start + 1)),
        _ => {}
    }
    let mut end = start + 1;
    let mut value = if let Ok(value) = first.parse::<u64>() {
        value
    } else if let Some(small) = said(&ONES, first) {
        small as u64
    } else {
        let tens = (said(&TENS, first)? as u64 + 2) * 10;
        let ones = tokens.get(end).filter(|token| !token.after_mark);
        let ones = ones.and_then(|token| said(&ONES[..10], &token.text)).filter(|n| *n > 0);
        end += usize::from(ones.is_some());
        tens + ones.unwrap_or(0) as u64
    };
    while let Some(token) = tokens.get(end) {
        let scale = match token.text.as_str() {
            "dozen" => 12,
            "hundred" => 100,
            "thousand" | "k" => 1000,
            _ => break,
        };
        value = value.saturating_mul(scale);
        end += 1;
    }
    Some((value, end))
}
