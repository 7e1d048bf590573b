//! Distributed algorithms: one folder per subject, one file per algorithm, each named as the field names it.
//!
//! Every file has one shape. Its essay opens with one sentence and a card (concept, guarantees, what is not guaranteed,
//! assumptions, source, deviations, chapter), goes on with a picture and an example, and is followed by the types, the
//! transitions in the order of the paper, and the tests. `CONCEPTS.md` in the root is made from the cards, and a test keeps it true.
//!
//! Nothing here knows who runs it: protocols are [`Node`](netsplit_node::Node)s that see only their context, and clocks and tables
//! are plain values that a node owns.
//!
//! | when you need | read |
//! |---|---|
//! | to know which events could have influenced which | `clocks/happens_before.rs` |
//! | an order of events that never puts an effect before its cause | `clocks/lamport_clock.rs` |
//! | one node at a time somewhere, without a server | `clocks/lamport_mutex.rs` |
//! | to tell whether two events could have influenced each other | `clocks/vector_clock.rs` |
//! | the time of day, without an effect before its cause | `clocks/hybrid_logical_clock.rs` |
//! | no answer before its question, at any node | `clocks/causal_broadcast.rs` |
//! | a clock that tells how wrong it may be | `clocks/true_time.rs` |
//! | timestamps in the order of real time | `clocks/commit_wait.rs` |
//! | reads at other replicas, of a time that is over for good | `clocks/closed_timestamp.rs` |
//! | unique numbers from many workers that do not ask each other | `clocks/snowflake.rs` |
//! | to tell which of two copies is newer, or that they conflict | `clocks/version_vector.rs` |
//! | siblings that were really written concurrently, and no others | `clocks/dotted_version_vector.rs` |
//! | a picture of all nodes while everything goes on | `clocks/chandy_lamport.rs` |
//! | messages that arrive once and in order, over a network that does not care | `links/fifo_link.rs` |
//! | to ask again, when, and when not any more | `rpc/retry_policy.rs` |
//! | to call a service that may not answer, or answer late | `rpc/caller.rs` |
//! | numbers in as few bytes as they need | `wire/varint.rs` |
//! | to notice that bytes are not what they were | `wire/crc32c.rs` |
//! | a name for bytes that no other bytes have | `wire/digest.rs` |
//! | messages in a stream of bytes that comes in pieces | `wire/frame.rs` |
//! | messages of programs of different versions | `wire/schema.rs` |
//! | to know that what arrived is what was sent | `end_to_end/file_transfer.rs` |
//! | a name for an operation, so that it can be retried | `idempotency/idempotency_key.rs` |
//! | to do a retried operation once | `idempotency/dedup_table.rs` |
//! | a request whose double effect costs money | `idempotency/payments.rs` |
//! | one node that answers, and others that can take over | `replication/primary_backup/mod.rs` |
//! | to read from copies, and never go back in time | `replication/read_routing.rs` |
//! | all copies written before the answer, and reads by one | `replication/chain/mod.rs` |
//! | to see what replication without any agreement does | `replication/eager_store.rs` |
//! | how many replicas must answer | `replication/quorum.rs` |
//! | to keep out who does not know that its time is over | `replication/fencing_token.rs` |
//! | a lock that ends by itself | `replication/lease.rs` |
//! | to choose what a side of a partition does, and how many replicas each operation asks | `replication/tunable_store.rs` |
//! | to know on which side of a cut a node is, without changing its mind all the time | `replication/partition_detector.rs` |
//! | an answer from those shards that answer | `replication/harvest.rs` |
//! | to appoint another primary, once | `replication/failover.rs` |
//! | a value that all nodes share, without agreement | `register/abd.rs` |
//! | one value that all nodes agree on, whoever crashes | `consensus/paxos/mod.rs` |
//! | one log on several servers, whatever the network does | `consensus/raft/mod.rs` |
//! | to do something at several nodes or at none | `commit/two_phase_commit.rs` |
//! | to see what it costs never to wait for a coordinator | `commit/three_phase_commit.rs` |
//! | what "or at none" means, to the letter | `commit/atomic_commitment.rs` |
//! | locks and writes of a transaction at one node | `commit/transaction.rs` |
//! | not to forget over a crash what was promised | `commit/transaction_log.rs` |

pub mod clocks;
pub mod commit;
pub mod consensus;
pub mod end_to_end;
pub mod idempotency;
pub mod links;
pub mod register;
pub mod replication;
pub mod rpc;
mod storable;
pub mod wire;

pub use storable::Storable;
