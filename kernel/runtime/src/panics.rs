//! Panics in cells: the hook keeps what is known where it happens, the guard takes it when the panic has come to the cell's
//! end.
//!
//! A panic of the cell's own thread is the cell's error, and the kernel shows it; one that the cell catches itself, and
//! one of another thread, is printed as Rust does.

use std::any::Any;
use std::cell::RefCell;
use std::io::Write;
use std::panic::{self, PanicHookInfo};
use std::thread::{self, ThreadId};

use netsplit_control::Ending;

use crate::place_of;

/// What the hook has seen and nobody has reported yet.
struct Seen {
    message: String,
    place: Option<(String, u32, u32)>,
    frames: Vec<String>,
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
        let frames = frames(functions());
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

/// Prints the panics that the cell has caught itself.
pub fn print_caught() {
    for Seen { message, place, .. } in SEEN.take() {
        print("main", &message, place.as_ref());
    }
}

/// The functions on the stack, innermost first. The standard library's own backtraces do not know what was loaded after
/// the first of them.
fn functions() -> Vec<String> {
    backtrace::clear_symbol_cache();
    let mut names = Vec::new();
    backtrace::trace(|frame| {
        backtrace::resolve_frame(frame, |symbol| names.extend(symbol.name().map(|name| format!("{name:#}"))));
        true
    });
    names
}

/// Those of them that are of cells, up to the cell itself.
fn frames(functions: Vec<String>) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    for name in functions.into_iter().filter(|name| name.contains("cells::")) {
        let is_cell = name.contains("cells::netsplit_cell_");
        if frames.last() != Some(&name) {
            frames.push(name);
        }
        if is_cell {
            break;
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of what is on the stack, the cells' own functions are kept, in order, up to the cell itself.
    #[test]
    fn frames_of_cells_are_kept() {
        let functions = [
            "core::panicking::panic_fmt",
            "cells::drink",
            "cells::drink",
            "<cells::P as core::ops::Drop>::drop",
            "netsplit_runtime::guard::run",
            "cells::netsplit_cell_3::{{closure}}",
            "cells::netsplit_cell_3",
        ];
        let expected = ["cells::drink", "<cells::P as core::ops::Drop>::drop", "cells::netsplit_cell_3::{{closure}}"];
        assert_eq!(frames(functions.map(str::to_string).to_vec()), expected);
    }

    /// This very function is on the stack.
    #[test]
    fn the_stack_is_read() {
        assert!(functions().iter().any(|name| name.ends_with("the_stack_is_read")), "{:?}", functions());
    }
}
