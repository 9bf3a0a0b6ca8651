//! Several steps on a card before the host looks.
//!
//! Once all running samples have a token, what a step reads (tokens, places, tables, chance) is put
//! on the card once; then some steps follow each other there: the pass, sampling, and `advance`,
//! which makes the next step's lists. A step is always the same work on the same buffers for the
//! same number of rows, so the card records it. Then the host reads the log and gives every sample
//! its tokens as if they had come one by one: what a sample has sampled beyond its end (a stop
//! string, which only the host knows) is dropped, and places are filled again only after the log
//! was read.

use std::sync::atomic::{AtomicU64, Ordering};

use heedful_kernels::advance::{self, Log, NONE, Next, SEQUENCE, Sampled, Sequence, State};
use heedful_kernels::gpu::Gpu;
use heedful_kernels::{Device, Dtype, Tensor, View, copy, decode, sample};

use super::super::sequence::{Sample, longest};
use super::super::{AHEAD, Event, Options};
use super::Queue;
use crate::engine::{Engine, Step, Told};
use crate::error::{Error, Result};

/// Numbers of rows are rounded up to multiples of this, so that few of them are recorded while
/// samples end.
const ROWS: usize = 8;

/// What the steps read and write on the card; their addresses last as long as the run.
#[derive(Debug)]
pub(super) struct Ahead {
    gpu: Gpu,
    /// Tells this run's recordings from those of others, whose buffers were elsewhere.
    run: u64,
    /// Rows at most.
    most: usize,
    /// Words of a row's `seen`.
    words: usize,
    ids: Tensor,
    positions: Tensor,
    slots: Tensor,
    rows: Tensor,
    chances: Tensor,
    seen: Tensor,
    sequences: Tensor,
    ended: Tensor,
    last: Tensor,
    /// As long as the cache has blocks: no block is listed twice.
    table: Tensor,
    stops: Tensor,
    tokens: Tensor,
    logp: Tensor,
    told: Tensor,
    /// [`AHEAD`, rows].
    lines: Tensor,
    lines_logp: Tensor,
    /// The host's scratch memory for sampling, which a card has no need of.
    scratch: Tensor,
}

/// What came of some steps, for `rows` rows.
struct Outcome {
    rows: usize,
    tokens: Vec<u32>,
    logp: Vec<f32>,
    sequences: Vec<Sequence>,
}

impl Ahead {
    /// Buffers for so many samples at once, where the device is a card.
    ///
    /// # Errors
    /// No memory on the card.
    pub(super) fn new(
        dev: &Device,
        engine: &Engine,
        options: &Options,
        samples: usize,
    ) -> Result<Option<Ahead>> {
        static RUNS: AtomicU64 = AtomicU64::new(0);
        let Device::Gpu(gpu) = dev else { return Ok(None) };
        let most = samples.next_multiple_of(ROWS).min(engine.settings.slots);
        let penalised = options.sampling.repetition != 1.0;
        let words = if penalised { sample::seen_words(engine.config().vocab) } else { 0 };
        let ids = |len: usize| dev.zeros(Dtype::U32, len);
        let mut stops = ids(options.stop_tokens.len())?;
        copy::write_u32(dev, stops.view_mut(), &options.stop_tokens)?;
        Ok(Some(Ahead {
            gpu: gpu.clone(),
            run: RUNS.fetch_add(1, Ordering::Relaxed),
            most,
            words,
            ids: ids(most)?,
            positions: ids(most)?,
            slots: ids(most)?,
            rows: ids(most * decode::ROW)?,
            chances: ids(most * sample::ROW)?,
            seen: ids(most * words)?,
            sequences: ids(most * SEQUENCE)?,
            ended: ids(1)?,
            last: ids(most)?,
            table: ids(engine.cache.blocks())?,
            stops,
            tokens: ids(most)?,
            logp: dev.zeros(Dtype::F32, most)?,
            told: ids(most)?,
            lines: ids(AHEAD * most)?,
            lines_logp: dev.zeros(Dtype::F32, AHEAD * most)?,
            scratch: dev.zeros(Dtype::F32, 0)?,
        }))
    }

