//! Patterns that are plain text, with or without `\b` at either end: searched for without a
//! regular expression, since nearly every keyword is one and compiling costs more than searching.

use memchr::{memchr_iter, memchr2_iter, memchr3_iter, memmem};

use super::chars;
use super::pattern_parse::{Look, Node};
use super::pattern_vm::fold;

/// Longer texts are left to the automaton, so that the search stays linear.
const MAX_CHARS: usize = 256;

/// ASCII letters from rare to frequent in English prose: the search looks for the rarest.
const BY_FREQUENCY: &[u8] = b"zqxjkvbpygfwmucldrhsnioate";

#[derive(Debug)]
pub(super) struct Literal {
    kind: Kind,
    /// `\b` before and after.
    boundaries: (bool, bool),
}

#[derive(Debug)]
enum Kind {
    Exact(Box<memmem::Finder<'static>>),
    /// ASCII text in lower case, its case ignored.
    Ascii {
        lowered: Vec<u8>,
        rare: usize,
        general: Vec<Vec<char>>,
    },
    /// The characters each place may hold.
    General(Vec<Vec<char>>),
}

impl Literal {
    /// The literal that a pattern amounts to, if it does.
    pub(super) fn new(node: &Node) -> Option<Self> {
        let one = std::slice::from_ref(node);
        let mut nodes = if let Node::Concat(nodes) = node { nodes.as_slice() } else { one };
        let mut boundaries = (false, false);
        if let [Node::Look(Look::Boundary), rest @ ..] = nodes {
            (boundaries.0, nodes) = (true, rest);
        }
        if let [rest @ .., Node::Look(Look::Boundary)] = nodes {
            (boundaries.1, nodes) = (true, rest);
        }
        if nodes.is_empty() || nodes.len() > MAX_CHARS {
            return None;
        }
        let mut letters = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Node::Char(point, ignore_case) = node else { return None };
            let c = char::from_u32(*point)?;
            letters.push((c, *ignore_case && fold_matters(c)));
        }
        Some(Self { kind: Kind::new(&letters), boundaries })
    }

    /// The first match at or after `from`.
    pub(super) fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        let mut at = from;
        loop {
            let (start, end) = self.kind.find(text, at)?;
            if (!self.boundaries.0 || boundary(text, start))
                && (!self.boundaries.1 || boundary(text, end))
            {
                return Some((start, end));
            }
            at = start + text[start..].chars().next().map_or(1, char::len_utf8);
        }
    }
}

/// Whether ignoring case makes a difference to a character.
fn fold_matters(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { fold(c as u32).only().is_none() }
}

fn boundary(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let before = match at.checked_sub(1).map(|at| bytes[at]) {
        Some(byte) if byte >= 128 => text[..at].chars().next_back().is_some_and(chars::is_word),
        byte => byte.is_some_and(|byte| chars::ascii_flags(byte) & chars::WORD != 0),
    };
    let after = match bytes.get(at) {
        Some(&byte) if byte >= 128 => text[at..].chars().next().is_some_and(chars::is_word),
        byte => byte.is_some_and(|&byte| chars::ascii_flags(byte) & chars::WORD != 0),
    };
    before != after
}

impl Kind {
    fn new(letters: &[(char, bool)]) -> Self {
        if !letters.iter().any(|letter| letter.1) {
            let needle: String = letters.iter().map(|letter| letter.0).collect();
            return Self::Exact(Box::new(memmem::Finder::new(needle.as_bytes()).into_owned()));
        }
        let set = |&(c, folds): &(char, bool)| match folds {
            true => {
                let points = fold(c as u32);
                let points = points.ranges().iter().flat_map(|&(first, last)| first..=last);
                points.filter_map(char::from_u32).collect()
            }
            false => vec![c],
        };
        let all_fold = letters.iter().all(|&(c, folds)| c.is_ascii() && folds == fold_matters(c));
        if !all_fold {
            return Self::General(letters.iter().map(set).collect());
        }
        let lowered: Vec<u8> = letters.iter().map(|l| l.0.to_ascii_lowercase() as u8).collect();
        let rank = |byte: &u8| BY_FREQUENCY.iter().position(|known| known == byte);
        let rare = (0..lowered.len()).min_by_key(|&at| match lowered[at] {
            b' ' => 99,
            byte => rank(&byte).unwrap_or(3),
        });
        // Only these have partners outside ASCII.
        let general = match lowered.iter().any(|byte| b"iks".contains(byte)) {
            true => letters.iter().map(set).collect(),
            false => Vec::new(),
        };
        Self::Ascii { lowered, rare: rare.expect("a literal has characters"), general }
    }

    fn find(&self, text: &str, from: usize) -> Option<(usize, usize)> {
        match self {
            Self::Exact(finder) => {
                let start = from + finder.find(&text.as_bytes()[from..])?;
                Some((start, start + finder.needle().len()))
            }
            Self::Ascii { lowered, rare, general } => {
                let found = find_ascii(lowered, *rare, text, from);
                // A match with a partner outside ASCII may stand before; it is looked for up to
                // the match found and no further, so that all matches take linear time together.
                let end = found.map_or(text.len(), |(_, end)| end);
                match !general.is_empty() && has_partner(&text[from..end]) {
                    true => find_general(general, text, from),
                    false => found,
                }
            }
            Self::General(letters) => find_general(letters, text, from),
        }
    }
}

fn find_ascii(lowered: &[u8], rare: usize, text: &str, from: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let last = bytes.len().checked_sub(lowered.len()).filter(|last| *last >= from)?;
    let window = &bytes[from + rare..=last + rare];
    let check = |offset: usize| {
        let start = from + offset;
        let end = start + lowered.len();
        bytes[start..end].eq_ignore_ascii_case(lowered).then_some((start, end))
    };
    let (lower, upper) = (lowered[rare], lowered[rare].to_ascii_uppercase());
    if lower == upper {
        memchr_iter(lower, window).find_map(check)
    } else {
        memchr2_iter(lower, upper, window).find_map(check)
    }
}

/// Whether the text holds one of İ, ı, ſ and the kelvin sign, which match ASCII letters.
fn has_partner(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr3_iter(0xc4, 0xc5, 0xe2, bytes).any(|at| {
        matches!(bytes[at..], [0xc4, 0xb0 | 0xb1, ..] | [0xc5, 0xbf, ..] | [0xe2, 0x84, 0xaa, ..])
    })
}

fn find_general(letters: &[Vec<char>], text: &str, from: usize) -> Option<(usize, usize)> {
    text[from..].char_indices().find_map(|(offset, _)| {
        let start = from + offset;
        let mut rest = text[start..].chars();
        let holds = |set: &Vec<char>| rest.next().is_some_and(|c| set.contains(&c));
        if !letters.iter().all(holds) {
            return None;
        }
        Some((start, text.len() - rest.as_str().len()))
    })
}
