//! Attempts on other processes.

use std::io;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{Attempt, Group, Needs, Surroundings, attempt, attempt_if, call};

/// Of linux/ptrace.h.
const PTRACE_SEIZE: i64 = 0x4206;
const TRACING: Needs = Needs::Setting("the kernel may allow tracing of children only");

pub const ATTEMPTS: &[Attempt] = &[
    attempt(Group::Processes, "ask whether the kernel's process is there (signal 0)", |it| {
        Ok(test_kill_process(pid(it.parent)?)?)
    }),
    attempt(Group::Processes, "read the command line of a process", |it| read(it.parent, "cmdline")),
    attempt_if(TRACING, Group::Processes, "read the environment of a process", |it| {
        read(it.parent, "environ")
    }),
    attempt_if(TRACING, Group::Processes, "open the memory of a process", |it| read(it.parent, "mem")),
    attempt_if(TRACING, Group::Processes, "read the memory of a process", read_memory),
    attempt(Group::Processes, "list the processes", |_| std::fs::read_dir("/proc").map(drop)),
    attempt_if(TRACING, Group::Processes, "trace a process", |it| {
        call(libc::SYS_ptrace, [PTRACE_SEIZE, it.bystander.into(), 0, 0, 0]).map(drop)
    }),
    attempt_if(TRACING, Group::Processes, "compare the files of two processes", |it| {
        call(libc::SYS_kcmp, [std::process::id().into(), it.parent.into(), 0, 0, 0]).map(drop)
    }),
    attempt(Group::Processes, "open a process", |it| {
        call(libc::SYS_pidfd_open, [it.bystander.into(), 0, 0, 0, 0]).map(drop)
    }),
    attempt(Group::Processes, "change the priority of a process", |it| {
        call(libc::SYS_setpriority, [0, it.bystander.into(), 10, 0, 0]).map(drop)
    }),
    attempt(Group::Processes, "let a file send signals to a process", |it| {
        call(libc::SYS_fcntl, [0, libc::F_SETOWN.into(), it.bystander.into(), 0, 0]).map(drop)
    }),
    attempt(Group::Processes, "share memory with any process", |_| {
        let private = i64::from(libc::IPC_PRIVATE);
        let segment = call(libc::SYS_shmget, [private, 4096, i64::from(libc::IPC_CREAT) | 0o600, 0, 0])?;
        call(libc::SYS_shmctl, [segment, libc::IPC_RMID.into(), 0, 0, 0]).map(drop)
    }),
    attempt(Group::Processes, "end a process (SIGTERM)", |it| {
        Ok(kill_process(pid(it.bystander)?, Signal::TERM)?)
    }),
];

fn pid(number: i32) -> io::Result<Pid> {
    Pid::from_raw(number).ok_or_else(|| io::Error::other("no process has the number 0"))
}

fn read(process: i32, name: &str) -> io::Result<()> {
    Surroundings::read_process_file(process, name)
}

#[allow(unsafe_code, reason = "no library reads the memory of others")]
fn read_memory(surroundings: &Surroundings) -> io::Result<()> {
    let mut got = [0u8; 8];
    let into = libc::iovec { iov_base: got.as_mut_ptr().cast(), iov_len: got.len() };
    let from =
        libc::iovec { iov_base: std::ptr::without_provenance_mut(surroundings.marker), iov_len: got.len() };
    // SAFETY: the kernel writes 8 bytes into an array of 8; the other address is the other process's, and only looked up there.
    match unsafe { libc::process_vm_readv(surroundings.parent, &raw const into, 1, &raw const from, 1, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ if &got == b"netsplit" => Ok(()),
        _ => Err(io::Error::other("the memory of the other process holds something else")),
    }
}
