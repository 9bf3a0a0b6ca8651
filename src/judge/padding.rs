//! A response made longer with sentences that say nothing, and the criteria that this may touch.

use super::rules::rule_of;

/// Sentences of our own that add no content, for responses in English and most other languages.
const PLAIN: [&str; 10] = [
    "The text above is given in the order in which it is meant to be read.",
    "What has been said so far stands as it was said.",
    "Each part of it can be looked at by itself or together with the others.",
    "Nothing in this closing part changes what was stated before.",
    "The wording was chosen with the request in mind.",
    "It is possible to read it once more from the beginning.",
    "The points that were made remain the points that were made.",
    "A reader may go through it at whatever pace seems right.",
    "All of this belongs to one and the same reply.",
    "With that the text is what it is.",
];

/// The same for responses in Chinese.
const CHINESE: [&str; 10] = [
    "以上内容按照阅读的先后次序给出。",
    "前面所说的依然如前面所说。",
    "其中每个部分既可以单独看也可以放在一起看。",
    "这里的补充不改变前面的任何内容。",
    "用语是考虑到所提的要求而选定的。",
    "也可以从头再读一遍。",
    "已经说过的要点仍是那些要点。",
    "读者可以按照自己的节奏阅读。",
    "所有这些都属于同一个回答。",
    "至此这段文本就是它现在的样子。",
];

/// Words of criteria that are about length, or about how a response ends.
const TOUCHED: [&str; 36] = [
    "word",
    "sentence",
    "paragraph",
    "length",
    "long",
    "short",
    "brief",
    "concis",
    "succinct",
    "character",
    "letter",
    "line",
    "token",
    "end",
    "conclu",
    "last",
    "final",
    "only",
    "exactly",
    "repeat",
    "redundan",
    "字",
    "词",
    "句",
    "段",
    "长",
    "短",
    "简",
    "篇",
    "行",
    "结",
    "末",
    "尾",
    "最后",
    "只",
    "重复",
];

/// `response` with as much again behind it that says nothing, in characters, or a little more.
pub(super) fn padded(response: &str) -> String {
    let letters = || response.chars().filter(|c| c.is_alphabetic());
    let han = letters().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
    let chinese = 2 * han > letters().count();
    let (sentences, between) = if chinese { (CHINESE, "") } else { (PLAIN, " ") };
    let wanted = response.chars().count();
    let mut text = format!("{}\n\n", response.trim_end());
    let mut added = 0;
    for sentence in sentences.into_iter().cycle() {
        text.push_str(sentence);
        added += sentence.chars().count() + between.len();
        if added >= wanted {
            break;
        }
        text.push_str(between);
    }
    text
}

/// Whether padding may truly change whether a criterion is met: one that a rule decides, or that
/// names length or the end. Rather one too many: what is left out is counted.
pub(super) fn touches(criterion: &str) -> bool {
    let lower = criterion.to_lowercase();
    TOUCHED.iter().any(|word| lower.contains(word)) || rule_of(criterion).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_doubles_in_the_language_at_hand() {
        for (response, of) in [("One. ".repeat(90), PLAIN[0]), ("你好。".repeat(90), CHINESE[0])]
        {
            let long = padded(&response);
            let [before, after] = [response.trim_end(), &long].map(|text| text.chars().count());
            assert!(long.starts_with(response.trim_end()) && long.contains(of), "{long}");
            assert!((2 * before..2 * before + 90).contains(&after), "{before}, {after}");
        }
        assert!(padded("").contains(PLAIN[0]), "no response is padded as well");
    }

    #[test]
    fn criteria_about_length_or_the_end_are_told_apart() {
        for text in
            ["At most 90 words", "Is it brief?", "回答不超过三句话", "No commas.", "结尾要有署名"]
        {
            assert!(touches(text), "{text}");
        }
        for text in ["The tone is warm.", "语气友好", "Names two causes of the war"] {
            assert!(!touches(text), "{text}");
        }
    }
}
