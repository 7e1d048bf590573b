//! Panics in node code: caught, told with their line, and kept off the screen.
//!
//! A panic in a handler crashes that node, as it would in life, and the world goes on. The default hook would print it as if
//! the whole notebook had failed, so a hook of ours takes the message while a handler runs, and passes on every other panic.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use netsplit_node::place;

thread_local! {
    static NODES_RUN: Cell<bool> = const { Cell::new(false) };
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static MESSAGE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// While it lives, node code may run on this thread, and panics are taken instead of printed. One may live within another: a plan
/// restarts a node in the middle of a run.
pub(crate) struct NodesRun {
    before: bool,
}

impl NodesRun {
    pub(crate) fn begin() -> NodesRun {
        NodesRun { before: NODES_RUN.replace(true) }
    }
}

impl Drop for NodesRun {
    fn drop(&mut self) {
        NODES_RUN.set(self.before);
        if std::thread::panicking()
            && let Some(message) = MESSAGE.take()
        {
            eprintln!("the laboratory itself panicked, which is a defect of netsplit: {message}");
        }
    }
}

/// While it lives, panics on this thread are taken instead of printed: a run of a sweep fails by itself.
pub(crate) struct Quiet {
    before: bool,
}

impl Quiet {
    pub(crate) fn begin() -> Quiet {
        install_hook();
        Quiet { before: QUIET.replace(true) }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        QUIET.set(self.before);
    }
}

/// Ends the handler that runs as a panic with these words would, without a place: for a node whose code runs elsewhere, where the place
/// was. Outside of handlers it unwinds as any panic does.
pub fn crash_node(text: &str) -> ! {
    MESSAGE.set(Some(text.to_owned()));
    panic::resume_unwind(Box::new(text.to_owned()))
}

/// The message of the panic that was just caught.
pub(crate) fn message() -> String {
    MESSAGE.take().unwrap_or_else(|| "a panic without a message".to_owned())
}

/// Whether node code may be running on this thread.
pub(crate) fn nodes_run() -> bool {
    NODES_RUN.get()
}

/// Runs a handler. If it panics, the error is its message and where it stands: "no such key, at cell[3]:7:13".
#[inline]
pub(crate) fn catch(handler: impl FnOnce()) -> Result<(), String> {
    // The node is crashed after a panic: nobody looks at what it left half done, but for its last state.
    let result = panic::catch_unwind(AssertUnwindSafe(handler));
    result.map_err(|_| message())
}

/// Takes over the messages of panics in handlers; done once, when the first laboratory is made.
pub(crate) fn install_hook() {
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !nodes_run() && !QUIET.get() {
                return others(info);
            }
            let text = info.payload_as_str().unwrap_or("a panic without a message");
            let place = info.location().map_or(String::new(), |it| format!(", at {}", place::name(it)));
            MESSAGE.set(Some(format!("{text}{place}")));
        }));
    });
}
