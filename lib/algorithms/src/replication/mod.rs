//! Replication: the same data at several nodes, and what may be believed of a copy.
//!
//! | store | a client is answered | after the network has healed, the copies |
//! |---|---|---|
//! | [`EagerStore`] | at once, from one copy | may differ for ever |
//! | [`PrimaryBackup`] | by one node, once as many copies have it as was chosen | are the newest primary's |

pub mod eager_store;
pub mod fencing_token;
pub mod lease;
pub mod primary_backup;
pub mod quorum;

pub use eager_store::EagerStore;
pub use fencing_token::{FencedStore, FencingToken};
pub use lease::{HeldLease, LeaseServer};
pub use primary_backup::PrimaryBackup;
pub use quorum::{Level, Quorum};
