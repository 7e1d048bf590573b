//! What the statement of `transfer` gives: what travels, and what the client asks and is told.

use serde::{Deserialize, Serialize};

/// A packet with more bytes than this does not pass.
pub const MTU: usize = 100;

/// What the two ends send each other: bytes, of which the path may change any.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Packet(pub Vec<u8>);

/// What the client asks of the sender: to bring this file to the other end's disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// Every file has a number of its own.
    pub number: u32,
    /// At most 2,000 bytes; may be none.
    pub bytes: Vec<u8>,
}

impl File {
    /// What the file is called on the receiver's disk.
    pub fn name(number: u32) -> String {
        format!("file {number}")
    }
}

/// What the client is told: the other end has the file, and a power cut will not take it away.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivered;
