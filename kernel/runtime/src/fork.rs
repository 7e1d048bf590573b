//! Copies of this process.

use std::io;

/// Which of the two processes goes on here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The one that was there before; the copy has this number.
    Parent(u32),
    /// The copy.
    Child,
}

/// Makes a copy of this process, which has the calling thread alone. Only for a process that has no other thread: a lock that
/// another one holds would never be released in the copy.
///
/// # Errors
/// If the system has no room for another process.
#[allow(unsafe_code, reason = "a checkpoint is a copy of the process, which only fork makes")]
pub fn fork() -> io::Result<Fork> {
    // SAFETY: callers have one thread, so the copy's locks, allocator and thread-locals are in the state of the only thread
    // that goes on in it.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        child => Ok(Fork::Parent(child.unsigned_abs())),
    }
}

/// Ends this process at once: buffers and destructors of a copy are not its own.
#[allow(unsafe_code, reason = "the standard library has no exit without the C library's exit handlers")]
pub fn end(code: i32) -> ! {
    // SAFETY: it does not return, and runs no code of this process.
    unsafe { libc::_exit(code) }
}
