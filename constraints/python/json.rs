//! Whether `json.loads` of CPython 3.11 accepts a text.

/// What `json.loads` does with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonVerdict {
    /// It returns a value.
    Valid,
    /// It raises `ValueError` (of which `JSONDecodeError` is one).
    Invalid,
    /// It raises `RecursionError`: arrays and objects nest too deeply, whatever else is wrong.
    TooDeep,
}

/// How deeply arrays and objects may nest: what is left of the interpreter's 1,000 frames when the
/// official IFEval program, run as a module, calls `json.loads` from a check.
const MAX_DEPTH: usize = 987;

/// `int` refuses longer decimal numbers since CPython 3.11.
const MAX_INTEGER_DIGITS: usize = 4300;

/// Whether `json.loads(text)` succeeds: besides JSON, it takes `NaN`, `Infinity`, `-Infinity` and
/// lone surrogate escapes, and refuses a byte order mark and integers of over 4,300 digits.
pub fn accepts(text: &str) -> JsonVerdict {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    match scanner.document() {
        Ok(()) => JsonVerdict::Valid,
        Err(verdict) => verdict,
    }
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

type Step = Result<(), JsonVerdict>;

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Step {
        if self.peek() != Some(byte) {
            return Err(JsonVerdict::Invalid);
        }
        self.at += 1;
        Ok(())
    }

    /// One value and nothing after it. The open brackets are kept on the heap.
    fn document(&mut self) -> Step {
        let mut open: Vec<u8> = Vec::new();
        self.skip_space();
        loop {
            if let Some(bracket @ (b'[' | b'{')) = self.peek() {
                self.at += 1;
                if open.len() == MAX_DEPTH {
                    return Err(JsonVerdict::TooDeep);
                }
                open.push(bracket);
                self.skip_space();
                if self.peek() != Some(bracket + 2) {
                    if bracket == b'{' {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.scalar()?;
                self.skip_space();
            }
            if !self.close(&mut open)? {
                return Ok(());
            }
        }
    }

    /// After a value or an opening bracket: closes what closes here, and steps over a comma.
    /// False at the end of the document.
    fn close(&mut self, open: &mut Vec<u8>) -> Result<bool, JsonVerdict> {
        loop {
            let Some(&bracket) = open.last() else {
                return if self.at == self.bytes.len() {
                    Ok(false)
                } else {
                    Err(JsonVerdict::Invalid)
                };
            };
            if self.peek() == Some(bracket + 2) {
                self.at += 1;
                open.pop();
                self.skip_space();
                continue;
            }
            self.expect(b',')?;
            self.skip_space();
            if bracket == b'{' {
                self.key()?;
            }
            return Ok(true);
        }
    }

    fn key(&mut self) -> Step {
        self.expect(b'"')?;
        self.string()?;
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        Ok(())
    }

    fn scalar(&mut self) -> Step {
        let rest = &self.bytes[self.at..];
        for word in ["null", "true", "false", "NaN", "Infinity", "-Infinity"] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        match self.peek() {
            Some(b'"') => {
                self.at += 1;
                self.string()
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(JsonVerdict::Invalid),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Step {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let digits = match self.peek() {
            Some(b'0') => {
                self.at += 1;
                1
            }
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(JsonVerdict::Invalid),
        };
        let mut integer = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            integer = false;
            if self.digits() == 0 {
                return Err(JsonVerdict::Invalid);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            integer = false;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(JsonVerdict::Invalid);
            }
        }
        if integer && digits > MAX_INTEGER_DIGITS {
            return Err(JsonVerdict::Invalid);
        }
        Ok(())
    }

    /// The rest of a string, after its opening quote.
    fn string(&mut self) -> Step {
        loop {
            let byte = self.peek().ok_or(JsonVerdict::Invalid)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                0..=0x1f => return Err(JsonVerdict::Invalid),
                b'\\' => self.escape()?,
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Step {
        let byte = self.peek().ok_or(JsonVerdict::Invalid)?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => {
                let hex = self.bytes.get(self.at..self.at + 4).ok_or(JsonVerdict::Invalid)?;
                self.at += 4;
                match hex.iter().all(u8::is_ascii_hexdigit) {
                    true => Ok(()),
                    false => Err(JsonVerdict::Invalid),
                }
            }
            _ => Err(JsonVerdict::Invalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::language::goldens;
    use crate::python::strings::strip;

    use super::JsonVerdict::{Invalid, TooDeep, Valid};
    use super::*;

    #[test]
    fn takes_what_python_takes() {
        for text in [
            "1",
            " [] ",
            "{}",
            "[NaN, -Infinity, Infinity]",
            "1e999",
            "-0",
            "\"\\ud800\"",
            "{\"a\": 1, \"a\": [2, {\"b\": []}]}",
            "[[], {}]",
            "\"\u{2028}\u{7f}\"",
        ] {
            assert_eq!(accepts(text), Valid, "{text}");
        }
        for text in [
            "",
            "\u{feff}1",
            "01",
            "1.",
            "1e",
            "-",
            "+1",
            "[1,]",
            "{,}",
            "{\"a\"}",
            "[1 2]",
            "nul",
            "\"\t\"",
            "\"\\x\"",
            "\"\\u12\"",
            "'a'",
            "[",
            "{\"a\":1,}",
            "1\u{a0}",
            "[}",
            "NaNN",
            "]",
        ] {
            assert_eq!(accepts(text), Invalid, "{text}");
        }
    }

    /// The official check strips the text and its code fence before it parses.
    fn unfenced(text: &str) -> &str {
        let mut text = strip(text);
        for fence in ["```json", "```Json", "```JSON", "```"] {
            text = text.strip_prefix(fence).unwrap_or(text);
        }
        strip(text.strip_suffix("```").unwrap_or(text))
    }

    #[test]
    fn agrees_with_recorded_verdicts() {
        let mut deep = 0;
        let rows = goldens::each_row("golden_ifeval_dev.jsonl.gz", |row| {
            if row["instruction_id"] != "detectable_format:json_format" {
                return;
            }
            let response = row["response"].as_str().expect("response");
            let verdict = accepts(unfenced(response));
            let raised = row["strict_error"] == "RecursionError";
            deep += usize::from(raised);
            assert_eq!(verdict == TooDeep, raised, "{response:?}");
            if !raised && !strip(response).is_empty() {
                assert_eq!(Some(verdict == Valid), row["strict"].as_bool(), "{response:?}");
            }
        });
        assert!(rows == 0 || deep == 3, "{deep}");
    }

    #[test]
    fn long_integers_and_deep_nesting() {
        assert_eq!(accepts(&"9".repeat(4300)), Valid);
        assert_eq!(accepts(&format!("-{}", "9".repeat(4301))), Invalid);
        assert_eq!(accepts(&format!("{}.0", "9".repeat(4301))), Valid);
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(accepts(&nested(MAX_DEPTH)), Valid);
        assert_eq!(accepts(&nested(1000)), TooDeep);
        assert_eq!(accepts(&"{\"a\":".repeat(1_000_000)), TooDeep);
        assert_eq!(accepts(&"[".repeat(20)), Invalid);
    }
}
