//! The demands of a whole set, merged, each with the member that makes it.

use crate::bound::Bound;
use crate::constraint::Constraint;
use crate::demand::{Case, Demand, Each, Numbering, Unit};

use super::Conflict;

/// A thing asked for, and the index of the constraint that asks.
#[derive(Debug, Clone)]
pub(super) struct Asked<T> {
    pub(super) what: T,
    pub(super) by: usize,
}

/// A bound with the constraints that set its two ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) bound: Bound,
    pub(super) low_by: usize,
    pub(super) high_by: usize,
}

impl Range {
    fn narrow(&mut self, bound: Bound, by: usize) {
        if bound.low > self.bound.low {
            self.bound.low = bound.low;
            self.low_by = by;
        }
        if bound.high < self.bound.high {
            self.bound.high = bound.high;
            self.high_by = by;
        }
    }

    fn new(bound: Bound, by: usize) -> Range {
        Range { bound, low_by: by, high_by: by }
    }
}

/// A block of lines that the text must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    Title,
    Heading(u8, String),
    Numbered(Numbering, u64),
    Table(u64),
    Fenced(String, String),
}

/// Everything that a set asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wants {
    pub(super) counts: Vec<(Unit, Range)>,
    pub(super) each: Vec<(Each, Range)>,
    pub(super) mentions: Vec<(String, Range)>,
    pub(super) letters: Vec<(char, Range)>,
    pub(super) avoid_words: Vec<Asked<String>>,
    pub(super) avoid_chars: Vec<Asked<char>>,
    pub(super) ascii_only: Option<usize>,
    pub(super) case: Option<Asked<Case>>,
    pub(super) language: Option<Asked<String>>,
    pub(super) opens: Option<Asked<String>>,
    pub(super) closes: Option<Asked<String>>,
    pub(super) last_word: Option<Asked<String>>,
    pub(super) whole: Option<Asked<Vec<String>>>,
    pub(super) sections: Vec<Asked<(String, u64)>>,
    pub(super) blocks: Vec<Asked<Block>>,
    pub(super) postscript: Option<Asked<String>>,
    pub(super) quoted: Option<usize>,
    pub(super) json: Option<usize>,
    pub(super) two: Option<usize>,
    pub(super) paragraph_starts: Vec<Asked<(u64, String)>>,
    pub(super) sentence_starts: Vec<Asked<(u64, String)>>,
    pub(super) words_at: Vec<Asked<(u64, String)>>,
    pub(super) orders: Vec<Asked<Vec<String>>>,
    pub(super) alliterations: Vec<Asked<(char, u64)>>,
    pub(super) sentence_initial: Option<Asked<char>>,
    pub(super) acrostic: Option<Asked<String>>,
    pub(super) no_neighbours: Option<usize>,
    /// Texts that do for one member each; they bind nobody, so their author is not kept.
    pub(super) drafts: Vec<String>,
}

impl Wants {
    /// Merges the demands of `set`.
    pub(super) fn merge(set: &[&Constraint]) -> Result<Wants, Conflict> {
        let mut wants = Wants::default();
        for (by, constraint) in set.iter().enumerate() {
            let demands = constraint.demands().map_err(|error| Conflict {
                members: vec![by],
                reason: error.to_string(),
                proved: true,
            })?;
            for demand in demands {
                wants.add(demand, by)?;
            }
        }
        wants.count_blocks()?;
        Ok(wants)
    }

    /// What the blocks alone make of headings, list items, rows and fences.
    fn count_blocks(&mut self) -> Result<(), Conflict> {
        let mut fences = 0;
        let mut list: Option<(Numbering, usize)> = None;
        for Asked { what, by } in self.blocks.clone() {
            match what {
                Block::Title => {}
                Block::Heading(..) => {
                    narrow(&mut self.counts, Unit::Headings, Bound::at_least(1), by)?
                }
                Block::Table(_) => {
                    narrow(&mut self.counts, Unit::TableRows, Bound::at_least(1), by)?
                }
                Block::Fenced(..) => {
                    fences += 1;
                    narrow(&mut self.counts, Unit::CodeBlocks, Bound::at_least(fences), by)?
                }
                Block::Numbered(style, n) => {
                    if let Some((_, other)) = list.filter(|(known, _)| *known != style) {
                        return Err(pair(other, by, "two styles of numbering are asked for"));
                    }
                    list = Some((style, by));
                    narrow(&mut self.counts, Unit::ListItems, Bound::at_least(n), by)?
                }
            }
        }
        Ok(())
    }

