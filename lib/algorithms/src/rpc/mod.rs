//! Remote procedure calls: asking another node for something, when neither the question nor the answer is sure to arrive.
//!
//! [`Caller`] puts it together: a deadline, retries by a [`RetryPolicy`], hedges. What makes it safe to ask twice is at the service: `idempotency/`.

pub mod caller;
pub mod retry_policy;

pub use caller::{Caller, Config, Hedge};
pub use retry_policy::{Backoff, Jitter, RetryBudget, RetryPolicy};
