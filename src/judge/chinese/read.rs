//! Reads a criterion in Chinese: what all of it asks for, or nothing.

use super::{Criterion, Signs, Unit};

/// Longer texts (in bytes) are no single criterion.
const MAX_LEN: usize = 600;

/// Words before the demand that say only that it is one of the whole response.
const LEADS: [&str; 37] = [
    "要求",
    "需要",
    "必须",
    "应该",
    "应当",
    "务必",
    "确保",
    "保证",
    "模型",
    "生成的",
    "输出的",
    "回答的",
    "回复的",
    "全文的",
    "回答",
    "回复",
    "输出",
    "答案",
    "内容",
    "全文",
    "文本",
    "整体",
    "总字数",
    "字数",
    "总长度",
    "长度",
    "篇幅",
    "控制在",
    "限制在",
    "限定在",
    "保持在",
    "请",
    "是否",
    "应",
    "需",
    "要",
    "在",
];

/// Words after the demand that add nothing to it.
const TAILS: [&str; 9] =
    ["进行回答", "来回答", "回答", "回复", "作答", "输出", "书写", "撰写", "返回"];

const NOT: [&str; 16] = [
    "不允许",
    "不可以",
    "不应该",
    "不要",
    "不能",
    "不得",
    "不可",
    "不应",
    "不许",
    "不会",
    "禁止",
    "避免",
    "请勿",
    "没有",
    "勿",
    "不",
];

/// The demand of a criterion; `None` where a rule would not wholly decide it.
pub(in super::super) fn read(criterion: &str) -> Option<Criterion> {
    if criterion.len() > MAX_LEN {
        return None;
    }
    let packed = packed(criterion);
    let text = packed.trim_end_matches(['。', '！', '；', '？', '.', '!', ';', '?', '吗']);
    let mut rest = text;
    loop {
        for reader in [bounds, edge, phrases, signs, language, json] {
            if let Some(found) = reader(rest) {
                return Some(found);
            }
        }
        rest = LEADS.iter().find_map(|lead| rest.strip_prefix(lead))?;
    }
}

/// Without white space outside quotation marks, which Chinese has none of.
fn packed(text: &str) -> String {
    let mut inside = false;
    let quotes = ['“', '”', '"', '「', '」', '‘', '’', '\''];
    let keep = |c: &char| {
        inside ^= quotes.contains(c);
        inside || !c.is_whitespace()
    };
    text.chars().filter(keep).collect()
}

fn eat<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| text.strip_prefix(word))
}

/// What is left after one of the words, or all of it.
fn skip<'a>(text: &'a str, words: &[&str]) -> &'a str {
    eat(text, words).unwrap_or(text)
}

fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        return Some((text[..digits].parse().ok().filter(|n| *n <= 1_000_000)?, &text[digits..]));
    }
    let (mut total, mut digit, mut rest) = (0, None, text);
    while let Some(c) = rest.chars().next() {
        let scale = |scale| (total + digit.unwrap_or(1) * scale, None);
        (total, digit) = match ("零一二三四五六七八九".chars().position(|d| d == c), c) {
            (Some(value), _) => (total, Some(value as u64)),
            (_, '两') => (total, Some(2)),
            (_, '十') => scale(10),
            (_, '百') => scale(100),
            (_, '千') => scale(1000),
            _ => break,
        };
        rest = &rest[c.len_utf8()..];
    }
    (rest.len() < text.len()).then_some((total + digit.unwrap_or(0), rest))
}

fn unit(text: &str) -> Option<(Unit, &str)> {
    let units: [(Unit, &[&str]); 5] = [
        (Unit::Characters, &["个字符", "字符"]),
        (Unit::Length, &["个汉字", "个字", "汉字", "字"]),
        (Unit::Sentences, &["个句子", "句话", "句"]),
        (Unit::Paragraphs, &["个自然段", "个段落", "自然段", "段落", "段"]),
        (Unit::Lines, &["行"]),
    ];
    units.into_iter().find_map(|(unit, words)| Some((unit, eat(text, words)?)))
}

