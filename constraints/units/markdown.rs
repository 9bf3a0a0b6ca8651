//! Markdown that can be told line by line: fences, headings, lists, tables, quotes, links, bold.

use memchr::{memchr, memmem};

use crate::python::strings::{rstrip, strip};

/// A line and where it stands with regard to fenced code.
enum Line<'t> {
    /// Outside fenced code.
    Plain(&'t str),
    /// An opening fence, or a line inside.
    Code,
    /// The fence that closes a block.
    Closed,
}

/// The lines of a text, fences understood. A fence is three or more backticks or tildes after an
/// optional indent; only a bare fence of the same character and at least that length closes it. A
/// fence that is never closed makes everything after it code.
struct Lines<'t> {
    lines: std::str::Split<'t, char>,
    open: Option<(u8, usize)>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Lines { lines: text.split('\n'), open: None }
    }
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let line = self.lines.next()?;
        let fence = fence(line);
        match (self.open, fence) {
            (None, None) => Some(Line::Plain(line)),
            (None, Some((mark, length, _))) => {
                self.open = Some((mark, length));
                Some(Line::Code)
            }
            (Some((mark, length)), Some((other, closing, true)))
                if mark == other && closing >= length =>
            {
                self.open = None;
                Some(Line::Closed)
            }
            (Some(_), _) => Some(Line::Code),
        }
    }
}

/// The character and length of the fence on this line, and whether nothing follows it.
fn fence(line: &str) -> Option<(u8, usize, bool)> {
    let line = unindented(line);
    let mark = *line.as_bytes().first().filter(|b| matches!(b, b'`' | b'~'))?;
    let length = line.bytes().take_while(|b| *b == mark).count();
    let info = &line[length..];
    // Backticks in the info string make it inline code.
    let block = length >= 3 && (mark == b'~' || memchr(b'`', info.as_bytes()).is_none());
    block.then(|| (mark, length, strip(info).is_empty()))
}

fn unindented(line: &str) -> &str {
    line.trim_start_matches([' ', '\t'])
}

/// The lines outside fenced code.
fn plain(text: &str) -> impl Iterator<Item = &str> {
    Lines::of(text).filter_map(|line| match line {
        Line::Plain(line) => Some(line),
        _ => None,
    })
}

/// Fenced blocks that are closed.
pub(super) fn code_blocks(text: &str) -> usize {
    Lines::of(text).filter(|line| matches!(line, Line::Closed)).count()
}

/// Lines of one to six `#`, white space and some text.
pub(super) fn headings(text: &str) -> usize {
    plain(text).filter(|line| is_heading(line)).count()
}

fn is_heading(line: &str) -> bool {
    let text = line.trim_start_matches('#');
    (1..=6).contains(&(line.len() - text.len()))
        && text.starts_with([' ', '\t'])
        && !strip(text).is_empty()
}

/// The texts of the list items outside fenced code.
pub(super) fn list_items(text: &str) -> impl Iterator<Item = &str> {
    plain(text).filter_map(list_item)
}

/// The text of a list item behind its marker; `None` when the line is none.
///
/// An item is an optional indent of spaces and tabs, a marker, at least one space or tab, and some
/// text. Markers are `-`, `*`, `+`, `•`; one to three digits with `.` or `)` behind, or in round
/// brackets; one ASCII letter with `)` behind or in round brackets; a Roman numeral up to 39 with
/// `.` or `)` behind or in round brackets. A rule such as `* * *` is no item.
pub fn list_item(line: &str) -> Option<&str> {
    let line = rstrip(unindented(line));
    let (marker, text) = line.split_once([' ', '\t'])?;
    let bullet = matches!(marker, "-" | "*" | "+" | "•");
    let ruled = |c: char| marker.starts_with(c) || matches!(c, ' ' | '\t');
    let item = if bullet { !text.chars().all(ruled) } else { is_enumerator(marker) };
    item.then(|| strip(text))
}

fn is_enumerator(marker: &str) -> bool {
    if let Some(inner) = marker.strip_prefix('(') {
        return inner
            .strip_suffix(')')
            .is_some_and(|x| is_number(x) || is_letter(x) || is_roman(x));
    }
    if let Some(label) = marker.strip_suffix(')') {
        return is_number(label) || is_letter(label) || is_roman(label);
    }
    marker.strip_suffix('.').is_some_and(|label| is_number(label) || is_roman(label))
}

