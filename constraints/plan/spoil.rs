//! Breaks one constraint in a text that satisfies it: targeted negatives, and mutation tests.

use rand::RngExt as _;

use crate::bound::Bound;
use crate::constraint::Constraint;
use crate::demand::{Case, Demand, Each, Unit};
use crate::draw::Rng;
use crate::lexicon;
use crate::text::Text;

/// `text`, changed so that `constraint` refuses it and it is still not blank; `None` if no change
/// that was tried does so.
pub fn spoil(constraint: &Constraint, text: &str, rng: &mut Rng) -> Option<String> {
    spoil_if(constraint, text, rng, |_| true)
}

/// As [`spoil`]; of the changes that are tried, the first that `accept` takes as well.
pub fn spoil_if(
    constraint: &Constraint,
    text: &str,
    rng: &mut Rng,
    accept: impl Fn(&Text<'_>) -> bool,
) -> Option<String> {
    let demands = constraint.demands().ok()?;
    let mut changed: Vec<String> =
        demands.iter().flat_map(|demand| changes(demand, text)).collect();
    changed.extend(blunt(text, rng));
    changed.into_iter().find(|candidate| {
        let view = Text::new(candidate);
        !view.stripped().is_empty() && !constraint.check(&view).satisfied && accept(&view)
    })
}

/// Changes made for one demand, the mildest first.
fn changes(demand: &Demand, text: &str) -> Vec<String> {
    match demand {
        Demand::Count(unit, bound) => count(*unit, *bound, text),
        Demand::Each(part, bound) => each(*part, *bound, text),
        Demand::Mention(phrase, bound) => mention(phrase, *bound, text),
        Demand::Letter(letter, bound) => mention(&letter.to_string(), *bound, text),
        Demand::AvoidWord(word) => vec![
            format!("{text} {word}"),
            format!("{text}\n{word} it is"),
            format!("{text} {word} it is"),
        ],
        Demand::AvoidChars(set) => set.chars().take(1).map(|c| format!("{text}{c}")).collect(),
        Demand::AsciiOnly => vec![format!("{text} café")],
        Demand::Case(Case::Lower) => vec![format!("{text} Really"), text.to_uppercase()],
        Demand::Case(Case::Upper) => vec![format!("{text} really"), text.to_lowercase()],
        Demand::Language(code) => {
            let other = if code == "en" { "de" } else { "en" };
            vec![lexicon::sentences(other).join(" ")]
        }
        Demand::Whole(_) => vec![format!("{text} It depends.")],
        Demand::Title => vec![text.replace("<<", "").replace(">>", "")],
        Demand::Heading(..) | Demand::Sections(..) | Demand::Numbered(..) => {
            vec![without_signs(text, &['#', '0', '1', '2', ')', '.'])]
        }
        Demand::Table(_) => vec![text.replace('|', " ")],
        Demand::Fenced(..) => vec![text.replace("```", "")],
        Demand::Postscript(marker) => mention(marker, Bound::at_least(1), text),
        Demand::TwoResponses => vec![text.replace("******", "")],
        Demand::Order(words) => {
            let last = words.last().map_or("", String::as_str);
            vec![format!("{last} {text}"), mention(last, Bound::at_least(1), text).join(" ")]
        }
        Demand::NoNeighbourInitials => vec![format!("{text} big bad bears")],
        Demand::Draft(_) => drafted(text),
        Demand::Alliteration(letter, _) => mention(&letter.to_string(), Bound::at_least(1), text),
        _ => Vec::new(),
    }
}

fn count(unit: Unit, bound: Bound, text: &str) -> Vec<String> {
    let mut list = Vec::new();
    if bound.low > 0 {
        list.extend(signs(unit).map(|signs| without_signs(text, signs)));
        list.extend(shorter(text));
    }
    if bound.high < 20_000 {
        let more = one_more(unit);
        let n = bound.high as usize + 1;
        let tail = more.repeat(n);
        list.push(format!("{text}{more}"));
        list.push(format!("{text}{tail}"));
        if unit == Unit::UniqueWords {
            let words: Vec<&str> = lexicon::words().iter().map(|entry| entry.word).collect();
            list.push(format!("{text} {}", words.join(" ")));
        }
    }
    list
}

/// Words that are too short, too common or too many for what has only drafts to show.
fn drafted(text: &str) -> Vec<String> {
    let words = text.split_whitespace().count();
    vec![format!("{text} a"), format!("{text}{}", " of".repeat(words + 8))]
}

/// The signs that make a unit.
fn signs(unit: Unit) -> Option<&'static [char]> {
    Some(match unit {
        Unit::Placeholders | Unit::Links => &['[', ']'],
        Unit::Highlights | Unit::Bold | Unit::StarParagraphs => &['*'],
        Unit::Bullets | Unit::ListItems => &['-', '*', '+', '.', ')', '('],
        Unit::Quotations => &['"', '“', '”'],
        Unit::Parentheses => &['(', ')'],
        Unit::HyphenatedWords | Unit::IsoDates => &['-'],
        Unit::CodeBlocks => &['`'],
        Unit::BlockQuotes => &['>'],
        Unit::Semicolons => &[';'],
        Unit::Headings => &['#'],
        Unit::TableRows => &['|'],
        Unit::Questions => &['?'],
        Unit::Exclamations => &['!'],
        Unit::Numbers => &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
        _ => return None,
    })
}

