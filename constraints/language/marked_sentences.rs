//! Sentences as IFEval's `split_into_sentences` finds them: the text is rewritten in a fixed order,
//! each pass telling which full stops end nothing, and then cut after every mark that is left.
//!
//! The passes see what those before them wrote, and a pass goes on behind what it took; both show
//! in odd texts, so every pass is a pass here too. Each one is linear in the length of the text.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use crate::python::chars::is_space;
use crate::python::strings::strip;

/// What stands for a full stop inside a sentence while the passes run; a text that holds it itself
/// is read in the same way.
const DOT: &str = "<prd>";
/// What stands for the end of a sentence.
const END: &str = "<stop>";

const TITLES: [&str; 5] = ["Mr", "St", "Mrs", "Ms", "Dr"];
const DOMAINS: [&str; 7] = ["com", "net", "org", "io", "gov", "edu", "me"];
const COMPANIES: [&str; 5] = [" Inc", " Ltd", " Jr", " Sr", " Co"];
/// What starts a sentence behind an abbreviation, as a part of a longer word too.
const OPENERS: [&str; 9] = ["Mr", "Mrs", "Ms", "Dr", "Prof", "Capt", "Cpt", "Lt", "Wherever"];
/// What does so with white space behind it.
const WORD_OPENERS: [&str; 11] =
    ["He", "She", "It", "They", "Their", "Our", "We", "But", "However", "That", "This"];

/// The sentences, outer white space taken off and line feeds turned into spaces. Some are empty
/// where marks follow on one another; the last one never is.
pub fn split(text: &str) -> Vec<String> {
    let mut text = format!(" {}  ", text.replace('\n', " "));
    if memchr(b'.', text.as_bytes()).is_some() {
        settle_dots(&mut text);
    }
    swap(&mut text, ".”", "”.");
    for (from, to) in [(".\"", "\"."), ("!\"", "\"!"), ("?\"", "\"?")] {
        swap(&mut text, from, to);
    }
    let mut sentences = Vec::new();
    for piece in text.split(END) {
        let mut rest = piece;
        while let Some(mark) = rest.find(['.', '?', '!']) {
            let (sentence, after) = rest.split_at(mark + 1);
            sentences.push(strip(&sentence.replace(DOT, ".")).to_owned());
            rest = after;
        }
        sentences.push(strip(&rest.replace(DOT, ".")).to_owned());
    }
    if sentences.last().is_some_and(String::is_empty) {
        sentences.pop();
    }
    sentences
}

fn swap(text: &mut String, from: &str, to: &str) {
    if text.contains(from) {
        *text = text.replace(from, to);
    }
}

/// One rewriting: the bytes of `span` become `with`, and the pass goes on at `next`.
struct Edit {
    span: Range<usize>,
    with: Cow<'static, str>,
    next: usize,
}

/// The full stop at `dot` is none; the pass goes on at `next`.
fn inner(dot: usize, next: usize) -> Option<Edit> {
    Some(Edit { span: dot..dot + 1, with: Cow::Borrowed(DOT), next })
}

/// Runs one pass: `edit` is asked about each full stop, with the first byte that is still free.
fn pass(text: &mut String, edit: impl Fn(&str, usize, usize) -> Option<Edit>) {
    let mut out = String::new();
    let (mut copied, mut free, mut at) = (0, 0, 0);
    while let Some(found) = memchr(b'.', &text.as_bytes()[at..]) {
        let dot = at + found;
        at = dot + 1;
        if let Some(Edit { span, with, next }) = edit(text, dot, free) {
            out.push_str(&text[copied..span.start]);
            out.push_str(&with);
            (copied, free, at) = (span.end, next, next);
        }
    }
    if copied > 0 {
        out.push_str(&text[copied..]);
        *text = out;
    }
}

/// All passes over full stops.
fn settle_dots(text: &mut String) {
    pass(text, |text, dot, _| {
        TITLES.iter().any(|title| text[..dot].ends_with(title)).then(|| inner(dot, dot + 1))?
    });
    pass(text, |text, dot, _| {
        let after = &text[dot + 1..];
        DOMAINS.iter().any(|domain| after.starts_with(domain)).then(|| inner(dot, dot + 1))?
    });
    pass(text, |text, dot, free| {
        let digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        (dot > free && digit(dot - 1) && digit(dot + 1)).then(|| inner(dot, dot + 2))?
    });
    pass(text, |text, dot, _| {
        let run = text.as_bytes()[dot..].iter().take_while(|byte| **byte == b'.').count();
        let with = || Cow::Owned(DOT.repeat(run) + END);
        (run > 1).then(|| Edit { span: dot..dot + run, with: with(), next: dot + run })
    });
    swap(text, "Ph.D.", "Ph<prd>D<prd>");
    pass(text, initial);
    pass(text, acronym);
    pass(text, |text, dot, free| letters(text, dot, free, 3));
    pass(text, |text, dot, free| letters(text, dot, free, 2));
    pass(text, |text, dot, free| {
        let company = COMPANIES.iter().find(|company| text[..dot].ends_with(*company))?;
        let opener = opener(text[dot + 1..].strip_prefix(' ')?)?;
        let next = dot + 2 + opener;
        let edit = Edit { span: dot..dot + 1, with: Cow::Borrowed(END), next };
        (dot - company.len() >= free).then_some(edit)
    });
    pass(text, |text, dot, _| {
        let company = COMPANIES.iter().any(|company| text[..dot].ends_with(company));
        company.then(|| inner(dot, dot + 1))?
    });
    pass(text, |text, dot, _| {
        let single = letter(text, dot.checked_sub(1)?) && text[..dot - 1].ends_with(' ');
        single.then(|| inner(dot, dot + 1))?
    });
}

