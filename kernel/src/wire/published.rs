//! The contents of what a kernel publishes to all its clients, under the names that the protocol gives them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::MimeBundle;

/// What the kernel is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionState {
    /// It begins: sent once.
    Starting,
    /// It is at work for the parent.
    Busy,
    /// It has done everything for the parent.
    Idle,
}

/// Says what the kernel is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// What it is doing.
    pub execution_state: ExecutionState,
}

/// Tells all clients which cell runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecuteInput {
    /// The cell's text.
    pub code: String,
    /// The cell's number.
    pub execution_count: u32,
}

/// One of the two output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamName {
    /// What `println!` writes.
    Stdout,
    /// What `eprintln!` writes.
    Stderr,
}

/// Text that the cell printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// On which stream.
    pub name: StreamName,
    /// What it printed.
    pub text: String,
}

/// Something to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DisplayData {
    /// Its representations.
    pub data: MimeBundle,
    /// Remarks on them.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// What is not stored in a notebook: the identifier under which this may be updated, as `display_id`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub transient: Map<String, Value>,
}

/// Replaces everything that is shown under an identifier, in whatever cell it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateDisplayData {
    /// Its representations.
    pub data: MimeBundle,
    /// Remarks on them.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// The identifier, as `display_id`.
    pub transient: Map<String, Value>,
}

/// Removes what the cell has shown so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClearOutput {
    /// Only once there is something new to show, so that nothing flickers.
    #[serde(default)]
    pub wait: bool,
}

/// Says to a subscriber that it hears everything from now on (JEP 65).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IopubWelcome {
    /// What it subscribed to: the beginnings of topics, empty for all.
    pub subscription: String,
}

/// The value of the cell's last expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecuteResult {
    /// The cell's number.
    pub execution_count: u32,
    /// Its representations.
    pub data: MimeBundle,
    /// Remarks on them.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}
