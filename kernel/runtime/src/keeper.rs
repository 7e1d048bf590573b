//! The keeper: the process that starts everything which runs on behalf of a notebook, is told of its end, and ends it all when
//! the kernel has gone, however it went.
//!
//! It holds no variables and runs no code of cells. A runner is a copy of it, with all libraries loaded and nothing else, so
//! that a new one is there at once. What its descendants leave alone becomes its child, so nothing that a cell starts gets
//! away: not by forking twice, and not by a session of its own. If it is killed itself, what it kept goes to the kernel, and
//! the keeper that takes its place ends it: all of it names the session's folder in its environment.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netsplit_control::{Bounds, Confinement, End, News, Order, read_frame, receive_descriptor, write_frame};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, kill_process_group,
    setrlimit, setsid, wait, waitid,
};

use crate::bounds;
use crate::confinement::confine;
use crate::fork::{Fork, fork};

/// How long it goes on killing what does not die.
const PATIENCE: Duration = Duration::from_secs(5);

/// What this process has become.
pub enum Role {
    /// The keeper, and there is no kernel any more.
    Keeper,
    /// A runner, with its channel to the kernel, and what it may reach.
    Runner(UnixStream, Option<Confinement>),
}

/// Keeps until the kernel says that it is over, and ends all that is below this process; a kernel that has gone without a
/// word has left its folder, which is removed. Returns in each runner as well.
///
/// # Errors
/// If the system refuses what a keeper cannot do without.
pub fn keep(kernel: UnixStream, folder: &Path) -> io::Result<Role> {
    // Whoever kills the kernel's group or session does not mean the one who cleans up behind it.
    let _ = setsid();
    // Nobody looks at the memory of a dead process, and writing it would keep the next cell waiting.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let (ended, tell) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    watch_children(&tell)?;
    end_left_over(folder);
    let mut keeper = Keeper { kernel, runners: BTreeSet::new() };
    loop {
        match keeper.wait(&ended)? {
            Next::Order(order) if *order == Order::End => {
                end_children();
                return Ok(Role::Keeper);
            }
            Next::Order(order) => {
                if let Some(runner) = keeper.obey(*order)? {
                    forget_children();
                    return Ok(runner);
                }
            }
            Next::Ended => {
                let mut bytes = [0; 64];
                while rustix::io::read(&ended, &mut bytes[..]).is_ok_and(|count| count > 0) {}
                keeper.reap()?;
            }
            Next::Gone => break,
        }
    }
    end_children();
    end_left_over(folder);
    remove(folder);
    Ok(Role::Keeper)
}

enum Next {
    Order(Box<Order>),
    /// Some child has ended.
    Ended,
    /// The kernel.
    Gone,
}

struct Keeper {
    kernel: UnixStream,
    /// The runners it has forked, and the copies that became runners when those had ended.
    runners: BTreeSet<u32>,
}

impl Keeper {
    fn wait(&mut self, ended: &OwnedFd) -> io::Result<Next> {
        let mut polled = [PollFd::new(ended, PollFlags::IN), PollFd::new(&self.kernel, PollFlags::IN)];
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => return Ok(Next::Ended),
            other => other?,
        };
        let [ended, kernel] = polled.map(|it| !it.revents().is_empty());
        match (ended, kernel) {
            (true, _) => Ok(Next::Ended),
            // A frame that cannot be read comes from no kernel.
            _ => Ok(read_frame(&mut self.kernel)
                .ok()
                .flatten()
                .map_or(Next::Gone, |order| Next::Order(Box::new(order)))),
        }
    }

    /// Does what the kernel asks; in a new runner, returns its role.
    fn obey(&mut self, order: Order) -> io::Result<Option<Role>> {
        let news = match order {
            Order::Runner(confinement) => {
                let channel = receive_descriptor(&self.kernel)?;
                match fork() {
                    Ok(Fork::Child) => return Ok(Some(Role::Runner(channel.into(), confinement))),
                    Ok(Fork::Parent(process)) => {
                        self.runners.insert(process);
                        News::Started(process)
                    }
                    Err(error) => News::NotStarted(error.to_string()),
                }
            }
            Order::Program { command, folder, environment, confinement, bounds } => {
                let descriptor = || receive_descriptor(&self.kernel);
                let streams = [descriptor()?, descriptor()?, descriptor()?];
                let held = Held { confinement, bounds };
                match start(&command, folder.as_deref(), environment, held, streams) {
                    Ok(process) => News::Started(process),
                    Err(error) => News::NotStarted(error.to_string()),
                }
            }
            Order::Signal { process, signal } => {
                signal_child(process, signal);
                return Ok(None);
            }
            // One that has been waited for would never be told of again.
            Order::Runs(process) => match pid(process).filter(is_child) {
                Some(_) => {
                    self.runners.insert(process);
                    News::Started(process)
                }
                None => News::NotStarted("the copy has ended".to_string()),
            },
            // It has been seen to.
            Order::End => return Ok(None),
        };
        self.tell(&news);
        Ok(None)
    }

    /// A kernel that has gone is noticed when it is asked for more.
    fn tell(&mut self, news: &News) {
        let _ = write_frame(&mut self.kernel, news);
    }

    /// Tells the kernel which children have ended.
    fn reap(&mut self) -> io::Result<()> {
        let ended = |process: &u32| {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            pid(*process).is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
        };
        let ended: Vec<u32> = self.runners.iter().copied().filter(ended).collect();
        for process in ended {
            self.runners.remove(&process);
            // What its cells have started goes with it. Until it is waited for, nobody else has its number.
            let _ = pid(process).map(|pid| kill_process_group(pid, Signal::KILL));
        }
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let end = match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => End::Exited(code.unsigned_abs()),
                (None, signal) => End::Signalled(signal.unwrap_or_default().unsigned_abs()),
            };
            self.tell(&News::Ended { process: pid.as_raw_nonzero().get().unsigned_abs(), end });
        }
        Ok(())
    }
}

