//! What the statement gives.

use serde::{Deserialize, Serialize};

/// Something to pay, under a key that a retry repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    pub key: u64,
    pub cents: u64,
}
