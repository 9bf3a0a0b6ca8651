//! `tojson` as transformers has it: Python's `json.dumps`, with `ensure_ascii` off by default.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

/// Deepest nesting that is written.
const DEPTH: usize = 96;

/// How to write.
struct Style {
    ascii: bool,
    indent: Option<String>,
    items: String,
    keys: String,
    sorted: bool,
}

/// A document in the making, of bounded length.
struct Out {
    text: String,
    limit: usize,
}

/// `value|tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)`.
pub(super) fn filter(
    state: &State<'_, '_>,
    value: &Value,
    args: Rest<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let style = style(&args, &named)?;
    // A byte of JSON costs what 16 plain bytes do: 4 for a unit of fuel.
    let left = state.fuel_levels().map_or(1 << 24, |(_, left)| left);
    let limit = usize::try_from(left.saturating_mul(4)).unwrap_or(usize::MAX);
    let mut out = Out { text: String::new(), limit };
    out.value(value, &style, 0)?;
    state.consume_fuel(out.text.len() as u64 / 4)?;
    Ok(Value::from(out.text))
}

fn style(args: &[Value], named: &Kwargs) -> Result<Style, Error> {
    let at = |place: usize, name: &str| -> Result<Option<Value>, Error> {
        let given: Option<Value> = named.get(name)?;
        Ok(given.or_else(|| args.get(place).cloned()).filter(|value| !value.is_none()))
    };
    let ascii = at(0, "ensure_ascii")?.is_some_and(|value| value.is_true());
    let indent = at(1, "indent")?.map(|value| indent_of(&value)).transpose()?;
    let separators = at(2, "separators")?;
    let sorted = at(3, "sort_keys")?.is_some_and(|value| value.is_true());
    named.assert_all_used()?;
    let mut parts = vec![if indent.is_some() { "," } else { ", " }.to_owned(), ": ".to_owned()];
    if let Some(pair) = separators {
        let pair: Vec<Value> = pair.try_iter()?.checked().take(3).collect::<Result<_, _>>()?;
        let text = |value: &Value| value.as_str().filter(|s| s.len() <= 64).map(str::to_owned);
        parts = pair.iter().map(text).collect::<Option<_>>().unwrap_or_default();
    }
    let [items, keys] = <[String; 2]>::try_from(parts)
        .map_err(|_| wrong("tojson: `separators` takes two short texts"))?;
    Ok(Style { ascii, indent, items, keys, sorted })
}

/// A number of blanks, or a text that stands for them.
fn indent_of(value: &Value) -> Result<String, Error> {
    const WIDEST: i64 = 64;
    let text = match (value.as_str(), value.as_i64(), value.kind()) {
        (Some(text), ..) if text.len() <= WIDEST as usize => text.to_owned(),
        (_, _, ValueKind::Bool) => " ".repeat(usize::from(value.is_true())),
        (_, Some(width), _) if width <= WIDEST => " ".repeat(width.max(0) as usize),
        _ => return Err(wrong(format!("tojson: `indent` takes a number up to {WIDEST}"))),
    };
    Ok(text)
}

fn wrong(problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}

impl Out {
    fn put(&mut self, text: &str) -> Result<(), Error> {
        if text.len() > self.limit - self.text.len().min(self.limit) {
            return Err(Error::from(ErrorKind::OutOfFuel));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn value(&mut self, value: &Value, style: &Style, depth: usize) -> Result<(), Error> {
        if depth > DEPTH {
            return Err(wrong(format!("tojson: nested over {DEPTH} deep")));
        }
        match value.kind() {
            ValueKind::None => self.put("null"),
            ValueKind::Bool => self.put(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => self.number(value),
            ValueKind::String => self.string(value.as_str().unwrap_or_default(), style.ascii),
            ValueKind::Seq | ValueKind::Iterable => self.list(value, style, depth),
            ValueKind::Map => self.map(value, style, depth),
            other => Err(wrong(format!("tojson: {other} is not JSON serializable"))),
        }
    }

    fn number(&mut self, value: &Value) -> Result<(), Error> {
        if value.is_integer() {
            return self.put(&value.to_string());
        }
        let number: f64 = f64::try_from(value.clone())?;
        self.put(&float(number))
    }

    fn list(&mut self, value: &Value, style: &Style, depth: usize) -> Result<(), Error> {
        self.put("[")?;
        let mut empty = true;
        for item in value.try_iter()?.checked() {
            self.before(empty, style, depth + 1)?;
            empty = false;
            self.value(&item?, style, depth + 1)?;
        }
        self.after(empty, style, depth)?;
        self.put("]")
    }

    fn map(&mut self, value: &Value, style: &Style, depth: usize) -> Result<(), Error> {
        let pairs = value.as_object().and_then(|object| object.try_iter_pairs());
        let mut pairs: Vec<(Value, Value)> = pairs.into_iter().flatten().collect();
        if style.sorted {
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        self.put("{")?;
        for (at, (key, value)) in pairs.iter().enumerate() {
            self.before(at == 0, style, depth + 1)?;
            match key.kind() {
                ValueKind::String => self.string(key.as_str().unwrap_or_default(), style.ascii)?,
                ValueKind::None | ValueKind::Bool | ValueKind::Number => {
                    self.put("\"")?;
                    self.value(key, style, depth + 1)?;
                    self.put("\"")?;
                }
                other => return Err(wrong(format!("tojson: a key may not be a {other}"))),
            }
            self.put(&style.keys)?;
            self.value(value, style, depth + 1)?;
        }
        self.after(pairs.is_empty(), style, depth)?;
        self.put("}")
    }

    fn before(&mut self, first: bool, style: &Style, depth: usize) -> Result<(), Error> {
        if !first {
            self.put(&style.items)?;
        }
        self.line(style, depth)
    }

    fn after(&mut self, empty: bool, style: &Style, depth: usize) -> Result<(), Error> {
        if empty { Ok(()) } else { self.line(style, depth) }
    }

    fn line(&mut self, style: &Style, depth: usize) -> Result<(), Error> {
        let Some(indent) = &style.indent else { return Ok(()) };
        self.put("\n")?;
        (0..depth).try_for_each(|_| self.put(indent))
    }

    fn string(&mut self, text: &str, ascii: bool) -> Result<(), Error> {
        let mut quoted = String::with_capacity(text.len() + 2);
        quoted.push('"');
        for c in text.chars() {
            match c {
                '"' => quoted.push_str("\\\""),
                '\\' => quoted.push_str("\\\\"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '\u{8}' => quoted.push_str("\\b"),
                '\u{c}' => quoted.push_str("\\f"),
                // Python escapes DEL only among what is not ASCII to it: it never does.
                c if c < ' ' || (ascii && !c.is_ascii()) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        // Writing to a string cannot fail.
                        let _ = write!(quoted, "\\u{unit:04x}");
                    }
                }
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        self.put(&quoted)
    }
}

/// Python's `repr` of a float: shortest digits, an exponent below 1e-4 and from 1e16.
fn float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, power) = match exponent.strip_prefix('-') {
            Some(power) => ('-', power),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{power:0>2}");
    }
    format!("{number:?}")
}

#[cfg(test)]
mod tests {
    use super::float;

    #[test]
    fn floats_as_python_writes_them() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e-4, "0.0001"),
            (1.5e-5, "1.5e-05"),
            (5e-324, "5e-324"),
            (1e100, "1e+100"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(float(number), expected);
        }
    }
}