fn pid(process: u32) -> Option<Pid> {
    i32::try_from(process).ok().and_then(Pid::from_raw)
}

/// Starts a program in a process group of its own.
fn start(
    command: &[String],
    folder: Option<&str>,
    environment: Vec<(String, Option<String>)>,
    held: Held,
    [stdin, stdout, stderr]: [OwnedFd; 3],
) -> io::Result<u32> {
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(stdin).stdout(stdout).stderr(stderr).process_group(0);
    folder.map(|folder| command.current_dir(folder));
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if held.confinement.is_some() || held.bounds != Bounds::default() {
        hold(&mut command, held);
    }
    // It is waited for with all other children.
    command.spawn().map(|child| child.id())
}

/// What a program is held to.
struct Held {
    confinement: Option<Confinement>,
    bounds: Bounds,
}

/// The program holds itself to it before it begins.
#[allow(unsafe_code, reason = "a program must be confined between fork and exec")]
fn hold(command: &mut Command, held: Held) {
    let hold = move || {
        bounds::set(&held.bounds);
        let confined = held.confinement.as_ref().map_or(Ok(()), confine);
        confined.map_err(|error| io::Error::other(error.to_string()))
    };
    // SAFETY: this process has one thread, so its copy may take memory and locks as it likes.
    unsafe { command.pre_exec(hold) };
}

/// Whether this is a child that has not been waited for.
fn is_child(process: &Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(*process), options).is_ok()
}

/// Signals a child; a kill is for its whole group. What is no child of ours, or has been waited for, is left alone, since its number may belong
/// to somebody else by now.
fn signal_child(process: u32, signal: u32) {
    let Some(pid) = pid(process).filter(is_child) else { return };
    let Some(signal) = i32::try_from(signal).ok().and_then(Signal::from_named_raw) else { return };
    if signal != Signal::KILL || kill_process_group(pid, signal).is_err() {
        // Or it has not made its group yet.
        let _ = kill_process(pid, signal);
    }
}

/// Kills everything below this process: killed parents leave their children to us.
fn end_children() {
    let deadline = Instant::now() + PATIENCE;
    while !matches!(wait(WaitOptions::NOHANG), Err(rustix::io::Errno::CHILD)) && Instant::now() < deadline {
        for child in children() {
            let _ = kill_process(child, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Kills what an earlier keeper of this session has left. It must name our folder, as we do, so that a keeper that was started
/// inside another session never ends that one.
fn end_left_over(folder: &Path) {
    let carried = [b"NETSPLIT_SESSION=", folder.as_os_str().as_bytes()].concat();
    let carries = |process: &str| {
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == carried)
    };
    let own = std::process::id();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let Ok(processes) = std::fs::read_dir("/proc") else { return };
        let names = processes.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let left = names.filter(|name| carries(name)).filter_map(|name| name.parse().ok());
        let left: Vec<Pid> = left.filter(|process| *process != own).filter_map(pid).collect();
        if left.is_empty() {
            return;
        }
        for process in left {
            let _ = kill_process(process, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// The children of this process, as `/proc` shows them.
fn children() -> Vec<Pid> {
    let own = std::process::id();
    let listed = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children"));
    if let Ok(listed) = listed {
        return listed.split_whitespace().filter_map(|it| pid(it.parse().ok()?)).collect();
    }
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let is_child = |entry: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // `7 (name) S 3 ..`, in which the name may hold anything, brackets too.
        let parent: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (parent == own).then(|| entry.file_name().to_str()?.parse().ok().and_then(pid)).flatten()
    };
    processes.flatten().filter_map(is_child).collect()
}

/// Removes the session's folder. A process that was killed a moment ago may have made a file in the meantime.
fn remove(folder: &Path) {
    for _ in 0..10 {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(Duration::from_millis(20)),
            _ => return,
        }
    }
}

/// Where the signal handler writes when a child has ended.
static TELL: AtomicI32 = AtomicI32::new(-1);

#[allow(
    unsafe_code,
    reason = "a signal handler is the only way to wait for any child and for the kernel at once"
)]
pub(crate) fn watch_children(tell: &OwnedFd) -> io::Result<()> {
    extern "C" fn child_ended(_: libc::c_int) {
        // SAFETY: write is safe in signal handlers, and the byte outlives the call. A full pipe has told already.
        unsafe { libc::write(TELL.load(Ordering::Relaxed), [0_u8].as_ptr().cast(), 1) };
    }
    TELL.store(tell.as_fd().as_raw_fd(), Ordering::Relaxed);
    // SAFETY: the handler does nothing that a signal handler must not do, and the structure is initialised as a whole.
    let set = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = child_ended as *const () as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_NOCLDSTOP;
        libc::sigaction(libc::SIGCHLD, &raw const action, std::ptr::null_mut())
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A runner's children are the business of its cells.
#[allow(unsafe_code, reason = "undoes what `watch_children` did")]
pub(crate) fn forget_children() {
    // SAFETY: the default action of a signal is always valid.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}
