//! Expressions and their values: exact as a fraction where they can be, and as a float.

use std::collections::BTreeSet;

/// A function of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Sin,
    Cos,
    Tan,
    Arcsin,
    Arccos,
    Arctan,
    Ln,
    Exp,
    Absolute,
    Factorial,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Literal(Value),
    Constant(f64),
    Variable(String),
    Sum(Box<Node>, Box<Node>),
    Product(Box<Node>, Box<Node>),
    Quotient(Box<Node>, Box<Node>),
    Power(Box<Node>, Box<Node>),
    Negative(Box<Node>),
    Call(Function, Box<Node>),
}

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value {
    /// Numerator and denominator in lowest terms, the latter above 0; `None` where it is no
    /// fraction, or one too large.
    pub(super) exact: Option<(i128, i128)>,
    /// As a float.
    pub(super) float: f64,
    /// Whether a decimal point took part: it may be rounded.
    pub(super) decimal: bool,
}

impl Value {
    fn of(exact: Option<(i128, i128)>, float: f64, decimal: bool) -> Value {
        let exact = exact.and_then(|(above, below)| lowest(above, below));
        let float = exact.map_or(float, |(above, below)| above as f64 / below as f64);
        Value { exact, float, decimal }
    }

    fn float(float: f64, decimal: bool) -> Value {
        Value { exact: None, float, decimal }
    }
}

fn lowest(above: i128, below: i128) -> Option<(i128, i128)> {
    let (mut a, mut b) = (above.checked_abs()?, below.checked_abs()?);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let by = if below < 0 { -a } else { a };
    (below != 0).then(|| (above / by, below / by))
}

impl Node {
    /// A number as written; `None` where it is none.
    pub(super) fn literal(text: &str) -> Option<Node> {
        let float: f64 = text.parse().ok()?;
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("0{whole}{part}");
        let power = power.checked_sub(i32::try_from(part.len()).ok()?)?;
        let ten = 10i128.checked_pow(power.unsigned_abs());
        let exact = digits.parse::<i128>().ok().zip(ten).and_then(|(digits, ten)| {
            if power < 0 { Some((digits, ten)) } else { Some((digits.checked_mul(ten)?, 1)) }
        });
        let decimal = mantissa.contains('.');
        Some(Node::Literal(Value::of(exact, float, decimal)))
    }

    pub(super) fn sum(a: Node, b: Node) -> Node {
        Node::Sum(Box::new(a), Box::new(b))
    }

    pub(super) fn product(a: Node, b: Node) -> Node {
        Node::Product(Box::new(a), Box::new(b))
    }

    pub(super) fn quotient(a: Node, b: Node) -> Node {
        Node::Quotient(Box::new(a), Box::new(b))
    }

    pub(super) fn power(a: Node, b: Node) -> Node {
        Node::Power(Box::new(a), Box::new(b))
    }

    pub(super) fn negative(a: Node) -> Node {
        Node::Negative(Box::new(a))
    }

    /// Whether it is a whole number as written.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Node::Literal(value) => !value.decimal && value.exact.is_some_and(|(_, b)| b == 1),
            Node::Negative(inside) => inside.is_whole(),
            _ => false,
        }
    }

    /// Adds the names of its variables.
    pub(super) fn variables(&self, names: &mut BTreeSet<String>) {
        match self {
            Node::Literal(_) | Node::Constant(_) => {}
            Node::Variable(name) => {
                names.insert(name.clone());
            }
            Node::Sum(a, b) | Node::Product(a, b) | Node::Quotient(a, b) | Node::Power(a, b) => {
                a.variables(names);
                b.variables(names);
            }
            Node::Negative(a) | Node::Call(_, a) => a.variables(names),
        }
    }

    /// Its value where `at` gives those of variables.
    pub(super) fn value(&self, at: &dyn Fn(&str) -> f64) -> Value {
        match self {
            Node::Literal(value) => *value,
            Node::Constant(float) => Value::float(*float, false),
            Node::Variable(name) => Value::float(at(name), false),
            Node::Negative(a) => {
                let Value { exact, float, decimal } = a.value(at);
                Value { exact: exact.map(|(above, below)| (-above, below)), float: -float, decimal }
            }
            Node::Sum(a, b) => both(
                a.value(at),
                b.value(at),
                |a, b| a + b,
                |(a, b), (c, d)| {
                    Some((a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?, b.checked_mul(d)?))
                },
            ),
            Node::Product(a, b) => both(
                a.value(at),
                b.value(at),
                |a, b| a * b,
                |(a, b), (c, d)| Some((a.checked_mul(c)?, b.checked_mul(d)?)),
            ),
            Node::Quotient(a, b) => both(
                a.value(at),
                b.value(at),
                |a, b| a / b,
                |(a, b), (c, d)| Some((a.checked_mul(d)?, b.checked_mul(c)?)),
            ),
            Node::Power(a, b) => both(a.value(at), b.value(at), power, whole_power),
            Node::Call(function, a) => call(*function, a.value(at)),
        }
    }
}

type Fraction = (i128, i128);

fn both(
    a: Value,
    b: Value,
    float: impl Fn(f64, f64) -> f64,
    exact: impl Fn(Fraction, Fraction) -> Option<Fraction>,
) -> Value {
    let fraction = a.exact.zip(b.exact).and_then(|(a, b)| exact(a, b));
    Value::of(fraction, float(a.float, b.float), a.decimal || b.decimal)
}

/// Odd roots of negative numbers are negative.
fn power(base: f64, exponent: f64) -> f64 {
    let degree = 1.0 / exponent;
    let odd = degree.round() % 2.0 != 0.0 && (degree - degree.round()).abs() < 1e-9;
    if base < 0.0 && odd && exponent.abs() < 1.0 {
        return -(-base).powf(exponent);
    }
    base.powf(exponent)
}

fn whole_power((above, below): Fraction, (exponent, one): Fraction) -> Option<Fraction> {
    let times = u32::try_from(exponent.unsigned_abs()).ok().filter(|_| one == 1)?;
    let (above, below) = (above.checked_pow(times)?, below.checked_pow(times)?);
    if exponent < 0 { Some((below, above)) } else { Some((above, below)) }
}

fn call(function: Function, inside: Value) -> Value {
    let Value { exact, float, decimal } = inside;
    let float = match function {
        Function::Sin => float.sin(),
        Function::Cos => float.cos(),
        Function::Tan => float.tan(),
        Function::Arcsin => float.asin(),
        Function::Arccos => float.acos(),
        Function::Arctan => float.atan(),
        Function::Ln => float.ln(),
        Function::Exp => float.exp(),
        Function::Absolute => {
            let exact = exact.map(|(above, below)| (above.abs(), below));
            return Value { exact, float: float.abs(), decimal };
        }
        Function::Factorial => {
            let Some((n @ 0..=33, 1)) = exact else { return Value::float(f64::NAN, decimal) };
            return Value::of(Some(((1..=n).product(), 1)), 0.0, decimal);
        }
    };
    Value::float(float, decimal)
}
