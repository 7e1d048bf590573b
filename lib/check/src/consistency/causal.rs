//! Causal consistency: nobody sees an effect without its cause.
//!
//! - **What it is:** one operation is before another in causal order if it is so in a session, if the other read what it
//!   wrote, or by several such steps. A history is causally consistent if each session can put all writes and its own reads
//!   into one order that agrees with causal order and in which each read finds what was written last (causal memory: Ahamad,
//!   Neiger, Burns, Kohli and Hutto, "Causal memory: definitions, implementation, and programming", Distributed Computing
//!   9(1), 1995, section 2). Writes that are not ordered by it, which are concurrent, may be seen in different orders by
//!   different sessions.
//! - **Causal convergence** asks for one order of the writes that is the same for all, in which each read finds the last of
//!   those writes that are before it in causal order (`causal().convergent()`): what stores with "last writer wins" promise,
//!   causal+ in Lloyd and others, "Don't Settle for Eventual" (COPS), SOSP 2011, section 3. The two are incomparable.
//! - **How it is judged:** by the bad patterns of Bouajjani, Enea, Guerraoui and Hamza, "On verifying causal consistency",
//!   POPL 2017. A history is wrong if a read saw what nobody wrote (ThinAirRead), if causal order goes round in a circle
//!   (CyclicCO), if a read found nothing or an old value although a write is before it (WriteCOInitRead, WriteCORead), or if
//!   this is so once the session's reads have said all that they say of the order of the writes (WriteHBInitRead, CyclicHB;
//!   for convergence CyclicCF). This takes polynomial time, since it is known which write each read saw.
//! - **Callers that do not wait for their answers:** reads of one session that overlap have no order. What is found is still
//!   a violation, and convergence is still judged exactly; but for causal memory the patterns may then miss a violation.
//! - **Safety:** once violated, nothing that happens later mends it.
//! - **What it does not say:** when a write is seen, or that it ever is. A session cut off from all others is causally consistent.

use netsplit_node::History;

use super::access::ReadsAndWrites;
use super::observed::{Observed, Session};
use super::order::Order;
use super::session::{circle, operations, shortened, stop_if_asked, why_older};
use super::views::{Broken, Reach, Revealed, Views};
use crate::verdict::{Checker, Verdict};

/// The checker made by [`causal`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(causal())`"]
pub struct Causal {
    convergent: bool,
}

/// Judges whether a history is causally consistent.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::causal};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let put = |value: i32| KeyValueRequest::Put { key: "x".into(), value: value.into() };
/// let get = || KeyValueRequest::Get { key: "x".into() };
/// let found = |value: i32| KeyValueResponse::Value(Some(value.into()));
/// // Concurrent writes may be seen in two orders; a store that converges has one.
/// let concurrent = by_hand("store")
///     .ok("ann", 0..1, put(1), KeyValueResponse::Stored)
///     .ok("bob", 0..1, put(2), KeyValueResponse::Stored)
///     .ok("ann", 2..3, get(), found(2))
///     .ok("bob", 2..3, get(), found(1));
/// assert!(concurrent.clone().history().check(causal()).holds());
/// assert!(!concurrent.clone().history().check(causal().convergent()).holds());
/// // Once ann writes after having read bob's, hers is the newer one for everybody.
/// let verdict = concurrent
///     .ok("ann", 4..5, put(3), KeyValueResponse::Stored)
///     .ok("cyd", 6..7, get(), found(3))
///     .ok("cyd", 8..9, get(), found(2))
///     .history()
///     .check(causal());
/// assert_eq!(
///     verdict.violations(),
///     ["cyd read x = 2 at 9ms, although x = 3, which is newer, is before that read in causal order"]
/// );
/// ```
pub fn causal() -> Causal {
    Causal { convergent: false }
}

impl Causal {
    /// Asks for causal convergence instead: one order of the writes for all sessions.
    pub fn convergent(mut self) -> Self {
        self.convergent = true;
        self
    }

    fn property(&self) -> &'static str {
        if self.convergent { "Causal convergence" } else { "Causal consistency" }
    }
}

