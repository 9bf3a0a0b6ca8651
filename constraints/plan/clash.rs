//! Contradictions that the merged demands prove, without making any text.

use crate::bound::Bound;
use crate::demand::{Case, Each, Unit};
use crate::python::chars::is_word;
use crate::python::strings::{char_len, count_words, words};

use super::Conflict;
use super::filler::is_palindrome;
use super::mandate::{Mandate, mandates};
use super::wants::{Block, Wants, pair};

type Found = Result<(), Conflict>;

/// The first contradiction found.
pub(super) fn check(wants: &Wants) -> Found {
    units(wants)?;
    let mandates = mandates(wants);
    for mandate in &mandates {
        characters(wants, mandate)?;
        forbidden(wants, mandate)?;
        limits(wants, mandate)?;
    }
    cases(wants)?;
    digits(wants)?;
    lines(wants)?;
    wraps(wants)?;
    neighbours(wants)?;
    openings(wants)?;
    endings(wants)?;
    places(wants)
}

/// A run of words with one initial against neighbours with different ones.
fn neighbours(wants: &Wants) -> Found {
    let Some(by) = wants.no_neighbours else { return Ok(()) };
    match wants.alliterations.iter().find(|asked| asked.what.1 > 1) {
        Some(asked) => Err(pair(by, asked.by, "neighbouring words must and must not alliterate")),
        None => match mandates(wants).iter().find(|mandate| alliterates(&mandate.text)) {
            Some(mandate) => {
                let reason = format!("{:?} holds neighbours with one initial", mandate.text);
                Err(pair(by, mandate.by, reason))
            }
            None => Ok(()),
        },
    }
}

/// Whether two neighbouring words start alike.
fn alliterates(text: &str) -> bool {
    let text = text.to_lowercase();
    let initials: Vec<Option<char>> = words(&text).map(|word| word.chars().next()).collect();
    initials.windows(2).any(|two| two[0] == two[1])
}

/// The last word against the phrase that closes the text.
fn endings(wants: &Wants) -> Found {
    let (Some(closes), Some(last)) = (&wants.closes, &wants.last_word) else { return Ok(()) };
    let phrase = closes.what.to_lowercase();
    if words(&phrase).last() == Some(last.what.as_str()) {
        return Ok(());
    }
    let reason = format!("the text ends with {:?}, not with {:?}", closes.what, last.what);
    Err(pair(closes.by, last.by, reason))
}

/// Words asked for at places that the opening phrase already fills.
fn openings(wants: &Wants) -> Found {
    let Some(opens) = &wants.opens else { return Ok(()) };
    let phrase = opens.what.to_lowercase();
    let fixed: Vec<&str> = words(&phrase).collect();
    let starts = [&wants.sentence_starts, &wants.paragraph_starts];
    let first = starts.into_iter().flatten().filter(|asked| asked.what.0 == 1);
    for asked in wants.words_at.iter().chain(first) {
        let (nth, word) = &asked.what;
        let there = fixed.get((*nth as usize).saturating_sub(1));
        if there.is_some_and(|there| *there != word.to_lowercase()) {
            let reason = format!("the text begins with {:?}, not with {word:?}", opens.what);
            return Err(pair(opens.by, asked.by, reason));
        }
    }
    Ok(())
}

/// `(a, b, factor, offset)`: n of `a` need at least `factor · n + offset` of `b`.
const NEEDS: [(Unit, Unit, u64, i64); 24] = [
    (Unit::UniqueWords, Unit::Words, 1, 0),
    (Unit::CapitalWords, Unit::Characters, 1, 0),
    (Unit::Words, Unit::Characters, 2, -1),
    (Unit::Sentences, Unit::Characters, 2, -1),
    (Unit::Lines, Unit::Characters, 2, -1),
    (Unit::Paragraphs, Unit::Lines, 1, 0),
    (Unit::ListItems, Unit::Lines, 1, 0),
    (Unit::Headings, Unit::Lines, 1, 0),
    (Unit::BlockQuotes, Unit::Lines, 1, 0),
    (Unit::TableRows, Unit::Lines, 1, 2),
    (Unit::CodeBlocks, Unit::Lines, 2, 0),
    (Unit::Questions, Unit::Sentences, 1, 0),
    (Unit::Numbers, Unit::Words, 1, 0),
    (Unit::Palindromes, Unit::Words, 1, 0),
    (Unit::Headings, Unit::Words, 1, 0),
    (Unit::HyphenatedWords, Unit::Words, 1, 0),
    (Unit::IsoDates, Unit::Words, 3, 0),
    (Unit::IsoDates, Unit::Numbers, 1, 0),
    (Unit::Links, Unit::Placeholders, 1, 0),
    (Unit::Bold, Unit::Highlights, 1, 0),
    (Unit::Exclamations, Unit::Characters, 1, 0),
    (Unit::Semicolons, Unit::Characters, 1, 0),
    (Unit::Quotations, Unit::Characters, 3, 0),
    (Unit::Parentheses, Unit::Characters, 3, 0),
];

