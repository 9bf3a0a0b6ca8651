//! The response's form as a whole: its case, language, wrapping, notation, and marked parts.

use serde_json::Value;

use super::absence::{CAPITALS, SMALL};
use super::numbers::{Relation, number, relation, trailing};
use super::tokens::Cursor;
use super::{Found, Head, whole};

/// Languages by the code IFEval's detector gives them; those with several codes (Chinese) only
/// where the name says which.
const LANGUAGES: [(&str, &str); 55] = [
    ("afrikaans", "af"),
    ("arabic", "ar"),
    ("bulgarian", "bg"),
    ("bengali", "bn"),
    ("catalan", "ca"),
    ("czech", "cs"),
    ("welsh", "cy"),
    ("danish", "da"),
    ("german", "de"),
    ("greek", "el"),
    ("english", "en"),
    ("spanish", "es"),
    ("estonian", "et"),
    ("persian", "fa"),
    ("farsi", "fa"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("gujarati", "gu"),
    ("hebrew", "he"),
    ("hindi", "hi"),
    ("croatian", "hr"),
    ("hungarian", "hu"),
    ("indonesian", "id"),
    ("italian", "it"),
    ("japanese", "ja"),
    ("kannada", "kn"),
    ("korean", "ko"),
    ("lithuanian", "lt"),
    ("latvian", "lv"),
    ("macedonian", "mk"),
    ("malayalam", "ml"),
    ("marathi", "mr"),
    ("nepali", "ne"),
    ("dutch", "nl"),
    ("norwegian", "no"),
    ("punjabi", "pa"),
    ("polish", "pl"),
    ("portuguese", "pt"),
    ("romanian", "ro"),
    ("russian", "ru"),
    ("slovak", "sk"),
    ("slovenian", "sl"),
    ("somali", "so"),
    ("albanian", "sq"),
    ("swedish", "sv"),
    ("swahili", "sw"),
    ("tamil", "ta"),
    ("telugu", "te"),
    ("thai", "th"),
    ("tagalog", "tl"),
    ("turkish", "tr"),
    ("ukrainian", "uk"),
    ("urdu", "ur"),
    ("vietnamese", "vi"),
    ("simplified chinese", "zh-cn"),
];

const ONLY: [&str; 8] =
    ["nothing but", "only", "exclusively", "entirely", "solely", "completely", "all", "fully"];

pub(super) fn read(cursor: &mut Cursor, head: Head) -> Option<Found> {
    if head.negative || head.permission {
        return None;
    }
    let readers = [case, quotation, language, json, title, placeholders, highlights, divided];
    readers.into_iter().find_map(|reader| cursor.attempt(reader))
}

/// `Write everything in lowercase letters`, `The entire response must be in all capital letters`.
fn case(cursor: &mut Cursor) -> Option<Found> {
    const VERBS: [&str; 14] = [
        "be written",
        "write",
        "respond",
        "answer",
        "reply",
        "type",
        "use",
        "be",
        "is",
        "keep",
        "put",
        "make",
        "set",
        "be typed",
    ];
    let mut total = cursor.eat("only");
    let using = cursor.sees("use");
    let spoken = cursor.any(&VERBS);
    total |= whole(cursor);
    total |= cursor.any(&ONLY);
    let mut within = cursor.eat("in");
    if cursor.any(&["english and", "english , and", "english ,"]) {
        cursor.skip(&["in", "use"]);
    }
    total |= cursor.any(&ONLY);
    within |= cursor.any(&["in"]);
    let lower = cursor.any(&SMALL) || cursor.any(&["lowercase", "lower case"]);
    let upper = !lower
        && (cursor.any(&CAPITALS)
            || cursor.eat("capitals")
            || cursor.any(&["uppercase", "upper case", "caps", "block capitals", "block letters"]));
    if !(lower || upper) {
        return None;
    }
    cursor.skip(&["text"]);
    total |= cursor.any(&["only", "throughout", "exclusively", "from start to finish"]);
    if !(total || spoken && within && !using) {
        return None;
    }
    let (id, other): (_, &[&str]) = if lower {
        (
            "change_case:english_lowercase",
            &[
                ". no capital letters are allowed",
                "( no capital letters )",
                ", with no capital letters",
                ", no capital letters",
                "with no capital letters",
            ],
        )
    } else {
        (
            "change_case:english_capital",
            &[
                ". no lowercase letters are allowed",
                "( no lowercase letters )",
                ", with no lowercase letters",
                "with no lowercase letters",
            ],
        )
    };
    cursor.skip(other);
    Some(Found::new(id, []))
}

/// `Wrap your entire response with double quotation marks`.
fn quotation(cursor: &mut Cursor) -> Option<Found> {
    const MARKS: [&str; 5] = [
        "double quotation marks",
        "double quotes",
        "double quote marks",
        "double quote characters",
        "double quotation",
    ];
    let around = |c: &mut Cursor| {
        let put = c.any(&["put", "place", "use"]) && c.any(&MARKS)
            || c.any(&MARKS) && c.any(&["must be", "should be"]) && c.any(&["placed", "put"]);
        (put && c.eat("around") && whole(c)).then_some(())
    };
    if cursor.attempt(around).is_some() {
        return Some(Found::new("startend:quotation", []));
    }
    const VERBS: [&str; 16] = [
        "be wrapped",
        "be enclosed",
        "be surrounded",
        "be placed",
        "be put",
        "be",
        "wrap",
        "enclose",
        "surround",
        "place",
        "put",
        "is wrapped",
        "is enclosed",
        "write",
        "encase",
        "be encased",
    ];
    let passive = cursor.sees("be") || cursor.sees("is");
    if !cursor.any(&VERBS) {
        return None;
    }
    if !whole(cursor) && !passive {
        return None;
    }
    const INSIDE: [&str; 7] = ["inside of", "inside", "within", "between", "with", "in", "by"];
    if !cursor.any(&INSIDE) {
        return None;
    }
    cursor.skip(&["a pair of", "a single pair of", "one pair of"]);
    cursor.any(&MARKS).then(|| Found::new("startend:quotation", []))
}

/// `Respond only in French`, `The entire response must be in the Hindi language`.
fn language(cursor: &mut Cursor) -> Option<Found> {
    const VERBS: [&str; 13] = [
        "be written",
        "be given",
        "be composed",
        "be",
        "is",
        "write",
        "respond",
        "answer",
        "reply",
        "compose",
        "give",
        "provide",
        "use",
    ];
    let using = cursor.sees("use");
    if !cursor.any(&VERBS) {
        return None;
    }
    whole(cursor);
    let mut only = cursor.any(&ONLY);
    let within = cursor.any(&["in", "using"]);
    only |= cursor.any(&ONLY);
    if using && !only || !using && !within {
        return None;
    }
    cursor.skip(&["the"]);
    let (_, code) = LANGUAGES.into_iter().find(|(name, _)| cursor.eat(name))?;
    cursor.skip(&["language"]);
    cursor.skip(&["only", "exclusively", "throughout", "and nothing else", "alone"]);
    let others = [
        ", no other language is allowed",
        ". no other language is allowed",
        "; no other language is allowed",
        "and in no other language",
        ", with no other language",
        "and no other language",
    ];
    cursor.skip(&others);
    Some(Found::new("language:response_language", [("language", Value::from(code))]))
}

/// `Wrap the entire output in JSON format`, `Respond in valid JSON`.
fn json(cursor: &mut Cursor) -> Option<Found> {
    const VERBS: [&str; 25] = [
        "be formatted",
        "be given",
        "be returned",
        "be wrapped",
        "be provided",
        "be written",
        "be presented",
        "be in the form of",
        "be",
        "is",
        "return",
        "output",
        "format",
        "wrap",
        "give",
        "provide",
        "answer",
        "respond",
        "reply",
        "present",
        "write",
        "deliver",
        "produce",
        "put",
        "use",
    ];
    let mut total = ["be", "is", "return", "output"].iter().any(|verb| cursor.sees(verb));
    if !cursor.any(&VERBS) {
        return None;
    }
    total |= whole(cursor);
    total |= cursor.any(&ONLY);
    total |= cursor.any(&["in", "as", "in the form of"]);
    total |= cursor.any(&ONLY);
    cursor.skip(&["a", "the"]);
    cursor.skip(&["valid", "well formed", "parseable", "proper"]);
    if !cursor.eat("json") || !total {
        return None;
    }
    cursor.skip(&["format", "block", "document", "notation"]);
    cursor.skip(&["only", "and nothing else", ", nothing else", ", and nothing else"]);
    Some(Found::new("detectable_format:json_format", []))
}

const BRACKETED: [&str; 9] = [
    "wrapped",
    "enclosed",
    "contained",
    "written",
    "placed",
    "put",
    "surrounded",
    "set",
    "that is wrapped",
];

/// `Include a title wrapped in double angle brackets`.
fn title(cursor: &mut Cursor) -> Option<Found> {
    let wrap = |c: &mut Cursor| {
        let verb = c.any(&["wrap", "enclose", "put", "place", "write"]);
        (verb && c.any(&["the title", "its title", "a title", "your title"])).then_some(())
    };
    let passive = |c: &mut Cursor| {
        let named = c.any(&["the title", "its title"])
            && c.any(&["must be", "should be", "has to be", "needs to be", "is"]);
        (named && c.any(&BRACKETED)).then_some(())
    };
    let active = |c: &mut Cursor| {
        c.any(&[
            "include", "add", "give", "have", "has", "contain", "contains", "provide", "includes",
            "use", "write", "supply", "be",
        ]);
        whole(c);
        let named = c.any(&["a title ,", "a title", "one title", "a heading title"]);
        c.skip(&["that is", "which is"]);
        c.skip(&BRACKETED);
        named.then_some(())
    };
    if cursor.attempt(wrap).is_none() && cursor.attempt(passive).is_none() {
        cursor.attempt(active)?;
    }
    if !cursor.any(&["inside of", "inside", "within", "in", "with", "by", "between"]) {
        return None;
    }
    if !cursor.any(&["double angular brackets", "double angle brackets", "double angled brackets"])
    {
        return None;
    }
    samples(cursor);
    Some(Found::new("detectable_format:title", []))
}

/// `Include at least 3 placeholders in square brackets, such as [address]`.
fn placeholders(cursor: &mut Cursor) -> Option<Found> {
    cursor.skip(&[
        "include", "includes", "contain", "contains", "use", "have", "has", "be", "leave", "add",
        "insert", "write",
    ]);
    let n = at_least(cursor, |c| c.any(&["placeholders", "placeholder", "blank placeholders"]))?;
    cursor.skip(&["that are", "which are"]);
    cursor.skip(&[
        "represented",
        "marked",
        "written",
        "enclosed",
        "shown",
        "wrapped",
        "indicated",
        "set",
        "put",
    ]);
    let inside = cursor.any(&["by", "in", "with", "within", "using", "inside"]);
    if !inside || !cursor.eat("square brackets") {
        return None;
    }
    samples(cursor);
    let args = [("num_placeholders", Value::from(n))];
    Some(Found::new("detectable_content:number_placeholders", args))
}

/// `Highlight at least 3 sections with markdown, i.e. *highlighted section*`.
fn highlights(cursor: &mut Cursor) -> Option<Found> {
    let by_markdown = cursor.any(&["use markdown to", "use asterisks to"]);
    if !cursor.eat("highlight") {
        return None;
    }
    const PARTS: [&str; 6] =
        ["text sections", "sections", "section", "phrases", "passages", "parts"];
    let n = at_least(cursor, |c| c.any(&PARTS))?;
    cursor.attempt(|c| (c.any(&["of", "in"]) && whole(c)).then_some(()));
    let marked = cursor.any(&[
        "with markdown",
        "in markdown format",
        "in markdown",
        "using markdown",
        "with single asterisks",
        "with asterisks",
        "using asterisks",
        "by wrapping them in asterisks",
    ]);
    cursor.skip(&["format", "asterisks"]);
    let shown = samples(cursor);
    let args = [("num_highlights", Value::from(n))];
    (by_markdown || marked || shown)
        .then(|| Found::new("detectable_format:number_highlighted_sections", args))
}

/// `Write exactly 4 paragraphs separated by the markdown divider ***`.
fn divided(cursor: &mut Cursor) -> Option<Found> {
    cursor.skip(&[
        "write",
        "use",
        "have",
        "contain",
        "be",
        "give",
        "consist of",
        "provide",
        "produce",
        "include",
    ]);
    let exact = cursor.any(&["exactly", "precisely"]);
    let n = number(cursor)?;
    if !exact || !cursor.any(&["paragraphs", "sections", "parts"]) {
        return None;
    }
    cursor.skip(&[",", "that are", "and"]);
    cursor.skip(&["each"]);
    let divided = cursor.any(&[
        "separated by",
        "separated with",
        "divided by",
        "split by",
        "separate them with",
        "separate them by",
    ]);
    cursor.skip(&["the", "a"]);
    cursor.skip(&["markdown"]);
    cursor.skip(&["divider", "divider :", "separator", "line"]);
    cursor.skip(&[":"]);
    let stars = cursor.any(&["***", "( *** )"]) || cursor.quoted() == Some("***");
    let args = [("num_paragraphs", Value::from(n))];
    (divided && stars && n > 0).then(|| Found::new("length_constraints:number_paragraphs", args))
}

/// `at least N things`, `N or more things`, `more than N things`.
fn at_least(cursor: &mut Cursor, thing: impl Fn(&mut Cursor) -> bool) -> Option<u64> {
    let bound = match relation(cursor) {
        Some(relation) => relation.bound(number(cursor)?)?,
        None => {
            let n = number(cursor)?;
            trailing(cursor).filter(|r| *r == Relation::AtLeast)?.bound(n)?
        }
    };
    let n = bound.min.filter(|n| *n > 0 && bound.max.is_none())?;
    thing(cursor).then_some(n)
}

/// `, such as [address], [name] and [date]`.
fn samples(cursor: &mut Cursor) -> bool {
    let read = |c: &mut Cursor| {
        c.skip(&[","]);
        c.skip(&["("]);
        c.skip(&[
            "such as",
            "for example",
            "e.g.",
            "i.e.",
            "like",
            "for instance",
            "that is",
            "as in",
            "i.e",
            "e.g",
        ]);
        c.skip(&[",", ":"]);
        if !c.sample() {
            return None;
        }
        while c
            .attempt(|c| {
                c.any(&[", and", "and", ",", "or", ", or"]);
                c.sample().then_some(())
            })
            .is_some()
        {}
        c.skip(&[")"]);
        Some(())
    };
    cursor.attempt(read).is_some()
}
