//! The runner's loop: load a cell, run it, say how it ended; between cells, make copies of the process, the checkpoints.
//!
//! A checkpoint is a process that waits in this loop for a request on a channel of its own. It gets one when the runner it was
//! copied from has ended: then it is the runner, with the variables of that moment. The runner stays the parent, so that
//! success changes nothing for the code in cells: not the process's number, not its children.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::os::unix::net::UnixStream;
use std::panic::catch_unwind;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW, Symbol};
use netsplit_control::{Confinement, Ending, Report, Request, Showing};
#[cfg(target_os = "linux")]
use rustix::process::Signal;
use rustix::process::{Pid, WaitOptions, setpgid, waitpid};
use rustix::stdio::{dup2_stderr, dup2_stdout};

use crate::confinement::confine;
use crate::fork::{Fork, end, fork};
use crate::{bounds, channel, debug_place, faults, guard, interrupts, panics, variables};

/// Serves the kernel until it goes away.
pub fn serve(stream: UnixStream, confinement: Option<Confinement>) -> ! {
    channel::open(stream);
    faults::report();
    interrupts::listen();
    netsplit::place::set_naming(debug_place);
    netsplit::progress::set_outlet(|text| {
        channel::show(Showing::Progress { text: text.map(str::to_owned) });
    });
    lead_group();
    die_with_parent();
    // Before any code of a cell, and for all copies.
    if let Some(Err(error)) = confinement.map(|it| confine(&it)) {
        channel::send(&Report::Unfit(error.to_string()));
        end(1);
    }
    channel::send(&Report::Ready);
    let mut checkpoints = Vec::new();
    let mut sleeps = false;
    while let Some(request) = channel::next_request() {
        if std::mem::take(&mut sleeps) {
            die_with_parent();
        }
        match request {
            Request::Run { crates, library, entry, stdout, stderr, bounds } => {
                netsplit::interrupt::clear();
                bounds::set(&bounds);
                let ending = run_cell(&crates, &library, &entry, [&stdout, &stderr]);
                channel::flush();
                channel::send(&Report::Ended(ending));
            }
            Request::Drop(names) => variables::forget(&names),
            Request::Checkpoint => sleeps = checkpoint(&mut checkpoints),
            // Answers to questions that nobody asks any more.
            Request::Continue | Request::Input(_) | Request::NoInput(_) | Request::Interrupted => {}
        }
    }
    // Not by returning: destructors of variables are code of cells, and nobody is there to see what they do.
    end(0)
}

/// Makes a copy of this process; true in the copy. The kernel has seen that there is one thread.
fn checkpoint(checkpoints: &mut Vec<Pid>) -> bool {
    // Copies that the kernel has let go have ended.
    checkpoints.retain(|process| matches!(waitpid(Some(*process), WaitOptions::NOHANG), Ok(None)));
    let Ok(descriptor) = channel::next_descriptor() else { return false };
    channel::flush();
    match fork() {
        Ok(Fork::Child) => {
            checkpoints.clear();
            channel::replace(descriptor);
            // What the last cell printed into is the other process's alone, and so are signals to its group.
            if let Ok(nothing) = OpenOptions::new().write(true).open("/dev/null") {
                let _ = (dup2_stdout(&nothing), dup2_stderr(&nothing));
            }
            lead_group();
            true
        }
        Ok(Fork::Parent(process)) => {
            let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
            // Both do it, so that it is done when the kernel hears of the copy.
            let _ = pid.map(|pid| setpgid(Some(pid), None));
            checkpoints.extend(pid);
            channel::send(&Report::Checkpoint(Some(process)));
            false
        }
        Err(_) => {
            channel::send(&Report::Checkpoint(None));
            false
        }
    }
}

/// What cells start can be signalled together with this process.
fn lead_group() {
    let _ = setpgid(None, None);
}

fn run_cell(crates: &[String], library: &str, entry: &str, pipes: [&str; 2]) -> Ending {
    if let Err(error) = redirect(pipes) {
        return Ending::NotLoaded(format!("its output has no pipe: {error}"));
    }
    for library in crates {
        if let Err(error) = load_crate(library.as_ref()) {
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

/// Loads a shared library that cells call.
///
/// # Errors
/// If the loader cannot.
#[allow(unsafe_code, reason = "the crates that cells use are shared libraries")]
pub fn load_crate(library: &OsStr) -> Result<(), libloading::Error> {
    // SAFETY: the kernel names libraries that were built together with this program, whose initialisers are Rust's own.
    let library = unsafe { Library::open(Some(library), RTLD_NOW | RTLD_GLOBAL)? };
    std::mem::forget(library);
    Ok(())
}

/// An error of the loader, with what the system says of it.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// The keeper ends this process; this is for a keeper that is itself killed.
pub fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        let parent = rustix::process::getppid();
        let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        if rustix::process::getppid() != parent {
            end(1);
        }
    }
}
