//! What the judge and the extractor answered, read as the official code reads it.

use heedful_constraints::python::strings::strip;

use super::score::Judgement;

/// A judge's reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The one marked answer is 是, or the reply has 是 and no 否.
    Yes,
    /// The one marked answer is 否, or the reply has 否 and no 是.
    No,
    /// Neither can be told. The official code takes it for no.
    Unclear,
}

impl Answer {
    /// What the official code makes of it.
    pub fn judgement(self) -> Judgement {
        match self {
            Answer::Yes => Judgement::Satisfied,
            Answer::No | Answer::Unclear => Judgement::Violated,
        }
    }
}

/// Reads a judge's reply. Exactly one `答案：是` or `答案：否` decides; with none or several the
/// single characters do, wherever they stand.
pub fn parse(reply: &str) -> Answer {
    let marked_yes = reply.matches("答案：是").count();
    let marked_no = reply.matches("答案：否").count();
    match (marked_yes, marked_no) {
        (1, 0) => return Answer::Yes,
        (0, 1) => return Answer::No,
        _ => {}
    }
    match (reply.contains('是'), reply.contains('否')) {
        (true, false) => Answer::Yes,
        (false, true) => Answer::No,
        _ => Answer::Unclear,
    }
}

/// Reads a judge's reply that keeps to the form: its last line is one of the two answers, and
/// neither stands anywhere else. `None` for all others, cut ones among them: they are asked again.
pub fn parse_strictly(reply: &str) -> Option<bool> {
    let reply = reply.replace("答案:", "答案：").replace("答案： ", "答案：");
    let last = reply.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    let met = match last.trim_matches(['*', '。', '.', ' ']) {
        "答案：是" => true,
        "答案：否" => false,
        _ => return None,
    };
    let marks = reply.matches("答案：是").count() + reply.matches("答案：否").count();
    (marks == 1).then_some(met)
}

/// Whether an extractor's reply about `response` keeps to the form: objects under their label, each
/// a part of the response word for word, `all`, or `None`.
pub fn is_extraction(response: &str, reply: &str) -> bool {
    let text = reply.rsplit_once(HEADING).map_or(reply, |(_, after)| after);
    let Some((_, after)) = LABELS[..2].iter().find_map(|label| text.rsplit_once(label)) else {
        return false;
    };
    let after = REMARKS
        .iter()
        .fold(after, |text, remark| text.rsplit_once(remark).map_or(text, |(before, _)| before));
    match strip(after) {
        "" => false,
        "all" | "None" => true,
        objects => objects.split("||").all(|object| response.contains(strip(object))),
    }
}

/// What an extractor's reply came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// The reply without what stands around the objects; `None` without a reply or a response.
    pub text: Option<String>,
    /// The objects that the rule is applied to.
    pub objects: Vec<String>,
}

/// The heading above the objects.
const HEADING: &str = "【模型回复中评分问题的评测对象】\n";

/// What begins a remark below the objects, in the order in which remarks are cut off.
const REMARKS: [&str; 3] = ["\n\n请注意", "\n\n**注意", "\n\n注意"];

/// What stands before the objects: the first of these that occurs, at its last occurrence.
const LABELS: [&str; 3] = ["评分对象：", "评测对象：", "："];

/// Reads an extractor's reply about `response`.
///
/// `all` at the beginning stands for the whole response, `None` anywhere for no object at all, and
/// `||` stands between objects.
pub fn extract(response: Option<&str>, reply: Option<&str>) -> Extraction {
    let (Some(response), Some(mut text)) = (response, reply) else {
        return Extraction { text: None, objects: Vec::new() };
    };
    text = text.rsplit_once(HEADING).map_or(text, |(_, after)| after);
    for remark in REMARKS {
        text = text.rsplit_once(remark).map_or(text, |(before, _)| before);
    }
    if let Some((_, after)) = LABELS.iter().find_map(|label| text.rsplit_once(label)) {
        text = after;
    }
    let objects = if text.starts_with("all") {
        vec![response.to_owned()]
    } else if text.contains("None") {
        Vec::new()
    } else {
        text.split("||").map(|object| strip(object).to_owned()).collect()
    };
    Extraction { text: Some(text.to_owned()), objects }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_marked_answer_decides() {
        assert_eq!(parse("分析：是否满足？\n答案：是"), Answer::Yes);
        assert_eq!(parse("是的，是。答案：否"), Answer::No);
        assert_eq!(parse("答案：是否"), Answer::Yes);
        assert_eq!(parse("答案：是，答案：是"), Answer::Yes);
        assert_eq!(parse("答案：是，答案：否"), Answer::Unclear);
        assert_eq!(parse("答案: 是"), Answer::Yes);
        assert_eq!(parse("否"), Answer::No);
        assert_eq!(parse(""), Answer::Unclear);
        assert_eq!(Answer::Unclear.judgement(), Judgement::Violated);
    }

    #[test]
    fn replies_out_of_the_form_are_asked_for_again() {
        assert_eq!(parse_strictly("分析：满足要求。\n\n**答案：是**\n"), Some(true));
        assert_eq!(parse_strictly("答案: 否。"), Some(false));
        for reply in [
            "",
            "不是",
            "答案：不是",
            "我不确定是不是",
            "分析：首先看要求，题目问的是",
            "答案：是\n以上。",
            "答案：是，答案：否\n答案：是",
            "是",
        ] {
            assert_eq!(parse_strictly(reply), None, "{reply}");
        }
        for (reply, ok) in [
            ("评分对象：all", true),
            ("评测对象：None", true),
            ("分析\n评分对象：一|| 二 \n\n请注意：三", true),
            ("评分对象：四", false),
            ("评分对象：", false),
            ("不知道", false),
        ] {
            assert_eq!(is_extraction("一和二", reply), ok, "{reply}");
        }
    }

    fn objects(reply: &str) -> Vec<String> {
        extract(Some("whole"), Some(reply)).objects
    }

    #[test]
    fn labels_and_remarks_are_cut_off() {
        assert_eq!(objects("评分对象：a：b|| c \n\n请注意：评分对象：d"), ["a：b", "c"]);
        assert_eq!(objects("评分对象：a\n\n评测对象：b"), ["a\n\n评测对象：b"]);
        assert_eq!(objects("解释：x：y"), ["y"]);
        assert_eq!(objects(&format!("评分对象：q\n{HEADING}r")), ["r"]);
        assert_eq!(objects("||"), ["", ""]);
    }

    #[test]
    fn all_and_none_are_words_of_their_own() {
        assert_eq!(objects("allowed None"), ["whole"]);
        assert_eq!(objects("a||Nonesuch"), [""; 0]);
        assert_eq!(objects(" all"), ["all"]);
        assert_eq!(extract(None, Some("all")).objects, [""; 0]);
        assert_eq!(extract(Some("a"), None).text, None);
    }
}
