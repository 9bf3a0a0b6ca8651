//! What a step is told - ids, places, tables - where the device can read it: on the host as it is,
//! on a card in one buffer that is written once a step.

use heedful_kernels::{Device, Dtype, Tensor, View, copy};

use super::Step;
use crate::error::Result;

/// The buffer on a card; nothing on the host.
#[derive(Debug, Default)]
pub(super) struct Staged {
    buffer: Option<Tensor>,
    all: Vec<u32>,
}

/// The lists of a [`Step`] under their names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) ids: View<'a>,
    pub(crate) positions: View<'a>,
    pub(crate) slots: View<'a>,
    pub(crate) rows: View<'a>,
    pub(crate) table: View<'a>,
    pub(crate) last: View<'a>,
}

impl Staged {
    /// The step's lists on the device.
    ///
    /// # Errors
    /// No memory on the card; of the driver.
    pub(super) fn tell<'a>(&'a mut self, dev: &Device, step: &'a Step) -> Result<Told<'a>> {
        let Step { ids, positions, slots, rows, table, last } = step;
        let lists = [ids, positions, slots, rows, table, last];
        if let Device::Cpu(_) = dev {
            let [ids, positions, slots, rows, table, last] = lists.map(|list| View::U32(list));
            return Ok(Told { ids, positions, slots, rows, table, last });
        }
        // Each list begins on sixteen bytes.
        self.all.clear();
        let starts = lists.map(|list| {
            let start = self.all.len();
            self.all.extend_from_slice(list);
            self.all.resize(self.all.len().next_multiple_of(4), 0);
            start
        });
        let len = self.all.len();
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() < len) {
            // The old one goes first; twice the room, so that growing ends soon.
            self.buffer = None;
            self.buffer = Some(dev.zeros(Dtype::U32, 2 * len)?);
        }
        let buffer = self.buffer.as_mut().expect("it was made above");
        copy::write_u32(dev, buffer.part_mut(0..len), &self.all)?;
        let mut views =
            starts.iter().zip(lists).map(|(&at, list)| buffer.part(at..at + list.len()));
        let mut next = || views.next().expect("there are six lists");
        let (ids, positions, slots) = (next(), next(), next());
        let (rows, table, last) = (next(), next(), next());
        Ok(Told { ids, positions, slots, rows, table, last })
    }
}
