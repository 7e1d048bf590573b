//! A kernel ends with the process that has started it, also where that is killed and cannot say anything.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use netsplit_kernel::processes::{descendants, is_running, kill};
use tempfile::TempDir;

use super::front_end::PATIENCE;

/// A kernel below a shell that plays Jupyter's server.
struct Below {
    server: Child,
    kernel: u32,
    /// What the shell has started.
    started: Vec<u32>,
    folder: TempDir,
}

impl Below {
    /// The script starts `"$@"`, the kernel, in the background or below something else.
    fn start(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connection.json");
        let connection = serde_json::json!({"transport": "ipc", "ip": folder.path().join("socket"), "key": "k",
            "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5,
            "signature_scheme": "hmac-sha256"});
        std::fs::write(&file, connection.to_string()).unwrap();
        let kernel = env!("CARGO_BIN_EXE_netsplit");
        let server = Command::new("sh")
            .args(["-c", script, "sh", kernel, "kernel"])
            .arg(&file)
            .env_remove("JPY_PARENT_PID")
            .envs([("NETSPLIT_ENGINE", "scripted"), ("NETSPLIT_HISTORY", ""), ("NETSPLIT_LOG", "error")])
            .spawn()
            .unwrap();
        until("the sockets are open", || socket(folder.path()).exists());
        let below = descendants(server.id());
        let kernel = below.iter().find(|it| it.name == "netsplit").unwrap().pid;
        Self { server, kernel, started: below.iter().map(|it| it.pid).collect(), folder }
    }

    /// Kills what plays the server, and waits for the end of the kernel.
    fn kill_the_server(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        until("the kernel has ended", || !is_running(self.kernel));
        assert!(!socket(self.folder.path()).exists(), "it has ended in order");
    }
}

impl Drop for Below {
    fn drop(&mut self) {
        // What has ended already has left its number to nobody in so short a time.
        self.started.iter().for_each(|process| kill(*process));
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("socket-5")
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "expected that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The server that Jupyter names is the kernel's parent, as a rule.
#[test]
fn a_kernel_ends_with_its_server() {
    Below::start("JPY_PARENT_PID=$$ \"$@\" & wait").kill_the_server();
}

/// A wrapper between the two does not notice that the server is gone; the kernel does.
#[test]
fn a_kernel_ends_with_a_server_further_up() {
    let mut below = Below::start("export JPY_PARENT_PID=$$; sh -c '\"$@\"; true' sh \"$@\" & wait");
    assert_eq!(below.started.len(), 2, "there is a wrapper");
    below.kill_the_server();
}

/// A number that is none of ours, from another machine or from an older server, says no more than that the kernel is not to
/// be left alone: its own parent counts.
#[test]
fn without_a_server_the_parent_counts() {
    Below::start("sleep 60 & JPY_PARENT_PID=$! \"$@\" & wait").kill_the_server();
}

/// Whom nobody has named may go, as a shell does that starts a kernel by hand.
#[test]
fn without_the_variable_a_kernel_stays() {
    let mut below = Below::start("\"$@\" & wait");
    below.server.kill().unwrap();
    below.server.wait().unwrap();
    // A kernel that watches its parent has ended by now, as the tests above show.
    std::thread::sleep(Duration::from_millis(300));
    assert!(is_running(below.kernel));
}
