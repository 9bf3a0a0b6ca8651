//! Both versions against each other over many steps, and against the rules told by hand.

use super::*;
use crate::copy::{read_f32, read_u32};
use crate::decode::BLOCK;
use crate::gpu::testing::{SCHEDULES, emulated, ids, tensor};
use crate::philox::Place;
use crate::{Dtype, Tensor};

const VOCAB: usize = 70;
const WORDS: usize = VOCAB.div_ceil(32);

/// All buffers of a run, on some device.
struct Run {
    dev: Device,
    ids: Tensor,
    positions: Tensor,
    slots: Tensor,
    rows: Tensor,
    chances: Tensor,
    seen: Tensor,
    sequences: Tensor,
    ended: Tensor,
    lines: Tensor,
    logp: Tensor,
    stops: Tensor,
    table: Tensor,
}

impl Run {
    /// Sequences of limit and room, each after a prompt of ten times its number, plus three.
    fn new(dev: Device, given: &[(u32, u32)], lines: usize) -> Run {
        let count = given.len();
        let (mut rows, mut table) = (Vec::new(), Vec::new());
        for (at, (_, room)) in given.iter().enumerate() {
            let (tail, prefix_len) = (table.len() as u32, at as u32 * 10 + 3);
            rows.extend(decode::Row { prefix: 0, prefix_len, tail, tail_len: 0 }.words());
            let first = 100 * at as u32;
            table.extend((0..room.div_ceil(BLOCK as u32)).map(|block| first + 7 * block));
        }
        let place = Place { seed: 1, prompt: 2, sample: 3, position: 0 };
        let row = sample::Row { settings: sample::Settings::PLAIN, place };
        let state = State::Runs;
        let sequence = |(limit, room): &(u32, u32)| {
            Sequence { limit: *limit, room: *room, length: 0, state, line: 0 }.words()
        };
        Run {
            ids: ids(&dev, &vec![NONE; count]),
            positions: ids(&dev, &vec![NONE; count]),
            slots: ids(&dev, &vec![NONE; count]),
            rows: ids(&dev, &rows),
            chances: ids(&dev, &row.words().repeat(count)),
            seen: ids(&dev, &vec![0; WORDS * count]),
            sequences: ids(&dev, &given.iter().flat_map(sequence).collect::<Vec<_>>()),
            ended: ids(&dev, &[0]),
            lines: ids(&dev, &vec![9; lines * count]),
            logp: tensor(&dev, Dtype::F32, &vec![9.0; lines * count]),
            stops: ids(&dev, &[64, 5]),
            table: ids(&dev, &table),
            dev,
        }
    }

    fn step(&mut self, tokens: &[u32], told: &[u32]) -> Result<()> {
        let (tokens, told) = (ids(&self.dev, tokens), ids(&self.dev, told));
        let logp: Vec<f32> = (0..self.ids.len()).map(|at| -(at as f32) - 0.5).collect();
        let logp = tensor(&self.dev, Dtype::F32, &logp);
        let next = Next {
            ids: self.ids.view_mut(),
            positions: self.positions.view_mut(),
            slots: self.slots.view_mut(),
            rows: self.rows.view_mut(),
            chances: self.chances.view_mut(),
            seen: self.seen.view_mut(),
            sequences: self.sequences.view_mut(),
            ended: self.ended.view_mut(),
        };
        let log = Log { tokens: self.lines.view_mut(), logp: self.logp.view_mut() };
        let sampled = Sampled { tokens: tokens.view(), logp: logp.view(), told: told.view() };
        forward(&self.dev, next, log, sampled, self.stops.view(), self.table.view())
    }

    /// Everything that moves, as words.
    fn all(&self) -> Vec<u32> {
        let tensors = [&self.ids, &self.positions, &self.slots, &self.rows, &self.chances];
        let tensors = tensors.into_iter().chain([&self.seen, &self.sequences, &self.ended]);
        let words = |tensor: &Tensor| read_u32(&self.dev, tensor.view()).unwrap();
        let logp = read_f32(&self.dev, self.logp.view()).unwrap();
        let floats = logp.into_iter().map(f32::to_bits);
        tensors.chain([&self.lines]).flat_map(words).chain(floats).collect()
    }

    fn sequence(&self, at: usize) -> Sequence {
        let words = read_u32(&self.dev, self.sequences.view()).unwrap();
        Sequence::read(&words.as_chunks().0[at]).unwrap()
    }

    fn words(&self, tensor: &Tensor) -> Vec<u32> {
        read_u32(&self.dev, tensor.view()).unwrap()
    }
}

fn devices() -> Vec<Device> {
    let cards = SCHEDULES.into_iter().map(|schedule| emulated(schedule, Dtype::Bf16));
    [Device::cpu(1).unwrap()].into_iter().chain(cards).collect()
}

