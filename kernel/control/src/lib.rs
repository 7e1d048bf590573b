//! What the kernel and the cell host say to each other: requests one way, reports the other, as frames on a socket.
//!
//! A frame is its length (32 bits, little-endian), a tag, and fields: numbers in 64 bits, texts with their length before
//! them. Both ends are of one version, built together, so there is no negotiation; a frame that cannot be read is an
//! error and never a panic, since the code in a cell may have written over anything.
//!
//! There is next to no dependency here, because the host must be small and quick to start.

mod descriptors;
mod frame;
mod keeper;

pub use descriptors::{receive_descriptor, send_descriptor};
pub use frame::{FrameError, read_frame, write_frame};
pub use keeper::{Confinement, End, News, Order, Starts};

use frame::{Fields, Reader, Writer, frames};

/// What the kernel asks of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Load a cell and run it; answered by [`Report::Ended`].
    Run {
        /// Shared libraries that must be loaded before, in this order; what is loaded already stays as it is.
        crates: Vec<String>,
        /// The shared library that the cell was made into.
        library: String,
        /// The function to call.
        entry: String,
        /// The named pipe that takes the place of stdout.
        stdout: String,
        /// The named pipe that takes the place of stderr.
        stderr: String,
        /// What it may use.
        bounds: Bounds,
    },
    /// Make a copy of this process, which waits for requests on a channel of its own: a descriptor follows the frame.
    /// Answered by [`Report::Checkpoint`].
    Checkpoint,
    /// Drop these variables.
    Drop(Vec<String>),
    /// Go on: the answer to [`Report::Show`].
    Continue,
    /// The answer to [`Report::AskInput`].
    Input(String),
    /// Why there is no answer to [`Report::AskInput`].
    NoInput(String),
    /// There is no answer to [`Report::AskInput`], because the cell is to stop.
    Interrupted,
}

/// What the system allows the process that runs cells. Nothing stands for no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Memory that the process may have, in bytes.
    pub memory: Option<u64>,
    /// Time of processors that the cell may use, in seconds.
    pub processor_seconds: Option<u64>,
    /// The length of a file that is written, in bytes.
    pub file_size: Option<u64>,
    /// Whether the process is held to them against its will.
    pub is_final: bool,
}

/// What the host tells the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It is there.
    Ready,
    /// Show something.
    Show {
        /// What.
        showing: Showing,
        /// Whether the cell waits for [`Request::Continue`], so that what it prints before and after keeps its order.
        waits: bool,
    },
    /// Ask the user for a line; answered with [`Request::Input`].
    AskInput {
        /// What to ask.
        prompt: String,
        /// Whether the answer must not be seen.
        is_password: bool,
    },
    /// The cell stores a variable.
    Stored {
        /// Its name.
        name: String,
        /// Its type, as `std::any::type_name` writes it.
        type_name: String,
    },
    /// The cell has ended, and everything it printed is in the pipes.
    Ended(Ending),
    /// The copy has this number, or there is none.
    Checkpoint(Option<u32>),
    /// The process cannot be what it should be, and why; it ends.
    Unfit(String),
    /// The process has done what the system does not forgive, and is about to end.
    Fault {
        /// The signal.
        signal: u32,
        /// Whether the address lies next to the stack's end.
        is_overflow: bool,
        /// What was on the stack in libraries of cells, innermost first: the file, and the offset in it.
        frames: Vec<(String, u64)>,
    },
}

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Showing {
    /// A picture, a table, ..: its forms by MIME type.
    Display {
        /// The forms: MIME type and content. JSON types hold JSON, others text.
        forms: Vec<(String, String)>,
        /// The name by which it can be replaced later.
        id: Option<String>,
        /// Whether it replaces what was shown under that name.
        is_update: bool,
    },
    /// The value of the cell's last expression.
    Result {
        /// The forms: MIME type and content.
        forms: Vec<(String, String)>,
    },
    /// What is shown from here on, by the convention of `evcxr_display`, is the cell's value.
    ResultBegins,
    /// No longer.
    ResultEnds,
    /// How far a long cell is, in the place of what was said of it before; nothing takes the line away.
    Progress {
        /// What to say.
        text: Option<String>,
    },
    /// Take back what the cell has shown so far.
    Clear {
        /// Not before something new comes.
        wait: bool,
    },
}

/// How a cell has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// At its end.
    Finished,
    /// By a `?` on an error.
    Failed {
        /// The error's type.
        type_name: String,
        /// Its message, then those of its sources.
        messages: Vec<String>,
    },
    /// By a panic.
    Panicked {
        /// The message.
        message: String,
        /// Where: file, line, column.
        place: Option<(String, u32, u32)>,
        /// What was on the stack in libraries of cells, innermost first: the file, and the offset in it.
        frames: Vec<(String, u64)>,
    },
    /// By an interrupt, at a place where it leaves everything whole; what was going on is said in words.
    Interrupted(String),
    /// Before its beginning: the library cannot be loaded.
    NotLoaded(String),
    /// Before its beginning: a stored variable is not of the type that the cell was compiled for.
    Mismatched {
        /// The variable.
        name: String,
        /// The type that is stored.
        stored: String,
        /// The type that the cell expects.
        wanted: String,
    },
}

