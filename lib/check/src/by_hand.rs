//! Histories written by hand: for exercises, for tests, and for what was noted on paper.

use netsplit_node::{CallId, Disturbance, History, NodeId, Operation, Outcome, Time, ms};

/// Begins a history that is written by hand.
///
/// Each operation has a caller, the milliseconds from when to when it lasted, a request, and how it ended.
///
/// ```
/// use netsplit_check::by_hand;
/// let history = by_hand("counter")
///     .ok("ann", 0..5, "add", 1)
///     .unknown("bob", 2..8, "add")
///     .pending("cyd", 3, "add")
///     .fail("ann", 6..7, "add", "not the leader")
///     .history();
/// assert_eq!(history.len(), 4);
/// assert_eq!(history.operations[0].to_owned().outcome.and_then(|outcome| outcome.ok()), Some(1));
/// ```
pub fn by_hand<Q, R>(service: &str) -> ByHand<Q, R> {
    ByHand {
        history: History {
            service: service.to_owned(),
            seed: None,
            operations: Vec::new(),
            disturbances: Vec::new(),
        },
    }
}

/// A history in the making; see [`by_hand`].
#[derive(Clone, Debug)]
#[must_use = "nothing is judged yet: end with `.history()`"]
pub struct ByHand<Q, R> {
    history: History<Q, R>,
}

impl<Q, R> ByHand<Q, R> {
    /// It happened, and this was the response.
    pub fn ok(self, caller: &str, during: std::ops::Range<u32>, request: Q, response: R) -> Self {
        self.with(caller, during.start, Some(during.end), request, Some(Outcome::Ok(response)))
    }

    /// It definitely did not happen.
    pub fn fail(self, caller: &str, during: std::ops::Range<u32>, request: Q, reason: &str) -> Self {
        self.with(caller, during.start, Some(during.end), request, Some(Outcome::Fail(reason.to_owned())))
    }

    /// The caller gave up waiting: it may have happened, also later, or never.
    pub fn unknown(self, caller: &str, during: std::ops::Range<u32>, request: Q) -> Self {
        self.with(caller, during.start, Some(during.end), request, Some(Outcome::Unknown))
    }

    /// The caller still waits.
    pub fn pending(self, caller: &str, since: u32, request: Q) -> Self {
        self.with(caller, since, None, request, None)
    }

    /// The operation that was written last reached the service's code at these milliseconds: the judge's knowledge.
    ///
    /// ```
    /// use netsplit_check::{Check, by_hand, no_double_effect};
    /// let history = by_hand::<_, ()>("payments").unknown("ann", 0..100, "order 1").reached(&[40, 130]).history();
    /// assert!(!history.check(no_double_effect(|order: &&str| order.to_string())).holds());
    /// ```
    pub fn reached(mut self, at: &[u32]) -> Self {
        if let Some(last) = self.history.operations.last_mut() {
            last.served = at.iter().map(|&millis| Time::ZERO + ms(millis.into())).collect();
        }
        self
    }

    /// Something was wrong with the world meanwhile: pictures show it, no checker looks at it.
    pub fn disturbed(mut self, during: std::ops::Range<u32>, text: &str) -> Self {
        let at = |millis: u32| Time::ZERO + ms(millis.into());
        let (from, to) = (at(during.start), Some(at(during.end)));
        self.history.disturbances.push(Disturbance { from, to, text: text.to_owned() });
        self.history.disturbances.sort_by_key(|disturbance| disturbance.from);
        self
    }

    /// The history, in the order of invocations.
    pub fn history(mut self) -> History<Q, R> {
        self.history.operations.sort_by_key(|operation| (operation.invoked, operation.call));
        self.history
    }

    fn with(
        mut self,
        caller: &str,
        invoked: u32,
        returned: Option<u32>,
        request: Q,
        outcome: Option<Outcome<R>>,
    ) -> Self {
        let operations = &mut self.history.operations;
        let known = operations.iter().find(|operation| operation.caller_name == caller);
        let callers = operations.iter().map(|operation| operation.caller.0 + 1).max().unwrap_or(0);
        let at = |millis: u32| Time::ZERO + ms(millis.into());
        operations.push(Operation {
            call: CallId(operations.len() as u64),
            caller: known.map_or(NodeId(callers), |operation| operation.caller),
            caller_name: caller.to_owned(),
            request,
            invoked: at(invoked),
            outcome,
            returned: returned.map(at),
            served: Vec::new(),
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_keep_their_number_and_operations_come_in_order() {
        // Written in any order; who is named twice is one caller.
        let history =
            by_hand("s").ok("ann", 5..6, 'b', ()).ok("bob", 0..9, 'a', ()).pending("ann", 7, 'c').history();
        let shown: Vec<_> = history.iter().map(|operation| (operation.caller.0, operation.request)).collect();
        assert_eq!(shown, [(1, 'a'), (0, 'b'), (0, 'c')]);
    }
}
