//! What a template raises, and how its faults are told.

use std::fmt;

use minijinja::{Error as JinjaError, ErrorKind};

use crate::error::Error;

/// Marks an error that the template raised on purpose.
#[derive(Debug)]
struct Raised(String);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Raised {}

/// `raise_exception(text)`.
pub(super) fn raise(text: &str) -> Result<String, JinjaError> {
    let error = JinjaError::new(ErrorKind::InvalidOperation, text.to_owned());
    Err(error.with_source(Raised(text.to_owned())))
}

/// The error in our words; what the template raised in its own.
pub(super) fn told(error: &JinjaError) -> Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if let Some(Raised(text)) = inner.downcast_ref() {
            return Error::argument(format!("chat template: {text}"));
        }
        source = inner.source();
    }
    let line = error.line().map(|line| format!(" line {line}")).unwrap_or_default();
    if error.kind() == ErrorKind::OutOfFuel {
        return Error::argument(format!("chat template{line}: takes more work than is allowed"));
    }
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    Error::argument(format!("chat template{line}: {}{detail}", error.kind()))
}
