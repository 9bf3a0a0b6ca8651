//! A batch of sequences, packed one after the other without padding.

use crate::error::{Error, Result};
use crate::transformer::Transformer;
use crate::workspace::{Limits, Size};

/// Packed sequences and what is asked about them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// `[T]`
    pub ids: Vec<u32>,
    /// `[T]`, counted from 0 in each sequence, and on from its prefix.
    pub positions: Vec<u32>,
    /// `[B + 1]`: where sequences begin, then T.
    pub starts: Vec<u32>,
    /// `[B]`: first token and length of what a sequence's tokens see before their own; length 0 is
    /// nothing.
    pub prefixes: Vec<[u32; 2]>,
    /// `[N]`: tokens after which a prediction counts, ascending.
    pub rows: Vec<u32>,
    /// `[N]`: the tokens to be predicted there.
    pub targets: Vec<u32>,
    /// `[N]`: what each prediction counts.
    pub weights: Vec<f32>,
}

impl Batch {
    /// A batch without sequences.
    pub fn new() -> Batch {
        Batch { starts: vec![0], ..Batch::default() }
    }

    /// Appends a sequence: `weights[i]` is what the prediction of token `i` counts; that of the
    /// first token, which nothing predicts, is passed over.
    ///
    /// # Errors
    /// A sequence without tokens, or weights that are fewer, more, negative or not finite.
    pub fn push(&mut self, ids: &[u32], weights: &[f32]) -> Result<()> {
        self.push_behind([0, 0], ids, weights)
    }

    /// The same, as what follows `prefix`: first token and length of a sequence of the batch, which
    /// so is computed once for all that follow it.
    ///
    /// # Errors
    /// As [`Batch::push`].
    pub fn push_behind(&mut self, prefix: [u32; 2], ids: &[u32], weights: &[f32]) -> Result<()> {
        let sound = weights.iter().all(|w| w.is_finite() && *w >= 0.0);
        if ids.is_empty() || ids.len() != weights.len() || !sound {
            let (tokens, weights) = (ids.len(), weights.len());
            let problem = format!("a sequence of {tokens} tokens with {weights} weights, none < 0");
            return Err(Error::argument(problem));
        }
        let start = self.ids.len() as u32;
        for (at, (&id, &weight)) in ids.iter().zip(weights).enumerate() {
            self.ids.push(id);
            self.positions.push(prefix[1] + at as u32);
            if at > 0 && weight > 0.0 {
                self.rows.push(start + at as u32 - 1);
                self.targets.push(id);
                self.weights.push(weight);
            }
        }
        self.starts.push(self.ids.len() as u32);
        self.prefixes.push(prefix);
        Ok(())
    }

    /// The sum of the weights.
    pub fn weight(&self) -> f64 {
        self.weights.iter().map(|&w| f64::from(w)).sum()
    }

    /// Tokens, sequences and counted predictions.
    pub fn size(&self) -> Size {
        let sequences = self.starts.len().saturating_sub(1);
        let shared = self.prefixes.iter().any(|prefix| prefix[1] > 0);
        Size { tokens: self.ids.len(), sequences, rows: self.rows.len(), shared }
    }

    /// Refuses what a pass could not run on.
    ///
    /// # Errors
    /// Too many tokens or sequences, an empty sequence, lengths that differ, a token or position
    /// that the model has not.
    pub fn check(&self, model: &Transformer, limits: &Limits) -> Result<()> {
        let Size { tokens, sequences, rows, .. } = self.size();
        if tokens == 0 || tokens > limits.tokens || sequences > limits.sequences {
            let room = format!("{} and {}", limits.tokens, limits.sequences);
            let problem = format!("{tokens} tokens of {sequences} sequences, room for {room}");
            return Err(Error::argument(problem));
        }
        let ascending = |values: &[u32]| values.windows(2).all(|pair| pair[0] < pair[1]);
        let bounds = self.starts.first() == Some(&0)
            && self.starts.last() == Some(&(tokens as u32))
            && ascending(&self.starts);
        let before = |(prefix, start): (&[u32; 2], &u32)| {
            prefix[0].checked_add(prefix[1]).is_some_and(|end| end <= *start)
        };
        let even = self.prefixes.len() == sequences
            && self.prefixes.iter().zip(&self.starts).all(before)
            && self.positions.len() == tokens
            && self.targets.len() == rows
            && self.weights.len() == rows;
        let inside = self.rows.last().is_none_or(|&row| (row as usize) < tokens);
        if !bounds || !even || !inside || !ascending(&self.rows) {
            return Err(Error::argument("a batch whose parts do not fit together"));
        }
        let known = |id: &&u32| (**id as usize) >= model.config.vocab;
        if let Some(id) = self.ids.iter().chain(&self.targets).find(known) {
            let problem = format!("token {id}: the model has {}", model.config.vocab);
            return Err(Error::argument(problem));
        }
        let beyond = |at: &&u32| (**at as usize) >= model.positions;
        if let Some(at) = self.positions.iter().find(beyond) {
            let problem = format!("position {at}: the model was set up for {}", model.positions);
            return Err(Error::argument(problem));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_token_of_a_sequence_predicts_nothing_of_the_next() {
        let mut batch = Batch::new();
        batch.push(&[5, 6, 7], &[1.0, 0.0, 0.5]).unwrap();
        batch.push(&[8], &[1.0]).unwrap();
        batch.push(&[9, 10], &[1.0, 2.0]).unwrap();
        assert_eq!(batch.ids, [5, 6, 7, 8, 9, 10]);
        assert_eq!(batch.positions, [0, 1, 2, 0, 0, 1]);
        assert_eq!(batch.starts, [0, 3, 4, 6]);
        assert_eq!((&batch.rows[..], &batch.targets[..]), (&[1, 4][..], &[7, 10][..]));
        assert_eq!((batch.weight(), batch.size().rows), (2.5, 2));
    }

    #[test]
    fn a_sequence_that_cannot_be_is_refused() {
        let mut batch = Batch::new();
        assert!(batch.push(&[], &[]).is_err());
        assert!(batch.push(&[1], &[]).is_err());
        assert!(batch.push(&[1], &[f32::NAN]).is_err());
        assert!(batch.push(&[1], &[-1.0]).is_err());
        assert_eq!(batch, Batch::new());
    }
}