    /// The bound on `unit`; anything goes where nothing was asked.
    pub(super) fn bound(&self, unit: Unit) -> Bound {
        self.range(unit).map_or(Bound::ANY, |range| range.bound)
    }

    /// The bound on `unit` with its authors.
    pub(super) fn range(&self, unit: Unit) -> Option<Range> {
        self.counts.iter().find(|(u, _)| *u == unit).map(|(_, range)| *range)
    }

    /// The limit on each `part`.
    pub(super) fn each(&self, part: Each) -> Bound {
        let found = self.each.iter().find(|(e, _)| *e == part);
        found.map_or(Bound::ANY, |(_, range)| range.bound)
    }

    fn add(&mut self, demand: Demand, by: usize) -> Result<(), Conflict> {
        match demand {
            Demand::Count(unit, bound) => narrow(&mut self.counts, unit, bound, by),
            Demand::Each(part, bound) => narrow(&mut self.each, part, bound, by),
            Demand::Mention(phrase, bound) => {
                narrow(&mut self.mentions, phrase.to_lowercase(), bound, by)
            }
            Demand::Letter(letter, bound) => {
                let small = letter.to_lowercase().next().unwrap_or(letter);
                narrow(&mut self.letters, small, bound, by)
            }
            other => self.add_single(other, by),
        }
    }

    fn add_single(&mut self, demand: Demand, by: usize) -> Result<(), Conflict> {
        match demand {
            Demand::AvoidWord(word) => {
                self.avoid_words.push(Asked { what: word.to_lowercase(), by })
            }
            Demand::AvoidChars(set) => {
                self.avoid_chars.extend(set.chars().map(|what| Asked { what, by }))
            }
            Demand::AsciiOnly => self.ascii_only = Some(by),
            Demand::Case(case) => return only(&mut self.case, case, by, "the case"),
            Demand::Language(code) => return only(&mut self.language, code, by, "the language"),
            Demand::Opens(phrase) => return longest(&mut self.opens, phrase, by, true),
            Demand::Closes(phrase) => return longest(&mut self.closes, phrase, by, false),
            Demand::LastWord(word) => {
                return only(&mut self.last_word, word.to_lowercase(), by, "the last word");
            }
            Demand::Whole(texts) => return only(&mut self.whole, texts, by, "the whole text"),
            Demand::Sections(marker, n) => self.sections.push(Asked { what: (marker, n), by }),
            Demand::Title => self.block(Block::Title, by),
            Demand::Heading(level, text) => self.block(Block::Heading(level, text), by),
            Demand::Numbered(style, n) => self.block(Block::Numbered(style, n), by),
            Demand::Table(columns) => self.block(Block::Table(columns), by),
            Demand::Fenced(info, body) => self.block(Block::Fenced(info, body), by),
            Demand::Postscript(marker) => {
                return only(&mut self.postscript, marker, by, "the postscript's marker");
            }
            Demand::Quoted => self.quoted = Some(by),
            Demand::Json => self.json = Some(by),
            Demand::TwoResponses => self.two = Some(by),
            other => self.add_place(other, by),
        }
        Ok(())
    }

