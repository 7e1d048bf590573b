//! Figures of what cells cannot cost: checkpoints, the way back from a death, interrupts, kills.
//!
//! They are measured from outside, by a client of a release build, as a front end sees them; what the client itself takes is
//! part of them.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netsplit_kernel::client::KernelProcess;
use netsplit_kernel::processes::descendants;
use netsplit_kernel::session::Channel;
use netsplit_kernel::wire::{
    Content, ExecuteRequest, ExecutionState, Header, InterruptRequest, Message, Status,
};

use super::{Numbers, kills};
use crate::process::{self, Errors};
use crate::project::Project;

const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);
/// A cell that takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is killed when; another one finds other moments.
const SEED: u64 = 20_261_121;
const KILLS: usize = 200;

/// What can be measured here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Milliseconds that a checkpoint adds to a cell, with so many megabytes of live data.
    Fork(u32),
    /// Milliseconds from a death to the end of its cell: the worst of the medians of all deaths.
    Recover,
    /// Milliseconds from an interrupt to its error: the worst of the medians of all states.
    Interrupt,
    /// What is left after kills, and kernels that do not answer.
    Kills,
}

/// Measures one part with the release build of the kernel. Details go to stderr.
pub(super) fn measure(project: &Project, part: Part) -> Result<Numbers, String> {
    let arguments = ["build", "--release", "--locked", "--package", "netsplit-kernel", "--bin", "netsplit"];
    let built = process::run(&mut project.cargo(&arguments), Errors::Shown, BUILD_LIMIT);
    if !built.well {
        return Err(format!("the kernel's build failed ({})", built.how));
    }
    let (program, cache) = (project.program("release", "netsplit"), project.stage().join("cache"));
    let ours = match part {
        Part::Fork(megabytes) => fork(&mut Talk::start(program, cache)?, megabytes)?,
        Part::Recover => recover(&mut Talk::start(program, cache)?)?,
        Part::Interrupt => interrupt(&mut Talk::start(program, cache)?)?,
        Part::Kills => {
            // The library is prepared here, not while somebody waits for a kill.
            drop(Talk::start(program.clone(), cache.clone())?);
            let seen = kills::run(&program, &cache, SEED, KILLS)?;
            for what in seen.orphans.iter().chain(&seen.folders).chain(&seen.mute) {
                eprintln!("left: {what}");
            }
            eprintln!("{} kills, {} of them of the kernel", seen.kills, seen.kernels);
            (seen.orphans.len() + seen.folders.len() + seen.mute.len()) as f64
        }
    };
    Ok(Numbers { ours, peer: None })
}

/// A conversation with one kernel.
struct Talk(KernelProcess);

/// How a cell ended.
struct Ran {
    took: Duration,
    /// When the client had its error, and its end.
    error: Option<(String, Instant)>,
    ended: SystemTime,
    text: String,
}

impl Talk {
    fn start(program: PathBuf, cache: PathBuf) -> Result<Self, String> {
        let environment = [("NETSPLIT_CACHE", cache.into()), ("NETSPLIT_HISTORY", "".into())];
        let kernel = KernelProcess::start(program, environment, None).map_err(|error| error.to_string())?;
        let mut talk = Self(kernel);
        // The first cell may have to wait for the library.
        let until = Instant::now() + BUILD_LIMIT;
        let asked = talk.ask("1 + 1")?;
        talk.end(&asked, until)?;
        Ok(talk)
    }

    fn ask(&mut self, code: &str) -> Result<Header, String> {
        self.0.client.request(Channel::Shell, ExecuteRequest::new(code)).map_err(|error| error.to_string())
    }

    fn run(&mut self, code: &str) -> Result<Ran, String> {
        let asked = self.ask(code)?;
        self.end(&asked, Instant::now() + PATIENCE)
    }

    fn runs(&mut self, code: &str) -> Result<Duration, String> {
        let ran = self.run(code)?;
        match ran.error {
            None => Ok(ran.took),
            Some((error, _)) => Err(format!("{code} should run, but {error}")),
        }
    }

    /// What comes until the cell is over.
    fn end(&mut self, asked: &Header, until: Instant) -> Result<Ran, String> {
        let begun = Instant::now();
        let (mut error, mut text) = (None, String::new());
        while let Some(Message { parent, content, .. }) =
            self.0.client.published(until.saturating_duration_since(Instant::now()))
        {
            if parent.as_ref() != Some(asked) {
                continue;
            }
            match content {
                Content::ErrorOutput(it) => {
                    error = Some((format!("{}: {}", it.ename, it.evalue), Instant::now()))
                }
                Content::Stream(it) => text += &it.text,
                Content::Status(Status { execution_state: ExecutionState::Idle }) => {
                    // Its reply is on its way, and is not needed.
                    self.0.client.reply(Channel::Shell, PATIENCE);
                    return Ok(Ran { took: begun.elapsed(), error, ended: SystemTime::now(), text });
                }
                _ => {}
            }
        }
        Err("a cell did not end in time".to_string())
    }
}