/// One more of a unit, to be put at the end.
fn one_more(unit: Unit) -> &'static str {
    match unit {
        Unit::Characters | Unit::Words | Unit::UniqueWords => " more",
        Unit::Sentences => " It goes on.",
        Unit::Lines => "\nmore",
        Unit::Paragraphs => "\n\nmore",
        Unit::StarParagraphs => "\n***\nmore",
        Unit::Bullets | Unit::ListItems => "\n- more",
        Unit::TableRows => "\n\n| a | b |\n|---|---|\n| c | d |\n| e | f |",
        Unit::Headings => "\n\n# More",
        Unit::Questions => " Is it so?",
        Unit::Exclamations => "!",
        Unit::Placeholders => " [more]",
        Unit::Highlights => " *more*",
        Unit::Bold => " **more**",
        Unit::Quotations => " \"more\"",
        Unit::Parentheses => " (more)",
        Unit::Numbers => " 7",
        Unit::CapitalWords => " MORE",
        Unit::HyphenatedWords => " well-known",
        Unit::CodeBlocks => "\n```\nmore\n```\n",
        Unit::BlockQuotes => "\n\n> more\n\n",
        Unit::Links => " [more](page)",
        Unit::IsoDates => " 2031-05-17",
        Unit::Palindromes => " level",
        Unit::Semicolons => ";",
    }
}

fn each(part: Each, bound: Bound, text: &str) -> Vec<String> {
    let n = bound.high.min(5000) as usize + 1;
    let long = "more ".repeat(n);
    let long = long.trim_end();
    let more = match part {
        Each::SentenceWords | Each::ParagraphWords => format!("\n\nSo {long}."),
        Each::ParagraphSentences => format!("\n\n{}", "So it is. ".repeat(n)),
        Each::LineCharacters => format!("\n{}", "m".repeat(n)),
        Each::WordLetters => format!(" {}", "m".repeat(n)),
        Each::ListItemWords => format!("\n- so {long}"),
    };
    let mut list = vec![format!("{text}{more}")];
    if bound.low > 1 {
        list.push(format!("{text}\n\n- so\n\nSo."));
    }
    list
}

fn mention(phrase: &str, bound: Bound, text: &str) -> Vec<String> {
    let mut list = Vec::new();
    if bound.low > 0 {
        list.push(remove(text, phrase, 1));
        list.push(remove(text, phrase, usize::MAX));
    }
    if bound.high < 20_000 {
        let n = bound.high as usize + 1;
        list.push(format!("{text}{}", format!(" {phrase}").repeat(n)));
    }
    list
}

/// `text` without the first `n` occurrences of `phrase` in any case.
fn remove(text: &str, phrase: &str, n: usize) -> String {
    let pattern = regex::RegexBuilder::new(&regex::escape(phrase)).case_insensitive(true).build();
    match pattern {
        Ok(pattern) if n == usize::MAX => pattern.replace_all(text, "").into_owned(),
        Ok(pattern) => pattern.replacen(text, n, "").into_owned(),
        Err(_) => text.replace(phrase, ""),
    }
}

fn without_signs(text: &str, signs: &[char]) -> String {
    text.replace(signs, "")
}

/// The text cut to a half, a tenth and its first word.
fn shorter(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let cut = |n: usize| words[..n.clamp(1, words.len().max(1)).min(words.len())].join(" ");
    vec![cut(words.len() / 2), cut(words.len() / 10), cut(1)]
}

/// Changes that break whatever depends on beginnings, ends and size.
fn blunt(text: &str, rng: &mut Rng) -> Vec<String> {
    let words = lexicon::words();
    let other = words[rng.random_range(0..words.len())].word;
    let mut list = vec![
        format!("zz {text}"),
        format!("{text} zz"),
        format!("{text} \"zz\""),
        format!("zz. {text} zz."),
        text.split_whitespace().rev().collect::<Vec<&str>>().join(" "),
        format!("{other}\n\n{text}\n\n{other}"),
        other.to_owned(),
        format!("{text}\n{text}"),
        format!("{text} apple bread"),
    ];
    list.extend(shorter(text));
    list.push(format!("{text} {}", "more ".repeat(2000)));
    list
}
