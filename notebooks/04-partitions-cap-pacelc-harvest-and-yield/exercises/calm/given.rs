//! What the statement of `calm` gives: the answer and the tests both see it.

use netsplit::{Duration, secs};
use serde::{Deserialize, Serialize};

/// The partner can be reached while it can be asked and answers within this time.
pub const ANSWERED: Duration = secs(1);
/// So long after it can be reached no more, a node must say so.
pub const NOTICED: Duration = secs(3);
/// So long after it can be reached again, without a gap, a node must say so.
pub const OVER: Duration = secs(10);

/// How is the link to your partner?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HowIsTheLink;

/// What a node says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    Whole,
    Cut,
}
