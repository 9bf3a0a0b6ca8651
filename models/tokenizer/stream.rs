//! Decoding while tokens still come: what is no whole character yet is held back.

use super::Tokenizer;
use crate::error::Result;

/// Tokens that may spell one character, after which bytes that are none are given up on.
const HELD: usize = 16;

/// Decodes token by token. The pieces, put together, are the text of all tokens.
#[derive(Debug)]
pub struct Stream<'a> {
    tokenizer: &'a Tokenizer,
    /// Bytes that are no whole character yet.
    bytes: Vec<u8>,
    /// Where the tokenizer has no bytes: tokens given out last, and those held back.
    ids: Vec<u32>,
    /// How many of `ids` were given out.
    given: usize,
}

/// The bytes of each token.
#[derive(Debug)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// Where each token's end; a special token has none.
    ends: Vec<usize>,
}

impl Pieces {
    pub(super) fn new(tokenizer: &Tokenizer) -> Pieces {
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(tokenizer.vocab()));
        for id in 0..tokenizer.vocab() {
            // Ids are u32, and so is the largest of them.
            let id = id as u32;
            if let Some(token) = tokenizer.token(id).filter(|_| !tokenizer.is_special(id)) {
                spell(&token, &mut bytes);
            }
            ends.push(bytes.len());
        }
        Pieces { bytes, ends }
    }

    fn of(&self, id: u32) -> &[u8] {
        let at = id as usize;
        match self.ends.get(at) {
            Some(end) => &self.bytes[at.checked_sub(1).map_or(0, |at| self.ends[at])..*end],
            None => &[],
        }
    }
}

/// The bytes that a token of a byte-level vocabulary stands for; a token with any other character
/// in it stands for itself.
fn spell(token: &str, out: &mut Vec<u8>) {
    let begin = out.len();
    for letter in token.chars() {
        match byte_of(letter) {
            Some(byte) => out.push(byte),
            None => {
                out.truncate(begin);
                out.extend_from_slice(token.as_bytes());
                return;
            }
        }
    }
}

/// GPT-2's alphabet: printable bytes of Latin-1 are themselves, the 68 others U+0100 onwards in
/// their order.
fn byte_of(letter: char) -> Option<u8> {
    match u32::from(letter) {
        code @ (0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) => Some(code as u8),
        code @ 0x100..=0x120 => Some((code - 0x100) as u8),
        code @ 0x121..=0x142 => Some((code - 0x121 + 0x7F) as u8),
        0x143 => Some(0xAD),
        _ => None,
    }
}

impl<'a> Stream<'a> {
    pub(super) fn new(tokenizer: &'a Tokenizer) -> Stream<'a> {
        Stream { tokenizer, bytes: Vec::new(), ids: Vec::new(), given: 0 }
    }

    /// Takes a token; gives the text that is certain now, which may be empty.
    ///
    /// # Errors
    /// Tokens that the decoder cannot take.
    pub fn push(&mut self, id: u32) -> Result<String> {
        match self.tokenizer.pieces() {
            Some(pieces) => {
                self.bytes.extend_from_slice(pieces.of(id));
                Ok(whole(&mut self.bytes))
            }
            None => self.push_decoded(id),
        }
    }

    /// What was held back, at the end of a text. The stream begins anew.
    ///
    /// # Errors
    /// Tokens that the decoder cannot take.
    pub fn finish(&mut self) -> Result<String> {
        let rest = String::from_utf8_lossy(&self.bytes).into_owned();
        self.bytes.clear();
        let tail = self.tail()?;
        self.ids.clear();
        self.given = 0;
        Ok(rest + &tail)
    }

    /// The same for decoders that look at a token's neighbours: a window is decoded with and
    /// without the new token, and the difference is the new text.
    fn push_decoded(&mut self, id: u32) -> Result<String> {
        self.ids.push(id);
        let text = self.tail()?;
        let held = self.ids.len() - self.given;
        if text.is_empty() || (text.ends_with('\u{FFFD}') && held < HELD) {
            return Ok(String::new());
        }
        self.ids.drain(..self.given);
        self.given = self.ids.len();
        Ok(text)
    }

    /// The text of the tokens that are held back.
    fn tail(&self) -> Result<String> {
        let before = self.tokenizer.decode(&self.ids[..self.given])?;
        let all = self.tokenizer.decode(&self.ids)?;
        Ok(all.get(before.len()..).unwrap_or_default().to_owned())
    }
}

/// Takes whole characters off the front, bytes that can be none as U+FFFD.
fn whole(bytes: &mut Vec<u8>) -> String {
    let mut keep = 0;
    if let Some(chunk) = bytes.utf8_chunks().last() {
        let bad = chunk.invalid();
        let begun =
            !bad.is_empty() && std::str::from_utf8(bad).is_err_and(|e| e.error_len().is_none());
        keep = if begun { bad.len() } else { 0 };
    }
    let cut = bytes.len() - keep;
    let text = String::from_utf8_lossy(&bytes[..cut]).into_owned();
    bytes.drain(..cut);
    text
}
