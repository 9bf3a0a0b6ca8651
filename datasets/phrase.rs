//! How an instruction and its constraints become one prompt.

use heedful_constraints::draw::Rng;
use rand::RngExt as _;

/// A way of setting constraints under an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Sentences that go on after the instruction.
    Inline,
    /// Sentences in a paragraph of their own.
    Paragraph,
    /// A list, each line begun by a dash, after a lead.
    Bullets(&'static str),
    /// A numbered list after a lead.
    Numbered(&'static str),
}

const LEADS: [&str; 6] = [
    "Keep to the following:",
    "Your response must meet these requirements:",
    "Please observe these points:",
    "Requirements:",
    "While doing so, follow these rules:",
    "Conditions for the answer:",
];

impl Layout {
    /// One of the layouts, for `instruction`: nothing goes on in the line of a text of many lines.
    pub fn draw(instruction: &str, rng: &mut Rng) -> Layout {
        let lead = LEADS[rng.random_range(0..LEADS.len())];
        match rng.random_range(0..4u32) {
            0 if !instruction.contains('\n') => Layout::Inline,
            0 | 1 => Layout::Paragraph,
            2 => Layout::Bullets(lead),
            _ => Layout::Numbered(lead),
        }
    }

    /// The layout that made `prompt` of these, if one did.
    pub fn of(prompt: &str, instruction: &str, constraints: &[&str]) -> Option<Layout> {
        let leads = LEADS.into_iter();
        let lists = leads.flat_map(|lead| [Layout::Bullets(lead), Layout::Numbered(lead)]);
        [Layout::Inline, Layout::Paragraph]
            .into_iter()
            .chain(lists)
            .find(|layout| layout.prompt(instruction, constraints.iter().copied()) == prompt)
    }

    /// The prompt; without constraints it is the instruction.
    pub fn prompt<'a>(
        self,
        instruction: &str,
        constraints: impl Iterator<Item = &'a str>,
    ) -> String {
        let mut constraints = constraints.peekable();
        if constraints.peek().is_none() {
            return instruction.to_owned();
        }
        let mut prompt = String::with_capacity(instruction.len() + 400);
        prompt.push_str(instruction);
        match self {
            Layout::Inline => {}
            Layout::Paragraph => prompt.push_str("\n\n"),
            Layout::Bullets(lead) | Layout::Numbered(lead) => {
                prompt.push_str("\n\n");
                prompt.push_str(lead);
            }
        }
        for (at, text) in constraints.enumerate() {
            match self {
                Layout::Paragraph if at == 0 => {}
                Layout::Inline | Layout::Paragraph => prompt.push(' '),
                Layout::Bullets(_) => prompt.push_str("\n- "),
                Layout::Numbered(_) => {
                    prompt.push('\n');
                    prompt.push_str(&(at + 1).to_string());
                    prompt.push_str(". ");
                }
            }
            prompt.push_str(text);
            if text.ends_with(|c: char| c.is_alphanumeric()) {
                prompt.push('.');
            }
        }
        prompt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_hold_the_instruction_and_every_constraint() {
        let lead = LEADS[0];
        for layout in
            [Layout::Inline, Layout::Paragraph, Layout::Bullets(lead), Layout::Numbered(lead)]
        {
            let prompt = layout.prompt("Write.", ["Be brief", "Use \"x\"."].into_iter());
            assert!(prompt.starts_with("Write."));
            assert_eq!(layout.prompt("Write.", std::iter::empty()), "Write.");
            assert!(prompt.contains("Be brief.") && prompt.ends_with("Use \"x\"."), "{prompt}");
            let found = Layout::of(&prompt, "Write.", &["Be brief", "Use \"x\"."]);
            assert_eq!(found, Some(layout));
            assert_eq!(Layout::of(&prompt, "Write.", &["Be brief"]), None);
        }
        let prompt = Layout::Numbered("L:").prompt("Write.", ["A.", "B."].into_iter());
        assert_eq!(prompt, "Write.\n\nL:\n1. A.\n2. B.");
    }
}
