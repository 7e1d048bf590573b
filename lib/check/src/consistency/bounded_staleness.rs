//! Bounded staleness: what a read finds had been replaced only shortly before, or only a few times.
//!
//! - **What it is:** a read is stale by the time since it should have found something newer: since the end of the first
//!   write that began after the one that it found had ended. Its staleness in versions is how many such writes had ended
//!   before it was asked for. A history has bounded staleness if no read is staler than the bound (timed visibility in
//!   Viotti and Vukolić 2016, section 3.6; t-visibility and k-staleness in Bailis and others, "Probabilistically Bounded
//!   Staleness for Practical Partial Quorums", VLDB 2012, section 3). With a bound of 0 it is the regular register of
//!   Lamport ("On interprocess communication", 1986).
//! - **What counts:** each read by itself, and only what is certain. Of two writes that overlap, either may be the newer
//!   one; a write of unknown outcome never ended. So two reads may go back within the bound: order is the business of the
//!   other models.
//! - **Real time counts**, as in linearizability and convergence, and in no other of these models: a read that found what was written only
//!   later is a violation.
//! - **Safety:** once violated, nothing that happens later mends it.
//! - **Linearizability** implies it with every bound, sequential consistency with none.
//!
//! ```text
//! ann   ├ put x = 1 ┤     ├ put x = 2 ┤
//! bob                                 :          ├ get x ┤ 1
//!                                     :◀─ stale ─▶  by one version
//! ```

use std::collections::BTreeMap;

use netsplit_node::{Duration, History, Time};

use super::access::ReadsAndWrites;
use super::observed::{Action, Observed};
use crate::verdict::{Checker, Verdict};

/// The checker made by [`staleness_within`] and [`staleness_within_versions`].
#[derive(Clone, Debug)]
#[must_use = "a checker does nothing by itself: `history.check(staleness_within(..))`"]
pub struct BoundedStaleness {
    bound: Bound,
}

#[derive(Clone, Copy, Debug)]
enum Bound {
    Age(Duration),
    Versions(usize),
}

/// Judges whether every read finds a value that had not been replaced for longer than `age` when it was asked for.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::staleness_within};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse, ms};
/// let put = |value: i32| KeyValueRequest::Put { key: "x".into(), value: value.into() };
/// let get = || KeyValueRequest::Get { key: "x".into() };
/// let found = |value: i32| KeyValueResponse::Value(Some(value.into()));
/// let history = by_hand("store")
///     .ok("ann", 0..10, put(1), KeyValueResponse::Stored)
///     .ok("ann", 20..30, put(2), KeyValueResponse::Stored)
///     .ok("bob", 180..190, get(), found(1))
///     .history();
/// assert!(history.check(staleness_within(ms(150))).holds());
/// assert_eq!(
///     history.check(staleness_within(ms(100))).violations(),
///     ["bob read x = 1 at 190ms, which x = 2 had replaced by 30ms: stale by 150ms, 100ms are allowed"]
/// );
/// ```
pub fn staleness_within(age: Duration) -> BoundedStaleness {
    BoundedStaleness { bound: Bound::Age(age) }
}

/// Judges whether every read finds a value that had been replaced at most `versions` times when it was asked for.
///
/// ```
/// use netsplit_check::{Check, by_hand, consistency::staleness_within_versions};
/// use netsplit_node::{KeyValueRequest, KeyValueResponse};
/// let put = |value: i32| KeyValueRequest::Put { key: "x".into(), value: value.into() };
/// let get = || KeyValueRequest::Get { key: "x".into() };
/// let history = by_hand("store")
///     .ok("ann", 0..10, put(1), KeyValueResponse::Stored)
///     .ok("ann", 20..30, put(2), KeyValueResponse::Stored)
///     .ok("bob", 40..50, get(), KeyValueResponse::Value(None))
///     .history();
/// assert!(history.check(staleness_within_versions(2)).holds());
/// assert_eq!(
///     history.check(staleness_within_versions(1)).violations(),
///     ["bob found nothing at x at 50ms, where 2 writes had ended before, the first at 10ms: 1 version behind is allowed"]
/// );
/// ```
pub fn staleness_within_versions(versions: usize) -> BoundedStaleness {
    BoundedStaleness { bound: Bound::Versions(versions) }
}

impl<Q: ReadsAndWrites<R>, R> Checker<Q, R> for BoundedStaleness {
    fn name(&self) -> &str {
        "Bounded staleness"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let observed = Observed::of(history);
        let verdict = observed.begin("Bounded staleness", history);
        judge(&observed, verdict, self.bound)
    }
}

