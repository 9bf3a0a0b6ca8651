//! Recorded work: one launch in place of hundreds, for the steps of decoding.

use std::collections::BTreeMap;

use cudarc::driver::result::{graph, stream};
use cudarc::driver::sys;

use super::driver::{Context, Told};
use crate::error::Result;

/// What is known of each key.
#[derive(Debug, Default)]
pub(crate) struct Graphs {
    known: BTreeMap<u64, Graph>,
}

/// Where a key is on its way to a graph.
#[derive(Debug)]
pub(crate) enum Graph {
    /// Its work was done once: kernels are compiled, the scratch memory is large enough.
    Seen,
    /// It can be launched.
    Ready(Ready),
}

/// A graph that can be launched, destroyed when dropped (by the driver once it is done).
#[derive(Debug)]
pub(crate) struct Ready(sys::CUgraphExec);

// SAFETY: handles of the driver may be used from any thread, one at a time.
unsafe impl Send for Ready {}

impl Graphs {
    /// What is known of a key.
    pub(crate) fn get(&self, key: u64) -> Option<&Graph> {
        self.known.get(&key)
    }

    /// Sets what is known of a key.
    pub(crate) fn put(&mut self, key: u64, graph: Graph) {
        self.known.insert(key, graph);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
    }
}

impl Ready {
    /// Puts the graph into the stream of a context that is bound.
    ///
    /// # Errors
    /// Of the driver.
    pub(crate) fn launch(&self, context: &Context) -> Result<()> {
        // SAFETY: the graph and the stream live.
        unsafe { graph::launch(self.0, context.stream()) }.told("a recorded step")
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // SAFETY: it was made once. One that runs is freed when it is done.
        let _ = unsafe { graph::exec_destroy(self.0) };
    }
}

/// A recording that has begun; dropped without an end, as by a panic, it is thrown away.
struct Recording<'a>(Option<&'a Context>);

impl Recording<'_> {
    /// Ends it.
    fn end(mut self) -> Result<sys::CUgraph> {
        let context = self.0.take().expect("it ends once");
        // SAFETY: the stream lives and is being recorded.
        unsafe { stream::end_capture(context.stream()) }.told("the end of a recording")
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        let Some(context) = self.0 else { return };
        // SAFETY: as above.
        if let Ok(graph) = unsafe { stream::end_capture(context.stream()) } {
            destroy(graph);
        }
    }
}

/// Records what `work` puts into the stream of a context that is bound, without doing it.
///
/// # Errors
/// Of the work; what cannot be recorded.
pub(crate) fn record(context: &Context, work: &mut dyn FnMut() -> Result<()>) -> Result<Ready> {
    // Relaxed: loading a kernel meanwhile, as cuBLASLt may, is no fault.
    let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    // SAFETY: the stream lives.
    unsafe { stream::begin_capture(context.stream(), mode) }.told("a recording")?;
    let recording = Recording(Some(context));
    // An error drops the recording.
    work()?;
    let made = recording.end()?;
    // SAFETY: the graph was just made.
    let ready = unsafe { graph::instantiate(made, sys::CUgraphInstantiate_flags_enum(0)) };
    destroy(made);
    ready.map(Ready).told("a recorded step")
}

fn destroy(graph: sys::CUgraph) {
    if !graph.is_null() {
        // SAFETY: it was made once; what was made of it does not need it.
        let _ = unsafe { graph::destroy(graph) };
    }
}
