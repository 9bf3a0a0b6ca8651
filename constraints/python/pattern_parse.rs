//! Reads Python's regular expression syntax (CPython 3.11) into a small tree.

use std::sync::Arc;

use super::chars::{DIGIT, SPACE, WORD};
use super::pattern::Flags;
use super::pattern_class::CharSet;
use super::pattern_group::Groups;

/// How deeply groups may nest, so that the tree can be walked by recursion.
const MAX_NESTING: usize = 100;

/// A position that a pattern asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    TextStart,
    LineStart,
    TextEnd,
    /// `$`: the end of the text or before a line feed that ends it.
    TextEndOrLastLine,
    LineEnd,
    Boundary,
    NotBoundary,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    /// One character, with its case ignored or not.
    Char(u32, bool),
    Set(Arc<CharSet>),
    Look(Look),
    Concat(Vec<Node>),
    Alternatives(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        greedy: bool,
    },
    /// What is parsed but not run.
    Unsupported,
}

/// Why a pattern was not taken: the offset is in characters, as Python counts.
#[derive(Debug)]
pub(super) enum ParseError {
    Invalid(usize, String),
    Unsupported(usize, &'static str),
}

pub(super) type Parsed<T> = Result<T, ParseError>;

/// A pattern and how many groups it captures.
pub(super) fn parse(pattern: &str, flags: Flags) -> Parsed<(Node, usize)> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut parser = Parser {
        chars: &chars,
        at: 0,
        groups: Groups::default(),
        unsupported: None,
        global: flags,
    };
    parser.check_escape()?;
    let node = parser.alternatives(flags, 0)?;
    if parser.peek().is_some() {
        return parser.invalid(parser.at, "unbalanced parenthesis");
    }
    if let Some((at, group)) = parser.groups.undefined() {
        return parser.invalid(at, format!("invalid group reference {group}"));
    }
    match parser.unsupported {
        Some((at, what)) => Err(ParseError::Unsupported(at, what)),
        None => Ok((node, parser.groups.count())),
    }
}

pub(super) struct Parser<'p> {
    pub(super) chars: &'p [char],
    pub(super) at: usize,
    pub(super) groups: Groups,
    pub(super) unsupported: Option<(usize, &'static str)>,
    pub(super) global: Flags,
}

/// What an escape stands for.
enum Escape {
    Point(u32),
    Category(u8, bool),
    Look(Look),
    Reference,
}

/// A sequence under construction; Python asks of its last item whether it can be repeated.
#[derive(Default)]
struct Sequence {
    nodes: Vec<Node>,
    last: Last,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Last {
    #[default]
    None,
    Item,
    Look,
    Repeat,
}

impl Sequence {
    fn push(&mut self, node: Node) {
        self.last = if matches!(node, Node::Look(_)) { Last::Look } else { Last::Item };
        self.nodes.push(node);
    }

    /// A group stays an item even where all it holds is a position.
    fn push_group(&mut self, node: Node) {
        self.nodes.push(node);
        self.last = Last::Item;
    }
}

impl Parser<'_> {
    pub(super) fn invalid<T>(&self, at: usize, what: impl Into<String>) -> Parsed<T> {
        Err(ParseError::Invalid(at, what.into()))
    }

