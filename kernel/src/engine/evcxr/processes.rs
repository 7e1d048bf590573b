//! The processes below this one: nothing that the kernel has started may outlive it.

use rustix::process::{Pid, Signal, kill_process};

/// Kills the descendants of this process whose program names are wanted. Where there is no `/proc` it kills none: the
/// relay ends by itself when the kernel is gone, and a compiler when its cell is compiled.
pub fn kill_descendants(wanted: impl Fn(&str) -> bool) {
    for (pid, name) in descendants(std::process::id()) {
        if wanted(&name)
            && let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw)
        {
            // It may have ended in the meantime.
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The process ids and program names of all descendants.
fn descendants(root: u32) -> Vec<(u32, String)> {
    let processes: Vec<(u32, u32, String)> = match std::fs::read_dir("/proc") {
        Ok(entries) => entries.flatten().filter_map(|entry| parent_and_name(&entry.path())).collect(),
        Err(_) => Vec::new(),
    };
    let mut found = Vec::new();
    let mut parents = vec![root];
    while let Some(of) = parents.pop() {
        for (pid, _, name) in processes.iter().filter(|(_, parent, _)| *parent == of) {
            found.push((*pid, name.clone()));
            parents.push(*pid);
        }
    }
    found
}

/// Reads `7 (name) S 3 ..`, in which the name may hold anything, brackets too.
fn parent_and_name(process: &std::path::Path) -> Option<(u32, u32, String)> {
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let (before, after) = stat.rsplit_once(')')?;
    let parent = after.split_whitespace().nth(1)?.parse().ok()?;
    Some((pid, parent, before.split_once('(')?.1.to_string()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;

    /// A child's child is found by its program's name, and killed.
    #[test]
    fn grandchildren_are_found_and_killed() {
        let mut shell = Command::new("sh").args(["-c", "sleep 20 & wait"]).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let below = loop {
            // Between its fork and its exec, the grandchild still has the shell's name.
            let below = descendants(shell.id());
            if below.iter().any(|(_, name)| name == "sleep") || Instant::now() > deadline {
                break below;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mine = descendants(std::process::id());
        kill_descendants(|name| name == "sleep");
        let ended = shell.wait().unwrap();
        assert!(below.len() == 1 && below[0].1 == "sleep", "{below:?}");
        assert!(mine.iter().any(|(pid, _)| *pid == shell.id()) && mine.contains(&below[0]), "{mine:?}");
        assert!(ended.success(), "the shell's wait for the killed child is over");
    }
}
