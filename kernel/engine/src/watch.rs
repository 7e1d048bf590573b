//! Watches a running cell for what the system does not limit by itself: the time it takes, and the processes it starts.

use std::fs;
use std::time::{Duration, Instant};

use crate::checkpoints::Checkpoints;
use crate::host::Host;
use crate::interrupt::Cause;
use crate::limits::Limits;

/// How often processes are counted.
const PERIOD: Duration = Duration::from_millis(50);

/// What a cell is watched for.
pub struct Watch {
    until: Option<Instant>,
    processes: Option<u64>,
    count_at: Instant,
}

impl Watch {
    /// The cell begins.
    pub fn begin(limits: &Limits) -> Self {
        let now = Instant::now();
        let until = limits.time().and_then(|time| now.checked_add(time));
        Self { until, processes: limits.processes(), count_at: now + PERIOD }
    }

    /// When to look next.
    pub fn next(&self) -> Option<Instant> {
        let count = self.processes.map(|_| self.count_at);
        [self.until, count].into_iter().flatten().min()
    }

    /// Time in which the cell waits for a person does not count.
    pub fn pause<T>(&mut self, ask: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let answer = ask();
        self.until = self.until.map(|until| until + begun.elapsed());
        answer
    }

    /// Looks; the cause, if the cell is to be stopped.
    pub fn look(&mut self, host: &Host, checkpoints: &Checkpoints) -> Option<Cause> {
        let now = Instant::now();
        if self.until.is_some_and(|until| now >= until) {
            // It is told once.
            self.until = None;
            return Some(Cause::TimeIsUp);
        }
        if now < self.count_at {
            return None;
        }
        self.count_at = now + PERIOD;
        // The thread that runs the cell, and the copies, are not the cell's.
        let own = 1 + checkpoints.count() as u64;
        let found = tasks_below(host.keeper.id()).saturating_sub(own);
        self.processes.filter(|most| found > *most).map(|_| Cause::TooManyProcesses)
    }
}

/// The threads of all processes below this one. None where the system does not tell.
fn tasks_below(process: u32) -> u64 {
    let mut count = 0;
    let mut parents = vec![process];
    while let Some(parent) = parents.pop() {
        let Ok(tasks) = fs::read_dir(format!("/proc/{parent}/task")) else { continue };
        for task in tasks.flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children: Vec<u32> = children.split_whitespace().filter_map(|it| it.parse().ok()).collect();
            count += children.iter().map(|child| threads_of(*child)).sum::<u64>();
            parents.extend(children);
        }
    }
    count
}

/// The threads of a process; none of one that has ended and has not been waited for.
fn threads_of(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // `7 (name) S ..`, in which the name may hold anything; the number of threads is field 20 of proc(5).
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|it| it.1.split_whitespace().collect()).unwrap_or_default();
    match fields.first() {
        Some(&("Z" | "X")) | None => 0,
        Some(_) => fields.get(17).and_then(|it| it.parse().ok()).unwrap_or_default(),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// Children and grandchildren count, and those that have ended do not.
    #[test]
    fn tasks_are_counted() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & a=$!; sleep 60 & b=$!; read line; kill $a $b; wait"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let below = shell.id();
        let wait_for = |wanted: u64| {
            let deadline = Instant::now() + Duration::from_secs(20);
            while tasks_below(below) != wanted {
                assert!(Instant::now() < deadline, "{} below", tasks_below(below));
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        wait_for(2);
        drop(shell.stdin.take());
        wait_for(0);
        shell.wait().unwrap();
        assert_eq!(tasks_below(u32::MAX), 0);
    }
}