    pub(super) fn refuse(&mut self, at: usize, what: &'static str) {
        self.unsupported.get_or_insert((at, what));
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.at += usize::from(c.is_some());
        c
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// A backslash that ends the pattern is an error wherever it stands, comments included.
    fn check_escape(&self) -> Parsed<()> {
        let slashes = self.chars.iter().rev().take_while(|&&c| c == '\\').count();
        match slashes % 2 {
            1 => self.invalid(self.chars.len() - 1, "bad escape (end of pattern)"),
            _ => Ok(()),
        }
    }

    /// `a|b|c`, up to a closing parenthesis or the end.
    pub(super) fn alternatives(&mut self, mut flags: Flags, nesting: usize) -> Parsed<Node> {
        if nesting > MAX_NESTING {
            return Err(ParseError::Unsupported(self.at, "deeply nested group"));
        }
        let mut nodes = vec![self.sequence(&mut flags, nesting, nesting == 0)?];
        while self.eat('|') {
            if nesting == 0 {
                flags = self.global;
            }
            nodes.push(self.sequence(&mut flags, nesting, false)?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Alternatives(nodes) })
    }

    pub(super) fn sequence(
        &mut self,
        flags: &mut Flags,
        nesting: usize,
        first: bool,
    ) -> Parsed<Node> {
        let mut items = Sequence::default();
        while let Some(c) = self.peek() {
            if c == '|' || c == ')' {
                break;
            }
            let start = self.at;
            self.at += 1;
            if flags.verbose && self.skip_verbose(c) {
                continue;
            }
            match c {
                '\\' => self.escaped(&mut items, *flags)?,
                '[' => items.push(self.set(*flags, start)?),
                '*' | '+' | '?' | '{' => self.repeat(&mut items, c, start, *flags)?,
                '.' if flags.dot_all => {
                    items.push(Node::Set(Arc::new(CharSet::default().negated())))
                }
                '.' => items.push(Node::Set(Arc::new(CharSet::single('\n' as u32).negated()))),
                '(' => {
                    let bare = first && items.last == Last::None;
                    if let Some(node) = self.group(flags, nesting, start, bare)? {
                        items.push_group(node);
                    }
                }
                '^' if flags.multi_line => items.push(Node::Look(Look::LineStart)),
                '^' => items.push(Node::Look(Look::TextStart)),
                '$' if flags.multi_line => items.push(Node::Look(Look::LineEnd)),
                '$' => items.push(Node::Look(Look::TextEndOrLastLine)),
                _ => items.push(Node::Char(c as u32, flags.ignore_case)),
            }
        }
        Ok(match items.nodes.len() {
            1 => items.nodes.remove(0),
            _ => Node::Concat(items.nodes),
        })
    }

    /// Under VERBOSE: whether the character just read is white space or opens a comment, skipped.
    fn skip_verbose(&mut self, c: char) -> bool {
        if c == '#' {
            // An escaped line feed does not end the comment: Python reads the pair as one.
            while let Some(c) = self.next() {
                match c {
                    '\n' => break,
                    '\\' => self.at += 1,
                    _ => {}
                }
            }
            return true;
        }
        matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
    }

    fn escaped(&mut self, items: &mut Sequence, flags: Flags) -> Parsed<()> {
        let start = self.at - 1;
        match self.escape(start, false)? {
            Escape::Point(point) => items.push(Node::Char(point, flags.ignore_case)),
            Escape::Category(mask, negated) => {
                let set = CharSet::category(mask);
                items.push(Node::Set(Arc::new(if negated { set.negated() } else { set })));
            }
            Escape::Look(look) => items.push(Node::Look(look)),
            Escape::Reference => {
                self.refuse(start, "back-reference");
                items.push(Node::Unsupported);
            }
        }
        Ok(())
    }

    /// The escape whose backslash was just read.
    fn escape(&mut self, start: usize, in_set: bool) -> Parsed<Escape> {
        let Some(c) = self.next() else {
            return self.invalid(start, "bad escape (end of pattern)");
        };
        Ok(match c {
            'd' | 'D' => Escape::Category(DIGIT, c == 'D'),
            's' | 'S' => Escape::Category(SPACE, c == 'S'),
            'w' | 'W' => Escape::Category(WORD, c == 'W'),
            'A' if !in_set => Escape::Look(Look::TextStart),
            'Z' if !in_set => Escape::Look(Look::TextEnd),
            'b' if !in_set => Escape::Look(Look::Boundary),
            'B' if !in_set => Escape::Look(Look::NotBoundary),
            'b' => Escape::Point(8),
            'a' => Escape::Point(7),
            'f' => Escape::Point(12),
            'n' => Escape::Point(10),
            'r' => Escape::Point(13),
            't' => Escape::Point(9),
            'v' => Escape::Point(11),
            'x' => Escape::Point(self.hex(start, 2)?),
            'u' => Escape::Point(self.hex(start, 4)?),
            'U' => match self.hex(start, 8)? {
                point if point > 0x10_ffff => return self.invalid(start, "bad escape \\U"),
                point => Escape::Point(point),
            },
            'N' => {
                self.named_character(start)?;
                self.refuse(start, "named character");
                Escape::Point(0)
            }
            '0'..='9' => self.digits(start, c, in_set)?,
            'a'..='z' | 'A'..='Z' => return self.invalid(start, format!("bad escape \\{c}")),
            c => Escape::Point(c as u32),
        })
    }

    fn hex(&mut self, start: usize, width: usize) -> Parsed<u32> {
        let mut value = 0u32;
        for _ in 0..width {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(16)) else {
                let text: String = self.chars[start..self.at].iter().collect();
                return self.invalid(start, format!("incomplete escape {text}"));
            };
            value = value << 4 | digit;
            self.at += 1;
        }
        Ok(value)
    }

