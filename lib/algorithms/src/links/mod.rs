//! Links: what protocols may assume of the messages between two nodes, and how that is made from a network that assures nothing.
//!
//! | link | what is sent once | arrives |
//! |---|---|---|
//! | the network itself | may be lost, doubled, late | in any order |
//! | [`FifoLinks`] | arrives, once | in the order of sending |
//!
//! A link is a value that a node owns and asks what to send; it has no messages and timers of its own but those that its owner sets.

pub mod fifo_link;

pub use fifo_link::{Arrival, FifoLinks, Frame};
