//! Criteria in Chinese that a rule can decide, such as 不超过100字 or 以“谢谢”结尾.
//!
//! As with the router of English texts, a criterion is taken only where all of it is read: one
//! about a part (标题不超过10字) or with a "some" (100字左右) stays with the judge. Chinese limits
//! are said loosely, so each is measured in every usual way; where these are apart, nothing is
//! decided.

mod measure;
mod read;

use measure::{Measured, count, edge, json, language, marks, phrases};

pub(super) use read::read;

/// A criterion that a rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Criterion {
    /// So many of a unit, both ends included.
    Count { unit: Unit, least: u64, most: u64 },
    /// The response starts, or ends, with a phrase.
    Edge { end: bool, phrase: String },
    /// All phrases occur, or none does.
    Phrases { list: Vec<String>, wanted: bool },
    /// None of these signs occurs.
    Without(Signs),
    /// The response is in Chinese, or in English.
    Language { chinese: bool },
    /// The response is a JSON document.
    Json,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// 字: with or without punctuation, Western words as one or letter by letter.
    Length,
    /// 字符: with or without white space.
    Characters,
    /// 句: ended by a mark, or by the line as well.
    Sentences,
    /// 段: set apart by blank lines, or by any line's end.
    Paragraphs,
    /// 行: with or without blank lines between.
    Lines,
}

/// Signs that may be forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signs {
    /// One sign in its Chinese and Western forms.
    Of(&'static str),
    Punctuation,
    Digits,
    Latin,
}

impl Criterion {
    /// What kind of rule it is, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Criterion::Count { unit: Unit::Length, .. } => "zh:length",
            Criterion::Count { unit: Unit::Characters, .. } => "zh:characters",
            Criterion::Count { unit: Unit::Sentences, .. } => "zh:sentences",
            Criterion::Count { unit: Unit::Paragraphs, .. } => "zh:paragraphs",
            Criterion::Count { unit: Unit::Lines, .. } => "zh:lines",
            Criterion::Edge { end: false, .. } => "zh:starts_with",
            Criterion::Edge { end: true, .. } => "zh:ends_with",
            Criterion::Phrases { wanted: true, .. } => "zh:phrases",
            Criterion::Phrases { wanted: false, .. } => "zh:forbidden_phrases",
            Criterion::Without(_) => "zh:forbidden_signs",
            Criterion::Language { .. } => "zh:language",
            Criterion::Json => "zh:json",
        }
    }

    /// Whether `response` meets it, with the reason; nothing where usual readings are apart.
    pub(super) fn check(&self, response: &str) -> Option<Measured> {
        match self {
            Criterion::Count { unit, least, most } => count(*unit, *least..=*most, response),
            Criterion::Edge { end, phrase } => edge(*end, phrase, response),
            Criterion::Phrases { list, wanted } => Some(phrases(list, *wanted, response)),
            Criterion::Without(signs) => Some(marks(*signs, response)),
            Criterion::Language { chinese } => language(*chinese, response),
            Criterion::Json => json(response),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One criterion; what is met, what is not, what cannot be told.
    #[test]
    fn responses_are_measured_in_every_usual_way() {
        let long = "春".repeat(9) + "，" + &"夏".repeat(3) + "。";
        type Texts<'a> = &'a [&'a str];
        let rows: &[(&str, Texts<'_>, Texts<'_>, Texts<'_>)] = &[
            // 12 characters with two marks.
            ("不超过13字", &["短"], &[&"长".repeat(14)], &[&long]),
            ("字数不少于3个字", &["春夏秋"], &["春。"], &["春夏。"]),
            // Three words, or fifteen letters.
            ("10字以内", &["yes"], &[], &["spring and fall"]),
            ("共两段", &["一\n\n二"], &["一", "一\n\n二\n\n三"], &["一\n二", "一\n\n二\n三"]),
            ("不超过2句话", &["好。是！"], &["好。是。对。"], &["好。是。\n再见"]),
            ("以“谢谢”结尾", &["好，谢谢", "好，谢谢\n"], &["谢谢你"], &["好，谢谢。"]),
            ("以\"你好\"开头", &["你好。"], &["大家好"], &["**你好**"]),
            ("包含“山”和“水”", &["山水"], &["山"], &[]),
            ("不要出现“我”", &["你"], &["我们"], &[]),
            ("不使用逗号", &["好。"], &["好，是", "a, b"], &[]),
            ("不使用标点符号", &["好 是"], &["好。"], &[]),
            (
                "用英文回答",
                &["The weather is fine here and we go out to see the river."],
                &["你好啊"],
                &["Hello 你好", "12"],
            ),
            ("使用中文", &["你好，世界"], &["Hello"], &["你好 hello"]),
            ("以JSON格式输出", &["{\"a\": 1}"], &["没有"], &["好的：{\"a\": 1}"]),
        ];
        for (criterion, met, unmet, untold) in rows {
            let rule = read(criterion).unwrap_or_else(|| panic!("{criterion} is not read"));
            let said = |text: &str| rule.check(text).map(|measured| measured.met);
            for (texts, wanted) in [(met, Some(true)), (unmet, Some(false)), (untold, None)] {
                for text in *texts {
                    assert_eq!(said(text), wanted, "{criterion}: {text}");
                }
            }
        }
    }
}
