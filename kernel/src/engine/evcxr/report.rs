//! What the relay and the kernel say to each other: lines of JSON one way, single bytes the other.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

/// The kernel has dealt with a [`Report::Done`] or [`Report::Ended`] and all before it.
pub const ACKNOWLEDGED: u8 = b'a';
/// A new cell begins: an earlier [`INTERRUPT`] is void.
pub const BEGIN: u8 = b'b';
/// Stop the cell, whether it runs already or is still being compiled.
pub const INTERRUPT: u8 = b'i';

/// What the relay tells the kernel of the process that runs the cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// Text on stdout.
    Stdout(String),
    /// Text on stderr.
    Stderr(String),
    /// Something to show.
    Content {
        /// Its MIME type.
        mime: String,
        /// The content.
        text: String,
    },
    /// The cell panicked; this is what the panic said on stderr.
    Panicked(String),
    /// A `?` has left the cell early; this is the error's text.
    ReturnedError(String),
    /// The cell was interrupted before it began to run.
    NotRun,
    /// The cell has ended. The relay waits for [`ACKNOWLEDGED`] before evcxr hears of it.
    Done,
    /// The process has ended, in this way. The relay waits for [`ACKNOWLEDGED`] before it ends too.
    Ended(String),
}

impl Report {
    /// Sends the report.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        to.write_all(&line)
    }

    /// Waits for the next report; nothing when the other end is gone.
    pub fn read(from: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        match from.read_line(&mut line) {
            Ok(length) if length > 0 => serde_json::from_str(&line).ok(),
            _ => None,
        }
    }
}
