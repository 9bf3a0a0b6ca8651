//! Bounds on a template's source, so that parsing it cannot exhaust the stack.

use crate::error::{Error, Result};

/// The longest template that is taken, in bytes.
const LONGEST: usize = 1 << 20;

/// The most code in one tag, in bytes without texts in quotes: it bounds the depth of expressions.
const TAG: usize = 2048;

/// The most blocks that may be open.
const BLOCKS: usize = 64;

/// The most alternatives of one condition.
const ALTERNATIVES: usize = 256;

/// Refuses a source that is too long, or has a tag or a nesting of blocks beyond the bounds.
///
/// # Errors
/// The bound that it exceeds, with the line.
pub(super) fn check(source: &str) -> Result<()> {
    if source.len() > LONGEST {
        let problem = format!("chat template: {} bytes, the limit is {LONGEST}", source.len());
        return Err(Error::argument(problem));
    }
    let (mut rest, mut open, mut alternatives) = (source, 0usize, 0usize);
    while let Some(at) = rest.find("{%").into_iter().chain(rest.find("{{")).min() {
        let line = 1 + source[..source.len() - rest.len() + at].matches('\n').count();
        let wrong = |what: String| Error::argument(format!("chat template line {line}: {what}"));
        let (tag, after) = tag(&rest[at + 2..]);
        if tag.len() > TAG {
            return Err(wrong(format!("a tag of more than {TAG} bytes of code")));
        }
        if rest[at..].starts_with("{%") {
            match tag.trim_start_matches(['-', '+']).split_whitespace().next().unwrap_or("") {
                "if" | "for" | "macro" | "call" | "filter" | "block" | "with" | "autoescape"
                | "generation" | "set" => open += 1,
                "elif" | "else" => alternatives += 1,
                // `set` opens a block only without `=`, so that these come too seldom: the count
                // below is of what could be open.
                name if name.starts_with("end") => {
                    open = open.saturating_sub(1);
                    alternatives = 0;
                }
                _ => {}
            }
            if tag.trim_start_matches(['-', '+']).trim_start().starts_with("set ")
                && tag.contains('=')
            {
                open = open.saturating_sub(1);
            }
        }
        if open > BLOCKS {
            return Err(wrong(format!("more than {BLOCKS} open blocks")));
        }
        if alternatives > ALTERNATIVES {
            return Err(wrong(format!("more than {ALTERNATIVES} alternatives")));
        }
        rest = after;
    }
    Ok(())
}

/// The code of a tag that was opened just before `text`, without quoted texts, and what follows.
fn tag(text: &str) -> (String, &str) {
    let mut code = String::new();
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some(_) if c == '\\' => {
                chars.next();
            }
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if (c == '%' || c == '}') && text[at + 1..].starts_with('}') => {
                return (code, &text[at + 2..]);
            }
            None if code.len() > TAG => return (code, ""),
            None => code.push(c),
        }
    }
    (code, "")
}
