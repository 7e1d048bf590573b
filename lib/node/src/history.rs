//! Histories: what clients asked of a service, when, and what they were told. Checkers judge nothing else.
//!
//! A history also says what was wrong with the world meanwhile, since people ask that next. No checker looks at it: a promise is
//! a promise in bad weather too.

use std::fmt::{self, Debug};

use crate::node::{CallId, NodeId};
use crate::outcome::Outcome;
use crate::time::Time;

/// One operation of a history: a request, retries included, from its invocation to its outcome.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Operation<Q, R> {
    /// The first attempt's number; operations of one history are ordered by it.
    pub call: CallId,
    /// Who asked: a client or another node.
    pub caller: NodeId,
    /// The caller's name.
    pub caller_name: String,
    /// What was asked.
    pub request: Q,
    /// When the caller asked.
    pub invoked: Time,
    /// What the caller was told; nothing while the call is pending.
    pub outcome: Option<Outcome<R>>,
    /// When the caller was told.
    pub returned: Option<Time>,
    /// Every time the request reached the service's code, retries and doubled messages included: the judge's knowledge, which
    /// the caller does not have.
    pub served: Vec<Time>,
}

/// Something that was wrong with the world, for a while or at one moment: a partition, a crash, a clock that jumps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Disturbance {
    /// When it began.
    pub from: Time,
    /// When it was over: `from` itself for what happens at one moment, nothing for what still lasts.
    pub to: Option<Time>,
    /// What it was: "partition: store 0 | store 1, store 2".
    pub text: String,
}

/// Operations in the order of their invocation. `Q` and `R` are the service's request and response.
#[derive(Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History<Q, R> {
    /// The service's cluster, for reports.
    pub service: String,
    /// The seed of the world that it comes from, if it comes from one: failures print it.
    pub seed: Option<u64>,
    /// The operations.
    pub operations: Vec<Operation<Q, R>>,
    /// What was wrong with the world meanwhile, as far as it is known, in the order in which it began. Pictures show it; it is no
    /// part of any judgement.
    pub disturbances: Vec<Disturbance>,
}

impl<Q, R> History<Q, R> {
    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The operations, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Operation<Q, R>> {
        self.operations.iter()
    }
}

impl<'a, Q, R> IntoIterator for &'a History<Q, R> {
    type Item = &'a Operation<Q, R>;
    type IntoIter = std::slice::Iter<'a, Operation<Q, R>>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One line per operation: who, what, from when to when, and the outcome.
impl<Q: Debug, R: Debug> fmt::Display for History<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations = if self.len() == 1 { "operation" } else { "operations" };
        write!(f, "history of {}: {} {operations}", self.service, self.len())?;
        for operation in self {
            let returned = operation.returned.map_or("..".to_owned(), |time| time.to_string());
            let outcome =
                operation.outcome.as_ref().map_or("Pending".to_owned(), |outcome| outcome.to_string());
            write!(
                f,
                "\n  {:<8} {:>10} - {:<10} {:?} -> {outcome}",
                operation.caller_name, operation.invoked, returned, operation.request
            )?;
        }
        Ok(())
    }
}

/// The same: a notebook shows a history as its lines.
impl<Q: Debug, R: Debug> Debug for History<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ms;

    #[test]
    fn shows_who_asked_what_and_what_came() {
        // A history is read by people: one line per operation, a pending one included.
        let operation = |name: &str, outcome: Option<Outcome<u32>>| Operation {
            call: CallId(0),
            caller: NodeId(3),
            caller_name: name.to_owned(),
            request: "count",
            invoked: Time::ZERO + ms(1),
            returned: outcome.as_ref().map(|_| Time::ZERO + ms(4)),
            outcome,
            served: vec![],
        };
        let operations = vec![operation("ann", Some(Outcome::Ok(7))), operation("bob", None)];
        let history =
            History { service: "counter".to_owned(), seed: Some(1), operations, disturbances: vec![] };
        assert_eq!(
            format!("{history:?}"),
            "history of counter: 2 operations\n  \
             ann             1ms - 4ms        \"count\" -> Ok(7)\n  \
             bob             1ms - ..         \"count\" -> Pending"
        );
    }
}
