//! What clients asked and were told in one state, and whether it is linearizable.
//!
//! The history is part of the state, so the same one is judged once however many states have it, and it is short: a search over sets of operations as bits
//! decides it faster than the checker of [`netsplit_check`] is set up. What it says of a violation is that checker's.

use netsplit_check::spec::Specification;

/// An operation that has begun. Operations that failed are left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<'a, Q, R> {
    pub(crate) request: &'a Q,
    /// Nothing while it is open.
    pub(crate) response: Option<&'a R>,
    /// Those that had ended when it began, as bits.
    pub(crate) before: u64,
}

/// Whether some order of at most 64 operations is one that the specification allows, in which each stands behind all that had ended when it began. What is
/// open may have happened or not.
pub(crate) fn is_linearizable<S: Specification>(
    specification: &S,
    operations: &[Operation<'_, S::Request, S::Response>],
) -> bool {
    let ended = (0..operations.len()).filter(|&number| operations[number].response.is_some());
    let ended = ended.fold(0_u64, |all, number| all | 1 << number);
    let mut seen = Vec::new();
    place(specification, operations, ended, 0, &specification.init(), &mut seen)
}

/// Whether the rest can be placed behind those that are `placed`, which led to `state`.
fn place<S: Specification>(
    specification: &S,
    operations: &[Operation<'_, S::Request, S::Response>],
    ended: u64,
    placed: u64,
    state: &S::State,
    seen: &mut Vec<(u64, u64)>,
) -> bool {
    if ended & !placed == 0 {
        return true;
    }
    for (number, operation) in operations.iter().enumerate() {
        let bit = 1_u64 << number;
        if placed & bit != 0 || operation.before & !placed != 0 {
            continue;
        }
        let Some(next) = specification.step(state, operation.request, operation.response) else { continue };
        // The same operations in another order that led to the same state have failed before.
        let key = (placed | bit, super::fingerprint::fingerprint(&next));
        if seen.contains(&key) {
            continue;
        }
        if place(specification, operations, ended, placed | bit, &next, seen) {
            return true;
        }
        seen.push(key);
    }
    false
}
