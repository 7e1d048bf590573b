//! The binary as a user meets it: registering the kernel, and one line with the remedy for everything that is missing.
//!
//! Each test has a machine of its own: a home, a data folder, and a search path with made-up programs on it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine with nothing installed, until a test installs it.
struct Machine {
    scratch: tempfile::TempDir,
}

impl Machine {
    fn bare() -> Self {
        let machine = Self { scratch: tempfile::tempdir().unwrap() };
        for folder in ["home", "bin", "work"] {
            std::fs::create_dir(machine.path(folder)).unwrap();
        }
        machine
    }

    /// A machine with Rust and a C linker, so that the next check is reached.
    fn with_rust() -> Self {
        let machine = Self::bare();
        machine.program("rustc", "echo rustc 1.99.0");
        machine.program("cargo", "echo cargo 1.99.0");
        machine.program("cc", "exit 0");
        machine
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.scratch.path().join(relative)
    }

    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn netsplit(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_netsplit"));
        command.env_clear().env("HOME", self.path("home")).env("PATH", self.path("bin"));
        command.current_dir(self.path("work")).args(arguments).output().unwrap()
    }

    /// The one line that a refused command prints.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.netsplit(arguments);
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(line.starts_with("netsplit: ") && line.lines().count() == 1, "{line}");
        line
    }
}

fn kernel_json(prefix: &Path) -> PathBuf {
    prefix.join("share/jupyter/kernels/netsplit/kernel.json")
}

/// The kernelspec goes where it is asked to, starts this binary, and is removed without a trace. That cells cannot be
/// built on this machine is said too.
#[test]
fn install_and_uninstall_are_inverse() {
    let machine = Machine::bare();
    let prefix = machine.path("prefix");
    let options = ["--prefix", prefix.to_str().unwrap()];
    assert!(machine.refusal(&[&["install"], &options[..]].concat()).contains("cannot run rustc"));
    let spec = std::fs::read_to_string(kernel_json(&prefix)).unwrap();
    assert!(spec.contains(env!("CARGO_BIN_EXE_netsplit")), "{spec}");
    assert!(machine.netsplit(&[&["uninstall"], &options[..]].concat()).status.success());
    assert!(!kernel_json(&prefix).parent().unwrap().exists());
    assert!(machine.refusal(&[&["uninstall"], &options[..]].concat()).contains("nothing was removed"));
}

/// Limits become arguments of the kernel: wishes as they are, those of a classroom as ceilings. What is no limit is refused
/// before anything is written.
#[test]
fn limits_are_installed() {
    let machine = Machine::bare();
    let prefix = machine.path("prefix");
    let install = |options: &[&str]| {
        let place = ["install", "--prefix", prefix.to_str().unwrap()];
        machine.netsplit(&[&place[..], options].concat())
    };
    let output = install(&["--limits", "memory=2"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("expected a size with its unit"), "{said}");
    assert!(!kernel_json(&prefix).exists());
    let argv = || {
        let spec: serde_json::Value =
            serde_json::from_slice(&std::fs::read(kernel_json(&prefix)).unwrap()).unwrap();
        spec["argv"].as_array().unwrap()[3..].to_vec()
    };
    install(&["--limits", "time=5m,memory=none"]);
    assert_eq!(argv(), ["--limits", "memory=none,time=5m"]);
    install(&["--classroom", "--limits", "memory=2G,processes=none"]);
    assert_eq!(argv(), ["--ceilings", "memory=2G,cpu=1m,time=5m,file=100M,output=5M"]);
}

/// A kernel whose limits cannot be read says so in one line, instead of running cells without them.
#[test]
fn limits_that_cannot_be_read_end_the_kernel() {
    let machine = Machine::bare();
    let file = machine.path("connection.json");
    let connection = r#"{"transport": "tcp", "ip": "127.0.0.1", "shell_port": 1, "iopub_port": 2, "stdin_port": 3,
        "control_port": 4, "hb_port": 5, "key": "k", "signature_scheme": "hmac-sha256"}"#;
    std::fs::write(&file, connection).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_netsplit"));
    command.env("NETSPLIT_LIMITS", "time=5").env("NETSPLIT_CACHE", machine.path("home"));
    let output = command.arg("kernel").arg(&file).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("netsplit: in NETSPLIT_LIMITS: expected a time with its unit"), "{said}");
}

/// Confinement is asked for by any value but those that say no; all of them are understood.
#[test]
fn confinement_is_asked_for_in_the_environment() {
    let machine = Machine::bare();
    for value in ["1", "true", "yes", "0", ""] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_netsplit"));
        let output =
            command.env("NETSPLIT_CONFINED", value).arg("kernel").arg(machine.path("none.json")).output();
        let said = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(said.contains("none.json") && !said.contains("--confined"), "{value:?}: {said}");
    }
}

/// Without options the kernel is for this user; with a name it stands under that name.
#[test]
fn install_is_for_the_user_by_default() {
    let machine = Machine::bare();
    machine.refusal(&["install", "--name", "mine"]);
    let jupyter =
        if cfg!(target_os = "macos") { "home/Library/Jupyter" } else { "home/.local/share/jupyter" };
    assert!(machine.path(jupyter).join("kernels/mine/kernel.json").exists());
}

