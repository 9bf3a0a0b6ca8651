//! `format:parentheses` and `format:quotes`: brackets and quotation marks inside one another
//! (IFBench).

use crate::args::Args;
use crate::demand::Demand;
use crate::profile::Profile;
use crate::rule::{Deviation, Example, Rule, check};
use crate::rules::fences::partly;
use crate::verdict::Verdict;

const BRACKET_LEVELS: usize = 5;
const QUOTE_LEVELS: usize = 3;

pub(super) static PARENTHESES: Rule = Rule {
    id: "format:parentheses",
    about: "Round, square and curly brackets are nested 5 levels deep or more; a bracket that \
            closes another kind ends the nest (IFBench). Official: 5 are open at once and any one \
            is closed, then or later. Corrected: 5 that stand inside one another are all closed.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Nest parentheses (and [brackets and braces]) at least 5 levels deep.",
            "Somewhere in your answer, put brackets inside brackets, five levels deep or more; \
             parentheses, square brackets and braces all count.",
            "Your response must have parentheses, brackets or braces nested to a depth of at least \
             five.",
            "Use remarks in brackets within remarks in brackets until they are at least 5 deep, \
             and close them all.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| {
            let depth = match profile {
                Profile::Official => opened(text.raw()),
                Profile::Corrected => closed(text.raw()),
            };
            reached(depth, BRACKET_LEVELS)
        })
    },
    demands: |_| {
        let drafts = [
            "Bread (the plain one [with salt {from the sea (a cold one [in the north])}]) is good.",
            "We left (early (very early (before dawn (in fact (at four)))))).",
            "The list {fruit [pears (ripe {very [soft]})]} is short.",
            "Tides (seas [rising {twice (a day [or so (at least)])}]) never stop.",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example { args: "{}", response: "One (two [three {four (five (six))}]).", satisfied: true },
        Example { args: "{}", response: ":) then ((((four (a) (b)))))", satisfied: true },
        Example { args: "{}", response: "One (two [three {four (five)}]).", satisfied: false },
        Example { args: "{}", response: "(a) (b) (c) (d) (e)", satisfied: false },
        Example { args: "{}", response: "((((five]))))", satisfied: false },
    ],
    deviations: &[Deviation {
        reason: "levels that are never closed are not nested",
        args: "{}",
        response: "((((( one (two)",
        official: true,
    }],
};

pub(super) static QUOTES: Rule = Rule {
    id: "format:quotes",
    about: "Quotations within quotations within a quotation, three levels or more, double and \
            single quotation marks by turns (IFBench): three levels are opened and then closed. \
            Official: straight marks, every apostrophe among them. Corrected: curly marks too, \
            and apostrophes inside words are none.",
    schema: r#"{"properties": {}}"#,
    texts: |_| {
        Ok(&[
            "Include quotes within quotes within quotes, at least 3 levels deep, alternating \
             between double quotes and single quotes.",
            "Your answer must hold a quotation inside a quotation inside a quotation; take double \
             and single quotation marks in turn.",
            "Nest quotations three levels deep or more, switching between double and single quotes \
             at each level.",
            "Somewhere, quote someone who quotes someone who quotes a third, with double and \
             single quotation marks alternating.",
        ])
    },
    sample: |_| Args::new(),
    compile: |_, profile| {
        check(move |text| match profile {
            Profile::Official => {
                let marks = text.raw().chars().filter(|c| matches!(c, '"' | '\''));
                reached(unwound(marks), QUOTE_LEVELS)
            }
            Profile::Corrected => reached(unwound(marks(text.raw())), QUOTE_LEVELS),
        })
    },
    demands: |_| {
        let drafts = [
            "She wrote, \"My father said, 'I heard the sailor shout \"Land ahead\" at dawn,' and \
             he smiled.\"",
            "'The sign reads \"Never say 'never' here\" in red,' he noted.",
            "\"The poem begins 'They cried \"Rise\" and left' and goes on,\" she told us.",
        ];
        Ok(vec![Demand::Draft(drafts.map(str::to_owned).to_vec())])
    },
    examples: &[
        Example {
            args: "{}",
            response: "\"He said 'they cried \"stop\" and ran' to me,\" she wrote.",
            satisfied: true,
        },
        Example {
            args: "{}",
            response: "“It’s true: ‘they cried “stop” and ran,’ he said,” she wrote.",
            satisfied: true,
        },
        Example { args: "{}", response: "\"One\" and \"two\" and 'three'.", satisfied: false },
        Example { args: "{}", response: "\"He said 'stop' to me.\"", satisfied: false },
    ],
    deviations: &[
        Deviation {
            reason: "apostrophes open no quotation",
            args: "{}",
            response: "\"I can't say \"no\" to y'all,\" she said.",
            official: true,
        },
        Deviation {
            reason: "an apostrophe closes no quotation",
            args: "{}",
            response: "\"He said 'it's \"fine\" now' twice,\" she wrote.",
            official: false,
        },
    ],
};

fn reached(depth: usize, wanted: usize) -> Verdict {
    let note = format!("nested {depth} levels deep, asked for {wanted}");
    match depth >= wanted {
        true => Verdict::pass(note),
        false => partly(depth as f32 / wanted as f32, note),
    }
}

/// The bracket that closes `open`.
fn closing(open: char) -> Option<char> {
    Some(match open {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        _ => return None,
    })
}

/// The brackets that were open at once when one of enough was closed; if that never happened, the
/// most that were open, less than enough.
fn opened(raw: &str) -> usize {
    let mut open = Vec::new();
    let (mut deepest, mut most) = (0, 0);
    for c in raw.chars() {
        if let Some(close) = closing(c) {
            open.push(close);
            deepest = open.len().max(deepest);
            most = deepest.max(most);
        } else if matches!(c, ')' | ']' | '}') {
            if open.last() == Some(&c) {
                open.pop();
                if deepest >= BRACKET_LEVELS {
                    return deepest;
                }
            } else {
                open.clear();
                deepest = 0;
            }
        }
    }
    most.min(BRACKET_LEVELS - 1)
}

/// The greatest depth of brackets that are all closed.
fn closed(raw: &str) -> usize {
    // What closes each open bracket, and how deep the closed ones inside it are.
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut deepest = 0;
    for c in raw.chars() {
        if let Some(close) = closing(c) {
            open.push((close, 0));
        } else if matches!(c, ')' | ']' | '}') {
            match open.pop() {
                Some((close, inside)) if close == c => {
                    deepest = deepest.max(inside + 1);
                    if let Some((_, around)) = open.last_mut() {
                        *around = (inside + 1).max(*around);
                    }
                }
                _ => open.clear(),
            }
        }
    }
    deepest
}

/// How many levels were closed again, in one go, of the most that were ever open.
fn unwound(marks: impl Iterator<Item = char>) -> usize {
    let mut open = Vec::new();
    let (mut deepest, mut most) = (0, 0);
    for mark in marks {
        if open.last() == Some(&mark) {
            open.pop();
            most = most.max(deepest - open.len());
        } else {
            open.push(mark);
            deepest = deepest.max(open.len());
        }
    }
    most
}

/// The quotation marks of a text, as straight ones, without the apostrophes inside words.
fn marks(raw: &str) -> impl Iterator<Item = char> {
    let mut before = None;
    let mut rest = raw.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            let c = rest.next()?;
            let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let inside = letter(before) && letter(rest.peek().copied());
            before = Some(c);
            match c {
                '"' | '“' | '”' => return Some('"'),
                '\'' | '‘' | '’' if !inside => return Some('\''),
                _ => {}
            }
        }
    })
}
