//! The loops around the tiles: blocks of C for the threads, panels for the caches.
//!
//! What a value of C is depends on its row of A, its column of B and K alone. K is cut into blocks
//! by K; a block's sum is a chain of multiply-adds over its terms, in order (`nn`, `tn`), or where
//! both sides lie along the sums (`nt`) eight such chains, one for each lane of a vector: lane j
//! has the terms 2j and 2j + 1 of each 16. Chains and blocks are added up in order. So the bits
//! depend neither on M, N, the other rows, the blocks of C or the threads, nor on which kernel is
//! taken, and weights of bf16 or in blocks give what their values in f32 give.

use std::cell::RefCell;
use std::ops::Range;

use crate::blocks;
use crate::device::Cpu;

use super::side::{Kernel, Part, Side, Strip, chains, panel};
use super::{Shape, Write};

/// Terms in a block: the panel of B that a tile reads stays in the first cache.
const TERMS: usize = 288;
/// The same where there are eight chains.
const LANE_TERMS: usize = 8 * TERMS;
/// Up to here A is packed once for all of K, and B in small slabs.
const FEW_ROWS: usize = 64;
const FEW_VALUES: usize = 1 << 17;
/// Rows and columns of a block of C, one thread's work.
const BLOCK: usize = 512;
/// Blocks that a large product is cut into at least, and what is too small to be cut.
const BLOCKS: usize = 8;
const WHOLE: usize = 1 << 18;

/// A cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([f32; 16]);