    /// Rows that so many samples take.
    fn padded(&self, samples: usize) -> usize {
        samples.next_multiple_of(ROWS).min(self.most)
    }

    /// Tells the card where all samples are.
    fn load(
        &mut self,
        dev: &Device,
        step: &Step,
        (chances, sequences): (&[u32], &[u32]),
        seen: &[u32],
    ) -> Result<()> {
        let lists: [(&mut Tensor, &[u32]); 10] = [
            (&mut self.ids, &step.ids),
            (&mut self.positions, &step.positions),
            (&mut self.slots, &step.slots),
            (&mut self.rows, &step.rows),
            (&mut self.last, &step.last),
            (&mut self.table, &step.table),
            (&mut self.chances, chances),
            (&mut self.sequences, sequences),
            (&mut self.seen, seen),
            (&mut self.ended, &[0]),
        ];
        for (to, list) in lists {
            copy::write_u32(dev, to.part_mut(0..list.len()), list)?;
        }
        Ok(())
    }

    /// So many steps of `rows` rows, and what came of them.
    fn go(
        &mut self,
        dev: &Device,
        engine: &mut Engine,
        rows: usize,
        steps: usize,
    ) -> Result<Outcome> {
        let (gpu, key) = (self.gpu.clone(), self.run << 32 | rows as u64);
        for _ in 0..steps {
            gpu.board().record(key, &mut || {
                self.step(dev, engine, rows).map_err(|error| match error {
                    Error::Kernel(error) => error,
                    other => heedful_kernels::Error::Device(other.to_string()),
                })
            })?;
        }
        let sequences = copy::read_u32(dev, self.sequences.part(0..rows * SEQUENCE))?;
        let sequences = sequences.as_chunks().0.iter().map(Sequence::read);
        Ok(Outcome {
            rows,
            tokens: copy::read_u32(dev, self.lines.part(0..steps * rows))?,
            logp: copy::read_f32(dev, self.lines_logp.part(0..steps * rows))?,
            sequences: sequences.collect::<heedful_kernels::Result<_>>()?,
        })
    }

    /// A pass, its tokens, and the lists of the next.
    fn step(&mut self, dev: &Device, engine: &mut Engine, rows: usize) -> Result<()> {
        let (all, seen) = (0..rows, 0..rows * self.words);
        let told = Told {
            ids: self.ids.part(all.clone()),
            positions: self.positions.part(all.clone()),
            slots: self.slots.part(all.clone()),
            rows: self.rows.part(0..rows * decode::ROW),
            table: self.table.view(),
            last: self.last.part(all.clone()),
        };
        engine.forward_told(dev, told)?;
        let vocab = engine.config().vocab;
        sample::later(
            dev,
            self.tokens.part_mut(all.clone()),
            self.logp.part_mut(all.clone()),
            self.told.part_mut(all.clone()),
            self.scratch.view_mut(),
            engine.logits().part(0..rows * vocab),
            self.seen.part(seen.clone()),
            self.chances.part(0..rows * sample::ROW),
        )?;
        let next = Next {
            ids: self.ids.part_mut(all.clone()),
            positions: self.positions.part_mut(all.clone()),
            slots: self.slots.part_mut(all.clone()),
            rows: self.rows.part_mut(0..rows * decode::ROW),
            chances: self.chances.part_mut(0..rows * sample::ROW),
            seen: self.seen.part_mut(seen),
            sequences: self.sequences.part_mut(0..rows * SEQUENCE),
            ended: self.ended.view_mut(),
        };
        let log = Log {
            tokens: self.lines.part_mut(0..AHEAD * rows),
            logp: self.lines_logp.part_mut(0..AHEAD * rows),
        };
        let sampled = Sampled {
            tokens: self.tokens.part(all.clone()),
            logp: self.logp.part(all.clone()),
            told: self.told.part(all),
        };
        advance::forward(dev, next, log, sampled, self.stops.view(), self.table.view())?;
        Ok(())
    }

