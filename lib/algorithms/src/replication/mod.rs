//! Replication: the same data at several nodes, and what may be believed of a copy.
//!
//! | store | a client is answered | after the network has healed, the copies |
//! |---|---|---|
//! | [`EagerStore`] | at once, from one copy | may differ for ever |
//! | [`TunableStore`] | as each operation asks, and as the policy allows | become equal, with siblings of what was concurrent |
//! | [`PrimaryBackup`] | by one node, once as many copies have it as was chosen | are the newest primary's |
//! | [`RoutedStore`] | the same; reads by any copy that has what the reader has seen | the same |
//! | [`ChainServer`] | by the first, once all in a row have it; reads by the last | are the chain's |
//!
//! A [`SearchShard`] is no copy but a part: what is missing while it is away is told with the answer ([`Harvest`]). A [`PartitionDetector`] tells on which side of a cut a node is.
//!
//! How many must answer is counted by [`Quorum`] and [`Level`]. Who may write is said by a [lease](LeaseServer) or by a [manager](FailoverManager), and made true by [tokens](FencingToken).

pub mod chain;
pub mod eager_store;
pub mod failover;
pub mod fencing_token;
pub mod harvest;
pub mod lease;
pub mod partition_detector;
pub mod primary_backup;
pub mod quorum;
pub mod read_routing;
pub mod tunable_store;

pub use chain::{ChainMaster, ChainServer};
pub use eager_store::EagerStore;
pub use failover::FailoverManager;
pub use fencing_token::{FencedStore, FencingToken};
pub use harvest::{Harvest, SearchShard};
pub use lease::{HeldLease, LeaseServer};
pub use partition_detector::PartitionDetector;
pub use primary_backup::{Lsn, PrimaryBackup};
pub use quorum::{Level, Quorum};
pub use read_routing::{ReadRouting, RoutedStore, Session};
pub use tunable_store::TunableStore;
