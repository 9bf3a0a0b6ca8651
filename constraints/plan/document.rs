//! The text under construction: paragraphs of lines, prose made of slots.

use crate::demand::Case;

use super::filler::{Fill, Pool};

/// The place of one word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Slot {
    /// Any filler word.
    Free,
    /// Any filler word that starts with this letter.
    Initial(char),
    /// A filler word, which may still be exchanged.
    Filled(&'static str),
    /// Given text.
    Fixed(String),
}

impl Slot {
    pub(super) fn text(&self) -> &str {
        match self {
            Slot::Free | Slot::Initial(_) => "",
            Slot::Filled(text) => text,
            Slot::Fixed(text) => text,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Slot::Free | Slot::Initial(_))
    }
}

/// Words up to a full stop; `end` is empty where the stop is left out or part of the words.
#[derive(Debug, Clone, Default)]
pub(super) struct Sentence {
    pub(super) slots: Vec<Slot>,
    pub(super) end: String,
    /// Whether the next sentence stands on a line of its own.
    pub(super) breaks: bool,
}

/// One part of a paragraph.
#[derive(Debug, Clone)]
pub(super) enum Item {
    /// Running text: an index into the sentences of the document, and how many there are.
    Prose(std::ops::Range<usize>),
    /// Lines as they are.
    Lines(String),
    /// Text that goes on in the line before.
    Tail(String),
}

/// A whole text.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) sentences: Vec<Sentence>,
    pub(super) paragraphs: Vec<Vec<Item>>,
    pub(super) case: Option<Case>,
    pub(super) quoted: bool,
    pub(super) json: bool,
    /// The longest line of prose; 0 for no limit.
    pub(super) width: usize,
    /// Line breaks to put between words, beyond all others.
    pub(super) breaks: usize,
}

impl Document {
    /// Puts filler words into the open slots.
    pub(super) fn fill(&mut self, pool: &mut Pool, no_neighbours: bool) {
        let mut last: Option<char> = None;
        for sentence in &mut self.sentences {
            for place in 0..sentence.slots.len() {
                let next = sentence.slots.get(place + 1).and_then(initial);
                let slot = &mut sentence.slots[place];
                let picked = match slot {
                    Slot::Initial(letter) => pool.starting(*letter),
                    Slot::Free if no_neighbours => {
                        let differs = |word: &Fill| {
                            let first = word.text.chars().next();
                            first != last && first != next
                        };
                        pool.find(differs)
                    }
                    Slot::Free => pool.next(place),
                    Slot::Filled(_) | Slot::Fixed(_) => None,
                };
                if let Some(word) = picked {
                    *slot = Slot::Filled(word.text);
                }
                last = initial(&sentence.slots[place]).or(last);
            }
        }
    }

    /// The text itself.
    pub(super) fn render(&self) -> String {
        let mut text = String::with_capacity(1024);
        let blank = if self.json { " " } else { "\n\n" };
        for at in 0..self.paragraphs.len() {
            text.push_str(if at > 0 { blank } else { "" });
            self.push_paragraph(at, &mut text);
        }
        if self.breaks > 0 {
            break_lines(&mut text, self.breaks);
        }
        let text = match self.case {
            Some(Case::Lower) => text.to_lowercase(),
            Some(Case::Upper) => text.to_uppercase(),
            None => text,
        };
        match (self.quoted, self.json) {
            (true, _) => format!("\"{text}\""),
            (_, true) => {
                let key = if self.case == Some(Case::Upper) { "TEXT" } else { "text" };
                serde_json::json!({ key: text }).to_string()
            }
            _ => text,
        }
    }

    /// One paragraph alone, as it will stand in the text but for its case.
    pub(super) fn render_paragraph(&self, at: usize) -> String {
        let mut text = String::new();
        self.push_paragraph(at, &mut text);
        text
    }

    fn push_paragraph(&self, at: usize, text: &mut String) {
        let line = if self.json { " " } else { "\n" };
        for (j, item) in self.paragraphs[at].iter().enumerate() {
            match (item, j) {
                (_, 0) => {}
                (Item::Tail(_), _) => text.push(' '),
                _ => text.push_str(line),
            }
            match item {
                Item::Lines(lines) | Item::Tail(lines) => text.push_str(lines),
                Item::Prose(range) => self.render_prose(range.clone(), text),
            }
        }
    }

    fn render_prose(&self, range: std::ops::Range<usize>, text: &mut String) {
        let start = text.len();
        let mut column = 0;
        for index in range.clone() {
            let sentence = &self.sentences[index];
            let mut first = true;
            for slot in sentence.slots.iter().filter(|slot| !slot.text().is_empty()) {
                let word = slot.text();
                if text.len() > start && !text.ends_with('\n') {
                    let long = self.width > 0 && column + word.chars().count() + 2 > self.width;
                    text.push(if long { '\n' } else { ' ' });
                    column = if long { 0 } else { column + 1 };
                }
                let from = text.len();
                push_word(word, first, text);
                column += text[from..].chars().count();
                first = false;
            }
            text.push_str(&sentence.end);
            column += sentence.end.len();
            if sentence.breaks && index + 1 < range.end {
                text.push('\n');
                column = 0;
            }
        }
    }
}

/// Appends `word`, with a capital at the start of a sentence.
fn push_word(word: &str, first: bool, text: &mut String) {
    let mut chars = word.chars();
    match chars.next() {
        Some(c) if first && c.is_lowercase() => {
            text.extend(c.to_uppercase());
            text.push_str(chars.as_str());
        }
        _ => text.push_str(word),
    }
}

/// Turns `n` single spaces inside lines of prose into line breaks, from the end backwards.
fn break_lines(text: &mut String, mut n: usize) {
    let mut bytes = std::mem::take(text).into_bytes();
    let plain = |b: u8| b.is_ascii_alphabetic();
    let mut at = bytes.len();
    while n > 0 && at > 2 {
        at -= 1;
        if bytes[at] == b' ' && plain(bytes[at - 1]) && bytes.get(at + 1).is_some_and(|b| plain(*b))
        {
            let line = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            if plain(bytes[line]) {
                bytes[at] = b'\n';
                n -= 1;
            }
        }
    }
    *text = String::from_utf8(bytes).expect("only ASCII spaces were replaced");
}

/// The first letter of a slot's text, in lower case.
fn initial(slot: &Slot) -> Option<char> {
    let text = match slot {
        Slot::Initial(letter) => return Some(*letter),
        other => other.text(),
    };
    text.chars().find(|c| c.is_alphanumeric()).and_then(|c| c.to_lowercase().next())
}
