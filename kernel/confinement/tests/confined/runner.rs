//! Runs the tests one after another, as the usual harness does, and once more as an ordinary user.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::panic::catch_unwind;
use std::process::{Command, ExitCode};

/// A test, with its name.
pub type Test = (&'static str, fn());

/// The user and group `nobody`, which own nothing.
const NOBODY: u32 = 65534;
/// Set for the second run.
const AS_NOBODY: &str = "NETSPLIT_AS_NOBODY";

/// Runs the tests whose names contain one of the words; all if there are none.
pub fn run(arguments: &[String], tests: &[Test]) -> ExitCode {
    let words: Vec<&String> = arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let mut failed = 0;
    for (name, test) in tests {
        if words.is_empty() || words.iter().any(|it| name.contains(it.as_str())) {
            let is_well = catch_unwind(test).is_ok();
            println!("test {name} ... {}", if is_well { "ok" } else { "FAILED" });
            failed += usize::from(!is_well);
        }
    }
    if rustix::process::getuid().is_root() && std::env::var_os(AS_NOBODY).is_none() {
        println!("\nonce more as an ordinary user");
        failed += usize::from(!run_as_nobody(arguments));
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_as_nobody(arguments: &[String]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("confined");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new(program);
    command.args(arguments).env(AS_NOBODY, "1").env_remove("LD_LIBRARY_PATH").current_dir("/");
    command.uid(NOBODY).gid(NOBODY).status().unwrap().success()
}
