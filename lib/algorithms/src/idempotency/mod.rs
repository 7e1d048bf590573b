//! Idempotency: doing a thing once although it was asked for several times.
//!
//! A caller that hears nothing cannot know whether its request was lost or only the answer, so it must ask again, and the service must
//! be able to tell a repetition from a second wish. The caller names the operation ([`IdempotencyKey`]); the service remembers what it
//! answered to that name ([`DedupTable`]). [`payments`] are the requests on which all of this is tried.

pub mod dedup_table;
pub mod idempotency_key;
pub mod payments;

pub use dedup_table::{DedupTable, Retention, Seen, WhenFull};
pub use idempotency_key::IdempotencyKey;
pub use payments::{Charge, Receipt};
