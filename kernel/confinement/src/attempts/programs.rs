//! Attempts to start programs.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::{Attempt, Group, Surroundings, attempt};

pub const ATTEMPTS: &[Attempt] = &[
    attempt(Group::Programs, "start a program (true)", |_| run(&mut Command::new("/bin/true"))),
    attempt(Group::Programs, "start a shell", |_| run(Command::new("/bin/sh").args(["-c", "exit 0"]))),
    attempt(Group::Programs, "start a program that it has written itself", own_program),
    attempt(Group::Programs, "start a program by its open file", open_program),
];

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}

fn own_program(surroundings: &Surroundings) -> io::Result<()> {
    let script = surroundings.places().temporary.join("script");
    fs::write(&script, "#!/bin/sh\nexit 0\n")?;
    File::open(&script)?.set_permissions(fs::Permissions::from_mode(0o700))?;
    run(&mut Command::new(script))
}

/// As `fexecve` does it, in a child, since it replaces the process.
#[allow(unsafe_code, reason = "the standard library starts programs by path only")]
fn open_program(_: &Surroundings) -> io::Result<()> {
    let program = File::open("/bin/true")?;
    let arguments = [c"true".as_ptr(), std::ptr::null()];
    let environment = [std::ptr::null::<libc::c_char>()];
    // SAFETY: attempts are made by a process with one thread, so the copy may do all that this one may; what it does is one
    // system call and its end.
    let child = unsafe { libc::fork() };
    match child {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: the name is empty and ends in a zero, both lists end in a null, and all live as long as the call.
            unsafe {
                libc::syscall(
                    libc::SYS_execveat,
                    program.as_raw_fd(),
                    c"".as_ptr(),
                    arguments.as_ptr(),
                    environment.as_ptr(),
                    libc::AT_EMPTY_PATH,
                );
                libc::_exit(1)
            }
        }
        child => {
            let pid = rustix::process::Pid::from_raw(child);
            let ended = rustix::process::waitpid(pid, rustix::process::WaitOptions::empty())?;
            match ended.and_then(|(_, status)| status.exit_status()) {
                Some(0) => Ok(()),
                _ => Err(io::Error::from_raw_os_error(libc::EPERM)),
            }
        }
    }
}
