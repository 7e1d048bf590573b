//! How a cell's object becomes a shared library. Linking is a good part of a cell's time, and which linker is fastest
//! depends on the machine, so it is chosen by measuring, once, when the library is prepared.
//!
//! A linker of its own kind is given the cell's object alone: what the cell calls is in the host already, and is bound when
//! the cell is loaded. That saves the compiler's search for libraries, and the C compiler in between.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::library::Parts;
use crate::rustc;

/// How often each candidate links the same cell.
const TRIES: usize = 7;

/// How cells are linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Linker {
    /// By a linker: the program and its first arguments.
    Program {
        /// The program.
        program: PathBuf,
        /// What it is given before anything else.
        arguments: Vec<String>,
    },
    /// By the compiler, in its own way. Works everywhere.
    Compiler,
}

impl Linker {
    /// The command that links this object.
    pub fn command(
        program: &Path,
        arguments: &[String],
        object: &Path,
        library: &Path,
        builtins: Option<&Path>,
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .args(["-shared", "-Bsymbolic", "--eh-frame-hdr", "-o"])
            .arg(library)
            .arg(object);
        command.args(builtins);
        command.stdin(Stdio::null());
        command
    }
}

/// Measures all linkers that this machine has, and returns the fastest one that works.
pub fn fastest(parts: &Parts, folder: &Path) -> io::Result<Linker> {
    let folder = folder.join("linkers");
    std::fs::create_dir_all(&folder)?;
    let source = folder.join("cell.rs");
    std::fs::write(&source, SAMPLE)?;
    let object = folder.join("cell.o");
    let compiled = rustc::command(parts).arg("--emit=obj").arg("-o").arg(&object).arg(&source).output()?;
    if !compiled.status.success() {
        return Ok(Linker::Compiler);
    }
    let mut best: Option<(Duration, Linker)> = None;
    for (program, arguments) in candidates(&parts.sysroot) {
        let library = folder.join("cell.so");
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..TRIES {
            let begun = Instant::now();
            let linked = Linker::command(&program, &arguments, &object, &library, None).output();
            if !linked.is_ok_and(|it| is_well(&it)) {
                break;
            }
            times.push(begun.elapsed());
        }
        times.sort();
        let median = (times.len() == TRIES).then(|| times[TRIES / 2]);
        tracing::info!("linking with {}: {median:?}", program.display());
        if let Some(median) = median
            && best.as_ref().is_none_or(|(fastest, _)| median < *fastest)
        {
            best = Some((median, Linker::Program { program, arguments }));
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(best.map_or(Linker::Compiler, |(_, linker)| linker))
}

fn is_well(output: &Output) -> bool {
    output.status.success()
}

/// The linkers that may be there. Only systems with shared objects of the ELF kind have these.
fn candidates(sysroot: &Path) -> Vec<(PathBuf, Vec<String>)> {
    if !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let own = std::fs::read_dir(sysroot.join("lib/rustlib")).into_iter().flatten().flatten();
    let own = own.map(|entry| entry.path().join("bin/rust-lld")).filter(|path| path.exists());
    let mut found: Vec<_> = own.map(|path| (path, vec!["-flavor".to_string(), "gnu".to_string()])).collect();
    found.extend(["mold", "ld.lld", "ld"].map(|name| (PathBuf::from(name), Vec::new())));
    found
}

/// A cell as any other.
const SAMPLE: &str = r#"
use netsplit_runtime::prelude::*;
#[derive(Debug, Clone)]
struct Point { x: i32, name: String }
#[unsafe(no_mangle)]
pub fn netsplit_cell_0() {
    let point = Point { x: 1, name: "a".to_string() };
    println!("{:?} {}", point.clone(), point.x + point.name.len() as i32);
    netsplit_runtime::put("point", point);
}
"#;
