//! The host's end of the control channel: reports go out from any thread, answers and requests come in to the thread that
//! runs the cells.

use std::cell::RefCell;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, OnceLock, PoisonError};

use netsplit_control::{Report, Request, Showing, read_frame, write_frame};

static REPORTS: OnceLock<Mutex<UnixStream>> = OnceLock::new();

thread_local! {
    /// Set on the thread that runs cells alone.
    static REQUESTS: RefCell<Option<UnixStream>> = const { RefCell::new(None) };
}

/// Keeps the channel for the rest of the process's life; the calling thread is the one that runs cells.
pub fn open(stream: UnixStream) -> std::io::Result<()> {
    REQUESTS.set(Some(stream.try_clone()?));
    // The host opens it once, before there are other threads.
    let _ = REPORTS.set(Mutex::new(stream));
    Ok(())
}

/// Sends a report; in a process that is not a host, nothing happens. Without a kernel at the other end there is no use in
/// going on.
pub fn send(report: &Report) {
    if let Some(stream) = REPORTS.get() {
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        if write_frame(&mut *stream, report).is_err() {
            std::process::exit(1);
        }
    }
}

/// The kernel's next request; none when it has gone, or on a thread that does not run cells.
pub fn next_request() -> Option<Request> {
    REQUESTS.with_borrow_mut(|stream| read_frame(stream.as_mut()?).ok().flatten())
}

/// Shows something. The thread that runs cells waits until it is there, so that output keeps its order; others go on.
pub fn show(showing: Showing) {
    flush();
    let waits = runs_cells();
    send(&Report::Show { showing, waits });
    if waits && next_request().is_none() {
        std::process::exit(1);
    }
}

/// Asks for a line, or says why nobody can be asked, which is so on all threads but the one that runs cells.
pub fn ask_input(prompt: &str, is_password: bool) -> Result<String, String> {
    if !runs_cells() {
        return Err(
            "expected a cell's own thread to ask for input, found another; ask before you start threads"
                .to_string(),
        );
    }
    flush();
    send(&Report::AskInput { prompt: prompt.to_string(), is_password });
    match next_request() {
        Some(Request::Input(line)) => Ok(line),
        Some(Request::NoInput(reason)) => Err(reason),
        _ => std::process::exit(1),
    }
}

fn runs_cells() -> bool {
    REQUESTS.with_borrow(Option::is_some)
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
