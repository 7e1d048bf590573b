//! What the statement of `codec` gives: an order, and what may come of reading one.

use serde::{Deserialize, Serialize};

/// A frame whose message is longer than this, in bytes, is damaged, whatever follows.
pub const MOST: usize = 1_000_000;

/// An order, as version 2 of the format knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Field 1, a varint. 0 where it is missing.
    pub cents: u64,
    /// Field 2, text in UTF-8. Empty where it is missing.
    pub drink: String,
    /// Field 3, a varint in zigzag. 0 where it is missing: version 1 did not have it.
    pub tip: i64,
    /// The fields with other numbers, in their order: the bytes of each, its tag included, as they came.
    pub unknown: Vec<u8>,
}

/// What comes of reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decoded {
    /// The order in the first frame.
    Whole(Order),
    /// The first frame has not all come: nothing is wrong so far.
    Incomplete,
    /// These bytes do not begin with a frame that holds an order, and never will.
    Damaged,
}
