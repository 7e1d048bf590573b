//! Stops what the engine is doing, from another thread.
//!
//! A cell is asked first: what can stop at a place of its own keeps its state (a simulation between two events, a cell that
//! waits or asks). One that does not listen is killed a moment later, and a copy from before the cell takes its place.
//! Programs, such as the compiler, are killed at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::keeper::Orders;

/// How long a cell may take to stop by itself: whoever pressed the key should not wait.
const GRACE: Duration = Duration::from_millis(60);

/// Why something is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody wants it.
    Asked,
    /// It has taken as long as it may.
    TimeIsUp,
    /// It has started more processes than it may.
    TooManyProcesses,
}

/// Whether the cell at hand is to be stopped, and which process to end for that.
#[derive(Debug, Default)]
pub struct Interrupt {
    is_set: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cause: Option<Cause>,
    at_work: Option<Work>,
    /// Which work it is, so that nobody ends the next one instead.
    number: u64,
}

/// A process at work.
#[derive(Clone, Debug)]
struct Work {
    orders: Arc<Orders>,
    process: u32,
    is_cell: bool,
}

impl Interrupt {
    /// A new cell begins: what was asked before was not meant for it.
    pub fn clear(&self) {
        let mut state = self.state();
        state.cause = None;
        self.is_set.store(false, Ordering::SeqCst);
    }

    /// Whether the cell is to stop.
    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }

    /// Why, if it is.
    pub fn cause(&self) -> Option<Cause> {
        self.state().cause
    }

    /// Stops what is at work; what is not at work yet will see that it need not begin.
    pub fn interrupt(self: &Arc<Self>) {
        self.stop(Cause::Asked);
    }

    /// Stops what is at work, for this reason.
    pub fn stop(self: &Arc<Self>, cause: Cause) {
        let mut state = self.state();
        if state.cause.is_none() {
            state.cause = Some(cause);
            self.is_set.store(true, Ordering::SeqCst);
            self.end_work(&state);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end_work(self: &Arc<Self>, state: &State) {
        let Some(work) = state.at_work.clone() else { return };
        // What starts processes would start more.
        if !work.is_cell || state.cause == Some(Cause::TooManyProcesses) {
            return work.orders.signal(work.process, Signal::KILL);
        }
        work.orders.signal(work.process, Signal::INT);
        let (orders, process) = (work.orders.clone(), work.process);
        let (this, number) = (self.clone(), state.number);
        let kill = move || {
            thread::sleep(GRACE);
            let state = this.state();
            if state.number == number && state.at_work.is_some() {
                work.orders.signal(work.process, Signal::KILL);
            }
        };
        if thread::Builder::new().name("interrupt".to_string()).spawn(kill).is_err() {
            // There is no room for a thread that would wait.
            orders.signal(process, Signal::KILL);
        }
    }

    /// This program is at work until the result is dropped.
    pub fn watch_program(self: &Arc<Self>, orders: Arc<Orders>, process: u32) -> Watched<'_> {
        self.watch(Work { orders, process, is_cell: false })
    }

    /// A cell is at work in this process until the result is dropped.
    pub fn watch_cell(self: &Arc<Self>, orders: Arc<Orders>, process: u32) -> Watched<'_> {
        self.watch(Work { orders, process, is_cell: true })
    }

    fn watch(self: &Arc<Self>, work: Work) -> Watched<'_> {
        let mut state = self.state();
        state.number += 1;
        state.at_work = Some(work);
        if self.is_set() {
            self.end_work(&state);
        }
        Watched { interrupt: self }
    }
}

/// As long as this lives, an interrupt ends a process.
pub struct Watched<'a> {
    interrupt: &'a Interrupt,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.interrupt.state().at_work = None;
    }
}
