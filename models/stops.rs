//! Where an answer ends: strings looked for in its text, across the borders of tokens.

use crate::error::Result;
use crate::tokenizer::{Stream, Tokenizer};

/// Looks for stop strings in a text that comes token by token.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    stream: Stream<'a>,
    strings: &'a [String],
    text: String,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(tokenizer: &'a Tokenizer, strings: &'a [String]) -> Watch<'a> {
        Watch { stream: tokenizer.stream(), strings, text: String::new() }
    }

    /// Takes a token; if the text now holds a stop string, gives the text before the first one.
    pub(crate) fn push(&mut self, id: u32) -> Result<Option<String>> {
        let piece = self.stream.push(id)?;
        Ok(self.grow(&piece))
    }

    /// As `push`, with what the decoder held back at the end of the text.
    pub(crate) fn finish(&mut self) -> Result<Option<String>> {
        let piece = self.stream.finish()?;
        Ok(self.grow(&piece))
    }

    fn grow(&mut self, piece: &str) -> Option<String> {
        let known = self.text.len();
        self.text.push_str(piece);
        first(&self.text, known, self.strings).map(|at| self.text[..at].to_owned())
    }
}

/// Where the first stop string begins that ends beyond the first `known` bytes of the text.
fn first(text: &str, known: usize, strings: &[String]) -> Option<usize> {
    let found = strings.iter().filter_map(|string| {
        let mut from = known.saturating_sub(string.len() - 1);
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        text[from..].find(string).map(|at| from + at)
    });
    found.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&str], strings: &[&str]) -> Option<String> {
        let strings: Vec<String> = strings.iter().map(ToString::to_string).collect();
        let mut text = String::new();
        for piece in pieces {
            let known = text.len();
            text.push_str(piece);
            if let Some(at) = first(&text, known, &strings) {
                return Some(text[..at].to_owned());
            }
        }
        None
    }

    #[test]
    fn strings_are_found_across_pieces_and_the_earliest_wins() {
        assert_eq!(cut(&["one <", "/", "end> two"], &["</end>"]).unwrap(), "one ");
        assert_eq!(cut(&["ab", "cd"], &["d", "bc"]).unwrap(), "a");
        assert_eq!(cut(&["aab"], &["ab", "aab"]).unwrap(), "");
        assert_eq!(cut(&["a", "a", "b"], &["ab"]).unwrap(), "a");
        assert_eq!(cut(&["nothing", " here"], &["\n\n"]), None);
        assert_eq!(cut(&["ü", "é", "ü!"], &["éü"]).unwrap(), "ü");
        assert_eq!(cut(&["日", "本", "語"], &["本語"]).unwrap(), "日");
    }
}
