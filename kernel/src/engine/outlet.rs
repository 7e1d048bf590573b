//! The engine's way out: what a cell puts out, and what it asks the user.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Event, Output};
use crate::wire::ErrorOutput;

/// Where an engine puts what a cell puts out. All clones are one outlet.
#[derive(Clone)]
pub struct Outlet(Arc<Inner>);

struct Inner {
    receive: Box<dyn Fn(Event) + Send + Sync>,
    /// Where outputs go instead while somebody wants them for himself.
    captured: Mutex<Option<Vec<Output>>>,
    conversation: Mutex<Conversation>,
    changed: Condvar,
    /// Held by whoever asks: two threads of a cell ask one after the other.
    turn: Mutex<()>,
}

/// How far a question to the user has got.
#[derive(Default)]
struct Conversation {
    is_asked: bool,
    answer: Option<Result<String, InputError>>,
    /// The cell has been interrupted: it is too late to ask anything.
    is_interrupted: bool,
}

/// A line of text that a cell wants from the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What the user sees in front of it.
    pub prompt: String,
    /// How it is typed.
    pub kind: InputKind,
}

/// How a line is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// For everybody to see.
    Text,
    /// Unseen.
    Password,
}

/// Why a question gets no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The front end cannot ask, and said so.
    #[error(
        "expected a front end that can ask for input, but this one said it cannot (allow_stdin is false); \
         run the cell in a notebook or a console"
    )]
    NotAllowed,
    /// No cell is running for which a front end could ask.
    #[error("expected a running cell to ask for input, found none; ask before the cell ends")]
    NoCell,
    /// The user interrupted the cell instead of answering.
    #[error("the cell was interrupted while it waited for input")]
    Interrupted,
    /// The front end has gone.
    #[error("the front end that ran this cell is not connected any more; run the cell again")]
    Gone,
    /// The front end sent something else.
    #[error("expected a line of text as the answer, found {0}; run the cell again")]
    Malformed(String),
}

impl From<InputError> for ErrorOutput {
    fn from(error: InputError) -> Self {
        let ename = if error == InputError::Interrupted { "Interrupted" } else { "InputError" };
        Self { ename: ename.into(), evalue: error.to_string(), traceback: vec![error.to_string()] }
    }
}

impl Outlet {
    /// An outlet that hands every event to this function, which may block to slow the cell down.
    pub fn new(receive: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            receive: Box::new(receive),
            captured: Mutex::default(),
            conversation: Mutex::default(),
            changed: Condvar::new(),
            turn: Mutex::default(),
        }))
    }

    /// Puts out.
    pub fn put(&self, output: Output) {
        if let Some(captured) = &mut *lock(&self.0.captured) {
            return captured.push(output);
        }
        self.tell(Event::Output(output));
    }

    /// What is put out while `work` is done, instead of putting it out.
    pub fn capture<R>(&self, work: impl FnOnce() -> R) -> (R, Vec<Output>) {
        /// Ends the capture, also where the work ends with a panic.
        struct Capture<'a>(&'a Mutex<Option<Vec<Output>>>);
        impl Drop for Capture<'_> {
            fn drop(&mut self) {
                lock(self.0).take();
            }
        }
        *lock(&self.0.captured) = Some(Vec::new());
        let capture = Capture(&self.0.captured);
        let result = work();
        let outputs = lock(&self.0.captured).take().unwrap_or_default();
        drop(capture);
        (result, outputs)
    }

    /// Asks the user for a line of text, and waits for it.
    pub fn ask(&self, question: Question) -> Result<String, InputError> {
        let _turn = lock(&self.0.turn);
        let mut conversation = lock(&self.0.conversation);
        if conversation.is_interrupted {
            return Err(InputError::Interrupted);
        }
        (conversation.is_asked, conversation.answer) = (true, None);
        drop(conversation);
        self.tell(Event::Question(question));
        let mut conversation = lock(&self.0.conversation);
        loop {
            if let Some(answer) = conversation.answer.take() {
                return answer;
            }
            conversation = self.0.changed.wait(conversation).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn tell(&self, event: Event) {
        (self.0.receive)(event);
    }

    /// Answers the question that is open, if one is.
    pub(super) fn answer(&self, answer: Result<String, InputError>) {
        let mut conversation = lock(&self.0.conversation);
        if std::mem::take(&mut conversation.is_asked) {
            conversation.answer = Some(answer);
            self.0.changed.notify_all();
        }
    }

    /// Whatever is asked from now on has no answer, and neither has what is asked already.
    pub(super) fn interrupt(&self) {
        lock(&self.0.conversation).is_interrupted = true;
        self.answer(Err(InputError::Interrupted));
    }

    /// A new cell begins, which has not been interrupted.
    pub(super) fn arm(&self) {
        lock(&self.0.conversation).is_interrupted = false;
    }
}

/// Everything that is locked here is whole between any two statements, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc::channel;

    use super::*;

    fn outlet() -> (Outlet, std::sync::mpsc::Receiver<Event>) {
        let (sender, receiver) = channel();
        (Outlet::new(move |event| sender.send(event).unwrap()), receiver)
    }

    fn question() -> Question {
        Question { prompt: "name? ".into(), kind: InputKind::Text }
    }

    fn clear() -> Output {
        Output::Clear(super::super::Clearing::AtOnce)
    }

    /// What is captured is not put out, and what comes after is, also after a panic.
    #[test]
    fn capture() {
        let (outlet, events) = outlet();
        let same = outlet.clone();
        assert_eq!(outlet.capture(|| same.put(clear())), ((), vec![clear()]));
        let panicked = catch_unwind(AssertUnwindSafe(|| outlet.capture(|| panic!("on purpose"))));
        assert!(panicked.is_err() && events.try_recv().is_err());
        outlet.put(clear());
        assert_eq!(events.recv().unwrap(), Event::Output(clear()));
    }

    /// A question waits for its answer; an answer that nobody waits for is forgotten.
    #[test]
    fn questions_and_answers() {
        let (outlet, events) = outlet();
        outlet.answer(Ok("too early".into()));
        let asking = outlet.clone();
        let asker = std::thread::spawn(move || asking.ask(question()));
        assert_eq!(events.recv().unwrap(), Event::Question(question()));
        outlet.answer(Ok("ann".into()));
        outlet.answer(Ok("too late".into()));
        assert_eq!(asker.join().unwrap(), Ok("ann".into()));
    }

    /// An interrupt ends a question that waits, and one that is asked after it, until the next cell begins.
    #[test]
    fn interrupts() {
        let (outlet, events) = outlet();
        let asking = outlet.clone();
        let asker = std::thread::spawn(move || asking.ask(question()));
        events.recv().unwrap();
        outlet.interrupt();
        assert_eq!(asker.join().unwrap(), Err(InputError::Interrupted));
        assert_eq!(outlet.ask(question()), Err(InputError::Interrupted));
        assert!(events.try_recv().is_err(), "nobody is asked any more");
        outlet.arm();
        let asking = outlet.clone();
        let asker = std::thread::spawn(move || asking.ask(question()));
        events.recv().unwrap();
        outlet.answer(Err(InputError::NotAllowed));
        assert_eq!(asker.join().unwrap(), Err(InputError::NotAllowed));
    }
}
