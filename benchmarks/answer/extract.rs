//! The final answer of a response.

use std::sync::LazyLock;

use regex::Regex;

/// What announces an answer, the text after it being the answer.
static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r"(?i)\b(?:final\s+answer|answer|result|solution)\b\**\s*(?:\s(?:is|=)|:|=|\bis\b)\s*:?";
    Regex::new(pattern).expect("a fixed pattern")
});

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"[-−+]?\$?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:\s*/\s*\d+)?%?";
    Regex::new(pattern).expect("a fixed pattern")
});

static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?:^|[^A-Za-z])\(?\**([A-J])\**(?:\)|\.|:|,|;|!|\*|\s|$)";
    Regex::new(pattern).expect("a fixed pattern")
});

/// Boxes that are looked at, from the last: each may be one that nothing closes.
const BOXES: usize = 8;

/// The final answer: the last `\boxed{…}`, else what stands after the last `####`, else what the
/// last announcement (`the answer is …`) gives, else the last number of the last line that has one.
pub fn extract(response: &str) -> Option<String> {
    if let Some(boxed) = last_boxed(response) {
        return Some(boxed.trim().to_owned());
    }
    if let Some((_, after)) = response.rsplit_once("####") {
        return first_line(after);
    }
    if let Some(announced) = ANNOUNCED.find_iter(response).last()
        && let Some(line) = first_line(&response[announced.end()..])
    {
        return Some(sentence(&line));
    }
    let numbers = |line| NUMBER.find_iter(line).last().map(|found| found.as_str().to_owned());
    response.lines().rev().find_map(numbers)
}

/// The letter of a multiple-choice answer: from the box or the announcement where there is one,
/// else the last one that stands alone.
pub fn choice(response: &str) -> Option<char> {
    let marked = last_boxed(response).map(str::to_owned).or_else(|| {
        let announced = ANNOUNCED.find_iter(response).last()?;
        first_line(&response[announced.end()..])
    });
    let letter = |found: regex::Captures<'_>| found[1].chars().next();
    let plain = |text: &str| {
        let text = super::shape::clean(text);
        CHOICE.captures(&text).and_then(letter)
    };
    if let Some(letter) = marked.as_deref().and_then(plain) {
        return Some(letter);
    }
    CHOICE.captures_iter(response).last().and_then(letter)
}

/// What the last box with balanced braces holds.
fn last_boxed(response: &str) -> Option<&str> {
    let starts = ["\\boxed", "\\fbox"].into_iter();
    let mut at: Vec<usize> = starts
        .flat_map(|name| response.match_indices(name).map(move |(at, _)| at + name.len()))
        .collect();
    at.sort_unstable();
    at.into_iter().rev().take(BOXES).find_map(|at| {
        let rest = response[at..].trim_start();
        if let Some(inside) = rest.strip_prefix('{') {
            return braced(inside);
        }
        // `\boxed 5`
        rest.split([' ', '$', '\n']).next().filter(|word| !word.is_empty())
    })
}

/// Up to the brace that closes the one before `text`.
pub(super) fn braced(text: &str) -> Option<&str> {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        if depth == 0 {
            return Some(&text[..at]);
        }
    }
    None
}

fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.to_owned())
}

/// Up to the end of the sentence: a full stop that a space or nothing follows.
fn sentence(line: &str) -> String {
    let ends = line.match_indices(". ").map(|(at, _)| at);
    let end = ends.min().unwrap_or(line.len());
    line[..end].trim().to_owned()
}
