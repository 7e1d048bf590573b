//! What is left when the processes of a notebook are killed at random moments: nothing, and a kernel that still answers.
//!
//! A notebook of small cells runs again and again: loops, sleeps, floods of output, children that hide in sessions of their
//! own, cells that are being compiled. At a moment that a seed decides, the kernel itself or one of the processes below it
//! gets SIGKILL. A kernel that was killed must leave no process and no folder, without another kernel having to come; one that
//! has lost a process below it must run the next cell. `kernel/tests/kills.rs` does the same a few times.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use netsplit_kernel::client::KernelProcess;
use netsplit_kernel::engine::session_directory::SESSION;
use netsplit_kernel::processes::{carrying, descendants, is_running, kill};
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::{Content, ExecuteRequest, Outcome};

/// How long what is left may take to be gone.
const CLEAN_UP: Duration = Duration::from_secs(2);
/// How long a kernel may take to run a cell after it has lost a process.
const ANSWER: Duration = Duration::from_secs(60);
/// A kill comes within this time after a notebook has begun.
const MOMENTS: u64 = 700;

/// What cells do while they are killed.
const CELLS: [&str; 8] = [
    "let mut n = 0_u64; loop { n = std::hint::black_box(n + 1); }",
    "std::thread::sleep(std::time::Duration::from_secs(600));",
    "for i in 0..300_000 { println!(\"line {i} of a flood\"); }",
    "let children: Vec<_> = (0..3).map(|_| std::process::Command::new(\"sleep\").arg(\"600\").spawn()).collect();",
    "std::process::Command::new(\"sh\").args([\"-c\", \"setsid sleep 600 & setsid sh -c 'sleep 600 & wait' & exit\"]).status()?;",
    "let kept = vec![1_u8; 20 << 20]; std::process::abort();",
    "let lab = Lab::new(7); let kept = vec![2_u8; 1 << 20];",
    "!sleep 600",
];

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kills {
    /// How often something was killed.
    pub kills: usize,
    /// Among them, the kernel itself.
    pub kernels: usize,
    /// Processes that were left, with the round.
    pub orphans: Vec<String>,
    /// Folders that were left.
    pub folders: Vec<String>,
    /// Kernels that did not run another cell.
    pub mute: Vec<String>,
}

/// A small generator of random numbers: what is killed when depends on the seed alone, as far as we can say.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A kernel, the folder of its session, and all processes that were ever seen below it.
struct Notebook {
    kernel: KernelProcess,
    session: PathBuf,
    seen: BTreeSet<u32>,
}

impl Notebook {
    fn start(program: &Path, cache: &Path) -> Result<Self, String> {
        let environment: [(&str, OsString); 3] = [
            ("NETSPLIT_CACHE", cache.into()),
            ("NETSPLIT_HISTORY", OsString::new()),
            ("NETSPLIT_LOG", "error".into()),
        ];
        let kernel = KernelProcess::start(program, environment, None).map_err(|error| error.to_string())?;
        let session = sessions(cache).pop().ok_or("a kernel should have a folder")?;
        Ok(Self { kernel, session, seen: BTreeSet::new() })
    }

    /// Lets cells run for a while, which nobody waits for.
    fn run_for(&mut self, cells: &[&str], time: Duration) {
        let until = Instant::now() + time;
        for cell in cells {
            // A kernel that has gone cannot be sent anything, which shows below.
            let _ = self.kernel.client.request(Channel::Shell, ExecuteRequest::new(cell));
        }
        while Instant::now() < until {
            self.kernel
                .client
                .published(until.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
            self.look();
        }
    }

    fn look(&mut self) {
        self.seen.extend(descendants(self.kernel.id()).iter().map(|it| it.pid));
    }

    /// Whether the kernel runs a cell. What was sent before may fail, and take this one along a few times.
    fn answers(&mut self) -> bool {
        let until = Instant::now() + ANSWER;
        while Instant::now() < until {
            // An endless cell whose process was not the one that was killed still runs.
            let _ = self.kernel.client.request(Channel::Control, netsplit_kernel::wire::InterruptRequest {});
            let Ok(asked) = self.kernel.client.request(Channel::Shell, ExecuteRequest::new("40 + 2")) else {
                return false;
            };
            let patience = Instant::now() + Duration::from_secs(15);
            while Instant::now() < patience.min(until) {
                while self.kernel.client.published(Duration::ZERO).is_some() {}
                let reply = self.kernel.client.reply(Channel::Shell, Duration::from_millis(50));
                match reply.filter(|it| it.parent.as_ref() == Some(&asked)).map(|it| it.content) {
                    Some(Content::ExecuteReply(reply)) if reply.outcome == Outcome::Ok => return true,
                    Some(_) => break,
                    None => {}
                }
            }
        }
        false
    }

    /// What is left of a kernel that has ended: processes, and whether its folder is there.
    fn left(&self) -> (Vec<u32>, bool) {
        let mut left: BTreeSet<u32> =
            carrying(SESSION, self.session.as_os_str().as_bytes()).into_iter().collect();
        left.extend(self.seen.iter().filter(|process| is_running(**process)));
        (left.into_iter().collect(), self.session.exists())
    }
}

fn sessions(cache: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cache.join("sessions")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| !path.to_string_lossy().contains("/new-")).collect()
}

/// Kills so many times. The cache is one in which nobody else runs kernels.
///
/// # Errors
/// If a kernel cannot be started.
pub fn run(program: &Path, cache: &Path, seed: u64, times: usize) -> Result<Kills, String> {
    let mut random = Random(seed);
    let mut seen = Kills::default();
    while seen.kills < times {
        let mut notebook = Notebook::start(program, cache)?;
        loop {
            let cells: Vec<&str> = (0..2).map(|_| CELLS[random.below(CELLS.len() as u64) as usize]).collect();
            let moment = random.below(MOMENTS);
            notebook.run_for(&cells, Duration::from_millis(moment));
            notebook.look();
            let round = format!("seed {seed}, kill {}, after {moment} ms of {cells:?}", seen.kills);
            seen.kills += 1;
            let below = descendants(notebook.kernel.id());
            let victim = random.below(below.len() as u64 + 2) as usize;
            if let Some(victim) = below.get(victim).filter(|_| seen.kills < times) {
                kill(victim.pid);
                if notebook.answers() {
                    continue;
                }
                seen.mute.push(format!("{round}: {} was killed", victim.name));
            }
            seen.kernels += 1;
            notebook.look();
            notebook.kernel.kill();
            judge(&notebook, &round, &mut seen);
            break;
        }
    }
    Ok(seen)
}

/// The kernel has been killed: notes what is left after a moment, and takes it away.
fn judge(notebook: &Notebook, round: &str, seen: &mut Kills) {
    let until = Instant::now() + CLEAN_UP;
    let mut left = notebook.left();
    while left != (Vec::new(), false) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
        left = notebook.left();
    }
    let (processes, is_there) = left;
    for process in processes {
        let name = netsplit_kernel::processes::name(process).unwrap_or_default();
        seen.orphans.push(format!("{round}: {name} ({process})"));
        kill(process);
    }
    if is_there {
        seen.folders.push(format!("{round}: {}", notebook.session.display()));
        let _ = std::fs::remove_dir_all(&notebook.session);
    }
}
