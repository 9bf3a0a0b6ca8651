//! Items that say nearly the same: Jaccard similarity of the runs of three words of their prompts.

use std::collections::HashMap;

use heedful_datasets::grams;

/// Words of a run.
const RUN: usize = 3;

/// The prompts that were taken, by their runs.
pub(super) struct Near {
    threshold: f64,
    /// Of each run, the prompts that have it.
    by_run: HashMap<u64, Vec<u32>>,
    /// How many different runs each prompt has.
    sizes: Vec<u32>,
}

impl Near {
    /// Nothing taken yet.
    pub(super) fn new(threshold: f64) -> Near {
        Near { threshold, by_run: HashMap::new(), sizes: Vec::new() }
    }

    /// Takes `prompt`, unless one taken before is as similar as the threshold: then its number.
    pub(super) fn take(&mut self, prompt: &str) -> Result<(), usize> {
        let runs = runs(prompt);
        let mut shared = vec![0u32; self.sizes.len()];
        for run in &runs {
            for at in self.by_run.get(run).into_iter().flatten() {
                shared[*at as usize] += 1;
            }
        }
        for (at, (shared, size)) in shared.iter().zip(&self.sizes).enumerate() {
            let union = runs.len() as f64 + f64::from(*size) - f64::from(*shared);
            if union > 0.0 && f64::from(*shared) / union >= self.threshold {
                return Err(at);
            }
        }
        // The recipe's schema bounds the number of items far below.
        let number = u32::try_from(self.sizes.len()).unwrap_or(u32::MAX);
        for run in &runs {
            self.by_run.entry(*run).or_default().push(number);
        }
        self.sizes.push(u32::try_from(runs.len()).unwrap_or(u32::MAX));
        Ok(())
    }
}

/// The different runs of a text, sorted.
fn runs(text: &str) -> Vec<u64> {
    let mut runs = grams::runs(text, RUN);
    runs.sort_unstable();
    runs.dedup();
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_and_similar_prompts_are_refused_and_others_taken() {
        let mut near = Near::new(0.6);
        let first = "Write a letter about the old bridge over the river, and be brief.";
        assert_eq!(near.take(first), Ok(()));
        assert_eq!(
            near.take("write a LETTER about the old bridge over the river and be brief"),
            Err(0)
        );
        let longer = format!("{first} Please do.");
        assert_eq!(near.take(&longer), Err(0));
        assert_eq!(near.take("Write a letter about the new school, and be polite."), Ok(()));
        assert_eq!(near.take("Write a letter about the new school and be polite!"), Err(1));
        assert_eq!(near.take("?"), Ok(()));
    }
}
