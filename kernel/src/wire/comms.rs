//! The contents of comm messages: what widgets and their counterparts say to each other, in either direction.
//!
//! Binary data travels beside the content, in the message's buffers. Source: "Custom Messages" of the protocol.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Outcome;

/// Asks which comms are open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommInfoRequest {
    /// Only those of this target.
    #[serde(default)]
    pub target_name: Option<String>,
}

/// Which comms are open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommInfoReply {
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The open comms by their ids, each as `{"target_name": ..}`.
    #[serde(default)]
    pub comms: Map<String, Value>,
}

/// Opens a comm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommOpen {
    /// The comm.
    pub comm_id: String,
    /// Who should answer.
    pub target_name: String,
    /// Where a front end may load the code of the target from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_module: Option<String>,
    /// What is said.
    #[serde(default)]
    pub data: Value,
}

/// Says something on a comm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommMsg {
    /// The comm.
    pub comm_id: String,
    /// What is said.
    #[serde(default)]
    pub data: Value,
}

/// Closes a comm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CommClose {
    /// The comm.
    pub comm_id: String,
    /// What is said.
    #[serde(default)]
    pub data: Value,
}
