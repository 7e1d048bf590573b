//! Sequential specifications: what a service would do if it had one copy, and one request at a time.
//!
//! A specification is the whole of what a service promises, apart from concurrency: a state to begin with, and a step that says
//! whether a response fits. Herlihy and Wing ("Linearizability: a correctness condition for concurrent objects", TOPLAS 1990,
//! section 2) call it the sequential specification of an object. What a concurrent history has to do with it is the business of a
//! checker, and one specification serves every checker.
//!
//! One of your own takes a state, a request and a response, and two functions:
//!
//! ```
//! use netsplit_check::spec::Specification;
//! use netsplit_check::{by_hand, linearizable};
//!
//! /// Gives out tickets: 1, 2, 3, each number once.
//! struct Tickets;
//! impl Specification for Tickets {
//!     type State = u64;
//!     type Request = ();
//!     type Response = u64;
//!     fn init(&self) -> u64 { 0 }
//!     fn step(&self, given: &u64, _take: &(), told: Option<&u64>) -> Option<u64> {
//!         told.is_none_or(|&told| told == given + 1).then_some(given + 1)
//!     }
//! }
//!
//! let twice = by_hand("tickets").ok("ann", 0..5, (), 1).ok("bob", 3..9, (), 1).history();
//! assert!(linearizable(Tickets).judge(&twice).is_violated());
//! let open = by_hand("tickets").unknown("ann", 0..5, ()).ok("bob", 6..9, (), 2).history();
//! assert!(linearizable(Tickets).judge(&open).holds());
//! ```
//!
//! | specification | what it is | requests |
//! |---|---|---|
//! | [`Register`] | one value | read, write |
//! | [`CasRegister`] | one value, with compare-and-set | read, write, compare and set |
//! | [`KeyValue`] | a value for each key | the library's own: get, put |
//! | [`AppendStore`] | a text for each key | get, put, append |
//! | [`Set`] | members, each once | add, remove, contains, members |
//! | [`Queue`] | first in, first out | enqueue, dequeue |
//! | [`Counter`] | a number | add, read |
//! | [`Lock`] | at most one owner | acquire, release |
//! | [`Bank`] | accounts | transfer, balances |
//! | [`Log`] | entries at positions, for ever | append, read |

use std::fmt::Debug;
use std::hash::Hash;

use crate::timeline::briefly;

mod append_store;
mod bank;
mod cas_register;
mod counter;
mod key_value;
mod lock;
mod log;
mod queue;
mod register;
mod set;

pub use append_store::{AppendRequest, AppendResponse, AppendStore};
pub use bank::{Bank, BankRequest, BankResponse};
pub use cas_register::{CasRegister, CasRequest, CasResponse};
pub use counter::{Counter, CounterRequest, CounterResponse};
pub use key_value::KeyValue;
pub use lock::{Lock, LockRequest, LockResponse};
pub use log::{Log, LogRequest, LogResponse};
pub use queue::{Queue, QueueRequest, QueueResponse};
pub use register::{Register, RegisterRequest, RegisterResponse};
pub use set::{Set, SetRequest, SetResponse};

/// What a service would do if it had one copy, and one request at a time.
///
/// Only the three types, [`init`](Specification::init) and [`step`](Specification::step) are asked for.
///
/// # What if several next states, or several responses, are right?
/// Several responses: `step` accepts each of them, since it is shown the response and not asked for one. Several next states for
/// one response: let the state be the set of all states that are possible, and let `step` map each of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sequential specification",
    label = "expected a specification, such as `spec::KeyValue`",
    note = "one of your own: `impl Specification for {Self}`, with the types State, Request and Response, and the functions `init` and `step`"
)]
pub trait Specification: Sync {
    /// What the service remembers.
    type State: Eq + Hash + Debug;
    /// What it is asked.
    type Request: Eq + Hash + Debug + Sync;
    /// What it answers.
    type Response: Eq + Hash + Debug + Sync;

    /// The state before the first request.
    fn init(&self) -> Self::State;