    /// Why the logits of a row are no distribution. Steps after it did the same work on it, so it
    /// is still told; `at` is the row's number among the samples that were running.
    fn verdict(&self, dev: &Device, row: usize, at: usize) -> Result<()> {
        let (mut told, mut tokens) = (vec![0; at + 1], vec![0; at + 1]);
        told[at] = copy::read_u32(dev, self.told.part(row..row + 1))?[0];
        tokens[at] = copy::read_u32(dev, self.tokens.part(row..row + 1))?[0];
        Ok(sample::verdict(dev, View::U32(&told), View::U32(&tokens))?)
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // What was recorded works in buffers that go now.
        self.gpu.board().forget();
    }
}

impl Queue<'_, '_> {
    /// Moves all samples, each of which has a token, by some tokens.
    pub(super) fn run_ahead(
        &mut self,
        ahead: &mut Ahead,
        on: &mut dyn FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        let most = self.running.iter().map(|sample| self.limit(sample) - sample.tokens.len()).max();
        let steps = most.unwrap_or(0).min(AHEAD);
        let rows = self.lay_out(ahead)?;
        let outcome = ahead.go(self.dev, self.engine, rows, steps)?;
        // Of every sample that runs, its row.
        let mut live: Vec<usize> = (0..self.running.len()).collect();
        for step in 0..steps {
            if live.is_empty() {
                break;
            }
            self.refuse_wrong(ahead, &outcome, &live, step)?;
            let line = step * outcome.rows;
            let tokens: Vec<u32> = live.iter().map(|row| outcome.tokens[line + row]).collect();
            let logp: Vec<f32> = live.iter().map(|row| outcome.logp[line + row]).collect();
            let mut kept = self.push(&tokens, &logp, on)?.into_iter();
            live.retain(|_| kept.next().expect("there is one for each"));
            self.tell(on)?;
        }
        Ok(())
    }

    /// Lists the samples, with all blocks that they may ever need, and as many idle rows as round
    /// their number up.
    fn lay_out(&mut self, ahead: &mut Ahead) -> Result<usize> {
        self.gather(|sample| &sample.blocks);
        let (count, rows) = (self.running.len(), ahead.padded(self.running.len()));
        let (mut chances, mut sequences) = (Vec::new(), Vec::new());
        self.seen.clear();
        for sample in &self.running {
            let prompt = self.prompts[sample.prompt].as_ref().expect("it has a sample");
            let place = sample.place(self.options.seed, prompt);
            chances.extend(sample::Row { settings: self.options.sampling, place }.words());
            self.seen.extend_from_slice(&sample.seen);
            let sequence = Sequence {
                limit: self.limit(sample) as u32,
                room: (sample.blocks.len() * decode::BLOCK) as u32,
                length: sample.tokens.len() as u32,
                state: State::Runs,
                line: 0,
            };
            sequences.extend(sequence.words());
        }
        let idle = Sequence { limit: 0, room: 0, length: 0, state: State::Full, line: 0 };
        for _ in count..rows {
            self.step.idle();
            chances.extend_from_within(0..sample::ROW);
            sequences.extend(idle.words());
        }
        self.seen.resize(rows * ahead.words, 0);
        ahead.load(self.dev, &self.step, (&chances, &sequences), &self.seen)?;
        Ok(rows)
    }

    /// Refuses a sample whose logits were no distribution at this step, as the host would.
    fn refuse_wrong(
        &self,
        ahead: &Ahead,
        outcome: &Outcome,
        live: &[usize],
        step: usize,
    ) -> Result<()> {
        for (at, (&row, sample)) in live.iter().zip(&self.running).enumerate() {
            let Sequence { state, length, .. } = outcome.sequences[row];
            let last = length as usize == sample.tokens.len() + 1;
            if state == State::Wrong && last {
                let outcome = ahead.verdict(self.dev, row, at);
                return outcome.map_err(|error| self.named(sample, &error));
            }
            if outcome.tokens[step * outcome.rows + row] == NONE {
                let problem = Error::argument(format!("it is {state:?} on the card alone"));
                return Err(self.named(sample, &problem));
            }
        }
        Ok(())
    }

    /// Tokens that a sample may have.
    fn limit(&self, sample: &Sample) -> usize {
        let prompt = self.prompts[sample.prompt].as_ref().expect("it has a sample");
        longest(self.options, self.engine.settings.positions, prompt.ids.len())
    }
}
