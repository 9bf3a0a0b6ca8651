//! A Rust source text with its comments and literals blanked, and the little that is read from it.

use std::ops::Range;

/// A file of the tree.
pub(crate) struct Source {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// For Rust, the text with every comment, string and character replaced by as many blanks, so
    /// that offsets and lines are those of `text`. Else the text itself.
    pub(crate) code: String,
    /// Whether all of it is test code.
    pub(crate) is_test: bool,
}

impl Source {
    pub(crate) fn new(path: impl Into<String>, text: impl Into<String>) -> Source {
        let (path, text) = (path.into(), text.into());
        let code = if path.ends_with(".rs") { blank(&text) } else { text.clone() };
        let is_test = path.starts_with("tests/") || path.split('/').any(|part| part == "benches");
        Source { path, text, code, is_test }
    }

    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The code that is compiled into the crate: test items are blanked as well.
    pub(crate) fn shipped(&self) -> String {
        let mut code = self.code.clone().into_bytes();
        for range in test_items(&self.code) {
            code[range].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        String::from_utf8(code).expect("whole items are blanked, so no character is cut")
    }
}

/// The line of a byte offset, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Whether a byte can stand in an identifier.
pub(crate) fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Offsets at which the identifier `word` stands in `code`.
pub(crate) fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let joined_before = at > 0 && is_word(bytes[at - 1]);
        let joined_after = bytes.get(at + word.len()).is_some_and(|byte| is_word(*byte));
        !joined_before && !joined_after
    })
}

/// Replaces comments and literals by blanks; line ends stay.
fn blank(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        let end = token_end(text.as_bytes(), at);
        if let Some(end) = end {
            code[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at = end.unwrap_or(at + 1);
    }
    String::from_utf8(code).expect("whole tokens are blanked, so no character is cut")
}

/// The end of the comment or literal that starts at `at`, if one does.
fn token_end(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..];
    let fresh = at == 0 || !is_word(text[at - 1]);
    match rest[0] {
        b'/' if rest.starts_with(b"//") => Some(at + until(rest, b"\n", 0)),
        b'/' if rest.starts_with(b"/*") => Some(at + nested_comment(rest)),
        b'"' => Some(at + quoted(rest, b'"')),
        b'\'' => character(rest).map(|length| at + length),
        b'r' | b'b' | b'c' if fresh => raw_string(rest).map(|length| at + length),
        _ => None,
    }
}

/// The length up to the end of the first `mark` at or after `from`, or to the end.
fn until(text: &[u8], mark: &[u8], from: usize) -> usize {
    let found = text[from..].windows(mark.len()).position(|window| window == mark);
    found.map_or(text.len(), |at| from + at + mark.len())
}

fn nested_comment(text: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The length of a literal with escapes, both quotes included.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// The length of a character literal; a lifetime has none.
fn character(text: &[u8]) -> Option<usize> {
    let next = *text.get(1)?;
    if next == b'\\' {
        return Some(quoted(text, b'\''));
    }
    let width = match next {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    };
    (text.get(1 + width) == Some(&b'\'')).then_some(2 + width)
}

/// The length of a raw string (`r"…"`, `br#"…"#`); other prefixed literals start at their quote.
fn raw_string(text: &[u8]) -> Option<usize> {
    let prefix = text.iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let hashes = text[prefix..].iter().take_while(|byte| **byte == b'#').count();
    let opened = text.get(prefix + hashes) == Some(&b'"') && text[..prefix].contains(&b'r');
    let close = [b"\"".as_slice(), &text[prefix..prefix + hashes]].concat();
    opened.then(|| until(text, &close, prefix + hashes + 1))
}

/// The offset just after the brace that closes the one at `open`.
pub(crate) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// The end of the item that starts at `from`: after its `;`, or after its braces.
pub(crate) fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth <= 0 => return at + 1,
            b'{' if depth <= 0 => return closing(code, at),
            _ => {}
        }
    }
    code.len()
}

/// The items under `#[cfg(test)]`.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let starts = code.match_indices("#[cfg(test)]").map(|(at, _)| at);
    starts.map(|at| at..item_end(code, at)).collect()
}

/// Where a file's child modules lie: `a/lib.rs` and `a/mod.rs` in `a/`, `a/b.rs` in `a/b/`.
fn children(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').map_or(("", path), |(folder, file)| (folder, file));
    let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder,
        _ => format!("{folder}{}/", file.trim_end_matches(".rs")),
    }
}

