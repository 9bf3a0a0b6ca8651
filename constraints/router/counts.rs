//! How many words, sentences, paragraphs, list items and the like the response may have.

use serde_json::Value;

use super::numbers::{Bound, Relation, number, range, relation, trailing};
use super::tokens::Cursor;
use super::{Found, Head, modal, whole};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Characters,
    Words,
    Sentences,
    Lines,
    Paragraphs,
    ListItems,
    TableRows,
    Headings,
    Questions,
    Exclamations,
}

const UNITS: [(Unit, &[&str]); 10] = [
    (Unit::Characters, &["characters including spaces", "characters", "character"]),
    (Unit::Words, &["words", "word"]),
    (Unit::Sentences, &["sentences", "sentence"]),
    (Unit::Lines, &["lines of text", "lines", "line"]),
    (Unit::Paragraphs, &["paragraphs", "paragraph"]),
    (
        Unit::ListItems,
        &[
            "markdown bullet points",
            "bullet points",
            "bullet point",
            "bulleted points",
            "bullets",
            "bullet",
            "bulleted items",
            "bulleted list items",
            "list items",
            "list item",
            "items in a list",
            "list entries",
        ],
    ),
    (Unit::TableRows, &["table rows", "table row", "rows in a table", "rows in the table"]),
    (
        Unit::Headings,
        &[
            "markdown headings",
            "section headings",
            "headings",
            "heading",
            "markdown headers",
            "section headers",
            "headers",
            "header",
        ],
    ),
    (Unit::Questions, &["question marks", "question mark", "questions", "question"]),
    (
        Unit::Exclamations,
        &[
            "exclamation marks",
            "exclamation mark",
            "exclamation points",
            "exclamation point",
            "exclamations",
        ],
    ),
];

pub(super) fn unit(cursor: &mut Cursor) -> Option<Unit> {
    UNITS.into_iter().find(|(_, names)| cursor.any(names)).map(|(unit, _)| unit)
}

/// The rule for a bound on a unit; `None` for bounds that ask nothing or cannot be met.
pub(super) fn rule(bound: Bound, unit: Unit) -> Option<Found> {
    let common = |id: &'static str, relation: &str, n: u64| {
        Found::new(id, [("relation", Value::from(relation)), ("n", Value::from(n))])
    };
    let ifeval = match unit {
        Unit::Words => Some(("length_constraints:number_words", "num_words")),
        Unit::Sentences => Some(("length_constraints:number_sentences", "num_sentences")),
        _ => None,
    };
    let id = count_id(unit);
    match (bound.min, bound.max) {
        (Some(0), None) | (None, None) => None,
        (None, Some(0)) if is_text(unit) => None,
        (_, Some(0)) => Some(common(id, "at most", 0)),
        (Some(n), None) => Some(match ifeval {
            Some((id, key)) => {
                Found::new(id, [("relation", Value::from("at least")), (key, Value::from(n))])
            }
            None => common(id, "at least", n),
        }),
        (None, Some(n)) => Some(match ifeval {
            Some((id, key)) => {
                Found::new(id, [("relation", Value::from("less than")), (key, Value::from(n + 1))])
            }
            None => common(id, "at most", n),
        }),
        (Some(n), Some(m)) if n == m && unit == Unit::ListItems => {
            let args = [("num_bullets", Value::from(n))];
            Some(Found::new("detectable_format:number_bullet_lists", args))
        }
        (Some(n), Some(m)) if n == m => Some(common(id, "exactly", n)),
        (Some(n), Some(m)) if n < m => {
            let mut found = common(id, "between", n);
            found.args.insert("m".to_owned(), Value::from(m));
            Some(found)
        }
        _ => None,
    }
}

fn count_id(unit: Unit) -> &'static str {
    match unit {
        Unit::Characters => "count:characters",
        Unit::Words => "count:words",
        Unit::Sentences => "count:sentences",
        Unit::Lines => "count:lines",
        Unit::Paragraphs => "count:paragraphs",
        Unit::ListItems => "count:list_items",
        Unit::TableRows => "count:table_rows",
        Unit::Headings => "count:headings",
        Unit::Questions => "count:questions",
        Unit::Exclamations => "count:exclamations",
    }
}

