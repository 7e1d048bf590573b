//! What Raft replicates: a state machine, deterministic, so that equal logs make equal states (section 2).

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

use netsplit_node::{KeyValueRequest, KeyValueResponse, Value};

use super::log::Index;
use super::membership::{Change, Configuration, Refusal};
use crate::Storable;

/// A deterministic state machine: the same commands in the same order make the same state and the same responses on every server.
///
/// It must not draw random numbers or look at a clock; what it needs of those belongs into the command.
///
/// ```
/// use netsplit_algorithms::Storable;
/// use netsplit_algorithms::consensus::raft::{CommandKind, Index, StateMachine};
///
/// #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
/// struct Counter(u64);
/// impl StateMachine for Counter {
///     type Command = u64;
///     type Response = u64;
///     fn apply(&mut self, _index: Index, add: &u64) -> u64 { self.0 += add; self.0 }
///     fn kind(add: &u64) -> CommandKind { if *add == 0 { CommandKind::Read } else { CommandKind::Write } }
///     fn query(&self, _read: &u64) -> u64 { self.0 }
///     fn snapshot(&self) -> Vec<u8> { self.0.to_bytes() }
///     fn restore(bytes: &[u8]) -> Option<Counter> { u64::from_bytes(bytes).map(Counter) }
/// }
/// let mut counter = Counter::default();
/// counter.apply(1, &5);
/// assert_eq!(Counter::restore(&counter.snapshot()), Some(counter));
/// ```
pub trait StateMachine: Clone + Debug + Default + PartialEq + Eq + Hash + Send + 'static {
    /// What clients ask.
    type Command: Clone + Debug + PartialEq + Eq + Hash + Storable + Send + 'static;
    /// What they are answered.
    type Response: Clone + Debug + PartialEq + Eq + Hash + Send + 'static;

    /// Applies the committed command at `index`, of whatever kind.
    fn apply(&mut self, index: Index, command: &Self::Command) -> Self::Response;

    /// What `command` asks of the log.
    fn kind(command: &Self::Command) -> CommandKind;

    /// Answers a command of the kind [`Read`](CommandKind::Read), which changes nothing.
    fn query(&self, read: &Self::Command) -> Self::Response;

    /// The answer to a command of the kind [`Membership`](CommandKind::Membership): the new configuration is committed, or the change was
    /// not begun. Nothing for a machine whose commands never ask for one.
    fn reconfigured(result: Result<&Configuration, Refusal>) -> Option<Self::Response> {
        let _ = result;
        None
    }

    /// The whole state as bytes (section 7).
    fn snapshot(&self) -> Vec<u8>;

    /// The state that `bytes` are; nothing if they are none.
    fn restore(bytes: &[u8]) -> Option<Self>;
}

/// What a command asks of the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CommandKind {
    /// It may change the state: it goes through the log.
    Write,
    /// It changes nothing: it is served as [`Reads`](super::Reads) says.
    Read,
    /// It asks for another membership (section 6).
    Membership(Change),
}

/// The library's key-value store as a state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyValueStore {
    values: BTreeMap<String, Value>,
}

impl KeyValueStore {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }
}

impl StateMachine for KeyValueStore {
    type Command = KeyValueRequest;
    type Response = KeyValueResponse;

    fn apply(&mut self, _index: Index, command: &KeyValueRequest) -> KeyValueResponse {
        match command {
            KeyValueRequest::Get { .. } => self.query(command),
            KeyValueRequest::Put { key, value } => {
                self.values.insert(key.clone(), value.clone());
                KeyValueResponse::Stored
            }
        }
    }

    fn kind(command: &KeyValueRequest) -> CommandKind {
        match command {
            KeyValueRequest::Get { .. } => CommandKind::Read,
            KeyValueRequest::Put { .. } => CommandKind::Write,
        }
    }

    fn query(&self, read: &KeyValueRequest) -> KeyValueResponse {
        let (KeyValueRequest::Get { key } | KeyValueRequest::Put { key, .. }) = read;
        KeyValueResponse::Value(self.get(key).cloned())
    }

    fn snapshot(&self) -> Vec<u8> {
        self.values.to_bytes()
    }

    fn restore(bytes: &[u8]) -> Option<KeyValueStore> {
        BTreeMap::from_bytes(bytes).map(|values| KeyValueStore { values })
    }
}