fn letter(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic)
}

/// A letter with white space before it and a space behind its full stop.
fn initial(text: &str, dot: usize, free: usize) -> Option<Edit> {
    let at = dot.checked_sub(1).filter(|at| letter(text, *at))?;
    let space = text[..at].chars().next_back().filter(|c| is_space(*c))?;
    let start = at - space.len_utf8();
    if start < free || !text[dot + 1..].starts_with(' ') {
        return None;
    }
    let with = Cow::Owned(format!(" {}{DOT} ", &text[at..dot]));
    Some(Edit { span: start..dot + 2, with, next: dot + 2 })
}

/// The last full stop of `U.S.` or the like before a word that starts a sentence.
fn acronym(text: &str, dot: usize, _: usize) -> Option<Edit> {
    let before = text.as_bytes().get(dot.checked_sub(3)?..dot)?;
    let capitals = before[0].is_ascii_uppercase() && before[2].is_ascii_uppercase();
    if !capitals || before[1] != b'.' {
        return None;
    }
    opener(text[dot + 1..].strip_prefix(' ')?)?;
    Some(Edit { span: dot + 1..dot + 1, with: Cow::Borrowed(END), next: dot + 1 })
}

/// `n` letters, each with a full stop behind it, from the one at `dot` on.
fn letters(text: &str, dot: usize, free: usize, n: usize) -> Option<Edit> {
    let start = dot.checked_sub(1).filter(|start| *start >= free)?;
    let bytes = text.as_bytes();
    let fits = (0..n).all(|i| letter(text, start + 2 * i) && bytes.get(dot + 2 * i) == Some(&b'.'));
    let end = start + 2 * n;
    fits.then(|| Edit { span: dot..end, with: text[dot..end].replace('.', DOT).into(), next: end })
}

/// How many bytes of a word that opens a sentence `text` starts with.
fn opener(text: &str) -> Option<usize> {
    if let Some(title) = OPENERS.iter().find(|title| text.starts_with(*title)) {
        return Some(title.len());
    }
    WORD_OPENERS.iter().find_map(|word| {
        let space = text.strip_prefix(word)?.chars().next().filter(|c| is_space(*c))?;
        Some(word.len() + space.len_utf8())
    })
}

#[cfg(test)]
mod tests {
    use super::super::goldens;
    use super::*;

    #[test]
    fn sentences_are_the_recorded_ones() {
        let mut wrong = Vec::new();
        let rows = goldens::each_row("components/sent_tokenize_dev.jsonl.gz", |row| {
            let text = row["text"].as_str().expect("a text");
            let found = split(text);
            if found != goldens::strings(&row["regex_split"]) {
                wrong.push(format!("{text:.80?}: {found:?}"));
            }
        });
        assert!(wrong.is_empty(), "{} of {rows}: {}", wrong.len(), wrong[0]);
    }

    #[test]
    fn full_stops_inside_sentences_are_known() {
        let cases: [(&str, &[&str]); 12] = [
            ("", &[]),
            ("One. Two", &["One.", "Two"]),
            ("Dr. Ito paid 3.50 at shop.com. Done!", &["Dr. Ito paid 3.50 at shop.com.", "Done!"]),
            ("Wait... what?!", &["Wait...", "what?", "!"]),
            ("A Ph.D. in art.", &["A Ph.D. in art."]),
            (
                "In the U.S. He left. In the U.S. we stay.",
                &["In the U.S.", "He left.", "In the U.S. we stay."],
            ),
            ("At Acme Inc. They said e.g. this.", &["At Acme Inc", "They said e.g. this."]),
            ("By J. R. R. Doe.", &["By J. R. R. Doe."]),
            ("\"Go.\" she said.", &["\"Go\".", "she said."]),
            ("Version 1.2.3 is out.", &["Version 1.2.", "3 is out."]),
            ("a<stop>b<prd>c", &["a", "b.c"]),
            ("One.\nTwo.\u{a0}", &["One.", "Two."]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text), expected, "{text:?}");
        }
    }
}
