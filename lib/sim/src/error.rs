//! What a laboratory refuses, and what to do instead.

use std::fmt;

use netsplit_node::{Duration, NodeId, Time};

use crate::naming::NamingError;

/// Why the laboratory did not do what it was asked. Nothing has changed when it refuses.
#[derive(Clone, Debug, PartialEq)]
pub enum LabError {
    /// A cluster of no nodes.
    NoNodes {
        /// The cluster's name.
        cluster: String,
    },
    /// A member that the cluster does not have.
    NoSuchMember {
        /// The cluster's name.
        cluster: String,
        /// The index that was asked for.
        index: usize,
        /// How many members there are.
        size: usize,
    },
    /// A participant that this laboratory does not have.
    NoSuchParticipant {
        /// The number that was given.
        id: NodeId,
    },
    /// One participant in two groups of a partition.
    OverlappingGroups {
        /// The participant.
        name: String,
    },
    /// A partition into fewer than two groups.
    TooFewGroups {
        /// How many were given.
        groups: usize,
    },
    /// A cut that was never made here.
    NoSuchCut {
        /// The cut's number.
        cut: u32,
    },
    /// A probability that is none.
    NotAProbability {
        /// The number that was given.
        given: f64,
    },
    /// A length of time that points backwards.
    NegativeDuration {
        /// What it was for.
        what: &'static str,
        /// The duration that was given.
        given: Duration,
    },
    /// A uniform latency whose bounds are the wrong way round.
    EmptyRange {
        /// The lower bound.
        least: Duration,
        /// The upper bound.
        most: Duration,
    },
    /// A restart of a node that is up.
    NotCrashed {
        /// The node's name.
        name: String,
    },
    /// A ring on which all are neighbours.
    RingTooSmall {
        /// How many nodes were given.
        nodes: usize,
    },
    /// A client where a node was expected.
    NotANode {
        /// The client's name.
        name: String,
    },
    /// A node that has left its cluster for good.
    HasLeft {
        /// The node's name.
        name: String,
    },
    /// A link that carries nothing.
    NoBandwidth,
    /// A link that lets no message through, however small.
    NoMtu,
    /// Something is wrong with the name of a router, a network, a link or a service.
    Naming(NamingError),
    /// A version of its code that a node does not have.
    NoSuchVersion {
        /// The node's name.
        name: String,
        /// The version that was given.
        version: u32,
        /// How many there are.
        versions: u32,
    },
    /// A slowness of 0.
    NoFactor,
    /// An oscillator that would stand still or run backwards.
    TooMuchDrift {
        /// The parts per billion that were given.
        ppb: i64,
    },
    /// A standard deviation that is none.
    NotASpread {
        /// The number that was given.
        given: f64,
    },
    /// A moment to go back to that has not come.
    NotYet {
        /// The moment.
        time: Time,
        /// What the world's clock shows.
        now: Time,
    },
    /// A handle to something that this laboratory does not have (any more).
    NotHere {
        /// What it is.
        what: String,
    },
    /// A crash or a pause of a node that is down.
    AlreadyDown {
        /// The node's name.
        name: String,
    },
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LabError::NoNodes { cluster } => {
                write!(f, "cluster {cluster:?} would have 0 nodes; give it at least 1")
            }
            LabError::NoSuchMember { cluster, index, size } => write!(
                f,
                "cluster {cluster:?} has no member {index}: it has {size}, numbered 0 to {}",
                size.saturating_sub(1)
            ),
            LabError::NoSuchParticipant { id } => {
                write!(f, "{id} is not in this laboratory; use the handles that this laboratory gave")
            }
            LabError::OverlappingGroups { name } => {
                write!(f, "{name} is in two groups of the partition; put each node into at most one")
            }
            LabError::TooFewGroups { groups } => {
                write!(
                    f,
                    "a partition needs at least 2 groups, got {groups}; to cut one off from all, use isolate"
                )
            }
            LabError::NoSuchCut { cut } => {
                write!(
                    f,
                    "cut {cut} was not made in this laboratory; heal what partition or isolate returned"
                )
            }
            LabError::NotAProbability { given } => {
                write!(f, "{given} is not a probability; expected a number from 0.0 to 1.0")
            }
            LabError::NegativeDuration { what, given } => {
                write!(f, "{what} cannot be {given}; expected a duration of 0 or more")
            }
            LabError::EmptyRange { least, most } => {
                write!(f, "a latency from {least} to {most} is empty; give the shorter one first")
            }
            LabError::RingTooSmall { nodes } => {
                write!(f, "a ring needs at least 4 nodes, got {nodes}: fewer are all neighbours")
            }
            LabError::NotANode { name } => write!(f, "{name} is a client; expected a node of a cluster"),
            LabError::HasLeft { name } => {
                write!(f, "{name} has left its cluster for good; join() adds a new member")
            }
            LabError::NoBandwidth => write!(f, "a link of 0 bit/s carries nothing; to cut it, use partition"),
            LabError::NoMtu => {
                write!(f, "a link with an MTU of 0 bytes carries nothing; to cut it, use partition")
            }
            LabError::Naming(error) => error.fmt(f),
            LabError::NoSuchVersion { name, version, versions } => write!(
                f,
                "{name} has no version {version} of its code: there are {versions}, numbered from 0; add_version adds one"
            ),
            LabError::NoFactor => {
                write!(f, "a node cannot be 0 times as slow; expected 1 (as before) or more")
            }
            LabError::TooMuchDrift { ppb } => {
                write!(f, "a drift of {ppb} ppb stops the clock; expected less than a billion either way")
            }
            LabError::NotASpread { given } => {
                write!(f, "{given} is no spread of a log-normal latency; expected a number from 0.0 to 10.0")
            }
            LabError::NotYet { time, now } => {
                write!(
                    f,
                    "it is {now}: {time} has not come yet, so there is nothing to go back to; run_for goes on"
                )
            }
            LabError::NotHere { what } => {
                write!(
                    f,
                    "{what} is not in this laboratory: it was rewound or restored to before it, or the handle is another's"
                )
            }
            LabError::NotCrashed { name } => write!(f, "{name} is up; crash it before it can restart"),
            LabError::AlreadyDown { name } => write!(f, "{name} is down already; restart it first"),
        }
    }
}

impl std::error::Error for LabError {}

impl From<NamingError> for LabError {
    fn from(error: NamingError) -> LabError {
        LabError::Naming(error)
    }
}

/// Stops a notebook cell with the sentence, against the cell's own line.
#[track_caller]
pub(crate) fn expect<T>(result: Result<T, LabError>) -> T {
    match result {
        Ok(value) => value,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// `given`, if it does not point backwards.
pub(crate) fn forwards(what: &'static str, given: Duration) -> Result<Duration, LabError> {
    if given.is_negative() { Err(LabError::NegativeDuration { what, given }) } else { Ok(given) }
}
