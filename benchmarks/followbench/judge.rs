//! What the judge is asked, and what its reply says.

use heedful_constraints::python::strings::{strip, strip_chars};

use super::items::{Category, How, Item, Items, Language};
use super::literal::{self, Literal};
use super::verdict::Verdict;

/// Moves when the wording of [`request`] does.
pub const PROMPT_VERSION: &str = "followbench-judge-1";

/// What replies in English sets say of a constraint that is not satisfied.
const ENGLISH_NO: &[&str] = &["NO", "PARTIAL", "MAYBE", "UNKNOWN", "N/A"];

/// The same in Chinese sets.
const CHINESE_NO: &[&str] = &["NO", "PARTIAL", "PARTIALLY", "MAYBE", "UNKNOWN"];

/// The message to the judge about `answer` to the item at `at`: all versions of the instruction
/// from level 0, the answer, and the request for a list of `'YES'` and `'NO'` in the last line, one
/// for each constraint that was added. `None` of an item that no judge decides.
pub fn request(items: &Items, at: usize, answer: &str) -> Option<String> {
    let item = items.list.get(at).filter(|item| item.how == How::Judge)?;
    let first = at.checked_sub(usize::from(item.level))?;
    let steps = &items.list[first..=at];
    Some(match items.language {
        Language::English => english(item.category, steps, answer),
        Language::Chinese => chinese(item.category, steps, answer),
    })
}

fn english(category: Category, steps: &[Item], answer: &str) -> String {
    let added = steps.len() - 1;
    let kind = match category {
        Category::Content => "a constraint on its content",
        Category::Situation => "a constraint of situation, that is of background or circumstances,",
        Category::Style => "a constraint on its style",
        Category::Format => "a constraint on its format",
        Category::Mixed | Category::Example => "a constraint",
    };
    let mut text = format!(
        "Below are the versions of one instruction. From each version to the next {kind} was \
         added. After them comes an answer to the last version.\n"
    );
    for (level, step) in steps.iter().enumerate() {
        text.push_str(&format!("\n## Version {level}\n{}\n", step.instruction));
    }
    let example = example(added);
    text.push_str(&format!(
        "\n## Answer to version {added}\n{answer}\n\n## Your task\n\
         Name the constraints that were added, one for each version from 1 to {added}, and say of \
         each whether the answer satisfies it. Then end with one line that holds a Python list of \
         exactly {added} string(s) and nothing else, in the same order: 'YES' for a constraint \
         that is fully satisfied, 'NO' for any other. The line has this form: {example}\n"
    ));
    text
}

fn chinese(category: Category, steps: &[Item], answer: &str) -> String {
    let added = steps.len() - 1;
    let kind = match category {
        Category::Content => "内容约束",
        Category::Situation => "情景约束（即背景或具体情况）",
        Category::Style => "风格约束",
        Category::Format => "格式约束",
        Category::Mixed | Category::Example => "约束",
    };
    let mut text = format!(
        "下面是同一条指令的各个版本，后一个版本比前一个版本多一个{kind}。最后是对末一个版本的回答。\n"
    );
    for (level, step) in steps.iter().enumerate() {
        text.push_str(&format!("\n## 版本 {level}\n{}\n", step.instruction));
    }
    let example = example(added);
    text.push_str(&format!(
        "\n## 对版本 {added} 的回答\n{answer}\n\n## 你的任务\n\
         请说出从版本 1 到版本 {added} 依次增加的约束，并逐一判断回答是否做到。最后另起一行，\
         只写一个恰好有 {added} 个字符串的 Python 列表，顺序与版本相同：\
         完全做到写 'YES'，否则写 'NO'，用英文引号。这一行的形式是：{example}\n"
    ));
    text
}

/// A list of `count` verdicts.
fn example(count: usize) -> String {
    let verdicts = ["'YES'", "'NO'"].into_iter().cycle().take(count);
    format!("[{}]", verdicts.collect::<Vec<_>>().join(", "))
}

/// What `reply` says of the `level` constraints, from its last line alone.
///
/// At level 1 `YES` in it is enough, else `NO`. At the others it must hold a Python list of `level`
/// strings, of which `'YES'` is satisfied and a few others are not. The Chinese parser takes curly
/// quotes, longer lists, and `YES` and `NO` without quotes.
pub fn parse(reply: &str, level: u8, language: Language) -> Verdict {
    match marks(reply, level, language) {
        None => Verdict::Unread,
        Some(marks) => {
            let met = marks.iter().filter(|met| **met).count() as u8;
            Verdict::Judged { met, of: level }
        }
    }
}

/// The same constraint by constraint; `None` where [`parse`] cannot read it.
pub fn marks(reply: &str, level: u8, language: Language) -> Option<Vec<bool>> {
    match language {
        Language::English => {
            let whole = strip(strip_chars(reply, "`"));
            let line = whole.rsplit('\n').next().unwrap_or(whole);
            of_line(line, level, |list| {
                let list = literal::parse(list)?;
                each(&list, level, ENGLISH_NO).filter(|_| length(&list) == usize::from(level))
            })
        }
        Language::Chinese => {
            let straight = reply.replace(['“', '”'], "\"");
            let whole = strip_chars(&straight, "`").trim_matches(' ').trim_matches('\n');
            let line = whole.rsplit('\n').next().unwrap_or(whole);
            of_line(line, level, |list| {
                let bare = !list.contains(['"', '\'']);
                let quoted = || list.replace("YES", "'YES'").replace("NO", "'NO'");
                let list = if bare { literal::parse(&quoted()) } else { literal::parse(list) }?;
                each(&list, level, CHINESE_NO)
            })
        }
    }
}

/// A reply with these marks, in the form that [`request`] asks for.
pub fn reply(marks: &[bool]) -> String {
    if let [met] = marks {
        return if *met { "YES" } else { "NO" }.to_owned();
    }
    let verdict = |met: &bool| if *met { "'YES'" } else { "'NO'" };
    format!("[{}]", marks.iter().map(verdict).collect::<Vec<_>>().join(", "))
}

/// The marks of the last line; `read` takes what stands in brackets.
fn of_line(line: &str, level: u8, read: impl Fn(&str) -> Option<Vec<bool>>) -> Option<Vec<bool>> {
    if level == 1 {
        let met =
            if line.contains("YES") { Some(true) } else { line.contains("NO").then_some(false) };
        return met.map(|met| vec![met]);
    }
    let (open, close) = (line.find('[')?, line.rfind(']')?);
    read(line.get(open..=close)?).filter(|_| level > 0)
}

fn length(list: &Literal) -> usize {
    if let Literal::List(list) = list { list.len() } else { 0 }
}

/// Which of the first `level` elements are `'YES'`, if all others of them are in `no`.
fn each(list: &Literal, level: u8, no: &[&str]) -> Option<Vec<bool>> {
    let Literal::List(list) = list else { return None };
    let mark = |value: &Literal| match value {
        Literal::Text(text) if text == "YES" => Some(true),
        Literal::Text(text) if no.contains(&text.as_str()) => Some(false),
        _ => None,
    };
    list.get(..usize::from(level))?.iter().map(mark).collect()
}