/// Units every text has at least one of: none of them cannot be asked.
pub(super) fn is_text(unit: Unit) -> bool {
    matches!(
        unit,
        Unit::Characters | Unit::Words | Unit::Sentences | Unit::Lines | Unit::Paragraphs
    )
}

const VERBS: [&str; 50] = [
    "use",
    "uses",
    "write",
    "be written",
    "give",
    "provide",
    "include",
    "includes",
    "contain",
    "contains",
    "have",
    "has",
    "produce",
    "be made up of",
    "be",
    "is",
    "comprise",
    "comprises",
    "consist of",
    "consists of",
    "feature",
    "features",
    "ask",
    "asks",
    "employ",
    "compose",
    "run to",
    "span",
    "spans",
    "total",
    "show",
    "be divided into",
    "be split into",
    "be structured as",
    "be composed of",
    "take up",
    "fill",
    "take the form of",
    "be in the form of",
    "be limited to",
    "be restricted to",
    "be kept to",
    "present",
    "pose",
    "poses",
    "list",
    "offer",
    "aim for",
    "target",
    "deliver",
];
const ANSWER: [&str; 8] =
    ["answer", "respond", "reply", "write", "compose", "say it", "phrase it", "put it"];

/// Below this number `characters` are taken for people rather than letters.
const FEWEST_CHARACTERS: u64 = 30;

pub(super) fn read(cursor: &mut Cursor, head: Head) -> Option<Found> {
    let readers = [measure, keep, exceed, split, limit, bare_answer, plain];
    let (bound, unit) = readers.into_iter().find_map(|reader| {
        let mut trial = *cursor;
        let found = reader(&mut trial, head)?;
        *cursor = trial;
        Some(found)
    })?;
    // `at least three characters` may be people of a story.
    let few = bound.min.or(bound.max).is_some_and(|n| n < FEWEST_CHARACTERS);
    if unit == Unit::Characters && few {
        return None;
    }
    if head.permission && (bound.min.is_some() || bound.max.is_none()) {
        return None;
    }
    rule(bound, unit)
}

/// A bound with its unit on either side of the bounding words. Denied, `more than` bounds above.
fn quantity(cursor: &mut Cursor, negative: bool) -> Option<(Bound, Unit)> {
    cursor.attempt(|c| {
        if let Some(bound) = range(c) {
            let unit = unit(c)?;
            return (!negative).then_some((bound, unit));
        }
        if let Some(before) = relation(c) {
            let before = if negative { before.negated()? } else { before };
            let n = number(c)?;
            return bounded(c, before.bound(n)?);
        }
        if negative {
            return None;
        }
        after_number(c)
    })
}

/// What may follow `at least N`: the unit, and a second bound (`but no more than M`).
fn bounded(cursor: &mut Cursor, first: Bound) -> Option<(Bound, Unit)> {
    let early = unit(cursor);
    let second = cursor.attempt(|c| {
        c.skip(&[","]);
        if !c.any(&["but", "and", "yet"]) {
            return None;
        }
        let n = relation(c).map(|relation| (relation, number(c)));
        let (relation, n) = n?;
        relation.bound(n?)
    });
    let unit = unit(cursor).or(early)?;
    if early.is_some_and(|first| first != unit) {
        return None;
    }
    let Some(second) = second else { return Some((first, unit)) };
    let both = Bound { min: first.min.or(second.min), max: first.max.or(second.max) };
    let apart = first.min.is_some() != second.min.is_some();
    (apart && both.min.is_some() && both.max.is_some()).then_some((both, unit))
}

/// `N words or fewer`, `N or fewer words`, `N+ words`, `a single question`.
fn after_number(cursor: &mut Cursor) -> Option<(Bound, Unit)> {
    if cursor.any(&["a single", "only one", "just one", "one single"]) {
        return Some((Bound::exactly(1), unit(cursor)?));
    }
    let n = number(cursor)?;
    if cursor.any(&["+", "plus"]) {
        return Some((Bound::at_least(n), unit(cursor)?));
    }
    let early = trailing(cursor);
    let unit = unit(cursor)?;
    cursor.skip(&["long", "in length", "in total", ","]);
    let relation = early.or_else(|| trailing(cursor))?;
    Some((relation.bound(n)?, unit))
}

