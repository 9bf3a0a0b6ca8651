//! Fenced code blocks, and the lines outside of them.
//!
//! After CommonMark 0.31 §4.5, but at any indentation: blocks inside list items count too.

use std::ops::Range;

use crate::python::strings;
use crate::verdict::Verdict;

/// Blocks of one language that are tried before the rest is passed over.
const MOST_TRIED: usize = 64;
/// The longest block that is parsed, in bytes.
const LONGEST: usize = 1 << 20;

/// A piece of a response, in its order.
pub(super) enum Part<'t> {
    /// A line outside of all blocks, without its end.
    Line(&'t str),
    /// A fenced block.
    Fence(Fence<'t>),
}

/// A fenced block.
pub(super) struct Fence<'t> {
    /// What stands after the opening marks.
    pub(super) info: &'t str,
    /// The lines between the fences.
    pub(super) body: &'t str,
    /// Whether there is a closing fence; an open block runs to the end of the response.
    pub(super) closed: bool,
}

impl Fence<'_> {
    /// Whether the first word of the info string is `language`, in any case.
    fn is_in(&self, language: &str) -> bool {
        let word = self.info.split_ascii_whitespace().next();
        word.is_some_and(|word| strings::lower(word) == strings::lower(language))
    }
}

/// Cuts a response into blocks and lines.
pub(super) fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, after) = split_line(rest);
        rest = after;
        let Some((mark, length, info)) = opening(line) else {
            return Some(Part::Line(line));
        };
        let (body, after, closed) = split_block(rest, mark, length);
        rest = after;
        Some(Part::Fence(Fence { info, body, closed }))
    })
}

/// Where the blocks stand, fences included, in order.
pub(super) fn block_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let (line, after) = split_line(rest);
        rest = after;
        if let Some((mark, length, _)) = opening(line) {
            rest = split_block(rest, mark, length).1;
            ranges.push(start..text.len() - rest.len());
        }
    }
    ranges
}

/// The lines that lie in no block.
pub(super) fn lines_outside(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter_map(|part| match part {
        Part::Line(line) => Some(line),
        Part::Fence(_) => None,
    })
}

fn split_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    (line.strip_suffix('\r').unwrap_or(line), rest)
}

/// The mark, its length and the info string, when `line` opens a block.
fn opening(line: &str) -> Option<(u8, usize, &str)> {
    let line = line.trim_start_matches([' ', '\t']);
    let mark = *line.as_bytes().first().filter(|b| matches!(b, b'`' | b'~'))?;
    let length = run(line, mark);
    let info = strings::strip(&line[length..]);
    let inline = mark == b'`' && info.contains('`');
    (length >= 3 && !inline).then_some((mark, length, info))
}

fn run(line: &str, mark: u8) -> usize {
    line.bytes().take_while(|b| *b == mark).count()
}

/// The block's body, what follows on the block, and whether it was closed.
fn split_block(text: &str, mark: u8, length: usize) -> (&str, &str, bool) {
    let mut at = 0;
    while at < text.len() {
        let (line, rest) = split_line(&text[at..]);
        let line = strings::strip(line);
        let marks = run(line, mark);
        if marks >= length && marks == line.len() {
            return (&text[..at], rest, true);
        }
        at = text.len() - rest.len();
    }
    (text, "", false)
}

/// The verdict on the best closed block in one of `languages`, the first of which names them.
pub(super) fn best_block(
    response: &str,
    languages: &[&str],
    judge: impl Fn(&str) -> Verdict,
) -> Verdict {
    let mut best: Option<Verdict> = None;
    let mut open = false;
    let mut tried = 0;
    for part in parts(response) {
        let Part::Fence(fence) = part else { continue };
        if !languages.iter().any(|language| fence.is_in(language)) {
            continue;
        }
        if !fence.closed {
            open = true;
            continue;
        }
        tried += 1;
        let verdict = match fence.body.len() {
            0..=LONGEST => judge(fence.body),
            length => Verdict::fail(format!("a block of {length} bytes, {LONGEST} are read")),
        };
        if verdict.satisfied || tried == MOST_TRIED {
            best = Some(better(best, verdict));
            break;
        }
        best = Some(better(best, verdict));
    }
    let name = languages[0];
    best.unwrap_or_else(|| match open {
        true => Verdict::fail(format!("the {name} block is not closed")),
        false => Verdict::fail(format!("no fenced {name} block")),
    })
}

fn better(best: Option<Verdict>, next: Verdict) -> Verdict {
    match best {
        Some(best) if best.degree >= next.degree => best,
        _ => next,
    }
}

/// Not satisfied, but so near.
pub(super) fn partly(degree: f32, note: String) -> Verdict {
    Verdict { degree: degree.min(0.99), ..Verdict::fail(note) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<String> {
        let show = |part| match part {
            Part::Line(line) => format!("line {line}"),
            Part::Fence(f) => format!("{} [{}] {}", f.info, f.body, f.closed),
        };
        parts(text).map(show).collect()
    }

    #[test]
    fn blocks_are_cut_out() {
        let text = "a\r\n``` json x\n{}\n``\n```\nb\n  ~~~~\n```\n~~~\n~~~~~\n``` a`\n```py\nrest";
        let expected =
            ["line a", "json x [{}\n``\n] true", "line b", " [```\n~~~\n] true", "line ``` a`"];
        let found = shape(text);
        assert_eq!(found[..5], expected);
        assert_eq!(found[5..], ["py [rest] false"]);
        assert_eq!(shape("```\n```"), [" [] true"]);
        assert_eq!(shape(""), Vec::<String>::new());
        let blocks: Vec<&str> = block_ranges(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(blocks.len(), 3);
        assert_eq!(blocks[0], "``` json x\n{}\n``\n```\n");
        assert_eq!(blocks[2], "```py\nrest");
    }

    #[test]
    fn the_best_block_speaks() {
        let judge = |body: &str| match body {
            "good\n" => Verdict::pass("good"),
            "half\n" => partly(0.5, "half".to_owned()),
            _ => Verdict::fail("bad"),
        };
        let text = "```a\nbad\n```\n```A\nhalf\n```\n```b\ngood\n```\n";
        assert_eq!(best_block(text, &["a"], judge).reason.to_string(), "half");
        assert!(best_block(text, &["a", "b"], judge).satisfied);
        let none = best_block("```a\ngood", &["a"], judge).reason.to_string();
        assert_eq!(none, "the a block is not closed");
    }
}