fn judge(observed: &Observed, mut verdict: Verdict, bound: Bound) -> Verdict {
    let writes = Writes::of(observed);
    for read in observed.reads() {
        if let Some(write) = written_later(observed, read) {
            verdict.violated_by(
                format!(
                    "{} {}, before {} asked for it to be written",
                    observed.name(read),
                    observed.deed_and_time(read),
                    observed.name(write)
                ),
                vec![observed.row(read, "✗"), observed.row(write, " ")],
            );
            continue;
        }
        let Some(stale) = writes.staleness(observed, read) else { continue };
        let is_within = match bound {
            Bound::Age(age) => stale.age <= age,
            Bound::Versions(versions) => stale.versions <= versions,
        };
        if !is_within {
            let found = observed.seen_by(read).map(|write| observed.row(write, " "));
            let rows =
                found.into_iter().chain([observed.row(stale.replaced_by, " "), observed.row(read, "✗")]);
            verdict.violated_by(sentence(observed, read, &stale, bound), rows.collect());
        }
    }
    verdict
}

/// The write that a read saw, if it was asked for only after the read had ended.
fn written_later(observed: &Observed, read: usize) -> Option<usize> {
    let write = observed.seen_by(read)?;
    (observed.operations[read].told? < observed.operations[write].asked).then_some(write)
}

fn sentence(observed: &Observed, read: usize, stale: &Stale, bound: Bound) -> String {
    let who = format!("{} {}", observed.name(read), observed.deed_and_time(read));
    let (end, age, versions) = (stale.since, stale.age, stale.versions);
    match bound {
        Bound::Age(allowed) if observed.seen_by(read).is_some() => format!(
            "{who}, which {} had replaced by {end}: stale by {age}, {allowed} are allowed",
            observed.assignment(stale.replaced_by)
        ),
        Bound::Age(allowed) => format!(
            "{who}, where {} had been written by {end}: stale by {age}, {allowed} are allowed",
            observed.assignment(stale.replaced_by)
        ),
        Bound::Versions(allowed) => {
            let newer = if observed.seen_by(read).is_some() { "newer " } else { "" };
            let writes = if versions == 1 { "write" } else { "writes" };
            let allowed = match allowed {
                0 => "0 versions behind are allowed".to_owned(),
                1 => "1 version behind is allowed".to_owned(),
                _ => format!("{allowed} versions behind are allowed"),
            };
            format!("{who}, where {versions} {newer}{writes} had ended before, the first at {end}: {allowed}")
        }
    }
}

/// How stale a read is, for certain.
struct Stale {
    /// By so much time.
    age: Duration,
    /// So many writes replaced what it found, and had ended before it was asked for.
    versions: usize,
    /// The first of them to end, and when it did.
    replaced_by: usize,
    since: Time,
}

/// For each key, the writes that ended, in the order in which they were asked for.
struct Writes {
    by_key: BTreeMap<usize, Vec<Ended>>,
}

/// A write that ended.
struct Ended {
    write: usize,
    asked: Time,
    /// Of this one and all that were asked for later, the first end and the write that ended then.
    first_end: (Time, usize),
}

impl Writes {
    fn of(observed: &Observed) -> Writes {
        let mut by_key: BTreeMap<usize, Vec<Ended>> = BTreeMap::new();
        for (write, it) in observed.operations.iter().enumerate() {
            if let (Action::Write, Some(told)) = (it.action, it.told) {
                let ended = Ended { write, asked: it.asked, first_end: (told, write) };
                by_key.entry(it.key).or_default().push(ended);
            }
        }
        for writes in by_key.values_mut() {
            let mut first = (Time::MAX, usize::MAX);
            for ended in writes.iter_mut().rev() {
                first = first.min(ended.first_end);
                ended.first_end = first;
            }
        }
        Writes { by_key }
    }

    /// How stale a read is; nothing if it is not.
    fn staleness(&self, observed: &Observed, read: usize) -> Option<Stale> {
        let it = &observed.operations[read];
        let writes = self.by_key.get(&it.key)?;
        // Newer is what was asked for after what was found had ended.
        let newer = match it.action {
            Action::ReadOf(found) => {
                let told = observed.operations[found].told?;
                &writes[writes.partition_point(|ended| ended.asked <= told)..]
            }
            Action::Write | Action::ReadNothing => writes.as_slice(),
        };
        let (since, replaced_by) = newer.first()?.first_end;
        if since >= it.asked {
            return None;
        }
        let asked_before = newer.iter().take_while(|ended| ended.asked < it.asked);
        let had_ended = |ended: &&Ended| observed.operations[ended.write].told < Some(it.asked);
        Some(Stale {
            age: it.asked - since,
            versions: asked_before.filter(had_ended).count(),
            replaced_by,
            since,
        })
    }
}
