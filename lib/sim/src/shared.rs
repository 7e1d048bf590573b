//! What several copies of one world have in common: closures that a cell gave, which cannot be copied.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::population::Population;

/// A value of any type, shared by the copies of a world; locked while it is used, so that it need not be `Sync`. Not generic, so
/// that cells need not compile it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Box<dyn Any + Send>>>);

impl Shared {
    pub(crate) fn new(value: Box<dyn Any + Send>) -> Shared {
        Shared(Arc::new(Mutex::new(value)))
    }

    /// Uses the value.
    pub(crate) fn with(&self, use_it: &mut dyn FnMut(&mut dyn Any)) {
        // A panic of what a cell wrote leaves nothing half done that we rely on.
        use_it(&mut **self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

type ChangeFn = Box<dyn FnMut(&mut dyn Population) + Send>;

/// Something done to a cluster's typed side, such as a new version of its code: kept in the log, and done again by a replay.
#[derive(Clone)]
pub(crate) struct Change {
    what: String,
    /// Whether the cluster's handles rely on it.
    pub(crate) is_relied_on: bool,
    change: Arc<Mutex<ChangeFn>>,
}

impl Change {
    pub(crate) fn new(
        what: impl Into<String>,
        change: impl FnMut(&mut dyn Population) + Send + 'static,
    ) -> Change {
        let (what, change): (String, ChangeFn) = (what.into(), Box::new(change));
        Change { what, is_relied_on: false, change: Arc::new(Mutex::new(change)) }
    }

    /// The same, as one on which the cluster's handles rely.
    pub(crate) fn relied_on(self) -> Change {
        Change { is_relied_on: true, ..self }
    }

    pub(crate) fn apply(&self, population: &mut dyn Population) {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)(population);
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}
