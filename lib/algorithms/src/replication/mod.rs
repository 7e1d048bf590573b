//! Replication: the same data at several nodes, and what may be believed of a copy.
//!
//! | store | a client is answered | after the network has healed, the copies |
//! |---|---|---|
//! | [`EagerStore`] | at once, from one copy | may differ for ever |

pub mod eager_store;

pub use eager_store::EagerStore;
