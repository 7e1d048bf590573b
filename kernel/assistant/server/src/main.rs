//! The process `netsplit-assistant`: answers the kernel's questions by evcxr and rust-analyzer, until its stdin ends.
//!
//! `netsplit-assistant --library <sources> --folder <private folder>`; the folder is its caller's, who removes it.

mod analysis;
mod cell;
mod shown;
mod stand_ins;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use netsplit_assistant::protocol::{Asked, Said};

use self::analysis::Analysis;

/// The variables that name evcxr's folders.
const CELLS: &str = "EVCXR_TMPDIR";
const CONFIGURATION: &str = "EVCXR_CONFIG_DIR";
/// evcxr looks for a configuration of the user's unless there is one; ours has nothing in it.
const NO_CONFIGURATION: &str = "[evcxr]\n";

fn main() -> ExitCode {
    if let Some(code) = stand_ins::play() {
        return code;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("netsplit-assistant: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    die_with_parent();
    let (library, folder) = arguments(std::env::args_os().skip(1))?;
    if std::env::var_os(CELLS).as_deref() != Some(folder.join("cells").as_os_str()) {
        return Err(restart(&folder));
    }
    // rust-analyzer's backtraces have thousands of lines; what panicked is said by the first.
    std::panic::set_hook(Box::new(|panic| eprintln!("{}", panic.to_string().replace('\n', ": "))));
    // Whatever evcxr prints must not be taken for an answer.
    let mut answers = own_stdout().map_err(|error| format!("cannot keep stdout for answers: {error}"))?;
    let mut analysis = Analysis::start(library.as_deref())?;
    say(&mut answers, &Said::Ready)?;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("cannot read questions: {error}"))?;
        let asked = serde_json::from_str::<Asked>(&line);
        let Asked { id, question } = asked.map_err(|error| format!("expected a question: {error}"))?;
        say(&mut answers, &Said::Answered { id, answer: analysis.answer(&question) })?;
    }
    Ok(())
}

fn say(answers: &mut File, said: &Said) -> Result<(), String> {
    let mut line = serde_json::to_vec(said).map_err(|error| error.to_string())?;
    line.push(b'\n');
    answers.write_all(&line).map_err(|error| format!("cannot answer: {error}"))
}

/// The library's sources, if there are any, and the folder to work in.
fn arguments(mut given: impl Iterator<Item = OsString>) -> Result<(Option<PathBuf>, PathBuf), String> {
    let (mut library, mut folder) = (None, None);
    while let Some(name) = given.next() {
        let value = given.next().map(PathBuf::from);
        match name.to_str() {
            Some("--library") => library = value,
            Some("--folder") => folder = value,
            _ => {
                let name = name.display();
                return Err(format!("expected --library <sources> --folder <private folder>, got {name}"));
            }
        }
    }
    let folder = folder.ok_or("expected --folder <private folder>; it holds what evcxr writes")?;
    Ok((library, std::path::absolute(&folder).unwrap_or(folder)))
}

/// Replaces this process by itself with the environment that evcxr reads: a program must not change its own once it has
/// threads. Comes back only with the reason why not.
fn restart(folder: &Path) -> String {
    let users_path = std::env::var_os("PATH").unwrap_or_default();
    let tools = folder.join("tools");
    let prepared = std::env::current_exe().and_then(|program| {
        std::fs::create_dir_all(folder.join("cells"))?;
        std::fs::create_dir_all(folder.join("config"))?;
        std::fs::write(folder.join("config/evcxr.toml"), NO_CONFIGURATION)?;
        stand_ins::install(&tools, &program)?;
        let folders = [tools].into_iter().chain(std::env::split_paths(&users_path));
        Ok((program, std::env::join_paths(folders).map_err(io::Error::other)?))
    });
    let (program, path) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return format!("cannot set up {}: {error}", folder.display()),
    };
    let mut this = Command::new(program);
    this.args(std::env::args_os().skip(1))
        .env("PATH", path)
        .env(stand_ins::USERS_PATH, users_path)
        .env(CELLS, folder.join("cells"))
        .env(CONFIGURATION, folder.join("config"))
        // The cell engine has downloaded what there is to download.
        .env("CARGO_NET_OFFLINE", "true")
        // evcxr looks for a configuration in the current folder too.
        .current_dir(folder);
    format!("cannot start again with another environment: {}", this.exec())
}

fn own_stdout() -> io::Result<File> {
    let ours = rustix::io::dup(io::stdout())?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(File::from(ours))
}

/// A kernel that is killed cannot end its assistant, and one that computes does not notice that its stdin has ended.
fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The two arguments come in any order, the folder is needed, and what is unknown is named.
    #[test]
    fn arguments_are_read() {
        let read = |given: &[&str]| arguments(given.iter().map(OsString::from));
        let both = Ok((Some("/l".into()), "/f".into()));
        assert_eq!(read(&["--library", "/l", "--folder", "/f"]), both);
        assert_eq!(read(&["--folder", "/f", "--library", "/l"]), both);
        assert_eq!(read(&["--folder", "/f"]), Ok((None, "/f".into())));
        assert!(read(&["--library", "/l"]).unwrap_err().contains("--folder"));
        assert!(read(&["--verbose"]).unwrap_err().contains("got --verbose"));
    }
}