/// The paths that the `mod` lines in `range` of a file's code stand for.
fn declared_in(file: &Source, range: Range<usize>) -> Vec<String> {
    let mut paths = Vec::new();
    let folder = children(&file.path);
    let code = &file.code[range.clone()];
    for at in words(code, "mod") {
        let rest = code[at + 3..].trim_start();
        let name: String = rest.chars().take_while(|c| *c == '_' || c.is_alphanumeric()).collect();
        if name.is_empty() || !rest[name.len()..].trim_start().starts_with(';') {
            continue;
        }
        let before = &file.text[..range.start + at];
        match before.rsplit_once("#[path = \"") {
            Some((_, tail)) if !tail.contains(['{', '}', ';']) => {
                let at = file.path.rfind('/').map_or(0, |slash| slash + 1);
                let named = tail.split('"').next().unwrap_or_default();
                paths.push(format!("{}{named}", &file.path[..at]));
            }
            _ => {
                paths.push(format!("{folder}{name}.rs"));
                paths.push(format!("{folder}{name}/mod.rs"));
            }
        }
    }
    paths
}

/// The paths that a file's `mod` lines and the rows of a `rules!` list stand for.
pub(crate) fn declared(file: &Source) -> Vec<String> {
    if !file.is_rust() {
        return Vec::new();
    }
    let mut paths = declared_in(file, 0..file.code.len());
    if let Some((_, rows)) = file.code.split_once("\nrules! {") {
        let names = rows.lines().filter_map(|row| row.split_once(':')).map(|(name, _)| name.trim());
        let folder = children(&file.path);
        paths.extend(names.map(|name| format!("{folder}{name}.rs")));
    }
    paths
}

/// Marks the files that only `#[cfg(test)]` modules bring in.
pub(crate) fn mark_tests(files: &mut [Source]) {
    let mut tests: Vec<String> = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let items = test_items(&file.code).into_iter();
        tests.extend(items.flat_map(|range| declared_in(file, range)));
    }
    for file in files {
        let inside = |test: &String| file.path == *test || file.path.starts_with(&children(test));
        file.is_test = file.is_test || tests.iter().any(inside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked() {
        let text = "a /* { /* } */ \" */ b // }\nc \"{ \\\" }\" 'x' '\\'' 'é' d<'t> \
                    r#\"}\"{\"# br\"\\\" e";
        let code = Source::new("a.rs", text).code;
        assert_eq!(code.len(), text.len());
        let left: Vec<&str> = code.split_whitespace().collect();
        assert_eq!(left, ["a", "b", "c", "d<'t>", "e"]);
        assert_eq!(line_of(&code, code.find('c').unwrap()), 2);
    }

    #[test]
    fn test_items_are_not_shipped() {
        let text =
            "use a;\n#[cfg(test)]\nuse b;\n#[cfg(test)]\nmod tests {\n fn c() {}\n}\nfn d() {}";
        let shipped = Source::new("x.rs", text).shipped();
        assert!(shipped.contains("use a;") && shipped.contains("fn d"));
        assert!(!shipped.contains("use b") && !shipped.contains("fn c"));
    }

    #[test]
    fn test_files_are_known_by_their_declaration() {
        let mut files = vec![
            Source::new("a/lib.rs", "mod b;\n#[cfg(test)]\nmod c;"),
            Source::new("a/b.rs", "#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;"),
            Source::new("a/b_tests.rs", ""),
            Source::new("a/c.rs", ""),
            Source::new("a/c/deep.rs", ""),
            Source::new("a/d.rs", ""),
        ];
        mark_tests(&mut files);
        let tests: Vec<&str> =
            files.iter().filter(|file| file.is_test).map(|file| file.path.as_str()).collect();
        assert_eq!(tests, ["a/b_tests.rs", "a/c.rs", "a/c/deep.rs"]);
    }

    #[test]
    fn module_lines_become_paths() {
        let file = Source::new("a/b.rs", "mod c;\n// mod d;\nmod e { }\npub mod f;");
        let paths = ["a/b/c.rs", "a/b/c/mod.rs", "a/b/f.rs", "a/b/f/mod.rs"];
        assert_eq!(declared(&file), paths);
        let list = Source::new("r/mod.rs", "rules! {}\nrules! {\n    one: RULE;\n    two: A B;\n}");
        assert_eq!(declared(&list), ["r/one.rs", "r/two.rs"]);
    }
}
