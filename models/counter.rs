//! Chance by number: values that depend on a name and an index, never on what was drawn before.
//!
//! FNV-1a of the name seeds splitmix64 (Steele, Lea and Flood 2014), read at any index.

/// A stream of 64-bit values that can be read at any index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter(u64);

impl Counter {
    /// The stream of this name.
    pub fn named(name: &str) -> Counter {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Counter(name.bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }

    /// Another stream, for this number.
    pub fn split(self, number: u64) -> Counter {
        Counter(self.bits(number))
    }

    /// 64 random bits.
    pub fn bits(self, index: u64) -> u64 {
        let steps = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = self.0.wrapping_add(steps);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1), a multiple of 2^-23.
    pub fn uniform(self, index: u64) -> f32 {
        (self.bits(index) >> 40) as f32 * (1.0 / 8_388_608.0) - 1.0
    }

    /// 0 .. `count` in random order.
    pub fn order(self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&at| (self.bits(at as u64), at));
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_is_the_published_one() {
        let counter = Counter(1_234_567);
        let first = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([counter.bits(0), counter.bits(1)], first);
    }

    #[test]
    fn uniform_fills_its_interval() {
        let counter = Counter::named("weights");
        let values: Vec<f32> = (0..4000).map(|at| counter.uniform(at)).collect();
        assert!(values.iter().all(|v| (-1.0..1.0).contains(v)));
        let mean = values.iter().sum::<f32>() / 4000.0;
        let square = values.iter().map(|v| v * v).sum::<f32>() / 4000.0;
        assert!(mean.abs() < 0.03 && (square - 1.0 / 3.0).abs() < 0.02, "{mean} {square}");
    }

    #[test]
    fn an_order_holds_each_number_once() {
        let counter = Counter::named("order");
        let order = counter.order(100);
        assert_ne!(order, counter.split(1).order(100));
        let mut sorted = order;
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }
}