fn units(wants: &Wants) -> Found {
    for (many, few, factor, offset) in NEEDS {
        let (Some(a), Some(b)) = (wants.range(many), wants.range(few)) else { continue };
        if a.bound.low == 0 {
            continue;
        }
        let needed = a.bound.low.saturating_mul(factor).saturating_add_signed(offset);
        if needed > b.bound.high {
            let reason = format!(
                "at least {} of {many:?} need {needed} of {few:?}, at most {} are allowed",
                a.bound.low, b.bound.high
            );
            return Err(pair(a.low_by, b.high_by, reason));
        }
    }
    Ok(())
}

/// A mandate against forbidden characters and the case of the text.
fn characters(wants: &Wants, mandate: &Mandate) -> Found {
    for c in mandate.text.chars() {
        let banned = wants.avoid_chars.iter().find(|asked| asked.what == c);
        let Some(asked) = banned else { continue };
        let other = other_case(c);
        let way_out = !mandate.exact
            && other != c
            && !wants.avoid_chars.iter().any(|asked| asked.what == other);
        if !way_out {
            let reason = format!("{:?} is required and {c:?} is forbidden", mandate.text);
            return Err(pair(asked.by, mandate.by, reason));
        }
    }
    if let Some(by) = wants.ascii_only.filter(|_| !mandate.text.is_ascii()) {
        let reason = format!("{:?} is required and only ASCII is allowed", mandate.text);
        return Err(pair(by, mandate.by, reason));
    }
    let Some(asked) = wants.case.as_ref().filter(|_| mandate.exact) else { return Ok(()) };
    let wrong = |c: char| match asked.what {
        Case::Lower => c.is_uppercase(),
        Case::Upper => c.is_lowercase(),
    };
    if mandate.text.chars().any(wrong) {
        let case = if asked.what == Case::Lower { "small" } else { "capital" };
        let reason = format!("{:?} is required and all letters must be {case}", mandate.text);
        return Err(pair(asked.by, mandate.by, reason));
    }
    Ok(())
}

fn other_case(c: char) -> char {
    let upper = c.to_uppercase().next().unwrap_or(c);
    if upper != c { upper } else { c.to_lowercase().next().unwrap_or(c) }
}

/// A mandate against forbidden words and phrases that are limited in number.
fn forbidden(wants: &Wants, mandate: &Mandate) -> Found {
    let text = mandate.text.to_lowercase();
    for asked in &wants.avoid_words {
        if has_word(&text, &asked.what) {
            let reason = format!("{:?} is both required and forbidden", asked.what);
            return Err(pair(asked.by, mandate.by, reason));
        }
    }
    for (phrase, range) in wants.mentions.iter().filter(|(phrase, _)| !phrase.is_empty()) {
        let forced = (text.matches(phrase.as_str()).count() as u64).saturating_mul(mandate.times);
        if forced > range.bound.high {
            let reason = format!(
                "{phrase:?} is forced {forced} times and may occur {} times",
                range.bound.high
            );
            return Err(pair(range.high_by, mandate.by, reason));
        }
    }
    for (letter, range) in &wants.letters {
        let forced = text.chars().filter(|c| c == letter).count() as u64;
        let forced = forced.saturating_mul(mandate.times);
        if forced > range.bound.high {
            let reason = format!(
                "{:?} holds {forced} of the letter {letter:?}, at most {} are allowed",
                mandate.text, range.bound.high
            );
            return Err(pair(range.high_by, mandate.by, reason));
        }
    }
    Ok(())
}

/// Whether `word` stands in `text` between word boundaries.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

