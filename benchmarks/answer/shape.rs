//! The shape of an answer: one value, a row in brackets, or a set in any order.

use std::sync::LazyLock;

use regex::Regex;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// One value.
    One(String),
    /// Values in brackets, in order: a point, an interval, a row of a matrix.
    Row(char, Vec<Shape>, char),
    /// Values in any order: a list, a set, a union of intervals.
    Set(Vec<Shape>),
}

/// Commands that only change how things look.
const LOOKS: [&str; 22] = [
    "\\left",
    "\\right",
    "\\displaystyle",
    "\\bigl",
    "\\bigr",
    "\\Bigl",
    "\\Bigr",
    "\\big",
    "\\Big",
    "\\!",
    "\\,",
    "\\;",
    "\\:",
    "\\quad",
    "\\qquad",
    "\\limits",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "$",
    "\\strut",
];

/// Other spellings.
const SPELLINGS: [(&str, &str); 29] = [
    ("−", "-"),
    ("–", "-"),
    ("×", "*"),
    ("÷", "/"),
    ("·", "*"),
    ("π", "\\pi"),
    ("√", "\\sqrt"),
    ("∞", "\\infty"),
    ("±", "\\pm"),
    ("²", "^2"),
    ("³", "^3"),
    ("½", "(1/2)"),
    ("¼", "(1/4)"),
    ("¾", "(3/4)"),
    ("°", " "),
    ("^{\\circ}", " "),
    ("^\\circ", " "),
    ("\\degree", " "),
    ("\\Omega", "Ω"),
    ("\u{2126}", "Ω"),
    ("\\dfrac", "\\frac"),
    ("\\tfrac", "\\frac"),
    ("\\cfrac", "\\frac"),
    ("{,}", ""),
    ("£", ""),
    ("€", ""),
    ("∪", "\\cup"),
    ("\\ ", " "),
    ("~", " "),
];

/// Wrappers whose content counts.
const WRAPPERS: [&str; 9] = [
    "\\boxed{",
    "\\text{",
    "\\textbf{",
    "\\textit{",
    "\\mathrm{",
    "\\mathbf{",
    "\\mbox{",
    "\\operatorname{",
    "\\mathit{",
];

/// Stands for the end of a matrix's row, whose two backslashes other commands begin with.
const ROW: &str = "\u{1}";

/// The answer without what only changes its looks.
pub(super) fn clean(answer: &str) -> String {
    let mut text = answer.trim().replace("\\$", "").replace("**", "").replace('`', "");
    text = text.replace("\\\\", ROW);
    for looks in LOOKS {
        text = text.replace(looks, "");
    }
    for (from, to) in SPELLINGS {
        text = text.replace(from, to);
    }
    for wrapper in WRAPPERS {
        text = unwrap(&text, wrapper);
    }
    let text = text.trim().trim_matches(['"', '“', '”']);
    let text = text.trim_end_matches(['.', ',', ';', ':']).trim();
    thousands(text)
}

/// Puts the content in the place of each wrapper; a space stands where it began.
fn unwrap(text: &str, wrapper: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(wrapper) {
        let Some(inside) = super::extract::braced(after) else { break };
        out.push_str(before);
        out.push(' ');
        out.push_str(inside);
        rest = &after[inside.len() + 1..];
    }
    out.push_str(rest);
    out
}

/// Takes out commas that part thousands: a digit before them, three and no more after.
fn thousands(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let parts = |at: usize| {
        at > 0 && digit(at - 1) && (1..=3).all(|after| digit(at + after)) && !digit(at + 4)
    };
    let kept = chars.iter().enumerate().filter(|&(at, c)| *c != ',' || !parts(at));
    kept.map(|(_, c)| c).collect()
}

/// Equal texts are equal folded texts: no case, no blanks, no braces.
pub(super) fn folded(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '{' | '}' | '\\'));
    kept.flat_map(char::to_lowercase).collect()
}

/// A text of words without the article before it: `the rabbit`.
pub(super) fn without_article(text: &str) -> &str {
    let text = text.trim();
    let Some((article, rest)) = text.split_once(' ') else { return text };
    let is_article = ["a", "an", "the"].iter().any(|known| article.eq_ignore_ascii_case(known));
    let first = rest.trim_start().split(' ').next().unwrap_or_default();
    let word = first.chars().count() > 1 && first.chars().all(char::is_alphabetic);
    if is_article && word { rest.trim_start() } else { text }
}

/// The digits of a number with its base below them: `1011` of `1011_{2}`.
pub(super) fn digits_of_base(text: &str) -> Option<&str> {
    let (digits, base) = text.trim().split_once('_')?;
    let base = base.trim_start_matches('{').trim_end_matches('}');
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (number(digits.trim()) && number(base)).then(|| digits.trim())
}

