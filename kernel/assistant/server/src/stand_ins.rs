//! The programs that evcxr wants to run, as far as an assistant needs them: nothing is compiled and nothing is run.
//!
//! evcxr is made to evaluate. It compiles a first cell when it starts, and every crate that a notebook depends on before
//! it will analyse code that uses it; that would take as long as building the library, for nothing. What it needs of all
//! this is what `cargo metadata` says. So it finds a `cargo` that builds an empty file where it should build a cell, and a
//! process for running cells that says that the cell has run. All else goes to the real cargo.
//!
//! evcxr looks for its tools by `rustup which`, then on the `PATH`. So the assistant's private folder `tools`, first on
//! the `PATH`, has a `rustup` that fails and a `cargo`; both are links to this program.

use std::ffi::OsStr;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The variable that keeps the `PATH` as the user has it.
pub const USERS_PATH: &str = "NETSPLIT_ASSISTANT_PATH";
/// The variable by which evcxr recognises the process that runs the cells.
const IS_RUNTIME: &str = "EVCXR_IS_RUNTIME";
/// The variable in which evcxr asks its wrapper of rustc to say where the cell's library is; set for builds alone.
const BUILT: &str = "EVCXR_EXECUTION_SO_PATH";
/// What the process that runs the cells says after each.
const HAS_RUN: &str = "EVCXR_EXECUTION_COMPLETE";

/// Plays one of the parts, if this program was called for that.
pub fn play() -> Option<ExitCode> {
    if std::env::var_os(IS_RUNTIME).is_some() {
        return Some(run_nothing());
    }
    let called = std::env::args_os().next().map(PathBuf::from)?;
    match called.file_name().and_then(OsStr::to_str)? {
        "rustup" => Some(ExitCode::FAILURE),
        "cargo" => Some(cargo()),
        _ => None,
    }
}

/// Fills the folder of tools.
pub fn install(tools: &Path, this_program: &Path) -> io::Result<()> {
    std::fs::create_dir_all(tools)?;
    for name in ["cargo", "rustup"] {
        std::os::unix::fs::symlink(this_program, tools.join(name))?;
    }
    Ok(())
}

/// Says of every cell that it has run.
fn run_nothing() -> ExitCode {
    let mut stdout = io::stdout();
    for _cell in io::stdin().lock().lines().map_while(Result::ok) {
        if writeln!(stdout, "{HAS_RUN}").and_then(|()| stdout.flush()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

/// Builds nothing where evcxr wants a cell built; is the real cargo otherwise.
fn cargo() -> ExitCode {
    if let Some(built) = std::env::var_os(BUILT) {
        return match build_nothing(Path::new(&built)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot write {}: {error}", Path::new(&built).display());
                ExitCode::FAILURE
            }
        };
    }
    let users_path = std::env::var_os(USERS_PATH).unwrap_or_default();
    let mut cargo = Command::new("cargo");
    // The program is looked for on the path that it is given.
    let error = cargo.args(std::env::args_os().skip(1)).env("PATH", users_path).exec();
    eprintln!("cannot run cargo: {error}");
    ExitCode::FAILURE
}

/// An empty file for a cell, and its place where evcxr looks for it.
fn build_nothing(built: &Path) -> io::Result<()> {
    let cell = built.with_file_name("cell.so");
    std::fs::write(&cell, "")?;
    std::fs::write(built, cell.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// evcxr finds an empty cell where the file says.
    #[test]
    fn nothing_is_built() {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("where");
        build_nothing(&built).unwrap();
        let cell = std::fs::read_to_string(&built).unwrap();
        assert_eq!(std::fs::read(cell).unwrap(), b"");
    }
}
