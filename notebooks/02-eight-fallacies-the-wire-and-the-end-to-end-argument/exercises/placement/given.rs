//! What the statement of `placement` gives: ten functions, the ways they go, and where they can be done.

use serde::{Deserialize, Serialize};

/// Where a function is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
    /// By the two ends alone.
    End,
    /// By each hop alone, for its own link.
    Hop,
    /// By both.
    Both,
}

/// A function, and the way on which it is wanted. Of ten functions in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What it is: "the checksum of a file".
    pub function: String,
    /// Whether the ends can do it at all: they cannot choose a way around a broken link.
    pub ends_can: bool,
    /// Whether the hops can do it at all: they do not know which order the customer meant.
    pub hops_can: bool,
    /// How many links the way has; between them are `links - 1` machines.
    pub links: u32,
    /// How long a message takes over one link, in milliseconds.
    pub link_ms: f64,
    /// The probability with which a link spoils a message. Both an end and the hop behind the link notice that.
    pub link_spoils: f64,
    /// The probability with which a machine on the way spoils a message, or reads what it should not. No hop notices that, an
    /// end does.
    pub machine_spoils: f64,
    /// How long a hop's own work takes, in milliseconds, for each link each time.
    pub hop_work_ms: f64,
    /// The greatest probability with which a message may arrive spoilt without anybody noticing.
    pub tolerated: f64,
}
