//! What a model is asked: the question in plain words, and how to give the answer.

use std::fmt::Write;

use super::items::Item;
use super::layout::letter;

/// The version of the wording: figures of different versions are not compared.
pub const VERSION: u32 = 1;

/// The prompt of an item: its question, its options with their letters, and the request for a
/// final answer in a box.
pub fn text(item: &Item) -> String {
    let mut prompt = item.question.trim().to_owned();
    if item.options.is_empty() {
        prompt.push_str(
            "\n\nThink step by step. Then give your final answer, and nothing else, inside \
             \\boxed{}.",
        );
        return prompt;
    }
    prompt.push('\n');
    for (place, option) in item.options.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(prompt, "\n{}) {}", letter(place), option.trim());
    }
    prompt.push_str(
        "\n\nExactly one option is right. Think step by step. Then give the letter of the right \
         option, and nothing else, inside \\boxed{}.",
    );
    prompt
}