/// Verb and quantity, or the quantity alone: `Use at least 5 sentences`, `120 words at most`.
fn plain(cursor: &mut Cursor, head: Head) -> Option<(Bound, Unit)> {
    // What is answered may be questions; only `answer in` speaks of the response's own size.
    const SAID: [&str; 8] =
        ["respond", "answer", "reply", "express", "state", "explain", "phrase", "say"];
    let said = cursor.any(&SAID);
    cursor.skip(if said { &[] } else { &VERBS });
    let within = |c: &mut Cursor| {
        whole(c);
        c.any(&["in the form of", "in", "using", "with", "within", "as"]).then_some(())
    };
    if cursor.attempt(within).is_none() && said {
        return None;
    }
    if !head.negative {
        let of = |c: &mut Cursor| {
            c.skip(&[
                "a response",
                "an answer",
                "a reply",
                "a text",
                "a length",
                "a table",
                "a list",
            ]);
            c.any(&["of", "with"]).then_some(())
        };
        cursor.attempt(of);
        cursor.skip(&["a bulleted list of", "a bullet list of"]);
    }
    let found = quantity(cursor, head.negative)?;
    let allowed = |c: &mut Cursor| {
        c.any(&["are", "is", "should be", "must be", "may be"]);
        c.any(&["allowed", "permitted", "required", "needed", "expected", "used"]).then_some(())
    };
    cursor.attempt(allowed);
    cursor.skip(&["in markdown format", "in the markdown format", "in markdown"]);
    Some(found)
}

/// `Answer in three sentences`: a number without more is exact, save for words and characters,
/// where it is a target.
fn bare_answer(cursor: &mut Cursor, head: Head) -> Option<(Bound, Unit)> {
    if head.negative || head.permission {
        return None;
    }
    let verb = if head.whole {
        cursor.any(&["be", "consist of", "comprise", "be made up of", "consists of", "is"])
    } else {
        cursor.any(&ANSWER) && {
            whole(cursor);
            cursor.skip(&["in", "using", "with"]);
            true
        }
    };
    let n = verb.then(|| number(cursor)).flatten()?;
    let unit = unit(cursor)?;
    let structural = matches!(unit, Unit::Sentences | Unit::Paragraphs | Unit::Lines);
    let ends = trailing(cursor).is_none() && !cursor.any(&["or", "to", "and"]);
    (structural && ends && n > 0).then_some((Bound::exactly(n), unit))
}

/// `Keep the response under 100 words`, `Limit it to 5 sentences`, `Stay below 80 words`.
fn keep(cursor: &mut Cursor, head: Head) -> Option<(Bound, Unit)> {
    if head.negative {
        return None;
    }
    let limits = cursor.any(&[
        "limit",
        "restrict",
        "cap",
        "confine",
        "be limited",
        "be restricted",
        "be capped",
    ]);
    if !limits
        && !cursor.any(&["keep", "hold", "stay", "remain", "make", "be kept", "be", "is kept"])
    {
        return None;
    }
    if !cursor.any(&["yourself", "the length", "its length", "the total length"]) {
        whole(cursor);
    }
    cursor.attempt(|c| (c.eat("of") && whole(c)).then_some(()));
    let counted = cursor.attempt(counted_noun);
    cursor.attempt(|c| (c.any(&["of", "in"]) && whole(c)).then_some(()));
    let within = cursor.any(&["to within", "within"]);
    let to = !within && cursor.any(&["to", "at", "in"]);
    if let Some(unit) = counted {
        let bound = range(cursor).or_else(|| {
            let said = relation(cursor);
            let relation = said.or((within || limits && to).then_some(Relation::AtMost))?;
            relation.bound(number(cursor)?)
        })?;
        return Some((bound, unit));
    }
    if let Some(found) = quantity(cursor, false) {
        return Some(found);
    }
    // `within 100 words` and `limit it to 100 words` bound above; `keep it to 100` is a target.
    if !(within || limits && to) {
        return None;
    }
    cursor.skip(&["a limit of"]);
    let n = number(cursor)?;
    Some((Bound::at_most(n), unit(cursor)?))
}

/// `Stick to a 120-word limit`, `There is a 5-sentence maximum`.
fn limit(cursor: &mut Cursor, head: Head) -> Option<(Bound, Unit)> {
    if head.negative {
        return None;
    }
    cursor.skip(&[
        "stick to",
        "observe",
        "respect",
        "keep to",
        "stay within",
        "keep within",
        "obey",
    ]);
    cursor.skip(&["a strict", "the strict", "a", "an", "the"]);
    let n = number(cursor)?;
    let unit = unit(cursor)?;
    if cursor.any(&["limit", "maximum", "cap", "ceiling"]) {
        return Some((Bound::at_most(n), unit));
    }
    cursor.eat("minimum").then(|| (Bound::at_least(n), unit))
}

