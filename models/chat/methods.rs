//! Python's methods on texts, dictionaries and lists, with a bound on what they make.
//!
//! Those that can make much of little, or that Rust's texts would answer otherwise, are here; the
//! rest is `minijinja_contrib::pycompat`.

use minijinja::value::{Tuple, ValueKind, from_args};
use minijinja::{Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

/// `value.method(args)`.
pub(super) fn call(
    state: &mut State<'_, '_>,
    value: &Value,
    method: &str,
    args: &[Value],
) -> Result<Value, Error> {
    match value.as_str() {
        Some(text) => {
            state.consume_fuel(text.len() as u64 / 64)?;
            match of_text(state, text, method, args)? {
                Some(value) => Ok(value),
                None => pycompat::unknown_method_callback(state, value, method, args),
            }
        }
        // Equality and hashes of nested values can take exponential time: only plain ones are
        // looked for.
        None if matches!(method, "get" | "count" | "index") && args.iter().any(is_nested) => {
            Err(wrong(format!("`{method}` takes a text or a number here")))
        }
        None => pycompat::unknown_method_callback(state, value, method, args),
    }
}

/// The filter `trim`: Python's `strip`.
pub(super) fn trim(value: &Value, chars: Option<&str>) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        return Ok(Value::from(strip(text, chars, true, true)));
    }
    match value.kind() {
        ValueKind::Undefined => Ok(Value::from("")),
        _ if is_nested(value) => Err(wrong(format!("`trim` takes a text, not a {}", value.kind()))),
        _ => Ok(Value::from(strip(&value.to_string(), chars, true, true))),
    }
}

/// The filter `string`.
pub(super) fn string(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    afford_text(state, value)?;
    Ok(if value.kind() == ValueKind::String { value.clone() } else { value.to_string().into() })
}

/// Refuses a list or a dictionary whose text the fuel left does not pay for: one that holds the
/// same parts many times can be exponentially longer than what made it.
pub(super) fn afford_text(state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    if !is_nested(value) {
        return Ok(());
    }
    let mut left = state.fuel_levels().map_or(1 << 24, |(_, left)| left);
    if walk(value, &mut left, 0) { Ok(()) } else { Err(Error::from(ErrorKind::OutOfFuel)) }
}

/// Whether `left` suffices for the parts of `value`, one a part.
fn walk(value: &Value, left: &mut u64, depth: usize) -> bool {
    const DEEPEST: usize = 200;
    *left = left.saturating_sub(1 + value.as_str().map_or(0, str::len) as u64 / 64);
    if *left == 0 || depth > DEEPEST {
        return false;
    }
    if !is_nested(value) {
        return true;
    }
    let Some(pairs) = value.as_object().and_then(|object| object.try_iter_pairs()) else {
        return true;
    };
    for (key, value) in pairs {
        if !walk(&key, left, depth + 1) || !walk(&value, left, depth + 1) {
            return false;
        }
    }
    true
}

fn of_text(
    state: &State<'_, '_>,
    text: &str,
    method: &str,
    args: &[Value],
) -> Result<Option<Value>, Error> {
    Ok(Some(match method {
        "strip" | "lstrip" | "rstrip" => {
            let (chars,): (Option<&str>,) = from_args(args)?;
            Value::from(strip(text, chars, method != "rstrip", method != "lstrip"))
        }
        "split" | "rsplit" => {
            let (separator, most): (Option<&str>, Option<i64>) = from_args(args)?;
            let most = most.and_then(|most| usize::try_from(most).ok());
            split(text, separator, most, method == "rsplit")?
        }
        "splitlines" => {
            let (keep,): (Option<bool>,) = from_args(args)?;
            Value::from(lines(text, keep.unwrap_or(false)))
        }
        "title" => {
            let () = from_args(args)?;
            Value::from(title(text))
        }
        "removeprefix" => {
            let (prefix,): (&str,) = from_args(args)?;
            Value::from(text.strip_prefix(prefix).unwrap_or(text))
        }
        "removesuffix" => {
            let (suffix,): (&str,) = from_args(args)?;
            Value::from(text.strip_suffix(suffix).unwrap_or(text))
        }
        "partition" | "rpartition" => {
            let (separator,): (&str,) = from_args(args)?;
            partition(text, separator, method == "rpartition")?
        }
        "replace" => {
            let (old, new, _): (&str, &str, Option<i64>) = from_args(args)?;
            let found = text.matches(old).count();
            afford(state, text.len().saturating_add(found.saturating_mul(new.len())))?;
            return Ok(None);
        }
        "join" => Value::from(join(state, text, args)?),
        "format" => {
            if args.iter().any(is_nested) || has_long_number(text) {
                return Err(wrong("`format` takes texts and numbers, and widths under 1000"));
            }
            let given: usize = args.iter().map(|arg| arg.as_str().map_or(32, str::len)).sum();
            let fields = text.matches('{').count();
            afford(state, text.len().saturating_add(fields.saturating_mul(1000 + given)))?;
            return Ok(None);
        }
        _ => return Ok(None),
    }))
}

