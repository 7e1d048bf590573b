//! The kernel's side of the assistant process: starts it when first asked, asks it, ends it.
//!
//! ```text
//! ask()  --newest question-->  slot  --when the process is free-->  process
//!   ^                                                                  |
//!   '------------- answer, or the deadline, or a newer question -------'
//! ```
//!
//! Front ends ask at every Tab, and an answer that comes late is of no use to anyone. So there is one slot and no queue:
//! a newer question takes the place of an older one, and at the deadline the caller is told to answer by itself.
//!
//! A thread of its own starts the process, talks to it, and ends it when nothing was asked for minutes. It lives as long as
//! the process, since Linux ties "die with your parent" to the *thread* that started a child.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::protocol::{Answer, Asked, Question, Said};

/// How an assistant is run. There is no default for the program: whoever starts it knows where it is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program `netsplit-assistant`.
    pub program: PathBuf,
    /// Its arguments, `--library <sources>`; `--folder <private folder>` is added.
    pub arguments: Vec<String>,
    /// The folder in which the process gets a folder of its own; the kernel's session directory.
    pub folder: PathBuf,
    /// How long a question waits for its answer.
    pub deadline: Duration,
    /// The process ends when nothing was asked for so long.
    pub idle: Duration,
    /// A process that takes longer than this to start, or for one question, is taken for hung, and killed.
    pub patience: Duration,
    /// How often in a row the process may end without having answered anything, before it is given up.
    pub restarts: u32,
}

impl Settings {
    /// The settings of a kernel; what differs elsewhere is set afterwards.
    pub fn new(program: PathBuf, arguments: Vec<String>, folder: PathBuf) -> Self {
        Self {
            program,
            arguments,
            folder,
            deadline: Duration::from_secs(3),
            idle: Duration::from_secs(10 * 60),
            patience: Duration::from_secs(60),
            restarts: 3,
        }
    }
}

/// What comes of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The assistant's answer.
    Answered(Answer),
    /// The process is starting, or has not answered in time: the kernel answers by itself.
    NotReady,
    /// A newer question has been asked: nobody waits for this answer any more.
    Superseded,
    /// There is no assistant, and why.
    Unavailable(String),
}

/// The assistant of one kernel.
#[derive(Debug)]
pub struct Assistant {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: Settings,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// The thread that looks after the process.
    keeper: Option<JoinHandle<()>>,
    /// Numbers the processes: what an older one still says is not listened to.
    generation: u64,
    /// The process, to be killed from any thread.
    child: Option<Child>,
    /// The number of the newest question.
    newest: u64,
    /// The newest question, as long as it is not sent.
    slot: Option<Asked>,
    /// The question that the process works on, and since when.
    working: Option<(u64, Instant)>,
    /// The last answer, and to which question.
    answer: Option<(u64, Answer)>,
    /// When something was asked or answered last.
    used: Option<Instant>,
    /// How often in a row the process ended without an answer.
    failures: u32,
    /// Why there will be no process any more.
    given_up: Option<String>,
    closing: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Stopped,
    /// Since when.
    Starting(Instant),
    Ready,
    /// It has ended, or must; its keeper has still to tidy up.
    Ending,
}

impl Assistant {
    /// An assistant whose process is not started yet.
    pub fn new(settings: Settings) -> Self {
        let (state, changed) = (Mutex::new(State::default()), Condvar::new());
        Self { shared: Arc::new(Shared { settings, state, changed }) }
    }

    /// Asks, and waits for the answer until the deadline. The first question starts the process, and while it starts no
    /// question waits.
    pub fn ask(&self, question: Question) -> Reply {
        let deadline = Instant::now() + self.shared.settings.deadline;
        let mut state = self.shared.lock();
        state.newest += 1;
        let id = state.newest;
        state.used = Some(Instant::now());
        // Whoever waits for an older question leaves.
        self.shared.changed.notify_all();
        if let Some(why) = &state.given_up {
            return Reply::Unavailable(why.clone());
        }
        if state.phase != Phase::Ready {
            self.start(&mut state);
            return Reply::NotReady;
        }
        state.slot = Some(Asked { id, question });
        loop {
            if let Some((_, answer)) = state.answer.take_if(|(of, _)| *of == id) {
                return Reply::Answered(answer);
            }
            if state.newest != id {
                return Reply::Superseded;
            }
            if state.phase != Phase::Ready || Instant::now() >= deadline {
                // An answer that comes later is of no use to anyone.
                state.slot = None;
                return Reply::NotReady;
            }
            state = self.shared.wait(state, Some(deadline));
        }
    }

    /// Starts the process ahead of the first question, if it does not run; returns at once.
    pub fn warm_up(&self) {
        let mut state = self.shared.lock();
        state.used = Some(Instant::now());
        if state.phase == Phase::Stopped && state.given_up.is_none() {
            self.start(&mut state);
        }
    }

    /// Whether the process answers questions at once.
    pub fn is_ready(&self) -> bool {
        self.shared.lock().phase == Phase::Ready
    }

    /// The id of the process, if there is one.
    pub fn process(&self) -> Option<u32> {
        self.shared.lock().child.as_ref().map(Child::id)
    }