/// `Do not exceed 100 words`, `must not go over 5 paragraphs`, `without exceeding`.
fn exceed(cursor: &mut Cursor, head: Head) -> Option<(Bound, Unit)> {
    const OVER: [&str; 9] = [
        "exceed",
        "exceeding",
        "go over",
        "go beyond",
        "go above",
        "surpass",
        "run over",
        "run past",
        "be over",
    ];
    const SHORT: [&str; 4] = ["fall below", "drop below", "go below", "fall short of"];
    let mut denied = head.negative;
    if !denied {
        cursor.skip(&["write", "answer", "respond", "reply"]);
        denied = cursor.any(&["without", "avoid"]);
    }
    let over = denied && cursor.any(&OVER);
    let short = denied && !over && cursor.any(&SHORT);
    if !(over || short) {
        return None;
    }
    cursor.skip(&["a length of", "a total of", "the limit of", "a limit of"]);
    let n = number(cursor)?;
    let bound = if over { Bound::at_most(n) } else { Bound::at_least(n) };
    Some((bound, unit(cursor)?))
}

/// `Divide the response into exactly four paragraphs`.
fn split(cursor: &mut Cursor, head: Head) -> Option<(Bound, Unit)> {
    let verbs =
        &["divide", "split", "break", "structure", "organise", "organize", "arrange", "format"];
    if head.negative || !cursor.any(verbs) || !whole(cursor) {
        return None;
    }
    cursor.skip(&["up into", "into", "as", "in"]);
    quantity(cursor, false)
}

/// `the number of sentences`, `the word count`, `the total number of words`.
fn counted_noun(cursor: &mut Cursor) -> Option<Unit> {
    cursor.skip(&["the", "your", "a"]);
    cursor.skip(&["total", "overall"]);
    if cursor.eat("number of") {
        return unit(cursor);
    }
    let unit = unit(cursor)?;
    cursor.any(&["count", "limit", "total"]).then_some(unit)
}

/// A count as the subject: `The word count must not exceed 200`, `Word limit: 150`, `The length
/// must be at least 5 sentences`.
fn measure(cursor: &mut Cursor, _head: Head) -> Option<(Bound, Unit)> {
    let limit_at = cursor.at;
    let length = |c: &mut Cursor| {
        c.skip(&["the", "your"]);
        c.skip(&["total", "overall", "maximum", "response"]);
        c.eat("length").then_some(())
    };
    if cursor.attempt(length).is_some() {
        cursor.attempt(|c| (c.eat("of") && whole(c)).then_some(()));
        let (negative, _) = modal(cursor).unwrap_or_default();
        if negative && cursor.any(&["exceed", "go over", "be over"]) {
            let n = number(cursor)?;
            return Some((Bound::at_most(n), unit(cursor)?));
        }
        cursor.skip(&["be", "is", "stay", "remain", ":"]);
        return quantity(cursor, negative);
    }
    let maximum = cursor.any(&["maximum", "max .", "max"]);
    let unit = cursor.attempt(counted_noun)?;
    let limit = maximum || cursor.just_took("limit");
    cursor.attempt(|c| (c.any(&["in", "of"]) && whole(c)).then_some(()));
    let (negative, permission) = modal(cursor).unwrap_or_default();
    if permission || cursor.at == limit_at {
        return None;
    }
    let over = ["exceed", "go over", "go beyond", "be over", "surpass"];
    if negative && cursor.any(&over) {
        return Some((Bound::at_most(number(cursor)?), unit));
    }
    cursor.skip(&["be", "is", "stay", "remain", ":", "of", "lie", "fall"]);
    let bound = range(cursor).filter(|_| !negative).or_else(|| {
        let said = relation(cursor).and_then(|r| if negative { r.negated() } else { Some(r) });
        let relation = said.or((limit && !negative).then_some(Relation::AtMost))?;
        relation.bound(number(cursor)?)
    })?;
    cursor.attempt(|c| super::counts::unit(c).filter(|again| *again == unit));
    Some((bound, unit))
}
