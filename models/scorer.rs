//! Scores of many sequences by a classifier that is not being trained.

use heedful_kernels::{Device, Tensor, copy};

use crate::batch::Batch;
use crate::checkpoint::Checkpoint;
use crate::config::Head;
use crate::error::{Error, Result};
use crate::transformer::Transformer;
use crate::workspace::{Keep, Limits, Workspace};
use crate::{classifier, forward, params};

/// A classifier that scores.
#[derive(Debug)]
pub struct Scorer {
    device: Device,
    model: Transformer,
    params: Tensor,
    work: Workspace,
    labels: usize,
}

impl Scorer {
    /// A checkpoint's classifier for sequences of up to `longest` tokens, `tokens` of them at once.
    ///
    /// # Errors
    /// A language model, which has no labels; a checkpoint that cannot be read.
    pub fn open(
        device: Device,
        from: &Checkpoint,
        longest: usize,
        tokens: usize,
    ) -> Result<Scorer> {
        let labels = from.labels().ok_or_else(|| {
            Error::file(from.path(), "is a language model, not a classifier".to_owned())
        })?;
        let model = Transformer::new(&device, from.config(), Head::Score(labels), longest)?;
        let params = params::load_floats(&device, from, &model.layout, 0)?;
        let limits = Limits { tokens, sequences: tokens, rows: 1, keep: Keep::Inputs };
        let work = Workspace::new(&device, &model, limits)?;
        Ok(Scorer { device, model, params, work, labels })
    }

    /// How many scores a sequence gets.
    pub fn labels(&self) -> usize {
        self.labels
    }

    /// The scores `[B, N]` of these sequences, in their order. They are batched by length; what a
    /// sequence gets does not depend on those beside it.
    ///
    /// # Errors
    /// A sequence that is empty or too long; of an op.
    pub fn score(&mut self, sequences: &[Vec<u32>]) -> Result<Vec<f32>> {
        let mut scores = vec![0.0; sequences.len() * self.labels];
        for part in batches(sequences, self.work.limits.tokens) {
            let mut batch = Batch::new();
            for &at in &part {
                batch.push(&sequences[at], &vec![0.0; sequences[at].len()])?;
            }
            self.work.load(&self.device, &self.model, &batch)?;
            forward::forward(&self.device, &self.model, &self.params, &mut self.work)?;
            let Scorer { device, model, params, work, labels } = self;
            let found = copy::read_f32(device, classifier::forward(device, model, params, work)?)?;
            for (&at, found) in part.iter().zip(found.chunks_exact(*labels)) {
                scores[at * *labels..][..*labels].copy_from_slice(found);
            }
        }
        Ok(scores)
    }
}

/// Sequences by length, as many together as have room for `tokens`.
pub fn batches(sequences: &[Vec<u32>], tokens: usize) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&at| sequences[at].len());
    let (mut all, mut held) = (Vec::<Vec<usize>>::new(), 0);
    for at in order {
        let length = sequences[at].len();
        match all.last_mut() {
            Some(batch) if held + length <= tokens => {
                batch.push(at);
                held += length;
            }
            _ => {
                all.push(vec![at]);
                held = length;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_by_length_and_hold_no_more_than_they_may() {
        let sequences: Vec<Vec<u32>> = [3, 9, 1, 4, 2].map(|length| vec![0; length]).to_vec();
        assert_eq!(batches(&sequences, 8), [vec![2, 4, 0], vec![3], vec![1]]);
        assert!(batches(&[], 8).is_empty());
    }
}
