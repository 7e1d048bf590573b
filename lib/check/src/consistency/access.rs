//! What a request does to a store of keys and values: it reads one, or it writes one.
//!
//! The models weaker than sequential consistency are about reads and writes: about which write a read saw, and which others it should
//! have seen. So they judge services whose requests are reads and writes, and a request says of itself which it is.

use std::fmt::Debug;
use std::hash::Hash;

use netsplit_node::{KeyValueRequest, KeyValueResponse, Value};

use crate::spec::{RegisterRequest, RegisterResponse};

/// Requests that read or write one key, with responses `R`.
///
/// ```
/// use netsplit_check::consistency::{Access, ReadsAndWrites, monotonic_reads};
/// use netsplit_check::{Check, by_hand};
///
/// /// A thermostat's two buttons.
/// #[derive(Clone)]
/// enum Button { Show, Set(u32) }
/// impl ReadsAndWrites<u32> for Button {
///     type Value = u32;
///     fn access(&self, shown: Option<&u32>) -> Access<u32> {
///         let key = "temperature".to_owned();
///         match (self, shown) {
///             (Button::Set(value), _) => Access::Write { key, value: *value },
///             (Button::Show, Some(shown)) => Access::Read { key, found: Some(*shown) },
///             (Button::Show, None) => Access::Unanswered,
///         }
///     }
/// }
/// let history = by_hand("thermostat")
///     .ok("ann", 0..1, Button::Set(20), 20)
///     .ok("ann", 2..3, Button::Set(22), 22)
///     .ok("bob", 4..5, Button::Show, 22)
///     .ok("bob", 6..7, Button::Show, 20)
///     .history();
/// assert!(!history.check(monotonic_reads()).holds());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` with responses `{R}` does not say which of its requests read and which write",
    label = "this model is about reads and writes of keys",
    note = "such are the requests of a key-value store and of a register; for your own: `impl ReadsAndWrites<{R}> for {Self}`",
    note = "`linearizable` and `sequential` judge every service that has a specification"
)]
pub trait ReadsAndWrites<R> {
    /// What is stored.
    type Value: Eq + Hash + Debug;

    /// What this request does. `response` is what its caller was told, if it was told anything.
    fn access(&self, response: Option<&R>) -> Access<Self::Value>;
}

/// What a request does to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access<V> {
    /// It stores a value that replaces the one before.
    Write {
        /// The key.
        key: String,
        /// What it stores.
        value: V,
    },
    /// It found a value.
    Read {
        /// The key.
        key: String,
        /// The value; nothing if nothing was ever written there.
        found: Option<V>,
    },
    /// A read that nobody was told the answer of: it says nothing, whether it happened or not.
    Unanswered,
    /// The response is no answer to the request.
    Nonsense,
}

impl ReadsAndWrites<KeyValueResponse> for KeyValueRequest {
    type Value = Value;

    fn access(&self, response: Option<&KeyValueResponse>) -> Access<Value> {
        match (self, response) {
            (KeyValueRequest::Put { key, value }, None | Some(KeyValueResponse::Stored)) => {
                Access::Write { key: key.clone(), value: value.clone() }
            }
            (KeyValueRequest::Get { key }, Some(KeyValueResponse::Value(found))) => {
                Access::Read { key: key.clone(), found: found.clone() }
            }
            (KeyValueRequest::Get { .. }, None) => Access::Unanswered,
            (KeyValueRequest::Put { .. }, Some(KeyValueResponse::Value(_)))
            | (KeyValueRequest::Get { .. }, Some(KeyValueResponse::Stored)) => Access::Nonsense,
        }
    }
}

/// A register is a store with one key.
impl ReadsAndWrites<RegisterResponse> for RegisterRequest {
    type Value = Value;

    fn access(&self, response: Option<&RegisterResponse>) -> Access<Value> {
        let key = || "the register".to_owned();
        match (self, response) {
            (RegisterRequest::Write(value), None | Some(RegisterResponse::Written)) => {
                Access::Write { key: key(), value: value.clone() }
            }
            (RegisterRequest::Read, Some(RegisterResponse::Value(found))) => {
                Access::Read { key: key(), found: found.clone() }
            }
            (RegisterRequest::Read, None) => Access::Unanswered,
            (RegisterRequest::Write(_), Some(RegisterResponse::Value(_)))
            | (RegisterRequest::Read, Some(RegisterResponse::Written)) => Access::Nonsense,
        }
    }
}
