//! The process that runs cells, seen from the kernel: its control channel, the pipes that it prints into, its copies.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use netsplit_control::{Bounds, End, FrameError, Report, Request, read_frame, send_descriptor, write_frame};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;

use crate::keeper::Keeper;

/// What the threads of a runner are called that have no name.
const PROGRAM: &str = "netsplit-cell-host";

/// How much is read at once.
const CHUNK: usize = 64 << 10;

/// One of the two streams of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// stdout
    Out,
    /// stderr
    Err,
}

/// What comes from the runner while a cell runs.
#[derive(Debug)]
pub enum Incoming {
    /// It printed.
    Printed(Stream, Vec<u8>),
    /// It reports; everything that it printed before has come.
    Report(Report),
    /// It has ended.
    Gone(End),
    /// The time is up, and the cell still runs.
    TimeIsUp,
}

/// A copy of the runner, which sleeps.
#[derive(Debug)]
pub struct Checkpoint {
    channel: UnixStream,
    /// Its number, once it is known that there is a copy.
    process: Option<u32>,
}

/// The running processes.
#[derive(Debug)]
pub struct Host {
    /// What starts them.
    pub keeper: Keeper,
    process: u32,
    control: UnixStream,
    pipes: Option<[OwnedFd; 2]>,
    folder: PathBuf,
    run: u32,
    /// A report that has come and has not been passed on, because something was printed before it.
    pending: VecDeque<Option<Report>>,
    /// Whether a copy has been asked for, and the answer has not been read.
    copies: bool,
}

impl Host {
    /// Has the keeper make a runner. Pipes are made in the folder.
    pub fn start(mut keeper: Keeper, folder: &Path) -> io::Result<Self> {
        let (process, control) = keeper.runner()?;
        let (folder, pending) = (folder.to_path_buf(), VecDeque::new());
        Ok(Self { keeper, process, control, pipes: None, folder, run: 0, pending, copies: false })
    }

    /// The process number of the runner.
    pub fn id(&self) -> u32 {
        self.process
    }

    /// Whether the runner is there, as far as anybody knows.
    ///
    /// # Errors
    /// If there is no keeper any more, and so no runner either.
    pub fn is_alive(&mut self) -> io::Result<bool> {
        self.keeper.hear_all()?;
        Ok(self.keeper.end_of(self.process).is_none())
    }

    /// How the runner has ended; for one that [`Self::is_alive`] says has.
    pub fn end(&mut self) -> io::Result<End> {
        self.keeper.wait(self.process)
    }