/// `不超过100字`, `200到300字之间`, `100字以内`, `分为三段`.
fn bounds(text: &str) -> Option<Criterion> {
    type Bounds = fn(u64) -> Option<(u64, u64)>;
    let exactly: Bounds = |n| Some((n, n));
    let before: [(&[&str], Bounds); 5] = [
        (&["不超过", "不多于", "不高于", "不大于", "最多", "至多"], |n| {
            Some((0, n))
        }),
        (&["不少于", "不低于", "不小于", "至少", "最少"], |n| Some((n, u64::MAX))),
        (&["少于", "小于", "低于", "不到", "不足"], |n| Some((0, n.checked_sub(1)?))),
        (&["超过", "多于", "大于", "高于"], |n| Some((n + 1, u64::MAX))),
        (&["恰好", "正好", "刚好", "等于"], exactly),
    ];
    let found = before.iter().find_map(|(words, bounds)| Some((eat(text, words)?, *bounds)));
    if let Some((rest, bounds)) = found {
        let (n, rest) = number(skip(rest, &["为", "是"]))?;
        let (unit, rest) = unit(rest)?;
        let (least, most) = bounds(n)?;
        return rest.is_empty().then_some(Criterion::Count { unit, least, most });
    }
    let parted = eat(text, &["分为", "分成", "共分为", "一共", "总共", "共", "由"]);
    let (n, rest) = number(parted.unwrap_or(text))?;
    let again = unit(rest).map_or(rest, |(_, rest)| rest);
    if let Some(rest) = eat(again, &["到", "至", "-", "~", "～", "—", "－", "–"]) {
        let (most, rest) = number(rest)?;
        let (unit, rest) = unit(rest)?;
        let all = matches!(rest, "" | "之间" | "以内") && n <= most;
        return all.then_some(Criterion::Count { unit, least: n, most });
    }
    let (unit, rest) = unit(rest)?;
    let (least, most) = match rest {
        "以内" | "之内" | "以下" | "及以下" => (0, n),
        "以上" | "及以上" => (n, u64::MAX),
        "" | "组成" if parted.is_some() && !matches!(unit, Unit::Length) => (n, n),
        _ => return None,
    };
    Some(Criterion::Count { unit, least, most })
}

/// A phrase in quotation marks, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let pairs = [('“', '”'), ('"', '"'), ('「', '」'), ('‘', '’'), ('\'', '\''), ('”', '”')];
    let (first, last) = pairs.into_iter().find(|(first, _)| text.starts_with(*first))?;
    let (phrase, rest) = text[first.len_utf8()..].split_once(last)?;
    let phrase = phrase.trim();
    (!phrase.is_empty()).then(|| (phrase.to_owned(), rest))
}

/// `以“谢谢”结尾`, `结尾必须是“谢谢”`.
fn edge(text: &str) -> Option<Criterion> {
    const START: [&str; 4] = ["开头", "开始", "起始", "开篇"];
    const END: [&str; 4] = ["结尾", "结束", "收尾", "结束语"];
    let side = |rest: &str| match rest {
        _ if START.contains(&rest) => Some(false),
        _ if END.contains(&rest) => Some(true),
        _ => None,
    };
    if let Some(rest) = eat(text, &["以", "用"]) {
        let (phrase, rest) = quoted(skip(rest, &["短语", "词语", "句子"]))?;
        let end = side(skip(rest, &["作为", "为", "来"]))?;
        return Some(Criterion::Edge { end, phrase });
    }
    let (end, rest) = match (eat(text, &START), eat(text, &END)) {
        (Some(rest), _) => (false, rest),
        (_, rest) => (true, rest?),
    };
    let rest = skip(rest, &["必须", "应该", "应", "要", "需"]);
    let (phrase, rest) = quoted(eat(rest, &["是", "为", "写"])?)?;
    rest.is_empty().then_some(Criterion::Edge { end, phrase })
}

/// `包含“山”和“水”`, `不要出现“我”一词`. Without quotation marks it is a matter of what is meant.
fn phrases(text: &str) -> Option<Criterion> {
    let not = eat(text, &NOT);
    let verbs = ["包含", "包括", "含有", "提到", "提及", "出现", "使用", "用到"];
    let rest = skip(eat(not.unwrap_or(text), &verbs)?, &["以下", "任何"]);
    let nouns =
        ["关键词", "关键字", "词语", "词汇", "单词", "短语", "字样", "句子", "字眼", "词", "字"];
    let mut rest = skip(skip(rest, &nouns), &["：", ":"]);
    let mut list = Vec::new();
    while let Some((phrase, after)) = quoted(rest) {
        list.push(phrase);
        rest = skip(after, &["、", "，", ",", "以及", "和", "及", "与", "或"]);
        // One of several would do.
        if after.starts_with('或') && not.is_none() {
            return None;
        }
    }
    let tails = ["", "一词", "这个词", "字样", "这些词", "等词", "两个词", "这两个词", "二字"];
    let all = !list.is_empty() && tails.contains(&rest);
    all.then_some(Criterion::Phrases { list, wanted: not.is_none() })
}

