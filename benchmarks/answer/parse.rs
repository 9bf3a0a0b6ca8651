//! Expressions in plain or LaTeX notation, read into a tree.

use super::expression::{Function, Node};

/// Deeper nesting is not read.
const DEEPEST: usize = 40;

/// Reads the whole text as one expression; `None` where it is none that is known.
pub(super) fn parse(text: &str) -> Option<Node> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let node = parser.sum()?;
    (parser.at == parser.tokens.len()).then_some(node)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(String),
    /// A word or a command without its backslash.
    Name(String),
    Sign(char),
}

const WORDS: [&str; 21] = [
    "arcsin", "arccos", "arctan", "infinity", "infty", "frac", "sqrt", "cdot", "times", "sinh",
    "cosh", "tanh", "sin", "cos", "tan", "exp", "log", "inf", "div", "ln", "pi",
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            c if c.is_whitespace() => c.len_utf8(),
            c if c.is_ascii_digit() || c == '.' => number(rest, &mut tokens)?,
            '\\' => {
                let letters = rest[1..].find(|c: char| !c.is_ascii_alphabetic());
                let end = letters.map_or(rest.len(), |at| at + 1);
                if end == 1 {
                    return None;
                }
                tokens.push(Token::Name(rest[1..end].to_owned()));
                end
            }
            c if c.is_ascii_alphabetic() => {
                let known = WORDS.iter().find(|word| rest.starts_with(**word));
                let name = known.map_or(&rest[..1], |word| word);
                tokens.push(Token::Name(name.to_owned()));
                name.len()
            }
            '+' | '-' | '*' | '/' | '^' | '(' | ')' | '{' | '}' | '[' | ']' | '|' | '!' | '_' => {
                tokens.push(Token::Sign(c));
                1
            }
            _ => return None,
        };
        rest = &rest[length..];
    }
    Some(tokens)
}

