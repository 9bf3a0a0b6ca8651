//! A factor of a product, its panels, and the tables of what an instruction set does with them.
//!
//! A panel holds `width` rows of a side for some terms of the sums, term after term, a value of
//! each row. So the tiles read both sides front to back. Where sums run along lanes (see
//! `blocked`), the terms of a lane lie together.

use std::cell::RefCell;
use std::ops::Range;

use half::bf16;

use crate::blocks::BlocksView;
use crate::isa::Isa;

use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

thread_local! {
    /// Blocks that were widened to be packed: grown to what is needed, then kept.
    static WIDE: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// One factor: rows of A, or columns of B called rows here as well. `terms` is K.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side<'a> {
    /// [rows, K].
    Along(&'a [f32]),
    /// [rows, K] of bf16.
    AlongBf16(&'a [bf16]),
    /// [rows, K] in blocks, whole ones in a row.
    Blocks(BlocksView<'a>),
    /// [K, rows].
    Across(&'a [f32]),
}

/// Which part of a side: rows, of how many there are, and terms of the sums.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// The first row, and how many there are of it: at most a panel's width.
    pub(super) row: usize,
    pub(super) rows: usize,
    /// The first term of the sums, and how many.
    pub(super) term: usize,
    pub(super) terms: usize,
    /// From one line of the matrix to the next: K along, all rows across.
    pub(super) stride: usize,
    /// Whether the sums run along lanes.
    pub(super) lanes: bool,
}

/// Where the terms of a panel lie: term `16 * t + 2 * j + h` begins at
/// `start[j] + (step * t + h) * width`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) start: [usize; 8],
    pub(super) step: usize,
}

/// Values behind each lane of a panel, into which packing may write.
const EXCESS: usize = 8;

/// Values of a panel, with the excess.
pub(super) fn panel(width: usize, terms: usize) -> usize {
    width * terms + 8 * EXCESS
}

/// How many of so many terms lie in each lane: 2j and 2j + 1 of each 16.
pub(super) fn lanes(terms: usize) -> [usize; 8] {
    std::array::from_fn(|lane| 2 * (terms / 16) + (terms % 16).saturating_sub(2 * lane).min(2))
}

/// The parts of a panel that are chains of their own: where each begins, for a width, and how many
/// terms it has.
pub(super) fn chains(along: bool, terms: usize) -> impl Iterator<Item = (Chain, usize)> {
    let counts = if along { lanes(terms) } else { [terms, 0, 0, 0, 0, 0, 0, 0] };
    let mut before = 0;
    counts.into_iter().take(if along { 8 } else { 1 }).enumerate().map(move |(lane, count)| {
        let chain = Chain { lane, before };
        before += count;
        (chain, count)
    })
}

/// A chain inside a panel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chain {
    pub(super) lane: usize,
    before: usize,
}

impl Chain {
    /// Where it begins in a panel of a width.
    pub(super) fn start(self, width: usize) -> usize {
        self.before * width + EXCESS * self.lane
    }
}

impl Part {
    /// Where its terms go in a panel of a width.
    pub(super) fn order(&self, width: usize) -> Order {
        if !self.lanes {
            return Order { start: std::array::from_fn(|pair| 2 * pair * width), step: 16 };
        }
        let mut start = [0; 8];
        for (chain, _) in chains(true, self.terms) {
            start[chain.lane] = chain.start(width);
        }
        Order { start, step: 2 }
    }
}

/// C tile (+)= panel of A · panel of B: terms, A, B, C, the stride of C, whether to add.
pub(super) type Tile = unsafe fn(usize, *const f32, *const f32, *mut f32, usize, bool);

/// Writes a panel of the width, from rows along the sums.
pub(super) type Pack<T> = unsafe fn(*const T, Part, usize, *mut f32);

/// Few rows of A against many of B, read as they lie: no panel. See `narrow`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Narrow {
    /// Rows of A that it takes at most.
    pub(super) rows: usize,
    /// Values of scratch, for rows of A and terms.
    pub(super) room: fn(usize, usize) -> usize,
    pub(super) strip: unsafe fn(&Strip),
}

/// A times some rows of B, which runs along the sums.
#[derive(Debug, Clone)]
pub(super) struct Strip<'a> {
    /// The first value of C that is written, and the stride of C.
    pub(super) c: *mut f32,
    pub(super) stride: usize,
    /// A, [rows, terms].
    pub(super) a: *const f32,
    pub(super) rows: usize,
    /// All of B, and which of its rows.
    pub(super) b: Side<'a>,
    pub(super) columns: Range<usize>,
    pub(super) terms: usize,
    /// As much as `Narrow::room` says.
    pub(super) scratch: *mut f32,
    /// Terms in a partial sum.
    pub(super) block: usize,
    pub(super) add: bool,
}

