//! Asks the person at the notebook.

use std::io;

use crate::channel::{self, NoInput};
use crate::interrupts;

/// Asks for a line of text.
///
/// # Errors
/// If nobody can be asked: the front end does not allow it, or there is none.
pub fn input(prompt: &str) -> io::Result<String> {
    ask(prompt, false)
}

/// Asks for a line of text that must not be seen while it is typed.
///
/// # Errors
/// If nobody can be asked.
pub fn password(prompt: &str) -> io::Result<String> {
    ask(prompt, true)
}

fn ask(prompt: &str, is_password: bool) -> io::Result<String> {
    channel::ask_input(prompt, is_password).map_err(|why| match why {
        NoInput::Refused(reason) => io::Error::new(io::ErrorKind::Unsupported, reason),
        NoInput::Interrupted => interrupts::unwind("it waited for input"),
    })
}
