//! Whether two texts are the same number, or the same expression.

use std::collections::BTreeSet;

use super::expression::{Node, Value};
use super::parse::parse;

/// Where expressions with variables are compared.
const POINTS: usize = 6;

/// How far two values may be apart, relatively, where a decimal may be rounded.
const ROUNDED: f64 = 1e-6;

/// How far otherwise: what floats cost.
const FLOATS: f64 = 1e-9;

/// Whether both are expressions, and have the same value everywhere. A percentage is a number of
/// hundredths, or that number.
pub(super) fn same_values(a: &str, b: &str) -> bool {
    let (a, a_percent) = percent(a);
    let (b, b_percent) = percent(b);
    let (Some(a), Some(b)) = (parse(a), parse(b)) else { return false };
    let hundredth = |node: Node| {
        let hundred = Node::literal("100").expect("a number");
        Node::quotient(node, hundred)
    };
    equal(&a, &b)
        || (a_percent && !b_percent && equal(&hundredth(a.clone()), &b))
        || (b_percent && !a_percent && equal(&a, &hundredth(b)))
}

fn percent(text: &str) -> (&str, bool) {
    let text = text.trim();
    for sign in ["\\%", "%", "percent"] {
        if let Some(number) = text.strip_suffix(sign) {
            return (number.trim(), true);
        }
    }
    (text, false)
}

fn equal(a: &Node, b: &Node) -> bool {
    let (mut names, mut others) = (BTreeSet::new(), BTreeSet::new());
    a.variables(&mut names);
    b.variables(&mut others);
    if names != others {
        return false;
    }
    if names.is_empty() {
        return near(a.value(&|_| f64::NAN), b.value(&|_| f64::NAN));
    }
    let mut compared = 0;
    for point in 0..POINTS {
        let at = |name: &str| {
            let number = names.iter().position(|n| n == name).unwrap_or(0);
            // Between 0.3 and 2.7, spread by the golden ratio.
            0.3 + 2.4 * ((0.618_033_988_749_895 * (1 + point + POINTS * number) as f64) % 1.0)
        };
        let (a, b) = (a.value(&at), b.value(&at));
        if !a.float.is_finite() && !b.float.is_finite() {
            continue;
        }
        compared += 1;
        if !near(a, b) {
            return false;
        }
    }
    compared >= POINTS / 2
}

fn near(a: Value, b: Value) -> bool {
    let decimal = a.decimal || b.decimal;
    if let (Some(a), Some(b)) = (a.exact, b.exact)
        && (a == b || !decimal)
    {
        return a == b;
    }
    if a.float.is_infinite() || b.float.is_infinite() {
        return a.float == b.float;
    }
    let within = if decimal { ROUNDED } else { FLOATS };
    (a.float - b.float).abs() <= within * a.float.abs().max(b.float.abs())
}
