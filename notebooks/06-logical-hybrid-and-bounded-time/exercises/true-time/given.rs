//! What the statement of `true-time` gives: a clock that knows how wrong it may be, a write, and a follower that is behind.

use serde::{Deserialize, Serialize};

/// What is asked. All times are in milliseconds, unless a name says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// What a poll of the time server leaves of the clock's error, in microseconds.
    pub after_poll_us: f64,
    /// By how much the oscillator may drift, in microseconds for every second.
    pub drift_us_per_s: f64,
    /// How long ago the last poll was, in seconds.
    pub since_poll_s: f64,
    /// What the clock shows now.
    pub shows: f64,
    /// The greatest timestamp that this node has given so far.
    pub last_given: f64,
    /// How long it takes until the write is on a majority of disks.
    pub replication: f64,
    /// What a follower was told about the ranges that it keeps.
    pub closed: Vec<Closed>,
    /// When somebody asks the follower for a read of all ranges at one timestamp.
    pub read_asked: f64,
}

/// "This range will get no more writes at or below this timestamp."
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    pub range: u32,
    pub timestamp: f64,
    /// When this message reaches the follower. Messages may overtake each other.
    pub arrives: f64,
}

/// What you compute, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// How far the clock may be off now, on either side.
    pub epsilon: f64,
    /// How long the write has to wait until its timestamp has passed everywhere.
    pub wait: f64,
    /// By how much its client waits longer than without commit wait.
    pub extra: f64,
    /// The newest timestamp at which the follower can read all of its ranges without waiting; 0 if there is none.
    pub read_at: f64,
}
