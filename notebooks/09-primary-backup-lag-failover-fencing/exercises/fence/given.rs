//! What the statement of `fence` gives: what the store is asked, and what it answers.

use serde::{Deserialize, Serialize};

/// What a holder of a token asks the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StoreAsk {
    /// I begin: whoever has a lower token is over, from now on.
    Open { token: u64 },
    /// Store this value under this key.
    Write { token: u64, key: String, value: u64 },
    /// What is stored under this key? Anybody may read.
    Read { key: String },
}

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StoreTold {
    /// To `Open`: it is so, for ever.
    Opened,
    /// To `Write`: it is stored, for ever.
    Written,
    /// To `Open` and `Write`: your time is over; the highest token that the store has accepted is this one.
    Refused { highest: u64 },
    /// To `Read`.
    Value(Option<u64>),
}