/// What an instruction set brings.
#[derive(Debug)]
pub(super) struct Kernel {
    /// The tile for 1, 2, … rows of A.
    pub(super) tiles: &'static [Tile],
    /// Columns of a tile.
    pub(super) columns: usize,
    /// Rows of A that are kept at hand, in panels.
    pub(super) block: usize,
    pub(super) pack_f32: Pack<f32>,
    pub(super) pack_bf16: Pack<bf16>,
    pub(super) narrow: Option<Narrow>,
}

/// The kernel of an instruction set.
pub(super) fn kernel(isa: Isa) -> &'static Kernel {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => &avx512::KERNEL,
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => &avx2::KERNEL,
        _ => &portable::KERNEL,
    }
}

impl Side<'_> {
    /// How many values it holds.
    pub(super) fn len(self) -> usize {
        match self {
            Side::Along(values) | Side::Across(values) => values.len(),
            Side::AlongBf16(values) => values.len(),
            Side::Blocks(blocks) => blocks.len(),
        }
    }

    /// From one line of it to the next.
    pub(super) fn stride(self, rows: usize, terms: usize) -> usize {
        match self {
            Side::Along(_) | Side::AlongBf16(_) | Side::Blocks(_) => terms,
            Side::Across(_) => rows,
        }
    }

    /// Writes a panel of `width` rows, of which those past `part.rows` hold anything.
    ///
    /// # Safety
    /// The part lies inside the side; `out` has room for the panel; the processor has the kernel's
    /// instructions.
    pub(super) unsafe fn pack(self, kernel: &Kernel, part: Part, width: usize, out: *mut f32) {
        // SAFETY: the caller's promises, handed on.
        unsafe {
            match self {
                Side::Along(side) => (kernel.pack_f32)(side.as_ptr(), part, width, out),
                Side::AlongBf16(side) => (kernel.pack_bf16)(side.as_ptr(), part, width, out),
                Side::Blocks(side) => pack_blocks(side, kernel, part, width, out),
                Side::Across(side) => pack_across(side, part, width, out),
            }
        }
    }
}

/// The part is widened first.
unsafe fn pack_blocks(side: BlocksView, kernel: &Kernel, part: Part, width: usize, out: *mut f32) {
    let Part { row, rows, term, terms, stride, .. } = part;
    WIDE.with_borrow_mut(|wide| {
        wide.resize(wide.len().max(rows * terms), 0.0);
        for (at, values) in wide[..rows * terms].chunks_exact_mut(terms).enumerate() {
            side.widen((row + at) * stride + term, values);
        }
        let part = Part { row: 0, term: 0, stride: terms, ..part };
        // SAFETY: the caller's promises; the part is what was widened.
        unsafe { (kernel.pack_f32)(wide.as_ptr(), part, width, out) }
    });
}

/// Eights of a line are copied whole where the matrix has them: the excess is overwritten by the
/// next line, or falls into the room behind.
unsafe fn pack_across(side: &[f32], part: Part, width: usize, out: *mut f32) {
    let Part { row, rows, term, terms, stride, .. } = part;
    let eights = width.div_ceil(8);
    let lines = &side[term * stride..(term + terms) * stride];
    // SAFETY: the rows, and the eights where they are whole, are inside each line; line p is
    // written from p * width, at most 8 values beyond the next one's start: `out` has that room.
    unsafe {
        let from = lines.as_ptr().add(row);
        match eights {
            1 if row + 8 <= stride => eights_of::<1>(from, stride, terms, width, out),
            2 if row + 16 <= stride => eights_of::<2>(from, stride, terms, width, out),
            4 if row + 32 <= stride => eights_of::<4>(from, stride, terms, width, out),
            _ => {
                for p in 0..terms {
                    let to = out.add(p * width);
                    to.copy_from_nonoverlapping(from.add(p * stride), rows);
                }
            }
        }
    }
}

/// `E` eights of each line.
unsafe fn eights_of<const E: usize>(
    from: *const f32,
    stride: usize,
    lines: usize,
    width: usize,
    out: *mut f32,
) {
    for p in 0..lines {
        for e in 0..E {
            // SAFETY: the caller has seen that both sides have these 8 values.
            unsafe {
                let to = out.add(p * width + 8 * e);
                to.copy_from_nonoverlapping(from.add(p * stride + 8 * e), 8);
            }
        }
    }
}
