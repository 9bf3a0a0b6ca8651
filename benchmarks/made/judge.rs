//! What the judge is asked about the questions that no rule decides, and how its reply is read.

use super::item::{How, Item, Question};

/// Moves when the wording of [`request`] does.
pub const PROMPT_VERSION: &str = "made-judge-1";

const HEAD: &str = "\
You are a strict and fair examiner. Below are an instruction, a response to it, and numbered \
criteria. Say for each criterion whether the response meets it.

How to judge:
- Judge each criterion alone. Other demands of the instruction are checked elsewhere.
- A criterion is met only if it is met fully; in doubt, or where the response has nothing to judge \
it by, it is not.
- Where a criterion names a part, parts are what stands between lines that hold nothing but ***, \
and the criterion is about that part alone.

Reply with one line a criterion, in their order: its number, a colon, a blank, and yes or no. \
Write nothing else. For two criteria, of which the first is met and the second is not:

1: yes
2: no
";

/// The message to the judge about `response`; `None` where rules decide all questions.
///
/// The reply is read by [`parse`].
pub fn request(item: &Item, response: &str) -> Option<String> {
    let open: Vec<&Question> = item.questions.iter().filter(|q| !q.how.is_rule()).collect();
    (!open.is_empty()).then(|| about(item, response, &open))
}

/// The message about these questions of `item`, in their order.
pub fn about(item: &Item, response: &str, questions: &[&Question]) -> String {
    let mut text = format!(
        "{HEAD}\n## Instruction\n\n{}\n\n## Response\n\n{response}\n\n## Criteria\n\n",
        item.prompt
    );
    for (question, number) in questions.iter().zip(1..) {
        text.push_str(&format!("{number}. {}\n", criterion(question)));
    }
    text.push_str("\n## Reply\n");
    text
}

/// What the judge is asked about one question, in one line.
fn criterion(question: &Question) -> String {
    let said = question.text.split_whitespace().collect::<Vec<_>>().join(" ");
    match (&question.how, question.part) {
        (How::Task, Some(part)) => format!("Part {part} carries out this task: {said}"),
        (How::Task, None) => format!("The response carries out this task: {said}"),
        (_, Some(part)) => format!("Of part {part}, as if it were the whole response: {said}"),
        (_, None) => said,
    }
}

/// Reads a reply about `count` questions; `None` for one that is not in the form asked for. Blank
/// lines, and white space at the ends of lines, are passed over.
pub fn parse(count: usize, reply: &str) -> Option<Vec<bool>> {
    let mut lines = reply.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut marks = Vec::with_capacity(count.min(reply.len()));
    for number in 1..=count {
        let (named, said) = lines.next()?.split_once(':')?;
        if named != number.to_string() {
            return None;
        }
        marks.push(match said.trim() {
            "yes" => true,
            "no" => false,
            _ => return None,
        });
    }
    lines.next().is_none().then_some(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_to_the_letter() {
        assert_eq!(parse(2, "1: yes\n2: no"), Some(vec![true, false]));
        assert_eq!(parse(2, "\n1: yes \r\n\n2:no\n"), Some(vec![true, false]));
        assert_eq!(parse(0, ""), Some(Vec::new()));
        for bad in
            ["1: yes", "2: no\n1: yes", "1: yes\n2: maybe", "1: yes\n2: no\n3: no", "yes\nno"]
        {
            assert_eq!(parse(2, bad), None, "{bad}");
        }
        for bad in ["Sure:\n1: yes\n2: no", "1. yes\n2. no", "1: Yes\n2: No", "01: yes\n2: no", ""]
        {
            assert_eq!(parse(2, bad), None, "{bad}");
        }
    }

    #[test]
    fn the_example_of_the_request_is_in_the_form() {
        let start = HEAD.find("1: yes").expect("an example");
        assert_eq!(parse(2, &HEAD[start..]), Some(vec![true, false]));
    }
}