/// A mandate against the sizes that are allowed.
fn limits(wants: &Wants, mandate: &Mandate) -> Found {
    let times = mandate.times;
    let size = |unit: Unit| match unit {
        Unit::Words => count_words(&mandate.text) as u64,
        Unit::Characters => char_len(mandate.text.trim()) as u64,
        Unit::CapitalWords if mandate.exact => capital_words(&mandate.text),
        _ => 0,
    };
    for unit in [Unit::Words, Unit::Characters, Unit::CapitalWords] {
        let Some(range) = wants.range(unit) else { continue };
        let forced = size(unit).saturating_mul(times);
        if forced > range.bound.high {
            let reason = format!(
                "{:?} makes {forced} of {unit:?}, at most {} are allowed",
                mandate.text, range.bound.high
            );
            return Err(pair(range.high_by, mandate.by, reason));
        }
    }
    if let Some(range) = wants.range(Unit::Palindromes) {
        let text = mandate.text.to_lowercase();
        let forced = words(&text).filter(|word| is_palindrome(word)).count() as u64 * times;
        if forced > range.bound.high {
            let reason = format!("{:?} holds a palindrome", mandate.text);
            return Err(pair(range.high_by, mandate.by, reason));
        }
    }
    let longest = words(&mandate.text).map(|word| char_len(word) as u64).max().unwrap_or(0);
    match wants.each.iter().find(|(part, _)| *part == Each::WordLetters) {
        Some((_, range)) if longest > range.bound.high => {
            let reason = format!(
                "{:?} holds a word of {longest} letters, at most {} are allowed",
                mandate.text, range.bound.high
            );
            Err(pair(range.high_by, mandate.by, reason))
        }
        _ => Ok(()),
    }
}

fn capital_words(text: &str) -> u64 {
    let capital =
        |word: &&str| word.chars().any(char::is_uppercase) && !word.chars().any(char::is_lowercase);
    words(text).filter(capital).count() as u64
}

/// What the case of the whole text rules out.
fn cases(wants: &Wants) -> Found {
    let Some(case) = &wants.case else { return Ok(()) };
    if case.what == Case::Lower
        && let Some(range) = wants.range(Unit::CapitalWords).filter(|r| r.bound.low > 0)
    {
        let reason = "words in capitals are asked for and all letters must be small";
        return Err(pair(case.by, range.low_by, reason));
    }
    if case.what == Case::Upper
        && let (Some(capitals), Some(words)) =
            (wants.range(Unit::CapitalWords), wants.range(Unit::Words))
        && words.bound.low > capitals.bound.high.saturating_mul(2)
    {
        let reason = "in a text all in capitals nearly every word counts as a word in capitals";
        return Err(pair(capitals.high_by, words.low_by, reason));
    }
    Ok(())
}

/// Numbers and dates where no digit is allowed.
fn digits(wants: &Wants) -> Found {
    let banned = |digit: char| wants.avoid_chars.iter().find(|asked| asked.what == digit);
    let Some(asked) = ('0'..='9').map(banned).reduce(|a, b| a.and(b)).flatten() else {
        return Ok(());
    };
    for unit in [Unit::Numbers, Unit::IsoDates] {
        if let Some(range) = wants.range(unit).filter(|range| range.bound.low > 0) {
            return Err(pair(asked.by, range.low_by, "digits are required and forbidden"));
        }
    }
    Ok(())
}

/// The lines that blocks need, and how long some of them are.
fn lines(wants: &Wants) -> Found {
    let mut needed = 0;
    for asked in &wants.blocks {
        let (lines, fixed) = match &asked.what {
            Block::Title => (0, None),
            Block::Heading(level, text) => (1, Some(*level as u64 + 1 + char_len(text) as u64)),
            Block::Numbered(_, n) => (*n, None),
            Block::Table(_) => (3, None),
            Block::Fenced(..) => (3, Some(3)),
        };
        needed += lines;
        if let Some(range) = wants.range(Unit::Lines).filter(|range| needed > range.bound.high) {
            let reason = format!("the blocks need {needed} lines");
            return Err(pair(range.high_by, asked.by, reason));
        }
        let each = wants.each.iter().find(|(part, _)| *part == Each::LineCharacters);
        let Some(((_, range), length)) = each.zip(fixed) else { continue };
        // A fence can be made longer by its info string only where it opens.
        let long = length > range.bound.high;
        if long || length < range.bound.low {
            let by = if long { range.high_by } else { range.low_by };
            return Err(pair(by, asked.by, format!("a line must have {length} characters")));
        }
    }
    Ok(())
}

