//! Criteria that are put as questions, as statements that the router reads.

/// Nouns that stand for the whole response, and for no part of it.
const WHOLE: [&str; 8] = [
    "generated text",
    "generated response",
    "generated output",
    "generated answer",
    "response",
    "output",
    "answer",
    "text",
];

/// A yes-or-no question about the whole response as what the response must do or be; nothing of
/// another question, as of one about a part.
pub(super) fn statement(question: &str) -> Option<String> {
    let asked = question.trim().strip_suffix('?')?.trim_end();
    for (verb, must) in [("Does the ", "The response must "), ("Is the ", "The response must be ")]
    {
        let Some(rest) = asked.strip_prefix(verb) else { continue };
        let of = |noun: &&str| rest.strip_prefix(*noun)?.strip_prefix(' ');
        return WHOLE.iter().find_map(of).map(|rest| format!("{must}{rest}."));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_about_the_whole_become_statements() {
        for (question, said) in [
            (
                "Does the generated text contain exactly five words?",
                Some("The response must contain exactly five words."),
            ),
            (
                "Is the response shorter than 9 lines? ",
                Some("The response must be shorter than 9 lines."),
            ),
            ("Does the text's end rhyme?", None),
            ("Does the table in the generated text have 3 rows?", None),
            ("Is it in English?", None),
            ("The response is short.", None),
            ("?", None),
        ] {
            assert_eq!(statement(question).as_deref(), said, "{question}");
        }
    }
}
