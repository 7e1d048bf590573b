//! The processes below this one: nothing that the kernel has started may outlive it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// How long killed processes may take to be gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// A process, as `/proc` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Who has started it, or taken it over.
    pub parent: u32,
    /// The name of its program.
    pub name: String,
    /// Whether it has ended, and only waits for its parent to notice.
    pub has_ended: bool,
    /// The processor's time that it has used, in hundredths of a second.
    pub ticks: u64,
}

/// From now on, processes that are left alone by their parents become children of this one, so that they are found by
/// [`descendants`] whatever they do. Only Linux can do this.
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::warn!("cannot adopt orphans: {error}; what cells start in the background may stay behind");
    }
}

/// Kills the descendants of this process whose program names are wanted. Where there is no `/proc` it kills none.
pub fn kill_descendants(wanted: impl Fn(&str) -> bool) {
    for process in descendants(std::process::id()) {
        if wanted(&process.name) {
            kill(process.pid);
        }
    }
}

/// Kills all descendants, and waits until they are gone. Those that start others while they are being killed are killed
/// again, with what they have started.
pub fn end_descendants() {
    let deadline = Instant::now() + PATIENCE;
    while descendants(std::process::id()).iter().any(|process| !process.has_ended) {
        kill_descendants(|_| true);
        if Instant::now() > deadline {
            return tracing::warn!("some processes that cells have started cannot be ended");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// All processes below this one, the nearest first. Empty where there is no `/proc`.
pub fn descendants(root: u32) -> Vec<Process> {
    let mut processes: Vec<Process> = match std::fs::read_dir("/proc") {
        Ok(entries) => entries.flatten().filter_map(|entry| process_at(&entry.path())).collect(),
        Err(_) => return Vec::new(),
    };
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![root];
    while let Some(of) = parents.pop() {
        let (children, others) = processes.into_iter().partition(|process| process.parent == of);
        processes = others;
        found.extend::<Vec<_>>(children);
        parents.extend(found.iter().rev().take_while(|process| process.parent == of).map(|it| it.pid));
    }
    found
}

/// The parent of a process, its parent, and so on. Empty where there is no `/proc`.
pub fn ancestors(process: u32) -> impl Iterator<Item = u32> {
    let parent = |process: &u32| process_at(&folder_of(*process)).map(|it| it.parent);
    // A process of another namespace shows as 0, which nobody is.
    std::iter::successors(Some(process), move |process| parent(process).filter(|it| *it > 0)).skip(1)
}

/// Whether there is such a process that has not ended: one that only waits for its parent to notice has.
pub fn is_running(process: u32) -> bool {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    let is_there = pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH));
    is_there && !process_at(&folder_of(process)).is_some_and(|it| it.has_ended)
}

/// The name of a process's program. None where there is no `/proc`.
pub fn name(process: u32) -> Option<String> {
    process_at(&folder_of(process)).map(|it| it.name)
}

/// The processes that carry this variable with this value in their environment, as far as we may look, without this one
/// and those above it. What a process does with its environment after its start does not show.
pub fn carrying(name: &str, value: &[u8]) -> Vec<u32> {
    let wanted = [name.as_bytes(), b"=", value].concat();
    let carries = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted)
    };
    let this = std::process::id();
    let above: Vec<u32> = ancestors(this).collect();
    let pids = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != this && !above.contains(pid)).filter(carries).collect()
}

/// Ends a process at once; it may have ended in the meantime.
pub fn kill(process: u32) {
    if let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// This process itself, as `/proc` shows it.
pub fn this_process() -> Option<Process> {
    process_at(&folder_of(std::process::id()))
}

fn folder_of(process: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{process}"))
}

/// Reads `7 (name) S 3 ..`, in which the name may hold anything, brackets too.
fn process_at(folder: &Path) -> Option<Process> {
    let pid = folder.file_name()?.to_str()?.parse().ok()?;
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    let (before, after) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Process {
        pid,
        parent: number(1)?.try_into().ok()?,
        name: before.split_once('(')?.1.to_string(),
        has_ended: matches!(fields.first(), Some(&("Z" | "X"))),
        // Fields 14 and 15 of proc(5), user and system time; the state is field 3.
        ticks: number(11)? + number(12)?,
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    /// A program that does nothing for ever; not `sleep`, since a test beside this one kills all of that name.
    fn lasting() -> Command {
        let mut command = Command::new("tail");
        command.args(["-f", "/dev/null"]);
        command
    }

    /// A child's child is found by its program's name, and killed.
    #[test]
    fn grandchildren_are_found_and_killed() {
        let mut shell = Command::new("sh").args(["-c", "sleep 60 & wait"]).spawn().unwrap();
        let below = || descendants(shell.id());
        let deadline = Instant::now() + Duration::from_secs(20);
        // The shell has to start it, and it has to become another program.
        while !below().iter().any(|process| process.name == "sleep") {
            assert!(Instant::now() < deadline, "{:?}", below());
            std::thread::sleep(Duration::from_millis(5));
        }
        let below = below();
        assert!(below.len() == 1 && below[0].parent == shell.id(), "{below:?}");
        let mine: Vec<u32> = descendants(std::process::id()).iter().map(|process| process.pid).collect();
        assert!(mine.contains(&shell.id()) && mine.contains(&below[0].pid), "{mine:?}");
        kill_descendants(|name| name == "sleep");
        assert!(shell.wait().unwrap().success(), "the shell's wait for the killed child is over");
    }

    /// What is above a child is this process, and what is above that; it ends where the numbers do.
    #[test]
    fn ancestors_lead_upwards() {
        let mut child = lasting().spawn().unwrap();
        let above: Vec<u32> = ancestors(child.id()).collect();
        let ours: Vec<u32> = ancestors(std::process::id()).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(above[0], std::process::id());
        assert_eq!(above[1..], ours);
        assert!(!ours.contains(&0) && !ours.contains(&std::process::id()), "{ours:?}");
    }

    /// Processes are found by what they carry, whole: not by a part of it, nor by another value.
    #[test]
    fn processes_are_found_by_their_environment() {
        let mut child = lasting().env("NETSPLIT_TEST", "/a/b\u{e9}").spawn().unwrap();
        // It carries what we carry until it has become the other program.
        let deadline = Instant::now() + Duration::from_secs(20);
        while carrying("NETSPLIT_TEST", "/a/b\u{e9}".as_bytes()) != [child.id()] {
            assert!(Instant::now() < deadline, "it is not found");
            std::thread::sleep(Duration::from_millis(5));
        }
        for other in ["/a/b", "/a/b\u{e9}/c", ""] {
            assert_eq!(carrying("NETSPLIT_TEST", other.as_bytes()), [0; 0], "{other:?}");
        }
        kill(child.id());
        child.wait().unwrap();
    }

    /// A process that has used time says so, and one that nobody has waited for has ended.
    #[test]
    fn this_process_and_an_ended_one() {
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(100) {
            std::hint::black_box(0);
        }
        assert!(this_process().unwrap().ticks > 0);
        let mut child = Command::new("true").spawn().unwrap();
        let is_zombie =
            || descendants(std::process::id()).iter().any(|it| it.pid == child.id() && it.has_ended);
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_zombie() {
            assert!(Instant::now() < deadline, "the child has ended, and nobody has waited for it");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!is_running(child.id()) && is_running(std::process::id()));
        child.wait().unwrap();
        assert!(!is_running(child.id()));
    }
}
