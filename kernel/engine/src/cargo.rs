//! The one place where cargo is started.
//!
//! Neither cargo nor the compiler ever runs in the notebook's folder: both obey files that they find in the folder where they
//! run, and above it (`.cargo/config.toml`, `rust-toolchain.toml`), and a notebook's folder holds what came with the notebook.

use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use netsplit_control::End;

use crate::programs::Programs;

/// Where cargo and the compiler are started: nobody but the machine's owner can put a file there.
pub const TRUSTED_FOLDER: &str = "/";

/// What a build that started this process has set, and is not meant for ours.
const FOREIGN: [&str; 11] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "LD_LIBRARY_PATH",
];

/// Who starts programs.
pub enum Starter<'a, 'b> {
    /// The notebook's keeper, which ends them with all that they have started when somebody interrupts.
    Keeper(&'a mut Programs<'b>),
    /// This process, for what happens before there is a notebook.
    Here,
}

impl Starter<'_, '_> {
    /// Whether somebody wants this to stop.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::Keeper(programs) => programs.interrupt.is_set(),
            Self::Here => false,
        }
    }

    /// Runs a program; `meanwhile` reads what it prints, until it has closed its outputs.
    fn run(
        &mut self,
        command: &mut Command,
        [out, err]: [PipeWriter; 2],
        meanwhile: impl FnOnce(),
    ) -> io::Result<bool> {
        match self {
            Self::Keeper(programs) => {
                let program = programs.start(command, out.as_fd(), err.as_fd())?;
                drop((out, err));
                meanwhile();
                Ok(programs.wait(program)? == End::Exited(0))
            }
            Self::Here => {
                let mut process = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn()?;
                // The command has the other ends of the pipes.
                command.stdout(Stdio::null()).stderr(Stdio::null());
                meanwhile();
                Ok(process.wait()?.success())
            }
        }
    }
}

/// What came of a cargo run.
#[derive(Debug, Default)]
pub struct Ran {
    /// Whether it did what it was asked for.
    pub is_well: bool,
    /// Its messages: a JSON value for each line of stdout.
    pub messages: Vec<Value>,
    /// What it said to people: the lines of stderr.
    pub said: Vec<String>,
}

/// A cargo that works on this manifest; what it is to do is still to be added.
pub fn command(program: &Path, manifest: &Path, task: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(task).arg("--manifest-path").arg(manifest);
    FOREIGN.iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// Runs cargo to its end, or until somebody interrupts. Each line that it says goes to `progress` as it comes.
pub fn run(
    command: &mut Command,
    starter: &mut Starter<'_, '_>,
    progress: &mut dyn FnMut(&str),
) -> io::Result<Ran> {
    let (out, their_out) = io::pipe()?;
    let (err, their_err) = io::pipe()?;
    let messages = std::thread::spawn(move || read_messages(out));
    let mut said = Vec::new();
    let listen = || {
        for line in BufReader::new(err).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_string();
            progress(&line);
            said.push(line);
        }
    };
    let is_well = starter.run(command.current_dir(TRUSTED_FOLDER), [their_out, their_err], listen)?;
    Ok(Ran { is_well, messages: messages.join().unwrap_or_default(), said })
}

fn read_messages(stdout: PipeReader) -> Vec<Value> {
    let lines = BufReader::new(stdout).lines().map_while(Result::ok);
    lines.filter_map(|line| serde_json::from_str(&line).ok()).collect()
}
