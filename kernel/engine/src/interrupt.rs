//! Stops what the engine is doing, from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

/// Whether the cell at hand is to be stopped, and which process to end for that.
#[derive(Debug, Default)]
pub struct Interrupt {
    is_set: AtomicBool,
    at_work: Mutex<Option<u32>>,
}

impl Interrupt {
    /// A new cell begins: what was asked before was not meant for it.
    pub fn clear(&self) {
        self.is_set.store(false, Ordering::SeqCst);
    }

    /// Whether somebody wants the cell to stop.
    pub fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }

    /// Ends the process that is at work; what is not at work yet will see that it need not begin.
    pub fn interrupt(&self) {
        let at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_set.store(true, Ordering::SeqCst);
        if let Some(process) = *at_work {
            kill(process);
        }
    }

    /// This process is at work until the result is dropped.
    pub fn watch(&self, process: u32) -> Watched<'_> {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        *at_work = Some(process);
        if self.is_set() {
            kill(process);
        }
        Watched { interrupt: self }
    }
}

fn kill(process: u32) {
    if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        // It may have ended; its number is not used again before its parent, we, has waited for it.
        let _ = kill_process(process, Signal::KILL);
    }
}

/// As long as this lives, an interrupt ends a process.
pub struct Watched<'a> {
    interrupt: &'a Interrupt,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        *self.interrupt.at_work.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
