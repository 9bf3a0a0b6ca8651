//! How rows are sampled: settings, and the place that chance comes from.

use crate::error::{Error, Result};
use crate::philox::Place;

/// Words that describe a row: see [`Row::words`].
pub const ROW: usize = 12;

/// How one row's token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Divides the logits; 0 takes the largest (greedy) and ignores the cuts.
    pub temperature: f32,
    /// Keeps this many of the largest, and ties with the last; 0 keeps all.
    pub top_k: u32,
    /// Keeps the most probable up to this mass; 1 keeps all.
    pub top_p: f32,
    /// Keeps what is at least this times as probable as the most probable; 0 keeps all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of ids seen before; 1 does nothing.
    pub repetition: f32,
}

/// One row: how it is sampled, and where its chance comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// How.
    pub settings: Settings,
    /// Seed, prompt, sample, position.
    pub place: Place,
}

impl Settings {
    /// The largest logit, always.
    pub const GREEDY: Settings =
        Settings { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0, repetition: 1.0 };

    /// The model's own distribution.
    pub const PLAIN: Settings = Settings { temperature: 1.0, ..Settings::GREEDY };

    /// The least tempered score that min-p leaves, where the largest is 0.
    pub(super) fn least(&self) -> f32 {
        if self.min_p > 0.0 { self.min_p.ln() } else { f32::NEG_INFINITY }
    }

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// Names the setting and its value.
    pub fn check(&self) -> Result<()> {
        let wrong = |name: &str, value: f32, want: &str| {
            Err(Error::argument("sample", format!("{name} is {value}, not {want}")))
        };
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            return wrong("temperature", self.temperature, "a finite number ≥ 0");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return wrong("top-p", self.top_p, "in (0, 1]");
        }
        if !(self.min_p >= 0.0 && self.min_p <= 1.0) {
            return wrong("min-p", self.min_p, "in [0, 1]");
        }
        if !(self.repetition > 0.0 && self.repetition.is_finite()) {
            return wrong("repetition penalty", self.repetition, "a finite number > 0");
        }
        Ok(())
    }
}

impl Row {
    /// As the words of a u32 buffer: temperature, top-k, top-p, min-p and its logarithm, repetition
    /// penalty, seed, prompt, sample, position; floats by their bits, the lower halves first.
    pub fn words(&self) -> [u32; ROW] {
        let Settings { temperature, top_k, top_p, min_p, repetition } = self.settings;
        let Place { seed, prompt, sample, position } = self.place;
        let least = self.settings.least();
        let [temperature, top_p, min_p, least, repetition] =
            [temperature, top_p, min_p, least, repetition].map(f32::to_bits);
        let halves = |value: u64| [value as u32, (value >> 32) as u32];
        let ([seed, seed_high], [prompt, prompt_high]) = (halves(seed), halves(prompt));
        let settings = [temperature, top_k, top_p, min_p, least, repetition];
        let place = [seed, seed_high, prompt, prompt_high, sample, position];
        let mut words = [0; ROW];
        words.iter_mut().zip(settings.into_iter().chain(place)).for_each(|(to, word)| *to = word);
        words
    }

    pub(super) fn read(words: &[u32; ROW]) -> Row {
        let float = |at: usize| f32::from_bits(words[at]);
        let whole = |at: usize| u64::from(words[at + 1]) << 32 | u64::from(words[at]);
        let settings = Settings {
            temperature: float(0),
            top_k: words[1],
            top_p: float(2),
            min_p: float(3),
            repetition: float(5),
        };
        let place =
            Place { seed: whole(6), prompt: whole(8), sample: words[10], position: words[11] };
        Row { settings, place }
    }
}
