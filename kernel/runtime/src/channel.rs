//! The runner's end of the control channel: reports go out from any thread, answers and requests come in to the thread that
//! runs the cells.

use std::cell::Cell;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use netsplit_control::{Report, Request, Showing, read_frame, receive_descriptor, write_frame};

use crate::fork;

/// Replaced in copies of the process alone, where there is no other thread.
static CHANNEL: OnceLock<RwLock<UnixStream>> = OnceLock::new();
/// Reports of several threads go out one after the other.
static SENDING: Mutex<()> = Mutex::new(());
/// The channel's number, for signal handlers, which can take no lock.
static DESCRIPTOR: AtomicI32 = AtomicI32::new(-1);

thread_local! {
    static RUNS_CELLS: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the channel; the calling thread is the one that runs cells.
pub fn open(stream: UnixStream) {
    RUNS_CELLS.set(true);
    DESCRIPTOR.store(stream.as_raw_fd(), Ordering::Relaxed);
    // A process opens it once, before there are other threads.
    let _ = CHANNEL.set(RwLock::new(stream));
}

/// In a copy of the process: another channel takes the place of the one that the other process goes on using.
pub fn replace(descriptor: OwnedFd) {
    let stream = UnixStream::from(descriptor);
    DESCRIPTOR.store(stream.as_raw_fd(), Ordering::Relaxed);
    if let Some(channel) = CHANNEL.get() {
        *channel.write().unwrap_or_else(PoisonError::into_inner) = stream;
    }
}

/// The channel's number; none where there is no channel.
pub fn descriptor() -> i32 {
    DESCRIPTOR.load(Ordering::Relaxed)
}

/// Sends a report; in a process that is not a runner, nothing happens. Without a kernel at the other end there is no use in
/// going on.
pub fn send(report: &Report) {
    if let Some(channel) = CHANNEL.get() {
        let channel = channel.read().unwrap_or_else(PoisonError::into_inner);
        let _one_at_a_time = SENDING.lock().unwrap_or_else(PoisonError::into_inner);
        if write_frame(&mut &*channel, report).is_err() {
            fork::end(1);
        }
    }
}

/// The kernel's next request; none when it has gone, or on a thread that does not run cells.
pub fn next_request() -> Option<Request> {
    if !runs_cells() {
        return None;
    }
    let channel = CHANNEL.get()?.read().unwrap_or_else(PoisonError::into_inner);
    read_frame(&mut &*channel).ok().flatten()
}

/// The open file that follows the request which was just read.
///
/// # Errors
/// If there is none.
pub fn next_descriptor() -> io::Result<OwnedFd> {
    let channel = CHANNEL.get().ok_or(io::ErrorKind::NotConnected)?;
    receive_descriptor(&channel.read().unwrap_or_else(PoisonError::into_inner))
}

/// Shows something. The thread that runs cells waits until it is there, so that output keeps its order; others go on.
pub fn show(showing: Showing) {
    flush();
    let waits = runs_cells();
    send(&Report::Show { showing, waits });
    if waits && next_request().is_none() {
        fork::end(1);
    }
}

/// Why there is no line.
pub enum NoInput {
    /// Nobody can be asked.
    Refused(String),
    /// The cell is to stop.
    Interrupted,
}

/// Asks for a line, or says why there is none; nobody can be asked by threads but the one that runs cells.
pub fn ask_input(prompt: &str, is_password: bool) -> Result<String, NoInput> {
    if !runs_cells() {
        return Err(NoInput::Refused(
            "expected a cell's own thread to ask for input, found another; ask before you start threads"
                .to_string(),
        ));
    }
    flush();
    send(&Report::AskInput { prompt: prompt.to_string(), is_password });
    match next_request() {
        Some(Request::Input(line)) => Ok(line),
        Some(Request::NoInput(reason)) => Err(NoInput::Refused(reason)),
        Some(Request::Interrupted) => Err(NoInput::Interrupted),
        _ => fork::end(1),
    }
}

fn runs_cells() -> bool {
    RUNS_CELLS.get()
}

/// Everything printed so far goes into the pipes.
pub fn flush() {
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
    flush_c();
}

/// C code in the process has buffers of its own.
#[allow(unsafe_code, reason = "libc's buffers can only be flushed by libc")]
fn flush_c() {
    unsafe extern "C" {
        fn fflush(stream: *mut std::ffi::c_void) -> std::ffi::c_int;
    }
    // SAFETY: fflush(NULL) flushes all streams of the C library; it touches nothing of ours.
    let _ = unsafe { fflush(std::ptr::null_mut()) };
}
