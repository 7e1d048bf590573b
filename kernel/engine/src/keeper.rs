//! The keeper, seen from the kernel: it starts what runs on behalf of the notebook, and ends it all when the kernel has gone.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use netsplit_control::{Bounds, Confinement, End, News, Order, read_frame, send_descriptor, write_frame};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Signal;

use crate::session_folders::SessionFolders;

/// How long the keeper may take to clean up when it has been let go.
const PATIENCE: Duration = Duration::from_secs(6);

/// A running keeper. One thread asks it for processes and hears of their ends; others may send signals.
#[derive(Debug)]
pub struct Keeper {
    process: Child,
    news: UnixStream,
    orders: Arc<Orders>,
    folders: SessionFolders,
    /// What programs may use.
    bounds: Bounds,
    /// The processes whose ends somebody waits for.
    awaited: BTreeSet<u32>,
    /// Those of them that have ended.
    ended: BTreeMap<u32, End>,
}

/// Where orders go, from any thread.
#[derive(Debug)]
pub struct Orders(Mutex<UnixStream>);

impl Orders {
    /// Sends a signal to a process that the keeper has started, and to what it has started itself. Nothing happens if it has
    /// ended.
    pub fn signal(&self, process: u32, signal: Signal) {
        let order = Order::Signal { process, signal: signal.as_raw().unsigned_abs() };
        // Without a keeper there is no process either.
        let _ = self.send(&order, &[]);
    }

    fn send(&self, order: &Order, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write_frame(&mut &*socket, order).map_err(|error| io::Error::other(error.to_string()))?;
        descriptors.iter().try_for_each(|descriptor| send_descriptor(&socket, *descriptor))
    }
}

impl Keeper {
    /// Starts the keeper, which loads these libraries for all cells, and removes the folder when the kernel has gone.
    pub fn start(
        program: &Path,
        libraries: &[PathBuf],
        folders: &SessionFolders,
        environment: &[(String, String)],
    ) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(program);
        if let Some(environment) = folders.environment() {
            command.env_clear().envs(environment);
        }
        let process = command
            .arg(&folders.session)
            .args(libraries)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            // Of a build that started the kernel; the host finds its libraries by itself, and so do the cells' children.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()?;
        let orders = Arc::new(Orders(Mutex::new(ours.try_clone()?)));
        let (awaited, ended) = (BTreeSet::new(), BTreeMap::new());
        let folders = folders.clone();
        Ok(Self { process, news: ours, orders, folders, bounds: Bounds::default(), awaited, ended })
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where orders go.
    pub fn orders(&self) -> Arc<Orders> {
        self.orders.clone()
    }

    /// From now on, programs have these bounds.
    pub fn bound_programs(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Makes a runner; returns its number and the channel to it.
    pub fn runner(&mut self) -> io::Result<(u32, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let process = self.ask(&Order::Runner(self.folders.of_cells()), &[theirs.as_fd()])?;
        Ok((process, ours))
    }

    /// A copy of a runner that has ended is the runner now. False if the copy has ended, too.
    pub fn runs(&mut self, process: u32) -> io::Result<bool> {
        match self.ask(&Order::Runs(process), &[]) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Starts a program with these as its stdin, stdout and stderr; returns its number. In a confined session it is held to what the
    /// compiler may reach.
    pub fn program(&mut self, command: &Command, streams: [BorrowedFd<'_>; 3]) -> io::Result<u32> {
        let (confinement, bounds) = (self.folders.of_compiler(), self.bounds);
        self.program_within(command, streams, confinement, bounds)
    }

    /// Starts a program that is held to this, whatever holds for the session.
    pub fn program_within(
        &mut self,
        command: &Command,
        streams: [BorrowedFd<'_>; 3],
        confinement: Option<Confinement>,
        bounds: Bounds,
    ) -> io::Result<u32> {
        let text = |it: &std::ffi::OsStr| it.to_string_lossy().into_owned();
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let order = Order::Program {
            command: words.map(text).collect(),
            folder: command.get_current_dir().map(|folder| folder.display().to_string()),
            environment: command.get_envs().map(|(name, value)| (text(name), value.map(text))).collect(),
            confinement,
            bounds,
        };
        self.ask(&order, &streams)
    }

    fn ask(&mut self, order: &Order, descriptors: &[BorrowedFd<'_>]) -> io::Result<u32> {
        self.orders.send(order, descriptors)?;
        loop {
            match self.next()? {
                News::Started(process) => {
                    self.awaited.insert(process);
                    return Ok(process);
                }
                News::NotStarted(reason) => return Err(io::Error::new(io::ErrorKind::NotFound, reason)),
                News::Ended { process, end } => self.has_ended(process, end),
            }
        }
    }

    fn next(&mut self) -> io::Result<News> {
        let news = read_frame(&mut self.news).map_err(|error| io::Error::other(error.to_string()))?;
        news.ok_or_else(|| {
            io::Error::new(io::ErrorKind::UnexpectedEof, "the keeper of the cells' processes has ended")
        })
    }

    fn has_ended(&mut self, process: u32, end: End) {
        if self.awaited.remove(&process) {
            self.ended.insert(process, end);
        }
    }

    /// Whether there is news, for whoever waits for other things too: then [`Self::hear`] does not wait.
    pub fn news(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }

    /// Hears the next news.
    pub fn hear(&mut self) -> io::Result<()> {
        if let News::Ended { process, end } = self.next()? {
            self.has_ended(process, end);
        }
        Ok(())
    }

    /// How a process has ended, if it has and that has been heard.
    pub fn end_of(&self, process: u32) -> Option<End> {
        self.ended.get(&process).copied()
    }

    /// Whether a process was started and nobody has waited for it.
    pub fn is_awaited(&self, process: u32) -> bool {
        self.awaited.contains(&process) || self.ended.contains_key(&process)
    }

    /// Hears all news that there is, without waiting for more.
    pub fn hear_all(&mut self) -> io::Result<()> {
        loop {
            let mut polled = [PollFd::new(&self.news, PollFlags::IN)];
            if poll(&mut polled, Some(&Timespec::default()))? == 0 {
                return Ok(());
            }
            self.hear()?;
        }
    }

    /// Waits for a process that was started; it may be asked for once.
    pub fn wait(&mut self, process: u32) -> io::Result<End> {
        loop {
            if let Some(end) = self.ended.remove(&process) {
                return Ok(end);
            }
            self.hear()?;
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The folder is in the hands of whoever has made it, and others may be using it already.
        let _ = self.orders.send(&Order::End, &[]);
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(500));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
