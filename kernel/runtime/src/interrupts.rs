//! Interrupts: the keeper sends SIGINT, and what can stop at a place of its own does, keeping the variables: the library
//! between two events, a cell that waits, a cell that asks. Whatever does not stop in time is killed.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::pin::Pin;
use std::sync::atomic::{AtomicI32, Ordering};
use std::task::Poll;

use netsplit::interrupt::{self, Interrupted};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::unix::pipe::Receiver;

/// What the signal handler writes to while a cell waits, so that it wakes up.
static WAKE: AtomicI32 = AtomicI32::new(-1);

/// Stops the cell here; `doing` says what it did, as in "it waited".
pub fn unwind(doing: &str) -> ! {
    std::panic::resume_unwind(Box::new(Stopped(doing.to_string())))
}

/// What [`unwind`] throws.
struct Stopped(String);

/// What was going on when an interrupt stopped it, if that is what a payload says.
pub fn doing(payload: &(dyn Any + Send)) -> Option<String> {
    let of_library = payload.downcast_ref::<Interrupted>().map(|it| format!("it stood at {}", it.at));
    of_library.or_else(|| payload.downcast_ref::<Stopped>().map(|it| it.0.clone()))
}

/// Waits for a future, or unwinds as soon as somebody interrupts.
pub async fn or_unwind<T>(mut future: Pin<Box<dyn Future<Output = T> + '_>>, doing: &str) -> T {
    // Without a bell, a cell that waits is killed as any other.
    let bell = Bell::hang().ok();
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(value);
        }
        match bell.as_ref().map(|it| it.rung.poll_read_ready(context)) {
            Some(Poll::Ready(_)) => unwind(doing),
            _ => Poll::Pending,
        }
    })
    .await
}

/// A pipe that the signal handler writes to. Each cell has its own: one that was there before a checkpoint would be the same
/// pipe in both processes, and what the one tells the executor of it would hold in the other.
struct Bell {
    rung: Receiver,
    _ring: OwnedFd,
}

impl Bell {
    fn hang() -> io::Result<Self> {
        let (rung, ring) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let rung = Receiver::from_owned_fd(rung)?;
        WAKE.store(ring.as_raw_fd(), Ordering::Relaxed);
        Ok(Self { rung, _ring: ring })
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        WAKE.store(-1, Ordering::Relaxed);
    }
}

/// Listens for the signal.
pub fn listen() {
    if let Err(error) = handle() {
        eprintln!("netsplit-cell-host: interrupts are not heard: {error}");
    }
}

#[allow(unsafe_code, reason = "interrupts come as a signal")]
fn handle() -> io::Result<()> {
    extern "C" fn asked(_: libc::c_int) {
        interrupt::ask();
        // SAFETY: write is safe in signal handlers, and the byte outlives the call. A full pipe has woken already;
        // without a pipe, nothing is written.
        unsafe { libc::write(WAKE.load(Ordering::Relaxed), [0_u8].as_ptr().cast(), 1) };
    }
    // SAFETY: the handler does nothing that a signal handler must not do, and the structure is initialised as a whole. Calls
    // that it interrupts are made again, as if nothing had been.
    let set = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = asked as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut())
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