#[test]
fn host_and_card_do_the_same_for_many_steps() {
    let given: Vec<(u32, u32)> =
        (0..300).map(|at| (1 + at * 13 % 50, [0, 5, 32, 33, 64][at as usize % 5])).collect();
    let mut found: Option<Vec<u32>> = None;
    for dev in devices() {
        let mut run = Run::new(dev, &given, 35);
        for step in 0..40usize {
            let token = |at: usize| ((at * 31 + step * 17 + at * step) % VOCAB) as u32;
            let tokens: Vec<u32> = (0..given.len()).map(token).collect();
            let told: Vec<u32> =
                (0..given.len()).map(|at| u32::from(at % 90 == 89 && step == 3)).collect();
            run.step(&tokens, &told).unwrap();
        }
        let all = run.all();
        let states: Vec<State> = (0..given.len()).map(|at| run.sequence(at).state).collect();
        for state in [State::Stopped, State::Full, State::Wrong, State::Waits] {
            assert!(states.contains(&state), "none is {state:?}");
        }
        let ended = states.iter().filter(|state| **state != State::Runs).count();
        assert_eq!(run.words(&run.ended), [ended as u32]);
        assert_eq!(*found.get_or_insert_with(|| all.clone()), all);
    }
}

#[test]
fn a_sequence_goes_on_and_ends() {
    for dev in devices() {
        let mut run = Run::new(dev, &[(40, 64), (2, 32), (9, 1), (9, 9), (9, 9)], 3);
        run.step(&[8, 9, 10, 5, 11], &[0, 0, 0, 0, 2]).unwrap();
        assert_eq!(run.words(&run.ids), [8, 9, 10, NONE, NONE]);
        assert_eq!(run.words(&run.positions)[..3], [3, 13, 23]);
        assert_eq!(run.words(&run.slots)[..3], [0, 100 * 32, 200 * 32]);
        assert_eq!((run.sequence(3).state, run.sequence(4).state), (State::Stopped, State::Wrong));
        run.step(&[64, 64, 12, 1, 1], &[0, 0, 0, 0, 0]).unwrap();
        let states = [0, 1, 2].map(|at| run.sequence(at).state);
        assert_eq!(states, [State::Stopped, State::Stopped, State::Waits]);
        assert_eq!(run.words(&run.ended), [5]);
        run.step(&[1; 5], &[0; 5]).unwrap();
        let lines = [8, 9, 10, 5, 11, 64, 64, 12, NONE, NONE, NONE, NONE, NONE, NONE, NONE];
        assert_eq!(run.words(&run.lines), lines);
        let logp = read_f32(&run.dev, run.logp.view()).unwrap();
        assert_eq!(logp[5..10], [-0.5, -1.5, -2.5, 0.0, 0.0]);
        let rows = run.words(&run.rows);
        assert_eq!((rows[3], rows[7], rows[11], rows[15]), (1, 1, 1, 0));
        let chances = run.words(&run.chances);
        let positions: Vec<u32> = chances.chunks(sample::ROW).map(|words| words[11]).collect();
        assert_eq!(positions, [2, 2, 2, 1, 1]);
        assert_eq!(run.words(&run.seen)[..3], [1 << 8, 0, 1]);
        let sequence = Sequence { limit: 9, room: 1, length: 2, state: State::Waits, line: 3 };
        assert_eq!(run.sequence(2), sequence);
    }
}

#[test]
fn blocks_of_the_tail_follow_each_other() {
    for dev in devices() {
        let mut run = Run::new(dev, &[(100, 64)], 1);
        for step in 0..64 {
            run.step(&[1], &[0]).unwrap();
            let block = if step < BLOCK { 0 } else { 7 };
            assert_eq!(run.words(&run.slots), [(block * BLOCK + step % BLOCK) as u32]);
            assert_eq!(run.words(&run.positions), [3 + step as u32]);
        }
        run.step(&[1], &[0]).unwrap();
        assert_eq!(run.sequence(0).state, State::Waits);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    for dev in devices() {
        let mut run = Run::new(dev, &[(9, 9), (9, 9)], 1);
        assert!(run.step(&[1], &[0, 0]).is_err(), "a token is missing");
        run.lines = ids(&run.dev, &[0; 3]);
        assert!(run.step(&[1, 1], &[0, 0]).is_err(), "a line and a half");
    }
    let mut run = Run::new(Device::cpu(1).unwrap(), &[(9, 9)], 1);
    assert!(run.step(&[200], &[0]).is_err(), "a token beyond the ids seen");
    run.table = Tensor::from_u32(Vec::new());
    assert!(run.step(&[1], &[0]).is_err(), "a tail beyond the table");
    assert!(Sequence::read(&[1, 1, 1, 9, 1]).is_err(), "no such state");
}
