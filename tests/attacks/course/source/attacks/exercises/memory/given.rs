//! What a store is asked, and what it answers.
use netsplit::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    Put { key: u32, value: u32 },
    Get { key: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answered {
    Stored,
    Value(Option<u32>),
}
