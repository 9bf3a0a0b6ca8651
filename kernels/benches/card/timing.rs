//! Times of work that is put into a card's stream: many calls between two waits, after a warm-up.

use std::time::Instant;

use heedful_kernels::Result;
use heedful_kernels::gpu::Board;

/// Seconds of a call, from several rounds of many calls.
pub(crate) struct Times {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// Rounds, and calls in each.
    pub(crate) rounds: usize,
    pub(crate) calls: usize,
}

/// Rounds whose median counts.
const ROUNDS: usize = 9;

/// What a round takes at least, so that the two waits weigh nothing.
const ROUND: f64 = 0.02;

/// Calls a round at most.
const CALLS: usize = 2000;

/// Times `call`, which gets the number of the call. `emulated` work is timed once.
pub(crate) fn time(
    board: &dyn Board,
    emulated: bool,
    call: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Times> {
    let mut at = 0;
    let mut round = |calls: usize| -> Result<f64> {
        board.wait()?;
        let begin = Instant::now();
        for _ in 0..calls {
            call(at)?;
            at += 1;
        }
        board.wait()?;
        Ok(begin.elapsed().as_secs_f64() / calls as f64)
    };
    // Compiles, plans and touches every set of buffers; the second round tells how many calls fit.
    let warm = if emulated { 1 } else { 8 };
    round(warm)?;
    let each = round(warm)?;
    let fit = (ROUND / each.max(1e-9)).ceil() as usize;
    let (rounds, calls) = if emulated { (1, 1) } else { (ROUNDS, fit.clamp(1, CALLS)) };
    let mut seconds = (0..rounds).map(|_| round(calls)).collect::<Result<Vec<f64>>>()?;
    seconds.sort_by(f64::total_cmp);
    let (least, most) = (seconds[0], seconds[rounds - 1]);
    Ok(Times { median: seconds[rounds / 2], least, most, rounds, calls })
}
