//! Writes follow reads: who sees a write sees also what its writer had read before.
//!
//! - **What it is:** "if Read R1 precedes Write W2 in a session and R1 is performed at server S1 at time t1, then, for any
//!   server S2, if W2 is in DB(S2) then any W1 in RelevantWrites(S1,t1,R1) is also in DB(S2) and WriteOrder(W1,W2)" (Terry
//!   and others, PDIS 1994, section 3.3). An answer never arrives before its question. It goes on from one to the next: what
//!   the writer of W1 had read is there too.
//! - **How it shows:** through somebody who reads. Once a session has read W2, its reads must not find less than W1.
//! - **Safety:** once violated, nothing that happens later mends it.
//! - **Older:** as `mod.rs` says.
//! - **Broken by:** writes that take different ways, so that the answer overtakes the question.
//!
//! ```text
//! ann   put question ─┐
//! replica 0 ──────────▼─────────────────────────────────────────────────
//!                      ╲──▶ replica 1 ──▲──┬──────▼─────────────────────   bob reads the question there, and answers it
//! bob                            get ───┘  └▶ put answer
//!                                                  ╲
//! replica 2 ────────────────────────────────────────▼──▲──┬───▲──┬──────   it has the answer, and not the question
//! cyd                                         get answer┘ └▶  │  └▶ nothing
//!                                                 get question┘
//! ```

use netsplit_node::History;

use super::access::ReadsAndWrites;
use super::observed::{Observed, Session};
use super::order::Order;
use super::session::{Guarantee, WriteOrder, judge};
use super::views::{Broken, Reach, Revealed};
use crate::verdict::{Checker, Verdict};

/// The checker made by [`writes_follow_reads`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(writes_follow_reads())`"]
pub struct WritesFollowReads {
    write_order: WriteOrder,
}

/// Judges whether everybody sees a write only after what its writer had read.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::writes_follow_reads};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let put = |key: &str, value: &str| KeyValueRequest::Put { key: key.into(), value: value.into() };
/// let get = |key: &str| KeyValueRequest::Get { key: key.into() };
/// let found = |value: &str| KeyValueResponse::Value(Some(value.into()));
/// let history = by_hand("forum")
///     .ok("ann", 0..1, put("question", "tea?"), KeyValueResponse::Stored)
///     .ok("bob", 2..3, get("question"), found("tea?"))
///     .ok("bob", 4..5, put("answer", "yes"), KeyValueResponse::Stored)
///     .ok("cyd", 6..7, get("answer"), found("yes"))
///     .ok("cyd", 8..9, get("question"), KeyValueResponse::Value(None))
///     .history();
/// assert_eq!(
///     history.check(writes_follow_reads()).violations(),
///     ["cyd read answer = \"yes\" at 7ms, which bob wrote when question = \"tea?\" had been read, and found nothing at question at 9ms: \
///       what came first is missing"]
/// );
/// ```
pub fn writes_follow_reads() -> WritesFollowReads {
    WritesFollowReads { write_order: WriteOrder::Causal }
}

impl WritesFollowReads {
    /// Of two writes of a key, takes the one that had ended before the other was asked for to be the older one: stricter, and right for
    /// a store that orders its writes as they come, by one primary or leader.
    pub fn writes_in_real_time(mut self) -> Self {
        self.write_order = WriteOrder::RealTime;
        self
    }
}

impl<Q: ReadsAndWrites<R>, R> Checker<Q, R> for WritesFollowReads {
    fn name(&self) -> &str {
        "Writes follow reads"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let observed = Observed::of(history);
        let verdict = observed.begin("Writes follow reads", history);
        self.judge(&observed, verdict)
    }
}

impl WritesFollowReads {
    fn judge(&self, observed: &Observed, verdict: Verdict) -> Verdict {
        let mut follows = Order::of(observed);
        follows.put_reads_from(observed);
        follows.put_sessions(observed, |first| !observed.is_write(first), |then| observed.is_write(then));
        let guarantee = Guarantee {
            write_order: self.write_order,
            reveals: &|session| read_before(observed, &follows, session),
            sentence: &|broken| sentence(observed, broken),
        };
        judge(observed, verdict, &guarantee)
    }
}

/// For each write that a session has read, those that had been read before it was made.
fn read_before(observed: &Observed, follows: &Order, session: &Session) -> Vec<Revealed> {
    let mut reach = Reach::new(observed, follows);
    let revealed = |read| {
        let write = observed.seen_by(read)?;
        Some(Revealed { by: read, writes: reach.writes_before(write) })
    };
    observed.ended(session).into_iter().filter_map(revealed).collect()
}

fn sentence(observed: &Observed, broken: &Broken) -> String {
    let name = observed.name(broken.read);
    let writer = observed.seen_by(broken.through).map_or("", |write| observed.name(write));
    let (first, then) = (observed.deed_and_time(broken.through), observed.deed_and_time(broken.read));
    let earlier = observed.assignment(broken.missed);
    format!(
        "{name} {first}, which {writer} wrote when {earlier} had been read, and {then}: what came first is missing"
    )
}
