//! Fills the holes of a paraphrase with a constraint's arguments.
//!
//! | hole | becomes |
//! |---|---|
//! | `{key}` | the value; a list becomes `"a", "b" and "c"` |
//! | `{key:sentence}` | the number with its noun: `1 sentence`, `3 sentences` |
//! | `{key:entry|entries}` | the same with an irregular plural |
//! | `{key#}` | an ordinal: `third`, `21st` |

use serde_json::Value;

use crate::args::Reader;
use crate::error::Result;

/// The text of `template` for these arguments.
///
/// # Errors
/// A hole whose key the arguments lack, or an ordinal or noun that goes with no number.
pub fn fill(template: &str, args: &Reader<'_>) -> Result<String> {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let hole = &rest[open + 1..];
        let Some(close) = hole.find('}') else {
            rest = &rest[open..];
            break;
        };
        fill_hole(&hole[..close], args, &mut text)?;
        rest = &hole[close + 1..];
    }
    text.push_str(rest);
    Ok(text)
}

fn fill_hole(hole: &str, args: &Reader<'_>, text: &mut String) -> Result<()> {
    if let Some(key) = hole.strip_suffix('#') {
        text.push_str(&ordinal(args.count(key)?));
    } else if let Some((key, noun)) = hole.split_once(':') {
        let n = args.count(key)?;
        text.push_str(&n.to_string());
        text.push(' ');
        match noun.split_once('|') {
            Some((one, many)) => text.push_str(if n == 1 { one } else { many }),
            None => {
                text.push_str(noun);
                text.push_str(if n == 1 { "" } else { "s" });
            }
        }
    } else {
        push_value(args.value(hole)?, text);
    }
    Ok(())
}

fn push_value(value: &Value, text: &mut String) {
    match value {
        Value::String(s) => text.push_str(s),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                match i {
                    0 => {}
                    _ if i + 1 == items.len() => text.push_str(" and "),
                    _ => text.push_str(", "),
                }
                text.push('"');
                push_value(item, text);
                text.push('"');
            }
        }
        other => text.push_str(&other.to_string()),
    }
}

/// `first` … `tenth`, then `11th`, `22nd`.
pub fn ordinal(n: u64) -> String {
    const WORDS: [&str; 10] = [
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
        "tenth",
    ];
    if let Some(word) = n.checked_sub(1).and_then(|i| WORDS.get(i as usize)) {
        return (*word).to_owned();
    }
    let suffix = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn holes_take_values_nouns_lists_and_ordinals() {
        let args = json!({"n": 1, "m": 3, "w": ["a", "b", "c"], "e": 22});
        let args = args.as_object().expect("an object");
        let args = Reader::new("test", args);
        let text = fill("{n:word} of {m:entry|entries}, {w}, the {m#} and {e#}", &args);
        assert_eq!(
            text.expect("fills"),
            "1 word of 3 entries, \"a\", \"b\" and \"c\", the third and 22nd"
        );
        assert!(fill("{missing}", &args).is_err());
    }
}
