//! Threads that take the blocks of a section of work together with the one that has it.
//!
//! A step of a model is hundreds of short sections, one after the other. So helpers that have
//! nothing to do look out for a while before they sleep, and a section never waits for a helper
//! that did not come in time: on a busy machine the caller does the work alone.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a helper looks out before it sleeps.
const AWAKE: Duration = Duration::from_micros(200);
/// Glances between two chances for others to run.
const GLANCES: u32 = 32;

/// What a helper of the section is called for: a block, by its number.
type Work<'w> = dyn Fn(usize) + Sync + 'w;

/// The present section's state in one word: helpers in it, whether more may come in, whether all
/// is over, and its number.
const INSIDE: u64 = (1 << 16) - 1;
const OPEN: u64 = 1 << 16;
const OVER: u64 = 1 << 17;
const NUMBER: u64 = 1 << 32;

/// The caller's helpers.
#[derive(Debug)]
pub(crate) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
    /// Held by the thread whose section it is.
    turn: Mutex<()>,
}

struct Shared {
    state: AtomicU64,
    /// Written only while no helper is in a section and none can come in.
    work: UnsafeCell<Option<(*const Work<'static>, usize)>>,
    next: AtomicUsize,
    /// Of each helper, whether it sleeps.
    asleep: Vec<AtomicBool>,
    failure: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `work` is what keeps this from being automatic. It points at something that is `Sync`, is
// written before a section opens and after the last helper has left it, and read in between.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("helpers", &self.asleep.len()).finish_non_exhaustive()
    }
}

impl Team {
    /// A caller's `helpers`, awake.
    ///
    /// # Errors
    /// Threads that the system does not give.
    pub(crate) fn new(helpers: usize) -> std::io::Result<Team> {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            work: UnsafeCell::new(None),
            next: AtomicUsize::new(0),
            asleep: (0..helpers).map(|_| AtomicBool::new(false)).collect(),
            failure: Mutex::new(None),
        });
        let mut team = Team { shared, helpers: Vec::new(), turn: Mutex::new(()) };
        for at in 0..helpers {
            let shared = Arc::clone(&team.shared);
            let named = thread::Builder::new().name(format!("heedful-{}", at + 1));
            team.helpers.push(named.spawn(move || shared.help(at))?);
        }
        Ok(team)
    }

    /// Calls `work` with each number below `count` once, on any thread and in any order. From
    /// inside a section, or while another thread has the team, all on this thread.
    ///
    /// # Panics
    /// With what `work` panics with, when all threads have left it.
    pub(crate) fn run(&self, count: usize, work: &Work<'_>) {
        let turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return (0..count).for_each(work),
        };
        let failure = || self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Of a section whose caller panicked as well.
        drop(failure());
        let section = Section::open(&self.shared, &self.helpers, count, work);
        self.shared.take_blocks(count, work);
        drop(section);
        let failure = failure();
        drop(turn);
        if let Some(failure) = failure {
            resume_unwind(failure);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.state.fetch_or(OVER, SeqCst);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            // A helper hands panics to the section's caller, and ends.
            let _ = helper.join();
        }
    }
}

/// A section that helpers may come into; when it goes, all have left.
struct Section<'a>(&'a Shared);

impl<'a> Section<'a> {
    fn open(
        shared: &'a Shared,
        helpers: &[JoinHandle<()>],
        count: usize,
        work: &Work<'_>,
    ) -> Section<'a> {
        // SAFETY: the pointer is followed only by helpers that are in the section, and the guard
        // that is returned waits for them, so that `work` outlives its use.
        let work = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
        // SAFETY: the last section is closed and empty, so nobody reads.
        unsafe { *shared.work.get() = Some((work, count)) };
        shared.next.store(0, Relaxed);
        let before = shared.state.load(Relaxed) & !(INSIDE | OPEN);
        // Total order with `asleep`: a helper sees the section, or is seen to sleep.
        shared.state.store(before.wrapping_add(NUMBER) | OPEN, SeqCst);
        for (helper, asleep) in helpers.iter().zip(&shared.asleep).take(count.saturating_sub(1)) {
            if asleep.load(SeqCst) {
                helper.thread().unpark();
            }
        }
        Section(shared)
    }
}

