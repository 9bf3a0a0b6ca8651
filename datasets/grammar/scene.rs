//! Scenes: what an instruction is about (a task and its subjects), and how it is put in words.

use heedful_constraints::draw::Rng;
use rand::RngExt as _;

use super::words::{self, NAMES, Topic};

/// A kind of instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Some things of a kind.
    List,
    /// So many things of a kind.
    Name,
    /// What something is like.
    Describe,
    /// What to do with something.
    Advise,
    /// Why people like something.
    Explain,
    /// A note to somebody about something.
    Note,
    /// Two things beside each other.
    Compare,
    /// One of two things.
    Choose,
    /// A short story.
    Story,
    /// An addition or a subtraction of small numbers.
    Sum,
}

impl Task {
    /// All tasks.
    pub const ALL: [Task; 10] = [
        Task::List,
        Task::Name,
        Task::Describe,
        Task::Advise,
        Task::Explain,
        Task::Note,
        Task::Compare,
        Task::Choose,
        Task::Story,
        Task::Sum,
    ];

    /// Its name in recipes and rows.
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 10] = [
            "list", "name", "describe", "advise", "explain", "note", "compare", "choose", "story",
            "sum",
        ];
        NAMES[self as usize]
    }

    /// Ways to say it; `{a}` and `{b}` are the subjects, the others as [`Scene::fill`] has them.
    fn texts(self) -> &'static [&'static str] {
        match self {
            Task::List => &["List some {all}.", "What are some {all}?", "Give examples of {all}."],
            Task::Name => &["Name {n} {all}.", "Give {n} examples of {all}.", "List {n} {all}."],
            Task::Describe => {
                &["Describe {a}.", "What can be said about {a}?", "Give a description of {a}."]
            }
            Task::Advise => {
                &["Give advice about {a}.", "What should people know about {a}?", "Advise on {a}."]
            }
            Task::Explain => &[
                "Explain why people like {a}.",
                "Why do people like {a}?",
                "What is good about {a}?",
            ],
            Task::Note => &[
                "Write a note to {name} about {a}.",
                "Write to {name} about {a}.",
                "Tell {name} about {a} in a note.",
            ],
            Task::Compare => {
                &["Compare {a} and {b}.", "How do {a} and {b} differ?", "Compare {a} with {b}."]
            }
            Task::Choose => {
                &["Which is better, {a} or {b}?", "Choose between {a} and {b}.", "{a} or {b}?"]
            }
            Task::Story => &[
                "Tell a short story about {a}.",
                "Write a short story about {a}.",
                "Make up a story about {a}.",
            ],
            Task::Sum => {
                &["What is {x} {op} {y}?", "Work out {x} {op} {y}.", "Solve this: {x} {op} {y}."]
            }
        }
    }
}

/// What an instruction is about.
#[derive(Clone)]
pub(super) struct Scene {
    pub task: Task,
    pub topic: &'static Topic,
    /// Indices into the topic's nouns: the subject, and what it is compared with.
    pub noun: usize,
    pub other: usize,
    /// Whether the subjects are in the plural.
    pub plural: bool,
    /// How many things to name.
    pub count: usize,
    /// Whom a note is for.
    pub name: &'static str,
    /// The numbers of a sum; what is taken away is no larger.
    pub sum: (u32, u32),
    pub minus: bool,
}

const NUMBERS: [&str; 6] = ["zero", "one", "two", "three", "four", "five"];

impl Scene {
    /// A scene for this task.
    pub(super) fn draw(task: Task, rng: &mut Rng) -> Scene {
        let topics = words::topics();
        let topic = match task {
            Task::Sum => words::sums(),
            _ => &topics[rng.random_range(0..topics.len())],
        };
        let nouns = topic.nouns.len();
        let noun = rng.random_range(0..nouns);
        let other = (noun + rng.random_range(1..nouns.max(2))) % nouns;
        let (x, y) = (rng.random_range(1..=9), rng.random_range(1..=9));
        let minus = rng.random_range(0..2u32) == 1;
        Scene {
            task,
            topic,
            noun,
            other,
            plural: task != Task::Sum && rng.random_range(0..2u32) == 1,
            count: rng.random_range(2..=5),
            name: NAMES[rng.random_range(0..NAMES.len())],
            sum: if minus && y > x { (y, x) } else { (x, y) },
            minus,
        }
    }

