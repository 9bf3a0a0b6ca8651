//! `copy:copy`, `copy:copying_simple`, `copy:copying_multiple` and `new:copy_span_idx`: the
//! request, or a part of it, and nothing else (open-instruct).

use serde_json::json;

use crate::args::{Args, Reader};
use crate::bound::Bound;
use crate::demand::Demand;
use crate::draw::{Draw, args};
use crate::error::Result;
use crate::profile::Profile;
use crate::python::chars::is_space;
use crate::python::strings::{lower, strip};
use crate::rule::{Check, Deviation, Example, Rule, check};
use crate::verdict::Verdict;

const KEY: &str = "prompt_to_repeat";

/// What is copied where the request to draw from is empty or has but one word.
const ELSE: &str = "Tell me about the place where you would like to live.";

const COPY_EXAMPLES: &[Example] = &[
    Example {
        args: r#"{"prompt_to_repeat": "Name a river."}"#,
        response: "Name a river.\n",
        satisfied: true,
    },
    Example {
        args: r#"{"prompt_to_repeat": " Name a river. "}"#,
        response: "NAME a River.",
        satisfied: true,
    },
    Example {
        args: r#"{"prompt_to_repeat": "Name a river."}"#,
        response: "Name a river.\n\nThe Nile.",
        satisfied: false,
    },
    Example {
        args: r#"{"prompt_to_repeat": "Name a river."}"#,
        response: "Name  a river.",
        satisfied: false,
    },
];

/// The two rules that ask for one copy differ in their names and words alone.
macro_rules! copy {
    ($name:ident $id:literal $($text:literal)+) => {
        pub(super) static $name: Rule = Rule {
            id: $id,
            about: "The response is the request and nothing else, character by character, in any \
                    case; outer white space does not count (open-instruct).",
            schema: r#"{
                "properties": {"prompt_to_repeat": {"type": "string", "minLength": 1}},
                "required": ["prompt_to_repeat"]
            }"#,
            texts: |_| Ok(&[$($text),+]),
            sample: |draw| args([(KEY, json!(request(draw)))]),
            compile: |args, _| compile_copy(args.text(KEY)?),
            demands: |args| Ok(vec![Demand::Whole(vec![strip(args.text(KEY)?).to_owned()])]),
            examples: COPY_EXAMPLES,
            deviations: &[],
        };
    };
}

copy! {
    COPY "copy:copy"
    "Copy the following instruction word for word; do not carry it out, and write nothing else: \
     {prompt_to_repeat}"
    "Do not follow this instruction. Your whole response must be a verbatim copy of it: \
     {prompt_to_repeat}"
    "Write out the text below exactly as it stands, without acting on it: {prompt_to_repeat}"
    "Your output must be this instruction and only this, copied without change: \
     {prompt_to_repeat}"
}

copy! {
    SIMPLE "copy:copying_simple"
    "Repeat this request without change and do not answer it; say nothing before or after it: \
     {prompt_to_repeat}"
    "Say the following request again, word for word, in place of an answer: {prompt_to_repeat}"
    "Do not answer. Give back the request unaltered and add nothing to it: {prompt_to_repeat}"
    "All you may write is this request, repeated exactly: {prompt_to_repeat}"
}

pub(super) static MULTIPLE: Rule = Rule {
    id: "copy:copying_multiple",
    about: "The response is the request so many times, six asterisks between one copy and the \
            next, and nothing else; case and the white space around a copy do not count \
            (open-instruct).",
    schema: r#"{
        "properties": {
            "prompt_to_repeat": {"type": "string", "minLength": 1},
            "N": {"type": "integer", "minimum": 1, "maximum": 1000}
        },
        "required": ["prompt_to_repeat", "N"]
    }"#,
    texts: |_| {
        Ok(&[
            "Repeat this request {N:time} without change, the copies separated by 6 asterisks \
             (******), and do not answer it: {prompt_to_repeat}",
            "In place of an answer, write the following request {N:time} with ****** between one \
             copy and the next: {prompt_to_repeat}",
            "Your whole response must be {N:copy|copies} of the request below, divided by six \
             asterisk symbols, with nothing before, between or after: {prompt_to_repeat}",
            "Do not answer; copy this request exactly {N:time} and part the copies by ******: \
             {prompt_to_repeat}",
        ])
    },
    sample: |draw| {
        let n = draw.between(2, 4);
        args([(KEY, json!(request(draw))), ("N", json!(n))])
    },
    compile: |args, _| {
        let wanted = lower(strip(args.text(KEY)?)).into_owned();
        let n = args.count("N")?;
        check(move |text| {
            let (mut found, mut good) = (0, 0);
            for piece in text.lower().split("******") {
                found += 1;
                good += u64::from(strip(piece) == wanted);
            }
            if found != n {
                return Verdict::count(found, Bound::exactly(n), "copies");
            }
            Verdict::share(good, n, format!("{good} of {n} pieces are the request"))
        })
    },
    demands: |args| {
        let n = args.count("N")?.min(1000) as usize;
        let copies = vec![strip(args.text(KEY)?); n];
        Ok(vec![Demand::Whole(vec![copies.join("\n******\n")])])
    },
    examples: &[
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "N": 2}"#,
            response: "Name a river.\n******\nName a river.",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "N": 3}"#,
            response: "name a river.******Name a River.******\n\nName a river.\n",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "N": 2}"#,
            response: "Name a river.\n******\nName a river.\n******",
            satisfied: false,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a river.", "N": 2}"#,
            response: "Name a river.\n******\nThe Nile.",
            satisfied: false,
        },
    ],
    deviations: &[],
};

