//! What the rules are made of. Words of a rule are compared with full-width punctuation.

use super::{Fault, FaultKind};

/// The punctuation of ASCII and what the official code replaces each with. Those without a
/// full-width form there stay.
const MARKS: [(char, char); 32] = [
    ('!', '！'),
    ('"', '"'),
    ('#', '＃'),
    ('$', '＄'),
    ('%', '％'),
    ('&', '＆'),
    ('\'', '\''),
    ('(', '（'),
    (')', '）'),
    ('*', '＊'),
    ('+', '+'),
    (',', '，'),
    ('-', '-'),
    ('.', '。'),
    ('/', '/'),
    (':', '：'),
    (';', '；'),
    ('<', '<'),
    ('=', '='),
    ('>', '>'),
    ('?', '？'),
    ('@', '@'),
    ('[', '['),
    ('\\', '＼'),
    (']', ']'),
    ('^', '＾'),
    ('_', '_'),
    ('`', '`'),
    ('{', '{'),
    ('|', '|'),
    ('}', '}'),
    ('~', '~'),
];

/// `text` with full-width punctuation, and with straight quotation marks for curly ones.
pub(super) fn fullwidth(text: &str) -> String {
    let replace = |c: char| match c {
        '“' | '”' => '"',
        _ if c.is_ascii_punctuation() => {
            MARKS.iter().find(|(mark, _)| *mark == c).map_or(c, |(_, wide)| *wide)
        }
        _ => c,
    };
    text.chars().map(replace).collect()
}

/// `text` without line ends before it and, if quotation marks or backticks stand at both ends,
/// without them. The two need not be of a kind, and may be the same character.
pub(super) fn unquoted(text: &str) -> Result<&str, Fault> {
    if text.is_empty() {
        return Ok(text);
    }
    let text = text.trim_start_matches('\n');
    if text.is_empty() {
        return Err(Fault::new(FaultKind::Index, "an object of line ends alone"));
    }
    if !(text.starts_with(['"', '“', '`']) && text.ends_with(['"', '”', '`'])) {
        return Ok(text);
    }
    let mut inner = text.chars();
    inner.next();
    inner.next_back();
    Ok(inner.as_str())
}

/// Whether all of `words` occur in `text`.
pub(super) fn has_all(text: &str, words: &[&str]) -> bool {
    words.iter().all(|word| text.contains(&fullwidth(word)))
}

/// Whether none of `words` occurs in `text`.
pub(super) fn has_none(text: &str, words: &[&str]) -> bool {
    !words.iter().any(|word| text.contains(&fullwidth(word)))
}

/// Whether `text` begins with `beginning`.
pub(super) fn starts(text: &str, beginning: &str) -> bool {
    text.starts_with(&fullwidth(beginning))
}

/// Whether `text` ends with `end`, or with `end` and one 。 or ？.
pub(super) fn ends(text: &str, end: &str) -> bool {
    let end = fullwidth(end);
    let shorter = text.strip_suffix(['。', '？']).unwrap_or(text);
    text.ends_with(&end) || shorter.len() < text.len() && shorter.ends_with(&end)
}

/// Whether `text` has no punctuation but that of `allowed`, each a single mark.
pub(super) fn only_marks(text: &str, allowed: &[&str]) -> bool {
    let allowed: Vec<String> = allowed.iter().map(|mark| fullwidth(mark)).collect();
    let is_allowed = |c: char| allowed.iter().any(|mark| mark.chars().eq([c]));
    MARKS.iter().all(|&(_, wide)| !text.contains(wide) || is_allowed(wide))
}

/// Whether `text` is `wanted`, maybe with a full stop behind it.
pub(super) fn is_text(text: &str, wanted: &str) -> bool {
    text.strip_prefix(wanted).is_some_and(|rest| ["", "。", "."].contains(&rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_becomes_full_width() {
        assert_eq!(fullwidth("a,b.c-(“d”)\\"), "a，b。c-（\"d\"）＼");
    }

    #[test]
    fn quotation_marks_of_any_kind_come_off() {
        assert_eq!(unquoted("\n\n“a`"), Ok("a"));
        assert_eq!(unquoted("\""), Ok(""));
        assert_eq!(unquoted("”a“"), Ok("”a“"));
        assert_eq!(unquoted("```a```"), Ok("``a``"));
        assert_eq!(unquoted(""), Ok(""));
        assert!(unquoted("\n").is_err());
    }

    #[test]
    fn ends_may_have_a_mark_more() {
        assert!(ends("完成。", "完成") && ends("完成？", "完成") && ends("完成。", "完成."));
        assert!(!ends("完成！", "完成") && !ends("完成。。", "完成"));
        assert!(ends("", "") && ends("完", ""));
        assert!(is_text("完。", "完") && is_text("完.", "完") && !is_text("完。。", "完"));
    }

    #[test]
    fn a_mark_is_one_character() {
        assert!(only_marks("你好，", &[","]) && !only_marks("你好，", &["，。"]));
        // ASCII marks with a full-width form are not looked for.
        assert!(only_marks("a,b", &[""]));
        assert!(!only_marks("a-b", &[""]));
    }
}
