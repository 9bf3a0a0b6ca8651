//! Python literals as open-instruct writes them into `ground_truth`, read strictly.
//!
//! Taken are None, True, False, numbers, quoted strings with their escapes, lists, tuples (as
//! lists) and dictionaries with string keys. Anything else, such as a name, a call, a set, a
//! prefixed or a triple-quoted string, is refused: nothing is ever evaluated.

use serde_json::{Map, Number, Value};

const DEEPEST: usize = 64;

/// Why a text is no literal, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) at: usize,
    pub(crate) problem: &'static str,
}

type Outcome<T> = Result<T, Refusal>;

/// Reads one literal.
pub(crate) fn parse(text: &str) -> Outcome<Value> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        Err(reader.refuse("more text after the literal"))
    } else {
        Ok(value)
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn refuse(&self, problem: &'static str) -> Refusal {
        Refusal { at: self.at, problem }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Outcome<Value> {
        if depth > DEEPEST {
            return Err(self.refuse("nested too deep"));
        }
        self.space();
        match self.peek() {
            None => Err(self.refuse("a literal is missing")),
            Some(b'[') => {
                self.at += 1;
                Ok(Value::Array(self.items(b']', depth)?.0))
            }
            Some(b'(') => {
                self.at += 1;
                let (mut items, comma) = self.items(b')', depth)?;
                let lone = items.len() == 1 && !comma;
                Ok(if lone { items.swap_remove(0) } else { Value::Array(items) })
            }
            Some(b'{') => {
                self.at += 1;
                self.members(depth)
            }
            Some(quote @ (b'\'' | b'"')) => self.string(quote).map(Value::String),
            Some(b'0'..=b'9' | b'-' | b'+' | b'.') => self.number(),
            Some(_) => self.name(),
        }
    }

    fn name(&mut self) -> Outcome<Value> {
        let names = [("None", Value::Null), ("True", true.into()), ("False", false.into())];
        for (name, value) in names {
            let whole = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            if self.rest().strip_prefix(name).is_some_and(whole) {
                self.at += name.len();
                return Ok(value);
            }
        }
        Err(self.refuse("neither a literal nor None, True or False"))
    }

    /// Items up to `close`, and whether a comma stood behind the last.
    fn items(&mut self, close: u8, depth: usize) -> Outcome<(Vec<Value>, bool)> {
        let mut items = Vec::new();
        let mut comma = false;
        loop {
            self.space();
            if self.peek() == Some(close) {
                self.at += 1;
                return Ok((items, comma));
            }
            if !items.is_empty() && !comma {
                return Err(self.refuse("a comma or a closing bracket is missing"));
            }
            items.push(self.value(depth + 1)?);
            self.space();
            comma = self.eat(",");
        }
    }

    fn members(&mut self, depth: usize) -> Outcome<Value> {
        let mut members = Map::new();
        let mut comma = true;
        loop {
            self.space();
            if self.eat("}") {
                return Ok(Value::Object(members));
            }
            if !comma {
                return Err(self.refuse("a comma or a closing brace is missing"));
            }
            let key = match self.peek() {
                Some(quote @ (b'\'' | b'"')) => self.string(quote)?,
                _ => return Err(self.refuse("a key is no string")),
            };
            self.space();
            if !self.eat(":") {
                return Err(self.refuse("a colon is missing"));
            }
            let value = self.value(depth + 1)?;
            if members.insert(key, value).is_some() {
                return Err(self.refuse("a key stands twice in one dictionary"));
            }
            self.space();
            comma = self.eat(",");
        }
    }

    fn number(&mut self) -> Outcome<Value> {
        let number = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
        let mut end = self.at + usize::from(matches!(self.peek(), Some(b'-' | b'+')));
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(end) {
            let signed = matches!(byte, b'-' | b'+') && matches!(bytes[end - 1], b'e' | b'E');
            if !number(byte) && !signed {
                break;
            }
            end += 1;
        }
        let text = self.text[self.at..end].trim_start_matches('+');
        let digits = text.trim_start_matches('-');
        let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        let leading = whole && digits.len() > 1 && digits.starts_with('0');
        let plain =
            digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
        if !plain || leading || !digits.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(self.refuse("no plain number"));
        }
        let found = match (whole, text.parse::<i64>(), text.parse::<u64>()) {
            (true, Ok(n), _) => Some(Number::from(n)),
            (true, _, Ok(n)) => Some(Number::from(n)),
            (true, ..) => return Err(self.refuse("a number beyond 64 bits")),
            _ => text.parse::<f64>().ok().and_then(Number::from_f64),
        };
        let found = found.ok_or_else(|| self.refuse("no finite number"))?;
        self.at = end;
        Ok(Value::Number(found))
    }

    fn string(&mut self, quote: u8) -> Outcome<String> {
        self.at += 1;
        if self.rest().as_bytes().starts_with(&[quote, quote]) {
            return Err(self.refuse("a triple-quoted string"));
        }
        let mut string = String::new();
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            match c {
                _ if c == char::from(quote) => return Ok(string),
                '\\' => self.escape(&mut string)?,
                '\n' | '\r' | '\0' => return Err(self.refuse("a raw control in a string")),
                _ => string.push(c),
            }
        }
        Err(self.refuse("a string without its end"))
    }

    fn escape(&mut self, string: &mut String) -> Outcome<()> {
        let Some(c) = self.rest().chars().next() else {
            return Err(self.refuse("a string without its end"));
        };
        self.at += c.len_utf8();
        let read = match c {
            '\\' | '\'' | '"' => c,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => self.hex(2)?,
            'u' => self.hex(4)?,
            'U' => self.hex(8)?,
            'N' => return Err(self.refuse("a character by its name")),
            '\n' => return Ok(()),
            '0'..='7' => self.octal(c),
            other => {
                string.push('\\');
                other
            }
        };
        string.push(read);
        Ok(())
    }

    fn hex(&mut self, digits: usize) -> Outcome<char> {
        let text = self.rest().get(..digits);
        let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = text.and_then(|text| u32::from_str_radix(text, 16).ok());
        let found = code.and_then(char::from_u32);
        let found = found.ok_or_else(|| self.refuse("an escape that is no character"))?;
        self.at += digits;
        Ok(found)
    }

    fn octal(&mut self, first: char) -> char {
        let mut code = first.to_digit(8).unwrap_or_default();
        for _ in 0..2 {
            match self.peek().filter(|byte| matches!(byte, b'0'..=b'7')) {
                Some(byte) => code = code * 8 + u32::from(byte - b'0'),
                None => break,
            }
            self.at += 1;
        }
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn literals_are_read() {
        let text = r#"[{'instruction_id': ['a:b', "it's"], 'kwargs': [None, {'n': -3, 'x': 2.5,
            'b': True, 't': (1,), 'one': (1), 's': 'a\'b\n\x41\u00e9\101\q'},],}]"#;
        let expected = json!([{"instruction_id": ["a:b", "it's"], "kwargs": [null, {
            "n": -3, "x": 2.5, "b": true, "t": [1], "one": 1, "s": "a'b\nAéA\\q"}]}]);
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse("18446744073709551615"), Ok(json!(u64::MAX)));
        assert_eq!(parse(" () "), Ok(json!([])));
    }

    #[test]
    fn what_is_no_literal_is_refused() {
        let texts = [
            "",
            "[",
            "[1",
            "[1 2]",
            "[,]",
            "{1: 2}",
            "{'a' 1}",
            "{'a': 1 'b': 2}",
            "{'a': 1, 'a': 2}",
            "{'a'}",
            "nan",
            "inf",
            "1e999",
            "-",
            ".",
            "007",
            "0x1f",
            "1_000",
            "True1",
            "print(1)",
            "'a",
            "'a\nb'",
            "b'a'",
            "'''a'''",
            "'\\ud800'",
            "'\\x4'",
            "'\\N{DASH}'",
            "[] []",
            "99999999999999999999",
            "1 + 2",
            "None.x",
        ];
        for text in texts {
            assert!(parse(text).is_err(), "{text:?} was taken: {:?}", parse(text));
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep).map_err(|refusal| refusal.problem), Err("nested too deep"));
    }

    /// The value as Python's `repr` would write it.
    fn repr(value: &Value) -> String {
        match value {
            Value::Null => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => quoted(text),
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(repr).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(members) => {
                let member =
                    |(key, value): (&String, &Value)| format!("{}: {}", quoted(key), repr(value));
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }

    fn quoted(text: &str) -> String {
        let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
        let mut out = String::from(quote);
        for c in text.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                c if c == quote => out.extend(['\\', c]),
                c if (c as u32) < 32 => out.push_str(&format!("\\x{:02x}", c as u32)),
                c => out.push(c),
            }
        }
        out.push(quote);
        out
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "[\\x00-\\x7fé\\u{1F600}]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z' \"]{0,4}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_python_writes_is_read_back(value in values()) {
            prop_assert_eq!(parse(&repr(&value)), Ok(value));
        }

        #[test]
        fn no_text_makes_it_panic(
            text in "[\\[\\](){}:,'\"\\\\ \\n0-9a-fxuUNTrueFalsone.+é-]{0,60}",
        ) {
            if let Err(refusal) = parse(&text) {
                prop_assert!(refusal.at <= text.len());
            }
        }
    }
}
