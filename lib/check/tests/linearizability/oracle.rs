//! Brute force: tries every order, remembers nothing, skips nothing. Shares no code with the checker but the specifications.

use netsplit_check::spec::Specification;
use netsplit_node::{History, NodeId, Operation, Outcome, Time};

/// An operation for brute force.
pub struct Tried<'a, S: Specification> {
    pub operation: &'a Operation<S::Request, S::Response>,
    /// What was told, if that is to be regarded.
    pub response: Option<&'a S::Response>,
    /// Must be in the order, and before everything that began after this.
    pub ended: Option<Time>,
    /// Its caller always waits for its answers.
    pub waits: bool,
}

/// A history as it is: what failed is left out, only an `Ok` ends.
pub fn tried<S: Specification>(history: &History<S::Request, S::Response>) -> Vec<Tried<'_, S>> {
    let happened = history.iter().filter(|operation| !matches!(operation.outcome, Some(Outcome::Fail(_))));
    let tried = happened.map(|operation| {
        let waits = waits(operation.caller, history);
        match &operation.outcome {
            Some(Outcome::Ok(response)) => {
                Tried { operation, response: Some(response), ended: operation.returned, waits }
            }
            _ => Tried { operation, response: None, ended: None, waits },
        }
    });
    tried.collect()
}

/// Whether any order of any of these operations, all that ended among them, is one that the specification allows.
pub fn has_order<S: Specification>(specification: &S, tried: &[Tried<'_, S>]) -> bool {
    let mut left: Vec<&Tried<'_, S>> = tried.iter().collect();
    extend(specification, &specification.init(), &mut left, tried)
}

fn extend<'a, S: Specification>(
    specification: &S,
    state: &S::State,
    left: &mut Vec<&'a Tried<'a, S>>,
    all: &[Tried<'_, S>],
) -> bool {
    if left.iter().all(|it| it.ended.is_none()) {
        return true;
    }
    for index in 0..left.len() {
        let chosen = left[index];
        if left.iter().any(|other| is_before(specification, other, chosen, all)) {
            continue;
        }
        if let Some(next) = specification.step(state, &chosen.operation.request, chosen.response) {
            let taken = left.remove(index);
            let found = extend(specification, &next, left, all);
            left.insert(index, taken);
            if found {
                return true;
            }
        }
    }
    false
}

/// `one` ended before `other` began; in one instant only if it was the answer, of the same part, for which a caller waited.
fn is_before<S: Specification>(
    specification: &S,
    one: &Tried<'_, S>,
    other: &Tried<'_, S>,
    all: &[Tried<'_, S>],
) -> bool {
    let Some(ended) = one.ended else { return false };
    let (first, second) = (one.operation, other.operation);
    let key = |operation: &Operation<S::Request, S::Response>| specification.partition(&operation.request);
    let together = || key(first) == key(second) || all.iter().any(|it| key(it.operation).is_none());
    let in_turn = || first.caller == second.caller && first.call < second.call && one.waits && together();
    ended < second.invoked || ended == second.invoked && in_turn()
}

/// Whether this caller never has two operations under way, those that fail included.
fn waits<Q, R>(caller: NodeId, history: &History<Q, R>) -> bool {
    let mine = || history.iter().filter(|operation| operation.caller == caller);
    mine().all(|one| {
        mine().all(|other| {
            one.call >= other.call || one.returned.is_some_and(|returned| returned <= other.invoked)
        })
    })
}
