//! What the statement of `NAME` gives: the answer and the tests both see it.

use serde::{Deserialize, Serialize};

/// A question to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The number to double.
    pub number: u64,
}
