//! How a draft is said: the prompt, with priorities, parts and conditions.

use heedful_constraints::draw::Rng;
use rand::RngExt as _;

use super::compose::{Branch, Draft, Side};
use crate::cfbench::Priority;

/// Ways of marking the two priorities, each with what the prompt says of them.
const MARKS: [(&str, &str, &str); 3] = [
    (
        "[must]",
        "[should]",
        "What is marked [must] comes first; what is marked [should] is wanted as well.",
    ),
    (
        "(essential)",
        "(desired)",
        "Essential points decide whether the answer is of use; desired ones make it better.",
    ),
    (
        "Primary:",
        "Secondary:",
        "Keep to the primary points above all, and to the secondary ones too.",
    ),
];

/// The prompt of `draft` for `instruction`.
pub(super) fn write(draft: &Draft, instruction: &str, rng: &mut Rng) -> String {
    let (must, should, note) = MARKS[rng.random_range(0..MARKS.len())];
    let mut said = Said { draft, must, should, text: String::new() };
    let parts = draft.steps.len();
    if parts > 1 {
        said.line(&format!(
            "Answer in {parts} parts, one after the other, with a line that holds nothing but *** \
             between one part and the next. What is required of a part holds for that part alone, \
             as if it were the whole response. {note}"
        ));
    } else {
        said.line(instruction);
        said.line("");
        said.line(&format!("Requirements. {note}"));
    }
    for (at, step) in draft.steps.iter().enumerate() {
        if parts > 1 {
            let task = step.task.as_deref().unwrap_or(instruction);
            said.line("");
            said.line(&format!("Part {}: {task}", at + 1));
        }
        for &place in &step.common {
            said.point("", place);
        }
        if let Some(branch) = &step.branch {
            said.line("");
            said.line(&format!("For what follows: {}", branch.condition.given));
            said.branch(branch);
        }
    }
    said.text.truncate(said.text.trim_end().len());
    said.text
}

struct Said<'a> {
    draft: &'a Draft,
    must: &'static str,
    should: &'static str,
    text: String,
}

impl Said<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn point(&mut self, indent: &str, place: usize) {
        let ask = &self.draft.asks[place];
        let mark = match ask.priority {
            Priority::Primary => self.must,
            Priority::Secondary => self.should,
        };
        let stop = if ask.text.ends_with(char::is_alphanumeric) { "." } else { "" };
        let line = format!("{indent}- {mark} {}{stop}", ask.text);
        self.line(&line);
    }

    fn branch(&mut self, branch: &Branch) {
        let condition = &branch.condition;
        let (yes, no) = match condition.holds {
            true => (&branch.right, &branch.wrong),
            false => (&branch.wrong, &branch.right),
        };
        self.line(&format!("If {}:", condition.claim));
        self.side(yes);
        self.line("Otherwise:");
        self.side(no);
    }

    fn side(&mut self, side: &Side) {
        for place in side.own() {
            self.point("", place);
        }
        let Some(inner) = &side.inner else { return };
        let condition = &inner.condition;
        let (yes, no) = match condition.holds {
            true => (&inner.right, &inner.wrong),
            false => (&inner.wrong, &inner.right),
        };
        self.line(&format!("- {} In this case, if {}:", condition.given, condition.claim));
        for place in yes.own() {
            self.point("  ", place);
        }
        self.line("- In this case, if that is not so:");
        for place in no.own() {
            self.point("  ", place);
        }
    }
}
