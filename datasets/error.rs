//! What can go wrong with files, recipes and artifacts; each message names the place and the value.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The result of everything in this crate that can be refused.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal that names the file and, where there is one, the row, the key and the value.
#[derive(Debug)]
pub struct Error {
    kind: Box<ErrorKind>,
}

/// The kinds of [`Error`].
#[derive(Debug)]
pub enum ErrorKind {
    /// The operating system refused.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A row of an input cannot be taken.
    Row {
        /// Where it stands.
        place: Place,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A whole file cannot be read as what it should be.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A recipe's key has a value that cannot be used.
    Recipe {
        /// The recipe's name or path.
        recipe: String,
        /// The dotted key; empty when the recipe as a whole is wrong.
        key: String,
        /// The value, shortened.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An artifact is not what its manifest says, or has none.
    Artifact {
        /// The artifact's folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A build cannot reach what its recipe asks for.
    Build(String),
}

/// A row's position in an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named; `-` is standard input.
    pub file: String,
    /// The line or row.
    pub at: At,
}

/// How a position is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A line of a text file, from 1.
    Line(u64),
    /// A row of a table or an element of an array, from 1.
    Row(u64),
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The sort of fault: skipped rows are counted by it.
    pub kind: FaultKind,
    /// The key or column; empty when the row as a whole is wrong.
    pub key: String,
    /// The offending value, shortened; empty when there is none.
    pub value: String,
    /// What is wrong.
    pub problem: String,
}

/// The sorts of faults of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The text is no JSON.
    Syntax,
    /// The line is longer than the limit.
    TooLong,
    /// The bytes are no UTF-8.
    NotUtf8,
    /// A raw NUL byte.
    NulByte,
    /// NaN or an infinity, which JSON does not have.
    NotFinite,
    /// An object has a key twice.
    DuplicateKey,
    /// Values are nested too deep.
    TooDeep,
    /// The row is no JSON object.
    NotAnObject,
    /// A key or column is missing.
    Missing,
    /// A value has another type than asked for.
    WrongType,
    /// A value is of the right type and still cannot be used.
    BadValue,
}

impl FaultKind {
    /// The name under which skipped rows are counted.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Syntax => "syntax",
            FaultKind::TooLong => "too_long",
            FaultKind::NotUtf8 => "not_utf8",
            FaultKind::NulByte => "nul_byte",
            FaultKind::NotFinite => "not_finite",
            FaultKind::DuplicateKey => "duplicate_key",
            FaultKind::TooDeep => "too_deep",
            FaultKind::NotAnObject => "not_an_object",
            FaultKind::Missing => "missing",
            FaultKind::WrongType => "wrong_type",
            FaultKind::BadValue => "bad_value",
        }
    }
}

impl Fault {
    /// A fault of the row as a whole.
    pub fn of(kind: FaultKind, problem: impl Into<String>) -> Fault {
        Fault { kind, key: String::new(), value: String::new(), problem: problem.into() }
    }

    /// A fault of the value under `key`.
    pub fn at(kind: FaultKind, key: &str, value: &str, problem: impl Into<String>) -> Fault {
        Fault { kind, key: key.to_owned(), value: shorten(value), problem: problem.into() }
    }

    /// A key that is not there.
    pub fn missing(key: &str) -> Fault {
        Fault::at(FaultKind::Missing, key, "", "is missing")
    }

    /// A value of another type than `expected`.
    pub fn wrong_type(key: &str, value: &serde_json::Value, expected: &str) -> Fault {
        Fault::at(FaultKind::WrongType, key, &value.to_string(), format!("is not {expected}"))
    }
}

impl Error {
    /// What went wrong, to match on.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// The operating system's refusal about `path`.
    pub fn io(path: impl AsRef<Path>, source: io::Error) -> Error {
        ErrorKind::Io { path: path.as_ref().to_owned(), source }.into()
    }

    /// A fault of the row at `place`.
    pub fn row(place: Place, fault: Fault) -> Error {
        ErrorKind::Row { place, fault }.into()
    }

    /// A file that is not what it should be.
    pub fn file(path: impl AsRef<Path>, problem: impl Into<String>) -> Error {
        ErrorKind::File { path: path.as_ref().to_owned(), problem: problem.into() }.into()
    }

    /// A recipe's key that cannot be used.
    pub fn recipe(recipe: &str, key: &str, value: &str, problem: impl Into<String>) -> Error {
        let (recipe, key, value) = (recipe.to_owned(), key.to_owned(), shorten(value));
        ErrorKind::Recipe { recipe, key, value, problem: problem.into() }.into()
    }

    /// An artifact that is not whole.
    pub fn artifact(path: impl AsRef<Path>, problem: impl Into<String>) -> Error {
        ErrorKind::Artifact { path: path.as_ref().to_owned(), problem: problem.into() }.into()
    }

    /// A build that cannot go on.
    pub fn build(problem: impl Into<String>) -> Error {
        ErrorKind::Build(problem.into()).into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error { kind: Box::new(kind) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            At::Line(n) => write!(f, "{}, line {n}", self.file),
            At::Row(n) => write!(f, "{}, row {n}", self.file),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "key `{}`: ", shorten(&self.key))?;
        }
        f.write_str(&self.problem)?;
        if self.value.is_empty() { Ok(()) } else { write!(f, " (value {})", self.value) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            ErrorKind::Io { path, source } => write!(f, "{}: {source}", path.display()),
            ErrorKind::Row { place, fault } => write!(f, "{place}: {fault}"),
            ErrorKind::File { path, problem } => write!(f, "{}: {problem}", path.display()),
            ErrorKind::Recipe { recipe, key, value: _, problem } if key.is_empty() => {
                write!(f, "recipe {recipe}: {problem}")
            }
            ErrorKind::Recipe { recipe, key, value, problem } if value.is_empty() => {
                write!(f, "recipe {recipe}, key `{key}`: {problem}")
            }
            ErrorKind::Recipe { recipe, key, value, problem } => {
                write!(f, "recipe {recipe}, key `{key}`: {problem} (value {value})")
            }
            ErrorKind::Artifact { path, problem } => {
                write!(f, "artifact {}: {problem}", path.display())
            }
            ErrorKind::Build(problem) => f.write_str(problem),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            ErrorKind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Cuts a value to a length that fits a message line.
pub(crate) fn shorten(value: &str) -> String {
    const LONGEST: usize = 120;
    match value.char_indices().nth(LONGEST) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &value[..end], value.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_error_names_file_line_key_and_value() {
        let place = Place { file: "a.jsonl".to_owned(), at: At::Line(7) };
        let fault = Fault::wrong_type("prompt", &serde_json::json!(3), "a string");
        let text = Error::row(place, fault).to_string();
        assert_eq!(text, "a.jsonl, line 7: key `prompt`: is not a string (value 3)");
    }

    #[test]
    fn long_values_are_cut_on_a_character() {
        let cut = shorten(&"ä".repeat(1000));
        assert!(cut.len() < 300 && cut.ends_with("(2000 bytes)"), "{cut}");
    }
}
