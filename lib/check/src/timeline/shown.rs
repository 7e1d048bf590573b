//! What a timeline is made of: operations without their types, and orders of them.

use netsplit_node::{Operation, Outcome, Time};

/// An operation as a timeline shows it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its place in the history.
    pub(crate) number: usize,
    pub(crate) caller: u32,
    pub(crate) caller_name: String,
    /// What was asked, and what was answered if something was; to be read after "ann's".
    pub(crate) words: String,
    pub(crate) invoked: Time,
    /// When the caller was told, or gave up; never before the call.
    pub(crate) returned: Option<Time>,
    pub(crate) ending: Ending,
    /// When it reached the service's code, as far as that is to be shown: the judge's knowledge, which no caller has.
    pub(crate) served: Vec<Time>,
}

/// More arrivals at the service are not shown of one operation.
const MOST_SERVED: usize = 16;

/// How an operation ended, as its caller saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Ok,
    /// It did not happen, for this reason.
    Fail(String),
    /// The caller gave up.
    Unknown,
    Pending,
}

impl Shown {
    pub(crate) fn of<Q, R>(number: usize, operation: &Operation<Q, R>, words: String) -> Shown {
        Shown {
            number,
            caller: operation.caller.0,
            caller_name: operation.caller_name.clone(),
            words,
            invoked: operation.invoked,
            returned: operation.returned.map(|end| end.max(operation.invoked)),
            ending: match &operation.outcome {
                Some(Outcome::Ok(_)) => Ending::Ok,
                Some(Outcome::Fail(reason)) => Ending::Fail(reason.clone()),
                Some(Outcome::Unknown) => Ending::Unknown,
                None => Ending::Pending,
            },
            served: Vec::new(),
        }
    }

    /// With its arrivals at the service.
    pub(crate) fn with_served(mut self, served: &[Time]) -> Shown {
        self.served = served.to_vec();
        self.served.sort_unstable();
        self.served.truncate(MOST_SERVED);
        self
    }

    /// "ann's put x = 1, 0s to 3ms".
    pub(crate) fn whose_and_when(&self) -> String {
        let when = match self.returned {
            Some(end) => format!("{} to {end}", self.invoked),
            None => format!("from {} on", self.invoked),
        };
        format!("{}'s {}, {when}", self.caller_name, self.words)
    }
}

/// An order in which operations may have taken effect, for a timeline to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What it is an order of, or whose; empty where that is clear.
    pub title: String,
    /// Its steps, the first one first.
    pub steps: Vec<Step>,
    /// Whether each operation has its place between its call and its return, so that a moment can be drawn for it. The orders of models
    /// that do not look at the clock have only numbers.
    pub in_real_time: bool,
}

/// An operation in an [`Order`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The operation, by its place in the history.
    pub operation: usize,
    /// The state of the service after it, in words, if it is known.
    pub state: Option<String>,
}
