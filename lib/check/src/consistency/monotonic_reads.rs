//! Monotonic reads: what a session has read once, its later reads show too, or something newer.
//!
//! - **What it is:** "if Read R1 occurs before R2 in a session and R1 accesses server S1 at time t1 and R2 accesses server
//!   S2 at time t2, then RelevantWrites(S1,t1,R1) is a subset of DB(S2,t2)" (Terry and others, PDIS 1994, section 3.2). The
//!   writes relevant to a read of a key are the one that it saw.
//! - **Safety:** once violated, nothing that happens later mends it.
//! - **Older:** as `mod.rs` says. Whoever reads `x = 1`, then `x = 2`, then `x = 1` again has gone back whichever is older.
//! - **What it does not say:** how fresh the first read is; a session that always finds nothing reads monotonically.
//! - **Broken by:** a session that goes from one replica to another which is further behind.
//!
//! ```text
//! replica 0 ──────▲──┬─────────────────────────  x = 42
//! bob   get x ────┘  └─▶ 42   get x ─┐  ┌─▶ 38
//! replica 1 ─────────────────────────▼──┴──────  x = 38: it has not heard of 42
//! ```

use netsplit_node::History;

use super::access::ReadsAndWrites;
use super::observed::Observed;
use super::session::{Guarantee, WriteOrder, judge};
use super::views::Revealed;
use crate::verdict::{Checker, Verdict};

/// The checker made by [`monotonic_reads`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(monotonic_reads())`"]
pub struct MonotonicReads {
    write_order: WriteOrder,
}

/// Judges whether the reads of each session never go back.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::monotonic_reads};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let put = |value: i32| KeyValueRequest::Put { key: "x".into(), value: value.into() };
/// let get = || KeyValueRequest::Get { key: "x".into() };
/// let found = |value: i32| KeyValueResponse::Value(Some(value.into()));
/// let history = by_hand("store")
///     .ok("ann", 0..1, put(38), KeyValueResponse::Stored)
///     .ok("ann", 2..3, put(42), KeyValueResponse::Stored)
///     .ok("bob", 4..5, get(), found(42))
///     .ok("bob", 6..7, get(), found(38))
///     .history();
/// assert_eq!(
///     history.check(monotonic_reads()).violations(),
///     ["bob read x = 42 at 5ms and read x = 38 at 7ms: bob's reads go back"]
/// );
/// ```
pub fn monotonic_reads() -> MonotonicReads {
    MonotonicReads { write_order: WriteOrder::Causal }
}

impl MonotonicReads {
    /// Of two writes of a key, takes the one that had ended before the other was asked for to be the older one: stricter, and right for
    /// a store that orders its writes as they come, by one primary or leader.
    pub fn writes_in_real_time(mut self) -> Self {
        self.write_order = WriteOrder::RealTime;
        self
    }
}

impl<Q: ReadsAndWrites<R>, R> Checker<Q, R> for MonotonicReads {
    fn name(&self) -> &str {
        "Monotonic reads"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let observed = Observed::of(history);
        let verdict = observed.begin("Monotonic reads", history);
        self.judge(&observed, verdict)
    }
}

impl MonotonicReads {
    fn judge(&self, observed: &Observed, verdict: Verdict) -> Verdict {
        let guarantee = Guarantee {
            write_order: self.write_order,
            // The writes that a session has read.
            reveals: &|session| {
                let revealed =
                    |read| observed.seen_by(read).map(|write| Revealed { by: read, writes: vec![write] });
                observed.ended(session).into_iter().filter_map(revealed).collect()
            },
            sentence: &|broken| {
                let name = observed.name(broken.read);
                let (first, then) =
                    (observed.deed_and_time(broken.through), observed.deed_and_time(broken.read));
                format!("{name} {first} and {then}: {name}'s reads go back")
            },
        };
        judge(observed, verdict, &guarantee)
    }
}
