//! Faults: what the system ends a process for. A last report says which it was and where, and then the process dies of it as it
//! would have.
//!
//! The handler runs where anything may be broken: on a stack of its own, without memory, without locks of ours.

use std::fmt;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::channel;
use crate::panics::{is_cell, last_words, library_of};

/// The signals, but for those that people send.
const SIGNALS: [libc::c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];
/// The handler's stack: walking the other one takes some.
const STACK: usize = 256 << 10;
/// How many functions are reported: a recursion repeats itself.
const FRAMES: usize = 24;
/// How far from the end of the stack a function may reach beyond it.
const REACH: usize = 1 << 20;

/// The tag of [`netsplit_control::Report::Fault`]; a test holds the two together.
const TAG: u8 = 7;

/// Room for the one report that a process makes: a thread's stack for handlers has none. Whoever takes it reports.
static ROOM: AtomicPtr<Fixed> = AtomicPtr::new(ptr::null_mut());

/// From now on, faults are reported.
pub fn report() {
    ROOM.store(Box::leak(Box::new(Fixed::new())), Ordering::SeqCst);
    if let Err(error) = handle() {
        eprintln!("netsplit-cell-host: faults are not reported: {error}");
    }
    // A file that grows too long is an error of the call that writes, and not this process's end.
    ignore(libc::SIGXFSZ);
}

#[allow(unsafe_code, reason = "faults come as signals, and need a stack of their own")]
fn handle() -> io::Result<()> {
    // SAFETY: the memory is never freed, and belongs to this thread's handlers from here on. The handler keeps to what handlers
    // may do; the structures are initialised as a whole.
    unsafe {
        let stack = libc::stack_t {
            ss_sp: Box::leak(vec![0_u8; STACK].into_boxed_slice()).as_mut_ptr().cast(),
            ss_flags: 0,
            ss_size: STACK,
        };
        if libc::sigaltstack(&raw const stack, std::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        for signal in SIGNALS {
            if libc::sigaction(signal, &raw const action, std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

#[allow(unsafe_code, reason = "signals are ignored by the C library's call")]
fn ignore(signal: libc::c_int) {
    // SAFETY: ignoring a signal is always valid.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Reports once, whatever happens meanwhile, and lets the fault take its course.
#[allow(unsafe_code, reason = "a signal handler")]
extern "C" fn on_fault(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the system passes valid structures to a handler of this kind; the room is never freed, and has one taker. The default action is restored and the signal
    // raised again, so that it takes effect when the handler returns; write and raise are safe in handlers.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        if let Some(report) = ROOM.swap(ptr::null_mut(), Ordering::SeqCst).as_mut() {
            let is_memory = signal == libc::SIGSEGV || signal == libc::SIGBUS;
            let is_overflow = is_memory
                && stack_pointer(context.cast())
                    .is_some_and(|stack| ((*info).si_addr() as usize).abs_diff(stack) < REACH);
            report.open(signal.unsigned_abs(), is_overflow);
            if libc::gettid() == libc::getpid() {
                put_frames(report);
            }
            let frame = report.close();
            libc::write(channel::descriptor(), frame.as_ptr().cast(), frame.len());
            if signal == libc::SIGABRT {
                last_words(&mut Stderr);
            }
        }
        libc::raise(signal);
    }
}

/// stderr, without the standard library's buffers and locks.
struct Stderr;

impl fmt::Write for Stderr {
    #[allow(unsafe_code, reason = "the standard library takes a lock to write")]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: write is safe in signal handlers, and the text outlives the call.
        unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
        Ok(())
    }
}

/// Where the stack was when the fault happened.
#[allow(unsafe_code, reason = "only the signal's context knows")]
unsafe fn stack_pointer(context: *const libc::ucontext_t) -> Option<usize> {
    // SAFETY: the caller passes what the system gave to the handler.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return Some(unsafe { (*context).uc_mcontext.gregs[libc::REG_RSP as usize] as usize });
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    return Some(unsafe { (*context).uc_mcontext.sp as usize });
    #[allow(unreachable_code, reason = "on other systems nobody knows")]
    {
        let _ = context;
        None
    }
}

/// The functions of cells on the stack, the innermost first.
#[allow(unsafe_code, reason = "the ordinary walk takes a lock")]
fn put_frames(report: &mut Fixed) {
    let mut seen = 0;
    // SAFETY: no other thread walks its stack here: the handler's caller is the thread that runs cells, which has been stopped.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            if let Some((file, offset)) = library_of(frame.ip())
                && is_cell(file)
            {
                report.frame(file, offset);
            }
            seen += 1;
            // Some of them are the handler's, and the library's.
            seen < 4 * FRAMES && report.frames < FRAMES
        });
    }
}

/// A report in memory that is there already.
struct Fixed {
    bytes: [u8; 8 << 10],
    length: usize,
    frames: usize,
    count_at: usize,
}

impl Fixed {
    fn new() -> Self {
        Self { bytes: [0; 8 << 10], length: 0, frames: 0, count_at: 0 }
    }

    fn put(&mut self, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    fn open(&mut self, signal: u32, is_overflow: bool) {
        // The frame's length, which is known at the end.
        self.put(&[0; 4]);
        self.put(&[TAG]);
        self.put(&signal.to_le_bytes());
        self.put(&[u8::from(is_overflow)]);
        self.count_at = self.length;
        self.put(&[0; 4]);
    }

    fn frame(&mut self, file: &str, offset: u64) {
        if self.length + 4 + file.len() + 8 > self.bytes.len() {
            return;
        }
        self.put(&(file.len() as u32).to_le_bytes());
        self.put(file.as_bytes());
        self.put(&offset.to_le_bytes());
        self.frames += 1;
    }

    fn close(&mut self) -> &[u8] {
        let count = (self.frames as u32).to_le_bytes();
        self.bytes[self.count_at..self.count_at + 4].copy_from_slice(&count);
        let length = (self.length as u32 - 4).to_le_bytes();
        self.bytes[..4].copy_from_slice(&length);
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use netsplit_control::{Report, read_frame};

    use super::*;

    /// What the handler writes without memory is what everybody else writes with it.
    #[test]
    fn reports_are_frames() {
        let mut report = Fixed::new();
        report.open(11, true);
        report.frame("/cells/cell-1.so", 77);
        report.frame("cell-2.so", u64::MAX);
        let frames = vec![("/cells/cell-1.so".to_string(), 77), ("cell-2.so".to_string(), u64::MAX)];
        let expected = Report::Fault { signal: 11, is_overflow: true, frames };
        assert_eq!(read_frame(&mut report.close()).unwrap(), Some(expected));
    }

    /// What has no room is left out, and what is there can be read.
    #[test]
    fn reports_are_bounded() {
        let mut report = Fixed::new();
        report.open(6, false);
        (0..1000).for_each(|offset| report.frame(&"long".repeat(20), offset));
        let Some(Report::Fault { frames, .. }) = read_frame(&mut report.close()).unwrap() else { panic!() };
        assert_eq!(frames.len(), report.frames);
        assert!((50..1000).contains(&frames.len()));
    }
}