/// The same cell with checkpoints and without them, alternating.
fn fork(talk: &mut Talk, megabytes: u32) -> Result<f64, String> {
    talk.runs(&format!("let mut data = vec![1_u8; {megabytes} << 20]; let mut n = 0_usize;"))?;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..80 {
        let with = round % 2;
        talk.runs(if with == 1 { ":checkpoints 10" } else { ":checkpoints 0" })?;
        // One cell makes good what changing the number costs; the next one counts.
        talk.runs("n += 1; data[n * 4096] = 2;")?;
        times[with].push(milliseconds(talk.runs("n += 1; data[n * 4096] = 2;")?));
    }
    let [without, with] = times.map(median);
    eprintln!("{megabytes} MB: {without:.2} ms without checkpoints, {with:.2} ms with them");
    Ok(with - without)
}

/// Cells that say when they die.
fn recover(talk: &mut Talk) -> Result<f64, String> {
    talk.runs("let kept = vec![1_u8; 10 << 20]; fn now() { println!(\"{}\", std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros()); }")?;
    let deaths = [
        ("abort", "now(); std::process::abort();"),
        ("exit", "now(); std::process::exit(3);"),
        ("segfault", "now(); unsafe { std::ptr::null_mut::<u8>().write_volatile(1); }"),
        (
            "stack overflow",
            "fn deep(n: u64) -> u64 { let a = std::hint::black_box([n; 64]); deep(n + 1) + a[3] } now(); deep(0);",
        ),
    ];
    let mut worst = 0.0_f64;
    for (name, code) in deaths {
        let mut times = Vec::new();
        for _ in 0..10 {
            let ran = talk.run(code)?;
            let died = ran.text.lines().find_map(|line| line.parse::<u64>().ok());
            let (Some(died), Some(_)) = (died, &ran.error) else {
                return Err(format!("{name} should end its cell: {:?}, {:?}", ran.text, ran.error));
            };
            let ended = ran.ended.duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
            times.push(milliseconds(ended.saturating_sub(Duration::from_micros(died))));
            talk.runs("assert_eq!(kept.len(), 10 << 20);")?;
        }
        worst = worst.max(tell(name, times));
    }
    Ok(worst)
}

/// Cells that do not end by themselves, in all states.
fn interrupt(talk: &mut Talk) -> Result<f64, String> {
    let much: String =
        (0..4_000).map(|n| format!("println!(\"{{:?}}\", ({n}, vec![{n}.to_string()]));\n")).collect();
    let states = [
        ("endless loop", "let mut n = 0_u64; loop { n = std::hint::black_box(n + 1); }".to_string()),
        ("output flood", "loop { println!(\"a flood of lines that nobody reads\"); }".to_string()),
        ("rustc", much),
        ("thread::sleep", "std::thread::sleep(std::time::Duration::from_secs(600));".to_string()),
    ];
    let mut worst = 0.0_f64;
    for (name, code) in &states {
        let mut times = Vec::new();
        for _ in 0..10 {
            let asked = talk.ask(code)?;
            wait_for_state(talk, *name == "rustc")?;
            let begun = Instant::now();
            let sent = talk.0.client.request(Channel::Control, InterruptRequest {});
            sent.map_err(|error| error.to_string())?;
            let ran = talk.end(&asked, Instant::now() + PATIENCE)?;
            talk.0.client.reply(Channel::Control, PATIENCE);
            let Some((_, at)) = ran.error else { return Err(format!("{name} should be interrupted")) };
            times.push(milliseconds(at.duration_since(begun)));
        }
        worst = worst.max(tell(name, times));
    }
    Ok(worst)
}

/// Waits until the compiler runs, or until it has run and the cell has begun.
fn wait_for_state(talk: &Talk, is_compiling: bool) -> Result<(), String> {
    let until = Instant::now() + PATIENCE;
    let compiles = || descendants(talk.0.id()).iter().any(|it| it.name == "rustc" && !it.has_ended);
    while !compiles() {
        if Instant::now() > until {
            return Err("the compiler should run".to_string());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    if is_compiling {
        std::thread::sleep(Duration::from_millis(150));
        return Ok(());
    }
    while compiles() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // Linking and loading, and some time in the state that is meant.
    std::thread::sleep(Duration::from_millis(250));
    Ok(())
}

fn tell(name: &str, times: Vec<f64>) -> f64 {
    let worst = times.iter().copied().fold(0.0, f64::max);
    let median = median(times);
    eprintln!("{name}: {median:.2} ms, at worst {worst:.2} ms");
    median
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
