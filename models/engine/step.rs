//! What goes through the model at once: tokens of prompts, or one new token of each sequence.

use heedful_kernels::decode::{BLOCK, Row};

/// New tokens, where they stand and what they see.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// `[T]`: the tokens.
    pub(crate) ids: Vec<u32>,
    /// `[T]`: their places in their sequences.
    pub(crate) positions: Vec<u32>,
    /// `[T]`: where their keys and values are kept.
    pub(crate) slots: Vec<u32>,
    /// `[T, 4]`: what they attend to, see [`Row`].
    pub(crate) rows: Vec<u32>,
    /// Blocks that rows point at.
    pub(crate) table: Vec<u32>,
    /// Rows whose logits are wanted.
    pub(crate) last: Vec<u32>,
}

impl Step {
    /// Empties it.
    pub(crate) fn clear(&mut self) {
        let Step { ids, positions, slots, rows, table, last } = self;
        [ids, positions, slots, rows, table, last].into_iter().for_each(Vec::clear);
    }

    /// How many tokens go through.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Adds tokens of a prompt, the first of them at `start`; `blocks` are the prompt's.
    pub(crate) fn prompt(&mut self, ids: &[u32], start: usize, blocks: &[u32]) {
        let prefix = self.table.len() as u32;
        self.table.extend_from_slice(blocks);
        for (position, &id) in (start..).zip(ids) {
            self.token(id, position, place(blocks, position));
            let prefix_len = position as u32 + 1;
            self.rows.extend(Row { prefix, prefix_len, tail: 0, tail_len: 0 }.words());
        }
    }

    /// Wants the logits of the token added last.
    pub(crate) fn want(&mut self) {
        self.last.push(self.ids.len() as u32 - 1);
    }

    /// Puts the blocks of a prompt into the table, for the samples that follow.
    pub(crate) fn prefix(&mut self, blocks: &[u32]) -> u32 {
        self.table.extend_from_slice(blocks);
        (self.table.len() - blocks.len()) as u32
    }

    /// Adds the newest token of a sample, number `at` after a prompt of `prefix_len` tokens whose
    /// blocks are at `prefix`; `tail` are the sample's own, as many as it has or more. Its logits
    /// are wanted.
    pub(crate) fn sample(
        &mut self,
        id: u32,
        (prefix, prefix_len): (u32, usize),
        tail: &[u32],
        at: usize,
    ) {
        self.token(id, prefix_len + at, place(tail, at));
        let start = self.table.len() as u32;
        self.table.extend_from_slice(tail);
        let row =
            Row { prefix, prefix_len: prefix_len as u32, tail: start, tail_len: at as u32 + 1 };
        self.rows.extend(row.words());
        self.want();
    }

    /// Adds a row that does nothing, on a card: its keys are kept nowhere, and it sees one token of
    /// the first prefix.
    pub(crate) fn idle(&mut self) {
        self.token(0, 0, u32::MAX);
        self.rows.extend(Row { prefix: 0, prefix_len: 1, tail: 0, tail_len: 0 }.words());
        self.want();
    }

    fn token(&mut self, id: u32, position: usize, slot: u32) {
        self.ids.push(id);
        self.positions.push(position as u32);
        self.slots.push(slot);
    }
}

/// Where token `at` of a list of blocks is kept.
fn place(blocks: &[u32], at: usize) -> u32 {
    blocks[at / BLOCK] * BLOCK as u32 + (at % BLOCK) as u32
}
