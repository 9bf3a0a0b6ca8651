//! Lists of Python's, which the official code evaluates: here texts and numbers, nothing else.

use super::{Fault, FaultKind, Outcome};

/// An element of a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    /// An integer or a decimal number.
    Number(f64),
    /// The code points of a text; an escape may name half of a surrogate pair.
    Text(Vec<u32>),
}

/// Whether `count` lies between the first two of `bounds`. The second is not looked at where the
/// first already fails.
pub(super) fn within(count: usize, bounds: &[Literal]) -> Outcome {
    let bound = |place: usize| match bounds.get(place) {
        Some(Literal::Number(value)) => Ok(*value),
        Some(Literal::Text(_)) => Err(Fault::new(FaultKind::Type, "a bound that is a text")),
        None => {
            let found = bounds.len();
            Err(Fault::new(FaultKind::Index, format!("expected two bounds, found {found}")))
        }
    };
    Ok(count as f64 >= bound(0)? && count as f64 <= bound(1)?)
}

/// The elements of a list.
pub(super) fn elements(list: &str) -> Result<Vec<Literal>, Fault> {
    let mut reader = Reader { rest: list };
    let read = reader.list().filter(|_| reader.rest.is_empty());
    read.ok_or_else(|| {
        let problem = format!("{list:?} is no list of texts and numbers");
        Fault::new(FaultKind::Syntax, problem)
    })
}

/// What is left to read. Every step gives `None` where the list is not of the kind.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\u{c}', '\n', '\r']);
    }

    fn take(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn list(&mut self) -> Option<Vec<Literal>> {
        self.take('[')?;
        let mut elements = Vec::new();
        loop {
            self.skip_space();
            if self.take(']').is_some() {
                return Some(elements);
            }
            elements.push(self.element()?);
            self.skip_space();
            if self.take(',').is_none() {
                return self.take(']').map(|()| elements);
            }
        }
    }

    fn element(&mut self) -> Option<Literal> {
        if !self.rest.starts_with(['"', '\'']) {
            return self.number().map(Literal::Number);
        }
        // Texts beside each other are one text.
        let mut points = Vec::new();
        while self.rest.starts_with(['"', '\'']) {
            self.text(&mut points)?;
            self.skip_space();
        }
        Some(Literal::Text(points))
    }

    fn number(&mut self) -> Option<f64> {
        let signed = self.rest.strip_prefix(['+', '-']).unwrap_or(self.rest);
        let sign = if self.rest.starts_with('-') { -1.0 } else { 1.0 };
        self.rest = signed.trim_start_matches([' ', '\t']);
        let end = self.rest.find(|c: char| !matches!(c, '0'..='9' | '.' | '_' | 'e' | 'E'));
        let mut end = end.unwrap_or(self.rest.len());
        if self.rest[..end].ends_with(['e', 'E']) {
            // The sign of an exponent and its digits.
            let tail = self.rest[end..].strip_prefix(['+', '-'])?;
            end += 1 + tail.find(|c: char| !matches!(c, '0'..='9' | '_')).unwrap_or(tail.len());
        }
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(sign * decimal(token)?)
    }

    /// One text in quotes.
    fn text(&mut self, points: &mut Vec<u32>) -> Option<()> {
        let quote = self.next()?;
        loop {
            match self.next()? {
                c if c == quote => return Some(()),
                '\n' | '\r' => return None,
                '\\' => self.escape(points)?,
                c => points.push(u32::from(c)),
            }
        }
    }

    fn escape(&mut self, points: &mut Vec<u32>) -> Option<()> {
        let point = match self.next()? {
            '\n' => return Some(()),
            c @ ('\\' | '\'' | '"') => u32::from(c),
            'a' => 7,
            'b' => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'U' => self.hexadecimal(8).filter(|point| *point <= 0x10_ffff)?,
            'N' => return None,
            c @ '0'..='7' => self.octal(u32::from(c) - u32::from('0')),
            c => {
                points.push(u32::from('\\'));
                u32::from(c)
            }
        };
        points.push(point);
        Some(())
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let (token, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        let only_digits = token.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(token, 16).ok().filter(|_| only_digits)
    }

    /// The rest of up to three octal digits.
    fn octal(&mut self, mut value: u32) -> u32 {
        for _ in 0..2 {
            let Some(digit) = self.rest.chars().next().and_then(|c| c.to_digit(8)) else { break };
            self.rest = &self.rest[1..];
            value = value * 8 + digit;
        }
        value
    }
}

/// A number of Python's without its sign.
fn decimal(token: &str) -> Option<f64> {
    let between_digits = token.split('_').enumerate().all(|(at, part)| {
        let begins = part.starts_with(|c: char| c.is_ascii_digit());
        (at == 0 || begins)
            && (!token.contains('_') || part.ends_with(|c: char| c.is_ascii_digit()))
    });
    let bare = token.replace('_', "");
    let integer = bare.bytes().all(|byte| byte.is_ascii_digit());
    // `007` is refused and `00` is not.
    let padded =
        integer && bare.len() > 1 && bare.starts_with('0') && !bare.trim_matches('0').is_empty();
    bare.parse().ok().filter(|_| between_digits && !padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &str) -> Vec<String> {
        let text = |literal: &Literal| match literal {
            Literal::Text(points) => points.iter().filter_map(|p| char::from_u32(*p)).collect(),
            Literal::Number(value) => value.to_string(),
        };
        elements(list).unwrap().iter().map(text).collect()
    }

    #[test]
    fn texts_and_numbers() {
        assert_eq!(texts("[]"), [""; 0]);
        assert_eq!(texts("[ '诗句' , \"a'b\",]"), ["诗句", "a'b"]);
        assert_eq!(texts("['a' \"b\", '']"), ["ab", ""]);
        assert_eq!(texts(r"['\x41\u8bd7\101\n\'\q\0']"), ["A诗A\n'\\q\0"]);
        assert_eq!(
            texts("[1_000, -2, 1e3, 1.5E-1, .5, 2., 00]"),
            ["1000", "-2", "1000", "0.15", "0.5", "2", "0"]
        );
    }

    #[test]
    fn nothing_else_is_evaluated() {
        let refused = "|[|[1|[1 2]|[,]|[a]|[1,,2]|[007]|[1__0]|[_1]|[1_]|[.]\
            |['a]|['a\nb']|[1][0]|[[1]]|(1,2)|[None]|[1e]|['\\x4']|['\\N{DASH}']\
            |[inf]|[2*3]|[1，2]|['\\U00110000']|['\\x+1']";
        for list in refused.split('|') {
            assert_eq!(elements(list).unwrap_err().kind, FaultKind::Syntax, "{list}");
        }
        assert!(elements(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn bounds_are_read_as_far_as_needed() {
        let of = |list: &str, count| within(count, &elements(list).unwrap()).map_err(|f| f.kind);
        assert_eq!(of("[3,5]", 5), Ok(true));
        assert_eq!(of("[3]", 2), Ok(false));
        assert_eq!(of("[3]", 3), Err(FaultKind::Index));
        assert_eq!(of("[]", 3), Err(FaultKind::Index));
        assert_eq!(of("['3',5]", 3), Err(FaultKind::Type));
        assert_eq!(of("[2.5,1e999]", 3), Ok(true));
    }
}
