//! Names and things that questions are about, and formulas in plain notation.

/// First names, short and told apart by their first letters.
pub(super) const NAMES: [&str; 24] = [
    "Ana", "Ben", "Chloe", "David", "Emma", "Felix", "Grace", "Hugo", "Ivy", "Jonas", "Kate",
    "Leo", "Maria", "Noah", "Olga", "Paul", "Quinn", "Rosa", "Sam", "Tara", "Uma", "Victor",
    "Wendy", "Yusuf",
];

/// Things that are bought and counted.
pub(super) const THINGS: [&str; 12] = [
    "pens",
    "apples",
    "notebooks",
    "stickers",
    "oranges",
    "candles",
    "cups",
    "books",
    "balls",
    "cards",
    "lemons",
    "lamps",
];

/// Colours.
pub(super) const COLOURS: [&str; 8] =
    ["red", "blue", "green", "yellow", "white", "black", "orange", "purple"];

/// The days of a week.
pub(super) const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `1st`, `2nd`, `11th`.
pub(super) fn ordinal(n: i64) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// `a, b and c`.
pub(super) fn listed<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// `a, b, c`.
pub(super) fn commas<T: ToString>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// `3x^2 - x + 4`: coefficients of falling powers of `x`, the last one of power 0.
pub(super) fn polynomial(coefficients: &[i64]) -> String {
    let mut text = String::new();
    for (at, &coefficient) in coefficients.iter().enumerate() {
        let power = coefficients.len() - 1 - at;
        if coefficient == 0 {
            continue;
        }
        text.push_str(match (text.is_empty(), coefficient < 0) {
            (true, false) => "",
            (true, true) => "-",
            (false, false) => " + ",
            (false, true) => " - ",
        });
        if coefficient.abs() != 1 || power == 0 {
            text.push_str(&coefficient.abs().to_string());
        }
        text.push_str(&match power {
            0 => String::new(),
            1 => "x".to_owned(),
            power => format!("x^{power}"),
        });
    }
    if text.is_empty() { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_read_as_they_are_written() {
        assert_eq!(polynomial(&[1, -1, 0]), "x^2 - x");
        assert_eq!(polynomial(&[-3, 0, 1]), "-3x^2 + 1");
        assert_eq!(polynomial(&[0, 0]), "0");
        assert_eq!(polynomial(&[2, -1]), "2x - 1");
    }

    #[test]
    fn lists_and_ordinals() {
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed::<&str>(&[]), "");
        assert_eq!(
            [1, 2, 3, 4, 11, 12, 13, 21, 112].map(ordinal).join(" "),
            "1st 2nd 3rd 4th 11th 12th 13th 21st 112th"
        );
    }
}
