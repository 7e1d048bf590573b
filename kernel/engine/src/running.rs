//! Runs a cell that has been compiled: attends to it until it ends, remembers what it leaves, and returns to a checkpoint if
//! its process dies.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Instant;

use netsplit_control::{Bounds, End, Ending, Report, Request};

use crate::commands;
use crate::compile::{NotKept, Ready, closure_reason};
use crate::deaths::Death;
use crate::engine::{Audience, Engine, Times};
use crate::failure::Failure;
use crate::frame;
use crate::host::Incoming;
use crate::interrupt::Cause;
use crate::limits::{Limit, Limits};
use crate::notebook::{Notebook, Variable};
use crate::outputs::{Output, Outputs, Stream};
use crate::parse::Parsed;
use crate::symbols;
use crate::watch::Watch;

/// What is said below an error that leaves variables changed.
const UNDO: &str = "the variables are as the cell left them; `:undo` takes the cell back";
/// What an interrupt costs that the cell has heard.
const KEPT: &str = "no variable is lost";

/// What a death costs when there is a checkpoint.
const BEFORE: &str = "everything is as it was before the cell";

/// How a run has ended.
enum Run {
    /// The cell came to an end of its own.
    Ended(Ending),
    /// Its process did.
    Died(Death),
}

impl Engine {
    /// Before a cell: the processes must be there. What has died since the last one is replaced, and that is said.
    pub(crate) fn see_to_processes(&mut self, audience: &mut dyn Audience) -> Result<(), Failure> {
        let (what, is_lost) = match self.host.is_alive() {
            Ok(true) => return Ok(()),
            Ok(false) => {
                let end = self.host.end().unwrap_or(End::Signalled(9));
                (Death::plain(end).tell("a thread of a cell").1, false)
            }
            Err(error) => (error.to_string(), true),
        };
        let aftermath = self.return_to_checkpoint("no variable is lost", is_lost)?;
        audience.put(Output::Text(Stream::Err, format!("note: since the last cell, {what}; {aftermath}\n")));
        Ok(())
    }

