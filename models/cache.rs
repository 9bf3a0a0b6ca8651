//! Keys and values of all running sequences, in blocks that are lent out and come back.

use heedful_kernels::decode::{self, BLOCK};
use heedful_kernels::{Device, Dtype, Result, Tensor, qkv};

/// Keys and values of every layer, and which blocks are free.
#[derive(Debug)]
pub struct Cache {
    /// Of each layer, [blocks, kv_heads, D, BLOCK].
    pub(crate) keys: Vec<Tensor>,
    /// Of each layer, [blocks, kv_heads, BLOCK, D].
    pub(crate) values: Vec<Tensor>,
    free: Vec<u32>,
    blocks: usize,
    dtype: Dtype,
}

/// Blocks that so many tokens take.
pub fn blocks_of(tokens: usize) -> usize {
    tokens.div_ceil(BLOCK)
}

impl Cache {
    /// A cache of no blocks; see `reserve`.
    pub fn new(dtype: Dtype) -> Cache {
        Cache { keys: Vec::new(), values: Vec::new(), free: Vec::new(), blocks: 0, dtype }
    }

    /// Makes it hold `blocks` blocks at least. What it held is lost if it has to grow, so nothing
    /// may be lent out then. Memory of the host that is never written is, on most systems, never
    /// taken.
    ///
    /// # Errors
    /// No memory on the card.
    pub(crate) fn reserve(
        &mut self,
        dev: &Device,
        layers: usize,
        shape: qkv::Shape,
        blocks: usize,
    ) -> Result<()> {
        if self.keys.len() != layers || self.blocks < blocks {
            // The old buffers go first, so that both never live at once.
            (self.keys, self.values) = (Vec::new(), Vec::new());
            let len = decode::size(blocks, shape);
            let all =
                || (0..layers).map(|_| dev.zeros(self.dtype, len)).collect::<Result<Vec<_>>>();
            (self.keys, self.values) = (all()?, all()?);
            self.blocks = blocks;
        }
        // Falling, so that low blocks are lent first and again.
        self.free = (0..self.blocks as u32).rev().collect();
        Ok(())
    }

    /// How many blocks there are.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks
    }

    /// How many blocks are free.
    pub fn free(&self) -> usize {
        self.free.len()
    }

    /// Blocks for so many tokens, if that many are free.
    pub(crate) fn take(&mut self, tokens: usize) -> Option<Vec<u32>> {
        let rest = self.free.len().checked_sub(blocks_of(tokens))?;
        let mut taken = self.free.split_off(rest);
        taken.reverse();
        Some(taken)
    }

    /// Takes blocks back.
    pub(crate) fn give(&mut self, blocks: Vec<u32>) {
        self.free.extend(blocks.into_iter().rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_lent_once_and_come_back() {
        let dev = Device::cpu(1).unwrap();
        let mut cache = Cache::new(Dtype::F32);
        let shape = qkv::Shape { heads: 2, kv_heads: 1, head_dim: 4 };
        cache.reserve(&dev, 2, shape, 5).unwrap();
        assert_eq!((cache.keys.len(), cache.free()), (2, 5));
        let a = cache.take(BLOCK + 1).unwrap();
        let b = cache.take(3 * BLOCK).unwrap();
        assert_eq!((&a[..], &b[..]), (&[0, 1][..], &[2, 3, 4][..]));
        assert!(cache.take(1).is_none());
        assert_eq!(cache.take(0), Some(Vec::new()));
        cache.give(a);
        assert_eq!(cache.take(1), Some(vec![0]));
        cache.give(b);
        assert_eq!(cache.free(), 4);
    }
}
