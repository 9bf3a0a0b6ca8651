//! What the judge is asked.

use super::items::Item;

/// Moves when the wording of [`request`] does.
pub const PROMPT_VERSION: &str = "cfbench-judge-1";

/// How often the official evaluation asks before it takes a reply that is not in form.
pub const MAX_JUDGINGS: usize = 10;

const HEAD: &str = "\
请担任严格、公正的评分员。下面依次给出用户的指令、参考答案、待评的回答和评估标准。请对照每一条评估标准\
判断待评的回答：完全做到记 1，没有做到或只做到一部分记 0。参考答案为空时不必理会它。

回复格式：
1. 按评估标准给出的顺序逐条回复，不增、不减、不合并。
2. 每条回复占一行：先一字不差地照抄这条标准，接着输入一个制表符（Tab），再写 1 或 0。
3. 两条回复之间空一行。
4. 除此之外不要输出任何文字，也不要使用代码块。

格式示例（两条标准，前一条做到，后一条没有做到）：

全文使用中文\t1

不超过三句话\t0
";

/// The message to the judge about `response`: it asks for a line a criterion, the criterion and 0
/// or 1 with a tab between, and blank lines between those.
///
/// A criterion that itself holds a tab or a blank line cannot be read back.
pub fn request(item: &Item, response: &str) -> String {
    let criteria: Vec<&str> = item.criteria.iter().map(|c| c.text.as_str()).collect();
    let parts = [
        ("用户的指令", item.prompt.as_str()),
        ("参考答案", &item.reference),
        ("待评的回答", response),
        ("评估标准", &criteria.join("\n\n")),
    ];
    let mut text = HEAD.to_owned();
    for (title, body) in parts {
        text.push_str(&format!("\n【{title}】\n{body}\n"));
    }
    text.push_str("\n【评分】\n");
    text
}