    /// A number for the scene's split: the same for scenes whose instructions mean the same.
    pub(super) fn key(&self) -> u64 {
        let pair = (self.noun.min(self.other) as u64, self.noun.max(self.other) as u64);
        let detail = match self.task {
            Task::List => 0,
            Task::Name => self.count as u64,
            Task::Compare | Task::Choose => pair.0 * 100 + pair.1,
            Task::Sum => u64::from(self.sum.0 * 100 + self.sum.1 * 2 + u32::from(self.minus)),
            _ => self.noun as u64,
        };
        let topic = self.topic.name.bytes().map(u64::from);
        let parts = [self.task as u64, detail].into_iter().chain(topic);
        // FNV-1a over the parts, then a mixing step, since its high bits move little.
        let hash = parts.fold(0xcbf2_9ce4_8422_2325, |hash: u64, part| {
            (hash ^ part).wrapping_mul(0x0100_0000_01b3)
        });
        (hash ^ hash >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    }

    /// The instruction; `choice` selects the wording, modulo the number of ways to say it.
    pub(super) fn instruction(&self, choice: usize) -> String {
        let texts = self.task.texts();
        let mut text = String::with_capacity(64);
        let mut rest = texts[choice % texts.len()];
        while let Some((before, hole)) = rest.split_once('{') {
            text.push_str(before);
            let (key, after) = hole.split_once('}').expect("every hole is closed: tested");
            self.fill(key, &mut text);
            rest = after;
        }
        text.push_str(rest);
        capitalise(&mut text);
        text
    }

    fn fill(&self, key: &str, text: &mut String) {
        match key {
            "a" => self.push_named(self.noun, text),
            "b" => self.push_named(self.other, text),
            "all" => text.push_str(self.topic.name),
            "n" => text.push_str(NUMBERS[self.count]),
            "name" => text.push_str(self.name),
            "x" => text.push_str(&self.sum.0.to_string()),
            "y" => text.push_str(&self.sum.1.to_string()),
            _ => text.push_str(self.operator()),
        }
    }

    /// `a cat`, `an owl`, `cats`.
    fn push_named(&self, noun: usize, text: &mut String) {
        let (one, many) = self.topic.nouns[noun];
        if self.plural {
            text.push_str(many);
        } else {
            text.push_str(if one.starts_with(['a', 'e', 'i', 'o', 'u']) { "an " } else { "a " });
            text.push_str(one);
        }
    }

    /// The word for the sum's sign.
    pub(super) fn operator(&self) -> &'static str {
        if self.minus { "minus" } else { "plus" }
    }

    /// What the sum comes to.
    pub(super) fn result(&self) -> u32 {
        if self.minus { self.sum.0 - self.sum.1 } else { self.sum.0 + self.sum.1 }
    }

    /// Whether the answer speaks of all things of the topic and not of one of them.
    pub(super) fn of_all(&self) -> bool {
        matches!(self.task, Task::List | Task::Name)
    }

    /// Whether what the answer speaks of is in the plural.
    pub(super) fn is_plural(&self) -> bool {
        self.plural || self.of_all()
    }

    /// The one word that no answer to this instruction would leave out by itself.
    pub(super) fn word(&self) -> &'static str {
        if self.of_all() {
            let name = self.topic.name;
            return name.split(' ').next().expect("a text has a first word");
        }
        self.form(self.noun)
    }

    /// A noun of the topic in the scene's number.
    pub(super) fn form(&self, noun: usize) -> &'static str {
        let (one, many) = self.topic.nouns[noun];
        if self.is_plural() { many } else { one }
    }
}

/// Makes the first letter a capital.
pub(super) fn capitalise(text: &mut str) {
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
}

#[cfg(test)]
mod tests {
    use heedful_constraints::draw::stream;

    use super::*;

    #[test]
    fn instructions_are_whole_sentences_without_holes() {
        for task in Task::ALL {
            for index in 0..200 {
                let scene = Scene::draw(task, &mut stream(7, index));
                for choice in 0..3 {
                    let text = scene.instruction(choice);
                    assert!(!text.contains(['{', '}']), "{text}");
                    assert!(text.ends_with(['.', '?']), "{text}");
                    assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
                    assert!(!text.contains("  "), "{text}");
                }
                let words = scene.instruction(0).to_lowercase();
                let paired = matches!(task, Task::Compare | Task::Choose);
                assert!(!paired || scene.noun != scene.other);
                assert!(task == Task::Sum || words.contains(scene.word()), "{words}");
                assert!(task != Task::Sum || scene.result() <= 18);
            }
        }
    }

    #[test]
    fn the_same_pair_in_either_order_has_one_key() {
        let mut scene = Scene::draw(Task::Compare, &mut stream(1, 1));
        let key = scene.key();
        std::mem::swap(&mut scene.noun, &mut scene.other);
        scene.plural = !scene.plural;
        assert_eq!(scene.key(), key);
        scene.task = Task::Choose;
        assert_ne!(scene.key(), key);
    }
}
