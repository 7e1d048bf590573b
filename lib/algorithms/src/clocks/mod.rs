//! Clocks: timestamps that follow causality instead of the time of day, or know how wrong the time of day may be.
//!
//! [`HappensBefore`] is what there is to be known about the order of a run's events. A clock tells some of it in little room:
//!
//! | clock | size | what comparing two timestamps tells |
//! |---|---|---|
//! | [`LamportClock`] | one number | if `a -> b` then `C(a) < C(b)`; nothing the other way round |
//! | [`VectorClock`] | one number per node | `a -> b` exactly if `V(a) < V(b)`; otherwise they are concurrent |
//! | [`HybridLogicalClock`] | a time and a small number | if `a -> b` then `hlc(a) < hlc(b)`; and roughly when it was, by the time of day |
//! | [`true_time`] | an interval of time | if the intervals do not overlap, which event was first, by the time of day |
//! | [`VersionVector`] | one number per replica | which of two copies of one datum is newer, or that they conflict |
//! | [`DottedVersionVector`] | the same and a dot | the same of single updates, however many clients write through one replica |
//!
//! What is built on them: [`LamportMutex`], [`CausalBroadcast`], [snapshots](chandy_lamport), [`TimestampedShard`](commit_wait::TimestampedShard), [`ClosedTimestampStore`], [`Snowflakes`].
//!
//! The laws that every clock here must obey are tested over random executions in `tests/clock_laws.rs`.

pub mod causal_broadcast;
pub mod chandy_lamport;
pub mod closed_timestamp;
pub mod commit_wait;
pub mod dotted_version_vector;
pub mod happens_before;
pub mod hybrid_logical_clock;
pub mod lamport_clock;
pub mod lamport_mutex;
pub mod snowflake;
pub mod true_time;
pub mod vector_clock;
pub mod version_vector;

pub use causal_broadcast::{CausalBroadcast, CausalBuffer};
pub use closed_timestamp::ClosedTimestampStore;
pub use dotted_version_vector::{Dot, DottedSiblings, DottedVersionVector};
pub use happens_before::HappensBefore;
pub use hybrid_logical_clock::{HybridLogicalClock, HybridTimestamp, TooFarAhead};
pub use lamport_clock::{LamportClock, LamportTimestamp};
pub use lamport_mutex::LamportMutex;
pub use snowflake::{SnowflakeId, Snowflakes};
pub use true_time::{Uncertainty, commit_wait};
pub use vector_clock::{Causality, VectorClock};
pub use version_vector::{VersionVector, VersionedSiblings};