/// `不使用任何逗号`.
fn signs(text: &str) -> Option<Criterion> {
    let rest = eat(text, &NOT)?;
    let rest = eat(rest, &["使用", "出现", "包含", "含有", "有", "用"])?;
    let signs = match skip(rest, &["任何", "阿拉伯"]) {
        "逗号" => Signs::Of("，,"),
        "句号" => Signs::Of("。."),
        "感叹号" | "叹号" => Signs::Of("！!"),
        "问号" => Signs::Of("？?"),
        "冒号" => Signs::Of("：:"),
        "分号" => Signs::Of("；;"),
        "顿号" => Signs::Of("、"),
        "括号" => Signs::Of("（）()"),
        "引号" => Signs::Of("“”‘’「」\"'"),
        "标点符号" | "标点" => Signs::Punctuation,
        "数字" => Signs::Digits,
        "英文字母" | "英文" | "字母" => Signs::Latin,
        _ => return None,
    };
    Some(Criterion::Without(signs))
}

/// What names the manner of a response, without what stands around it.
fn manner(text: &str) -> &str {
    let text = skip(text, &["使用", "采用", "按照", "用", "以", "为", "是", "按"]);
    TAILS.iter().find_map(|tail| text.strip_suffix(tail)).unwrap_or(text)
}

/// `用英文回答`.
fn language(text: &str) -> Option<Criterion> {
    let chinese = match manner(text) {
        "中文" | "汉语" | "简体中文" | "全中文" => true,
        "英文" | "英语" | "全英文" => false,
        _ => return None,
    };
    Some(Criterion::Language { chinese })
}

/// `以JSON格式输出`.
fn json(text: &str) -> Option<Criterion> {
    let lower = text.to_ascii_lowercase();
    matches!(manner(&lower), "json格式" | "json" | "json的格式" | "标准json格式" | "json形式")
        .then_some(Criterion::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(unit: Unit, least: u64, most: u64) -> Criterion {
        Criterion::Count { unit, least, most }
    }

    #[test]
    fn whole_demands_are_read() {
        let any = u64::MAX;
        let edge = |end, phrase: &str| Criterion::Edge { end, phrase: phrase.to_owned() };
        let phrases = |list: &[&str], wanted| Criterion::Phrases {
            list: list.iter().map(|one| (*one).to_owned()).collect(),
            wanted,
        };
        for (text, wanted) in [
            ("不超过100字", count(Unit::Length, 0, 100)),
            ("回答字数控制在 200-300 字之间。", count(Unit::Length, 200, 300)),
            ("全文200字到300字", count(Unit::Length, 200, 300)),
            ("字数不少于三百字", count(Unit::Length, 300, any)),
            ("少于一百二十个字", count(Unit::Length, 0, 119)),
            ("超过50个字符", count(Unit::Characters, 51, any)),
            ("控制在十五字以内", count(Unit::Length, 0, 15)),
            ("输出是否在300字以上？", count(Unit::Length, 300, any)),
            ("分为三个段落", count(Unit::Paragraphs, 3, 3)),
            ("共4行", count(Unit::Lines, 4, 4)),
            ("至少两句话", count(Unit::Sentences, 2, any)),
            ("必须以“总之”开头", edge(false, "总之")),
            ("回答以'完'作为结尾！", edge(true, "完")),
            ("结尾必须是“谢谢 大家”", edge(true, "谢谢 大家")),
            ("包含关键词：“山”、“水”", phrases(&["山", "水"], true)),
            ("不得出现“我”或“你”", phrases(&["我", "你"], false)),
            ("不要使用任何标点符号", Criterion::Without(Signs::Punctuation)),
            ("请用英文回答", Criterion::Language { chinese: false }),
            ("输出为Json格式", Criterion::Json),
        ] {
            assert_eq!(read(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_a_rule_would_not_decide_stays_with_the_judge() {
        for text in [
            "",
            "标题不超过10字",
            "每段不超过100字",
            "100字左右",
            "约100字",
            "100字",
            "以反问句结尾",
            "风格幽默",
            "包含春天的景色",
            "包含“山”或“水”",
            "不超过100字且分点",
            "不超过100",
            "不使用专业术语",
            "用英文写标题",
            "回复中",
            "模型生成的解释是否不超过100字？",
            "不超过99999999999999999999字",
            "以“”开头",
            "以“开头",
            "Use JSON",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
