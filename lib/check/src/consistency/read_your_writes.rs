//! Read your writes: what a session has written, its later reads show, or something newer.
//!
//! - **What it is:** "if Read R follows Write W in a session and R is performed at server S at time t, then W is included in DB(S,t)"
//!   (Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session Guarantees for Weakly Consistent Replicated Data", PDIS 1994, section
//!   3.1). A read may find another value than the session's own, but never one that is older, and never nothing.
//! - **Safety:** once violated, nothing that happens later mends it.
//! - **Older:** as `mod.rs` says.
//! - **What it does not say:** anything about the writes of others. Whoever only reads is promised nothing.
//! - **Broken by:** a read that goes to a replica which the session's own write has not reached yet.
//!
//! ```text
//! ann   put x = 2 ─┐      get x ─┐    ┌─▶ 1
//! primary ─────────▼─────────────┼────┼─────  x = 2
//! replica ───────────────────────▼────┴─────  x = 1: the write is still on its way
//! ```

use netsplit_node::History;

use super::access::ReadsAndWrites;
use super::observed::Observed;
use super::session::{Guarantee, WriteOrder, judge};
use super::views::Revealed;
use crate::verdict::{Checker, Verdict};

/// The checker made by [`read_your_writes`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(read_your_writes())`"]
pub struct ReadYourWrites {
    write_order: WriteOrder,
}

/// Judges whether the reads of each session show its own earlier writes, or newer ones.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::read_your_writes};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let put = |value: i32| KeyValueRequest::Put { key: "x".into(), value: value.into() };
/// let get = || KeyValueRequest::Get { key: "x".into() };
/// let found = |value: i32| KeyValueResponse::Value(Some(value.into()));
/// let history = by_hand("store")
///     .ok("ann", 0..1, put(1), KeyValueResponse::Stored)
///     .ok("ann", 2..3, put(2), KeyValueResponse::Stored)
///     .ok("ann", 4..5, get(), found(1))
///     .history();
/// assert_eq!(
///     history.check(read_your_writes()).violations(),
///     ["ann wrote x = 2 at 3ms and read x = 1 at 5ms: ann's own write is missing"]
/// );
/// ```
pub fn read_your_writes() -> ReadYourWrites {
    ReadYourWrites { write_order: WriteOrder::Causal }
}

impl ReadYourWrites {
    /// Of two writes of a key, takes the one that had ended before the other was asked for to be the older one: stricter, and right for
    /// a store that orders its writes as they come, by one primary or leader.
    pub fn writes_in_real_time(mut self) -> Self {
        self.write_order = WriteOrder::RealTime;
        self
    }
}

impl<Q: ReadsAndWrites<R>, R> Checker<Q, R> for ReadYourWrites {
    fn name(&self) -> &str {
        "Read your writes"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let observed = Observed::of(history);
        let verdict = observed.begin("Read your writes", history);
        self.judge(&observed, verdict)
    }
}

impl ReadYourWrites {
    fn judge(&self, observed: &Observed, verdict: Verdict) -> Verdict {
        let guarantee = Guarantee {
            write_order: self.write_order,
            // A session's own writes.
            reveals: &|session| {
                let writes = observed.ended(session).into_iter().filter(|&it| observed.is_write(it));
                writes.map(|write| Revealed { by: write, writes: vec![write] }).collect()
            },
            sentence: &|broken| {
                let name = observed.name(broken.read);
                let (wrote, read) =
                    (observed.deed_and_time(broken.missed), observed.deed_and_time(broken.read));
                format!("{name} {wrote} and {read}: {name}'s own write is missing")
            },
        };
        judge(observed, verdict, &guarantee)
    }
}