    /// The names of the runner's threads besides the one that runs cells; empty for those without one of their own.
    pub fn threads(&self) -> Vec<String> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process));
        let others = tasks
            .into_iter()
            .flatten()
            .flatten()
            .filter(|task| *task.file_name() != *self.process.to_string());
        let name = |task: std::fs::DirEntry| {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            // Who has no name has that of the program, as far as the system keeps it.
            Some(name.trim()).filter(|name| !PROGRAM.starts_with(name)).unwrap_or_default().to_string()
        };
        others.map(name).collect()
    }

    /// Asks for a copy of the runner, which must have no other threads.
    pub fn copy(&mut self) -> io::Result<Checkpoint> {
        let (ours, theirs) = UnixStream::pair()?;
        self.answer(&Request::Checkpoint)?;
        send_descriptor(&self.control, theirs.as_fd())?;
        self.copies = true;
        Ok(Checkpoint { channel: ours, process: None })
    }

    /// Reads the answer to the last [`Self::copy`], and tells the copy of it: whether there is one.
    pub fn confirm(&mut self, copy: &mut Checkpoint) -> bool {
        while std::mem::take(&mut self.copies) {
            match read_frame(&mut self.control) {
                Ok(Some(Report::Checkpoint(process))) => copy.process = process,
                // Of a thread that has something to show.
                Ok(Some(_)) => self.copies = true,
                Ok(None) | Err(_) => {}
            }
        }
        copy.process.is_some()
    }

    /// A copy takes the runner's place. False if it has ended.
    pub fn resume(&mut self, copy: Checkpoint) -> io::Result<bool> {
        self.end_runner()?;
        let Some(process) = copy.process else { return Ok(false) };
        let is_there = self.keeper.runs(process)?;
        if is_there {
            self.take_over(process, copy.channel);
        }
        Ok(is_there)
    }

    /// A runner without variables takes the runner's place.
    pub fn begin_anew(&mut self) -> io::Result<()> {
        self.end_runner()?;
        let (process, control) = self.keeper.runner()?;
        self.take_over(process, control);
        Ok(())
    }

    fn take_over(&mut self, process: u32, control: UnixStream) {
        self.process = process;
        self.control = control;
        self.copies = false;
        self.pending.clear();
    }

    /// Kills the runner, unless it has ended.
    fn end_runner(&mut self) -> io::Result<()> {
        self.keeper.orders().signal(self.process, Signal::KILL);
        if self.keeper.is_awaited(self.process) {
            self.keeper.wait(self.process)?;
        }
        Ok(())
    }

    /// Loads a cell, after the crates that it needs, and lets it run within its bounds, with fresh pipes to print into; what
    /// comes is told by [`Self::next`].
    pub fn run(
        &mut self,
        run: u32,
        crates: &[PathBuf],
        (library, entry): (&Path, &str),
        bounds: Bounds,
    ) -> io::Result<()> {
        // The pipes of the run before are open, and need no name any more.
        let before = std::mem::replace(&mut self.run, run);
        for name in ["out", "err"] {
            let _ = std::fs::remove_file(self.folder.join(format!("{name}-{before}")));
        }
        let [out, err] = ["out", "err"].map(|name| self.folder.join(format!("{name}-{run}")));
        self.pipes = Some([pipe(&out)?, pipe(&err)?]);
        let text = |path: &Path| path.display().to_string();
        let run = Request::Run {
            crates: crates.iter().map(|it| text(it)).collect(),
            library: text(library),
            entry: entry.to_string(),
            stdout: text(&out),
            stderr: text(&err),
            bounds,
        };
        self.answer(&run)
    }

    /// Sends a request or an answer.
    pub fn answer(&mut self, request: &Request) -> io::Result<()> {
        write_frame(&mut self.control, request).map_err(|error| match error {
            FrameError::Io(error) => error,
            other => io::Error::other(other.to_string()),
        })
    }

    /// Waits for what comes next while a cell runs, until the deadline.
    pub fn next(&mut self, deadline: Option<Instant>) -> io::Result<Incoming> {
        loop {
            let Some([out, err]) = &self.pipes else { return Err(io::Error::other("no cell runs")) };
            let has_ended = self.keeper.end_of(self.process).is_some();
            let waits = match (self.pending.is_empty() && !has_ended, deadline) {
                (false, _) => Some(Duration::ZERO),
                (true, Some(deadline)) => Some(deadline.saturating_duration_since(Instant::now())),
                (true, None) => None,
            };
            let [printed, reported, news] = wait(&self.control, [out, err], self.keeper.news(), waits)?;
            // The pipes go first: what was printed before a report comes before it.
            if printed && let Some(printed) = read_pipes(out, err)? {
                return Ok(printed);
            }
            if let Some(report) = self.pending.pop_front() {
                return self.take_in(report);
            }
            if reported {
                let report: Option<Report> = read_frame(&mut self.control).unwrap_or_else(|error| {
                    tracing::warn!("the runner says what nobody understands: {error}");
                    None
                });
                // What was printed between the look into the pipes and the report belongs before it.
                if let Some(printed) = read_pipes(out, err)? {
                    self.pending.push_back(report);
                    return Ok(printed);
                }
                return self.take_in(report);
            }
            if has_ended {
                return Ok(Incoming::Gone(self.keeper.wait(self.process)?));
            }
            if news {
                self.keeper.hear()?;
            } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(Incoming::TimeIsUp);
            } else if printed {
                // A pipe that hangs up without a reader being left: nothing is printed before the runner opens it.
                thread::sleep(Duration::from_micros(50));
            }
        }
    }

    fn take_in(&mut self, report: Option<Report>) -> io::Result<Incoming> {
        match report {
            Some(report) => Ok(Incoming::Report(report)),
            None => {
                // It has closed the channel, or said what is no report: it is not to be trusted any more.
                self.keeper.orders().signal(self.process, Signal::KILL);
                Ok(Incoming::Gone(self.keeper.wait(self.process)?))
            }
        }
    }

    /// Gives up the pipes of the cell that has ended; what still comes through them goes to this function, on a thread of
    /// its own, until the last process that has them is gone.
    pub fn let_go(&mut self, late: impl Fn(Stream, &[u8]) + Send + Sync + 'static) {
        let Some(pipes) = self.pipes.take() else { return };
        let late = std::sync::Arc::new(late);
        for (pipe, stream) in pipes.into_iter().zip([Stream::Out, Stream::Err]) {
            let late = late.clone();
            let read_on = move || {
                let _ = rustix::io::ioctl_fionbio(&pipe, false);
                let mut pipe = File::from(pipe);
                let mut chunk = vec![0; CHUNK];
                while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                    late(stream, &chunk[..count]);
                }
            };
            // Without a thread, late output is lost, and nothing else.
            let _ = thread::Builder::new().name("late output".to_string()).spawn(read_on);
        }
    }
}

/// Waits until one of the three has something: the pipes, the channel, the keeper.
fn wait(
    control: &UnixStream,
    [out, err]: [&OwnedFd; 2],
    news: impl AsFd,
    most: Option<Duration>,
) -> io::Result<[bool; 3]> {
    let mut polled = [
        PollFd::new(out, PollFlags::IN),
        PollFd::new(err, PollFlags::IN),
        PollFd::new(control, PollFlags::IN),
        PollFd::from_borrowed_fd(news.as_fd(), PollFlags::IN),
    ];
    let most =
        most.map(|it| Timespec { tv_sec: it.as_secs().cast_signed(), tv_nsec: it.subsec_nanos().into() });
    match poll(&mut polled, most.as_ref()) {
        Err(error) if error != rustix::io::Errno::INTR => return Err(error.into()),
        _ => {}
    }
    let [out, err, control, news] = polled.map(|it| !it.revents().is_empty());
    Ok([out || err, control, news])
}

/// Makes a named pipe and opens its end for reading, which does not wait for anybody to write.
fn pipe(path: &Path) -> io::Result<OwnedFd> {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    Ok(rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?)
}

fn read_pipes(out: impl AsFd, err: impl AsFd) -> io::Result<Option<Incoming>> {
    let mut chunk = vec![0; CHUNK];
    for (pipe, stream) in [(out.as_fd(), Stream::Out), (err.as_fd(), Stream::Err)] {
        match rustix::io::read(pipe, &mut chunk[..]) {
            Ok(0) | Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Ok(count) => {
                chunk.truncate(count);
                return Ok(Some(Incoming::Printed(stream, chunk)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