/// The shape of a clean answer.
pub(super) fn of(text: &str) -> Shape {
    let text = named(text.trim());
    if let Some(rows) = matrix(text) {
        return rows;
    }
    let unions: Vec<&str> = text.split("\\cup").collect();
    if unions.len() > 1 {
        return Shape::Set(unions.into_iter().map(of).collect());
    }
    let inner = text.strip_prefix("\\{").and_then(|rest| rest.strip_suffix("\\}"));
    let inner = inner.or_else(|| text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')));
    if let Some(items) = inner.map(split).filter(|items| items.iter().all(|i| !i.is_empty())) {
        return Shape::Set(items.into_iter().map(of).collect());
    }
    if let (Some(open @ ('(' | '[')), Some(close @ (')' | ']'))) =
        (text.chars().next(), text.chars().next_back())
    {
        let items = split(&text[1..text.len() - 1]);
        if items.len() > 1 && closes_last(text) {
            return Shape::Row(open, items.into_iter().map(of).collect(), close);
        }
    }
    let items = split(text);
    if items.len() > 1 {
        return Shape::Set(items.into_iter().map(of).collect());
    }
    if let Some((before, after)) = text.split_once("\\pm") {
        let (plus, minus) = (format!("{before}+{after}"), format!("{before}-{after}"));
        return Shape::Set(vec![Shape::One(plus), Shape::One(minus)]);
    }
    Shape::One(text.to_owned())
}

/// Without a name before it: `x = 5`, `f(x) = 2x`, `x \in [0, 1]`.
fn named(text: &str) -> &str {
    for sign in ["=", "\\in ", "\\approx"] {
        if let Some((name, value)) = text.rsplit_once(sign) {
            let name = name.trim();
            let plain = name.chars().all(|c| c.is_alphanumeric() || "_(){}\\ ".contains(c));
            let begins = name.chars().next().is_some_and(char::is_alphabetic);
            if plain && begins && name.len() <= 12 {
                return value.trim();
            }
        }
    }
    text
}

/// Whether the first bracket is closed by the last character alone.
fn closes_last(text: &str) -> bool {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += depth_of(c);
        if depth == 0 {
            return at + c.len_utf8() == text.len();
        }
    }
    false
}

fn depth_of(c: char) -> i32 {
    match c {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    }
}

/// Parts between commas, `;`, `and`, `or` that stand in no bracket.
fn split(text: &str) -> Vec<&str> {
    let (mut items, mut from, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        depth += depth_of(c);
        if depth != 0 {
            continue;
        }
        let word = [" and ", " or "].into_iter().find(|word| text[at..].starts_with(word));
        let length = if matches!(c, ',' | ';') { 1 } else { word.map_or(0, str::len) };
        // `1, 2, and 3` has no item between the comma and the word.
        if length > 0 && at >= from && (length == 1 || !text[from..at].trim().is_empty()) {
            items.push(text[from..at].trim());
            from = at + length;
        }
    }
    items.push(text[from..].trim());
    items.into_iter().map(|item| item.strip_prefix("and ").unwrap_or(item)).collect()
}

/// `\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}` as rows in a row.
fn matrix(text: &str) -> Option<Shape> {
    let rest = text.strip_prefix("\\begin{")?;
    let (kind, rest) = rest.split_once('}')?;
    let (body, _) = rest.rsplit_once("\\end{").filter(|_| kind.ends_with("matrix"))?;
    let row = |row: &str| {
        let cells = row.split('&').map(|cell| of(cell.trim()));
        Shape::Row('[', cells.collect(), ']')
    };
    let rows = body.split(ROW).map(str::trim).filter(|text| !text.is_empty());
    Some(Shape::Row('[', rows.map(row).collect(), ']'))
}

/// A number, and behind it words, maybe with powers, multiplied or divided.
static MEASURE: LazyLock<Regex> = LazyLock::new(|| {
    let rest = r"\p{L}*\.?(?:\^\{?-?\d+\}?)?\)?";
    let more = format!(r"(?:\s*[*/\s]\s*\(?\p{{L}}{rest})*");
    let pattern = format!(r"(?s)^(.*?[\d)}}])(\s*)(\p{{L}}{rest}{more})$");
    Regex::new(&pattern).expect("a fixed pattern")
});

/// Words behind a number that are no units.
const FUNCTIONS: [&str; 8] = ["pi", "sqrt", "sin", "cos", "tan", "ln", "log", "exp"];

/// Units of one letter.
const LETTERS: &str = "mgshAVWNJLlKCFHTM";

/// Units of two letters that may touch their number.
const PAIRS: [&str; 30] = [
    "mm", "cm", "dm", "km", "mg", "kg", "ms", "ml", "mL", "cl", "dl", "kJ", "kN", "kW", "kV", "mA",
    "mV", "Hz", "Pa", "eV", "ft", "in", "yd", "mi", "lb", "oz", "am", "pm", "hr", "st",
];

/// The number before a unit, and the unit: words of two letters or more behind a digit, or one
/// letter that is a unit of physics behind a space.
pub(super) fn unit(text: &str) -> Option<(&str, &str)> {
    let found = MEASURE.captures(text)?;
    let (number, gap, unit) = (found.get(1)?.as_str(), found.get(2)?.as_str(), found.get(3)?);
    let unit = unit.as_str().trim();
    let first = unit.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let letters = unit.chars().filter(|c| c.is_alphabetic()).count();
    let is_unit = match letters {
        _ if FUNCTIONS.contains(&first) => false,
        1 => unit == "Ω" || (!gap.is_empty() && LETTERS.contains(first)),
        // `3xy` is a product.
        _ if gap.is_empty() && unit.len() == first.len() && letters == 2 => PAIRS.contains(&first),
        _ => true,
    };
    (is_unit && !number.trim().is_empty()).then_some((number.trim(), unit))
}
