//! `csv.reader` of CPython 3.11 with its default dialect and any delimiter.
//!
//! Unlike RFC 4180 it knows no wrong quoting: a quote inside a plain field is a character, text
//! after a closing quote goes on in the same field and the end of the text closes an open one. It
//! does refuse a carriage return that is not followed by the end of its line.

/// `csv.field_size_limit()`: the characters that a field may hold.
const FIELD_LIMIT: usize = 131_072;

/// Why `csv.reader` raises `csv.Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A carriage return outside of quotes with more text behind it in its line.
    #[error("new-line character seen in unquoted field")]
    LoneReturn,
    /// A field that is longer than the limit.
    #[error("field larger than field limit ({FIELD_LIMIT})")]
    LongField,
}

/// `list(csv.reader(io.StringIO(text), delimiter=delimiter))`. A blank line is a record without
/// fields.
///
/// # Errors
/// Where Python raises `csv.Error`.
pub fn records(text: &str, delimiter: char) -> Result<Vec<Vec<String>>, CsvError> {
    let mut reader = Reader {
        delimiter,
        state: State::Start,
        field: String::new(),
        length: 0,
        record: Vec::new(),
    };
    let mut records = Vec::new();
    for line in text.split_inclusive('\n') {
        for c in line.chars() {
            reader.take(c)?;
        }
        if reader.end_line() {
            records.push(std::mem::take(&mut reader.record));
        }
    }
    if reader.state == State::Quoted {
        reader.save();
        records.push(reader.record);
    }
    Ok(records)
}

/// What was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of this record.
    Start,
    /// A delimiter.
    Field,
    /// A character of a plain field, or one after the quotes of a quoted one.
    Plain,
    /// Something inside quotes.
    Quoted,
    /// A quote inside quotes: the closing one, unless another follows.
    Quote,
    /// A carriage return or line feed that ended the record.
    Returned,
}

struct Reader {
    delimiter: char,
    state: State,
    field: String,
    /// The characters of `field`.
    length: usize,
    record: Vec<String>,
}

impl Reader {
    fn take(&mut self, c: char) -> Result<(), CsvError> {
        let returns = matches!(c, '\n' | '\r');
        match self.state {
            State::Returned if returns => {}
            State::Returned => return Err(CsvError::LoneReturn),
            State::Start if returns => self.state = State::Returned,
            State::Start | State::Field if c == '"' => self.state = State::Quoted,
            State::Quoted if c == '"' => self.state = State::Quote,
            State::Quoted => self.push(c)?,
            State::Quote if c == '"' => {
                self.push(c)?;
                self.state = State::Quoted;
            }
            _ if returns => {
                self.save();
                self.state = State::Returned;
            }
            _ if c == self.delimiter => {
                self.save();
                self.state = State::Field;
            }
            _ => {
                self.push(c)?;
                self.state = State::Plain;
            }
        }
        Ok(())
    }

    /// Whether the record ends with the line, whose characters were all taken.
    fn end_line(&mut self) -> bool {
        match self.state {
            State::Quoted => return false,
            State::Field | State::Plain | State::Quote => self.save(),
            State::Start | State::Returned => {}
        }
        self.state = State::Start;
        true
    }

    fn push(&mut self, c: char) -> Result<(), CsvError> {
        if self.length >= FIELD_LIMIT {
            return Err(CsvError::LongField);
        }
        self.field.push(c);
        self.length += 1;
        Ok(())
    }

    fn save(&mut self) {
        self.record.push(std::mem::take(&mut self.field));
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        records(text, ',').expect("Python reads it")
    }

    #[test]
    fn records_are_those_of_python() {
        // Recorded from CPython 3.11.
        let cases: [(&str, &[&[&str]]); 12] = [
            ("a,b\r\n1,2\n", &[&["a", "b"], &["1", "2"]]),
            ("a,b\n\n \n,", &[&["a", "b"], &[], &[" "], &["", ""]]),
            ("\"a,\"\"b\"\"\n\",c", &[&["a,\"b\"\n", "c"]]),
            ("\"a\"b\"c\",d", &[&["ab\"c\"", "d"]]),
            ("a\"b\",\"c", &[&["a\"b\"", "c"]]),
            (" \"a,b\"", &[&[" \"a", "b\""]]),
            ("a,\"", &[&["a", ""]]),
            ("a\r\r\nb\r", &[&["a"], &["b"]]),
            ("\r\n\"a\rb\"", &[&[], &["a\rb"]]),
            ("\u{0}a,\u{85}\n\u{2028}", &[&["\u{0}a", "\u{85}"], &["\u{2028}"]]),
            ("\"\"\"a\"\"\"", &[&["\"a\""]]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text:?}");
        }
        assert_eq!(records("a\tb,c\n", '\t').as_deref(), Ok(&[vec!["a".into(), "b,c".into()]][..]));
    }

    #[test]
    fn lone_returns_and_long_fields_are_refused() {
        assert_eq!(records("a\rb", ','), Err(CsvError::LoneReturn));
        assert_eq!(records("\rb", ','), Err(CsvError::LoneReturn));
        let long = "é".repeat(FIELD_LIMIT);
        assert_eq!(read(&long).len(), 1);
        assert_eq!(records(&format!("{long}é"), ','), Err(CsvError::LongField));
    }
}