impl Drop for Section<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_and(!OPEN, AcqRel);
        let mut glances = 0;
        while self.0.state.load(Acquire) & INSIDE > 0 {
            glance(&mut glances);
        }
    }
}

impl Shared {
    /// A helper's life.
    fn help(&self, at: usize) {
        let mut last = 0;
        while let Some(state) = self.wait(at, last) {
            if self.state.compare_exchange(state, state + 1, AcqRel, Relaxed).is_err() {
                continue;
            }
            last = state / NUMBER;
            // SAFETY: this helper is in an open section, so its caller waits for it.
            let section = unsafe { &*self.work.get() };
            if let Some((work, count)) = section {
                // SAFETY: as above, what the section points at is there.
                let work = unsafe { &**work };
                let done = catch_unwind(AssertUnwindSafe(|| self.take_blocks(*count, work)));
                if let Err(failure) = done {
                    let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                    first.get_or_insert(failure);
                }
            }
            self.state.fetch_sub(1, Release);
        }
    }

    /// The state of an open section that is not number `last`; nothing, when all is over.
    fn wait(&self, at: usize, last: u64) -> Option<u64> {
        let (mut glances, began) = (0, Instant::now());
        loop {
            let state = self.state.load(SeqCst);
            if state & OVER > 0 {
                return None;
            }
            if state & OPEN > 0 && state / NUMBER != last {
                self.asleep[at].store(false, Relaxed);
                return Some(state);
            }
            if self.asleep[at].load(Relaxed) {
                thread::park();
            } else if glance(&mut glances) && began.elapsed() > AWAKE {
                // Once more around: a section may have opened before this was seen.
                self.asleep[at].store(true, SeqCst);
            }
        }
    }

    fn take_blocks(&self, count: usize, work: &Work<'_>) {
        loop {
            let at = self.next.fetch_add(1, Relaxed);
            if at >= count {
                return;
            }
            work(at);
        }
    }
}

/// Passes a moment; now and then, told by the answer, others may run.
fn glance(glances: &mut u32) -> bool {
    *glances += 1;
    let yields = (*glances).is_multiple_of(GLANCES);
    if yields {
        thread::yield_now();
    } else {
        std::hint::spin_loop();
    }
    yields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(team: &Team, count: usize) -> Vec<usize> {
        let seen: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        team.run(count, &|at| _ = seen[at].fetch_add(1, Relaxed));
        seen.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn section_after_section_visits_each_block_once() {
        for helpers in [0, 1, 3] {
            let team = Team::new(helpers).unwrap();
            for round in 0..20_000 {
                let count = 1 + round % 7;
                assert_eq!(visits(&team, count), vec![1; count], "{helpers} {round}");
            }
        }
    }

    #[test]
    fn helpers_that_slept_wake() {
        let team = Team::new(2).unwrap();
        for _ in 0..20 {
            thread::sleep(3 * AWAKE);
            // Each block waits for the others, so it takes three threads.
            let inside = AtomicUsize::new(0);
            team.run(3, &|_| {
                inside.fetch_add(1, SeqCst);
                while inside.load(SeqCst) < 3 {
                    thread::yield_now();
                }
            });
        }
    }

    #[test]
    fn a_section_inside_a_section_runs_on_its_own_thread() {
        let team = Team::new(1).unwrap();
        let total = AtomicUsize::new(0);
        team.run(8, &|_| {
            let here = thread::current().id();
            team.run(8, &|_| {
                assert_eq!(thread::current().id(), here);
                total.fetch_add(1, Relaxed);
            });
        });
        assert_eq!(total.into_inner(), 64);
    }

    #[test]
    fn callers_share_a_team() {
        let team = Team::new(1).unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..2000).for_each(|_| assert_eq!(visits(&team, 5), [1; 5])));
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_lives_on() {
        let team = Team::new(2).unwrap();
        for bad in 0..6 {
            let run = || team.run(6, &|at| assert!(at != bad, "block {at}"));
            let failure = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
            let said = failure.downcast_ref::<String>().unwrap();
            assert_eq!(*said, format!("block {bad}"));
            assert_eq!(visits(&team, 4), [1; 4]);
        }
        for _ in 0..20 {
            let all = || team.run(6, &|at| panic!("block {at}"));
            assert!(catch_unwind(AssertUnwindSafe(all)).is_err());
            assert_eq!(visits(&team, 4), [1; 4]);
        }
    }
}
