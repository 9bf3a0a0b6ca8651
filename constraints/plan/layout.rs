//! Which blocks a text has, in which order, and where its running text stands.

use std::ops::Range;

use rand::RngExt as _;

use crate::bound::Bound;
use crate::demand::{Each, Unit};
use crate::draw::Rng;
use crate::python::strings::count_words;

use super::clash::limited;
use super::compose::{Paragraph, clamp};
use super::document::Item;
use super::filler::Pool;
use super::mandate::marker;
use super::wants::{Block, Wants};

/// A paragraph part before the sentences are known.
enum Part {
    /// The chunk of running text with this number.
    Chunk(usize),
    Lines(String),
    /// Goes on in the line before.
    Tail(String),
}

/// Paragraphs of parts.
pub(super) struct Layout {
    paragraphs: Vec<Vec<Part>>,
    /// How many chunks of running text there are.
    pub(super) chunks: usize,
    /// Whether the bulk of the running text stands before every block.
    pub(super) prose_first: bool,
    /// The chunk that leads each paragraph, where paragraphs are counted.
    pub(super) leading: Vec<usize>,
}

impl Layout {
    /// The paragraphs with sentence ranges for chunks.
    pub(super) fn paragraphs(&self, chunks: &[Range<usize>]) -> Vec<Paragraph> {
        let item = |part: &Part| match part {
            Part::Chunk(at) => Item::Prose(chunks[*at].clone()),
            Part::Lines(lines) => Item::Lines(lines.clone()),
            Part::Tail(text) => Item::Tail(text.clone()),
        };
        self.paragraphs.iter().map(|parts| parts.iter().map(item).collect()).collect()
    }
}

/// A block and whether running text must follow it.
struct Piece {
    lines: String,
    parts: bool,
}

/// Lays out the blocks that `wants` asks for.
pub(super) fn lay_out(wants: &Wants, pool: &mut Pool, rng: &mut Rng) -> Layout {
    let mut pieces = Pieces { wants, pool, rng, list: Vec::new(), last: Some('s') };
    pieces.gather();
    let closing = pieces.closing();
    let list = pieces.list;
    let prose_first = !wants.words_at.is_empty()
        || !wants.sentence_starts.is_empty()
        || wants.sentence_initial.is_some()
        || wants.acrostic.is_some()
        || wants.opens.is_some();
    let grouped = wants.bound(Unit::Paragraphs) != Bound::ANY
        || !wants.paragraph_starts.is_empty()
        || wants.each(Each::ParagraphSentences) != Bound::ANY
        || wants.each(Each::ParagraphWords) != Bound::ANY
        || wants.json.is_some();
    let mut layout = if grouped {
        group(list, paragraphs_wanted(wants), prose_first)
    } else {
        chain(list, prose_first)
    };
    let tight = wants.each(Each::LineCharacters) != Bound::ANY
        || limited(wants.bound(Unit::Lines))
        || wants.sentence_initial.is_some();
    if let Some(closing) = closing {
        let after_prose = matches!(layout.last(), Some(Part::Chunk(_)));
        match layout.paragraphs.last_mut() {
            Some(last) if tight && after_prose && wants.postscript.is_none() => {
                last.push(Part::Tail(closing))
            }
            Some(last) if grouped || tight => last.push(Part::Lines(closing)),
            _ => layout.paragraphs.push(vec![Part::Lines(closing)]),
        }
    }
    if wants.last_word.is_some() && !matches!(layout.last(), Some(Part::Chunk(_))) {
        let chunk = layout.chunks;
        layout.chunks += 1;
        if let Some(last) = layout.paragraphs.last_mut() {
            last.push(Part::Chunk(chunk));
        }
    }
    layout
}

impl Layout {
    fn last(&self) -> Option<&Part> {
        self.paragraphs.last().and_then(|parts| parts.last())
    }
}

/// How many paragraphs to make where they are counted.
pub(super) fn paragraphs_wanted(wants: &Wants) -> usize {
    let starts = wants.paragraph_starts.iter().map(|asked| asked.what.0 as usize);
    let wanted = starts.max().unwrap_or(0).max(if wants.json.is_some() { 1 } else { 2 });
    clamp(wanted, wants.bound(Unit::Paragraphs)).clamp(1, 20_000)
}

