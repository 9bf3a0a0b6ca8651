//! Philox4x32-10: chance as a function of where it is used, with no state to carry.
//!
//! Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011), section
//! 3.3: ten rounds on a counter of four words, with a key of two that is bumped before each later
//! round.

const MULTIPLY: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// The golden ratio and √3 − 1, as 32-bit fractions.
const BUMP: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Four words of chance for this counter under this key.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut x, mut key) = (counter, key);
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLY[0]) * u64::from(x[0]);
        let second = u64::from(MULTIPLY[1]) * u64::from(x[2]);
        let (high0, low0) = ((first >> 32) as u32, first as u32);
        let (high1, low1) = ((second >> 32) as u32, second as u32);
        x = [high1 ^ x[1] ^ key[0], low1, high0 ^ x[3] ^ key[1], low0];
        key = [key[0].wrapping_add(BUMP[0]), key[1].wrapping_add(BUMP[1])];
    }
    x
}

/// What a draw belongs to. Two draws are independent where any of the four differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// The seed of the whole run.
    pub seed: u64,
    /// The prompt; its digest, so that the order of prompts does not matter.
    pub prompt: u64,
    /// Which sample of the prompt.
    pub sample: u32,
    /// Which token of the sample, from 0.
    pub position: u32,
}

impl Place {
    /// A number in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(self) -> f64 {
        let [seed, seed_high] = halves(self.seed);
        let [prompt, prompt_high] = halves(self.prompt);
        let counter = [prompt, prompt_high, self.sample, self.position];
        let [low, high, ..] = philox4x32(counter, [seed, seed_high]);
        let bits = (u64::from(high) << 32 | u64::from(low)) >> 11;
        bits as f64 * (1.0 / (1u64 << 53) as f64)
    }
}

/// A digest of ids in their order: a chain of Philox blocks, each id the counter of the next.
pub fn digest(ids: &[u32]) -> u64 {
    let mut state = [ids.len() as u32, (ids.len() as u64 >> 32) as u32];
    for pair in ids.chunks(2) {
        let second = pair.get(1).copied().unwrap_or(u32::MAX);
        let x = philox4x32([pair[0], second, state[0], state[1]], BUMP);
        state = [x[0] ^ x[2], x[1] ^ x[3]];
    }
    u64::from(state[1]) << 32 | u64::from(state[0])
}

fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_of_random123() {
        let ones = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([ones; 4], [ones; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox4x32(counter, key), expected);
        }
    }

    #[test]
    fn uniform_is_uniform_along_each_coordinate() {
        let place = Place { seed: 7, prompt: 11, sample: 0, position: 0 };
        let moved: [fn(Place, u32) -> Place; 4] = [
            |p, i| Place { seed: u64::from(i) << 32, ..p },
            |p, i| Place { prompt: u64::from(i) << 32, ..p },
            |p, i| Place { sample: i, ..p },
            |p, i| Place { position: i, ..p },
        ];
        for along in moved {
            let mut bins = [0u32; 16];
            let draws = 16_000;
            for i in 0..draws {
                let u = along(place, i).uniform();
                assert!((0.0..1.0).contains(&u));
                bins[(u * 16.0) as usize] += 1;
            }
            let chi: f64 = bins.iter().map(|&n| (f64::from(n) - 1000.0).powi(2) / 1000.0).sum();
            assert!(chi < 44.3, "χ² of 15 degrees is {chi}: below 1 in 10,000");
        }
    }

    #[test]
    fn a_digest_tells_lists_apart() {
        let lists: [&[u32]; 7] =
            [&[], &[0], &[0, 0], &[0, u32::MAX], &[1, 2, 3], &[2, 1, 3], &[1, 2, 3, 4]];
        for (i, a) in lists.iter().enumerate() {
            assert_eq!(digest(a), digest(a));
            assert!(lists[..i].iter().all(|b| digest(a) != digest(b)));
        }
    }
}
