//! The literals of Python that judges and targets are written in: texts, numbers, lists.
//!
//! The official code evaluates them. Here nothing is run: what is no literal of these is refused.

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Literal {
    /// A string.
    Text(String),
    /// A list, tuple or set.
    List(Vec<Literal>),
    /// A number, a truth value, `None`, or a string that is no Unicode text.
    Other,
}

/// How deep lists may lie in lists.
const DEPTH: usize = 50;

/// The value of `text`, with white space or a comment behind it; `None` of anything else, such as
/// names, operators, bytes and formatted strings.
pub(super) fn parse(text: &str) -> Option<Literal> {
    let mut reader = Reader { rest: text.trim_start_matches([' ', '\t']) };
    let value = reader.value(DEPTH)?;
    reader.blanks();
    reader.rest.is_empty().then_some(value)
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn take(&mut self, prefix: &str) -> bool {
        let after = self.rest.strip_prefix(prefix);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.rest = chars.as_str();
        Some(c)
    }

    /// Passes over white space, line ends and comments.
    fn blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\u{c}', '\n', '\r']);
            if !self.rest.starts_with('#') {
                return;
            }
            let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
            self.rest = &self.rest[end..];
        }
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        let depth = depth.checked_sub(1)?;
        for (open, close) in [("[", "]"), ("(", ")"), ("{", "}")] {
            if self.take(open) {
                return self.list(close, depth);
            }
        }
        for word in ["True", "False", "None"] {
            if self.take(word) {
                return Some(Literal::Other);
            }
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return self.number();
        }
        self.texts()
    }

    /// The rest of a list, tuple or set, and its end. One value in round brackets is itself.
    fn list(&mut self, close: &str, depth: usize) -> Option<Literal> {
        let mut list = Vec::new();
        loop {
            self.blanks();
            if self.take(close) {
                // `{}` is a dictionary.
                return (close != "}" || !list.is_empty()).then_some(Literal::List(list));
            }
            list.push(self.value(depth)?);
            self.blanks();
            if !self.take(",") {
                if !self.take(close) {
                    return None;
                }
                if let (")", 1) = (close, list.len()) {
                    return list.pop();
                }
                return Some(Literal::List(list));
            }
        }
    }

    /// A whole or decimal number.
    fn number(&mut self) -> Option<Literal> {
        self.take("-");
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (whole, rest) = self.rest.split_at(digits(self.rest));
        self.rest = rest;
        if self.take(".") {
            self.rest = &self.rest[digits(self.rest)..];
        } else if whole.starts_with('0') && whole.bytes().any(|digit| digit != b'0') {
            return None;
        }
        (!whole.is_empty()).then_some(Literal::Other)
    }

    /// A string, or several in a row, which are one.
    fn texts(&mut self) -> Option<Literal> {
        let mut whole = Some(String::new());
        let mut any = false;
        loop {
            let raw = if self.rest.starts_with(['\'', '"']) {
                false
            } else if let Some(prefix @ ('r' | 'R' | 'u' | 'U')) = self.rest.chars().next() {
                self.next();
                matches!(prefix, 'r' | 'R')
            } else if any {
                return Some(whole.map_or(Literal::Other, Literal::Text));
            } else {
                return None;
            };
            let part = self.text(raw)?;
            whole = whole.zip(part).map(|(whole, part)| whole + &part);
            any = true;
            self.blanks();
        }
    }

    /// One string with its quotes; the inner `None` is one with half a surrogate pair.
    fn text(&mut self, raw: bool) -> Option<Option<String>> {
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| self.take(quote))?;
        let (mut text, mut unicode) = (String::new(), true);
        loop {
            if self.take(quote) {
                return Some(unicode.then_some(text));
            }
            match self.next()? {
                '\n' | '\r' if quote.len() == 1 => return None,
                '\\' if raw => {
                    text.push('\\');
                    text.push(self.next()?);
                }
                '\\' => match self.escape()? {
                    Escape::Texts(part) => text.push_str(&part),
                    Escape::Point(point) => match char::from_u32(point) {
                        Some(c) => text.push(c),
                        None if point < 0x11_0000 => unicode = false,
                        None => return None,
                    },
                },
                c => text.push(c),
            }
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) -> Option<Escape> {
        let point = |c: char| Some(Escape::Point(c as u32));
        match self.next()? {
            '\n' => Some(Escape::Texts(String::new())),
            '\r' => {
                self.take("\n");
                Some(Escape::Texts(String::new()))
            }
            c @ ('\\' | '\'' | '"') => point(c),
            'a' => point('\u{7}'),
            'b' => point('\u{8}'),
            'f' => point('\u{c}'),
            'n' => point('\n'),
            'r' => point('\r'),
            't' => point('\t'),
            'v' => point('\u{b}'),
            'x' => self.hexadecimal(2),
            'u' => self.hexadecimal(4),
            'U' => self.hexadecimal(8),
            'N' => None,
            c => match c.to_digit(8) {
                Some(digit) => Some(self.octal(digit)),
                // Python keeps a backslash that means nothing.
                None => Some(Escape::Texts(format!("\\{c}"))),
            },
        }
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<Escape> {
        let (hex, rest) = self.rest.split_at_checked(digits)?;
        if !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.rest = rest;
        u32::from_str_radix(hex, 16).ok().map(Escape::Point)
    }

    /// Up to two more digits.
    fn octal(&mut self, mut value: u32) -> Escape {
        for _ in 0..2 {
            let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else { break };
            self.next();
            value = value * 8 + digit;
        }
        Escape::Point(value)
    }
}

enum Escape {
    Texts(String),
    Point(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Option<Literal> {
        Some(Literal::List(list.iter().map(|&text| Literal::Text(text.to_owned())).collect()))
    }

    #[test]
    fn lists_of_texts_are_read() {
        assert_eq!(parse("['YES', \"NO\",]"), texts(&["YES", "NO"]));
        assert_eq!(parse("[ 'YES' # [so]\r, ('NO') ]  # ]"), texts(&["YES", "NO"]));
        assert_eq!(parse("['Y' \"E\" u'S', '''N'O''']"), texts(&["YES", "N'O"]));
        assert_eq!(parse(r#"['\x59\u0045\123', r'\n', '\d\'']"#), texts(&["YES", "\\n", "\\d'"]));
        assert_eq!(parse("[]"), texts(&[]));
        assert_eq!(parse("('YES',)"), texts(&["YES"]));
        assert_eq!(parse(" 'text'"), Some(Literal::Text("text".to_owned())));
        let mixed = parse("[1, -2.5, True, None, ['a'], '\\ud800']").unwrap();
        let Literal::List(mixed) = mixed else { panic!("{mixed:?}") };
        assert_eq!(mixed.iter().filter(|value| **value == Literal::Other).count(), 5);
    }

    #[test]
    fn what_would_have_to_run_is_refused() {
        for text in [
            "",
            "[",
            "[YES]",
            "['YES'",
            "['YES' 'NO",
            "['YES'] + ['NO']",
            "[x for x in 'a']",
            "['YES',,]",
            "[,]",
            "f'YES'",
            "[b'YES']",
            "{}",
            "{'a': 1}",
            "['YES'] ['NO']",
            "[01]",
            "['\\x5']",
            "['\\N{BULLET}']",
            "['a\nb']",
            "[YES/NO]",
            "[\u{a0}'YES']",
            "[1 2]",
            "[-]",
            "['\\U00110000']",
            "[‘YES’]",
            "__import__('os')",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert_eq!(parse(&"[".repeat(100_000)), None);
        assert!(parse(&format!("[{}]", "'a', ".repeat(100_000))).is_some());
    }
}