/// Every block is a paragraph of its own, after a first chunk of running text.
fn chain(list: Vec<Piece>, prose_first: bool) -> Layout {
    let mut paragraphs = Vec::new();
    let mut chunks = 0;
    let mut chunk = |paragraphs: &mut Vec<Vec<Part>>| {
        paragraphs.push(vec![Part::Chunk(chunks)]);
        chunks += 1;
    };
    let titled = !prose_first && list.first().is_some_and(|piece| piece.lines.starts_with("<<"));
    let mut pieces = list.into_iter();
    if titled {
        paragraphs.extend(pieces.next().map(|piece| vec![Part::Lines(piece.lines)]));
    }
    chunk(&mut paragraphs);
    for piece in pieces {
        paragraphs.push(vec![Part::Lines(piece.lines)]);
        if piece.parts {
            chunk(&mut paragraphs);
        }
    }
    Layout { paragraphs, chunks, prose_first, leading: Vec::new() }
}

/// Exactly `n` paragraphs, each led by running text; blocks follow on lines of their own.
fn group(list: Vec<Piece>, n: usize, prose_first: bool) -> Layout {
    let mut paragraphs: Vec<Vec<Part>> = (0..n).map(|_| Vec::new()).collect();
    let mut pieces = list.into_iter();
    let total = pieces.len();
    let mut chunks = 0;
    let mut leading = Vec::with_capacity(n);
    for (i, parts) in paragraphs.iter_mut().enumerate() {
        leading.push(chunks);
        parts.push(Part::Chunk(chunks));
        chunks += 1;
        let until = if prose_first && i + 1 < n { 0 } else { total * (i + 1) / n };
        let taken = total - pieces.len();
        for piece in pieces.by_ref().take(until.saturating_sub(taken)) {
            parts.push(Part::Lines(piece.lines));
            if piece.parts {
                parts.push(Part::Chunk(chunks));
                chunks += 1;
            }
        }
    }
    Layout { paragraphs, chunks, prose_first: prose_first && n == 1, leading }
}

/// Collects the blocks.
struct Pieces<'a> {
    wants: &'a Wants,
    pool: &'a mut Pool,
    rng: &'a mut Rng,
    list: Vec<Piece>,
    /// The initial of the last word that was made; `s` to begin with, as of a postscript.
    last: Option<char>,
}

