//! What the members of a primary-backup cluster send each other.

use std::fmt;

use super::{Entry, Epoch, Log};

/// What nodes send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// Primary to backup: here is my log from position `start` on; with nothing new it is a heartbeat.
    Replicate {
        /// The sender's epoch.
        epoch: Epoch,
        /// How many entries come before these.
        start: usize,
        /// What follows.
        entries: Vec<Entry>,
        /// How much of the log is acknowledged: up to there a backup may answer reads.
        acknowledged: usize,
    },
    /// Backup to primary: my disk has so much of your log.
    Ack {
        /// The primary's epoch.
        epoch: Epoch,
        /// How many entries.
        length: usize,
    },
    /// To whoever comes with an old epoch: refused, there is a newer one.
    Fenced {
        /// The newer one.
        epoch: Epoch,
    },
    /// A backup that wants to take over: do you consent?
    ConsentRequest {
        /// The epoch whose primary it would be.
        epoch: Epoch,
    },
    /// Yes; I refuse lower epochs from now on, and this is my log.
    Consent {
        /// The epoch.
        epoch: Epoch,
        /// The sender's log.
        log: Log,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Replicate { epoch, entries, .. } if entries.is_empty() => {
                write!(f, "e{epoch} heartbeat")
            }
            Message::Replicate { epoch, start, entries, .. } => {
                write!(f, "e{epoch} replicate {entries:?} after {start}")
            }
            Message::Ack { epoch, length } => write!(f, "e{epoch} ack {length}"),
            Message::Fenced { epoch } => write!(f, "fenced: epoch {epoch}"),
            Message::ConsentRequest { epoch } => write!(f, "e{epoch} consent?"),
            Message::Consent { epoch, log } => write!(f, "e{epoch} consent, log {log:?}"),
        }
    }
}