/// `--sys-prefix` asks the Python that is active.
#[test]
fn sys_prefix_is_the_active_pythons() {
    let machine = Machine::bare();
    assert!(machine.refusal(&["install", "--sys-prefix"]).contains("python3"));
    let prefix = machine.path("environment");
    machine.program("python3", &format!("printf %s '{}'", prefix.display()));
    assert!(machine.refusal(&["install", "--sys-prefix"]).contains("cannot run rustc"));
    assert!(kernel_json(&prefix).exists());
}

/// Two places at once are refused, and so is a name that would leave the kernels folder.
#[test]
fn contradictory_options_are_refused() {
    let machine = Machine::bare();
    assert_eq!(machine.netsplit(&["install", "--user", "--sys-prefix"]).status.code(), Some(2));
    assert_eq!(machine.netsplit(&["install", "--name", "../mine"]).status.code(), Some(2));
}

/// `cargo lab -- --help` shows the options.
#[test]
fn lab_help_after_a_separator_shows_the_options() {
    let output = Machine::bare().netsplit(&["lab", "--", "--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for option in ["--dir", "--port", "--no-browser", "--python", "--prepare-only"] {
        assert!(help.contains(option), "{help}");
    }
}

/// What is missing is named one by one, each with how to get it: Rust, a C linker, Python, a newer Python, venv.
#[test]
fn every_missing_prerequisite_is_one_line() {
    let machine = Machine::bare();
    assert!(machine.refusal(&["lab"]).contains("https://rustup.rs"));
    machine.program("rustc", "echo rustc 1.99.0");
    machine.program("cargo", "echo cargo 1.99.0");
    assert!(machine.refusal(&["lab"]).contains("apt install build-essential"));
    machine.program("cc", "exit 0");
    assert!(machine.refusal(&["lab"]).contains("no python3 is on PATH"));
    machine.program("python3", "echo 3.8");
    assert!(machine.refusal(&["lab"]).contains("Python 3.8"));
    machine.program("python3", "case \"$2\" in *venv*) exit 1;; *) echo 3.12;; esac");
    assert!(machine.refusal(&["lab"]).contains("apt install python3-venv"));
}

/// An old Rust is not enough, and a Rust that cannot start is not an old one.
#[test]
fn old_and_broken_rust_are_refused() {
    let machine = Machine::with_rust();
    machine.program("rustc", "echo 'rustc 1.60.0 (7737e0b5c 2022-04-04)'");
    assert!(machine.refusal(&["lab"]).contains("rustup update"));
    machine.program("rustc", "echo 'error: no default toolchain' >&2; exit 1");
    assert!(machine.refusal(&["lab"]).contains("rustup default stable"));
}

/// A port in use is refused with its number and the option.
#[test]
fn taken_port_is_one_line() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let line = Machine::with_rust().refusal(&["lab", "--port", &port]);
    assert!(line.contains(&port) && line.contains("--port"), "{line}");
}

/// Folders that cannot be written are refused with their path: the course folder, the data folder, a kernelspec's.
#[test]
fn unwritable_folders_are_one_line() {
    let machine = Machine::with_rust();
    std::fs::write(machine.path("file"), "not a folder").unwrap();
    let below = machine.path("file/below");
    let line = machine.refusal(&["lab", "--dir", below.to_str().unwrap()]);
    assert!(line.contains("file/below") && line.contains("--dir DIR"), "{line}");
    let line = machine.refusal(&["install", "--prefix", below.to_str().unwrap()]);
    assert!(line.contains("file/below") && line.contains("--prefix"), "{line}");
    machine.program("python3", "echo 3.12");
    std::fs::write(machine.path("home/.local"), "not a folder").unwrap();
    let line = machine.refusal(&["lab"]);
    assert!(line.contains("home/.local/share/netsplit") && line.contains("XDG_DATA_HOME"), "{line}");
}

/// The doctor tries confinement, even on a machine that has nothing else: where the kernel can enforce it, every group of attempts
/// is denied.
#[test]
#[cfg(target_os = "linux")]
fn doctor_tries_what_can_be_confined() {
    use netsplit_confinement::{Landlock, available};
    let output = Machine::bare().netsplit(&["doctor"]);
    let report = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = report.lines().filter(|line| line.contains(" confined: ")).collect();
    assert_eq!(lines.len(), 5, "{report}");
    if matches!(available().landlock, Landlock::Version(_)) {
        assert!(lines.iter().all(|line| line.starts_with("ok ")), "{report}");
    }
}

/// The doctor goes on after the first thing that is missing, and its exit code tells.
#[test]
fn doctor_reports_everything_at_once() {
    let output = Machine::bare().netsplit(&["doctor"]);
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{report}");
    let missing = report.lines().filter(|line| line.starts_with("MISSING")).count();
    assert!(missing >= 3, "Rust, the C linker and Python are missing:\n{report}");
}