/// What cannot stand inside quotes, JSON or two responses.
fn wraps(wants: &Wants) -> Found {
    if let (Some(a), Some(b)) = (wants.json, wants.quoted) {
        return Err(pair(a, b, "the text cannot be both one JSON object and one quotation"));
    }
    let first = wants.opens.as_ref().map(|asked| (asked.by, asked.what.chars().next()));
    for (wrap, sign) in [(wants.json, '{'), (wants.quoted, '"')] {
        let Some(by) = wrap else { continue };
        if let Some((other, _)) = first.filter(|(_, c)| *c != Some(sign)) {
            return Err(pair(by, other, format!("the text must begin with {sign:?}")));
        }
    }
    let Some(json) = wants.json else { return Ok(()) };
    let lines = [
        Unit::Lines,
        Unit::Paragraphs,
        Unit::Bullets,
        Unit::ListItems,
        Unit::TableRows,
        Unit::Headings,
        Unit::CodeBlocks,
        Unit::BlockQuotes,
    ];
    for unit in lines {
        let enough = if matches!(unit, Unit::Lines | Unit::Paragraphs) { 1 } else { 0 };
        if let Some(range) = wants.range(unit).filter(|r| r.bound.low > enough) {
            let reason = format!("one JSON object leaves no lines for {unit:?}");
            return Err(pair(json, range.low_by, reason));
        }
    }
    let stars = wants.range(Unit::StarParagraphs).filter(|range| range.bound.low > 1);
    let lines = [
        stars.map(|range| range.low_by),
        wants.postscript.as_ref().map(|asked| asked.by),
        wants.acrostic.as_ref().map(|asked| asked.by),
        wants.sections.first().map(|asked| asked.by),
        wants.paragraph_starts.first().map(|asked| asked.by),
        wants.sentence_starts.iter().find(|asked| asked.what.0 == 1).map(|asked| asked.by),
    ];
    if let Some(by) = lines.into_iter().flatten().next() {
        return Err(pair(json, by, "one JSON object leaves no lines to begin or to divide"));
    }
    let ends = [&wants.closes].into_iter().flatten().map(|asked| asked.by);
    let others = wants.two.into_iter().chain(wants.blocks.iter().map(|asked| asked.by));
    match ends.chain(others).next() {
        Some(by) => Err(pair(json, by, "the whole text must be one JSON object")),
        None => Ok(()),
    }
}

/// Words that are asked for at one and the same place.
fn places(wants: &Wants) -> Found {
    let kinds = [&wants.words_at, &wants.sentence_starts, &wants.paragraph_starts];
    for list in kinds {
        for (i, a) in list.iter().enumerate() {
            let same = |b: &&super::wants::Asked<(u64, String)>| {
                a.what.0 == b.what.0 && a.what.1.to_lowercase() != b.what.1.to_lowercase()
            };
            if let Some(b) = list[..i].iter().find(same) {
                let reason =
                    format!("{:?} and {:?} are asked for at one place", a.what.1, b.what.1);
                return Err(pair(a.by, b.by, reason));
            }
        }
    }
    let within = [
        (Unit::Words, &wants.words_at),
        (Unit::Sentences, &wants.sentence_starts),
        (Unit::Paragraphs, &wants.paragraph_starts),
    ];
    for (unit, list) in within {
        let Some(range) = wants.range(unit) else { continue };
        if let Some(asked) = list.iter().find(|asked| asked.what.0 > range.bound.high) {
            let reason = format!(
                "place {} lies beyond the {} of {unit:?} that are allowed",
                asked.what.0, range.bound.high
            );
            return Err(pair(range.high_by, asked.by, reason));
        }
    }
    firsts(wants)
}

/// The first letter of the text, as several demands may fix it.
fn firsts(wants: &Wants) -> Found {
    let mut fixed: Vec<(char, usize)> = Vec::new();
    let mut fix = |text: &str, by: usize| {
        let letter = text.chars().find(|c| c.is_alphabetic());
        fixed.extend(letter.and_then(|c| c.to_lowercase().next()).map(|c| (c, by)));
    };
    for asked in wants.opens.iter().chain(wants.acrostic.iter()) {
        fix(&asked.what, asked.by);
    }
    for asked in wants.sentence_initial.iter() {
        fix(&asked.what.to_string(), asked.by);
    }
    let starts = [&wants.words_at, &wants.sentence_starts];
    let starts = starts.into_iter().chain([&wants.paragraph_starts]).flatten();
    for asked in starts.filter(|asked| asked.what.0 == 1) {
        fix(&asked.what.1, asked.by);
    }
    if let Some(initial) = &wants.sentence_initial {
        for asked in wants.sentence_starts.iter().chain(&wants.paragraph_starts) {
            fix(&initial.what.to_string(), initial.by);
            fix(&asked.what.1, asked.by);
        }
    }
    if let (Some(initial), Some(marker)) = (&wants.sentence_initial, &wants.postscript) {
        // A postscript stands on a line of its own, so a sentence starts with its marker.
        let first = marker.what.chars().find(|c| c.is_alphabetic());
        if first.is_some_and(|c| !c.to_lowercase().eq(initial.what.to_lowercase())) {
            let reason = "the postscript's marker starts a sentence with another letter";
            return Err(pair(initial.by, marker.by, reason));
        }
    }
    for window in fixed.windows(2) {
        let ((a, by), (b, other)) = (window[0], window[1]);
        if a != b {
            let reason = format!("the text must start with both {a:?} and {b:?}");
            return Err(pair(by, other, reason));
        }
    }
    Ok(())
}

/// Whether a count is limited from above.
pub(super) fn limited(bound: Bound) -> bool {
    bound.high != u64::MAX
}
