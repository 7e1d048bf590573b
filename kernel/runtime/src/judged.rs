//! The host of an answer that is judged: a process that makes copies of itself for a judge, each of which loads the answer and does what the judge
//! asks.
//!
//! This process runs nothing of the answer, so a copy knows of no other copy: statics of the answer are as many as its nodes have lives. It is
//! confined before it makes the first one.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};
use netsplit::grade::host::{Answers, ENTRY, News, Order, receive, serve};
use netsplit_confinement::{Policy, Strictness, deny_company};
use netsplit_control::Bounds;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Resource, Rlimit, WaitOptions, setrlimit, wait};
use rustix::stdio::dup2_stderr;

use crate::fork::{Fork, end, fork};
use crate::{bounds, keeper, runner};

/// The first argument of a cell host that is a judged one.
pub const ARGUMENT: &str = "--judged";
/// Before the folders that may be read.
const READABLE: &str = "--readable";

/// What the judge says when it starts this process.
struct Wish {
    strictness: Strictness,
    answer: PathBuf,
    libraries: Vec<OsString>,
    readable: Vec<PathBuf>,
}

impl Wish {
    fn read(mut arguments: impl Iterator<Item = OsString>) -> Option<Wish> {
        let strictness = match arguments.next()?.to_str()? {
            "confined" => Strictness::Required,
            "if-possible" => Strictness::AsFarAsPossible,
            _ => return None,
        };
        let answer = PathBuf::from(arguments.next()?);
        let libraries = arguments.by_ref().take_while(|it| it != READABLE).collect();
        Some(Wish { strictness, answer, libraries, readable: arguments.map(PathBuf::from).collect() })
    }
}

/// Serves the judge until it goes away.
pub fn run(control: UnixStream, arguments: impl Iterator<Item = OsString>) -> ! {
    let code = match Wish::read(arguments) {
        None => {
            Err("expected `--judged confined|if-possible ANSWER LIBRARY.. --readable FOLDER..`".to_owned())
        }
        Some(wish) => {
            prepare(&wish).and_then(|it| make_copies(control, &wish, it).map_err(|it| it.to_string()))
        }
    };
    if let Err(error) = code {
        eprintln!("netsplit-cell-host: {error}");
        end(2);
    }
    end(0)
}

/// What tells of the ends of copies.
struct Children {
    /// Becomes readable when one has ended.
    ended: OwnedFd,
    /// Where the signal handler writes.
    _tell: OwnedFd,
}

/// Loads what all answers need, and confines this process.
fn prepare(wish: &Wish) -> Result<Children, String> {
    let text = |error: rustix::io::Errno| error.to_string();
    for library in &wish.libraries {
        runner::load_crate(library).map_err(|error| format!("cannot load {}: {error}", library.display()))?;
    }
    let (ended, tell) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).map_err(text)?;
    keeper::watch_children(&tell).map_err(|error| error.to_string())?;
    let mut readable = wish.readable.clone();
    readable.push(wish.answer.clone());
    Policy::for_answers(&readable).apply(wish.strictness).map_err(|error| error.to_string())?;
    Ok(Children { ended, _tell: tell })
}

fn make_copies(control: UnixStream, wish: &Wish, children: Children) -> io::Result<()> {
    News { process: std::process::id(), ended_by: None }.tell(&control)?;
    loop {
        let mut polled = [PollFd::new(&children.ended, PollFlags::IN), PollFd::new(&control, PollFlags::IN)];
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        let [has_ended, is_asked] = polled.map(|it| !it.revents().is_empty());
        if has_ended {
            reap(&control, &children.ended)?;
        }
        if is_asked {
            let Some((order, socket)) = receive(&control)? else { return Ok(()) };
            match fork() {
                Ok(Fork::Child) => {
                    // What copies share is nothing that they could talk through.
                    drop((control, children));
                    live(wish, order, socket)
                }
                Ok(Fork::Parent(process)) => News { process, ended_by: None }.tell(&control)?,
                Err(_) => News { process: 0, ended_by: None }.tell(&control)?,
            }
        }
    }
}

/// Tells of the copies that have ended.
fn reap(control: &UnixStream, ended: &OwnedFd) -> io::Result<()> {
    let mut bytes = [0; 64];
    while rustix::io::read(ended, &mut bytes[..]).is_ok_and(|count| count > 0) {}
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        let process = pid.as_raw_nonzero().get().unsigned_abs();
        let signal = status.terminating_signal().unwrap_or_default().unsigned_abs();
        News { process, ended_by: Some(signal) }.tell(control)?;
    }
    Ok(())
}

/// The copy: from here on it belongs to the answer, and to nobody else.
fn live(wish: &Wish, order: Order, socket: OwnedFd) -> ! {
    keeper::forget_children();
    runner::die_with_parent();
    // The judge reads only what this program itself says there.
    let nothing = OpenOptions::new().write(true).open("/dev/null");
    if nothing.and_then(|nothing| Ok(dup2_stderr(&nothing)?)).is_err() {
        end(2);
    }
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = (setrlimit(Resource::Core, none), setrlimit(Resource::Fsize, none));
    bounds::set(&Bounds {
        memory: Some(order.memory),
        processor_seconds: None,
        file_size: None,
        is_final: true,
    });
    let seconds = order.processor_seconds;
    // Who ignores the first signal is killed a second later.
    let _ =
        setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum: Some(seconds.saturating_add(1)) });
    // Where the machine cannot do this, whoever asked for it has been told when the first process was confined.
    if deny_company().is_err() && wish.strictness == Strictness::Required {
        end(2);
    }
    if let Ok(answers) = load(&wish.answer) {
        serve(&answers, UnixStream::from(socket));
    }
    end(0)
}

/// What the answer defines.
#[allow(unsafe_code, reason = "an answer is a shared library")]
fn load(answer: &Path) -> Result<Answers, libloading::Error> {
    let mut answers = Answers::default();
    // SAFETY: the library was compiled by the compiler, and against the libraries, of this process; the function has this signature by
    // what it was generated from. Whatever the answer does in its initialisers or later, it does to this process alone, in
    // which nothing else is. The library is never unloaded.
    unsafe {
        let library = Library::open(Some(answer), RTLD_NOW | RTLD_LOCAL)?;
        let entry: Symbol<fn(&mut Answers)> = library.get(ENTRY.as_bytes())?;
        entry(&mut answers);
        std::mem::forget(library);
    }
    Ok(answers)
}