    /// The state after `request` if `response` may be the answer to it in `state`; nothing if it may not.
    ///
    /// No response (`None`) means that nobody knows what was answered: every response is possible, so only the request decides,
    /// and the step is refused only if the request cannot take effect in `state` at all.
    fn step(
        &self,
        state: &Self::State,
        request: &Self::Request,
        response: Option<&Self::Response>,
    ) -> Option<Self::State>;

    /// The part of the service that `request` concerns, where parts never influence each other: a store's key. A history is
    /// linearizable exactly if that of each part is (locality: Herlihy and Wing, section 3.1), and short histories are much
    /// faster to judge. One request that concerns more than its part (`None`, as all do by default) keeps the history whole.
    fn partition(&self, _request: &Self::Request) -> Option<String> {
        None
    }

    /// A hint that makes judging faster: this request, so answered, leaves *every* state as it is. `false` is always right.
    fn reads(&self, _request: &Self::Request, _response: Option<&Self::Response>) -> bool {
        false
    }

    /// The operation in words, to be read after "ann's": "get of x read nothing". Without a response, only what was asked.
    fn words(&self, request: &Self::Request, response: Option<&Self::Response>) -> String {
        match response {
            Some(response) => format!("{request:?} -> {response:?}"),
            None => format!("{request:?}"),
        }
    }

    /// A state in words, to be read after "the state is then": its Debug form, or the beginning of it, if nothing else is said.
    fn state_in_words(&self, state: &Self::State) -> String {
        briefly(state)
    }

    /// Bytes that a state takes, those behind pointers included; a checker's memory is limited by it.
    fn weight(&self, state: &Self::State) -> usize {
        size_of_val(state)
    }
}

/// A specification judges through a reference as well, so that one serves several checkers.
impl<S: Specification> Specification for &S {
    type State = S::State;
    type Request = S::Request;
    type Response = S::Response;
    fn init(&self) -> S::State {
        S::init(self)
    }
    fn step(
        &self,
        state: &S::State,
        request: &S::Request,
        response: Option<&S::Response>,
    ) -> Option<S::State> {
        S::step(self, state, request, response)
    }
    fn partition(&self, request: &S::Request) -> Option<String> {
        S::partition(self, request)
    }
    fn reads(&self, request: &S::Request, response: Option<&S::Response>) -> bool {
        S::reads(self, request, response)
    }
    fn words(&self, request: &S::Request, response: Option<&S::Response>) -> String {
        S::words(self, request, response)
    }
    fn state_in_words(&self, state: &S::State) -> String {
        S::state_in_words(self, state)
    }
    fn weight(&self, state: &S::State) -> usize {
        S::weight(self, state)
    }
}

/// A value for words: what it is, or "nothing".
fn or_nothing(value: Option<&impl Debug>) -> String {
    value.map_or("nothing".to_owned(), |value| format!("{value:?}"))
}

/// Bytes behind the pointer of a value.
fn bytes_behind(value: &netsplit_node::Value) -> usize {
    match value {
        netsplit_node::Value::Number(_) => 0,
        netsplit_node::Value::Text(text) => text.capacity(),
    }
}

/// What an entry of an ordered map or set takes besides its own bytes, on average: nodes are between half full and full.
const TREE_ENTRY: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks a specification through `steps`, and says at which one it refuses.
    pub(super) fn walk<S: Specification>(
        specification: &S,
        steps: impl IntoIterator<Item = (S::Request, Option<S::Response>)>,
    ) -> Result<S::State, usize> {
        let mut state = specification.init();
        for (number, (request, response)) in steps.into_iter().enumerate() {
            let next = specification.step(&state, &request, response.as_ref()).ok_or(number)?;
            if specification.reads(&request, response.as_ref()) {
                assert_eq!(next, state, "{request:?} is said to only read");
            }
            assert!(!specification.words(&request, response.as_ref()).is_empty());
            assert!(specification.weight(&next) >= size_of::<S::State>());
            state = next;
        }
        Ok(state)
    }
}
