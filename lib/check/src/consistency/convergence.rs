//! Convergence: once nobody writes any more, everybody reads the same, and it is something that was written.
//!
//! - **What it is:** eventual consistency (Vogels, "Eventually consistent", CACM 52(1), 2009; Viotti and Vukolić 2016, section 3.2:
//!   eventual visibility, and one order of the writes in the end; Terry and others, PDIS 1994, section 2: total propagation and consistent
//!   ordering). Which of the writes wins is not said.
//! - **How it is judged:** "eventually" has no end that a history could show, so a bound is asked for. Of each key, the
//!   reads count that were asked for when its writes had been over for longer than the bound: they must agree, and find
//!   something if any write ended well.
//! - **Outcomes:** a write of unknown outcome that nobody read may not have happened. One that was read had happened when
//!   the first read of it ended, and counts until then; who shares its value with another write may still take effect later,
//!   which leaves a disagreement undecided.
//! - **Liveness**, with a bound: a violation says that the copies did not agree in time. Judge when every cut is healed and every node
//!   up for so long, and let clients ask once more: without such reads it holds in vain, which the count of late reads shows.
//! - **Real time counts**, as in linearizability, which implies it. Sequential consistency does not.

use std::collections::BTreeMap;

use netsplit_node::{Duration, History, Time};

use super::access::ReadsAndWrites;
use super::observed::Observed;
use super::session::shortened;
use crate::verdict::{Checker, Verdict};

/// The checker made by [`convergence_within`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(convergence_within(..))`"]
pub struct Convergence {
    within: Duration,
}

/// Judges whether all reads of a key agree that were asked for later than `within` after its writes were over.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::convergence_within};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse, ms};
/// let put = |value: i32| KeyValueRequest::Put { key: "x".into(), value: value.into() };
/// let get = || KeyValueRequest::Get { key: "x".into() };
/// let found = |value: i32| KeyValueResponse::Value(Some(value.into()));
/// let history = by_hand("store")
///     .ok("ann", 0..10, put(1), KeyValueResponse::Stored)
///     .ok("bob", 0..10, put(2), KeyValueResponse::Stored)
///     .ok("ann", 50..60, get(), found(2))
///     .ok("bob", 200..210, get(), found(1))
///     .ok("cyd", 220..230, get(), found(2));
/// assert_eq!(
///     history.clone().history().check(convergence_within(ms(100))).violations(),
///     ["bob read x = 1 at 210ms, and cyd read x = 2 at 230ms, although nobody had written x since 10ms"]
/// );
/// let verdict = history.history().check(convergence_within(ms(200)));
/// assert_eq!(verdict.to_string(), "Convergence: holds (5 operations, 3 reads, 3 sessions, 1 late read)");
/// ```
pub fn convergence_within(within: Duration) -> Convergence {
    Convergence { within }
}

impl<Q: ReadsAndWrites<R>, R> Checker<Q, R> for Convergence {
    fn name(&self) -> &str {
        "Convergence"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let observed = Observed::of(history);
        let verdict = observed.begin("Convergence", history);
        judge(&observed, verdict, self.within)
    }
}

fn judge(observed: &Observed, verdict: Verdict, within: Duration) -> Verdict {
    let quiet = quiet_since(observed);
    let mut late: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for read in observed.reads() {
        let it = &observed.operations[read];
        if quiet[it.key].is_none_or(|quiet| it.asked > quiet + within) {
            late.entry(it.key).or_default().push(read);
        }
    }
    let mut verdict = verdict.counting(late.values().map(Vec::len).sum(), "late read");
    for (key, reads) in late {
        judge_key(observed, &mut verdict, key, &reads, quiet[key]);
    }
    verdict
}

/// For each key, since when nobody writes it; nothing if nobody ever did.
fn quiet_since(observed: &Observed) -> Vec<Option<Time>> {
    let mut first_read: BTreeMap<usize, Time> = BTreeMap::new();
    for read in observed.reads() {
        let told = observed.operations[read].told.unwrap_or(Time::MAX);
        if let Some(write) = observed.seen_by(read) {
            first_read.entry(write).and_modify(|first| *first = told.min(*first)).or_insert(told);
        }
    }
    let mut quiet = vec![None; observed.keys.len()];
    for (number, it) in
        observed.operations.iter().enumerate().filter(|&(number, _)| observed.is_write(number))
    {
        let over = it.told.or_else(|| first_read.get(&number).copied());
        quiet[it.key] = quiet[it.key].max(over);
    }
    quiet
}

/// Late reads of one key agree, and do not find nothing where something was written.
fn judge_key(observed: &Observed, verdict: &mut Verdict, key: usize, reads: &[usize], quiet: Option<Time>) {
    let Some(quiet) = quiet else { return };
    let (first, rest) = (reads[0], &reads[1..]);
    let found = |read: usize| observed.operations[read].action;
    let name = &observed.keys[key];
    if let Some(&other) = rest.iter().find(|&&read| found(read) != found(first)) {
        let sentence = format!(
            "{} {}, and {} {}, although nobody had written {name} since {quiet}",
            observed.name(first),
            observed.deed_and_time(first),
            observed.name(other),
            observed.deed_and_time(other)
        );
        if observed.unclear_open_writes[key] {
            verdict.undecided(format!(
                "{sentence}; but a write of unknown outcome, whose value was also written by another, may have come between"
            ));
        } else {
            let rows = reads
                .iter()
                .map(|&read| observed.row(read, if found(read) == found(first) { " " } else { "✗" }));
            verdict.violated_by(sentence, shortened(rows.collect()));
        }
    } else if observed.seen_by(first).is_none() {
        verdict.violated(format!(
            "{} {}, and so did all later reads, although it was last written at {quiet}",
            observed.name(first),
            observed.deed_and_time(first)
        ));
    }
}
