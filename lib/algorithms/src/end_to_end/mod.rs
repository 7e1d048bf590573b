//! End to end: what only the two ends of a communication can do completely and correctly, whatever is between them.
//!
//! "The function in question can completely and correctly be implemented only with the knowledge and help of the application standing at the end points"
//! (Saltzer, Reed and Clark, 1984). What is done on the way may make it faster, never right. Duplicate suppression is in `idempotency/`, checksums in `wire/`.

pub mod file_transfer;

pub use file_transfer::FileTransfer;