fn is_number(label: &str) -> bool {
    (1..=3).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_digit())
}

fn is_letter(label: &str) -> bool {
    label.len() == 1 && label.as_bytes()[0].is_ascii_alphabetic()
}

/// Whether this is one of 1 to 39 in Roman numerals of one case.
fn is_roman(label: &str) -> bool {
    let lower = label.bytes().all(|b| matches!(b, b'i' | b'v' | b'x'));
    let upper = label.bytes().all(|b| matches!(b, b'I' | b'V' | b'X'));
    if label.is_empty() || !(lower || upper) {
        return false;
    }
    let [one, five, ten] = if lower { ['i', 'v', 'x'] } else { ['I', 'V', 'X'] };
    // At most three tens, of which the last may be that of a nine.
    let units = label.trim_start_matches(ten);
    if label.len() - units.len() > 3 {
        return false;
    }
    let mut pair = units.chars();
    if pair.next() == Some(one) && matches!(pair.next(), Some(c) if c == five || c == ten) {
        return units.len() == 2;
    }
    let ones = units.strip_prefix(five).unwrap_or(units);
    ones.len() <= 3 && ones.chars().all(|c| c == one)
}

/// Lines with a `|` directly below the delimiter row of a table, up to the first without one. The
/// delimiter row must have as many cells as the line above it, and a `|` in both.
pub(super) fn table_rows(text: &str) -> usize {
    let (mut rows, mut inside) = (0, false);
    let mut above: Option<usize> = None;
    for line in Lines::of(text) {
        let Line::Plain(line) = line else {
            (inside, above) = (false, None);
            continue;
        };
        let cells = cells(line);
        if inside && cells.is_some() {
            rows += 1;
            continue;
        }
        inside = cells.is_some() && cells == above && is_delimiter(line);
        above = if inside { None } else { cells };
    }
    rows
}

