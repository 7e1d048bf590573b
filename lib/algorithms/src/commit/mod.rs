//! Atomic commitment: a transaction that touches several nodes takes effect at all of them or at none.
//!
//! | protocol | messages for n participants | when the coordinator is down | under a partition |
//! |---|---|---|---|
//! | [`TwoPhaseCommit`] | 3n | whoever has voted yes and heard no decision waits, with its locks | the same: it waits |
//! | [`ThreePhaseCommit`] | 5n | the others decide without it | both sides decide, and not always the same |

pub mod atomic_commitment;
pub mod three_phase_commit;
pub mod transaction;
pub mod transaction_log;
pub mod two_phase_commit;

pub use atomic_commitment::{CommitNeedsAllVotes, Committer, DecisionsFinal, SameDecision};
pub use three_phase_commit::ThreePhaseCommit;
pub use transaction::{Decision, Transaction, TransactionId, Vote};
pub use two_phase_commit::TwoPhaseCommit;
