//! Words and letters that have to appear, must not, or so many times.

use serde_json::Value;

use super::numbers::{Bound, Relation, number, relation, times, trailing};
use super::tokens::{Cursor, Kind};
use super::{Found, Head, is_capitalised, modal, whole};

/// Characters that IFEval's matching would read as a pattern.
const PATTERN: &[char] = &['\\', '.', '*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '^', '$'];

/// Words that after `the word` speak about words and are not the word itself.
const NOT_LITERAL: [&str; 46] = [
    "count",
    "limit",
    "length",
    "order",
    "choice",
    "list",
    "game",
    "below",
    "above",
    "here",
    "there",
    "itself",
    "themselves",
    "given",
    "provided",
    "used",
    "processor",
    "play",
    "mentioned",
    "listed",
    "counts",
    "limits",
    "lists",
    "choices",
    "problem",
    "problems",
    "search",
    "cloud",
    "puzzle",
    "salad",
    "bank",
    "pair",
    "family",
    "art",
    "once",
    "twice",
    "often",
    "again",
    "first",
    "early",
    "instead",
    "well",
    "now",
    "then",
    "from",
    "of",
];

const POSITIVE: [&str; 27] = [
    "make use of",
    "makes use of",
    "use",
    "uses",
    "include",
    "includes",
    "contain",
    "contains",
    "mention",
    "mentions",
    "work in",
    "incorporate",
    "incorporates",
    "feature",
    "features",
    "say",
    "have",
    "has",
    "insert",
    "employ",
    "weave in",
    "using",
    "including",
    "mentioning",
    "be sure to use",
    "bring in",
    "reference",
];
const SHUN: [&str; 17] = [
    "avoid using",
    "avoid the use of",
    "avoid any use of",
    "avoid mentioning",
    "avoid including",
    "avoid saying",
    "avoid writing",
    "avoid",
    "refrain from using",
    "refrain from mentioning",
    "refrain from saying",
    "leave out",
    "omit",
    "steer clear of",
    "stay away from",
    "without using",
    "without mentioning",
];

/// What the words before the items say about them.
struct Noun {
    /// `the word`, `the keywords`: bare words after it are literal.
    words: bool,
    plural: bool,
}

pub(super) fn read(cursor: &mut Cursor, head: Head) -> Option<Found> {
    if head.permission {
        return None;
    }
    let readers = [labelled, capital_words, letters, passive, active];
    readers.into_iter().find_map(|reader| cursor.attempt(|c| reader(c, head)))
}

/// `Keywords: "x", "y"`, `Forbidden words: ...`.
fn labelled(cursor: &mut Cursor, _head: Head) -> Option<Found> {
    let banned = cursor.any(&["forbidden", "banned", "prohibited", "taboo"]);
    let wanted = !banned && cursor.any(&["required", "mandatory", "obligatory"]);
    let noun = cursor.any(&["words", "keywords", "word", "keyword"]) && cursor.eat(":");
    if !noun || !(banned || wanted) {
        return None;
    }
    rule(items(cursor, Some(&Noun { words: true, plural: true }), banned)?, None, banned)
}

/// `[verb] [times] the word "X" [times]`.
fn active(cursor: &mut Cursor, head: Head) -> Option<Found> {
    let mut banned = head.negative;
    let without = |c: &mut Cursor| {
        let verb = c.any(&["write", "answer", "respond", "reply"]);
        whole(c);
        (verb && (c.sees("without using") || c.sees("without mentioning"))).then_some(())
    };
    cursor.attempt(without);
    let shun = cursor.any(&SHUN);
    if shun && banned {
        return None;
    }
    banned |= shun;
    let vague = ["use", "uses", "have", "has", "employ", "feature", "features", "reference"];
    let vague = vague.iter().any(|verb| cursor.sees(verb));
    let proper = if cursor.sees("mention") || cursor.sees("mentions") {
        Some(1)
    } else {
        (cursor.sees("include") || cursor.sees("includes")).then_some(2)
    };
    if !shun && !cursor.any(&POSITIVE) {
        return None;
    }
    cursor.skip(&["all of", "both", "each of", "all"]);
    let early = frequency(cursor, banned);
    let noun = noun(cursor);
    let named = noun.is_some();
    let found = items(cursor, noun.as_ref(), banned);
    let found = match (found, noun, proper) {
        (None, None, Some(least)) if !banned => capitalised(cursor, least)?,
        (found, ..) => found?,
    };
    let bound = early.or_else(|| frequency(cursor, banned));
    // `Use "AABB"` may mean anything; `use the word "AABB"` does not.
    if vague && !named && bound.is_none() && !banned {
        return None;
    }
    rule(found, bound, banned)
}

/// `The word "X" must appear at least twice`.
fn passive(cursor: &mut Cursor, head: Head) -> Option<Found> {
    if head.whole || head.negative {
        return None;
    }
    let noun = noun(cursor);
    let found = items(cursor, noun.as_ref(), false)?;
    let out = [
        "are not allowed",
        "is not allowed",
        "are forbidden",
        "is forbidden",
        "are banned",
        "is banned",
        "is prohibited",
        "are prohibited",
        "must be avoided",
        "is off limits",
        "are off limits",
        "should be avoided",
    ];
    if cursor.any(&out) {
        return rule(found, None, true);
    }
    let (mut negative, permission) = modal(cursor).unwrap_or_default();
    negative |= cursor.eat("never");
    const APPEAR: [&str; 20] = [
        "appear",
        "appears",
        "be used",
        "is used",
        "are used",
        "be mentioned",
        "be included",
        "occur",
        "occurs",
        "be present",
        "is present",
        "show up",
        "shows up",
        "feature",
        "come up",
        "be found",
        "is mentioned",
        "is included",
        "are included",
        "be featured",
    ];
    if permission || !cursor.any(&APPEAR) {
        return None;
    }
    super::tails(cursor);
    let bound = frequency(cursor, negative);
    rule(found, bound, negative)
}

/// `at least twice`, `no more than 3 times`; denied, `more than twice` is an upper bound.
fn frequency(cursor: &mut Cursor, negative: bool) -> Option<Bound> {
    cursor.attempt(|c| {
        if let Some(relation) = relation(c) {
            let relation = if negative { relation.negated()? } else { relation };
            return relation.bound(times(c)?);
        }
        if negative {
            return None;
        }
        if let Some(n) = c.attempt(times) {
            let relation = trailing(c).filter(|r| *r != Relation::Exactly)?;
            return relation.bound(n);
        }
        let n = number(c)?;
        let bound = trailing(c)?.bound(n)?;
        c.any(&["times", "time"]).then_some(bound)
    })
}

fn rule(items: Vec<String>, bound: Option<Bound>, banned: bool) -> Option<Found> {
    let list = |items: Vec<String>| Value::from(items);
    let Some(bound) = bound else {
        return Some(if banned {
            let edge = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let whole = |w: &String| edge(w.chars().next()) && edge(w.chars().next_back());
            if !items.iter().all(whole) {
                return None;
            }
            Found::new("keywords:forbidden_words", [("forbidden_words", list(items))])
        } else {
            Found::new("keywords:existence", [("keywords", list(items))])
        });
    };
    let [keyword] = items.as_slice() else { return None };
    let (relation, n) = comparison(bound)?;
    if relation == "at least" && n == 1 {
        return Some(Found::new("keywords:existence", [("keywords", list(items))]));
    }
    let args = [
        ("relation", Value::from(relation)),
        ("keyword", Value::from(keyword.as_str())),
        ("frequency", Value::from(n)),
    ];
    Some(Found::new("keywords:frequency", args))
}

/// IFEval's two relations; it has none for exact counts and ranges.
fn comparison(bound: Bound) -> Option<(&'static str, u64)> {
    match (bound.min, bound.max) {
        (Some(n), None) if n > 0 => Some(("at least", n)),
        (None, Some(n)) if n > 0 => Some(("less than", n + 1)),
        _ => None,
    }
}

fn noun(cursor: &mut Cursor) -> Option<Noun> {
    const NOUNS: [(&str, bool, bool); 14] = [
        ("keywords", true, true),
        ("keyword", true, false),
        ("key words", true, true),
        ("key word", true, false),
        ("words", true, true),
        ("word", true, false),
        ("terms", false, true),
        ("term", false, false),
        ("phrases", false, true),
        ("phrase", false, false),
        ("expressions", false, true),
        ("expression", false, false),
        ("names", false, true),
        ("name", false, false),
    ];
    cursor.attempt(|c| {
        c.skip(&[
            "the",
            "these",
            "all the",
            "all of the",
            "both",
            "both of the",
            "each of the",
            "any of the",
        ]);
        c.skip(&[
            "exact same",
            "exact",
            "following",
            "specific",
            "literal",
            "two",
            "three",
            "four",
            "five",
            "single",
            "actual",
        ]);
        let (_, words, plural) = NOUNS.into_iter().find(|(noun, ..)| c.eat(noun))?;
        c.skip(&[":", ", namely ,", "namely"]);
        Some(Noun { words, plural })
    })
}

/// Quotations, or bare words after `the word(s)`, joined by commas and `and`; a ban also by `or`.
fn items(cursor: &mut Cursor, noun: Option<&Noun>, banned: bool) -> Option<Vec<String>> {
    let quoted = matches!(cursor.peek()?.kind, Kind::Quoted(_));
    let mut items: Vec<String> = Vec::new();
    loop {
        let item = if quoted { quotation(cursor)? } else { bare(cursor, noun?)? };
        if !items.contains(&item) {
            items.push(item);
        }
        let next = |c: &mut Cursor| {
            let and = c.any(&[", and", "and", "&", "as well as", "and also", ", as well as"]);
            let or = !and && banned && c.any(&[", or", "or", ", nor", "nor"]);
            if !(and || or || c.eat(",")) {
                return None;
            }
            c.skip(&["the word", "the phrase", "the term", "the keyword"]);
            let literal = matches!(c.peek()?.kind, Kind::Quoted(_));
            (literal == quoted && (literal || c.peek()?.kind == Kind::Word)).then_some(())
        };
        if cursor.attempt(next).is_none() {
            break;
        }
    }
    let fits = quoted || noun.is_some_and(|noun| noun.plural == (items.len() > 1));
    fits.then_some(items)
}

fn quotation(cursor: &mut Cursor) -> Option<String> {
    let text = cursor.quoted()?.trim().trim_end_matches(['.', ',', ';']).trim();
    let plain = !text.is_empty() && !text.contains(PATTERN);
    (plain && text.split_whitespace().count() <= 12).then(|| text.to_owned())
}

fn bare(cursor: &mut Cursor, noun: &Noun) -> Option<String> {
    let token = cursor.word()?;
    let named = !NOT_LITERAL.contains(&token.norm.as_str()) && !token.norm.ends_with("ly");
    let literal = noun.words && named;
    (literal && !token.raw.contains(PATTERN)).then(|| token.raw.clone())
}

/// Proper names one after the other: `Zelda, Hyrule and New York`.
fn capitalised(cursor: &mut Cursor, least: usize) -> Option<Vec<String>> {
    let mut names = Vec::new();
    loop {
        let mut words = Vec::new();
        while let Some(token) = cursor.peek().filter(|token| is_capitalised(token)) {
            words.push(token.raw.as_str());
            cursor.at += 1;
        }
        let shouted = |w: &&str| w.len() > 1 && w.chars().all(char::is_uppercase);
        if words.is_empty() || words.len() > 3 || (least > 1 && words.iter().any(shouted)) {
            return None;
        }
        names.push(words.join(" "));
        if !cursor.any(&[", and", "and", ","]) {
            break;
        }
    }
    (names.len() >= least && !names.iter().any(|name| name.contains(PATTERN))).then_some(names)
}

/// `The letter q must appear at least 4 times`, `Use the letter q fewer than 5 times`.
fn letters(cursor: &mut Cursor, head: Head) -> Option<Found> {
    let mut negative = head.negative;
    if cursor.any(&[
        "avoid using",
        "avoid the use of",
        "avoid",
        "without using",
        "refrain from using",
    ]) {
        negative = true;
    } else {
        cursor.skip(&["use", "include", "have", "contain", "uses"]);
    }
    cursor.skip(&["the"]);
    if !cursor.eat("letter") {
        return None;
    }
    let letter = match cursor.quoted() {
        Some(quoted) => quoted,
        None => cursor.word()?.raw.as_str(),
    };
    let one = letter.len() == 1 && letter.chars().all(|c| c.is_ascii_alphabetic());
    if let Some((denies, permission)) = modal(cursor) {
        negative |= denies;
        if permission {
            return None;
        }
    }
    negative |= cursor.eat("never");
    cursor.skip(&["appear", "appears", "be used", "occur", "show up", "is used"]);
    super::tails(cursor);
    let bound = match frequency(cursor, negative) {
        Some(bound) => bound,
        None if negative => Bound::at_most(0),
        None => return None,
    };
    let (relation, n) = match (bound.min, bound.max) {
        (Some(n), None) if n > 0 => ("at least", n),
        (None, Some(n)) => ("less than", n + 1),
        _ => return None,
    };
    let args = [
        ("let_relation", Value::from(relation)),
        ("letter", Value::from(letter.to_lowercase())),
        ("let_frequency", Value::from(n)),
    ];
    one.then(|| Found::new("keywords:letter_frequency", args))
}

/// `Use at least 5 words in all capital letters`, `Words with all capital letters should appear at
/// least 3 times`.
fn capital_words(cursor: &mut Cursor, head: Head) -> Option<Found> {
    let bound = cursor
        .attempt(|c| shouted_passive(c, head))
        .or_else(|| cursor.attempt(|c| shouted_active(c, head)))?;
    let (relation, n) = comparison(bound)?;
    let args = [("capital_relation", Value::from(relation)), ("capital_frequency", Value::from(n))];
    Some(Found::new("change_case:capital_word_frequency", args))
}

const SHOUTED: [&str; 8] = [
    "in all capital letters",
    "in capital letters",
    "in all caps",
    "with all capital letters",
    "in all capitals",
    "in all uppercase letters",
    "in uppercase",
    "in all uppercase",
];

fn shouted_active(cursor: &mut Cursor, head: Head) -> Option<Bound> {
    const USE: [&str; 8] =
        ["use", "include", "have", "contain", "write", "be", "contains", "includes"];
    cursor.skip(&USE);
    let said = relation(cursor)?;
    let said = if head.negative { said.negated()? } else { said };
    let n = number(cursor)?;
    if !cursor.any(&["fully capitalized words", "fully capitalised words", "all caps words"]) {
        if !cursor.any(&["words", "word"]) {
            return None;
        }
        cursor.skip(&["written", "that are"]);
        if !cursor.any(&SHOUTED) {
            return None;
        }
    }
    said.bound(n)
}

fn shouted_passive(cursor: &mut Cursor, head: Head) -> Option<Bound> {
    if head.whole || head.negative || !cursor.eat("words") || !cursor.any(&SHOUTED) {
        return None;
    }
    let (negative, permission) = modal(cursor)?;
    if permission || !cursor.any(&["appear", "be used", "occur"]) {
        return None;
    }
    frequency(cursor, negative)
}
