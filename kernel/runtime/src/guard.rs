//! Runs a cell's statements so that nothing which goes wrong in them goes further: a panic, an error that `?` returns.

use std::any::type_name;
use std::cell::RefCell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::time::Duration;

use netsplit_control::Ending;

use crate::{interrupts, panics};

/// What `?` at a cell's top level returns.
type Returned = Result<(), Box<dyn Error>>;

thread_local! {
    static ENDING: RefCell<Ending> = const { RefCell::new(Ending::Finished) };
    static EXECUTOR: RefCell<Option<tokio::runtime::Runtime>> = const { RefCell::new(None) };
}

/// Says how the running cell ends.
pub fn set_ending(ending: Ending) {
    ENDING.set(ending);
}

/// How the cell has ended; the next one starts afresh.
pub fn take_ending() -> Ending {
    ENDING.replace(Ending::Finished)
}

/// Runs a cell's statements. True if they came to their end.
pub fn run(statements: Box<dyn FnOnce() -> Returned + '_>) -> bool {
    conclude(catch_unwind(AssertUnwindSafe(statements)))
}

/// Runs a cell's statements where they `.await`: on the notebook's own executor, on this thread.
pub fn run_future(statements: Pin<Box<dyn Future<Output = Returned> + '_>>) -> bool {
    let executor = EXECUTOR.take().map_or_else(new_executor, Ok);
    match executor {
        Ok(executor) => {
            // Tasks that were spawned go on in the next cell that waits.
            let run = || executor.block_on(interrupts::or_unwind(statements, "it waited"));
            let returned = catch_unwind(AssertUnwindSafe(run));
            EXECUTOR.set(Some(executor));
            conclude(returned)
        }
        Err(error) => conclude(Ok(Err(Box::new(error)))),
    }
}

fn new_executor() -> std::io::Result<tokio::runtime::Runtime> {
    // Threads for blocking work go at once when they have none, because a process with threads has no checkpoints.
    let idle = Duration::from_millis(1);
    tokio::runtime::Builder::new_current_thread().enable_all().thread_keep_alive(idle).build()
}

fn conclude(returned: std::thread::Result<Returned>) -> bool {
    let ending = match returned {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => failed(error.as_ref()),
        Err(payload) => panics::ending(payload.as_ref()),
    };
    set_ending(ending);
    false
}

fn failed(error: &(dyn Error + 'static)) -> Ending {
    let mut messages = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        messages.push(source.to_string());
        next = source.source();
    }
    Ending::Failed { type_name: type_name::<dyn Error>().to_string(), messages }
}
