//! The processes in which an answer runs, seen from the judge: one that makes copies of itself, and the copies.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use netsplit_report::{Budgets, Host};

use crate::frames::{Channel, Question, Reply};
use crate::host::{News, Order, tell};

/// A process that neither answers nor uses the processor is given up after so long. Only for what waits for something: whatever computes is ended by
/// the system, by the processor's time, so that a busy machine judges alike.
const PATIENCE: Duration = Duration::from_secs(60);

/// How an answer's process came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Death {
    /// It called `exit`.
    Exited,
    /// It aborted, or was ended by what it did to its own memory.
    Killed(u32),
    /// It used the processor for longer than it may, or waited for something that never comes.
    TooLong,
    /// What it said was no reply.
    Nonsense,
    /// The system gave no process.
    NotStarted,
}

impl Death {
    /// Said of the answer's process: "its process ..".
    pub fn sentence(self) -> String {
        match self {
            Death::Exited => "ended itself (`exit`)".to_owned(),
            Death::Killed(signal) => match signal {
                // The numbers are those of Linux on x86-64 and aarch64.
                6 => "aborted: it overflowed its stack, ran out of memory, or called `abort`".to_owned(),
                11 | 7 => "was ended by the system: it read or wrote where there is no memory".to_owned(),
                other => format!("was ended by signal {other}"),
            },
            Death::TooLong => {
                "was ended because a step used the processor for too long, or never came back".to_owned()
            }
            Death::Nonsense => "said what is no reply".to_owned(),
            Death::NotStarted => "could not be started".to_owned(),
        }
    }
}

/// The process that makes copies of itself. Shared by the nodes of a world, which are asked one after the other.
#[derive(Clone)]
pub struct Hosts(Arc<Mutex<Copies>>);

struct Copies {
    control: UnixStream,
    process: Child,
    order: Order,
    /// Copies that have ended, with the signal.
    ended: BTreeMap<u32, u32>,
}

impl Hosts {
    /// Starts it.
    pub fn start(host: &Host, budgets: &Budgets) -> io::Result<Hosts> {
        let (control, theirs) = UnixStream::pair()?;
        let mut command = Command::new(&host.program);
        command.arg("--judged").arg(if host.may_run_unconfined { "if-possible" } else { "confined" });
        command.arg(&host.answer).args(&host.libraries).arg("--readable").args(&host.readable);
        command.env_clear().current_dir("/");
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::piped());
        let process = command.spawn()?;
        // It answers at once, or something has happened to it.
        control.set_read_timeout(Some(PATIENCE))?;
        let order = Order { processor_seconds: budgets.processor_seconds, memory: budgets.memory };
        let mut copies = Copies { control, process, order, ended: BTreeMap::new() };
        // It says that it is ready as if it had ended itself.
        match News::hear(&copies.control) {
            Ok(_) => Ok(Hosts(Arc::new(Mutex::new(copies)))),
            Err(_) => Err(io::Error::other(copies.last_words())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Copies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process in which nothing has begun.
    pub fn life(&self) -> Result<Life, Death> {
        let (stream, theirs) = UnixStream::pair().map_err(|_| Death::NotStarted)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(|_| Death::NotStarted)?;
        let mut copies = self.lock();
        tell(&copies.control, copies.order, theirs.as_fd()).map_err(|_| Death::NotStarted)?;
        drop(theirs);
        loop {
            match News::hear(&copies.control).map_err(|_| Death::NotStarted)? {
                News { process, ended_by: Some(signal) } => drop(copies.ended.insert(process, signal)),
                News { process: 0, .. } => return Err(Death::NotStarted),
                News { process, ended_by: None } => {
                    let channel = RefCell::new(Channel::new(stream));
                    return Ok(Life { hosts: self.clone(), channel, process });
                }
            }
        }
    }

    /// How a copy came to its end, when it has closed its socket: it has ended or is about to.
    fn death_of(&self, process: u32) -> Death {
        let mut copies = self.lock();
        let signal = loop {
            if let Some(signal) = copies.ended.remove(&process) {
                break signal;
            }
            match News::hear(&copies.control) {
                Ok(News { process, ended_by: Some(signal) }) => drop(copies.ended.insert(process, signal)),
                Ok(_) => {}
                // It has closed its socket, and goes on.
                Err(_) => return Death::TooLong,
            }
        };
        match signal {
            0 => Death::Exited,
            // SIGXCPU and SIGKILL: what the limit of the processor's time sends.
            24 | 9 => Death::TooLong,
            other => Death::Killed(other),
        }
    }
}

impl Copies {
    fn last_words(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut said) = self.process.stderr.take() {
            let _ = io::Read::read_to_string(&mut said, &mut text);
        }
        let text = text.trim();
        if text.is_empty() { "the host of the answer ended at once".to_owned() } else { text.to_owned() }
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        // It ends when there is nobody at the other end, and its copies with it; but for what might have happened to it.
        let _ = self.control.shutdown(std::net::Shutdown::Both);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A copy, in which a node lives or a function is called.
pub struct Life {
    hosts: Hosts,
    channel: RefCell<Channel<UnixStream>>,
    process: u32,
}

impl Life {
    /// Asks, and waits for the reply.
    pub fn ask(&self, question: &Question) -> Result<Reply, Death> {
        let mut channel = self.channel.borrow_mut();
        if channel.write(question).is_err() {
            return Err(self.hosts.death_of(self.process));
        }
        match channel.read() {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(self.hosts.death_of(self.process)),
            Err(error) => Err(match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Death::TooLong,
                io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
                    self.hosts.death_of(self.process)
                }
                _ => Death::Nonsense,
            }),
        }
    }
}
