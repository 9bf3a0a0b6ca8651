//! Outputs of several arguments, cut by rows among threads.

use std::marker::PhantomData;
use std::ops::Range;

use crate::device::Cpu;

/// Values that one block of an elementwise op takes: enough to outweigh handing it to a thread.
pub(crate) const BLOCK: usize = 16_384;

/// Rows of `width` values that make one block.
pub(crate) fn rows(width: usize) -> usize {
    (BLOCK / width.max(1)).max(1)
}

/// Something to write that can be cut by rows.
pub(crate) trait Cut: Sync {
    /// What a block of rows gets.
    type Part;

    /// Rows that it has; `None` fits any number.
    fn rows(&self) -> Option<usize>;

    /// These rows.
    ///
    /// # Safety
    /// While one part lives, no other with a row in common may be made.
    unsafe fn cut(&self, rows: Range<usize>) -> Self::Part;
}

/// A matrix of rows of `width` values.
pub(crate) struct Rows<'a, T> {
    first: *mut T,
    rows: Option<usize>,
    width: usize,
    lent: PhantomData<&'a mut [T]>,
}

// SAFETY: it is an exclusive slice that is only ever lent out in parts without a row in common
// (`Cut::cut`), so threads that share it share no value.
unsafe impl<T: Send> Sync for Rows<'_, T> {}

impl<'a, T> Rows<'a, T> {
    /// A matrix of rows of `width` values; values left over are in no row.
    pub(crate) fn new(data: &'a mut [T], width: usize) -> Rows<'a, T> {
        let rows = (width > 0).then(|| data.len() / width);
        Rows { first: data.as_mut_ptr(), rows, width, lent: PhantomData }
    }
}

impl<'a, T: Send> Cut for Rows<'a, T> {
    type Part = &'a mut [T];

    fn rows(&self) -> Option<usize> {
        self.rows
    }

    unsafe fn cut(&self, rows: Range<usize>) -> &'a mut [T] {
        let len = (rows.end - rows.start) * self.width;
        // SAFETY: `by_rows` keeps rows inside the matrix, so this is inside the slice lent to
        // `new`; by the contract of `cut` no other living part has a value of it. A matrix of
        // width 0 gives a slice of no values.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(rows.start * self.width), len) }
    }
}

impl<A: Cut, B: Cut> Cut for (A, B) {
    type Part = (A::Part, B::Part);

    fn rows(&self) -> Option<usize> {
        fewest(self.0.rows(), self.1.rows())
    }

    unsafe fn cut(&self, rows: Range<usize>) -> Self::Part {
        // SAFETY: the caller's promise holds for each.
        unsafe { (self.0.cut(rows.clone()), self.1.cut(rows)) }
    }
}

impl<A: Cut, B: Cut, C: Cut> Cut for (A, B, C) {
    type Part = (A::Part, B::Part, C::Part);

    fn rows(&self) -> Option<usize> {
        fewest(fewest(self.0.rows(), self.1.rows()), self.2.rows())
    }

    unsafe fn cut(&self, rows: Range<usize>) -> Self::Part {
        // SAFETY: the caller's promise holds for each.
        unsafe { (self.0.cut(rows.clone()), self.1.cut(rows.clone()), self.2.cut(rows)) }
    }
}

fn fewest(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Calls `work(rows, part)` with every `block` rows of `out`, on any thread and in any order.
pub(crate) fn by_rows<O: Cut>(
    cpu: &Cpu,
    block: usize,
    out: O,
    work: impl Fn(Range<usize>, O::Part) + Sync,
) {
    let rows = out.rows().unwrap_or(0);
    cpu.blocks(rows, block, |range| {
        // SAFETY: the blocks have no row in common and each is visited once.
        let part = unsafe { out.cut(range.clone()) };
        work(range, part);
    });
}

/// A matrix whose rows are cut by columns among threads: each thread writes its columns of any row.
pub(crate) struct Columns<'a> {
    first: *mut f32,
    len: usize,
    width: usize,
    lent: PhantomData<&'a mut [f32]>,
}

// SAFETY: an exclusive slice; `part` is what hands out values, under its own contract.
unsafe impl Sync for Columns<'_> {}

impl<'a> Columns<'a> {
    /// A matrix of rows of `width` values.
    pub(crate) fn new(data: &'a mut [f32], width: usize) -> Columns<'a> {
        Columns { first: data.as_mut_ptr(), len: data.len(), width, lent: PhantomData }
    }

    /// These columns of one row.
    ///
    /// # Panics
    /// Columns or a row that are not inside.
    ///
    /// # Safety
    /// While one part lives, no other with a value in common may be made.
    // Parts come from a shared matrix by design: the contract keeps them apart.
    #[expect(clippy::mut_from_ref, reason = "the contract keeps the parts apart")]
    pub(crate) unsafe fn part(&self, row: usize, columns: Range<usize>) -> &mut [f32] {
        assert!(columns.start <= columns.end && columns.end <= self.width);
        assert!(row < self.len / self.width.max(1));
        let first = row * self.width + columns.start;
        // SAFETY: inside the slice lent to `new` (asserted); the caller keeps parts disjoint.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(first), columns.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_several_matrices_go_together() {
        for threads in [1, 3] {
            let cpu = Cpu::new(threads).unwrap();
            let (mut wide, mut thin) = (vec![0; 21], vec![0.0; 7]);
            by_rows(&cpu, 2, (Rows::new(&mut wide, 3), Rows::new(&mut thin, 1)), |rows, (w, t)| {
                for (at, row) in rows.enumerate() {
                    w[at * 3..(at + 1) * 3].fill(row);
                    t[at] = row as f64;
                }
            });
            assert!(wide.iter().enumerate().all(|(i, v)| *v == i / 3));
            assert!(thin.iter().enumerate().all(|(i, v)| *v == i as f64));
        }
    }

    #[test]
    #[should_panic(expected = "columns.end <= self.width")]
    fn columns_stay_inside() {
        let mut data = [0.0; 6];
        let matrix = Columns::new(&mut data, 3);
        // SAFETY: the only part.
        unsafe { matrix.part(0, 2..4) };
    }
}
