//! Matrices that ops only read: of plain numbers, or of blocks.

use crate::blocks::{Blocks, BlocksView};
use crate::tensor::{Tensor, View};

/// A matrix, rows contiguous.
#[derive(Debug, Clone)]
pub enum Matrix {
    /// Of plain numbers.
    Plain(Tensor),
    /// Of blocks; rows hold whole ones.
    Blocks(Blocks),
}

/// A matrix, to read.
#[derive(Debug, Clone, Copy)]
pub enum MatrixView<'a> {
    /// Of plain numbers.
    Plain(View<'a>),
    /// Of blocks.
    Blocks(BlocksView<'a>),
}

impl Matrix {
    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it, to read.
    pub fn view(&self) -> MatrixView<'_> {
        match self {
            Matrix::Plain(tensor) => MatrixView::Plain(tensor.view()),
            Matrix::Blocks(blocks) => MatrixView::Blocks(blocks.view()),
        }
    }
}

impl MatrixView<'_> {
    /// How many values it shows.
    pub fn len(self) -> usize {
        match self {
            MatrixView::Plain(view) => view.len(),
            MatrixView::Blocks(blocks) => blocks.len(),
        }
    }

    /// Whether it shows none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl<'a> From<View<'a>> for MatrixView<'a> {
    fn from(view: View<'a>) -> MatrixView<'a> {
        MatrixView::Plain(view)
    }
}

impl<'a> From<BlocksView<'a>> for MatrixView<'a> {
    fn from(blocks: BlocksView<'a>) -> MatrixView<'a> {
        MatrixView::Blocks(blocks)
    }
}
