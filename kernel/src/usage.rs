//! What the kernel, everything below it, and its machine use, from `/proc`; without it, only what the standard library
//! knows.

use std::collections::HashMap;
use std::time::Instant;

use crate::processes::{self, Process};
use crate::wire::{HostMemory, Usage};

/// Ticks per second in `/proc`, on every machine that Linux still runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Measures; what is counted per second is counted since the measurement before.
#[derive(Debug, Default)]
pub struct UsageGauge {
    before: Option<Sample>,
}

#[derive(Debug)]
struct Sample {
    at: Instant,
    /// Ticks of each process.
    processes: HashMap<u32, u64>,
    host: Option<HostTicks>,
}

/// Ticks of all processors together.
#[derive(Clone, Copy, Debug)]
struct HostTicks {
    all: u64,
    idle: u64,
}

impl UsageGauge {
    /// Measures now.
    pub fn measure(&mut self) -> Usage {
        let mut all = processes::descendants(std::process::id());
        all.extend(processes::this_process());
        let ticks = all.iter().map(|process| (process.pid, process.ticks)).collect();
        let now = Sample { at: Instant::now(), processes: ticks, host: host_ticks() };
        let is_known = !all.is_empty();
        let usage = Usage {
            hostname: read("/proc/sys/kernel/hostname").trim().to_string(),
            pid: std::process::id(),
            kernel_cpu: is_known.then(|| self.before.as_ref().map_or(0.0, |before| percent(before, &now))),
            kernel_memory: is_known.then(|| all.iter().filter_map(memory).sum()),
            host_cpu_percent: self.before.as_ref().and_then(|before| host_percent(before.host?, now.host?)),
            cpu_count: std::thread::available_parallelism().ok().map(usize::from),
            host_virtual_memory: host_memory(&read("/proc/meminfo")),
        };
        self.before = Some(now);
        usage
    }
}

/// A process that was not there before has used all its time since then.
fn percent(before: &Sample, now: &Sample) -> f64 {
    let used = |(pid, ticks): (&u32, &u64)| {
        ticks.saturating_sub(before.processes.get(pid).copied().unwrap_or_default())
    };
    let ticks: u64 = now.processes.iter().map(used).sum();
    let seconds = now.at.duration_since(before.at).as_secs_f64();
    if seconds > 0.0 { 100.0 * ticks as f64 / TICKS_PER_SECOND / seconds } else { 0.0 }
}

fn host_percent(before: HostTicks, now: HostTicks) -> Option<f64> {
    let all = now.all.checked_sub(before.all).filter(|all| *all > 0)?;
    let idle = now.idle.saturating_sub(before.idle).min(all);
    Some(100.0 * (all - idle) as f64 / all as f64)
}

/// The process's share of what it holds; memory that n processes share counts 1/n for each.
fn memory(process: &Process) -> Option<u64> {
    let share = read(&format!("/proc/{}/smaps_rollup", process.pid));
    let bytes = kilobytes(&share, "Pss:");
    bytes.or_else(|| kilobytes(&read(&format!("/proc/{}/status", process.pid)), "VmRSS:"))
}

fn host_ticks() -> Option<HostTicks> {
    let stat = read("/proc/stat");
    let all: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).filter_map(|it| it.parse().ok()).collect();
    // The fourth and fifth column: idle, and waiting for disks.
    Some(HostTicks { all: all.iter().take(8).sum(), idle: all.get(3)? + all.get(4)? })
}

fn host_memory(meminfo: &str) -> Option<HostMemory> {
    let total = kilobytes(meminfo, "MemTotal:")?;
    let available = kilobytes(meminfo, "MemAvailable:")?.min(total);
    let used = total - available;
    let percent = (1_000.0 * used as f64 / total as f64).round() / 10.0;
    Some(HostMemory { total, available, percent, used, free: kilobytes(meminfo, "MemFree:")? })
}

/// The bytes that a line such as `Pss:   12 kB` stands for.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The text of a file, or nothing where there is no such file.
fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::*;

    /// The figures are those of this process: it holds some memory, and work shows as processor time.
    #[test]
    fn work_and_memory_show() {
        let mut gauge = UsageGauge::default();
        let first = gauge.measure();
        assert_eq!((first.pid, first.kernel_cpu), (std::process::id(), Some(0.0)));
        assert!(!first.hostname.is_empty() && first.cpu_count >= Some(1));
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(300) {
            std::hint::black_box(&block);
        }
        let second = gauge.measure();
        assert!(second.kernel_cpu > Some(5.0), "{second:?}");
        assert!(second.kernel_memory > Some(64 << 20), "{second:?}");
        let host = second.host_virtual_memory.unwrap();
        assert!(host.total > host.available && host.percent > 0.0 && host.percent < 100.0, "{host:?}");
        assert!(second.host_cpu_percent.is_some_and(|percent| (0.0..=100.0).contains(&percent)));
    }

    /// What a child uses is counted too.
    #[test]
    fn children_count() {
        let mut gauge = UsageGauge::default();
        let mut child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let used = |gauge: &mut UsageGauge| gauge.measure().kernel_cpu.unwrap();
        used(&mut gauge);
        let deadline = Instant::now() + Duration::from_secs(20);
        while used(&mut gauge) < 5.0 {
            assert!(Instant::now() < deadline, "a child that works shows");
            std::thread::sleep(Duration::from_millis(100));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The machine's memory is read from what the system says, in bytes.
    #[test]
    fn memory_of_the_host() {
        let meminfo = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    250 kB\n";
        let expected =
            HostMemory { total: 1_024_000, available: 256_000, percent: 75.0, used: 768_000, free: 102_400 };
        assert_eq!(host_memory(meminfo), Some(expected));
        assert_eq!(host_memory("nonsense"), None);
    }
}