/// A literal, with its power of ten where it has one: `1.5e-3`.
fn number(rest: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if rest[..end] == *"." {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let power = digits((end + 1 + sign).min(bytes.len()));
        end += if power > 0 { 1 + sign + power } else { 0 };
    }
    tokens.push(Token::Number(rest[..end].to_owned()));
    Some(end)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn next(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, sign: char) -> bool {
        let found = self.next() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn takes_name(&mut self, names: &[&str]) -> bool {
        let found = matches!(self.next(), Some(Token::Name(n)) if names.contains(&n.as_str()));
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut left = self.product()?;
        loop {
            if self.takes('+') {
                left = Node::sum(left, self.product()?);
            } else if self.takes('-') {
                left = Node::sum(left, Node::negative(self.product()?));
            } else {
                self.depth -= 1;
                return Some(left);
            }
        }
    }

    fn product(&mut self) -> Option<Node> {
        let mut left = self.signed()?;
        loop {
            if self.takes('*') || self.takes_name(&["cdot", "times"]) {
                left = Node::product(left, self.signed()?);
            } else if self.takes('/') || self.takes_name(&["div"]) {
                left = Node::quotient(left, self.signed()?);
            } else if self.mixed(&left) {
                left = Node::sum(left, self.product()?);
            } else if self.begins_factor() {
                left = Node::product(left, self.power()?);
            } else {
                return Some(left);
            }
        }
    }

    /// Whether a whole number is followed by a fraction of numbers: `1 1/2`, `1\frac{1}{2}`.
    fn mixed(&self, left: &Node) -> bool {
        let rest = &self.tokens[self.at..];
        let plain = matches!(rest, [Token::Number(_), Token::Sign('/'), Token::Number(_), ..]);
        let latex = matches!(rest, [Token::Name(name), ..] if name == "frac");
        left.is_whole() && (plain || latex)
    }

    fn begins_factor(&self) -> bool {
        match self.next() {
            Some(Token::Name(_)) => true,
            Some(Token::Sign(c)) => matches!(c, '(' | '{' | '['),
            _ => false,
        }
    }

    fn signed(&mut self) -> Option<Node> {
        let mut negative = false;
        loop {
            if self.takes('-') {
                negative = !negative;
            } else if !self.takes('+') {
                break;
            }
        }
        let node = self.power()?;
        Some(if negative { Node::negative(node) } else { node })
    }

    fn power(&mut self) -> Option<Node> {
        let mut base = self.atom()?;
        while self.takes('!') {
            base = Node::Call(Function::Factorial, Box::new(base));
        }
        if !self.takes('^') {
            return Some(base);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let exponent = self.signed()?;
        self.depth -= 1;
        Some(Node::power(base, exponent))
    }

    fn atom(&mut self) -> Option<Node> {
        let token = self.next()?.clone();
        self.at += 1;
        match token {
            Token::Number(text) => Node::literal(&text),
            Token::Sign('(') => self.until(')'),
            Token::Sign('[') => self.until(']'),
            Token::Sign('{') => self.until('}'),
            Token::Sign('|') => {
                let inside = self.until('|')?;
                Some(Node::Call(Function::Absolute, Box::new(inside)))
            }
            Token::Sign(_) => None,
            Token::Name(name) => self.named(&name),
        }
    }

    fn until(&mut self, close: char) -> Option<Node> {
        let node = self.sum()?;
        self.takes(close).then_some(node)
    }

    fn named(&mut self, name: &str) -> Option<Node> {
        let function = match name {
            "frac" => {
                let above = self.argument()?;
                return Some(Node::quotient(above, self.argument()?));
            }
            "sqrt" => return self.root(),
            "pi" => return Some(Node::Constant(std::f64::consts::PI)),
            "infty" | "infinity" | "inf" => return Some(Node::Constant(f64::INFINITY)),
            "log" => return self.logarithm(),
            "ln" => Function::Ln,
            "exp" => Function::Exp,
            "sin" => Function::Sin,
            "cos" => Function::Cos,
            "tan" => Function::Tan,
            "arcsin" => Function::Arcsin,
            "arccos" => Function::Arccos,
            "arctan" => Function::Arctan,
            _ => return self.variable(name),
        };
        if self.takes('^') {
            let power = self.argument()?;
            return Some(Node::power(Node::Call(function, Box::new(self.power()?)), power));
        }
        Some(Node::Call(function, Box::new(self.power()?)))
    }

    fn root(&mut self) -> Option<Node> {
        let degree = if self.takes('[') { self.until(']')? } else { Node::literal("2")? };
        let inside = self.argument()?;
        Some(Node::power(inside, Node::quotient(Node::literal("1")?, degree)))
    }

    fn logarithm(&mut self) -> Option<Node> {
        let base = if self.takes('_') { self.argument()? } else { Node::literal("10")? };
        let ln = |node| Node::Call(Function::Ln, Box::new(node));
        Some(Node::quotient(ln(self.power()?), ln(base)))
    }

    fn variable(&mut self, name: &str) -> Option<Node> {
        let mut name = name.to_owned();
        if self.takes('_') {
            let braced = self.takes('{');
            let (Token::Number(part) | Token::Name(part)) = self.next()?.clone() else {
                return None;
            };
            self.at += 1;
            if braced && !self.takes('}') {
                return None;
            }
            name = format!("{name}_{part}");
        }
        Some(Node::Variable(name))
    }

    /// What a command takes: a group in braces, else one digit or one atom.
    fn argument(&mut self) -> Option<Node> {
        if let Some(Token::Number(text)) = self.next()
            && text.len() > 1
            && text.bytes().all(|b| b.is_ascii_digit())
        {
            let (first, rest) = (text[..1].to_owned(), text[1..].to_owned());
            self.tokens[self.at] = Token::Number(rest);
            return Node::literal(&first);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let node = self.atom();
        self.depth -= 1;
        node
    }
}
