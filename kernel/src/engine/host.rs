//! The threads that an engine lives on, one for cells and one for questions about code: commands come in through channels,
//! events go out through a function.
//!
//! The engine is made on its thread, so that a slow start keeps nobody waiting, and commands that come before it is
//! ready wait their turn. An engine that cannot be made answers every cell with the reason; one that panics fails the
//! command at hand and lives on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Assist, Command, Completions, Detail, Engine, Event, Interrupt, Outlet};
use crate::wire::ErrorOutput;

/// How long [`Host::stop`] waits for an engine that was told to end.
const PATIENCE: Duration = Duration::from_secs(3);

/// Cells are parsed by recursion, and a long chain of `else if` is a deep one. Only what is used of it takes memory.
const STACK: usize = 64 << 20;

/// A running engine.
pub struct Host {
    commands: Sender<Command>,
    questions: Sender<Command>,
    outlet: Outlet,
    interrupt: Arc<dyn Interrupt>,
    thread: JoinHandle<()>,
}

impl Host {
    /// Starts a thread, makes the engine on it, and lets it serve commands until [`Host::stop`].
    pub fn start<Make>(interrupt: Arc<dyn Interrupt>, outlet: Outlet, make: Make) -> Self
    where
        Make: FnOnce(Outlet) -> Result<Box<dyn Engine>, ErrorOutput> + Send + 'static,
    {
        let (commands, inbox) = channel();
        let (questions, asked) = channel();
        let (present, assistant) = channel();
        let assistants_outlet = outlet.clone();
        thread::Builder::new()
            .name("questions".to_string())
            .stack_size(STACK)
            .spawn(move || answer(&assistant, &asked, &assistants_outlet))
            .expect("the system has room for one more thread");
        let engines_outlet = outlet.clone();
        let thread = thread::Builder::new()
            .name("engine".to_string())
            .stack_size(STACK)
            .spawn(move || {
                let outlet = engines_outlet;
                let made = catch_unwind(AssertUnwindSafe(|| make(outlet.clone())));
                match made.unwrap_or_else(|panic| Err(broken(&panic))) {
                    Ok(mut engine) => {
                        let _ = present.send(engine.assist());
                        serve(engine, &inbox, &outlet);
                    }
                    Err(reason) => refuse(&reason, &inbox, &outlet),
                }
            })
            .expect("the system has room for one more thread");
        Self { commands, questions, outlet, interrupt, thread }
    }

    /// Passes a command on. Interrupts and answers overtake what the engine is doing, everything else waits its turn.
    pub fn send(&self, command: Command) {
        match command {
            Command::Interrupt => {
                self.interrupt.interrupt();
                self.outlet.interrupt();
            }
            Command::Answer(answer) => self.outlet.answer(answer),
            question @ (Command::Complete { .. } | Command::Inspect { .. }) => {
                let _ = self.questions.send(question);
            }
            command => {
                if matches!(command, Command::Execute(_) | Command::Evaluate(_) | Command::Comm(_)) {
                    self.outlet.arm();
                    self.interrupt.arm();
                }
                // The thread ends only when this sender is dropped, so somebody is there to receive.
                let _ = self.commands.send(command);
            }
        }
    }

    /// Stops the engine and waits a moment for it to put things away. True if it did.
    pub fn stop(self) -> bool {
        self.interrupt.terminate();
        self.outlet.interrupt();
        drop((self.commands, self.questions));
        let deadline = Instant::now() + PATIENCE;
        while !self.thread.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        self.thread.is_finished() && self.thread.join().is_ok()
    }
}

fn serve(mut engine: Box<dyn Engine>, inbox: &Receiver<Command>, outlet: &Outlet) {
    for command in inbox {
        let done = catch_unwind(AssertUnwindSafe(|| perform(engine.as_mut(), &command, outlet)));
        let event = done.unwrap_or_else(|panic| fail(&command, broken(&panic)));
        outlet.tell(event);
    }
}

fn perform(engine: &mut dyn Engine, command: &Command, outlet: &Outlet) -> Event {
    match command {
        Command::Execute(cell) => Event::Executed(engine.execute(cell)),
        Command::Evaluate(expression) => Event::Evaluated(engine.evaluate(expression, outlet)),
        Command::Comm(said) => Event::CommHandled(engine.comm(said)),
        _ => unreachable!("interrupts and answers do not queue, and questions go elsewhere"),
    }
}

/// Answers questions, one after the other, once there is an assistant; without an engine there is none, and no answer.
fn answer(present: &Receiver<Box<dyn Assist>>, asked: &Receiver<Command>, outlet: &Outlet) {
    let mut assistant = present.recv().ok();
    for question in asked {
        let answered =
            catch_unwind(AssertUnwindSafe(|| Some(reply(assistant.as_mut()?.as_mut(), &question))));
        let nothing = || ErrorOutput { ename: String::new(), evalue: String::new(), traceback: Vec::new() };
        let event = match answered {
            Ok(event) => event.unwrap_or_else(|| fail(&question, nothing())),
            Err(panic) => {
                tracing::warn!("{}", broken(&panic).evalue);
                fail(&question, nothing())
            }
        };
        outlet.tell(event);
    }
}

fn reply(assistant: &mut dyn Assist, question: &Command) -> Event {
    match question {
        Command::Complete { code, cursor } => Event::Completed(assistant.complete(code, *cursor)),
        Command::Inspect { code, cursor, detail: Detail::Short } => {
            Event::Inspected(assistant.inspect(code, *cursor))
        }
        Command::Inspect { code, cursor, detail: Detail::Full } => {
            Event::Inspected(assistant.inspect_fully(code, *cursor))
        }
        _ => unreachable!("everything else goes to the engine"),
    }
}

fn refuse(reason: &ErrorOutput, inbox: &Receiver<Command>, outlet: &Outlet) {
    for command in inbox {
        outlet.tell(fail(&command, reason.clone()));
    }
}

fn fail(command: &Command, reason: ErrorOutput) -> Event {
    match command {
        Command::Execute(_) | Command::Interrupt | Command::Answer(_) => Event::Executed(Err(reason)),
        Command::Evaluate(_) => Event::Evaluated(Err(reason)),
        Command::Comm(_) => Event::CommHandled(Err(reason)),
        Command::Complete { cursor, .. } => {
            Event::Completed(Completions { replaced: *cursor..*cursor, matches: Vec::new() })
        }
        Command::Inspect { .. } => Event::Inspected(None),
    }
}

fn broken(panic: &Box<dyn std::any::Any + Send>) -> ErrorOutput {
    let message =
        panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let evalue = format!("the engine panicked: {}", message.unwrap_or("no message"));
    ErrorOutput { ename: "EngineFailure".to_string(), traceback: vec![evalue.clone()], evalue }
}