    /// Loads and runs a cell that has been compiled, and remembers what it leaves.
    pub(crate) fn run_ready(
        &mut self,
        next: Notebook,
        parsed: &Parsed,
        ready: &Ready,
        number: u32,
        audience: &mut dyn Audience,
    ) -> Result<(), Failure> {
        if self.interrupt.is_set() {
            return Err(Failure::plain(
                "Interrupted",
                "the cell was interrupted before it began to run; nothing has changed",
            ));
        }
        self.see_to_checkpoint(audience);
        let begun = Instant::now();
        let mut stored = BTreeMap::new();
        let ending = match self.attend(ready, &next, number, &mut stored, audience) {
            Ok(Run::Ended(ending)) => ending,
            Ok(Run::Died(death)) => return Err(self.recover(&death)),
            Err(error) => {
                let aftermath = self.return_to_checkpoint("", true)?;
                return Err(Failure::plain("EngineError", &format!("{error}; {aftermath}")));
            }
        };
        // What the cell defined is there whether it came to its end or not: it was compiled, and loaded.
        self.notebook = next;
        self.notebook.define_statics(&ready.symbols);
        let has_changed = !ready.taken.is_empty() || !stored.is_empty();
        self.remember(parsed, ready, stored, number, &ending, audience);
        if self.shows_times {
            let times = Times {
                compile: ready.times.0,
                link: ready.times.1,
                run: begun.elapsed(),
                rounds: ready.rounds,
            };
            audience.put(Output::Text(Stream::Err, commands::times_line(times)));
        }
        // A runner that cannot be copied has just died; the next cell will see.
        let _ = self.checkpoints.has_run(&mut self.host, &self.notebook, number);
        match self.failure_of(&ending) {
            Some(failure) if has_changed => Err(failure.with_hint(UNDO)),
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// A cell is about to run: says so if nothing can be returned to when its process dies.
    fn see_to_checkpoint(&mut self, audience: &mut dyn Audience) {
        if self.checkpoints.is_current() || self.checkpoints.most() == 0 {
            return self.checkpoints.confirm(&mut self.host);
        }
        // The threads that were in the way may have ended since.
        let _ = self.checkpoints.catch_up(&mut self.host, &self.notebook);
        self.checkpoints.confirm(&mut self.host);
        let threads = self.host.threads();
        if !self.checkpoints.is_current() && !threads.is_empty() {
            let names: Vec<String> = threads.iter().map(|name| format!("`{name}`")).collect();
            let (names, are) = match names.as_slice() {
                [one] if one == "``" => ("a thread".to_string(), "is"),
                [one] => (format!("the thread {one}"), "is"),
                several => (format!("{} threads", several.len()), "are"),
            };
            let note = format!(
                "note: this cell runs without a checkpoint, because {names} of an earlier cell {are} still running; if the process dies, {}\n",
                self.checkpoints.prospect(BEFORE)
            );
            audience.put(Output::Text(Stream::Err, note));
        }
    }

    /// Passes on what comes from a running cell, until it has ended.
    fn attend(
        &mut self,
        ready: &Ready,
        next: &Notebook,
        number: u32,
        stored: &mut BTreeMap<String, String>,
        audience: &mut dyn Audience,
    ) -> std::io::Result<Run> {
        let bounds = bounds(self.policy.limits(), self.is_confined());
        let host = &mut self.host;
        let watched = self.interrupt.watch_cell(host.keeper.orders(), host.id());
        let entry = frame::entry(self.run);
        let crates = next.dependencies.libraries();
        if let Err(error) = host.run(self.run, &crates, (&ready.library, &entry), bounds) {
            // It may have died while the cell was compiled.
            return match error.kind() {
                ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                    Ok(Run::Died(Death::plain(host.end()?)))
                }
                _ => Err(error),
            };
        }
        let mut outputs = Outputs::new(&self.policy);
        let (mut fault, mut unfit) = (None, None);
        let mut watch = Watch::begin(self.policy.limits());
        let mut run = loop {
            match host.next(watch.next())? {
                Incoming::Printed(stream, bytes) => outputs.printed(stream, &bytes, audience),
                Incoming::Report(Report::Ready | Report::Checkpoint(_)) => {}
                Incoming::Report(Report::Show { showing, waits }) => {
                    outputs.show(showing, audience);
                    if waits {
                        let _ = host.answer(&Request::Continue);
                    }
                }
                Incoming::Report(Report::AskInput { prompt, is_password }) => {
                    let answer = match watch.pause(|| audience.ask(&prompt, is_password)) {
                        Ok(line) => Request::Input(line),
                        Err(_) if self.interrupt.is_set() => Request::Interrupted,
                        Err(reason) => Request::NoInput(reason),
                    };
                    let _ = host.answer(&answer);
                }
                Incoming::Report(Report::Stored { name, type_name }) => {
                    stored.insert(name, type_name);
                }
                Incoming::Report(Report::Unfit(reason)) => unfit = Some(reason),
                Incoming::Report(Report::Fault { is_overflow, frames, .. }) => {
                    fault = Some((is_overflow, frames))
                }
                Incoming::Report(Report::Ended(ending)) => break Run::Ended(ending),
                Incoming::TimeIsUp => {
                    if let Some(cause) = watch.look(host, &self.checkpoints) {
                        self.interrupt.stop(cause);
                    }
                }
                Incoming::Gone(end) => break Run::Died(Death::plain(end)),
            }
        };
        outputs.end(audience);
        drop(watched);
        if let Some(reason) = unfit {
            return Err(std::io::Error::other(reason));
        }
        if let Run::Died(death) = &mut run {
            let (is_overflow, frames) = fault.unwrap_or_default();
            death.is_overflow = is_overflow;
            death.functions = functions(&frames, next);
            death.is_out_of_memory = outputs.last_errors().contains("memory allocation of ");
        }
        let late = self.late.clone();
        host.let_go(move |stream, bytes| late(number, stream, String::from_utf8_lossy(bytes).into_owned()));
        Ok(run)
    }

    /// The runner has died: a copy takes its place.
    fn recover(&mut self, death: &Death) -> Failure {
        let cause = self.interrupt.cause();
        let aftermath = match self.return_to_checkpoint(BEFORE, false) {
            Ok(aftermath) => aftermath,
            Err(failure) => return failure,
        };
        match cause {
            Some(Cause::Asked) => {
                Failure::plain("Interrupted", &format!("the cell was interrupted; {aftermath}"))
            }
            Some(Cause::TimeIsUp) => self.exceeded(Limit::Time, "", &aftermath),
            Some(Cause::TooManyProcesses) => self.exceeded(Limit::Processes, "", &aftermath),
            None => match death.limit(self.policy.limits()) {
                Some(limit) => self.exceeded(limit, "", &aftermath),
                None => death.failure(&aftermath),
            },
        }
    }

    /// A cell has hit a limit; `doing` says what it did, as in ", while it waited".
    fn exceeded(&self, limit: Limit, doing: &str, aftermath: &str) -> Failure {
        let message = format!("{}{doing}; {aftermath}", self.policy.exceeded(limit));
        Failure::plain(limit.failure(), &message).with_hint(&self.policy.remedy(limit))
    }

    /// How a cell fails that has come to an end of its own, if it does.
    fn failure_of(&self, ending: &Ending) -> Option<Failure> {
        match (ending, self.interrupt.cause()) {
            (Ending::Interrupted(doing), Some(Cause::TimeIsUp)) => {
                Some(self.exceeded(Limit::Time, &format!(", while {doing}"), KEPT))
            }
            (Ending::Interrupted(doing), _) => Some(Failure::plain(
                "Interrupted",
                &format!("the cell was interrupted while {doing}; {KEPT}"),
            )),
            _ => Failure::of(ending, &|file| self.text_of(file), &symbols::function_at),
        }
    }

    /// Goes back to the newest state that there is, and says which that is; `now` is the sentence for the newest of all.
    /// `is_lost`: the keeper is not to be relied upon.
    fn return_to_checkpoint(&mut self, now: &str, is_lost: bool) -> Result<String, Failure> {
        if !is_lost {
            self.checkpoints.confirm(&mut self.host);
            let (prospect, expected) = (self.checkpoints.prospect(now), self.checkpoints.newest());
            if let Ok(Some(notebook)) = self.checkpoints.return_to_newest(&mut self.host) {
                self.notebook = notebook;
                return Ok(match self.checkpoints.newest() {
                    found if found == expected => prospect,
                    // Somebody has killed the newest ones.
                    Some(cell) => format!(
                        "everything is as it was after cell[{cell}], the last checkpoint that is left"
                    ),
                    None => "everything is as it was at the beginning, no checkpoint is left".to_string(),
                });
            }
        }
        // The next cell finds processes that are ready, with nothing in them.
        self.start_anew()?;
        self.notebook.forget_values(
            "it was lost when the process that ran the cells ended; run the cell that made it again",
        );
        Ok("all variables are lost, functions and types are still there".to_string())
    }

    /// Takes back the last cell that ran.
    pub(crate) fn undo(&mut self) -> Result<String, Failure> {
        let taken_back = self.checkpoints.last_ran();
        let returned = self.checkpoints.undo(&mut self.host);
        let returned =
            returned.map_err(|error| Failure::plain("EngineError", &format!("cannot go back: {error}")))?;
        let Some(notebook) = returned else {
            return Err(Failure::plain("CommandError", &self.checkpoints.nothing_to_undo()));
        };
        self.notebook = notebook;
        let cell = taken_back.map_or_else(String::new, |cell| format!("cell[{cell}] is taken back: "));
        Ok(match self.checkpoints.last_ran() {
            Some(before) => format!("{cell}everything is as it was after cell[{before}]\n"),
            None => format!("{cell}everything is as it was at the beginning\n"),
        })
    }

    /// Remembers which variables there are after a cell.
    fn remember(
        &mut self,
        parsed: &Parsed,
        ready: &Ready,
        stored: BTreeMap<String, String>,
        number: u32,
        ending: &Ending,
        audience: &mut dyn Audience,
    ) {
        if matches!(ending, Ending::NotLoaded(_) | Ending::Mismatched { .. }) {
            return;
        }
        for name in ready.taken.iter().filter(|name| !stored.contains_key(*name)) {
            self.notebook.variables.remove(name);
            self.notebook.lost.insert(name.clone(), format!("`{name}` was moved in cell[{number}]"));
        }
        let mut dropped = Vec::new();
        for (name, type_name) in stored {
            if type_name.contains("{{closure}}") {
                let reason = closure_reason(&name, &type_name, number);
                audience.put(Output::Text(Stream::Err, format!("note: {reason}\n")));
                self.notebook.variables.remove(&name);
                self.notebook.lost.insert(name.clone(), reason);
                dropped.push(name);
                continue;
            }
            let bound = parsed.statements.iter().flat_map(|it| &it.binds).rfind(|it| it.name == name);
            let before = self.notebook.variables.get(&name);
            // A variable that was put back is the one that was there, unless the cell came to its own of that name.
            let is_new = bound.is_some() && (*ending == Ending::Finished || before.is_none());
            let (is_mutable, declared_in) = match (bound, before) {
                (Some(bound), _) if is_new => (bound.is_mutable, number),
                (_, Some(before)) => (before.is_mutable, before.declared_in),
                (Some(bound), None) => (bound.is_mutable, number),
                (None, None) => (false, number),
            };
            self.notebook.lost.remove(&name);
            self.notebook.variables.insert(name, Variable { type_name, is_mutable, declared_in });
        }
        for (name, NotKept { reason, is_surprise }) in &ready.not_kept {
            if *is_surprise {
                audience.put(Output::Text(Stream::Err, format!("note: {reason}\n")));
            }
            // It has taken the place of the one of its name that was there before.
            if *ending == Ending::Finished {
                self.notebook.variables.remove(name);
                dropped.push(name.clone());
            }
            self.notebook.lost.insert(name.clone(), reason.clone());
        }
        if !dropped.is_empty() {
            let _ = self.host.answer(&Request::Drop(dropped));
        }
    }
}

/// What the system is to allow the runner.
fn bounds(limits: &Limits, is_final: bool) -> Bounds {
    Bounds {
        memory: limits.memory(),
        // The system counts whole seconds.
        processor_seconds: limits.processor_time().map(|time| time.as_secs().max(1)),
        file_size: limits.file_size(),
        is_final,
    }
}

/// What the system is to allow the compiler: what a cell may use, but never less than it needs for an ordinary cell.
pub fn bounds_of_programs(limits: &Limits, is_final: bool) -> Bounds {
    let cell = bounds(limits, is_final);
    Bounds {
        memory: cell.memory.map(|memory| memory.max(2 << 30)),
        processor_seconds: cell.processor_seconds.map(|seconds| seconds.max(300)),
        file_size: cell.file_size.map(|size| size.max(1 << 30)),
        is_final,
    }
}

/// The functions of cells that were running, innermost first, and where the notebook defines them.
fn functions(frames: &[(String, u64)], notebook: &Notebook) -> Vec<(String, Option<String>)> {
    let names = symbols::functions_at(frames).into_iter().flatten();
    let of_cells = symbols::of_cells(names).into_iter();
    of_cells.map(|name| (name.clone(), notebook.place_of(&name))).collect()
}
