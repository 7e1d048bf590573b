//! The cell host, seen from the kernel: a process, the control channel to it, and the pipes that it prints into.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use netsplit_control::{Report, Request, read_frame, write_frame};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};

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

/// What comes from the host while a cell runs.
#[derive(Debug)]
pub enum Incoming {
    /// It printed.
    Printed(Stream, Vec<u8>),
    /// It reports; everything that it printed before has come.
    Report(Report),
    /// It has ended.
    Gone(ExitStatus),
}

/// A running cell host.
#[derive(Debug)]
pub struct Host {
    process: Child,
    control: UnixStream,
    pipes: Option<[OwnedFd; 2]>,
    folder: PathBuf,
    run: u32,
    /// A report that has come and has not been passed on, because something was printed before it.
    pending: VecDeque<Option<Report>>,
}

impl Host {
    /// Starts a host, which loads these libraries for its cells. Pipes are made in the folder.
    pub fn start(
        program: &Path,
        libraries: &[PathBuf],
        folder: &Path,
        environment: &[(String, String)],
    ) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let process = Command::new(program)
            .args(libraries)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            // Of a build that started the kernel; the host finds its libraries by itself, and so do the cells' children.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?;
        Ok(Self {
            process,
            control: ours,
            pipes: None,
            folder: folder.to_path_buf(),
            run: 0,
            pending: VecDeque::new(),
        })
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Loads a cell and lets it run, with fresh pipes to print into; what comes is told by [`Self::next`].
    pub fn run(&mut self, run: u32, crates: &[PathBuf], library: &Path, entry: &str) -> io::Result<()> {
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
        };
        self.answer(&run)
    }

    /// Sends a request or an answer.
    pub fn answer(&mut self, request: &Request) -> io::Result<()> {
        write_frame(&mut self.control, request).map_err(|error| io::Error::other(error.to_string()))
    }

    /// Waits for what comes next while a cell runs.
    pub fn next(&mut self) -> io::Result<Incoming> {
        loop {
            let Some([out, err]) = &self.pipes else { return Err(io::Error::other("no cell runs")) };
            let mut polled = [
                PollFd::new(out, PollFlags::IN),
                PollFd::new(err, PollFlags::IN),
                PollFd::new(&self.control, PollFlags::IN),
            ];
            if !self.pending.is_empty() {
                // Nothing to wait for.
            } else if let Err(error) = poll(&mut polled, None)
                && error != rustix::io::Errno::INTR
            {
                return Err(error.into());
            }
            // The pipes go first: what was printed before a report comes before it.
            if let Some(printed) = read_pipes(out, err)? {
                return Ok(printed);
            }
            if let Some(report) = self.pending.pop_front() {
                return self.take_in(report);
            }
            let [.., control] = &polled;
            if control.revents().is_empty() {
                // A pipe that hangs up without a reader being left: nothing is printed before the host opens it.
                thread::sleep(std::time::Duration::from_micros(50));
                continue;
            }
            let report: Option<Report> = match read_frame(&mut self.control) {
                Ok(report) => report,
                Err(error) => {
                    tracing::warn!("the cell host says what nobody understands: {error}");
                    None
                }
            };
            // What was printed between the look into the pipes and the report belongs before it.
            if let Some(printed) = read_pipes(out, err)? {
                self.pending.push_back(report);
                return Ok(printed);
            }
            return self.take_in(report);
        }
    }

    fn take_in(&mut self, report: Option<Report>) -> io::Result<Incoming> {
        match report {
            Some(report) => Ok(Incoming::Report(report)),
            None => {
                let _ = self.process.kill();
                Ok(Incoming::Gone(self.process.wait()?))
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

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
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

/// How a process has ended, in words.
pub fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(11)) => {
            "signal 11: mostly a recursion without end, which overflows the stack".to_string()
        }
        (None, Some(6)) => {
            "signal 6: it aborted itself, as a recursion without end or a panic inside a panic does"
                .to_string()
        }
        (None, Some(9)) => "signal 9: it was killed, as a machine without memory does".to_string(),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}
