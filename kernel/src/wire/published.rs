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