impl Pieces<'_> {
    fn gather(&mut self) {
        if self.wants.blocks.iter().any(|asked| asked.what == Block::Title) {
            let title = self.words(2);
            self.push(format!("<<{title}>>"));
        }
        self.headings();
        self.lists();
        self.tables();
        self.fences();
        for _ in 0..self.wants.bound(Unit::BlockQuotes).low.min(1000) {
            let line = self.words(2);
            self.part(format!("> {line}"));
        }
        for asked in &self.wants.sections {
            let (marker, n) = &asked.what;
            for number in 1..=(*n).min(1000) {
                self.part(format!("{} {number}", marker.trim()));
            }
        }
        for _ in 1..self.wants.bound(Unit::StarParagraphs).low.min(1000) {
            self.part("***".to_owned());
        }
        if self.wants.two.is_some() {
            self.part("******".to_owned());
        }
    }

    /// The last line: postscript and closing phrase.
    fn closing(&mut self) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        if let Some(asked) = &self.wants.postscript {
            let marked = count_words(&asked.what);
            let limits = self.wants.each(Each::SentenceWords);
            let words = self.words(clamp(3 + marked, limits).saturating_sub(marked).max(1));
            let stop = if self.wants.closes.is_some() { "." } else { "" };
            parts.push(format!("{} {words}{stop}", asked.what));
        }
        parts.extend(self.wants.closes.iter().map(|asked| asked.what.trim().to_owned()));
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn headings(&mut self) {
        let mut made = 0;
        for asked in &self.wants.blocks {
            if let Block::Heading(level, text) = &asked.what {
                let signs = "#".repeat(*level as usize);
                self.part(format!("{signs} {text}"));
                made += 1;
            }
        }
        for _ in made..self.wants.bound(Unit::Headings).low.min(1000) {
            let words = self.words(2);
            self.part(format!("## {words}"));
        }
    }

    fn lists(&mut self) {
        let mut items = 0;
        for asked in &self.wants.blocks {
            if let Block::Numbered(style, n) = &asked.what {
                let lines: Vec<String> = (1..=(*n).min(1000))
                    .map(|i| format!("{} {}", marker(*style, i), self.item()))
                    .collect();
                items += lines.len() as u64;
                self.part(lines.join("\n"));
            }
        }
        let bullets = self.wants.bound(Unit::Bullets).low;
        let listed = self.wants.bound(Unit::ListItems).low.saturating_sub(items);
        let bulleted =
            (clamp(listed as usize, self.wants.bound(Unit::Bullets)) as u64).max(bullets);
        if bulleted > 0 {
            let dash = self.wants.avoid_chars.iter().any(|asked| asked.what == '-');
            let sign = if dash { '*' } else { '-' };
            let lines: Vec<String> =
                (0..bulleted.min(5000)).map(|_| format!("{sign} {}", self.item())).collect();
            self.part(lines.join("\n"));
        }
        if listed > bulleted {
            let count = (listed - bulleted).min(5000);
            let lines: Vec<String> = (1..=count).map(|n| format!("{n}. {}", self.item())).collect();
            self.part(lines.join("\n"));
        }
    }

    fn tables(&mut self) {
        let asked = self.wants.blocks.iter().find_map(|asked| match asked.what {
            Block::Table(columns) => Some(columns),
            _ => None,
        });
        let rows = self.wants.bound(Unit::TableRows);
        if asked.is_none() && rows.low == 0 {
            return;
        }
        let columns = asked.unwrap_or(2).clamp(1, 50);
        let rows = clamp(2, rows).min(5000);
        let mut lines = vec![self.row(columns), format!("|{}", "---|".repeat(columns as usize))];
        lines.extend((0..rows).map(|_| self.row(columns)));
        self.part(lines.join("\n"));
    }

    fn row(&mut self, columns: u64) -> String {
        let cells: Vec<String> = (0..columns).map(|_| self.words(1)).collect();
        format!("| {} |", cells.join(" | "))
    }

    fn fences(&mut self) {
        let mut made = 0;
        for asked in &self.wants.blocks {
            if let Block::Fenced(info, body) = &asked.what {
                self.part(format!("```{info}\n{}\n```", body.trim_end_matches('\n')));
                made += 1;
            }
        }
        for _ in made..self.wants.bound(Unit::CodeBlocks).low.min(1000) {
            let words = self.words(2);
            self.part(format!("```\n{words}\n```"));
        }
    }

    fn push(&mut self, lines: String) {
        self.list.push(Piece { lines, parts: false });
    }

    /// A block after which running text goes on.
    fn part(&mut self, lines: String) {
        self.list.push(Piece { lines, parts: true });
    }

    /// The text of a list item, as long as items and sentences may be.
    fn item(&mut self) -> String {
        let limits = self.wants.each(Each::ListItemWords);
        let limits = limits.and(self.wants.each(Each::SentenceWords));
        let n = clamp(2 + self.rng.random_range(0..3), limits).clamp(1, 1000);
        self.words(n)
    }

    fn words(&mut self, n: usize) -> String {
        let n = clamp(n, self.wants.each(Each::SentenceWords)).clamp(1, 1000);
        let mut words: Vec<&str> = Vec::with_capacity(n);
        let initial = self.wants.sentence_initial.as_ref();
        for place in 0..n {
            let last = self.last;
            let word = match initial.filter(|_| place == 0) {
                Some(asked) => self.pool.starting(asked.what),
                None if self.wants.no_neighbours.is_some() => {
                    self.pool.find(|word| word.text.chars().next() != last)
                }
                None => self.pool.next(place + 1),
            };
            words.extend(word.map(|word| word.text));
            self.last = words.last().and_then(|word| word.chars().next());
        }
        let low = self.wants.each(Each::LineCharacters).low.min(2000) as usize;
        let mut text = words.join(" ");
        while text.len() < low {
            let Some(word) = self.pool.next(1) else { break };
            text.push(' ');
            text.push_str(word.text);
        }
        text
    }
}
