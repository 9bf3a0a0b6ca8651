//! An op with its buffers, ready to be called: to be checked, or timed.

use heedful_kernels::{Device, Result, Tensor};

use crate::side::Side;

/// What a call has to move, or to compute.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Work {
    /// Bytes that have to be read and written once.
    Bytes(usize),
    /// Operations, a product and its addition being two.
    Flops(usize),
}

/// A call; it gives what it returns to the host.
pub(crate) type Call = Box<dyn Fn(&Device, &mut [Tensor]) -> Result<Vec<f64>>>;

/// An op and its buffers.
pub(crate) struct Op {
    /// What a call moves or computes at least.
    pub(crate) work: Work,
    /// Its buffers: first those that it writes, which `written` names.
    pub(crate) held: Vec<Tensor>,
    pub(crate) written: &'static [&'static str],
    pub(crate) call: Call,
}

impl Op {
    pub(crate) fn new<const N: usize>(
        work: Work,
        written: &'static [&'static str],
        held: [Tensor; N],
        call: impl Fn(&Device, &mut [Tensor; N]) -> Result<()> + 'static,
    ) -> Op {
        Op::telling(work, written, held, move |dev, held| call(dev, held).map(|()| Vec::new()))
    }

    /// One that also returns something to the host.
    pub(crate) fn telling<const N: usize>(
        work: Work,
        written: &'static [&'static str],
        held: [Tensor; N],
        call: impl Fn(&Device, &mut [Tensor; N]) -> Result<Vec<f64>> + 'static,
    ) -> Op {
        let call: Call = Box::new(move |dev, held| {
            call(dev, held.try_into().expect("an op gets the buffers that were made for it"))
        });
        Op { work, held: held.into(), written, call }
    }

    pub(crate) fn run(&mut self, dev: &Device) -> Result<Vec<f64>> {
        (self.call)(dev, &mut self.held)
    }
}

/// How an op is made on a device.
pub(crate) type Make<D> = fn(Side, &D) -> Result<Op>;
