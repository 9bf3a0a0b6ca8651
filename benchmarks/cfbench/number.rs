//! Numbers as CPython and NumPy make them: `float(text)`, `np.mean` and `np.round`.

use heedful_constraints::python::chars::{is_digit, is_space};

/// `float(text)`; `None` where Python raises `ValueError`.
///
/// Digits of every script count, single underscores may stand between digits, and white space
/// around is passed over; of ASCII that is only blank, tab, line feed, vertical tab, form feed and
/// carriage return.
pub(super) fn float(text: &str) -> Option<f64> {
    let blank = |c: char| match c {
        ' ' | '\t'..='\r' => true,
        c => !c.is_ascii() && is_space(c),
    };
    let mut digits = String::new();
    let mut before = None;
    let mut rest = text.trim_matches(blank).chars().peekable();
    while let Some(c) = rest.next() {
        let c = ascii(c)?;
        if c == '_' {
            let next = rest.peek().copied().and_then(ascii);
            let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
            if !(digit(before) && digit(next)) {
                return None;
            }
        } else {
            digits.push(c);
        }
        before = Some(c);
    }
    digits.parse().ok()
}

/// An ASCII character as it is, a digit of another script as the ASCII digit of its value.
fn ascii(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c);
    }
    if !is_digit(c) {
        return None;
    }
    // Unicode has the digits of a script in a row from 0, and rows that touch are whole.
    let first = (0..c as u32).rev().take_while(|&p| char::from_u32(p).is_some_and(is_digit));
    char::from_digit(first.count() as u32 % 10, 10)
}

/// `np.mean(values)`; `None` of nothing, where NumPy gives NaN.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| sum(values) / values.len() as f64)
}

/// NumPy's pairwise sum: the order of additions decides the last bit.
fn sum(values: &[f64]) -> f64 {
    const LANES: usize = 8;
    const BLOCK: usize = 128;
    let n = values.len();
    if n < LANES {
        return values.iter().fold(0.0, |total, value| total + value);
    }
    if n > BLOCK {
        let half = n / 2;
        let (low, high) = values.split_at(half - half % LANES);
        return sum(low) + sum(high);
    }
    let mut lanes = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |total, value| total + value)
}

/// `np.round(value, 2)`: the product is rounded, half to even, and not the decimal value.
pub(super) fn round2(value: f64) -> f64 {
    (value * 100.0).round_ties_even() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_those_of_cpython() {
        let cases = [
            ("1", Some(1.0)),
            (" 1.0\t", Some(1.0)),
            ("１", Some(1.0)),
            ("٠", Some(0.0)),
            ("𝟙", Some(1.0)),
            ("１_０", Some(10.0)),
            ("0_1", Some(1.0)),
            ("1\u{85}", Some(1.0)),
            ("\u{2001}1\u{3000}", Some(1.0)),
            ("\u{b}1\u{c}", Some(1.0)),
            ("1E+0", Some(1.0)),
            ("1.e0", Some(1.0)),
            (".0", Some(0.0)),
            ("-0", Some(-0.0)),
            ("1e-400", Some(0.0)),
            ("Infinity", Some(f64::INFINITY)),
        ];
        for (text, value) in cases {
            assert_eq!(float(text), value, "{text:?}");
        }
        assert!(float("-nAn").is_some_and(f64::is_nan));
        for text in [
            "",
            ".",
            "1e",
            "_1",
            "1_",
            "1__0",
            "1._0",
            "1_.0",
            "0x1",
            "1d",
            "1\0",
            "1 0",
            "true",
            "是",
            "1\u{1c}",
            "1\u{1c}\u{3000}",
            "１．０",
            "\u{feff}1",
            "1\u{200b}",
            "²",
        ] {
            assert_eq!(float(text), None, "{text:?}");
        }
    }

    #[test]
    fn rounding_is_that_of_numpy() {
        for (value, rounded) in [(0.125, 0.12), (0.625, 0.62), (0.015, 0.02), (0.145, 0.14)] {
            assert_eq!(round2(value), rounded);
        }
    }

    #[test]
    fn sums_go_by_eights() {
        assert_eq!((mean(&[]), mean(&[0.5, 1.0])), (None, Some(0.75)));
        let tenths = vec![0.1; 1000];
        let in_turn = tenths.iter().fold(0.0, |total, value| total + value);
        assert_ne!(sum(&tenths), in_turn);
        assert_eq!(sum(&tenths), 100.00000000000001);
        assert_eq!((sum(&[0.07; 20]), sum(&[0.07; 131])), (1.4000000000000004, 9.170000000000002));
        let ones = vec![1.0; 12_345];
        assert_eq!(sum(&ones), 12_345.0);
    }
}
