//! Bans on a mark or a form: no commas, no exclamation marks, no headings, no capital letters.

use super::counts::{self, is_text};
use super::numbers::Bound;
use super::tokens::Cursor;
use super::{Found, Head, modal, whole};

pub(super) const CAPITALS: [&str; 9] = [
    "capital letters",
    "capital letter",
    "uppercase letters",
    "uppercase letter",
    "upper case letters",
    "upper case letter",
    "uppercase characters",
    "capitalised letters",
    "capitalized letters",
];
pub(super) const SMALL: [&str; 6] = [
    "lowercase letters",
    "lowercase letter",
    "lower case letters",
    "lower case letter",
    "small letters",
    "lowercase characters",
];

/// What is banned, as the rule that bans it.
fn banned(cursor: &mut Cursor) -> Option<Found> {
    if cursor.any(&["commas", "comma", "comma characters"]) {
        return Some(Found::new("punctuation:no_comma", []));
    }
    if cursor.any(&CAPITALS) {
        return Some(Found::new("change_case:english_lowercase", []));
    }
    if cursor.any(&SMALL) {
        return Some(Found::new("change_case:english_capital", []));
    }
    let unit = counts::unit(cursor).filter(|unit| !is_text(*unit))?;
    counts::rule(Bound::at_most(0), unit)
}

const USE: [&str; 25] = [
    "use",
    "uses",
    "include",
    "includes",
    "contain",
    "contains",
    "have",
    "has",
    "put",
    "write",
    "insert",
    "add",
    "employ",
    "feature",
    "show",
    "place",
    "ask",
    "make use of",
    "be used",
    "be",
    "type",
    "present",
    "features",
    "is",
    "respond",
];
const SHUN: [&str; 14] = [
    "avoid using",
    "avoid the use of",
    "avoid",
    "refrain from using",
    "refrain from",
    "abstain from using",
    "abstain from",
    "leave out",
    "omit",
    "steer clear of",
    "stay away from",
    "stay clear of",
    "dispense with",
    "do without",
];
const ANY: [&str; 9] = [
    "any",
    "a single",
    "even a single",
    "all",
    "all use of",
    "the use of",
    "any and all",
    "even one",
    "a",
];

pub(super) fn read(cursor: &mut Cursor, head: Head) -> Option<Found> {
    if head.negative {
        cursor.skip(&USE);
        cursor.skip(&ANY);
        let found = banned(cursor)?;
        endings(cursor);
        return Some(found);
    }
    if head.permission {
        return None;
    }
    if cursor.any(&SHUN) {
        cursor.skip(&ANY);
        let found = banned(cursor)?;
        endings(cursor);
        return Some(found);
    }
    let readers = [passive, none, free];
    readers.into_iter().find_map(|reader| cursor.attempt(|c| reader(c, head, &USE)))
}

/// `Commas are not allowed`, `The use of commas is forbidden`, `No commas are permitted`.
fn passive(cursor: &mut Cursor, head: Head, _verbs: &[&str]) -> Option<Found> {
    if head.whole {
        return None;
    }
    cursor.skip(&["the use of", "any use of", "using", "all", "any"]);
    let found = banned(cursor)?;
    const OUT: [&str; 14] = [
        "are not allowed",
        "is not allowed",
        "are not permitted",
        "is not permitted",
        "are forbidden",
        "is forbidden",
        "are prohibited",
        "is prohibited",
        "are banned",
        "is banned",
        "are off limits",
        "are to be avoided",
        "must be avoided",
        "should be avoided",
    ];
    if cursor.any(&OUT) {
        return Some(found);
    }
    let (negative, _) = modal(cursor)?;
    let used = ["be used", "appear", "occur", "be present", "be included", "show up"];
    (negative && cursor.any(&used)).then_some(found)
}

/// `no commas`, with or without a verb before it.
fn none(cursor: &mut Cursor, _head: Head, verbs: &[&str]) -> Option<Found> {
    cursor.skip(verbs);
    cursor.attempt(|c| whole(c).then_some(()));
    if cursor.any(&["without using", "without the use of", "without"]) {
        cursor.skip(&["any", "a single", "even a single"]);
    } else {
        cursor.skip(&["with"]);
        cursor.skip(&["absolutely"]);
        if !cursor.any(&["no", "zero", "not a single"]) {
            return None;
        }
    }
    let found = banned(cursor)?;
    endings(cursor);
    Some(found)
}

/// `must be free of commas`, `Keep the response free of commas`.
fn free(cursor: &mut Cursor, _head: Head, verbs: &[&str]) -> Option<Found> {
    if cursor.any(&["keep", "leave", "make"]) {
        if !whole(cursor) {
            return None;
        }
    } else {
        cursor.skip(verbs);
    }
    cursor.skip(&["completely", "entirely"]);
    if cursor.any(&["free of", "free from", "devoid of", "without"]) {
        cursor.skip(&["any", "all"]);
        return banned(cursor);
    }
    let found = banned(cursor)?;
    cursor.eat("free").then_some(found)
}

fn endings(cursor: &mut Cursor) {
    cursor.skip(&[
        "are allowed",
        "is allowed",
        "allowed",
        "are permitted",
        "is permitted",
        "permitted",
        "may be used",
        "may appear",
        "should be used",
        "should appear",
        "must appear",
        "are to be used",
    ]);
}