    fn add_place(&mut self, demand: Demand, by: usize) {
        match demand {
            Demand::ParagraphStart(nth, word) => {
                self.paragraph_starts.push(Asked { what: (nth, word), by })
            }
            Demand::SentenceStart(nth, word) => {
                self.sentence_starts.push(Asked { what: (nth, word), by })
            }
            Demand::WordAt(nth, word) => self.words_at.push(Asked { what: (nth, word), by }),
            Demand::Order(words) => self.orders.push(Asked { what: words, by }),
            Demand::Alliteration(letter, run) => {
                self.alliterations.push(Asked { what: (letter, run), by })
            }
            Demand::SentenceInitial(letter) => {
                self.sentence_initial = Some(Asked { what: letter, by })
            }
            Demand::Acrostic(word) => self.acrostic = Some(Asked { what: word, by }),
            Demand::NoNeighbourInitials => self.no_neighbours = Some(by),
            Demand::Draft(texts) => self.drafts.extend(texts),
            // Taken by the callers; named, so that a new demand cannot be passed over.
            Demand::Count(..)
            | Demand::Each(..)
            | Demand::Mention(..)
            | Demand::Letter(..)
            | Demand::AvoidWord(_)
            | Demand::AvoidChars(_)
            | Demand::AsciiOnly
            | Demand::Case(_)
            | Demand::Language(_)
            | Demand::Opens(_)
            | Demand::Closes(_)
            | Demand::LastWord(_)
            | Demand::Whole(_)
            | Demand::Sections(..)
            | Demand::Title
            | Demand::Heading(..)
            | Demand::Numbered(..)
            | Demand::Table(_)
            | Demand::Fenced(..)
            | Demand::Postscript(_)
            | Demand::Quoted
            | Demand::Json
            | Demand::TwoResponses => {}
        }
    }

    fn block(&mut self, block: Block, by: usize) {
        if !self.blocks.iter().any(|known| known.what == block) {
            self.blocks.push(Asked { what: block, by });
        }
    }
}

/// Narrows the range kept under `key`; an empty one is a conflict of its two authors.
fn narrow<K: PartialEq + std::fmt::Debug>(
    ranges: &mut Vec<(K, Range)>,
    key: K,
    bound: Bound,
    by: usize,
) -> Result<(), Conflict> {
    let at = match ranges.iter().position(|(k, _)| *k == key) {
        Some(at) => {
            ranges[at].1.narrow(bound, by);
            at
        }
        None => {
            ranges.push((key, Range::new(bound, by)));
            ranges.len() - 1
        }
    };
    let (key, range) = &ranges[at];
    if !range.bound.is_empty() {
        return Ok(());
    }
    let Bound { low, high } = range.bound;
    let reason = format!("{key:?}: at least {low} against at most {high}");
    Err(pair(range.low_by, range.high_by, reason))
}

/// Keeps the one value that all must share.
fn only<T: PartialEq + std::fmt::Debug>(
    slot: &mut Option<Asked<T>>,
    what: T,
    by: usize,
    name: &str,
) -> Result<(), Conflict> {
    match slot {
        Some(known) if known.what != what => {
            let reason = format!("{name} cannot be both {:?} and {what:?}", known.what);
            Err(pair(known.by, by, reason))
        }
        _ => {
            *slot = Some(Asked { what, by });
            Ok(())
        }
    }
}

/// Keeps the longer of two beginnings (or ends), which must contain the shorter.
fn longest(
    slot: &mut Option<Asked<String>>,
    what: String,
    by: usize,
    start: bool,
) -> Result<(), Conflict> {
    let Some(known) = slot else {
        *slot = Some(Asked { what, by });
        return Ok(());
    };
    let (old, new) = (known.what.to_lowercase(), what.to_lowercase());
    let nested = |long: &str, short: &str| {
        if start { long.starts_with(short) } else { long.ends_with(short) }
    };
    if nested(&old, &new) {
        Ok(())
    } else if nested(&new, &old) {
        *known = Asked { what, by };
        Ok(())
    } else {
        let place = if start { "begin" } else { "end" };
        let reason = format!("the text cannot {place} with both {:?} and {what:?}", known.what);
        Err(pair(known.by, by, reason))
    }
}

/// A proved conflict of two members (or of one with itself).
pub(super) fn pair(a: usize, b: usize, reason: impl Into<String>) -> Conflict {
    let mut members = vec![a.min(b), a.max(b)];
    members.dedup();
    Conflict { members, reason: reason.into(), proved: true }
}