    fn start(&self, state: &mut State) {
        if state.phase != Phase::Stopped || state.closing {
            return;
        }
        state.phase = Phase::Starting(Instant::now());
        state.generation += 1;
        let (shared, generation) = (Arc::clone(&self.shared), state.generation);
        let keeper = thread::Builder::new().name("assistant".into()).spawn(move || shared.keep(generation));
        match keeper {
            Ok(keeper) => state.keeper = Some(keeper),
            Err(error) => {
                state.phase = Phase::Stopped;
                state.given_up = Some(format!("cannot start a thread for the assistant: {error}"));
            }
        }
    }
}

impl Drop for Assistant {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closing = true;
        // The keeper may be writing to a process that does not read: the process goes first.
        state.kill();
        let keeper = state.keeper.take();
        drop(state);
        self.shared.changed.notify_all();
        if let Some(keeper) = keeper {
            let _ = keeper.join();
        }
    }
}

impl State {
    fn kill(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
        }
    }

    /// When the keeper has to look again, if nothing happens before.
    fn alarm(&self, settings: &Settings) -> Option<Instant> {
        let hung = match (self.phase, self.working) {
            (Phase::Starting(since), _) | (_, Some((_, since))) => Some(since + settings.patience),
            _ => None,
        };
        hung.or_else(|| self.used.map(|used| used + settings.idle))
    }
}

/// Why a process has come to its end.
enum End {
    /// It was not needed any more.
    Unused,
    /// It must not have ended.
    Failure(String),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, until: Option<Instant>) -> MutexGuard<'a, State> {
        let Some(until) = until else {
            return self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        let time = until.saturating_duration_since(Instant::now());
        self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }

    /// The life of one process.
    fn keep(self: &Arc<Self>, generation: u64) {
        let end = self.run(generation).unwrap_or_else(End::Failure);
        let mut state = self.lock();
        state.kill();
        if let Some(mut child) = state.child.take() {
            let _ = child.wait();
        }
        if let End::Failure(why) = end
            && !state.closing
        {
            tracing::warn!("the assistant has ended: {why}");
            state.failures += 1;
            if state.failures >= self.settings.restarts {
                state.given_up = Some(format!(
                    "the assistant ended {} times in a row, the last time: {why}",
                    state.failures
                ));
            }
        }
        state.phase = Phase::Stopped;
        state.working = None;
        drop(state);
        self.changed.notify_all();
    }

    fn run(self: &Arc<Self>, generation: u64) -> Result<End, String> {
        // Vanishes with the process that works in it.
        let folder = tempfile::Builder::new().prefix("assistant-").tempdir_in(&self.settings.folder);
        let folder =
            folder.map_err(|error| format!("cannot write to {}: {error}", self.settings.folder.display()))?;
        let mut child = Command::new(&self.settings.program)
            .args(&self.settings.arguments)
            .arg("--folder")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run {}: {error}", self.settings.program.display()))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let mut state = self.lock();
        state.child = Some(child);
        if state.closing {
            return Ok(End::Unused);
        }
        drop(state);
        let (Some(stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
            return Err("the process has no pipes".to_string());
        };
        let listener = Arc::clone(self);
        thread::spawn(move || listener.listen(stdout, generation));
        thread::spawn(move || log(stderr));
        self.talk(stdin)
    }

    /// Sends the newest question whenever the process is free.
    fn talk(&self, mut stdin: ChildStdin) -> Result<End, String> {
        let mut state = self.lock();
        loop {
            if state.closing {
                return Ok(End::Unused);
            }
            if state.phase == Phase::Ending {
                return Err("its output ended, or was no answer".to_string());
            }
            if state.phase == Phase::Ready
                && state.working.is_none()
                && let Some(asked) = state.slot.take()
            {
                state.working = Some((asked.id, Instant::now()));
                drop(state);
                let mut line = serde_json::to_vec(&asked).map_err(|error| error.to_string())?;
                line.push(b'\n');
                stdin.write_all(&line).map_err(|error| format!("it does not read: {error}"))?;
                state = self.lock();
                continue;
            }
            let alarm = state.alarm(&self.settings);
            if alarm.is_some_and(|alarm| Instant::now() >= alarm) {
                return match state.phase == Phase::Ready && state.working.is_none() {
                    true => Ok(End::Unused),
                    false => Err(format!("it did not answer for {:?}", self.settings.patience)),
                };
            }
            state = self.wait(state, alarm);
        }
    }

    /// Takes what the process says, until it ends or talks nonsense.
    fn listen(&self, stdout: impl Read, generation: u64) {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let mut state = self.lock();
            if state.generation != generation {
                return;
            }
            match serde_json::from_str(&line) {
                Ok(Said::Ready) if matches!(state.phase, Phase::Starting(_)) => state.phase = Phase::Ready,
                Ok(Said::Answered { id, answer }) if state.working.is_some_and(|(of, _)| of == id) => {
                    state.working = None;
                    state.failures = 0;
                    state.used = Some(Instant::now());
                    state.answer = Some((id, answer));
                }
                _ => {
                    let shown: String = line.chars().take(200).collect();
                    tracing::warn!("expected an answer of the assistant, got {shown:?}");
                    break;
                }
            }
            self.changed.notify_all();
        }
        let mut state = self.lock();
        // Its keeper may have tidied up before the last was heard of it.
        if state.generation == generation && state.phase != Phase::Stopped {
            state.phase = Phase::Ending;
            self.changed.notify_all();
        }
    }
}

/// What the process prints on its stderr is for whoever looks after the kernel, never for a cell.
fn log(stderr: impl Read) {
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        tracing::info!(target: "netsplit_assistant::process", "{}", String::from_utf8_lossy(&line));
    }
}
