//! One compiler run per cell: sources in, a shared library or diagnostics out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netsplit_control::{Confinement, End};
use rustix::process::Signal;

use crate::diagnostics::Diagnostic;
use crate::library::Parts;
use crate::linker::Linker;
use crate::programs::{Program, Programs};

/// The name of the crate that every cell is, so that a type has one identity in all of them.
pub const CRATE: &str = "cells";

/// The compiler, told everything that is the same for all cells.
pub fn command(parts: &Parts) -> Command {
    let mut command = begin(parts);
    command.args(["--crate-type=cdylib", "--crate-name", CRATE, "-Cmetadata=netsplit"]);
    for (name, file) in &parts.crates {
        command.arg("--extern").arg(format!("{name}={}", file.display()));
    }
    command
}

/// The compiler, told what is the same for everything that is compiled against the library; what it may name of it is still to be told.
pub fn begin(parts: &Parts) -> Command {
    let mut command = Command::new(&parts.rustc);
    command.args(["--edition=2024", "-Cprefer-dynamic", "-Ccodegen-units=1", "-Cembed-bitcode=no"]);
    command.args(["-Cpanic=unwind", "--error-format=json", "--json=diagnostic-rendered-ansi"]);
    command.arg("--diagnostic-width=100");
    command.arg("-L").arg(format!("dependency={}", parts.dependencies.display()));
    // What a build that started this process has set is not meant for cells.
    for name in ["RUSTC_WRAPPER", "RUSTFLAGS", "RUSTC_LOG", "LD_LIBRARY_PATH", "RUSTC_FORCE_RUSTC_VERSION"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// What one compiler run is to make.
pub struct Job<'a> {
    /// The crate's root.
    pub root: &'a Path,
    /// Folders, with the names that files in them go by.
    pub renamed: &'a [(PathBuf, String)],
    /// The library to make.
    pub library: PathBuf,
    /// What the compiler is told of crates that the notebook has asked for.
    pub crates: Vec<String>,
    /// `-C opt-level`.
    pub optimisation: &'a str,
}

/// What came of a compiler run.
#[derive(Debug)]
pub struct Compiled {
    /// Whether there is a library.
    pub is_well: bool,
    /// What the compiler said.
    pub diagnostics: Vec<Diagnostic>,
    /// How long it took to compile, and to link.
    pub times: (Duration, Duration),
}

/// Why there is neither a library nor a diagnostic.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler or the linker cannot be run.
    #[error("cannot run {program}: {source}")]
    NotRun {
        /// Which.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody stopped it.
    #[error("interrupted")]
    Interrupted,
    /// It has used the processor for as long as it may.
    #[error("{program} has used the processor for as long as it may; split the cell, or raise `:limit cpu`")]
    TooLong {
        /// Which.
        program: String,
    },
    /// The linker failed.
    #[error("the cell cannot be linked: {0}")]
    Link(String),
}

/// Compiles and links a cell.
///
/// # Errors
/// If there is neither a library nor a diagnostic.
pub fn compile(parts: &Parts, job: &Job<'_>, programs: &mut Programs<'_>) -> Result<Compiled, CompileError> {
    compile_with(command(parts), parts, job, programs)
}

/// Compiles and links a library with a compiler that was told more, or less, than it is told for cells.
///
/// # Errors
/// If there is neither a library nor a diagnostic.
pub fn compile_with(
    mut compiler: Command,
    parts: &Parts,
    job: &Job<'_>,
    programs: &mut Programs<'_>,
) -> Result<Compiled, CompileError> {
    let begun = Instant::now();
    compiler.arg(format!("-Copt-level={}", job.optimisation));
    for (folder, name) in job.renamed {
        compiler.arg(format!("--remap-path-prefix={}={name}", folder.display()));
    }
    compiler.args(&job.crates);
    let object = job.library.with_extension("o");
    match &parts.linker {
        Linker::Program { .. } => compiler.arg("--emit=obj").arg("-o").arg(&object),
        Linker::Compiler => compiler.arg("--emit=link").arg("-o").arg(&job.library),
    };
    let (is_well, diagnostics) = understood(run(compiler.arg(job.root), programs)?);
    let compiled = begun.elapsed();
    if is_well && let Linker::Program { program, arguments } = &parts.linker {
        let linker = Linker::command(program, arguments, &object, &job.library, parts.builtins.as_deref());
        let (is_linked, stderr) = run(&linker, programs)?;
        let _ = std::fs::remove_file(&object);
        if !is_linked {
            return Err(CompileError::Link(stderr));
        }
    }
    Ok(Compiled { is_well, diagnostics, times: (compiled, begun.elapsed() - compiled) })
}

/// Whether a compiler went well, and what it said.
pub fn understood((is_well, stderr): (bool, String)) -> (bool, Vec<Diagnostic>) {
    let (mut diagnostics, rest) = read_diagnostics(&stderr);
    if !is_well && diagnostics.iter().all(|it| it.level != "error") {
        diagnostics
            .push(Diagnostic::plain("error", &format!("the compiler failed without a reason\n{rest}")));
    }
    (is_well, diagnostics)
}

/// Runs a program to its end, or until somebody interrupts; whether it went well, and what it said on stderr. In a confined session it is held
/// to what the compiler may reach.
///
/// # Errors
/// If it cannot be run, or was stopped.
pub fn run(command: &Command, programs: &mut Programs<'_>) -> Result<(bool, String), CompileError> {
    heard(command, programs, |programs, nothing, stderr| programs.start(command, nothing, stderr))
}

/// The same, for a program that is held to this, whatever holds for the session.
///
/// # Errors
/// If it cannot be run, or was stopped.
pub fn run_within(
    command: &Command,
    confinement: Option<Confinement>,
    programs: &mut Programs<'_>,
) -> Result<(bool, String), CompileError> {
    heard(command, programs, |programs, nothing, stderr| {
        programs.start_trusted(command, [nothing, nothing, stderr], confinement)
    })
}

fn heard<'a>(
    command: &Command,
    programs: &mut Programs<'a>,
    start: impl FnOnce(&mut Programs<'a>, BorrowedFd<'_>, BorrowedFd<'_>) -> io::Result<Program<'a>>,
) -> Result<(bool, String), CompileError> {
    let not_run = |source| CompileError::NotRun {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    };
    let (mut stderr, theirs) = io::pipe().map_err(not_run)?;
    let nothing = File::options().read(true).write(true).open("/dev/null").map_err(not_run)?;
    let program = start(programs, nothing.as_fd(), theirs.as_fd()).map_err(not_run)?;
    drop(theirs);
    let mut said = Vec::new();
    let _ = stderr.read_to_end(&mut said);
    let end = programs.wait(program).map_err(not_run)?;
    if programs.interrupt.is_set() {
        return Err(CompileError::Interrupted);
    }
    if end == End::Signalled(Signal::XCPU.as_raw().unsigned_abs()) {
        return Err(CompileError::TooLong { program: command.get_program().to_string_lossy().into_owned() });
    }
    Ok((end == End::Exited(0), String::from_utf8_lossy(&said).into_owned()))
}

fn read_diagnostics(stderr: &str) -> (Vec<Diagnostic>, String) {
    let mut diagnostics = Vec::new();
    let mut rest = String::new();
    for line in BufReader::new(stderr.as_bytes()).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(diagnostic) => diagnostics.push(diagnostic),
            Err(_) => rest = rest + &line + "\n",
        }
    }
    (diagnostics, rest)
}
