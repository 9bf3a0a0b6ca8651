//! One of n parts of an input, for schedulers that start n processes.

use std::str::FromStr;

/// Part `index` of `count`: the rows whose number, from 0, leaves `index` when divided by `count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 0.
    pub index: u64,
    /// How many parts.
    pub count: u64,
}

impl Shard {
    /// The whole input.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// Whether the row with this number, from 0, belongs to this part.
    pub fn has(self, row: u64) -> bool {
        row % self.count == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    /// `i/n` with i from 0 to n - 1.
    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/').and_then(|(index, count)| {
            Some(Shard { index: index.parse().ok()?, count: count.parse().ok()? })
        });
        match parts {
            Some(shard) if shard.index < shard.count => Ok(shard),
            _ => Err(format!("shard `{text}`: expected i/n with i from 0 to n - 1, as in 0/4")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_disjoint_and_whole() {
        for row in 0..20 {
            let owners = (0..3).filter(|&index| Shard { index, count: 3 }.has(row)).count();
            assert_eq!(owners, 1);
            assert!(Shard::WHOLE.has(row));
        }
    }

    #[test]
    fn only_parts_that_exist_are_taken() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, count: 3 }));
        for text in ["3/3", "0/0", "1", "a/b", "-1/2", "1/2/3", ""] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
