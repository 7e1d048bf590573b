//! The processes that a kernel must not outlive: the one that has started it, and the one that Jupyter names.
//!
//! Jupyter puts the process id of its server into `JPY_PARENT_PID` for every kernel that is to end with the server. As a
//! rule that is our parent, and if a wrapper stands between the two (a script, `sudo`, a resource manager), it is further
//! up. Where the number says nothing (a resource manager has carried the variable to another machine), our parent counts
//! alone. A server that was killed cannot tell anybody, so the system is asked, by descriptors of these processes that
//! become readable with their end; where there are none, we look once a second who our parent is. A server that was killed
//! before we could look at all has left us to the system's first process, and is not there any more itself.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Pid, getppid};
use tokio::sync::oneshot;

use crate::processes;

/// Where Jupyter names its server.
pub const VARIABLE: &str = "JPY_PARENT_PID";
/// How often to look, where the system does not tell.
const CHECK: Duration = Duration::from_secs(1);

/// Whom this process must not outlive.
pub struct Parents {
    /// Says that one of them has ended; none if there are none.
    news: Option<oneshot::Receiver<()>>,
}

impl Parents {
    /// Those of this process; none unless Jupyter names one.
    pub fn of_this_process() -> Self {
        let (Some(named), Some(parent)) = (std::env::var(VARIABLE).ok(), getppid()) else {
            return Self { news: None };
        };
        let named = named.parse::<u32>().ok();
        let is_orphan = named.is_some_and(|named| !processes::is_running(named)) && is_first(parent);
        let named = named.filter(|named| is_above_us(*named));
        let named = named.and_then(|named| Pid::from_raw(named.try_into().ok()?));
        let named = named.filter(|named| *named != parent).and_then(watch);
        let watched = watch(parent);
        let (sender, news) = oneshot::channel();
        // It ends with this process; there is nothing to tidy up.
        let looking = std::thread::Builder::new().name("parents".to_string()).spawn(move || {
            if !is_orphan {
                wait_for_any(parent, watched, named);
            }
            let _ = sender.send(());
        });
        if let Err(error) = looking {
            tracing::warn!("cannot watch the process that started this kernel: {error}");
            return Self { news: None };
        }
        Self { news: Some(news) }
    }

    /// Returns when one of them has ended, else never. Nothing is lost if the wait is given up.
    pub async fn end(&mut self) {
        let has_ended = match &mut self.news {
            Some(news) => news.await.is_ok(),
            None => false,
        };
        if !has_ended {
            std::future::pending().await
        }
    }
}

/// Waits until one of the two has ended, or until our parent is another one, if it cannot be watched otherwise.
fn wait_for_any(parent: Pid, watched: Option<OwnedFd>, named: Option<OwnedFd>) {
    let limit = CHECK.try_into().ok().filter(|_| watched.is_none());
    loop {
        let descriptors = watched.iter().chain(&named);
        let mut polled: Vec<PollFd<'_>> = descriptors.map(|it| PollFd::new(it, PollFlags::IN)).collect();
        match poll(&mut polled, limit.as_ref()) {
            Ok(1..) => return,
            Ok(0) | Err(Errno::INTR) => {}
            Err(_) => std::thread::sleep(CHECK),
        }
        if watched.is_none() && getppid() != Some(parent) {
            return;
        }
    }
}

/// Whether this is the process that orphans are given to: the system's, or that of a user's session.
fn is_first(process: Pid) -> bool {
    process == Pid::INIT
        || processes::name(process.as_raw_nonzero().get().unsigned_abs()) == Some("systemd".into())
}

/// Whether this process is our parent, or its parent, and so on.
fn is_above_us(process: u32) -> bool {
    processes::ancestors(std::process::id()).any(|it| it == process)
}

/// A descriptor that becomes readable when the process ends.
#[cfg(target_os = "linux")]
fn watch(process: Pid) -> Option<OwnedFd> {
    use rustix::process::{PidfdFlags, pidfd_open};

    let descriptor = pidfd_open(process, PidfdFlags::empty()).ok()?;
    let number = u32::try_from(process.as_raw_nonzero().get()).ok()?;
    // Between the look at its number and the opening it may have ended, and the number may be somebody else's by now.
    is_above_us(number).then_some(descriptor)
}

#[cfg(not(target_os = "linux"))]
fn watch(_process: Pid) -> Option<OwnedFd> {
    None
}
