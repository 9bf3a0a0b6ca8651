//! Compiled constraints, kept while they are in use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use heedful_benchmarks::asked::Asked;
use heedful_constraints::{Constraint, Error, Profile};

/// What compiling gave.
pub(super) type Compiled = Arc<Result<Constraint, Error>>;

/// The number of entries of one generation.
const GENERATION: usize = 4096;

/// A cache in two generations: when the young one is full it becomes the old one, and what the old
/// one held is forgotten. So memory is bounded, and what is asked for often stays.
pub(super) struct Cache {
    profile: Profile,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<String, Compiled>,
    old: HashMap<String, Compiled>,
}

impl Cache {
    pub(super) fn new(profile: Profile) -> Cache {
        Cache { profile, generations: Mutex::default() }
    }

    /// The constraint that `asked` spells, compiled now if it is not at hand.
    pub(super) fn get(&self, asked: &Asked) -> Compiled {
        let mut key = asked.id.clone();
        key.push('\0');
        key.push_str(&serde_json::to_string(&asked.args).expect("a JSON object prints"));
        if let Some(known) = self.lock().find(&key) {
            return known;
        }
        // Compiled outside the lock: two threads may do the same work, with the same outcome.
        let made = Arc::new(Constraint::compile(&asked.id, asked.args.clone(), self.profile));
        self.lock().keep(key, Arc::clone(&made));
        made
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn find(&mut self, key: &str) -> Option<Compiled> {
        if let Some(known) = self.young.get(key) {
            return Some(Arc::clone(known));
        }
        let (key, known) = self.old.remove_entry(key)?;
        self.keep(key, Arc::clone(&known));
        Some(known)
    }

    fn keep(&mut self, key: String, made: Compiled) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(id: &str, n: usize) -> Asked {
        let args = json!({"n": n}).as_object().cloned().unwrap();
        Asked { id: id.to_owned(), args }
    }

    #[test]
    fn the_same_constraint_is_compiled_once_and_memory_is_bounded() {
        let cache = Cache::new(Profile::Official);
        let first = cache.get(&asked("no:rule", 0));
        assert!(first.is_err());
        assert!(Arc::ptr_eq(&first, &cache.get(&asked("no:rule", 0))));
        for n in 1..3 * GENERATION {
            cache.get(&asked("no:rule", n));
            if n % 1000 == 0 {
                cache.get(&asked("no:rule", 0));
            }
        }
        assert!(Arc::ptr_eq(&first, &cache.get(&asked("no:rule", 0))));
        let held = cache.lock();
        assert!(held.young.len() + held.old.len() <= 2 * GENERATION);
    }
}
