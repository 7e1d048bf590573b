//! The host's loop: load a cell, run it, say how it ended.

use std::fs::OpenOptions;
use std::os::unix::net::UnixStream;
use std::panic::catch_unwind;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW, Symbol};
use netsplit_control::{Ending, Report, Request};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use rustix::stdio::{dup2_stderr, dup2_stdout};

use crate::{channel, guard, panics, variables};

/// Serves the kernel until it goes away. The control channel is this process's stdin.
pub fn run() {
    die_with_parent();
    let Some(stream) = control_channel() else {
        eprintln!("netsplit-cell-host is started by the kernel; there is nothing to do for it here");
        std::process::exit(2);
    };
    if let Err(error) = channel::open(stream) {
        eprintln!("netsplit-cell-host: the control channel cannot be used: {error}");
        std::process::exit(2);
    }
    panics::watch();
    // What cells may call must be there before them.
    for library in std::env::args().skip(1) {
        if let Err(error) = load_crate(&library) {
            eprintln!("netsplit-cell-host: cannot load {library}: {}", reason(&error));
            std::process::exit(2);
        }
    }
    channel::send(&Report::Ready);
    while let Some(request) = channel::next_request() {
        match request {
            Request::Run { crates, library, entry, stdout, stderr } => {
                let ending = run_cell(&crates, &library, &entry, [&stdout, &stderr]);
                channel::flush();
                channel::send(&Report::Ended(ending));
            }
            Request::Drop(names) => variables::forget(&names),
            // Answers to questions that nobody asks any more.
            Request::Continue | Request::Input(_) | Request::NoInput(_) => {}
        }
    }
    // Not by returning: destructors of variables are code of cells, and nobody is there to see what they do.
    std::process::exit(0);
}

/// The socket that the kernel gave this process as its stdin, which becomes empty for the cells.
fn control_channel() -> Option<UnixStream> {
    let stdin = rustix::stdio::stdin();
    let kept = rustix::io::fcntl_dupfd_cloexec(stdin, 10).ok()?;
    let stream = UnixStream::from(kept);
    // What is no socket has no peer.
    stream.peer_addr().ok()?;
    let nothing = OpenOptions::new().read(true).open("/dev/null").ok()?;
    rustix::stdio::dup2_stdin(&nothing).ok()?;
    Some(stream)
}

fn run_cell(crates: &[String], library: &str, entry: &str, pipes: [&str; 2]) -> Ending {
    if let Err(error) = redirect(pipes) {
        return Ending::NotLoaded(format!("its output has no pipe: {error}"));
    }
    for library in crates {
        if let Err(error) = load_crate(library) {
            return Ending::NotLoaded(format!("a crate that it uses: {}", reason(&error)));
        }
    }
    match load(library, entry) {
        Ok(cell) => {
            // The guard inside takes what the cell's statements throw; this is for what dropping a moved variable throws.
            if let Err(payload) = catch_unwind(*cell) {
                guard::set_ending(panics::ending(payload.as_ref()));
            }
            panics::print_caught();
            guard::take_ending()
        }
        Err(error) => Ending::NotLoaded(reason(&error)),
    }
}

/// A fresh pipe for each cell: what its child processes print later still belongs to it.
fn redirect([stdout, stderr]: [&str; 2]) -> std::io::Result<()> {
    dup2_stdout(OpenOptions::new().write(true).open(stdout)?)?;
    dup2_stderr(OpenOptions::new().write(true).open(stderr)?)?;
    Ok(())
}

#[allow(unsafe_code, reason = "cells are shared libraries")]
fn load(library: &str, entry: &str) -> Result<Symbol<extern "Rust" fn()>, libloading::Error> {
    // SAFETY: the kernel has compiled the library with the compiler, and against the libraries, of this process; its
    // initialisers are those of the statics in the cell. The function has no parameters and returns nothing. The library is
    // never unloaded, since values and functions of the cell live on.
    unsafe {
        // All names are bound now, so that a missing one is an error and not a crash; statics are seen by later cells.
        let library = Library::open(Some(library), RTLD_NOW | RTLD_GLOBAL)?;
        let entry = library.get(entry.as_bytes())?;
        std::mem::forget(library);
        Ok(entry)
    }
}

#[allow(unsafe_code, reason = "the crates that cells use are shared libraries")]
fn load_crate(library: &str) -> Result<(), libloading::Error> {
    // SAFETY: the kernel names libraries that were built together with this program, whose initialisers are Rust's own.
    let library = unsafe { Library::open(Some(library), RTLD_NOW | RTLD_GLOBAL)? };
    std::mem::forget(library);
    Ok(())
}

/// An error of the loader, with what the system says of it.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// The kernel ends this process; this is for a kernel that is itself killed.
fn die_with_parent() {
    let parent = getppid();
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    if getppid() != parent {
        std::process::exit(1);
    }
}
