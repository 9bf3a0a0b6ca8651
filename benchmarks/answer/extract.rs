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
    if let Some(boxed) = boxed(response) {
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
    choose(response, &[])
}

/// The same where the texts of the options are known, the first being A: what is marked as the
/// answer may be the text of one option in place of its letter.
pub fn choose(response: &str, options: &[String]) -> Option<char> {
    let marked = boxed(response).map(str::to_owned).or_else(|| {
        let announced = ANNOUNCED.find_iter(response).last()?;
        first_line(&response[announced.end()..])
    });
    let plain = |text: &str| {
        let text = super::shape::clean(text);
        let found = CHOICE.captures(&text)?;
        found[1].chars().next()
    };
    if let Some(marked) = marked.as_deref() {
        // `5 A` is a current before it is the option A.
        let found = super::letter(marked).or_else(|| one_of(marked, options));
        if let Some(letter) = found.or_else(|| plain(marked)) {
            return Some(letter);
        }
    }
    alone(response)
}

/// The letter of the only option that `text` is equivalent to.
fn one_of(text: &str, options: &[String]) -> Option<char> {
    let mut same = ('A'..='J').zip(options).filter(|(_, option)| super::equivalent(option, text));
    let found = same.next()?;
    same.next().is_none().then_some(found.0)
}

/// The last letter that stands alone and is neither an article, a pronoun nor a unit: `a` and `I`
/// have a verb or a noun behind them, a unit has its number before it.
fn alone(response: &str) -> Option<char> {
    let found = CHOICE.captures_iter(response).filter_map(|found| found.get(1));
    let letters = found.filter(|letter| {
        let word = match letter.as_str() {
            "A" | "I" => response[letter.end()..].strip_prefix(' ').unwrap_or_default(),
            _ => "",
        };
        let word = word.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let begins = word.chars().next().is_some_and(char::is_lowercase);
        let before = response[..letter.start()].trim_end_matches(' ');
        let measured = before.len() < letter.start() && before.ends_with(|c: char| c.is_numeric());
        !measured && (!begins || matches!(word, "is" | "and" | "or" | "because"))
    });
    letters.last()?.as_str().chars().next()
}

/// What the last `\boxed{…}` with balanced braces holds.
pub fn boxed(response: &str) -> Option<&str> {
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
