//! How the response has to start and end: a given phrase, or a postscript.

use serde_json::Value;

use super::tokens::{Cursor, Kind};
use super::{Found, Head, is_capitalised, modal, whole};

/// Which edge of the response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

pub(super) fn read(cursor: &mut Cursor, head: Head) -> Option<Found> {
    if head.negative || head.permission {
        return None;
    }
    cursor
        .attempt(|c| postscript(c))
        .or_else(|| cursor.attempt(|c| active(c)))
        .or_else(|| cursor.attempt(|c| placed(c)))
}

/// `End your response with the exact phrase "X"`.
fn active(cursor: &mut Cursor) -> Option<Found> {
    const START: [&str; 9] = [
        "start off",
        "start",
        "starts",
        "begin",
        "begins",
        "open",
        "opens",
        "kick off",
        "lead off",
    ];
    const END: [&str; 10] = [
        "end",
        "ends",
        "finish",
        "finishes",
        "close",
        "closes",
        "conclude",
        "concludes",
        "wrap up",
        "be ended",
    ];
    let edge = if cursor.any(&START) {
        Edge::Start
    } else if cursor.any(&END) {
        Edge::End
    } else {
        return None;
    };
    whole(cursor);
    const WITH: [&str; 7] =
        ["with", "by using", "by saying", "by writing", "on", "using", "by stating"];
    if !cursor.any(&WITH) {
        return None;
    }
    let phrase = phrase(cursor)?;
    finish(cursor, edge, phrase)
}

/// `The first word must be "X"`, `The last sentence of your response should read "X"`.
fn placed(cursor: &mut Cursor) -> Option<Found> {
    const PARTS: [&str; 4] = ["words", "word", "sentence", "phrase"];
    if !cursor.eat("the") {
        return None;
    }
    cursor.skip(&["very"]);
    let edge = if cursor.eat("first") {
        Edge::Start
    } else if cursor.any(&["last", "final", "closing"]) {
        Edge::End
    } else {
        return None;
    };
    if !cursor.any(&PARTS) || edge == Edge::End && cursor.just_took("word") {
        // A last word is usually followed by a full stop, which the rule would not forgive.
        return None;
    }
    cursor.attempt(|c| (c.any(&["of", "in"]) && whole(c)).then_some(()));
    let positive = modal(cursor) == Some((false, false));
    if !positive || !cursor.any(&["be", "read", "say"]) {
        return None;
    }
    cursor.skip(&["exactly", "the word", "the phrase", ":"]);
    let phrase = phrase(cursor)?;
    finish(cursor, edge, phrase)
}

/// The phrase itself: quoted, or one capitalised word after `the word`.
fn phrase(cursor: &mut Cursor) -> Option<String> {
    const NOUNS: [&str; 9] = [
        "words",
        "word",
        "phrases",
        "phrase",
        "sentence",
        "line",
        "statement",
        "expression",
        "question",
    ];
    cursor.skip(&["the", "this"]);
    cursor.skip(&["exact same", "exact", "following", "single", "literal", "closing", "opening"]);
    let noun = cursor.any(&NOUNS);
    cursor.skip(&[":"]);
    if let Some(quoted) = cursor.quoted() {
        let quoted = quoted.trim();
        return (!quoted.is_empty()).then(|| quoted.to_owned());
    }
    let word = cursor.word().filter(|token| noun && is_capitalised(token))?;
    Some(word.raw.clone())
}

fn finish(cursor: &mut Cursor, edge: Edge, phrase: String) -> Option<Found> {
    cursor.skip(&["exactly", "word for word", ", word for word", "verbatim"]);
    match edge {
        Edge::Start => Some(Found::new("position:starts_with", [("phrase", Value::from(phrase))])),
        Edge::End => {
            cursor.skip(&[
                ", with nothing after it",
                "and nothing else after it",
                "and nothing after it",
            ]);
            if cursor.any(&[
                ". no other words should follow",
                ". no other words may follow",
                ". nothing should follow",
            ]) {
                cursor.skip(&["this phrase", "it", "this", "that", "this sentence"]);
            }
            Some(Found::new("startend:end_checker", [("end_phrase", Value::from(phrase))]))
        }
    }
}

/// `Add a postscript starting with P.S. at the end`.
fn postscript(cursor: &mut Cursor) -> Option<Found> {
    cursor.attempt(|c| {
        (c.any(&["at the end of", "at the end"]) && (whole(c) || c.eat(","))).then_some(())
    });
    cursor.skip(&[","]);
    cursor.skip(&["explicitly"]);
    const VERBS: [&str; 12] = [
        "add",
        "include",
        "append",
        "attach",
        "put",
        "end with",
        "finish with",
        "close with",
        "conclude with",
        "contain",
        "have",
        "includes",
    ];
    if !cursor.any(&VERBS) {
        return None;
    }
    cursor.skip(&["a", "one"]);
    let named = cursor.any(&["postscript", "post script", "postscript note", "note"]);
    let place = |c: &mut Cursor| {
        let at = c.any(&["at the very end", "at the end", "to the end", "at the bottom", "to"]);
        if at {
            c.skip(&["of"]);
            whole(c);
        }
    };
    place(cursor);
    if named {
        cursor.skip(&["that", "which"]);
        const STARTING: [&str; 9] = [
            "starting with",
            "beginning with",
            "starts with",
            "begins with",
            "introduced by",
            "marked with",
            "marked by",
            "marked",
            "labelled",
        ];
        if !cursor.any(&STARTING) {
            return None;
        }
        cursor.skip(&["the letters", "the marker", "the label"]);
    }
    let token = cursor.peek()?;
    let said = match &token.kind {
        Kind::Quoted(body) => body.as_str(),
        Kind::Word => token.raw.as_str(),
        _ => return None,
    };
    let marker = match said.trim_end_matches([':', '.']) {
        "P.S" | "PS" => "P.S.",
        "P.P.S" | "PPS" => "P.P.S",
        _ => return None,
    };
    cursor.at += 1;
    place(cursor);
    let args = [("postscript_marker", Value::from(marker))];
    Some(Found::new("detectable_content:postscript", args))
}
