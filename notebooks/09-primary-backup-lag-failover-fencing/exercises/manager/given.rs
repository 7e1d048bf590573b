//! What the statement of `manager` gives: what databases tell observers and hear from them, and how patient an observer is.

use netsplit::{Duration, NodeId, secs};
use serde::{Deserialize, Serialize};

/// A database that was not heard for so long may be taken for gone; one that was heard since may not.
pub const PATIENCE: Duration = secs(4);

/// What a database tells each observer, once a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beat {
    /// Who.
    pub from: NodeId,
}

/// Who the primary is, as far as the observer knows: the answer to a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reign {
    /// The fencing token. The first primary's is 1.
    pub epoch: u64,
    /// Who.
    pub primary: NodeId,
}

/// What each observer is given to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObserverSetup {
    /// All databases; the first is the primary of epoch 1.
    pub databases: Vec<NodeId>,
}
