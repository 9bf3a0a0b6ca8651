//! Counts that follow the official IFEval scorer to the letter. Its patterns are quoted beside each
//! scan; the scans give what `re.findall` and `re.split` give, in linear time.

use memchr::{memchr, memchr2, memmem};

use crate::python::chars::is_space;
use crate::python::strings::strip;

/// The pieces between `\s?\*\*\*\s?`, a blank first or last one not counted; `None` when a blank
/// piece stands between others, which the official scorer never accepts.
pub fn star_paragraphs(text: &str) -> Option<u64> {
    let mut rest = Some(text);
    let (mut found, mut first) = (0, true);
    while let Some(piece) = rest {
        let stars = memmem::find(piece.as_bytes(), b"***");
        rest = stars.map(|at| &piece[at + 3..]);
        // The white space that goes with a separator cannot make a piece blank or not blank.
        if !strip(&piece[..stars.unwrap_or(piece.len())]).is_empty() {
            found += 1;
        } else if !first && rest.is_some() {
            return None;
        }
        first = false;
    }
    Some(found)
}

/// Matches of `^\s*\*[^\*].*$` and of `^\s*-.*$`, `^` and `$` at line ends.
pub(super) fn bullets(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut found = 0;
    // Two patterns are searched one after the other: a match of one does not hide one of the other.
    for marker in [b'*', b'-'] {
        let mut line = Some(0);
        while let Some(start) = line {
            let mark = skip_space(text, start);
            let mut end = mark;
            if bytes.get(mark) == Some(&marker) {
                // The one character after a star may be a line end: then the next line goes too.
                let next = text[mark + 1..].chars().next().filter(|&c| c != '*');
                found += usize::from(marker == b'-' || next.is_some());
                end += 1 + next.map_or(0, |c| if marker == b'*' { c.len_utf8() } else { 0 });
            }
            line = memchr(b'\n', &bytes[end..]).map(|at| end + at + 1);
        }
    }
    found
}

fn skip_space(text: &str, from: usize) -> usize {
    let rest = &text[from..];
    from + rest.find(|c| !is_space(c)).unwrap_or(rest.len())
}

/// Matches of `\[.*?\]`.
pub(super) fn placeholders(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (0, 0);
    while let Some(open) = memchr(b'[', &bytes[at..]) {
        let inside = at + open + 1;
        let Some(stop) = memchr2(b']', b'\n', &bytes[inside..]) else { break };
        found += usize::from(bytes[inside + stop] == b']');
        at = inside + stop + 1;
    }
    found
}

/// Matches of `\*[^\n\*]*\*` and of `\*\*[^\n\*]*\*\*` that are not blank inside.
pub(super) fn highlights(text: &str) -> usize {
    single_highlights(text) + double_highlights(text)
}

fn single_highlights(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (0, 0);
    while let Some(open) = memchr(b'*', &bytes[at..]) {
        let inside = at + open + 1;
        let Some(stop) = memchr2(b'*', b'\n', &bytes[inside..]) else { break };
        let end = inside + stop;
        found += usize::from(bytes[end] == b'*' && !strip(&text[inside..end]).is_empty());
        at = end + 1;
    }
    found
}

fn double_highlights(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (0, 0);
    while let Some(open) = memmem::find(&bytes[at..], b"**") {
        let inside = at + open + 2;
        let Some(stop) = memchr2(b'*', b'\n', &bytes[inside..]) else { break };
        let end = inside + stop;
        if bytes[end..].starts_with(b"**") {
            found += usize::from(!strip(&text[inside..end]).is_empty());
            at = end + 2;
        } else {
            // A third star directly behind the two may open a match one byte later.
            at = if stop == 0 { inside - 1 } else { end };
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_paragraphs_as_recorded() {
        let cases = [
            ("", Some(0)),
            ("a", Some(1)),
            ("a\n***\nb", Some(2)),
            ("***\na\n***\nb\n***", Some(2)),
            ("a\n***\n \n***\nb", None),
            ("a****b", Some(2)),
            ("***", Some(0)),
            ("******", None),
            ("*** a ******", None),
        ];
        for (text, expected) in cases {
            assert_eq!(star_paragraphs(text), expected, "{text:?}");
        }
    }

    #[test]
    fn bullets_cross_line_ends_as_the_pattern_does() {
        let cases = [
            ("* a\n* b\n- c", 3),
            ("**bold** start", 0),
            ("---", 1),
            ("text * a", 0),
            ("\n\n  * a", 1),
            ("*\n* b", 1),
            ("*\n\n* b", 2),
            ("*", 0),
            ("*\n", 1),
            ("*\n\n", 1),
            ("* a\u{a0}\n\u{2003}- b", 2),
        ];
        for (text, expected) in cases {
            assert_eq!(bullets(text), expected, "{text:?}");
        }
    }

    #[test]
    fn placeholders_stay_on_a_line() {
        let cases = [("[a] [] [b", 2), ("[a\nb]", 0), ("[[a]]", 1), ("[a\n[b]", 1), ("]", 0)];
        for (text, expected) in cases {
            assert_eq!(placeholders(text), expected, "{text:?}");
        }
    }

    #[test]
    fn highlights_single_and_double() {
        let cases = [
            ("*a*", 1),
            ("**a**", 1),
            ("***a***", 2),
            ("* a * b", 1),
            ("*a\nb*", 0),
            ("** **", 0),
            ("*a* and **b**", 2),
            ("***a**", 2),
        ];
        for (text, expected) in cases {
            assert_eq!(highlights(text), expected, "{text:?}");
        }
    }

    /// The recorded verdicts of the official scorer for the four rules that these counts decide.
    #[test]
    fn recorded_verdicts() {
        use std::io::Read as _;
        let beside = || format!("{}/../../shared/data", env!("CARGO_MANIFEST_DIR"));
        let data = std::env::var("HEEDFUL_DATA").unwrap_or_else(|_| beside());
        let path = format!("{data}/golden/golden_ifeval_dev.jsonl.gz");
        let Ok(file) = std::fs::File::open(&path) else {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{path} is missing");
            println!("SKIPPED: {path} is missing");
            return;
        };
        let mut rows = String::new();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut rows).expect("unpacks");
        let mut seen = 0;
        for row in rows.lines() {
            let row: serde_json::Value = serde_json::from_str(row).expect("a row");
            let text = row["response"].as_str().expect("a response");
            let asked = |key: &str| row["kwargs"][key].as_u64().expect("a count");
            let held = match row["instruction_id"].as_str().expect("an id") {
                "detectable_format:number_bullet_lists" => {
                    bullets(text) as u64 == asked("num_bullets")
                }
                "detectable_format:number_highlighted_sections" => {
                    highlights(text) as u64 >= asked("num_highlights")
                }
                "detectable_content:number_placeholders" => {
                    placeholders(text) as u64 >= asked("num_placeholders")
                }
                "length_constraints:number_paragraphs" => {
                    star_paragraphs(text) == Some(asked("num_paragraphs"))
                }
                _ => continue,
            };
            seen += 1;
            let held = held && !strip(text).is_empty();
            assert_eq!(held, row["strict"].as_bool().expect("a verdict"), "row {}", row["id"]);
        }
        assert!(seen > 1000, "only {seen} rows");
    }
}
