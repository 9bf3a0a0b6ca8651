//! What is asked of the judge and of the extractor, in our own words.
//!
//! The benchmark is Chinese, and so are its questions and the marks that [`super::parse`] and
//! [`super::extract`] look for, so the requests are Chinese too. As in the official code the
//! instruction is cut at 6,000 characters, the response at 4,000, and a missing response reads
//! `None`.

use super::items::{Item, Question};

/// Which wording was asked. Replies to different wordings are not comparable.
pub const PROMPT_VERSION: &str = "complexbench-1";

/// The request about one question: to judge, or to extract what its rule is applied to.
///
/// The reply is read by [`super::parse`] where the question has no rule, else by
/// [`super::extract`].
pub fn request(item: &Item, question: &Question, response: Option<&str>) -> String {
    let task = match &question.rule {
        None => JUDGE,
        Some(rule) if rule.contains("each") => EXTRACT_EACH,
        Some(_) => EXTRACT,
    };
    format!(
        "{task}\n\n【输入指令】\n{}\n\n【模型回复】\n{}\n\n【评分问题】\n{}\n",
        cut(&item.instruction, 6_000),
        response.map_or("None", |text| cut(text, 4_000)),
        question.text
    )
}

/// The first characters of a text, by code points.
fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(at, _)| &text[..at])
}

const JUDGE: &str = "\
你是一名严格而公正的评审。下面给出一条输入指令、一个模型对它的回复，以及一个关于该回复的评分问题。\
请判断评分问题所说的内容对这个回复是否成立。

判断标准：
1. 只看评分问题问到的那一点。指令中的其他要求即使没有做到，也不影响这里的判断。
2. 完全做到才算成立。有任何差错、遗漏或含糊之处，都算不成立；没有“基本成立”这种结论。
3. 回复里找不到可以用来回答评分问题的内容时，算不成立。
4. 问题涉及“每个”“都”“所有”时，要逐一检查，有一个不满足就算不成立。
5. 问到是否分点时，必须有项目符号或编号；“首先”“其次”之类的连接词不算分点。
6. 问到使用哪种语言时，除非指令要求多种语言，否则夹杂其他语言就算不成立。
7. 问到模型是否正确判断某个条件时，看回复实际执行的是指令中哪一个分支，分支选对才算成立。

回复格式：先用几句话写出理由，理由中不要写出最后的结论格式。\
最后单独一行给出结论，只能是下面两行之一，并且只出现一次：
答案：是
答案：否";

const EXTRACT: &str = "\
你的任务是摘录文字，不是评分。下面给出一条输入指令、一个模型对它的回复，以及一个关于该回复的评分问题。\
请从模型回复中找出评分问题所针对的那一段文字，原样抄录下来。

规则：
1. 抄录的必须是模型回复里连续的原文，一个字、一个标点都不要增删改动，也不要自己拼接。
2. 无论这段文字是否符合评分问题的要求，都照样抄录。
3. 问题针对整个回复时（例如全文字数、全文是否出现某个词），写 all。
4. 模型回复里没有这样的文字时，写 None。
5. 问题针对“开头”时抄录相应部分的第一句，针对“结尾”时抄录最后一句。
6. 说明性的标签（例如“标题：”）不属于要抄录的文字。

回复格式：先写一两句分析，然后另起两行，最后一行的冒号之后只写摘录结果，其后不要再写任何内容：
【模型回复中评分问题的评测对象】
评分对象：摘录结果";

const EXTRACT_EACH: &str = "\
你的任务是摘录文字，不是评分。下面给出一条输入指令、一个模型对它的回复，以及一个关于该回复的评分问题。\
评分问题针对模型回复中的多段文字，请把它们全部找出来，按出现的先后原样抄录。

规则：
1. 每一段都必须是模型回复里连续的原文，一个字、一个标点都不要增删改动。
2. 无论这些文字是否符合评分问题的要求，都照样抄录，一段也不要漏掉。
3. 段与段之间用 || 隔开。
4. 模型回复里没有这样的文字时，写 None。
5. 问题针对每段的“开头”时抄录每段的第一句，针对每段的“结尾”时抄录每段的最后一句。

回复格式：先写一两句分析，然后另起两行，最后一行的冒号之后只写摘录结果，其后不要再写任何内容：
【模型回复中评分问题的评测对象】
评分对象：第一段||第二段||第三段";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!(cut("诗句a", 2), "诗句");
        assert_eq!(cut("诗句", 2), "诗句");
        assert_eq!(cut("", 0), "");
    }
}
