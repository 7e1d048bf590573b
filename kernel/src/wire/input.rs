//! The contents of the stdin channel, where the kernel asks and the front end answers.

use serde::{Deserialize, Serialize};

/// Asks the user for a line of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputRequest {
    /// What the user sees in front of it.
    pub prompt: String,
    /// Whether it is a secret, which is not shown while it is typed.
    #[serde(default)]
    pub password: bool,
}

/// What the user typed, without the end of the line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputReply {
    /// The text.
    pub value: String,
}
