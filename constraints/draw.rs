//! Chance for sampling arguments and making texts: always handed in, never taken.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use serde_json::Value;

use crate::args::Args;
use crate::lexicon;

/// The generator behind all draws: portable and the same for a seed on every machine.
pub type Rng = rand_chacha::ChaCha8Rng;

/// A generator for the draw `index` of the stream `seed`: draws are independent of their order.
pub fn stream(seed: u64, index: u64) -> Rng {
    let mut rng = Rng::seed_from_u64(seed);
    rng.set_stream(index);
    rng
}

/// What a rule may draw on to make up arguments.
pub struct Draw<'a> {
    /// The source of chance.
    pub rng: &'a mut Rng,
    /// The instruction that the constraint will be added to.
    pub request: &'a str,
}

impl Draw<'_> {
    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.rng.random_range(low..=high)
    }

    /// True with probability one half.
    pub fn coin(&mut self) -> bool {
        self.rng.next_u32() & 1 == 1
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<'c, T: ?Sized>(&mut self, choices: &[&'c T]) -> &'c T {
        choices[self.rng.random_range(0..choices.len())]
    }

    /// A common English noun in the singular.
    pub fn noun(&mut self) -> &'static str {
        let nouns = lexicon::nouns();
        nouns[self.rng.random_range(0..nouns.len())]
    }

    /// `n` different nouns.
    pub fn nouns(&mut self, n: usize) -> Vec<&'static str> {
        let mut drawn: Vec<&'static str> = Vec::with_capacity(n);
        while drawn.len() < n {
            let noun = self.noun();
            if !drawn.contains(&noun) {
                drawn.push(noun);
            }
        }
        drawn
    }
}

/// Arguments from keys and values, in this order.
pub fn args<const N: usize>(pairs: [(&str, Value); N]) -> Args {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