thread_local! {
    /// Panels of A and of B: grown to what is needed, then kept.
    static SCRATCH: RefCell<[Vec<Line>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// One product, as all its blocks see it.
pub(super) struct Product<'a> {
    pub(super) kernel: &'static Kernel,
    pub(super) a: Side<'a>,
    pub(super) b: Side<'a>,
    pub(super) shape: Shape,
    pub(super) write: Write,
}

/// C, of which each block writes its own part.
struct Output(*mut f32);

// SAFETY: blocks of C do not overlap, and each is written by one thread.
unsafe impl Sync for Output {}

/// How many, cut into pieces of at most `most`, as even as multiples of `unit` can be.
fn even(count: usize, most: usize, unit: usize) -> usize {
    count.div_ceil(count.div_ceil(most).max(1)).next_multiple_of(unit)
}

/// Rows and columns of a block of C. Columns go in steps of 32, which all tiles divide.
fn pieces(shape: Shape, kernel: &Kernel) -> (usize, usize) {
    let Shape { m, n, k } = shape;
    if m.saturating_mul(n).saturating_mul(k) <= WHOLE {
        return (m, n);
    }
    if m <= FEW_ROWS {
        let pieces = n.saturating_mul(k).div_ceil(WHOLE).min(BLOCKS);
        return (m, even(n, n.div_ceil(pieces), 32));
    }
    let rows = even(m, BLOCK, kernel.tiles.len());
    let wanted = BLOCKS.div_ceil(m.div_ceil(rows));
    (rows, even(n, n.div_ceil(wanted).clamp(128, BLOCK), 32))
}

/// C = product or C += product. M, N and K are at least 1.
pub(super) fn run(cpu: &Cpu, c: &mut [f32], product: &Product) {
    let Shape { m, n, .. } = product.shape;
    let (rows, columns) = pieces(product.shape, product.kernel);
    let across = n.div_ceil(columns);
    let output = Output(c.as_mut_ptr());
    cpu.blocks(m.div_ceil(rows) * across, 1, |range| {
        let output = &output;
        for at in range {
            let (i, j) = (at / across * rows, at % across * columns);
            product.block(output, i..m.min(i + rows), j..n.min(j + columns));
        }
    });
}

impl Product<'_> {
    fn block(&self, c: &Output, rows: Range<usize>, columns: Range<usize>) {
        let Shape { n, k, .. } = self.shape;
        // SAFETY: the block is inside C.
        let to = unsafe { c.0.add(rows.start * n + columns.start) };
        SCRATCH.with_borrow_mut(|[a, b]| {
            let narrow = self.kernel.narrow.as_ref().filter(|narrow| rows.len() <= narrow.rows);
            match (narrow, self.a) {
                (Some(narrow), Side::Along(left)) if self.lanes() => {
                    let scratch = room(a, (narrow.room)(rows.len(), k));
                    let strip = self.strip(to, left, scratch, rows, columns);
                    // SAFETY: the strip lies in A, B and C, and the kernel is for this processor.
                    unsafe { (narrow.strip)(&strip) }
                }
                _ if rows.len() <= FEW_ROWS && rows.len() * k <= FEW_VALUES => {
                    self.few_rows(to, a, b, rows, columns);
                }
                _ => self.many_rows(to, a, b, rows, columns),
            }
        });
    }

    fn strip(
        &self,
        c: *mut f32,
        a: &[f32],
        scratch: *mut f32,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Strip<'_> {
        let Shape { n: stride, k: terms, .. } = self.shape;
        let (block, add) = (self.block_terms(), self.write == Write::Add);
        let a = a[rows.start * terms..rows.end * terms].as_ptr();
        Strip { c, stride, a, rows: rows.len(), b: self.b, columns, terms, scratch, block, add }
    }

    /// Whether sums run along lanes.
    fn lanes(&self) -> bool {
        matches!(self.a, Side::Along(_)) && !matches!(self.b, Side::Across(_))
    }

    /// Terms in a block of the sums; no block of weights is cut.
    fn block_terms(&self) -> usize {
        let (most, unit) = if self.lanes() { (LANE_TERMS, blocks::BLOCK) } else { (TERMS, 16) };
        even(self.shape.k, most, unit)
    }

    /// Values of all panels of A for so many rows.
    fn panels(&self, rows: usize, terms: usize) -> usize {
        let high = self.height(rows);
        rows.div_ceil(high) * panel(high, terms)
    }

    /// A is packed once; B goes through panels that stay in the first caches.
    fn few_rows(
        &self,
        c: *mut f32,
        a: &mut Vec<Line>,
        b: &mut Vec<Line>,
        rows: Range<usize>,
        columns: Range<usize>,
    ) {
        let (k, step) = (self.shape.k, self.block_terms());
        let slab = self.kernel.columns;
        let block = self.panels(rows.len(), step);
        let a = room(a, k.div_ceil(step) * block);
        let b = room(b, panel(slab, step));
        for from in (0..k).step_by(step) {
            let terms = from..k.min(from + step);
            self.pack_a(rows.clone(), terms, a.wrapping_add(from / step * block));
        }
        for column in columns.clone().step_by(slab) {
            let slab = column..columns.end.min(column + slab);
            // SAFETY: the slab begins inside the block.
            let c = unsafe { c.add(column - columns.start) };
            for from in (0..k).step_by(step) {
                let terms = from..k.min(from + step);
                self.pack_b(slab.clone(), terms.clone(), b);
                let a = a.wrapping_add(from / step * block);
                self.tiles(c, a, b, (rows.len(), slab.len()), terms);
            }
        }
    }

    /// B is packed for one block of the sums, and A in blocks that stay in the second cache.
    fn many_rows(
        &self,
        c: *mut f32,
        a: &mut Vec<Line>,
        b: &mut Vec<Line>,
        rows: Range<usize>,
        columns: Range<usize>,
    ) {
        let Shape { n, k, .. } = self.shape;
        let step = self.block_terms();
        let most = self.kernel.block;
        let a = room(a, self.panels(most.min(rows.len()), step));
        let wide = self.kernel.columns;
        let b = room(b, columns.len().div_ceil(wide) * panel(wide, step));
        for from in (0..k).step_by(step) {
            let terms = from..k.min(from + step);
            self.pack_b(columns.clone(), terms.clone(), b);
            for row in rows.clone().step_by(most) {
                let here = row..rows.end.min(row + most);
                self.pack_a(here.clone(), terms.clone(), a);
                // SAFETY: these rows are inside the block.
                let c = unsafe { c.add((row - rows.start) * n) };
                self.tiles(c, a, b, (here.len(), columns.len()), terms.clone());
            }
        }
    }

    /// Rows of a panel of A, of so many in all: even, since low tiles are slow.
    fn height(&self, rows: usize) -> usize {
        even(rows, self.kernel.tiles.len(), 1)
    }

    /// Panels of even height, the last one as high as its rows.
    fn pack_a(&self, rows: Range<usize>, terms: Range<usize>, out: *mut f32) {
        let high = self.height(rows.len());
        let stride = self.a.stride(self.shape.m, self.shape.k);
        for row in rows.clone().step_by(high) {
            let count = high.min(rows.end - row);
            let (term, lanes) = (terms.start, self.lanes());
            let part = Part { row, rows: count, term, terms: terms.len(), stride, lanes };
            // SAFETY: the part is inside A; the caller has made room for all panels.
            unsafe {
                let out = out.add((row - rows.start) / high * panel(high, terms.len()));
                self.a.pack(self.kernel, part, count, out);
            }
        }
    }

    /// Panels as wide as a tile.
    fn pack_b(&self, columns: Range<usize>, terms: Range<usize>, out: *mut f32) {
        let wide = self.kernel.columns;
        let stride = self.b.stride(self.shape.n, self.shape.k);
        for row in columns.clone().step_by(wide) {
            let rows = wide.min(columns.end - row);
            let (term, lanes) = (terms.start, self.lanes());
            let part = Part { row, rows, term, terms: terms.len(), stride, lanes };
            // SAFETY: the part is inside B; the caller has made room for all panels.
            unsafe {
                let out = out.add((row - columns.start) / wide * panel(wide, terms.len()));
                self.b.pack(self.kernel, part, wide, out);
            }
        }
    }

    /// All tiles of packed rows and columns, chain after chain.
    fn tiles(
        &self,
        c: *mut f32,
        a: *const f32,
        b: *const f32,
        (rows, columns): (usize, usize),
        terms: Range<usize>,
    ) {
        let (wide, high) = (self.kernel.columns, self.height(rows));
        let (a_panel, b_panel) = (panel(high, terms.len()), panel(wide, terms.len()));
        for (chain, count) in chains(self.lanes(), terms.len()) {
            let add = self.write == Write::Add || terms.start > 0 || chain.lane > 0;
            for column in (0..columns).step_by(wide) {
                for row in (0..rows).step_by(high) {
                    let size = (high.min(rows - row), wide.min(columns - column));
                    // SAFETY: the panels are packed for these rows, columns and terms; C has
                    // these rows and columns.
                    unsafe {
                        let a = a.add(row / high * a_panel + chain.start(size.0));
                        let b = b.add(column / wide * b_panel + chain.start(wide));
                        self.tile(c.add(row * self.shape.n + column), a, b, size, count, add);
                    }
                }
            }
        }
    }

    /// One tile; beside C, where C cuts it off.
    unsafe fn tile(
        &self,
        c: *mut f32,
        a: *const f32,
        b: *const f32,
        (rows, columns): (usize, usize),
        terms: usize,
        add: bool,
    ) {
        let (wide, stride) = (self.kernel.columns, self.shape.n);
        let tile = self.kernel.tiles[rows - 1];
        // SAFETY: the caller's promises; `beside` holds the largest tile there is.
        unsafe {
            if columns == wide {
                return tile(terms, a, b, c, stride, add);
            }
            let mut beside = [Line([0.0; 16]); 28];
            debug_assert!(rows * wide <= 16 * beside.len());
            let beside = beside.as_mut_ptr().cast::<f32>();
            tile(terms, a, b, beside, wide, false);
            for r in 0..rows {
                for j in 0..columns {
                    let (c, sum) = (c.add(r * stride + j), *beside.add(r * wide + j));
                    *c = if add { *c + sum } else { sum };
                }
            }
        }
    }
}

/// Room for so many values, and for what packing writes beyond them.
fn room(lines: &mut Vec<Line>, values: usize) -> *mut f32 {
    let wanted = (values + 8).div_ceil(16);
    if lines.len() < wanted {
        lines.resize(wanted, Line([0.0; 16]));
    }
    lines.as_mut_ptr().cast()
}
