//! What the kernel and the keeper say to each other: the keeper starts everything that runs on behalf of a notebook, tells how
//! it ends, and ends it all when the kernel has gone.

use crate::Bounds;
use crate::frame::{Fields, FrameError, Reader, Writer, frames};

/// What a process may reach; it is held to it by the system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// Files and folders that it may read.
    pub readable: Vec<String>,
    /// Those that it may change.
    pub writable: Vec<String>,
    /// Files and folders that it may write to, and nothing else: no new ones, no others in their place.
    pub pipes: Vec<String>,
    /// Programs that it may start.
    pub executable: Vec<String>,
    /// Whether it may start programs at all.
    pub starts: Starts,
}

/// What a process may start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Starts {
    /// Nothing but copies of itself.
    #[default]
    Nothing,
    /// The programs that are listed.
    Programs,
    /// The same, and what it has built.
    WhatIsBuilt,
}

impl Fields for Confinement {
    fn write(&self, out: &mut Writer) {
        let paths = [&self.readable, &self.writable, &self.pipes, &self.executable];
        paths.into_iter().for_each(|paths| paths.write(out));
        self.starts.write(out);
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, FrameError> {
        let mut paths = || Fields::read(from);
        let (readable, writable, pipes, executable) = (paths()?, paths()?, paths()?, paths()?);
        Ok(Self { readable, writable, pipes, executable, starts: Fields::read(from)? })
    }
}

frames!(Starts {
    1 => Nothing,
    2 => Programs,
    3 => WhatIsBuilt,
});

/// What the kernel asks of the keeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Make a process that runs cells, with no variables yet; its channel follows the frame as a descriptor. Answered by
    /// [`News::Started`] or [`News::NotStarted`].
    Runner(Option<Confinement>),
    /// Start a program; its stdin, stdout and stderr follow the frame as descriptors. Answered by [`News::Started`] or
    /// [`News::NotStarted`].
    Program {
        /// The program, and what it is given.
        command: Vec<String>,
        /// The folder that it works in, if not the kernel's.
        folder: Option<String>,
        /// What its environment has otherwise than the keeper's: values to set, and names to leave out.
        environment: Vec<(String, Option<String>)>,
        /// What it may reach.
        confinement: Option<Confinement>,
        /// What it may use.
        bounds: Bounds,
    },
    /// Send a signal to a process that was started, if it has not ended; a kill is for what it has started, too.
    Signal {
        /// The process.
        process: u32,
        /// The signal.
        signal: u32,
    },
    /// From now on this copy of a runner that has ended is the runner: what it starts ends with it. Answered by
    /// [`News::Started`], or by [`News::NotStarted`] if the copy has ended and nobody will hear of it any more.
    Runs(u32),
    /// End everything, and yourself, and leave the folder alone.
    End,
}

/// What the keeper tells the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The process was started, and has this number.
    Started(u32),
    /// It was not, and why.
    NotStarted(String),
    /// A process has ended: one that was started, or one that was left alone by its parent.
    Ended {
        /// Its number.
        process: u32,
        /// How.
        end: End,
    },
}

/// How a process has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exited(u32),
    /// By this signal.
    Signalled(u32),
}

frames!(Order {
    1 => Runner(confinement),
    2 => Program { command, folder, environment, confinement, bounds },
    3 => Signal { process, signal },
    4 => Runs(process),
    5 => End,
});

frames!(News {
    1 => Started(process),
    2 => NotStarted(reason),
    3 => Ended { process, end },
});

frames!(End {
    1 => Exited(code),
    2 => Signalled(signal),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{read_frame, write_frame};

    /// Orders and news survive the way.
    #[test]
    fn orders_and_news() {
        let program = Order::Program {
            command: vec!["rustc".into(), "-vV".into()],
            folder: Some("/".into()),
            environment: vec![("A".into(), Some("1".into())), ("B".into(), None)],
            confinement: None,
            bounds: Bounds { memory: Some(7), ..Bounds::default() },
        };
        let confinement = Confinement {
            readable: vec!["/lib".into()],
            writable: vec!["/tmp".into()],
            pipes: vec!["/pipes".into()],
            executable: vec!["/bin/true".into()],
            starts: Starts::Programs,
        };
        let orders = [
            Order::Runner(Some(confinement)),
            program,
            Order::Signal { process: 7, signal: 9 },
            Order::Runs(8),
            Order::End,
        ];
        let mut bytes = Vec::new();
        orders.iter().for_each(|order| write_frame(&mut bytes, order).unwrap());
        let mut rest = bytes.as_slice();
        let read: Vec<Order> = std::iter::from_fn(|| read_frame(&mut rest).unwrap()).collect();
        assert_eq!(read, orders);
        let ended = |end| News::Ended { process: 7, end };
        let news = [
            News::Started(1),
            News::NotStarted("no".into()),
            ended(End::Exited(3)),
            ended(End::Signalled(11)),
        ];
        let mut bytes = Vec::new();
        news.iter().for_each(|it| write_frame(&mut bytes, it).unwrap());
        let mut rest = bytes.as_slice();
        let read: Vec<News> = std::iter::from_fn(|| read_frame(&mut rest).unwrap()).collect();
        assert_eq!(read, news);
    }
}
