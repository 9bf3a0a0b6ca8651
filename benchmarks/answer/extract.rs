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
    let announced = ANNOUNCED.find_iter(response).last();
    if let Some((_, after)) = response.rsplit_once("####")
        && let Some(line) = after.lines().next().map(str::trim).filter(|line| !line.is_empty())
        && (announced.is_none() || is_bare(line))
    {
        return Some(line.to_owned());
    }
    if let Some(line) = announced.and_then(|found| first_line(&response[found.end()..])) {
        return Some(sentence(&line));
    }
    last_number(response)
}

/// Whether a line begins as a number or is a letter: what GSM8K writes after `####`, while others
/// write headings there.
fn is_bare(line: &str) -> bool {
    NUMBER.find(line).is_some_and(|found| found.start() <= 1) || super::letter(line).is_some()
}

fn last_number(text: &str) -> Option<String> {
    let numbers = |line| NUMBER.find_iter(line).last().map(|found| found.as_str().to_owned());
    text.lines().rev().find_map(numbers)
}

/// The same of a question whose answer is a number: where words stand around the announced one, the
/// number behind the last `=`, else the first one (`not 5 but 6`: the last), else the last of the
/// response. What a box holds is taken as it is.
pub(super) fn number(expected: &str, response: &str) -> Option<String> {
    let found = extract(response)?;
    let worded = found.contains(|c: char| c.is_alphabetic() || c == '=' || c == '!');
    if boxed(response).is_some() || !worded || super::equivalent(expected, &found) {
        return Some(found);
    }
    let (_, result) = found.rsplit_once('=').unwrap_or(("", &found));
    let mut numbers = NUMBER.find_iter(result).map(|number| number.as_str().to_owned());
    let one = match found.to_lowercase().starts_with("not ") {
        true => numbers.last(),
        false => numbers.next(),
    };
    one.or_else(|| last_number(response))
}

/// Whether an answer is a number and nothing else.
pub(super) fn is_number(answer: &str) -> bool {
    let answer = answer.trim();
    NUMBER.find(answer).is_some_and(|found| found.as_str() == answer)
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
    // Of four options I is none.
    let is_option = |letter: &char| {
        options.is_empty() || ('A'..='J').zip(options).any(|(known, _)| known == *letter)
    };
    if let Some(marked) = marked.as_deref() {
        // `5 A` is a current before it is the option A.
        let found = super::letter(marked).or_else(|| one_of(marked, options));
        let found = found.or_else(|| wrapped(marked).filter(is_option));
        if let Some(letter) = found.or_else(|| plain(marked).filter(is_option)) {
            return Some(letter);
        }
    }
    alone(response, is_option)
}

/// The letter that is all of a marked answer, in either case and whatever stands around it.
fn wrapped(marked: &str) -> Option<char> {
    let around = |c: char| c.is_whitespace() || "()[]{}<>\"'“”*.:,!$".contains(c);
    let bare = marked.trim_matches(around);
    let bare = ["option", "Option", "choice", "Choice"]
        .iter()
        .find_map(|word| bare.strip_prefix(word).map(|rest| rest.trim_matches(around)));
    let mut chars = bare.unwrap_or_else(|| marked.trim_matches(around)).chars();
    let first = chars.next()?.to_ascii_uppercase();
    (('A'..='J').contains(&first) && chars.next().is_none()).then_some(first)
}

/// The letter of the only option that `text` is equivalent to.
fn one_of(text: &str, options: &[String]) -> Option<char> {
    let mut same = ('A'..='J').zip(options).filter(|(_, option)| super::equivalent(option, text));
    let found = same.next()?;
    same.next().is_none().then_some(found.0)
}

/// The last letter that stands alone and is neither an article, a pronoun nor a unit: `a` and `I`
/// have a verb or a noun behind them, a unit has its number before it.
fn alone(response: &str, is_option: impl Fn(&char) -> bool) -> Option<char> {
    let found = CHOICE.captures_iter(response).filter_map(|found| found.get(1));
    let found = found.filter(|letter| letter.as_str().chars().all(|c| is_option(&c)));
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
            // An empty one is a word about boxes.
            return braced(inside).filter(|inside| !inside.trim().is_empty());
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
