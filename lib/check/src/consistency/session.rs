//! How a session guarantee is judged: for each session, a view that explains all its reads.

use netsplit_node::interrupt;

use super::observed::{Observed, Session};
use super::order::Order;
use super::views::{Broken, Revealed, Views};
use crate::verdict::Verdict;

/// Rows below a sentence.
const ROWS: usize = 12;

/// Which write is the older one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WriteOrder {
    /// The one that is before the other in causal order. Of two that are not ordered by it, either may be.
    #[default]
    Causal,
    /// Also the one that had ended before the other was asked for.
    RealTime,
}

/// A guarantee to sessions.
pub(super) struct Guarantee<'g> {
    pub(super) write_order: WriteOrder,
    /// What each operation of a session adds to what its later reads must have seen, in the order of the operations' ends.
    pub(super) reveals: &'g dyn Fn(&Session) -> Vec<Revealed>,
    /// What a read that breaks it did, in words.
    pub(super) sentence: &'g dyn Fn(&Broken) -> String,
}

/// Adds to `verdict` what breaks the guarantee.
pub(super) fn judge(observed: &Observed, mut verdict: Verdict, guarantee: &Guarantee<'_>) -> Verdict {
    let mut order = Order::causal(observed);
    if guarantee.write_order == WriteOrder::RealTime {
        order.put_real_time(observed);
    }
    if let Some((sentence, rows)) = circle(observed, &order) {
        verdict.violated_by(sentence, rows);
        return verdict;
    }
    for session in &observed.sessions {
        for broken in broken_reads(observed, &mut order, session, &(guarantee.reveals)(session)) {
            let rows = why_older(observed, &broken);
            verdict.violated_by((guarantee.sentence)(&broken), shortened(rows));
        }
    }
    verdict
}

/// The reads of a session that no order of the writes explains; each of them alone if those before it are right.
pub(super) fn broken_reads(
    observed: &Observed,
    order: &mut Order,
    session: &Session,
    revealed: &[Revealed],
) -> Vec<Broken> {
    stop_if_asked();
    let mark = order.mark();
    let found_nothing = Views::new(observed, order).add(session, revealed, false);
    let is_right = found_nothing.is_empty() && order.is_acyclic();
    order.return_to(mark);
    if is_right {
        return Vec::new();
    }
    let broken = Views::new(observed, order).add(session, revealed, true);
    order.return_to(mark);
    broken
}

/// What depends on itself, if anything does: no model allows that a read saw what came of it.
pub(super) fn circle(observed: &Observed, order: &Order) -> Option<(String, Vec<String>)> {
    if order.is_acyclic() {
        return None;
    }
    observed.reads().find_map(|read| {
        let path = order.path(read as u32, observed.seen_by(read)? as u32)?;
        let rows = operations(observed, &path).map(|operation| observed.row(operation, " "));
        let sentence = format!(
            "{} {}, which itself came only after that read",
            observed.name(read),
            observed.deed_and_time(read)
        );
        Some((sentence, shortened(rows.collect())))
    })
}

/// The rows that say why what was found is older than what was missed.
pub(super) fn why_older(observed: &Observed, broken: &Broken) -> Vec<String> {
    let missed = broken.missed;
    let Some(&found) = broken.older.first() else {
        return vec![observed.row(missed, " "), observed.row(broken.read, "✗")];
    };
    let title = format!("{} is older than {}:", observed.assignment(found), observed.assignment(missed));
    let rows = broken.older.iter().map(|&operation| observed.row(operation, " "));
    std::iter::once(title).chain(rows).chain([observed.row(broken.read, "✗")]).collect()
}

/// Rows for below a sentence: of many, the first and the last.
pub(super) fn shortened(mut rows: Vec<String>) -> Vec<String> {
    if rows.len() > ROWS {
        let hidden = rows.len() - ROWS;
        rows.splice(ROWS / 2..ROWS / 2 + hidden, [format!("  .. {hidden} more ..")]);
    }
    rows
}

/// Those nodes of a path that are operations.
pub(super) fn operations<'p>(observed: &'p Observed, path: &'p [u32]) -> impl Iterator<Item = usize> + 'p {
    let count = observed.operations.len();
    path.iter().map(|&node| node as usize).filter(move |&node| node < count)
}

/// Unwinds if the user wants to stop.
pub(super) fn stop_if_asked() {
    if interrupt::is_asked() {
        let at = "the search for an order of the writes".to_owned();
        interrupt::Interrupted { at, goes_on: false }.unwind();
    }
}
