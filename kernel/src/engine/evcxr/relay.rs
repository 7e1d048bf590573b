//! The process between evcxr and the process that runs the cells.
//!
//! evcxr takes what a cell prints line by line, swallows the marks by which a panic shows, and hears of a cell's end
//! before all of its stderr has been read. So evcxr starts this relay in the place of the process that runs the cells;
//! the relay starts that one, passes evcxr what evcxr needs, and reports everything else to the kernel on a socket of
//! their own ([`Report`]): text as it is printed, contents in their order, panics with their message.
//!
//! ```text
//! kernel -- evcxr --stdin/stdout--> relay --stdin/stdout/stderr--> cells
//!       \-------- reports --------<-/
//! ```
//!
//! The relay also kills: the cells' process and all that they started, when the kernel interrupts or is gone.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::failures::split_panic;
use super::printed::{COMPLETE, PANICKED, Piece, Printed, RETURNED_ERROR, take_utf8};
use super::report::{ACKNOWLEDGED, BEGIN, INTERRUPT, Report};

/// The variable that makes this program a relay; its value is the path of the kernel's socket.
pub const RELAY: &str = "NETSPLIT_RELAY";
/// Printed text is held this long, so that many small writes make one message.
const HOLD: Duration = Duration::from_millis(5);
/// Text on stderr is held longer, so that an error's own text can be told from what was printed before it when the mark
/// of the error comes. What comes too late for that is shown twice: as printed text, and in the error.
const HOLD_STDERR: Duration = Duration::from_millis(25);
/// The text of a panic is held longer: the mark comes when the stack is unwound.
const HOLD_PANIC: Duration = Duration::from_millis(200);
/// No more text than this is held.
const LARGEST_HOLD: usize = 64 * 1024;
/// How often a relay looks whether its child has ended without closing its stdout (a grandchild may have it too).
const LOOK: Duration = Duration::from_millis(100);

/// Relays until the child, evcxr or the kernel ends.
pub fn run(socket: &OsStr) -> ! {
    let code = match Relay::start(socket).and_then(Relay::run) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("the relay between the kernel and its cells failed: {error}");
            1
        }
    };
    std::process::exit(code)
}

struct Relay {
    link: UnixStream,
    child: Child,
    /// Taken away when evcxr closes its end.
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: ChildStderr,
    stderr_is_open: bool,
    /// What evcxr has sent of a line.
    instruction: Vec<u8>,
    printed: Printed,
    stderr_bytes: Vec<u8>,
    held_stdout: String,
    held_stderr: String,
    /// What has been released of this cell's stderr, in case that a mark comes later than text is held.
    released_stderr: String,
    /// Since when the oldest text is held.
    held_since: Option<Instant>,
    running: bool,
    /// The next cell shall not begin.
    skip: bool,
}

impl Relay {
    fn start(socket: &OsStr) -> io::Result<Self> {
        let link = UnixStream::connect(socket)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(std::env::args_os().skip(1))
            .env_remove(RELAY)
            // The message and the place of a panic are enough; a stack of evcxr's functions helps nobody.
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let taken = "the three were asked for";
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (stdout, stderr) = (stdout.expect(taken), stderr.expect(taken));
        rustix::io::ioctl_fionbio(&stdout, true)?;
        rustix::io::ioctl_fionbio(&stderr, true)?;
        Ok(Self {
            link,
            child,
            stdin,
            stdout,
            stderr,
            stderr_is_open: true,
            instruction: Vec::new(),
            printed: Printed::default(),
            stderr_bytes: Vec::new(),
            held_stdout: String::new(),
            held_stderr: String::new(),
            released_stderr: String::new(),
            held_since: None,
            running: false,
            skip: false,
        })
    }

    fn run(mut self) -> io::Result<i32> {
        loop {
            let [from_evcxr, from_kernel, stdout, stderr] = self.wait()?;
            if from_kernel && !self.hear_kernel()? {
                self.kill();
                return Ok(1);
            }
            if stderr {
                self.read_stderr()?;
            }
            if (stdout && !self.read_stdout()?) || (!stdout && self.child.try_wait()?.is_some()) {
                return self.child_ended();
            }
            if from_evcxr {
                self.hear_evcxr()?;
            }
            if self.held_since.is_some_and(|since| since.elapsed() >= self.hold()) {
                self.release()?;
            }
        }
    }