    fn named_character(&mut self, start: usize) -> Parsed<()> {
        if !self.eat('{') {
            return self.invalid(self.at, "missing {");
        }
        self.until('}', "character name").map_err(|error| match error {
            ParseError::Invalid(_, what) => ParseError::Invalid(start, what),
            other => other,
        })?;
        Ok(())
    }

    /// `\1`, `\012`, `\0`: a group reference or an octal escape.
    fn digits(&mut self, start: usize, first: char, in_set: bool) -> Parsed<Escape> {
        let octal = |c: Option<char>| c.and_then(|c| c.to_digit(8));
        let decimal = |c: Option<char>| c.and_then(|c| c.to_digit(10));
        if first == '0' || in_set {
            let Some(mut value) = octal(Some(first)) else {
                return self.invalid(start, format!("bad escape \\{first}"));
            };
            for _ in 0..2 {
                let Some(digit) = octal(self.peek()) else { break };
                value = value * 8 + digit;
                self.at += 1;
            }
            if value > 0o377 {
                return self.invalid(start, "octal escape value outside of range 0-0o377");
            }
            return Ok(Escape::Point(value));
        }
        let mut value = first as u32 - '0' as u32;
        if let Some(second) = decimal(self.peek()) {
            self.at += 1;
            let third = octal(self.peek());
            if let (true, true, Some(third)) = (value < 8, second < 8, third) {
                self.at += 1;
                let value = value * 64 + second * 8 + third;
                if value > 0o377 {
                    return self.invalid(start, "octal escape value outside of range 0-0o377");
                }
                return Ok(Escape::Point(value));
            }
            value = value * 10 + second;
        }
        self.reference(start + 1, value as usize)?;
        Ok(Escape::Reference)
    }

    /// A set, whose opening bracket was just read.
    fn set(&mut self, flags: Flags, start: usize) -> Parsed<Node> {
        let negated = self.eat('^');
        let (mut ranges, mut categories) = (Vec::new(), Vec::new());
        let mut empty = true;
        loop {
            let here = self.at;
            let item = match self.next() {
                None => return self.invalid(start, "unterminated character set"),
                Some(']') if !empty => break,
                Some('\\') => self.escape(here, true)?,
                Some(c) => Escape::Point(c as u32),
            };
            empty = false;
            if self.eat('-') {
                match self.range_end(start)? {
                    None => {
                        add(item, &mut ranges, &mut categories);
                        ranges.push(('-' as u32, '-' as u32));
                        break;
                    }
                    Some(end) => match (item, end) {
                        (Escape::Point(first), Escape::Point(last)) if first <= last => {
                            ranges.push((first, last));
                        }
                        _ => {
                            let text: String = self.chars[here..self.at].iter().collect();
                            return self.invalid(here, format!("bad character range {text}"));
                        }
                    },
                }
            } else {
                add(item, &mut ranges, &mut categories);
            }
        }
        // Python lowers no single character beyond the basic plane in a set of several members.
        if flags.ignore_case && ranges.len() + categories.len() > 1 {
            let high = ranges.extract_if(.., |range| range.0 > 0xffff && range.0 == range.1);
            categories.extend(high);
        }
        let (set, categories) = (CharSet::new(ranges), CharSet::new(categories));
        let set = if flags.ignore_case {
            set.ignoring_case(categories)
        } else {
            CharSet::new([set.ranges(), categories.ranges()].concat())
        };
        Ok(Node::Set(Arc::new(if negated { set.negated() } else { set })))
    }

