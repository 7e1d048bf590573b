//! Running a program with a time limit, with what it printed kept for the tally and for a reader.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a program that was asked to end may take for it.
const GRACE: Duration = Duration::from_secs(30);

/// How a program ended, and what it printed.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Whether it ended by itself, with exit code 0.
    pub well: bool,
    /// What it printed to stdout, and to stderr where that was captured.
    pub output: String,
    /// How it ended, in words.
    pub how: String,
}

/// What becomes of stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errors {
    /// It goes on to the terminal at once: cargo shows there how far it is.
    Shown,
    /// It is kept with the rest of the output.
    Kept,
}

/// Runs `command` to its end, or ends it after `limit`.
pub fn run(command: &mut Command, errors: Errors, limit: Duration) -> Ended {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(match errors {
        Errors::Shown => Stdio::inherit(),
        Errors::Kept => Stdio::piped(),
    });
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let how = format!("cannot start {}: {error}", command.get_program().to_string_lossy());
            return Ended { well: false, output: how.clone(), how };
        }
    };
    let printed = drain(child.stdout.take());
    let complained = drain(child.stderr.take());
    let status = wait(&mut child, limit);
    let mut output = finish(printed);
    output.push_str(&finish(complained));
    let (well, how) = match status {
        Ok(Some(status)) => (status.success(), status.to_string()),
        Ok(None) => (false, format!("it did not end within {} s", limit.as_secs())),
        Err(error) => (false, error.to_string()),
    };
    Ended { well, output, how }
}

/// Waits for the end, at most for `limit`; after that the program is ended and there is no status.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let status = wait_at_most(child, limit)?;
    if status.is_none() {
        // Asked first, so that a script can end what it started, such as a browser and a JupyterLab.
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        if wait_at_most(child, GRACE)?.is_none() {
            child.kill()?;
            child.wait()?;
        }
    }
    Ok(status)
}

fn wait_at_most(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        match child.try_wait()? {
            None if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(50)),
            status => return Ok(status),
        }
    }
}

/// Reads a pipe on a thread of its own, so that a program which prints a lot is never blocked.
fn drain(pipe: Option<impl Read + Send + 'static>) -> Option<JoinHandle<Vec<u8>>> {
    pipe.map(|mut pipe| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
            bytes
        })
    })
}

fn finish(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    /// Output of both kinds is kept, and a bad exit code is not "well".
    #[test]
    fn output_and_exit_code_are_kept() {
        let ended = run(&mut shell("echo out; echo err >&2; exit 3"), Errors::Kept, Duration::from_secs(10));
        assert_eq!((ended.well, ended.output.as_str()), (false, "out\nerr\n"));
        assert!(run(&mut shell("true"), Errors::Kept, Duration::from_secs(10)).well);
    }

    /// A program that never ends is killed, and that is said.
    #[test]
    fn a_program_that_hangs_is_killed() {
        let ended = run(&mut shell("echo begun; exec sleep 600"), Errors::Kept, Duration::from_millis(300));
        assert!(!ended.well && ended.how.contains("did not end"), "{ended:?}");
        assert_eq!(ended.output, "begun\n");
    }

    /// Before it is killed, a program is asked to end, so that it can end what it started itself.
    #[test]
    fn a_program_that_hangs_is_asked_first() {
        let script = "trap 'echo tidied up; exit 0' TERM; echo begun; while :; do sleep 0.05; done";
        let ended = run(&mut shell(script), Errors::Kept, Duration::from_millis(300));
        assert_eq!((ended.well, ended.output.as_str()), (false, "begun\ntidied up\n"));
    }

    /// A program that does not exist is an answer, not a panic.
    #[test]
    fn a_missing_program_is_an_answer() {
        let ended = run(&mut Command::new("/nowhere/to/be/found"), Errors::Kept, Duration::from_secs(1));
        assert!(!ended.well && ended.how.contains("/nowhere/to/be/found"), "{ended:?}");
    }
}