pub(super) static SPAN: Rule = Rule {
    id: "new:copy_span_idx",
    about: "The response is the part of the request from one character (code point, counted from \
            0) to another and nothing else, case and outer white space aside. Official: without \
            the last character. Corrected: with it, as the instruction says (open-instruct, where \
            a start of 0 is replaced by chance; here it stands).",
    schema: r#"{
        "properties": {
            "prompt_to_repeat": {"type": "string", "minLength": 1},
            "n_start": {"type": "integer", "minimum": 0},
            "n_end": {"type": "integer", "minimum": 0}
        },
        "required": ["prompt_to_repeat", "n_start", "n_end"]
    }"#,
    texts: |_| {
        Ok(&[
            "Copy the span of words that lies between (and including) the character indices \
             {n_start} and {n_end} of this request, and write nothing else: {prompt_to_repeat}",
            "Counting its characters from 0, copy the following text from index {n_start} through \
             index {n_end} and do not answer it: {prompt_to_repeat}",
            "Your whole response must be the characters {n_start} to {n_end} (both included, the \
             first character being 0) of this text: {prompt_to_repeat}",
            "Do not answer the request below; give back only its characters from {n_start} up to \
             and including {n_end}, the first being number 0: {prompt_to_repeat}",
        ])
    },
    sample: sample_span,
    compile: |args, profile| {
        let (official, corrected) = spans(args)?;
        compile_copy(if profile == Profile::Official { official } else { corrected })
    },
    demands: |args| {
        let (official, corrected) = spans(args)?;
        let mut spans = vec![strip(corrected).to_owned()];
        if strip(official) != strip(corrected) && !strip(official).is_empty() {
            spans.push(strip(official).to_owned());
        }
        Ok(vec![Demand::Whole(spans)])
    },
    examples: &[
        Example {
            args: r#"{"prompt_to_repeat": "Name a long river.", "n_start": 5, "n_end": 10}"#,
            response: "a long",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Où est Évry ?", "n_start": 7, "n_end": 99}"#,
            response: "évry ?\n",
            satisfied: true,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a long river.", "n_start": 5, "n_end": 10}"#,
            response: "Name a long river.",
            satisfied: false,
        },
        Example {
            args: r#"{"prompt_to_repeat": "Name a long river.", "n_start": 5, "n_end": 10}"#,
            response: "A long river.",
            satisfied: false,
        },
    ],
    deviations: &[
        Deviation {
            reason: "the span includes the character at its end",
            args: r#"{"prompt_to_repeat": "Name a long river.", "n_start": 5, "n_end": 10}"#,
            response: "a long",
            official: false,
        },
        Deviation {
            reason: "a span that lacks its last character is cut short",
            args: r#"{"prompt_to_repeat": "Name a long river.", "n_start": 5, "n_end": 10}"#,
            response: "a lon",
            official: true,
        },
    ],
};

fn request(draw: &Draw<'_>) -> String {
    let request = strip(draw.request);
    (if request.is_empty() { ELSE } else { request }).to_owned()
}

/// From the start of a word that is not the first to the space behind a later one, or to the end.
fn sample_span(draw: &mut Draw<'_>) -> Args {
    let starts = |text: &str| -> Vec<usize> {
        let chars: Vec<char> = text.chars().collect();
        let start = |at: &usize| is_space(chars[*at - 1]) && !is_space(chars[*at]);
        (1..chars.len()).filter(start).collect()
    };
    let mut text = request(draw);
    let mut places = starts(&text);
    if places.is_empty() {
        text = ELSE.to_owned();
        places = starts(&text);
    }
    let first = draw.between(0, places.len() as u64 - 1) as usize;
    let spaces = (0..).zip(text.chars()).filter(|(at, c)| *at > places[first] && is_space(*c));
    let mut ends: Vec<usize> = spaces.map(|(at, _)| at).collect();
    if ends.is_empty() {
        ends.push(text.chars().count() - 1);
    }
    let end = ends[draw.between(0, ends.len() as u64 - 1) as usize];
    args([(KEY, json!(text)), ("n_start", json!(places[first])), ("n_end", json!(end))])
}

/// The spans without and with the character at the end.
fn spans<'a>(args: &Reader<'a>) -> Result<(&'a str, &'a str)> {
    let text = args.text(KEY)?;
    let (start, end) = (args.count("n_start")?, args.count("n_end")?);
    let from = offset(text, start);
    let official = text.get(from..offset(text, end)).unwrap_or("");
    let corrected = text.get(from..offset(text, end.saturating_add(1))).unwrap_or("");
    if start > end {
        return Ok(("", ""));
    }
    Ok((official, corrected))
}

/// The byte where the character with this index starts, or the end.
fn offset(text: &str, index: u64) -> usize {
    let found = usize::try_from(index).ok().and_then(|index| text.char_indices().nth(index));
    found.map_or(text.len(), |(at, _)| at)
}

fn compile_copy(wanted: &str) -> Result<Check> {
    let wanted = lower(strip(wanted)).into_owned();
    check(move |text| {
        let found = strip(text.lower());
        if found == wanted {
            return Verdict::pass("is the text to copy");
        }
        let same = found.chars().zip(wanted.chars()).take_while(|(a, b)| a == b).count();
        let longest = found.chars().count().max(wanted.chars().count());
        let degree = (same as f32 / longest.max(1) as f32).min(0.99);
        let note = format!("departs from the text to copy after {same} characters");
        Verdict { degree, ..Verdict::fail(note) }
    })
}