frames!(Request {
    1 => Run { crates, library, entry, stdout, stderr, bounds },
    2 => Drop(names),
    3 => Continue,
    4 => Input(line),
    5 => NoInput(reason),
    6 => Checkpoint,
    7 => Interrupted,
});

frames!(Report {
    1 => Ready,
    2 => Show { showing, waits },
    3 => AskInput { prompt, is_password },
    4 => Stored { name, type_name },
    5 => Ended(ending),
    6 => Checkpoint(process),
    8 => Unfit(reason),
    7 => Fault { signal, is_overflow, frames },
});

frames!(Showing {
    1 => Display { forms, id, is_update },
    2 => Result { forms },
    3 => Clear { wait },
    4 => ResultBegins,
    5 => ResultEnds,
    6 => Progress { text },
});

frames!(Ending {
    1 => Finished,
    2 => Failed { type_name, messages },
    3 => Panicked { message, place, frames },
    4 => NotLoaded(reason),
    5 => Mismatched { name, stored, wanted },
    6 => Interrupted(doing),
});

impl Fields for Bounds {
    fn write(&self, out: &mut Writer) {
        self.memory.write(out);
        self.processor_seconds.write(out);
        self.file_size.write(out);
        self.is_final.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        let mut next = || Fields::read(from);
        let (memory, processor_seconds, file_size) = (next()?, next()?, next()?);
        Ok(Self { memory, processor_seconds, file_size, is_final: Fields::read(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports() -> Vec<Report> {
        let forms =
            vec![("text/plain".to_string(), "é\n".to_string()), ("image/svg+xml".into(), String::new())];
        let panicked = Ending::Panicked {
            message: "out of milk".into(),
            place: Some(("cell[3]".into(), 7, u32::MAX)),
            frames: vec![("cell-1.so".into(), u64::MAX)],
        };
        let show = |showing| Report::Show { showing, waits: true };
        vec![
            Report::Ready,
            show(Showing::Display { forms: forms.clone(), id: Some("a".into()), is_update: true }),
            show(Showing::Result { forms }),
            show(Showing::Clear { wait: false }),
            show(Showing::Progress { text: Some("1 of 2".into()) }),
            show(Showing::Progress { text: None }),
            show(Showing::ResultBegins),
            show(Showing::ResultEnds),
            Report::AskInput { prompt: "name? ".into(), is_password: true },
            Report::Stored { name: "x".into(), type_name: "i32".into() },
            Report::Ended(Ending::Finished),
            Report::Ended(panicked),
            Report::Ended(Ending::Failed { type_name: "E".into(), messages: vec!["a".into(), "b".into()] }),
            Report::Ended(Ending::NotLoaded("no".into())),
            Report::Ended(Ending::Interrupted("at 3 s".into())),
            Report::Checkpoint(Some(7)),
            Report::Checkpoint(None),
            Report::Unfit("no Landlock".into()),
            Report::Fault { signal: 11, is_overflow: true, frames: vec![("cell-1.so".into(), 7)] },
            Report::Ended(Ending::Mismatched { name: "p".into(), stored: "P".into(), wanted: "Q".into() }),
        ]
    }

    /// What is written is read again, one frame after the other, and then the stream is at its end.
    #[test]
    fn frames_survive_the_way() {
        let run = Request::Run {
            crates: vec!["c".into()],
            library: "l".into(),
            entry: "e".into(),
            stdout: "o".into(),
            stderr: "r".into(),
            bounds: Bounds {
                memory: Some(1),
                processor_seconds: None,
                file_size: Some(u64::MAX),
                is_final: true,
            },
        };
        let requests = [
            run,
            Request::Drop(vec!["x".into()]),
            Request::Continue,
            Request::Checkpoint,
            Request::Interrupted,
            Request::NoInput("no".into()),
            Request::Input("é".into()),
        ];
        let mut bytes = Vec::new();
        for request in &requests {
            write_frame(&mut bytes, request).unwrap();
        }
        let mut rest = bytes.as_slice();
        for request in &requests {
            assert_eq!(read_frame::<Request>(&mut rest).unwrap().as_ref(), Some(request));
        }
        assert!(read_frame::<Request>(&mut rest).unwrap().is_none());
        for report in reports() {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, &report).unwrap();
            assert_eq!(read_frame(&mut bytes.as_slice()).unwrap(), Some(report));
        }
    }

    /// Whatever is cut off or overwritten is an error, and no length makes the reader take memory.
    #[test]
    fn damaged_frames_are_errors() {
        for report in reports() {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, &report).unwrap();
            for end in 1..bytes.len() {
                assert!(read_frame::<Report>(&mut &bytes[..end]).is_err(), "{report:?} cut at {end}");
            }
            for place in 4..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[place] ^= 0xff;
                // It may still be a frame, with another text; it must not panic.
                let _ = read_frame::<Report>(&mut damaged.as_slice());
            }
        }
        let huge = [0xff_u8, 0xff, 0xff, 0xff, 1];
        assert!(matches!(read_frame::<Report>(&mut huge.as_slice()), Err(FrameError::Length(_))));
        let unknown = [1_u8, 0, 0, 0, 99];
        assert!(matches!(read_frame::<Report>(&mut unknown.as_slice()), Err(FrameError::Tag(99))));
        let more_than_said = [2_u8, 0, 0, 0, 1, 1];
        assert!(matches!(read_frame::<Report>(&mut more_than_said.as_slice()), Err(FrameError::TooLong)));
    }
}
