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
