//! The JSON object in a text: found by counting braces, read as `json.loads` reads it.

use std::collections::BTreeSet;

use heedful_constraints::python::json::{JsonVerdict, accepts};

use super::literal::Literal;

/// Whether `text` has a JSON object with exactly the keys that are not empty; any keys will do
/// where none is asked for.
///
/// A key that is asked for twice makes one too many, and a number is never a key.
pub(super) fn has_keys(text: &str, keys: &[Literal]) -> bool {
    let object = braced(text);
    if accepts(object) != JsonVerdict::Valid || !object.starts_with('{') {
        return false;
    }
    let found = top_keys(object);
    let asked = keys.iter().filter(|key| !matches!(key, Literal::Text(text) if text.is_empty()));
    let mut count = 0;
    for key in asked {
        count += 1;
        match key {
            Literal::Text(points) if found.contains(points) => {}
            _ => return false,
        }
    }
    count == 0 || count == found.len()
}

/// From an opening brace to the one that closes it, braces in strings counted too; empty without.
fn braced(text: &str) -> &str {
    let (mut depth, mut start) = (0i64, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return &text[start..=at];
                }
            }
            _ => {}
        }
    }
    ""
}

/// The distinct keys of a valid object, without those of objects inside it.
fn top_keys(object: &str) -> BTreeSet<Vec<u32>> {
    let bytes = object.as_bytes();
    let (mut keys, mut depth, mut at) = (BTreeSet::new(), 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let end = string_end(bytes, at + 1);
                let rest = object.get(end + 1..).unwrap_or_default();
                let rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
                if depth == 1 && rest.starts_with(':') {
                    keys.insert(decoded(&object[at + 1..end]));
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    keys
}

/// The place of the quotation mark that ends the string which begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// The code points of a valid string. Two halves of a surrogate pair become one character, a lone
/// half stays.
fn decoded(string: &str) -> Vec<u32> {
    let mut points: Vec<u32> = Vec::new();
    let mut rest = string.chars();
    // Whether the last point is a first half that an escape named.
    let mut half = false;
    while let Some(c) = rest.next() {
        let (point, escaped) = match c {
            '\\' => match rest.next().unwrap_or(c) {
                'u' => {
                    let digits = rest.by_ref().take(4).filter_map(|digit| digit.to_digit(16));
                    (digits.fold(0, |value, digit| value * 16 + digit), true)
                }
                'b' => (8, false),
                'f' => (12, false),
                'n' => (10, false),
                'r' => (13, false),
                't' => (9, false),
                other => (u32::from(other), false),
            },
            other => (u32::from(other), false),
        };
        match points.last_mut() {
            Some(last) if half && escaped && (0xdc00..0xe000).contains(&point) => {
                *last = 0x1_0000 + ((*last - 0xd800) << 10) + (point - 0xdc00);
                half = false;
            }
            _ => {
                points.push(point);
                half = escaped && (0xd800..0xdc00).contains(&point);
            }
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::super::literal::elements;
    use super::*;

    fn has(text: &str, keys: &str) -> bool {
        has_keys(text, &elements(keys).unwrap())
    }

    #[test]
    fn keys_must_be_the_very_ones() {
        assert!(has("x {\"a\": {\"b\": [1, {\"c\": 2}]}, \"d\": \"a:\"} {", "['d', 'a']"));
        assert!(!has("{\"a\": {\"b\": 1}}", "['a','b']"));
        assert!(!has("{\"a\": 1, \"b\": 1}", "['a']"));
        assert!(has("{\"a\": 1, \"a\": 2}", "['a', '']"));
        assert!(!has("{\"a\": 1}", "['a', 'a']"));
        assert!(!has("{\"1\": 1}", "[1]"));
        assert!(has("{}", "['']") && has("{\"a\": NaN}", "[]"));
        assert!(!has("[1]", "[]") && !has("", "[]") && !has("{\"a\": \"\n\"}", "[]"));
    }

    #[test]
    fn braces_are_counted_blindly() {
        assert!(!has("{\"a\": \"}\"}", "[]"));
        assert!(!has("} {\"a\": 1}", "[]"));
        assert!(has("}{{\"a\": 1}", "['a']"));
    }

    #[test]
    fn escapes_in_keys() {
        assert!(has(r#"{"\u8bd7\n": 1}"#, r"['诗\n']"));
        assert!(has(r#"{"\ud83d\ude00" : 1}"#, "['😀']"));
        assert!(has(r#"{"\ud83d": 1}"#, r"['\ud83d']"));
        assert!(has(r#"{"a\"b\\": 1}"#, r#"['a"b\\']"#));
        assert!(!has(&"{\"a\":".repeat(100_000), "[]"));
        assert!(!has(&format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000)), "[]"));
    }
}
