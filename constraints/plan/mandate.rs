//! The literal text that a set forces into every response.

use crate::demand::{Numbering, Unit};

use super::wants::{Block, Wants};

/// A piece of text that must stand in the response.
#[derive(Debug, Clone)]
pub(super) struct Mandate {
    pub(super) text: String,
    /// How often, at least.
    pub(super) times: u64,
    /// Whether its case is part of what is checked.
    pub(super) exact: bool,
    pub(super) by: usize,
}

/// Everything that `wants` forces into the text.
pub(super) fn mandates(wants: &Wants) -> Vec<Mandate> {
    let mut list = phrases(wants);
    list.extend(blocks(wants));
    list.extend(units(wants));
    list
}

fn free(text: impl Into<String>, by: usize) -> Mandate {
    Mandate { text: text.into(), times: 1, exact: false, by }
}

fn exact(text: impl Into<String>, by: usize) -> Mandate {
    Mandate { text: text.into(), times: 1, exact: true, by }
}

fn phrases(wants: &Wants) -> Vec<Mandate> {
    let mut list = Vec::new();
    for (phrase, range) in wants.mentions.iter().filter(|(_, range)| range.bound.low > 0) {
        let times = range.bound.low;
        list.push(Mandate { text: phrase.clone(), times, exact: false, by: range.low_by });
    }
    let ends = [&wants.opens, &wants.closes, &wants.last_word, &wants.postscript];
    list.extend(ends.into_iter().flatten().map(|asked| free(&asked.what, asked.by)));
    let places = [&wants.words_at, &wants.sentence_starts, &wants.paragraph_starts];
    for asked in places.into_iter().flatten() {
        list.push(free(&asked.what.1, asked.by));
    }
    for asked in &wants.orders {
        list.extend(asked.what.iter().map(|word| free(word, asked.by)));
    }
    for asked in &wants.alliterations {
        let (letter, run) = asked.what;
        list.push(Mandate { times: run, ..free(letter, asked.by) });
    }
    for asked in wants.sentence_initial.iter() {
        list.push(free(asked.what, asked.by));
    }
    for asked in wants.acrostic.iter() {
        list.extend(asked.what.chars().map(|letter| free(letter, asked.by)));
    }
    list
}

fn blocks(wants: &Wants) -> Vec<Mandate> {
    let mut list = Vec::new();
    for asked in &wants.sections {
        let (marker, n) = &asked.what;
        for number in 1..=*n {
            list.push(exact(number.to_string(), asked.by));
        }
        list.push(Mandate { times: *n, ..exact(marker.trim(), asked.by) });
    }
    for asked in &wants.blocks {
        let by = asked.by;
        match &asked.what {
            Block::Title => list.push(exact("<<>>", by)),
            Block::Heading(_, text) => {
                list.push(exact("#", by));
                list.push(free(text, by));
            }
            Block::Numbered(style, n) => {
                list.extend((1..=*n).map(|i| exact(marker(*style, i), by)));
            }
            Block::Table(_) => list.push(exact("||-", by)),
            Block::Fenced(info, body) => list.push(exact(format!("```{info}\n{body}\n```"), by)),
        }
    }
    let wraps = [(wants.quoted, "\"\""), (wants.json, "{\"\":\"\"}"), (wants.two, "******")];
    for (by, text) in wraps {
        list.extend(by.map(|by| exact(text, by)));
    }
    list
}

/// The sign without which a unit cannot be made.
fn sign(unit: Unit) -> Option<&'static str> {
    Some(match unit {
        Unit::Placeholders => "[]",
        Unit::Highlights => "*",
        Unit::Bold => "**",
        Unit::Questions => "?",
        Unit::Exclamations => "!",
        Unit::Parentheses => "()",
        Unit::Quotations => "\"",
        Unit::HyphenatedWords | Unit::IsoDates => "-",
        Unit::CodeBlocks => "```",
        Unit::BlockQuotes => ">",
        Unit::Links => "[]()",
        Unit::Semicolons => ";",
        Unit::Headings => "#",
        Unit::TableRows => "||-",
        _ => return None,
    })
}

fn units(wants: &Wants) -> Vec<Mandate> {
    let mut list = Vec::new();
    for (unit, range) in wants.counts.iter().filter(|(_, range)| range.bound.low > 0) {
        let by = range.low_by;
        if let Some(text) = sign(*unit) {
            list.push(Mandate { times: range.bound.low, ..exact(text, by) });
        }
        if *unit == Unit::StarParagraphs && range.bound.low > 1 {
            list.push(exact("***", by));
        }
    }
    list
}

/// The marker of the item `n` (from 1) in a numbered list.
pub(super) fn marker(style: Numbering, n: u64) -> String {
    match style {
        Numbering::Dot => format!("{n}."),
        Numbering::Bracket => format!("{n})"),
        Numbering::Brackets => format!("({n})"),
        Numbering::Letter => {
            let letter = char::from(b'a' + ((n.max(1) - 1) % 26) as u8);
            format!("{letter})")
        }
        Numbering::Roman => format!("{}.", roman(n)),
    }
}

fn roman(mut n: u64) -> String {
    const SIGNS: [(u64, &str); 9] = [
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while n >= value && text.len() < 32 {
            text.push_str(sign);
            n -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_follow_their_style() {
        assert_eq!(marker(Numbering::Roman, 14), "xiv.");
        assert_eq!(marker(Numbering::Letter, 3), "c)");
        assert_eq!(marker(Numbering::Brackets, 12), "(12)");
    }
}
