//! What the system allows this process.

use netsplit_control::Bounds;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Address space is handed out freely (a thread's stack and its share of the allocator are mostly never touched); what is
/// bounded is memory that can be written. This is for what evades that, such as memory that is shared with other processes.
const ROOM: u64 = 8 << 30;

/// From now on, this process has these bounds. What it would exceed by mistake it may raise again; final ones it may not.
pub fn set(bounds: &Bounds) {
    let used = u64::try_from(clock_gettime(ClockId::ProcessCPUTime).tv_sec).unwrap_or_default();
    // The clock counts from the process's start, in seconds that have begun.
    let processor = bounds.processor_seconds.map(|seconds| used.saturating_add(seconds).saturating_add(1));
    let room = bounds.memory.map(|memory| memory.saturating_add(ROOM));
    let resources = [
        (Resource::Data, bounds.memory),
        (Resource::As, room),
        (Resource::Cpu, processor),
        (Resource::Fsize, bounds.file_size),
    ];
    for (resource, wanted) in resources {
        let maximum = getrlimit(resource).maximum;
        let current = match (wanted, maximum) {
            (Some(wanted), Some(maximum)) => Some(wanted.min(maximum)),
            (wanted, maximum) => wanted.or(maximum),
        };
        // Time of the processor is counted from the process's start, and there will be more of it for later cells.
        let is_final = bounds.is_final && resource != Resource::Cpu;
        let maximum = if is_final { current } else { maximum };
        // Below the maximum, nobody may refuse.
        let _ = setrlimit(resource, Rlimit { current, maximum });
    }
}