impl<Q: ReadsAndWrites<R>, R> Checker<Q, R> for Causal {
    fn name(&self) -> &str {
        self.property()
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let observed = Observed::of(history);
        let verdict = observed.begin(self.property(), history);
        if self.convergent { judge_convergence(&observed, verdict) } else { judge_memory(&observed, verdict) }
    }
}

/// One order for each session.
fn judge_memory(observed: &Observed, mut verdict: Verdict) -> Verdict {
    let causal = Order::causal(observed);
    if let Some((sentence, rows)) = circle(observed, &causal) {
        verdict.violated_by(sentence, rows);
        return verdict;
    }
    for session in &observed.sessions {
        let (known, broken) = saturate(observed, &causal, session);
        for broken in broken {
            verdict.violated_by(sentence(observed, &broken), rows(observed, &known, &broken));
        }
    }
    verdict
}

/// What is before what in the session's own order, and the reads that no such order explains.
///
/// Each read says that the writes before it are before the one that it saw. This may put more writes before reads, so it is
/// done again, until nothing is added.
fn saturate(observed: &Observed, causal: &Order, session: &Session) -> (Order, Vec<Broken>) {
    let mut known = causal.clone();
    let mut before = Vec::new();
    loop {
        stop_if_asked();
        let revealed = all_before(observed, &known, session);
        if revealed == before {
            return (known, Vec::new());
        }
        let mut next = causal.clone();
        let found_nothing = Views::new(observed, &mut next).add(session, &revealed, false);
        if !found_nothing.is_empty() || !next.is_acyclic() {
            let broken = Views::new(observed, &mut causal.clone()).add(session, &revealed, true);
            return (known, broken);
        }
        (known, before) = (next, revealed);
    }
}

/// One order for all sessions.
fn judge_convergence(observed: &Observed, mut verdict: Verdict) -> Verdict {
    let causal = Order::causal(observed);
    if let Some((sentence, rows)) = circle(observed, &causal) {
        verdict.violated_by(sentence, rows);
        return verdict;
    }
    let add_all = |careful: bool| {
        let mut order = causal.clone();
        let mut views = Views::new(observed, &mut order);
        let mut broken = Vec::new();
        for session in &observed.sessions {
            stop_if_asked();
            broken.extend(views.add(session, &all_before(observed, &causal, session), careful));
        }
        (broken, order)
    };
    let (found_nothing, order) = add_all(false);
    if !found_nothing.is_empty() || !order.is_acyclic() {
        for broken in add_all(true).0 {
            verdict.violated_by(sentence(observed, &broken), rows(observed, &causal, &broken));
        }
    }
    verdict
}

/// Every write that is before an operation of the session, and those of the session itself.
fn all_before(observed: &Observed, order: &Order, session: &Session) -> Vec<Revealed> {
    let mut reach = Reach::new(observed, order);
    let revealed = |operation| {
        let mut writes = reach.writes_before(operation);
        writes.extend(observed.is_write(operation).then_some(operation));
        writes.sort_unstable();
        Revealed { by: operation, writes }
    };
    observed.ended(session).into_iter().map(revealed).collect()
}

fn sentence(observed: &Observed, broken: &Broken) -> String {
    let (name, read) = (observed.name(broken.read), observed.deed_and_time(broken.read));
    let newer = if broken.older.is_empty() { "" } else { ", which is newer," };
    let missed = observed.assignment(broken.missed);
    format!("{name} {read}, although {missed}{newer} is before that read in causal order")
}

/// Why the missed write is before the read, and why what was found is older.
fn rows(observed: &Observed, order: &Order, broken: &Broken) -> Vec<String> {
    let mut rows = if broken.older.is_empty() { Vec::new() } else { shortened(why_older(observed, broken)) };
    if let Some(path) = order.path(broken.missed as u32, broken.read as u32) {
        rows.push(format!("{} is before the read:", observed.assignment(broken.missed)));
        let before_read = operations(observed, &path).filter(|&operation| operation != broken.read);
        rows.extend(shortened(before_read.map(|operation| observed.row(operation, " ")).collect()));
        rows.push(observed.row(broken.read, "✗"));
    }
    rows
}
