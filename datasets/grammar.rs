//! Demonstrations for the embedded model: instructions of a small grammar with constraints, and
//! answers that obey some of them.
//!
//! The language is tiny and closed: twelve topics and sums, ten tasks, clauses from a few patterns.
//! An answer starts as a *plan* (layout, words to mention, traits); the constraints to be obeyed
//! change the plan; it is put into words; the rules' own checks then say what came out, and words
//! are drawn again where that is not what was meant. So whether a constraint is obeyed is decided
//! by its check and never by the generator. Soft constraints ask for *traits*, whose truth is read
//! off the text by words that are used for nothing else.
//!
//! Demonstration `index` is a function of the recipe, the seed and `index`.

mod answer;
mod clause;
mod draw;
mod families;
mod groups;
#[cfg(test)]
mod laws;
mod plan;
mod realise;
mod recipe;
mod rows;
mod scene;
mod traits;
mod words;

pub use draw::{Asked, Demonstration, Demonstrations, Prompt, Split};
pub use recipe::{Families, MOST, Recipe, Soft, Splits};
pub use scene::Task;
pub use traits::{Trait, Traits, traits};

/// The result of what can be refused here.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a recipe is refused, or rows are not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The recipe is no TOML, or has a key that does not exist.
    #[error("recipe of demonstrations: {0}")]
    Syntax(String),
    /// A value that cannot be used.
    #[error("recipe of demonstrations, key `{key}`: {problem} (value {value})")]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Rows could not be written.
    #[error("demonstrations: {0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    fn value(key: &'static str, value: &(impl std::fmt::Debug + ?Sized), problem: &str) -> Error {
        Error::Value { key, value: format!("{value:?}"), problem: problem.to_owned() }
    }
}

/// The ids of the hard families that the grammar can ask for.
pub fn family_ids() -> impl Iterator<Item = &'static str> {
    families::ALL.iter().map(|family| family.id)
}