    /// What follows the hyphen of a range; nothing where the set ends there.
    fn range_end(&mut self, start: usize) -> Parsed<Option<Escape>> {
        let here = self.at;
        match self.next() {
            None => self.invalid(start, "unterminated character set"),
            Some(']') => Ok(None),
            Some('\\') => self.escape(here, true).map(Some),
            Some(c) => Ok(Some(Escape::Point(c as u32))),
        }
    }

    /// The quantifier whose first character was just read.
    fn repeat(&mut self, items: &mut Sequence, c: char, start: usize, flags: Flags) -> Parsed<()> {
        let (min, max) = match c {
            '?' => (0, Some(1)),
            '*' => (0, None),
            '+' => (1, None),
            _ => match self.counts(start)? {
                Some(counts) => counts,
                None => {
                    items.push(Node::Char(c as u32, flags.ignore_case));
                    return Ok(());
                }
            },
        };
        match items.last {
            Last::None | Last::Look => return self.invalid(start, "nothing to repeat"),
            Last::Repeat => return self.invalid(start, "multiple repeat"),
            Last::Item => {}
        }
        let greedy = !self.eat('?');
        if greedy && self.eat('+') {
            self.refuse(start, "possessive quantifier");
        }
        let node = Box::new(items.nodes.pop().expect("the last item is in the list"));
        items.nodes.push(Node::Repeat { node, min, max, greedy });
        items.last = Last::Repeat;
        Ok(())
    }

    /// `{m,n}` after its brace; nothing where the brace is a plain character.
    fn counts(&mut self, start: usize) -> Parsed<Option<(u32, Option<u32>)>> {
        let after = self.at;
        if self.peek() == Some('}') {
            return Ok(None);
        }
        let low = self.decimal();
        let high = if self.eat(',') { self.decimal() } else { low };
        if !self.eat('}') {
            self.at = after;
            return Ok(None);
        }
        let (min, max) = (low.unwrap_or(0), high);
        // 4,294,967,295 stands for "no limit" in Python, which refuses it and more.
        if min >= u64::from(u32::MAX) || max.is_some_and(|max| max >= u64::from(u32::MAX)) {
            return self.invalid(start, "the repetition number is too large");
        }
        if max.is_some_and(|max| max < min) {
            return self.invalid(start, "min repeat greater than max repeat");
        }
        Ok(Some((min as u32, max.map(|max| max as u32))))
    }

    fn decimal(&mut self) -> Option<u64> {
        let mut value = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            let more = value.unwrap_or(0u64).saturating_mul(10).saturating_add(u64::from(digit));
            value = Some(more);
            self.at += 1;
        }
        value
    }
}

/// Adds a member of a set.
fn add(item: Escape, ranges: &mut Vec<(u32, u32)>, categories: &mut Vec<(u32, u32)>) {
    match item {
        Escape::Point(point) => ranges.push((point, point)),
        Escape::Category(mask, negated) => {
            let set = CharSet::category(mask);
            let set = if negated { set.negated() } else { set };
            categories.extend_from_slice(set.ranges());
        }
        Escape::Look(_) | Escape::Reference => unreachable!("a set has neither"),
    }
}
