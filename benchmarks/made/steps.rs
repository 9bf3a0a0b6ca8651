//! What the later steps of a chain ask for: something made of the step before.

use heedful_constraints::draw::Rng;
use rand::RngExt as _;

/// Tasks that any text allows, each about the part before it: `{part}` is that part's number.
const TASKS: [&str; 18] = [
    "Sum up part {part} for a reader who has not seen it.",
    "Name the strongest point of part {part} and say why it is the strongest.",
    "Criticise part {part} from the standpoint of someone who disagrees with it.",
    "Ask the questions that a curious reader of part {part} would still have.",
    "Rewrite part {part} for a child of nine.",
    "Tell what part {part} leaves out, and why that matters.",
    "Turn part {part} into a short conversation between two neighbours.",
    "Write the letter that someone would send after reading part {part}.",
    "Give advice that follows from part {part} to someone who has to act on it tomorrow.",
    "Announce part {part} to the members of a club, so that they want to read it.",
    "Describe a scene in which what part {part} says turns out to be useful.",
    "Retell part {part} from the point of view of another person who has a part in it.",
    "Compare part {part} with how the same thing would have been handled a hundred years ago.",
    "Explain which details of part {part} could be left out without loss.",
    "Tell how part {part} would have to change for readers in another country.",
    "Say what part {part} takes for granted, and what follows where that does not hold.",
    "Make a plan for checking whether what part {part} says works out in practice.",
    "Write what a good friend of the author would say about part {part}.",
];

/// The tasks of `count` steps after the first, all different.
pub(super) fn draw(count: usize, rng: &mut Rng) -> Vec<String> {
    let mut left: Vec<&str> = TASKS.to_vec();
    (1..=count.min(TASKS.len()))
        .map(|part| {
            let task = left.swap_remove(rng.random_range(0..left.len()));
            task.replace("{part}", &part.to_string())
        })
        .collect()
}
