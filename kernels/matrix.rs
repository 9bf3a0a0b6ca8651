//! Matrices that ops only read: of plain numbers, or of blocks.

use crate::blocks::BlocksView;
use crate::tensor::View;

/// A matrix, to read; rows contiguous.
#[derive(Debug, Clone, Copy)]
pub enum MatrixView<'a> {
    /// Of plain numbers.
    Plain(View<'a>),
    /// Of blocks; rows hold whole ones.
    Blocks(BlocksView<'a>),
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
