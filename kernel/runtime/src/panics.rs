//! Panics in cells: the hook keeps what is known where it happens, the guard takes it when the panic has come to the cell's
//! end.
//!
//! A panic of the cell's own thread is the cell's error, and the kernel shows it; one that the cell catches itself, and
//! one of another thread, is printed as Rust does.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::io::Write;
use std::panic::{self, PanicHookInfo};
use std::thread::{self, ThreadId};

use netsplit_control::Ending;

use crate::{interrupts, place_of};

/// What the hook has seen and nobody has reported yet.
struct Seen {
    message: String,
    place: Option<(String, u32, u32)>,
    frames: Vec<(String, u64)>,
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// Sets the hook. The calling thread is the one that runs cells.
pub fn watch() {
    let main = thread::current().id();
    panic::set_hook(Box::new(move |info| see(info, main)));
}

fn see(info: &PanicHookInfo<'_>, main: ThreadId) {
    let message = message_of(info.payload());
    let place = info.location().map(|it| place_of(it.file(), it.line(), it.column()));
    if thread::current().id() == main {
        let frames = frames();
        SEEN.with_borrow_mut(|seen| seen.push(Seen { message, place, frames }));
    } else {
        let current = thread::current();
        print(current.name().unwrap_or("<unnamed>"), &message, place.as_ref());
    }
}

fn message_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a value that is no text".to_string())
}

fn print(thread: &str, message: &str, place: Option<&(String, u32, u32)>) {
    let at = place.map_or_else(String::new, |(file, line, column)| format!(" at {file}:{line}:{column}"));
    // Not eprintln: the hook must not panic again.
    let _ = writeln!(std::io::stderr(), "thread '{thread}' panicked{at}:\n{message}");
}

/// The ending of a cell that a panic has left: what the hook saw last, unless the payload was thrown without it.
pub fn ending(payload: &(dyn Any + Send)) -> Ending {
    if let Some(doing) = interrupts::doing(payload) {
        return Ending::Interrupted(doing);
    }
    let message = message_of(payload);
    let last = SEEN.with_borrow_mut(|seen| match seen.last() {
        Some(last) if last.message == message => seen.pop(),
        _ => None,
    });
    match last {
        Some(Seen { message, place, frames }) => Ending::Panicked { message, place, frames },
        None => Ending::Panicked { message, place: None, frames: Vec::new() },
    }
}

/// The panics that nobody has heard of yet, for a process that is about to end: whatever it panicked of last is mostly why. Takes
/// neither memory nor locks.
pub fn last_words(out: &mut impl fmt::Write) {
    let _ = SEEN.try_with(|seen| {
        for Seen { message, place, .. } in seen.try_borrow().iter().flat_map(|seen| seen.iter()) {
            let _ = match place {
                Some((file, line, column)) => writeln!(out, "panicked at {file}:{line}:{column}:\n{message}"),
                None => writeln!(out, "panicked:\n{message}"),
            };
        }
    });
}

/// Prints the panics that the cell has caught itself.
pub fn print_caught() {
    for Seen { message, place, .. } in SEEN.take() {
        print("main", &message, place.as_ref());
    }
}

/// The places on the stack that are in libraries of cells, innermost first: the library's file, and the offset in it. The
/// kernel finds the functions: what resolves names in this process knows nothing of libraries that are loaded later.
fn frames() -> Vec<(String, u64)> {
    let mut frames = Vec::new();
    backtrace::trace(|frame| {
        let of_cell = library_of(frame.ip()).filter(|(file, _)| is_cell(file));
        frames.extend(of_cell.map(|(file, offset)| (file.to_string(), offset)));
        true
    });
    frames
}

/// The library that an address is in, and the offset in it. Takes no memory, so that signal handlers can ask too.
#[allow(unsafe_code, reason = "only the loader knows which library an address is in")]
pub fn library_of(address: *mut std::ffi::c_void) -> Option<(&'static str, u64)> {
    // SAFETY: `dladdr` only reads the loader's tables, and fills a structure that outlives the call; on success, its file name
    // is a C string that lives as long as the library, and cells are never unloaded.
    unsafe {
        let mut found: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr(address, &raw mut found) == 0 || found.dli_fname.is_null() {
            return None;
        }
        let file = std::ffi::CStr::from_ptr(found.dli_fname).to_str().ok()?;
        Some((file, (address as usize).wrapping_sub(found.dli_fbase as usize) as u64))
    }
}

/// Whether a library is a cell.
pub fn is_cell(library: &str) -> bool {
    library.rsplit('/').next().is_some_and(|name| name.starts_with("cell-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The library of a function is the one that this test is in, at an offset that is not in front of it.
    #[test]
    fn addresses_have_libraries() {
        let function: fn() = addresses_have_libraries;
        let (file, offset) = library_of(function as *mut std::ffi::c_void).unwrap();
        let program = std::env::current_exe().unwrap();
        assert!(program.to_string_lossy().ends_with(file.rsplit('/').next().unwrap()), "{file}");
        assert!(offset > 0 && offset < std::fs::metadata(&program).unwrap().len());
        assert_eq!(library_of(std::ptr::null_mut()), None);
    }
}
