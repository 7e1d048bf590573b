//! What the notebook was after each of the last cells: a sleeping copy of the runner, with what the engine knew then.
//!
//! A copy is made when a cell has ended, while nobody waits, so it is also there when the process dies between two cells. The
//! newest one is the present, as long as no code has run since. A process with several threads cannot be copied: then the
//! newest copy is an older state.

use std::collections::VecDeque;
use std::io;

use crate::host::{Checkpoint, Host};
use crate::limits::machine;
use crate::notebook::Notebook;

/// How many copies are kept unless a notebook asks for another number.
pub const USUAL: usize = 10;

/// The states that can be returned to.
#[derive(Debug)]
pub struct Checkpoints {
    states: VecDeque<State>,
    /// Whether the state before the first cell can be returned to: it needs no copy.
    reaches_beginning: bool,
    /// What was known then.
    beginning: Notebook,
    /// The first cell that has run since the newest state.
    missed: Option<u32>,
    /// The last cell that has run, if any has.
    last_ran: Option<u32>,
    most: usize,
}

/// A state.
#[derive(Debug)]
struct State {
    copy: Checkpoint,
    notebook: Notebook,
    /// The cell that ran before.
    after: u32,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self {
            states: VecDeque::new(),
            reaches_beginning: true,
            beginning: Notebook::default(),
            missed: None,
            last_ran: None,
            most: USUAL,
        }
    }
}

impl Checkpoints {
    /// For processes without variables. `is_beginning`: there is nothing else in the notebook either.
    pub fn begin_anew(&mut self, is_beginning: bool) {
        *self = Self { most: self.most, reaches_beginning: is_beginning && self.most > 0, ..Self::default() };
    }

    /// How many states are kept.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Keeps that many states from now on.
    pub fn keep(&mut self, most: usize) {
        self.most = most;
        self.shorten();
    }

    /// Whether the newest state is the present one, as long as no cell runs.
    pub fn is_current(&self) -> bool {
        self.missed.is_none()
    }

    /// The last cell that has run.
    pub fn last_ran(&self) -> Option<u32> {
        self.last_ran
    }

    /// What a death would leave, in a sentence; `now` is the one for the newest state.
    pub fn prospect(&self, now: &str) -> String {
        match self.missed {
            _ if self.states.is_empty() && !self.reaches_beginning => {
                "all variables are lost, functions and types are still there".to_string()
            }
            None => now.to_string(),
            Some(first) => format!("everything is as it was before cell[{first}], the last checkpoint"),
        }
    }

    /// The engine has come to know more without any code having run, such as crates that the next cells may use: that is
    /// there when the newest state is returned to.
    pub fn has_learned(&mut self, notebook: &Notebook) {
        if !self.is_current() {
            return;
        }
        match self.states.back_mut() {
            Some(newest) => newest.notebook = notebook.clone(),
            None => self.beginning = notebook.clone(),
        }
    }

    /// The cell after which the newest state was.
    pub fn newest(&self) -> Option<u32> {
        self.states.back().map(|it| it.after)
    }

    /// How many processes sleep.
    pub fn count(&self) -> usize {
        self.states.len()
    }

    /// Why there is nothing to take back.
    pub fn nothing_to_undo(&self) -> String {
        match (self.last_ran, self.most) {
            (None, _) => "there is nothing to take back: no cell has run yet".to_string(),
            (_, 0) => "there is nothing to take back: no checkpoints are kept; `:checkpoints 10` keeps some"
                .to_string(),
            (Some(_), most) => format!(
                "there is nothing more to take back: {most} states are kept, fewer where memory is short; `:checkpoints {}` keeps more",
                most * 2
            ),
        }
    }

    /// This cell has run to its end. Makes a copy of the runner, if it can be copied now.
    ///
    /// # Errors
    /// If the runner cannot be talked to.
    pub fn has_run(&mut self, host: &mut Host, notebook: &Notebook, cell: u32) -> io::Result<()> {
        self.last_ran = Some(cell);
        self.missed.get_or_insert(cell);
        self.catch_up(host, notebook)
    }

    /// Makes a copy of the runner, if it can be copied now.
    ///
    /// # Errors
    /// If the runner cannot be talked to.
    pub fn catch_up(&mut self, host: &mut Host, notebook: &Notebook) -> io::Result<()> {
        self.confirm(host);
        if let Some(after) = self.last_ran
            && self.most > 0
            && host.threads().is_empty()
        {
            let copy = host.copy()?;
            self.states.push_back(State { copy, notebook: notebook.clone(), after });
            self.missed = None;
            self.shorten();
        }
        Ok(())
    }

    /// Sees whether the last copy that was asked for is there. To be called before the runner is asked for anything else.
    pub fn confirm(&mut self, host: &mut Host) {
        if let Some(last) = self.states.back_mut()
            && !host.confirm(&mut last.copy)
        {
            let after = self.states.pop_back().map(|it| it.after);
            self.missed = self.missed.or(after);
        }
    }

    /// Lets go of the oldest states: of those that are too many, and of all but one where memory is short, since what has
    /// changed since takes memory in each of them.
    fn shorten(&mut self) {
        let most = if self.states.len() > 1 && machine::is_short() { self.most.min(1) } else { self.most };
        while self.states.len() > most {
            self.states.pop_front();
            self.reaches_beginning = false;
        }
        self.reaches_beginning &= self.most > 0;
    }

    /// Returns to the newest state, with a new copy of it for the next time; none if there is none.
    ///
    /// # Errors
    /// If there is no keeper to start a process.
    pub fn return_to_newest(&mut self, host: &mut Host) -> io::Result<Option<Notebook>> {
        self.confirm(host);
        while let Some(State { copy, notebook, after }) = self.states.pop_back() {
            // One that was killed cannot be returned to; the one before it can.
            if !host.resume(copy)? {
                continue;
            }
            let Ok(mut copy) = host.copy() else { continue };
            if host.confirm(&mut copy) {
                self.states.push_back(State { copy, notebook: notebook.clone(), after });
                (self.missed, self.last_ran) = (None, Some(after));
                return Ok(Some(notebook));
            }
        }
        if !self.reaches_beginning {
            return Ok(None);
        }
        host.begin_anew()?;
        (self.missed, self.last_ran) = (None, None);
        Ok(Some(self.beginning.clone()))
    }

    /// Returns to the state before the last cell that ran; none if there is none.
    ///
    /// # Errors
    /// If there is no keeper to start a process.
    pub fn undo(&mut self, host: &mut Host) -> io::Result<Option<Notebook>> {
        self.confirm(host);
        let is_newest_the_present = self.is_current();
        let has_one_before = self.states.len() > usize::from(is_newest_the_present);
        if self.last_ran.is_none() || !(has_one_before || self.reaches_beginning) {
            return Ok(None);
        }
        if is_newest_the_present {
            self.states.pop_back();
        }
        self.return_to_newest(host)
    }
}
