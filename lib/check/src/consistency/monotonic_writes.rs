//! Monotonic writes: who sees a write of a session sees the session's earlier ones too.
//!
//! - **What it is:** "if Write W1 precedes Write W2 in a session, then, for any server S2, if W2 is in DB(S2) then W1 is also in DB(S2) and
//!   WriteOrder(W1,W2)" (Terry and others, PDIS 1994, section 3.4).
//! - **How it shows:** through somebody who reads. Once a session has read the second write of another, its reads must not
//!   find less than the first: `y = 2`, written after `x = 1`, and then nothing at `x`. That a session which read `x = 2`
//!   later finds `x = 1`, written before it by the same session, is not held against the writes: the first write is there,
//!   and it is the reads that went back (`monotonic_reads.rs`).
//! - **Safety:** once violated, nothing that happens later mends it.
//! - **Older:** as `mod.rs` says.
//! - **Broken by:** replicas that apply writes in the order of their arrival, and a network that reorders or loses them.
//!
//! ```text
//! ann   put x = 1 ─┐   put y = 2 ─┐
//! replica 0 ───────▼──────────────▼────────────────────────────
//!                   ╲──────────────╲───────────────────────╲
//! replica 1 ────────────────────────▼──▲─┬───▲─┬────────────▼──   y = 2 has overtaken x = 1
//! bob                             get y┘ └▶2 │ └▶ nothing
//!                                      get x ┘
//! ```

use netsplit_node::History;

use super::access::ReadsAndWrites;
use super::observed::{Observed, Session};
use super::session::{Guarantee, WriteOrder, judge};
use super::views::{Broken, Revealed};
use crate::verdict::{Checker, Verdict};

/// The checker made by [`monotonic_writes`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(monotonic_writes())`"]
pub struct MonotonicWrites {
    write_order: WriteOrder,
}

/// Judges whether everybody sees the writes of each session in the order in which they were made.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::monotonic_writes};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let put = |key: &str, value: i32| KeyValueRequest::Put { key: key.into(), value: value.into() };
/// let get = |key: &str| KeyValueRequest::Get { key: key.into() };
/// let history = by_hand("store")
///     .ok("ann", 0..1, put("x", 1), KeyValueResponse::Stored)
///     .ok("ann", 2..3, put("y", 2), KeyValueResponse::Stored)
///     .ok("bob", 4..5, get("y"), KeyValueResponse::Value(Some(2.into())))
///     .ok("bob", 6..7, get("x"), KeyValueResponse::Value(None))
///     .history();
/// assert_eq!(
///     history.check(monotonic_writes()).violations(),
///     ["bob read y = 2 at 5ms, which ann wrote after x = 1, and found nothing at x at 7ms: the earlier of ann's writes is missing"]
/// );
/// ```
pub fn monotonic_writes() -> MonotonicWrites {
    MonotonicWrites { write_order: WriteOrder::Causal }
}

impl MonotonicWrites {
    /// Of two writes of a key, takes the one that had ended before the other was asked for to be the older one: stricter, and right for
    /// a store that orders its writes as they come, by one primary or leader.
    pub fn writes_in_real_time(mut self) -> Self {
        self.write_order = WriteOrder::RealTime;
        self
    }
}

impl<Q: ReadsAndWrites<R>, R> Checker<Q, R> for MonotonicWrites {
    fn name(&self) -> &str {
        "Monotonic writes"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let observed = Observed::of(history);
        let verdict = observed.begin("Monotonic writes", history);
        self.judge(&observed, verdict)
    }
}

impl MonotonicWrites {
    fn judge(&self, observed: &Observed, verdict: Verdict) -> Verdict {
        let writers: Vec<Vec<usize>> = observed.sessions.iter().map(|it| writes(observed, it)).collect();
        let guarantee = Guarantee {
            write_order: self.write_order,
            reveals: &|session| earlier_writes(observed, &writers, session),
            sentence: &|broken| sentence(observed, broken),
        };
        judge(observed, verdict, &guarantee)
    }
}

/// A session's answered writes, in the order of their answers.
fn writes(observed: &Observed, session: &Session) -> Vec<usize> {
    observed.ended(session).into_iter().filter(|&operation| observed.is_write(operation)).collect()
}

/// For each write that a session has read, those that its writer had made before.
fn earlier_writes(observed: &Observed, writers: &[Vec<usize>], session: &Session) -> Vec<Revealed> {
    // What is before a write in its session is the first part of the session's writes: only how long it is need be remembered.
    let mut known = vec![0; writers.len()];
    let revealed = |read| {
        let write = observed.seen_by(read)?;
        let writer = observed.operations[write].session;
        let count = writers[writer].partition_point(|&earlier| observed.is_before(earlier, write));
        let new = known[writer].min(count)..count;
        known[writer] = new.end.max(known[writer]);
        Some(Revealed { by: read, writes: writers[writer][new].to_vec() })
    };
    observed.ended(session).into_iter().filter_map(revealed).collect()
}

fn sentence(observed: &Observed, broken: &Broken) -> String {
    let (name, writer) = (observed.name(broken.read), observed.name(broken.missed));
    let (first, then) = (observed.deed_and_time(broken.through), observed.deed_and_time(broken.read));
    let earlier = observed.assignment(broken.missed);
    format!(
        "{name} {first}, which {writer} wrote after {earlier}, and {then}: the earlier of {writer}'s writes is missing"
    )
}
