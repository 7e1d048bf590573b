//! Programs that run on behalf of a cell: started by the keeper, ended by an interrupt.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Command;
use std::sync::Arc;

use netsplit_control::{Bounds, Confinement, End};

use crate::interrupt::{Interrupt, Watched};
use crate::keeper::Keeper;

/// What starts programs, and what stops them.
pub struct Programs<'a> {
    /// Starts them.
    pub keeper: &'a mut Keeper,
    /// Stops them.
    pub interrupt: &'a Arc<Interrupt>,
}

/// A program that runs.
pub struct Program<'a> {
    process: u32,
    _watched: Watched<'a>,
}

impl<'a> Programs<'a> {
    /// Starts a program, which reads nothing. It must be waited for.
    pub fn start(
        &mut self,
        command: &Command,
        stdout: BorrowedFd<'_>,
        stderr: BorrowedFd<'_>,
    ) -> io::Result<Program<'a>> {
        let nothing = File::open("/dev/null")?;
        let process = self.keeper.program(command, [nothing.as_fd(), stdout, stderr])?;
        Ok(self.watched(process))
    }

    /// Starts a program that is none of the notebook's code, with these as its stdin, stdout and stderr, and without the session's
    /// limits; held to `confinement`, if there is one. It must be waited for.
    pub fn start_trusted(
        &mut self,
        command: &Command,
        streams: [BorrowedFd<'_>; 3],
        confinement: Option<Confinement>,
    ) -> io::Result<Program<'a>> {
        let process = self.keeper.program_within(command, streams, confinement, Bounds::default())?;
        Ok(self.watched(process))
    }

    fn watched(&self, process: u32) -> Program<'a> {
        let watched = self.interrupt.watch_program(self.keeper.orders(), process);
        Program { process, _watched: watched }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self, program: &Program<'_>) -> io::Result<bool> {
        self.keeper.hear_all()?;
        Ok(self.keeper.end_of(program.process).is_some())
    }

    /// Waits for its end.
    pub fn wait(&mut self, program: Program<'_>) -> io::Result<End> {
        self.keeper.wait(program.process)
    }
}
