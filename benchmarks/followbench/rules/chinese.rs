//! The rules of the Chinese set that differ from the English ones: lengths are in characters.

use heedful_constraints::python::strings::char_len;

use super::Rule;
use super::common::{Paragraphs, digits, sentences};

const MARKS: &[char] = &['。', '！', '？'];

/// Characters with a numeric value that Unicode counts among letters (Unicode 14, as CPython 3.11
/// has them in `str.isnumeric`).
const NUMERALS: &str = "㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾\
    捌柒漆玖百肆萬貮貳贰阡陆陌陸零\u{F96B}\u{F973}\u{F978}\u{F9B2}\u{F9D1}\u{F9D3}\u{F9FD}\
    \u{20001}\u{20064}\u{200E2}\u{20121}\u{2092A}\u{20983}\u{2098C}\u{2099C}\u{20AEA}\u{20AFD}\
    \u{20B19}\u{22390}\u{22998}\u{23B1B}\u{2626D}\u{2F890}";

/// Whether `text` keeps the constraints of `level`: those of all levels up to it.
pub(super) fn check(rule: Rule, level: u8, target: &str, text: &str) -> bool {
    // Levels beyond 4 are the last one, whatever they are called.
    let from = |first: u8| level == 0 || level >= first;
    let one = || sentences(text, MARKS).count() == 1;
    let punctuation = |c: &char| c.is_ascii_punctuation() || "，。：’“”".contains(*c);
    match rule {
        Rule::CnnDailymail => news(level, text),
        Rule::Xsum => {
            one()
                && (!from(2) || char_len(text) < 20)
                && (!from(3) || !text.contains("牛顿斯图尔特"))
                && (!from(4) || text.contains('在'))
                && (!from(5) || text.contains("操作"))
        }
        Rule::Samsum => {
            one()
                && (!from(2) || char_len(text) < 15)
                && (!from(3) || text.contains("琐碎的"))
                && (!from(4) || !text.contains("拖沓的"))
                && (!from(5) || text.chars().filter(punctuation).count() == 1)
        }
        Rule::Gigaword => {
            char_len(text) == 8
                && (!from(2) || !text.chars().any(|c| punctuation(&c)))
                && (!from(3) || !text.chars().any(is_numeric))
                && (!from(4) || !text.contains("公交车"))
                && (!from(5) || text.contains('在'))
        }
        Rule::Arxiv => {
            one()
                && (!from(2) || char_len(text) <= 20)
                && (!from(3) || text.starts_with("我们"))
                && (!from(4) || text.contains("激活"))
                && (!from(5) || !text.contains("transformer"))
        }
        Rule::Gsm8k => last_amount(text) == Some(target),
        _ => {
            let long = |sentence: &str| char_len(sentence) > 20;
            Paragraphs { marks: MARKS, long, end: "这些是建议" }.check(level, text)
        }
    }
}

fn news(level: u8, text: &str) -> bool {
    let from = |first: u8| level == 0 || level >= first;
    let list: Vec<&str> = sentences(text, MARKS).take(4).collect();
    let &[first, second, third] = list.as_slice() else { return false };
    let named = || first.contains("波特") && second.contains("演员") && third.contains("电影");
    (!from(2) || list.iter().all(|sentence| char_len(sentence) < 15))
        && (!from(3) || named())
        && (!from(4) || !second.contains("奢侈"))
        && (!from(5) || third.contains('了'))
}

/// `str.isnumeric` of one character.
fn is_numeric(c: char) -> bool {
    c.is_numeric() || NUMERALS.contains(c)
}

/// The last digits with `美元` behind them, and that.
fn last_amount(text: &str) -> Option<&str> {
    const UNIT: &str = "美元";
    let amounts = text.match_indices(UNIT).filter_map(|(at, _)| {
        let before = text[..at].chars().rev();
        let number: usize = before
            .take_while(|&c| digits(c.encode_utf8(&mut [0; 4])) > 0)
            .map(char::len_utf8)
            .sum();
        (number > 0).then(|| &text[at - number..at + UNIT.len()])
    });
    amounts.last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numerals_are_numeric() {
        assert_eq!(NUMERALS.chars().count(), 81);
        assert!("一零亿五½²Ⅷ９3〇".chars().all(is_numeric));
        assert!(!"天a在_".chars().any(is_numeric));
    }

    #[test]
    fn the_last_amount_counts() {
        assert_eq!(last_amount("先12美元，再 ３4美元。美元"), Some("３4美元"));
        assert_eq!(last_amount("12 美元"), None);
    }

    #[test]
    fn lengths_are_in_characters() {
        assert!(check(Rule::Gigaword, 5, "", "我在家里看书写字"));
        assert!(!check(Rule::Gigaword, 3, "", "我在家里看三本书"));
        assert!(check(Rule::Gigaword, 2, "", "我在家里看三本书"));
        assert!(check(Rule::Samsum, 5, "", "她说琐碎的事。"));
        assert!(!check(Rule::Samsum, 5, "", "她说琐碎的事，好。"));
        assert!(check(Rule::CnnDailymail, 5, "", "波特成年。他是演员！电影拍了。"));
        assert!(!check(Rule::CnnDailymail, 5, "", "波特成年。他是演员！电影。"));
    }
}
