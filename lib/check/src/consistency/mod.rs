//! Consistency models weaker than linearizability: which answers of a replicated store are right.
//!
//! A model is a set of histories that it allows. The stronger one allows fewer:
//!
//! ```text
//! linearizability ─┬─▶ sequential consistency ─┬─▶ causal consistency ─┬─▶ read your writes
//!                  │                           └─▶ causal convergence ─┼─▶ monotonic reads
//!                  ├─▶ bounded staleness                               ├─▶ monotonic writes
//!                  └─▶ convergence                                     └─▶ writes follow reads
//! ```
//!
//! Causal consistency and causal convergence each imply all four on their right, and neither implies the other. An arrow
//! says: what the one allows, the other allows too, and the other allows more. `tests/consistency/laws.rs` has it as laws,
//! with a history for each arrow that shows the difference.
//!
//! | to learn | read | a violation in one sentence |
//! |---|---|---|
//! | one order that nobody can tell from the real one from within | `sequential.rs` | each of two missed what the other wrote before |
//! | no effect without its cause | `causal.rs` | the answer was there, and not the question |
//! | one's own writes | `read_your_writes.rs` | I changed it, and see the old one |
//! | time does not go back | `monotonic_reads.rs` | first 42, then 38 |
//! | the order of one's own writes | `monotonic_writes.rs` | the second is there, and not the first |
//! | what one had read before one wrote | `writes_follow_reads.rs` | the reply is there, and not what it replies to |
//! | how old an answer may be | `bounded_staleness.rs` | it had been replaced 150 ms before |
//! | that the copies agree in the end | `convergence.rs` | nobody writes, and two read different things |
//!
//! # Which histories can be judged
//! [`sequential`] takes any service that has a [specification](crate::spec). The others take reads and writes of keys
//! ([`ReadsAndWrites`]), and have to know which write each read saw: every value must be written to a key only once. Where
//! it is not, the verdict is undecided and says so, unless there is a violation anyway. A session is all that callers of one
//! name do. `observed.rs` says more of sessions, and how operations count whose outcome is unknown.
//!
//! # Which write is the older one
//! A history does not show in which order a store applied its writes. So a read is only wrong if the value that it found is
//! *certainly* older than another: because it is so in causal order, or since other reads of the same session have said so.
//! Of writes that are not ordered by this, either may be the older one, whatever the clock on the wall says: otherwise a
//! sequentially consistent history, in which real time counts nothing, could break a session guarantee. A store with one
//! primary does order its writes as they come; for it, ask the guarantees for `writes_in_real_time()`, which is stricter.
//! Example: bob's `put x = 1` has ended, then ann puts `x = 2` and reads 1. By causal order bob's may be the newer one; in
//! real time it is not, and she misses her own write.
//!
//! Sources: the session guarantees are those of Terry and others, PDIS 1994; all models in one notation: Viotti and Vukolić, ACM Computing
//! Surveys 49(1), 2016; what can be had while the network is partitioned: Bailis and others, "Highly Available Transactions: Virtues and
//! Limitations", VLDB 2014, section 5 (monotonic reads, monotonic writes, writes follow reads; read your writes and causal consistency for
//! clients that stay with their replica; no bound on staleness, no linearizability).

mod access;
mod bounded_staleness;
mod causal;
mod convergence;
mod monotonic_reads;
mod monotonic_writes;
mod observed;
mod order;
mod read_your_writes;
mod sequential;
mod session;
mod views;
mod writes_follow_reads;

pub use access::{Access, ReadsAndWrites};
pub use bounded_staleness::{BoundedStaleness, staleness_within, staleness_within_versions};
pub use causal::{Causal, causal};
pub use convergence::{Convergence, convergence_within};
pub use monotonic_reads::{MonotonicReads, monotonic_reads};
pub use monotonic_writes::{MonotonicWrites, monotonic_writes};
pub use read_your_writes::{ReadYourWrites, read_your_writes};
pub use sequential::{Sequential, sequential};
pub use writes_follow_reads::{WritesFollowReads, writes_follow_reads};
