//! CPython's `random.Random`: the Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998) with
//! CPython's seeding and its ways to draw from it.

use std::sync::OnceLock;

const LENGTH: usize = 624;
const SHIFT: usize = 397;

/// A generator seeded as `random.Random(seed)`.
#[derive(Clone, Debug)]
pub struct Twister {
    state: [u32; LENGTH],
    next: usize,
    /// The second of the two normal deviates that are made at a time.
    spare: Option<f64>,
}

impl Twister {
    /// `random.Random(seed)`. Seed 0, which parity runs use, is kept ready.
    pub fn new(seed: u64) -> Self {
        static ZERO: OnceLock<Twister> = OnceLock::new();
        match seed {
            0 => ZERO.get_or_init(|| Self::seeded(0)).clone(),
            seed => Self::seeded(seed),
        }
    }

    fn seeded(seed: u64) -> Self {
        let words = [seed as u32, (seed >> 32) as u32];
        let key = if words[1] == 0 { &words[..1] } else { &words[..] };
        let mut state = [0u32; LENGTH];
        state[0] = 19_650_218;
        for at in 1..LENGTH {
            let before = state[at - 1];
            state[at] = (before ^ before >> 30).wrapping_mul(1_812_433_253).wrapping_add(at as u32);
        }
        let (mut at, mut word) = (1, 0);
        let mut step = |state: &mut [u32; LENGTH], factor: u32, add: Option<&[u32]>| {
            let before = state[at - 1];
            let mixed = state[at] ^ (before ^ before >> 30).wrapping_mul(factor);
            state[at] = match add {
                Some(key) => mixed.wrapping_add(key[word]).wrapping_add(word as u32),
                None => mixed.wrapping_sub(at as u32),
            };
            word = (word + 1) % key.len();
            at += 1;
            if at == LENGTH {
                state[0] = state[LENGTH - 1];
                at = 1;
            }
        };
        for _ in 0..LENGTH {
            step(&mut state, 1_664_525, Some(key));
        }
        for _ in 1..LENGTH {
            step(&mut state, 1_566_083_941, None);
        }
        state[0] = 0x8000_0000;
        let mut twister = Self { state, next: LENGTH, spare: None };
        twister.twist();
        twister
    }

    /// Makes the next 624 numbers.
    fn twist(&mut self) {
        for at in 0..LENGTH {
            let mixed = self.state[at] & 0x8000_0000 | self.state[(at + 1) % LENGTH] & 0x7fff_ffff;
            let odd = if mixed & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[at] = self.state[(at + SHIFT) % LENGTH] ^ mixed >> 1 ^ odd;
        }
        self.next = 0;
    }

    /// `getrandbits(32)`.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        if self.next == LENGTH {
            self.twist();
        }
        let mut number = self.state[self.next];
        self.next += 1;
        number ^= number >> 11;
        number ^= number << 7 & 0x9d2c_5680;
        number ^= number << 15 & 0xefc6_0000;
        number ^ number >> 18
    }

    /// `random()`: uniform in [0, 1), with 53 bits.
    pub fn random(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * 67_108_864.0 + low) * (1.0 / 9_007_199_254_740_992.0)
    }

    /// `gauss(0.0, 1.0)`.
    pub fn gauss(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let angle = self.random() * std::f64::consts::TAU;
        let radius = (-2.0 * (1.0 - self.random()).ln()).sqrt();
        self.spare = Some(angle.sin() * radius);
        angle.cos() * radius
    }

    /// The position that `choice` draws from a list of `length` (1 to 2³² − 1) items.
    #[inline]
    pub fn below(&mut self, length: u32) -> u32 {
        let unused = length.leading_zeros();
        loop {
            let drawn = self.next_u32() >> unused;
            if drawn < length {
                return drawn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_what_cpython_draws() {
        let mut twister = Twister::new(0);
        assert_eq!(twister.random(), 0.8444218515250481);
        assert_eq!(twister.random(), 0.7579544029403025);
        let mut twister = Twister::new(0);
        assert_eq!(twister.gauss(), 0.9417154046806644);
        assert_eq!(twister.gauss(), -1.3965781047011498);
        assert_eq!([twister.below(10), twister.below(1), twister.below(1000)], [6, 0, 265]);
        assert_eq!(Twister::new(1 << 40 | 7).random(), 0.6137037779936511);
    }

    #[test]
    fn passes_over_the_first_block() {
        let mut twister = Twister::new(12345);
        let last = (0..2000).map(|_| twister.next_u32()).last();
        assert_eq!(last, Some(3_083_619_685));
    }
}
