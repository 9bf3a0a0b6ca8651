//! A parsed pattern in the syntax of the `regex` crate, and what of Python it cannot say.

use std::fmt::Write;

use super::pattern_class::CharSet;
use super::pattern_parse::{Look, Node};
use super::pattern_vm::fold;

/// Longer translations are not compiled: the pattern's own program serves.
const MAX_LENGTH: usize = 1 << 18;

/// What a pattern asks for that decides how it can be run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits {
    /// `\b`: the `regex` crate agrees on ASCII texts only.
    pub(super) boundary: bool,
    /// `\B`: left to the program.
    pub(super) not_boundary: bool,
    /// `$` outside MULTILINE: agreed on unless the text ends with a line feed.
    pub(super) last_line: bool,
}

pub(super) fn traits(node: &Node) -> Traits {
    let all = |nodes: &[Node]| {
        nodes.iter().map(traits).fold(Traits::default(), |a, b| Traits {
            boundary: a.boundary || b.boundary,
            not_boundary: a.not_boundary || b.not_boundary,
            last_line: a.last_line || b.last_line,
        })
    };
    match node {
        Node::Look(look) => Traits {
            boundary: *look == Look::Boundary,
            not_boundary: *look == Look::NotBoundary,
            last_line: *look == Look::TextEndOrLastLine,
        },
        Node::Concat(nodes) | Node::Alternatives(nodes) => all(nodes),
        Node::Repeat { node, .. } => traits(node),
        Node::Char(..) | Node::Set(_) | Node::Unsupported => Traits::default(),
    }
}

/// Where the empty match stands among the matches of a node, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    Never,
    Last,
    Earlier,
}

/// Where the empty match stands; nothing if a repeated part prefers it to a longer one, which no
/// linear-time engine runs as Python does.
pub(super) fn empty(node: &Node) -> Option<Empty> {
    Some(match node {
        Node::Char(..) | Node::Set(_) => Empty::Never,
        Node::Look(_) | Node::Unsupported => Empty::Last,
        Node::Concat(nodes) => {
            let parts: Option<Vec<Empty>> = nodes.iter().map(empty).collect();
            let parts = parts?;
            match parts.contains(&Empty::Never) {
                true => Empty::Never,
                false if parts.contains(&Empty::Earlier) => Empty::Earlier,
                false => Empty::Last,
            }
        }
        Node::Alternatives(nodes) => {
            let parts: Option<Vec<Empty>> = nodes.iter().map(empty).collect();
            let parts = parts?;
            let (last, rest) = parts.split_last()?;
            match rest.iter().all(|part| *part == Empty::Never) {
                true => *last,
                false => Empty::Earlier,
            }
        }
        Node::Repeat { node, min, max, greedy } => match (empty(node)?, *greedy) {
            (inner, _) if *max == Some(1) && *min == 1 => inner,
            (_, _) if *max == Some(0) => Empty::Last,
            (Empty::Earlier, greedy) if *max == Some(1) && greedy => Empty::Earlier,
            (Empty::Earlier, _) | (Empty::Last, false) => return None,
            (Empty::Last, true) => Empty::Last,
            (Empty::Never, _) if *min > 0 => Empty::Never,
            (Empty::Never, true) => Empty::Last,
            (Empty::Never, false) => Empty::Earlier,
        },
    })
}

/// The translation; nothing where it would be too long.
pub(super) fn emit(node: &Node) -> Option<String> {
    let mut text = String::new();
    write_node(node, &mut text)?;
    Some(text)
}

fn write_node(node: &Node, text: &mut String) -> Option<()> {
    match node {
        Node::Char(point, true) => write_set(&fold(*point), text)?,
        Node::Char(point, false) => write_set(&CharSet::single(*point), text)?,
        Node::Set(set) => write_set(set, text)?,
        Node::Look(look) => text.push_str(match look {
            Look::TextStart => r"\A",
            Look::LineStart => "(?m:^)",
            Look::TextEnd | Look::TextEndOrLastLine => r"\z",
            Look::LineEnd => "(?m:$)",
            Look::Boundary => r"(?-u:\b)",
            Look::NotBoundary => return None,
        }),
        Node::Concat(nodes) => nodes.iter().try_for_each(|node| write_node(node, text))?,
        Node::Alternatives(nodes) => {
            text.push_str("(?:");
            for (at, node) in nodes.iter().enumerate() {
                if at > 0 {
                    text.push('|');
                }
                write_node(node, text)?;
            }
            text.push(')');
        }
        Node::Repeat { node, min, max, greedy } => {
            text.push_str("(?:");
            write_node(node, text)?;
            match max {
                Some(max) => write!(text, "){{{min},{max}}}").ok()?,
                None => write!(text, "){{{min},}}").ok()?,
            }
            if !greedy {
                text.push('?');
            }
        }
        Node::Unsupported => return None,
    }
    (text.len() <= MAX_LENGTH).then_some(())
}

/// A class by its ranges. Surrogates, which no text holds, are cut out.
fn write_set(set: &CharSet, text: &mut String) -> Option<()> {
    let mut ranges = Vec::with_capacity(set.ranges().len());
    for &(first, last) in set.ranges() {
        for (low, high) in [(0, 0xd7ff), (0xe000, 0x10_ffff)] {
            let (first, last) = (first.max(low), last.min(high));
            if first <= last {
                ranges.push((first, last));
            }
        }
    }
    match ranges[..] {
        [] => text.push_str(r"[^\x{0}-\x{10ffff}]"),
        _ => {
            text.push('[');
            for (first, last) in ranges {
                write_point(first, text)?;
                if first < last {
                    text.push('-');
                    write_point(last, text)?;
                }
            }
            text.push(']');
        }
    }
    Some(())
}

/// A character inside brackets: as it is, which is read fastest, unless it might mean something.
fn write_point(point: u32, text: &mut String) -> Option<()> {
    match char::from_u32(point)? {
        c if c.is_ascii_alphanumeric() || point >= 0xa0 => text.push(c),
        _ => write!(text, r"\x{{{point:x}}}").ok()?,
    }
    Some(())
}