    /// Waits until there is something to do, and says which of the four can be read.
    fn wait(&self) -> io::Result<[bool; 4]> {
        let stdin = io::stdin();
        // An end that has hung up would make every wait return at once: another one is waited for twice in its place.
        let link = self.link.as_fd();
        let from_evcxr = if self.stdin.is_some() { stdin.as_fd() } else { link };
        let stderr = if self.stderr_is_open { self.stderr.as_fd() } else { link };
        let fds = [from_evcxr, link, self.stdout.as_fd(), stderr];
        let mut fds = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let wait = match self.held_since {
            Some(since) => self.hold().saturating_sub(since.elapsed()).min(LOOK),
            None => LOOK,
        };
        let timeout = Timespec::try_from(wait).map_err(io::Error::other)?;
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = fds.map(|fd| !fd.revents().is_empty());
        ready[0] &= self.stdin.is_some();
        ready[3] &= self.stderr_is_open;
        Ok(ready)
    }

    /// Reads what evcxr tells the child, and passes it on unless the cell is not to run.
    fn hear_evcxr(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        let length = rustix::io::read(io::stdin(), &mut bytes)?;
        if length == 0 {
            // This asks the child to end; it does when no cell runs.
            self.stdin = None;
            return Ok(());
        }
        self.instruction.extend_from_slice(&bytes[..length]);
        while let Some(end) = self.instruction.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.instruction.drain(..=end).collect();
            let runs_cell = line.starts_with(b"LOAD_AND_RUN");
            if runs_cell && self.skip {
                // For evcxr, this cell has returned early: it keeps the variables that it had before.
                self.report(&Report::NotRun)?;
                self.tell_evcxr(RETURNED_ERROR)?;
                self.finish_cell()?;
                continue;
            }
            if runs_cell {
                self.running = true;
                self.released_stderr.clear();
            }
            if let Some(stdin) = &mut self.stdin {
                // A child that is gone shows on its stdout.
                let _ = stdin.write_all(&line);
            }
        }
        Ok(())
    }

    /// Reads what the kernel says; false if it is gone.
    fn hear_kernel(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 16];
        let length = self.link.read(&mut bytes)?;
        for byte in &bytes[..length] {
            match *byte {
                BEGIN => self.skip = false,
                INTERRUPT if self.running => self.kill(),
                INTERRUPT => self.skip = true,
                _ => {}
            }
        }
        Ok(length > 0)
    }

    /// Reads what there is on stdout; false if it is closed.
    fn read_stdout(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 16 * 1024];
        let length = match self.stdout.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            length => length?,
        };
        for piece in self.printed.feed(&bytes[..length]) {
            self.deal_with(piece)?;
        }
        Ok(length > 0)
    }

    /// Reads everything that there is on stderr.
    fn read_stderr(&mut self) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        loop {
            match self.stderr.read(&mut bytes) {
                Ok(0) => {
                    self.stderr_is_open = false;
                    return Ok(());
                }
                Ok(length) => {
                    self.stderr_bytes.extend_from_slice(&bytes[..length]);
                    let text = take_utf8(&mut self.stderr_bytes);
                    self.hold_text(&text, false)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn deal_with(&mut self, piece: Piece) -> io::Result<()> {
        match piece {
            Piece::Text(text) => self.hold_text(&text, true),
            Piece::Content { mime, text } => {
                self.release()?;
                self.report(&Report::Content { mime, text })
            }
            Piece::Panicked => {
                self.read_stderr()?;
                let (printed, mut panic) = split_panic(&std::mem::take(&mut self.held_stderr));
                self.held_stderr = printed;
                if panic.is_empty() {
                    panic = split_panic(&self.released_stderr).1;
                }
                self.release()?;
                self.report(&Report::Panicked(panic))?;
                self.tell_evcxr(PANICKED)
            }
            Piece::ReturnedError => {
                self.read_stderr()?;
                let (printed, mut error) = split_last_line(&self.held_stderr);
                self.held_stderr = printed;
                if error.is_empty() {
                    error = split_last_line(&self.released_stderr).1;
                }
                self.release()?;
                self.report(&Report::ReturnedError(error))?;
                self.tell_evcxr(RETURNED_ERROR)
            }
            Piece::Complete => self.finish_cell(),
            Piece::ForEvcxr(line) => self.tell_evcxr(&line),
        }
    }

    /// Everything that the cell printed is in the pipes when it ends; evcxr hears of the end when it has arrived.
    fn finish_cell(&mut self) -> io::Result<()> {
        self.read_stderr()?;
        self.release()?;
        self.report(&Report::Done)?;
        self.await_acknowledgement()?;
        self.running = false;
        self.skip = false;
        self.tell_evcxr(COMPLETE)
    }

    fn child_ended(mut self) -> io::Result<i32> {
        // Grandchildren may hold the pipes open; what they print from now on belongs to nobody.
        self.kill();
        let status = self.child.wait()?;
        while self.read_some_stdout()? {}
        self.read_stderr()?;
        if let Some(Piece::Text(rest)) = self.printed.end() {
            self.hold_text(&rest, true)?;
        }
        self.release()?;
        self.report(&Report::Ended(describe(status)))?;
        self.await_acknowledgement()?;
        Ok(status.code().unwrap_or(1))
    }

    fn read_some_stdout(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 16 * 1024];
        match self.stdout.read(&mut bytes) {
            Ok(length) if length > 0 => {
                for piece in self.printed.feed(&bytes[..length]) {
                    match piece {
                        // A mark before the end changes nothing any more.
                        Piece::Text(text) => self.hold_text(&text, true)?,
                        Piece::Content { mime, text } => self.report(&Report::Content { mime, text })?,
                        _ => {}
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Holds text of one stream; text of the other stream that is held goes first, so that they keep their order.
    fn hold_text(&mut self, text: &str, is_stdout: bool) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let other_is_held = match is_stdout {
            // The text of a panic stays: its mark comes on stdout.
            true => !self.held_stderr.is_empty() && !holds_panic(&self.held_stderr),
            false => !self.held_stdout.is_empty(),
        };
        if other_is_held || self.held_stdout.len() + self.held_stderr.len() > LARGEST_HOLD {
            self.release()?;
        }
        match is_stdout {
            true => self.held_stdout.push_str(text),
            false => self.held_stderr.push_str(text),
        }
        self.held_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    fn hold(&self) -> Duration {
        match self.held_stderr.is_empty() {
            true => HOLD,
            false if holds_panic(&self.held_stderr) => HOLD_PANIC,
            false => HOLD_STDERR,
        }
    }

    fn release(&mut self) -> io::Result<()> {
        self.held_since = None;
        let (stdout, stderr) = (std::mem::take(&mut self.held_stdout), std::mem::take(&mut self.held_stderr));
        self.released_stderr.push_str(&stderr);
        let excess = self.released_stderr.len().saturating_sub(LARGEST_HOLD);
        self.released_stderr.drain(..self.released_stderr.ceil_char_boundary(excess));
        for (report, text) in [(Report::Stdout as fn(String) -> Report, stdout), (Report::Stderr, stderr)] {
            if !text.is_empty() {
                self.report(&report(text))?;
            }
        }
        Ok(())
    }

    fn report(&mut self, report: &Report) -> io::Result<()> {
        report.write(&mut self.link)
    }

    fn await_acknowledgement(&mut self) -> io::Result<()> {
        let mut byte = [0];
        while byte[0] != ACKNOWLEDGED {
            self.link.read_exact(&mut byte)?;
        }
        Ok(())
    }

    fn tell_evcxr(&self, line: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{line}")?;
        stdout.flush()
    }

    /// Kills the child and everything that it started.
    fn kill(&self) {
        // It may be gone already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
    }
}

fn holds_panic(text: &str) -> bool {
    text.contains("panicked at ")
}

/// The last line of what was printed on stderr, which is the error that a `?` has returned, and what is before it.
fn split_last_line(stderr: &str) -> (String, String) {
    let text = stderr.trim_end_matches('\n');
    let last = text.rsplit('\n').next().unwrap_or_default();
    (text[..text.len() - last.len()].to_string(), last.to_string())
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}
