//! What a training reads, in an order that depends on the seed and the epoch alone.

use crate::batch::Batch;
use crate::counter::Counter;
use crate::error::{Error, Result};
use crate::packing;

/// A sequence to learn from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Example {
    /// Tokens.
    pub ids: Vec<u32>,
    /// What the prediction of each counts: 0 for prompts.
    pub weights: Vec<f32>,
}

/// How sequences are put into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Into the first batch with room.
    FirstFit,
    /// One after the other.
    InOrder,
}

/// Where a training is in its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Passes over the data that are done.
    pub epoch: u64,
    /// Batches of the present pass that are done.
    pub batch: usize,
}

/// The examples of a training.
#[derive(Debug)]
pub struct Feed {
    examples: Vec<Example>,
    lengths: Vec<usize>,
    capacity: usize,
    packing: Packing,
    seed: u64,
    /// Where it is.
    place: Place,
    /// The batches of the present epoch.
    packs: Vec<Vec<usize>>,
}

impl Feed {
    /// Batches of up to `capacity` tokens, shuffled anew in each epoch.
    ///
    /// # Errors
    /// No example, one longer than a batch, or one in which nothing counts.
    pub fn new(
        examples: Vec<Example>,
        capacity: usize,
        packing: Packing,
        seed: u64,
    ) -> Result<Feed> {
        if examples.is_empty() {
            return Err(Error::argument("no examples to learn from"));
        }
        for (at, Example { ids, weights }) in examples.iter().enumerate() {
            let length = ids.len();
            if length > capacity {
                let problem = format!("example {at} has {length} tokens, a batch {capacity}");
                return Err(Error::argument(problem));
            }
            if weights.len() != length || !weights.iter().skip(1).any(|&weight| weight > 0.0) {
                let problem = format!("example {at}: none of its {length} tokens counts");
                return Err(Error::argument(problem));
            }
        }
        let lengths = examples.iter().map(|example| example.ids.len()).collect();
        let place = Place::default();
        let packs = Vec::new();
        let mut feed = Feed { examples, lengths, capacity, packing, seed, place, packs };
        feed.go(place)?;
        Ok(feed)
    }

    /// Where it is: what comes next is not counted yet.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Goes to a place.
    ///
    /// # Errors
    /// A place that is not in its epoch.
    pub fn go(&mut self, place: Place) -> Result<()> {
        let order = Counter::named("order").split(self.seed).split(place.epoch);
        let order = order.order(self.examples.len());
        self.packs = match self.packing {
            Packing::FirstFit => packing::first_fit(&self.lengths, &order, self.capacity),
            Packing::InOrder => packing::in_order(&self.lengths, &order, self.capacity),
        };
        if place.batch > self.packs.len() {
            let (batch, count) = (place.batch, self.packs.len());
            return Err(Error::argument(format!("batch {batch} of an epoch of {count}")));
        }
        self.place = place;
        Ok(())
    }

    /// Batches of the present epoch.
    pub fn batches(&self) -> usize {
        self.packs.len()
    }

    /// The next batch; after the last one of an epoch comes the first one of the next.
    ///
    /// # Errors
    /// None, since examples were checked.
    pub fn next_batch(&mut self) -> Result<Batch> {
        if self.place.batch == self.packs.len() {
            self.go(Place { epoch: self.place.epoch + 1, batch: 0 })?;
        }
        let batch = self.pack(&self.packs[self.place.batch])?;
        self.place.batch += 1;
        Ok(batch)
    }

    /// All batches of the present epoch.
    ///
    /// # Errors
    /// None, since examples were checked.
    pub fn epoch(&self) -> Result<Vec<Batch>> {
        self.packs.iter().map(|pack| self.pack(pack)).collect()
    }

    /// A number that tells other data or another order of it.
    pub fn digest(&self) -> u64 {
        let mut digest = Counter::named("data").split(self.seed);
        let mut take = |value: u64| digest = digest.split(value);
        take(self.capacity as u64);
        take(self.packing as u64);
        for Example { ids, weights } in &self.examples {
            take(ids.len() as u64);
            for (id, weight) in ids.iter().zip(weights) {
                take(u64::from(*id) << 32 | u64::from(weight.to_bits()));
            }
        }
        digest.bits(0)
    }

    fn pack(&self, items: &[usize]) -> Result<Batch> {
        let mut batch = Batch::new();
        for &item in items {
            let Example { ids, weights } = &self.examples[item];
            batch.push(ids, weights)?;
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Vec<Example> {
        let example = |at: u32| {
            let length = 2 + at as usize * 7 % 5;
            Example { ids: vec![at; length], weights: vec![1.0; length] }
        };
        (0..20).map(example).collect()
    }

    fn feed(seed: u64) -> Feed {
        Feed::new(examples(), 12, Packing::FirstFit, seed).unwrap()
    }

    #[test]
    fn an_epoch_holds_every_example_once_in_an_order_of_its_own() {
        let mut feed = feed(1);
        let mut orders = Vec::new();
        for epoch in 0..3 {
            let mut seen = Vec::new();
            while feed.place().epoch == epoch && feed.place().batch < feed.batches() {
                let batch = feed.next_batch().unwrap();
                assert!(batch.ids.len() <= 12);
                let starts = &batch.starts[..batch.starts.len() - 1];
                seen.extend(starts.iter().map(|&at| batch.ids[at as usize]));
            }
            orders.push(seen.clone());
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..20));
            feed.go(Place { epoch: epoch + 1, batch: 0 }).unwrap();
        }
        assert!(orders[0] != orders[1] && orders[1] != orders[2]);
    }

    #[test]
    fn a_feed_goes_on_where_another_stopped() {
        let mut first = feed(7);
        for _ in 0..11 {
            first.next_batch().unwrap();
        }
        let mut second = feed(7);
        second.go(first.place()).unwrap();
        for _ in 0..11 {
            assert_eq!(first.next_batch().unwrap(), second.next_batch().unwrap());
        }
        assert!(second.go(Place { epoch: 0, batch: 99 }).is_err());
    }

    #[test]
    fn other_data_or_order_has_another_digest() {
        assert_eq!(feed(1).digest(), feed(1).digest());
        assert_ne!(feed(1).digest(), feed(2).digest());
        let mut other = examples();
        other[3].weights[1] = 0.5;
        let other = Feed::new(other, 12, Packing::FirstFit, 1).unwrap();
        assert_ne!(feed(1).digest(), other.digest());
    }

    #[test]
    fn examples_that_teach_nothing_are_refused() {
        let new = |example: Example| Feed::new(vec![example], 4, Packing::InOrder, 0);
        assert!(new(Example { ids: vec![1; 5], weights: vec![1.0; 5] }).is_err());
        assert!(new(Example { ids: vec![1; 3], weights: vec![1.0, 0.0, 0.0] }).is_err());
        assert!(new(Example { ids: vec![1; 3], weights: vec![1.0] }).is_err());
        assert!(Feed::new(Vec::new(), 4, Packing::InOrder, 0).is_err());
    }
}
