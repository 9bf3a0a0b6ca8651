//! The `(?...)` constructs: groups, inline flags, and what is recognised but not run.

use super::pattern::Flags;
use super::pattern_parse::{Node, ParseError, Parsed, Parser};

/// The capturing groups read so far.
#[derive(Default)]
pub(super) struct Groups {
    /// Of each group: its name, and whether it is closed.
    list: Vec<(Option<String>, bool)>,
    /// Groups that conditions ask for, and where.
    asked: Vec<(usize, usize)>,
    /// While a look-behind is read: how many groups there were before it.
    behind: Option<usize>,
}

impl Groups {
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    /// The first condition on a group that the pattern does not have.
    pub(super) fn undefined(&self) -> Option<(usize, usize)> {
        self.asked.iter().copied().find(|&(_, group)| group > self.list.len())
    }

    fn number(&self, name: &str) -> Option<usize> {
        let at = self.list.iter().position(|(known, _)| known.as_deref() == Some(name))?;
        Some(at + 1)
    }
}

/// `str.isidentifier`, but for the few characters of other kinds that Python allows after the
/// first.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    let first = |c: char| c == '_' || super::chars::is_alpha(c);
    chars.next().is_some_and(first) && chars.all(super::chars::is_word)
}

impl Parser<'_> {
    /// The text up to a terminator, which is read too.
    pub(super) fn until(&mut self, end: char, what: &str) -> Parsed<String> {
        let start = self.at;
        let mut text = String::new();
        loop {
            match self.next() {
                Some(c) if c == end && text.is_empty() => {
                    return self.invalid(start, format!("missing {what}"));
                }
                Some(c) if c == end => return Ok(text),
                Some('\\') => {
                    text.push('\\');
                    text.extend(self.next());
                }
                Some(c) => text.push(c),
                None if text.is_empty() => return self.invalid(start, format!("missing {what}")),
                None => {
                    return self.invalid(start, format!("missing {end}, unterminated name"));
                }
            }
        }
    }

    /// A reference to a group, which must be closed.
    pub(super) fn reference(&self, at: usize, group: usize) -> Parsed<()> {
        match self.groups.list.get(group.wrapping_sub(1)) {
            None => self.invalid(at, format!("invalid group reference {group}")),
            Some((_, false)) => self.invalid(at, "cannot refer to an open group"),
            Some(_) => self.check_behind(at, group),
        }
    }

    fn check_behind(&self, at: usize, group: usize) -> Parsed<()> {
        match self.groups.behind {
            Some(before) if group > before => {
                self.invalid(at, "cannot refer to group defined in the same lookbehind subpattern")
            }
            _ => Ok(()),
        }
    }

    /// A group whose parenthesis was just read; nothing for a comment or for global flags, which
    /// may only open the pattern (`bare`).
    pub(super) fn group(
        &mut self,
        flags: &mut Flags,
        nesting: usize,
        start: usize,
        bare: bool,
    ) -> Parsed<Option<Node>> {
        let mut inner = *flags;
        let mut name = None;
        let mut capture = !self.eat('?');
        if !capture {
            let Some(c) = self.next() else {
                return self.invalid(self.at, "unexpected end of pattern");
            };
            match c {
                ':' => {}
                'P' => match self.python_extension()? {
                    None => return Ok(Some(Node::Unsupported)),
                    found => (name, capture) = (found, true),
                },
                '#' => return self.comment(start).map(|()| None),
                '=' | '!' | '<' => return self.look_around(*flags, nesting, start, c).map(Some),
                '(' => return self.condition(*flags, nesting, start).map(Some),
                '>' => self.refuse(start, "atomic group"),
                'a' | 'i' | 'L' | 'm' | 's' | 'u' | 'x' | '-' => {
                    if self.inline_flags(&mut inner, c)? {
                        if !bare {
                            let what = "global flags not at the start of the expression";
                            return self.invalid(start, what);
                        }
                        self.global = inner;
                        *flags = inner;
                        return Ok(None);
                    }
                }
                c => return self.invalid(start + 1, format!("unknown extension ?{c}")),
            }
        }
        if let Some(name) = name.as_deref().filter(|name| self.groups.number(name).is_some()) {
            return self.invalid(start, format!("redefinition of group name '{name}'"));
        }
        if capture {
            self.groups.list.push((name, false));
        }
        let number = self.groups.list.len();
        let node = self.alternatives(inner, nesting + 1)?;
        self.close(start)?;
        if capture {
            self.groups.list[number - 1].1 = true;
        }
        Ok(Some(node))
    }

    fn close(&mut self, start: usize) -> Parsed<()> {
        match self.eat(')') {
            true => Ok(()),
            false => self.invalid(start, "missing ), unterminated subpattern"),
        }
    }

    fn comment(&mut self, start: usize) -> Parsed<()> {
        loop {
            match self.next() {
                None => return self.invalid(start, "missing ), unterminated comment"),
                Some(')') => return Ok(()),
                Some('\\') => self.at += 1,
                Some(_) => {}
            }
        }
    }

    /// After `(?P`: the name of a group, or nothing for a back-reference by name.
    fn python_extension(&mut self) -> Parsed<Option<String>> {
        let start = self.at - 2;
        match self.next() {
            Some('<') => {
                let name = self.until('>', "group name")?;
                self.check_name(start, &name)?;
                Ok(Some(name))
            }
            Some('=') => {
                let name = self.until(')', "group name")?;
                self.check_name(start, &name)?;
                match self.groups.number(&name) {
                    None => self.invalid(start, format!("unknown group name '{name}'")),
                    Some(group) => {
                        self.reference(start, group)?;
                        self.refuse(start, "back-reference");
                        Ok(None)
                    }
                }
            }
            Some(c) => self.invalid(start, format!("unknown extension ?P{c}")),
            None => self.invalid(self.at, "unexpected end of pattern"),
        }
    }

    fn check_name(&self, at: usize, name: &str) -> Parsed<()> {
        match is_identifier(name) {
            true => Ok(()),
            false => self.invalid(at, format!("bad character in group name '{name}'")),
        }
    }

    fn look_around(&mut self, flags: Flags, nesting: usize, start: usize, c: char) -> Parsed<Node> {
        let behind = c == '<';
        if behind {
            match self.next() {
                Some('=' | '!') => {}
                Some(c) => return self.invalid(start + 1, format!("unknown extension ?<{c}")),
                None => return self.invalid(self.at, "unexpected end of pattern"),
            }
            self.refuse(start, "look-behind");
        } else {
            self.refuse(start, "look-ahead");
        }
        let outer = self.groups.behind;
        if behind && outer.is_none() {
            self.groups.behind = Some(self.groups.list.len());
        }
        let node = self.alternatives(flags, nesting + 1)?;
        self.groups.behind = outer;
        self.close(start)?;
        if behind && node.width().is_none() {
            return self.invalid(start, "look-behind requires fixed-width pattern");
        }
        Ok(Node::Unsupported)
    }

    /// `(?(group)yes|no)`.
    fn condition(&mut self, mut flags: Flags, nesting: usize, start: usize) -> Parsed<Node> {
        let at = self.at;
        let name = self.until(')', "group name")?;
        let group = if is_identifier(&name) {
            match self.groups.number(&name) {
                Some(group) => group,
                None => return self.invalid(at, format!("unknown group name '{name}'")),
            }
        } else {
            match name.trim().trim_start_matches('+').parse::<usize>() {
                Ok(0) => return self.invalid(at, "bad group number"),
                Ok(group) => group,
                Err(_) => {
                    return self.invalid(at, format!("bad character in group name '{name}'"));
                }
            }
        };
        self.groups.asked.push((at, group));
        self.check_behind(at, group)?;
        if nesting > 100 {
            return Err(ParseError::Unsupported(start, "deeply nested group"));
        }
        self.sequence(&mut flags, nesting + 1, false)?;
        if self.eat('|') {
            self.sequence(&mut flags, nesting + 1, false)?;
            if self.peek() == Some('|') {
                return self.invalid(self.at, "conditional backref with more than two branches");
            }
        }
        self.close(start)?;
        self.refuse(start, "condition on a group");
        Ok(Node::Unsupported)
    }

    /// The flags of `(?flags)`, `(?flags:` or `(?flags-flags:`, from the first on. True for the
    /// first form, which holds for the whole pattern.
    fn inline_flags(&mut self, flags: &mut Flags, first: char) -> Parsed<bool> {
        let start = self.at - 1;
        let (mut on, mut off, mut removing) = (String::new(), String::new(), first == '-');
        let mut current = Some(first).filter(|_| !removing);
        loop {
            let c = match current.take().or_else(|| self.next()) {
                Some(c) => c,
                None => return self.invalid(self.at, "missing -, : or )"),
            };
            let list = if removing { &mut off } else { &mut on };
            match c {
                'a' | 'i' | 'm' | 's' | 'u' | 'x' if !(removing && (c == 'a' || c == 'u')) => {
                    list.push(c);
                }
                ':' if !(removing && off.is_empty()) => break,
                ')' if !removing => {
                    self.apply(flags, &on, true, start)?;
                    return Ok(true);
                }
                '-' if !removing => removing = true,
                c => return self.invalid(self.at - 1, format!("bad inline flag {c:?}")),
            }
        }
        if on.chars().any(|c| off.contains(c)) {
            return self.invalid(start, "bad inline flags: flag turned on and off");
        }
        self.apply(flags, &on, true, start)?;
        self.apply(flags, &off, false, start)?;
        Ok(false)
    }

    fn apply(&mut self, flags: &mut Flags, list: &str, value: bool, at: usize) -> Parsed<()> {
        if list.contains('a') && list.contains('u') {
            let what = "bad inline flags: flags 'a', 'u' and 'L' are incompatible";
            return self.invalid(at, what);
        }
        for c in list.chars() {
            match c {
                'i' => flags.ignore_case = value,
                'm' => flags.multi_line = value,
                's' => flags.dot_all = value,
                'x' => flags.verbose = value,
                'a' => self.refuse(at, "ASCII flag"),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Node {
    /// How many characters it matches, where that is one number.
    fn width(&self) -> Option<u64> {
        match self {
            Self::Char(..) | Self::Set(_) => Some(1),
            // What is not run has no tree to measure: taken as fixed.
            Self::Look(_) | Self::Unsupported => Some(0),
            Self::Concat(nodes) => {
                nodes.iter().try_fold(0u64, |sum, node| Some(sum.saturating_add(node.width()?)))
            }
            Self::Alternatives(nodes) => {
                let first = nodes.first()?.width()?;
                nodes.iter().all(|node| node.width() == Some(first)).then_some(first)
            }
            Self::Repeat { node, min, max, .. } => match node.width()? {
                0 => Some(0),
                width if *max == Some(*min) => Some(width.saturating_mul(u64::from(*min))),
                _ => None,
            },
        }
    }
}
