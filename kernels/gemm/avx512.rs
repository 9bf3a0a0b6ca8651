//! AVX-512: tiles of 14 x 32. Panels and narrow products are AVX2's: memory bounds them, and
//! shuffles of 512 bits have one port.

use std::arch::x86_64::*;

use super::avx2;
use super::side::{Kernel, Tile};
use super::tile::tile;

const TILES: [Tile; 14] = [
    tile::<1>, tile::<2>, tile::<3>, tile::<4>, tile::<5>, tile::<6>, tile::<7>, tile::<8>,
    tile::<9>, tile::<10>, tile::<11>, tile::<12>, tile::<13>, tile::<14>,
];

/// For processors with AVX-512F.
pub(super) static KERNEL: Kernel = Kernel {
    tiles: &TILES,
    columns: 32,
    block: 448,
    pack_f32: avx2::KERNEL.pack_f32,
    pack_bf16: avx2::KERNEL.pack_bf16,
    narrow: Some(avx2::NARROW),
};

tile!(
    "avx512f",
    16,
    _mm512_setzero_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_add_ps
);
