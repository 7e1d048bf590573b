//! A user's wish to stop: asked for from outside, honoured by whatever runs long, between two events.
//!
//! The kernel's signal handler calls [`ask`]: one store to an atomic, which is all that a signal handler may do. Every loop that runs
//! events looks at [`is_asked`] before each event; when it is, the loop leaves its world as it stands between two events and
//! unwinds with [`Interrupted`], without the words of a panic. Nobody but the kernel calls [`clear`], before the next cell.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Asks everything that runs long to stop. Safe in a signal handler: it stores into an atomic and does nothing else.
pub fn ask() {
    ASKED.store(true, Ordering::Relaxed);
}

/// Takes the wish back: what runs next is not stopped.
pub fn clear() {
    ASKED.store(false, Ordering::Relaxed);
}

/// Whether somebody asked. Costs one load.
#[inline(always)]
pub fn is_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// What a stopped run unwinds with: the payload of [`resume_unwind`](std::panic::resume_unwind), so that no panic is printed.
///
/// ```
/// use netsplit_node::interrupt::Interrupted;
/// let interrupted = Interrupted { at: "1.5s".to_owned(), goes_on: true };
/// assert_eq!(interrupted.to_string(), "interrupted at 1.5s: the state is kept, and the run can go on from there");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    /// Where it was: what the virtual clock showed.
    pub at: String,
    /// Whether what was stopped can go on from there.
    pub goes_on: bool,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = if self.goes_on {
            "the state is kept, and the run can go on from there"
        } else {
            "what it had found is lost, all else is kept"
        };
        write!(f, "interrupted at {}: {rest}", self.at)
    }
}

impl Interrupted {
    /// Unwinds with this. Nothing may be locked or half done.
    pub fn unwind(self) -> ! {
        std::panic::resume_unwind(Box::new(self))
    }
}
