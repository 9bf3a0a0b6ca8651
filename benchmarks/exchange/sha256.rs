//! SHA-256 (FIPS 180-4), by which lm-evaluation-harness names documents and prompts.

/// The first 32 bits of the fractional parts of the roots of the first primes: square roots of 8,
/// cube roots of 64.
fn constants() -> ([u32; 8], [u32; 64]) {
    let is_prime = |n: &u64| (2..*n).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    let mut primes = (2u64..).filter(is_prime);
    let primes: [u64; 64] = std::array::from_fn(|_| primes.next().expect("there are more primes"));
    // The integer root of n shifted by 32 bits for each factor is the root with 32 bits after
    // its point; the cast keeps these.
    let root = |n: u128, power: u32| -> u32 {
        let mut low = 0u128;
        for bit in (0..40).rev() {
            let next = low | 1 << bit;
            if next.pow(power) <= n << (32 * power) {
                low = next;
            }
        }
        low as u32
    };
    (
        std::array::from_fn(|at| root(u128::from(primes[at]), 2)),
        std::array::from_fn(|at| root(u128::from(primes[at]), 3)),
    )
}

/// The digest of `text` in hexadecimal.
pub(super) fn hex(text: &str) -> String {
    let (mut state, rounds) = constants();
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0x80);
    bytes.resize((bytes.len() + 8).next_multiple_of(64) - 8, 0);
    bytes.extend((text.len() as u64 * 8).to_be_bytes());
    for block in bytes.chunks_exact(64) {
        let mut words = [0u32; 64];
        for (word, four) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = four.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        for at in 16..64 {
            let (a, b) = (words[at - 15], words[at - 2]);
            let a = a.rotate_right(7) ^ a.rotate_right(18) ^ a >> 3;
            let b = b.rotate_right(17) ^ b.rotate_right(19) ^ b >> 10;
            words[at] = words[at - 16].wrapping_add(a).wrapping_add(words[at - 7]).wrapping_add(b);
        }
        let mut now = state;
        for (word, round) in words.iter().zip(rounds) {
            let [a, b, c, d, e, f, g, h] = now;
            let turned = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let sum = h.wrapping_add(turned).wrapping_add(choice);
            let sum = sum.wrapping_add(round).wrapping_add(*word);
            let turned = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let majority = (a & b) ^ (a & c) ^ (b & c);
            let first = sum.wrapping_add(turned).wrapping_add(majority);
            now = [first, a, b, c, d.wrapping_add(sum), e, f, g];
        }
        for (sum, word) in state.iter_mut().zip(now) {
            *sum = sum.wrapping_add(word);
        }
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        for (text, digest) in [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(hex(text), digest);
        }
        let million = "a".repeat(1_000_000);
        let digest = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(hex(&million), digest);
    }
}