/// The number of cells of a table line; `None` when it has no `|` that is not escaped.
fn cells(line: &str) -> Option<usize> {
    let line = strip(line);
    let (mut bars, mut escaped, mut last) = (0, false, 0);
    for (at, byte) in line.bytes().enumerate() {
        if byte == b'|' && !escaped {
            bars += 1;
            last = at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    let outer = usize::from(line.starts_with('|')) + usize::from(bars > 1 && last == line.len());
    (bars > 0).then(|| (bars + 1 - outer.min(bars)).max(1))
}

fn is_delimiter(line: &str) -> bool {
    let line = strip(line);
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split('|').all(|cell| {
        let cell = strip(cell);
        let cell = cell.strip_prefix(':').unwrap_or(cell);
        let dashes = cell.strip_suffix(':').unwrap_or(cell);
        !dashes.is_empty() && dashes.bytes().all(|b| b == b'-')
    })
}

/// Runs of lines that start with `>`.
pub(super) fn block_quotes(text: &str) -> usize {
    let (mut found, mut inside) = (0, false);
    for line in Lines::of(text) {
        let quoted = matches!(line, Line::Plain(line) if unindented(line).starts_with('>'));
        found += usize::from(quoted && !inside);
        inside = quoted;
    }
    found
}

/// `**…**` on one line, not blank, without white space at the inner ends. Three stars or more are
/// bold too.
pub(super) fn bold(text: &str) -> usize {
    plain(text).map(bold_in_line).sum()
}

fn bold_in_line(line: &str) -> usize {
    let (mut found, mut at) = (0, 0);
    let mut open = false;
    while let Some(stars) = memmem::find(&line.as_bytes()[at..], b"**") {
        let start = at + stars;
        let behind = line[start..].trim_start_matches('*');
        at = line.len() - behind.len();
        let after_text = line[..start].chars().next_back().is_some_and(|c| !c.is_whitespace());
        if open && after_text {
            found += 1;
            open = false;
        } else if !open {
            open = behind.chars().next().is_some_and(|c| !c.is_whitespace());
        }
    }
    found
}

/// `[text](target)`, neither part blank, no bracket inside the text, no image.
pub(super) fn links(text: &str) -> usize {
    plain(text).map(links_in_line).sum()
}

fn links_in_line(line: &str) -> usize {
    let (mut found, mut at) = (0, 0);
    while let Some(middle) = memmem::find(&line.as_bytes()[at..], b"](") {
        let close = at + middle;
        let target = close + 2;
        let Some(length) = memchr(b')', &line.as_bytes()[target..]) else { break };
        let before = &line[at..close];
        if let Some(open) = before.rfind(['[', ']']).filter(|i| before[*i..].starts_with('[')) {
            let image = before[..open].ends_with('!');
            let blank = strip(&before[open + 1..]).is_empty()
                || strip(&line[target..target + length]).is_empty();
            found += usize::from(!image && !blank);
        }
        at = target + length + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(count: fn(&str) -> usize, cases: &[(&str, usize)]) {
        for (text, expected) in cases {
            assert_eq!(count(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn fences_open_close_and_hide() {
        table(
            code_blocks,
            &[
                ("```\na\n```", 1),
                ("```rust\na\n```\n\n~~~\nb\n~~~~", 2),
                ("```\na", 0),
                ("````\n```\n````", 1),
                ("```a``` inline", 0),
                ("  ```\n  a\n  ```  \r\n", 1),
                ("```\n~~~\n```", 1),
            ],
        );
        table(headings, &[("```\n# a\n```\n# b", 1), ("```\n# a", 0)]);
    }

    #[test]
    fn headings_need_a_space_and_a_text() {
        table(
            headings,
            &[("# a\n## b\n###### c", 3), ("####### d", 0), ("#a", 0), ("# ", 0), (" # a", 0)],
        );
    }

    #[test]
    fn list_markers() {
        let items = [
            "- a", "* a", "+ a", "• a", "  - a", "\t1. a", "12) a", "(3) a", "a) b", "(b) c",
            "i. a", "iv) a", "XXXIX. a", "xix. a", "ix. a", "- [ ] a", "- -a", "viii. a",
        ];
        for item in items {
            assert!(list_item(item).is_some(), "{item:?}");
        }
        let others = [
            "", "-", "- ", "-a", "1.a", "1. ", "2024. a", "* * *", "- - -", "a. b", "iiii. a",
            "xxxx. a", "ixi. a", "c. 1900", "(x", "1.5 a", "**a** b", "A cat", "vx. a", "xxxix",
            "iX. a",
        ];
        for other in others {
            assert_eq!(list_item(other), None, "{other:?}");
        }
        assert_eq!(list_item("  2)  two words \r"), Some("two words"));
        table(|text| list_items(text).count(), &[("- a\nb\n1. c\n```\n- d\n```", 2)]);
    }

    #[test]
    fn rows_below_the_head() {
        table(
            table_rows,
            &[
                ("| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n\n| 5 | 6 |", 2),
                ("a | b\n--|--\n1 | 2\nend", 1),
                ("| a |\n|---|\n| 1 |", 1),
                ("| a | b |\n|---|\n| 1 | 2 |", 0),
                ("|---|---|\n| 1 | 2 |", 0),
                ("| a | b |\n| 1 | 2 |", 0),
                ("```\n| a |\n|---|\n| 1 |\n```", 0),
                ("| a\\| | b |\n|---|---|\n| 1 | 2 |", 1),
                ("|a|\n|-|\n|---|", 1),
                ("---\na\n---", 0),
            ],
        );
    }

    #[test]
    fn quotes_bold_and_links() {
        table(
            block_quotes,
            &[("> a\n> b\n\n> c", 2), ("a > b", 0), (">a\n```\n> b\n```\n  > c", 2)],
        );
        table(
            bold,
            &[
                ("**a** and **b c**", 2),
                ("** a **", 0),
                ("**a\nb**", 0),
                ("***a***", 1),
                ("**** **", 0),
                ("**a *b* c**", 1),
                ("**a** b **c", 1),
                ("*a*", 0),
                ("**a ** b**", 1),
            ],
        );
        table(
            links,
            &[
                ("[a](b) [c](d)", 2),
                ("![a](b)", 0),
                ("[](b) [a]()", 0),
                ("[a] (b)", 0),
                ("[a](b", 0),
                ("a](b)", 0),
                ("[[a]](b)", 0),
                ("[x] [a](b \"t\")", 1),
                ("[a\nb](c)", 0),
            ],
        );
    }
}
