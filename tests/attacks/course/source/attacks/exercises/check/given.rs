//! What a register was told and asked, one operation after the other.
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    Wrote(u8),
    Read(u8),
}