fn wrong(problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}

/// Refuses to make `bytes` that the fuel left does not pay for.
fn afford(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    match state.fuel_levels() {
        Some((_, left)) if bytes as u64 / 64 >= left => state.consume_fuel(left.saturating_add(1)),
        _ => Ok(()),
    }
}

fn is_nested(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable | ValueKind::Plain)
}

/// Whether four digits stand in a row.
fn has_long_number(text: &str) -> bool {
    text.as_bytes().windows(4).any(|four| four.iter().all(u8::is_ascii_digit))
}

/// Python's `str.isspace`: Rust's white space and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn strip<'a>(text: &'a str, chars: Option<&str>, left: bool, right: bool) -> &'a str {
    let unwanted = |c: char| chars.map_or_else(|| is_space(c), |chars| chars.contains(c));
    let text = if left { text.trim_start_matches(unwanted) } else { text };
    if right { text.trim_end_matches(unwanted) } else { text }
}

/// Python's `str.title`: a letter after one that has no case begins a word.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase());
        } else {
            let mut upper = c.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
        }
        inside = c.is_lowercase() || c.is_uppercase();
    }
    out
}

fn split(
    text: &str,
    separator: Option<&str>,
    most: Option<usize>,
    from_right: bool,
) -> Result<Value, Error> {
    let most = most.map_or(usize::MAX, |most| most.saturating_add(1));
    let parts: Vec<&str> = match (separator, from_right) {
        (Some(""), _) => return Err(wrong("empty separator")),
        (Some(separator), false) => text.splitn(most, separator).collect(),
        (Some(separator), true) => {
            let mut parts: Vec<&str> = text.rsplitn(most, separator).collect();
            parts.reverse();
            parts
        }
        (None, false) => blank_split(text, most),
        (None, true) if most == usize::MAX => blank_split(text, most),
        (None, true) => return Err(wrong("`rsplit` takes a separator here")),
    };
    Ok(parts.into_iter().collect())
}

/// The words between runs of white space, the last of `most` with all that follows.
fn blank_split(text: &str, most: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start_matches(is_space);
    while !rest.is_empty() {
        if parts.len() + 1 >= most {
            parts.push(rest.trim_end_matches(is_space));
            break;
        }
        let end = rest.find(is_space).unwrap_or(rest.len());
        parts.push(&rest[..end]);
        rest = rest[end..].trim_start_matches(is_space);
    }
    parts
}

fn partition(text: &str, separator: &str, from_right: bool) -> Result<Value, Error> {
    if separator.is_empty() {
        return Err(wrong("empty separator"));
    }
    let parts = match (from_right, text.split_once(separator), text.rsplit_once(separator)) {
        (false, Some((before, after)), _) | (true, _, Some((before, after))) => {
            [before, separator, after]
        }
        (false, None, _) => [text, "", ""],
        (true, _, None) => ["", "", text],
    };
    Ok(Value::from(Tuple::from(parts.map(Value::from))))
}

/// Python's `str.splitlines`.
fn lines(text: &str, keep: bool) -> Vec<Value> {
    const ENDS: [char; 6] = ['\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    let is_end = |c: char| ('\n'..='\r').contains(&c) || ENDS.contains(&c);
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find(is_end).unwrap_or(rest.len());
        let pair = rest[at..].starts_with("\r\n");
        let width = if pair { 2 } else { rest[at..].chars().next().map_or(0, char::len_utf8) };
        lines.push(Value::from(&rest[..if keep { at + width } else { at }]));
        rest = &rest[at + width..];
    }
    lines
}

fn join(state: &State<'_, '_>, separator: &str, args: &[Value]) -> Result<String, Error> {
    let (values,): (&Value,) = from_args(args)?;
    let mut text = String::new();
    for (at, item) in values.try_iter()?.checked().enumerate() {
        let item = item?;
        let Some(item) = item.as_str() else {
            let problem = format!("sequence item {at}: expected a text, found {}", item.kind());
            return Err(wrong(problem));
        };
        let more = if at == 0 { 0 } else { separator.len() } + item.len();
        state.consume_fuel(1 + more as u64 / 64)?;
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(item);
    }
    Ok(text)
}
