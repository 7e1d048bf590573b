//! EveryPromiseKept: what a caller was promised took effect, at least once.
//!
//! "Your e-mail is on its way" is a promise. A service that answers it and then crashes, or whose own call behind it was lost,
//! has promised what nobody will do, and often without an error in any log. The property joins two histories: the promises are
//! answers of one service, their fulfilment is what reached another.
//!
//! Liveness: a promise may still be kept later. Judge when the world is quiet, with every cut healed and every node up.

use std::collections::BTreeSet;
use std::fmt::Debug;

use netsplit_node::{History, Outcome};

use crate::verdict::{Checker, Verdict};

/// The checker made by [`every_promise_kept`].
#[derive(Clone, Debug)]
pub struct EveryPromiseKept<K, P> {
    kept: BTreeSet<K>,
    keeper: String,
    promised: P,
}

/// Each answer that promised a key is kept: a request of that key reached the service of `effects` at least once.
///
/// `promised` says what an answer promised its caller, if anything; `kept` says which promise a request at the other service
/// keeps. Only `Ok` promises: an `Unknown` told the caller nothing, a `Fail` that nothing would happen.
///
/// ```
/// use netsplit_check::{Check, every_promise_kept};
/// # use netsplit_node::{CallId, History, NodeId, Operation, Outcome, Time, ms};
/// # let sign_ups = History { service: "sign-up".into(), seed: Some(7), operations: vec![Operation { call: CallId(1),
/// #     caller: NodeId(0), caller_name: "ann".into(), request: "ann@example.org", invoked: Time::ZERO,
/// #     outcome: Some(Outcome::Ok("welcome")), returned: Some(Time::ZERO + ms(3)), served: vec![Time::ZERO + ms(2)] }], disturbances: vec![] };
/// # let mails = History::<&str, ()> { service: "e-mail".into(), seed: Some(7), operations: vec![],
/// #     disturbances: vec![] };
/// let kept = every_promise_kept(&mails, |address: &&str, _: &&str| Some(*address), |address| *address);
/// assert_eq!(
///     sign_ups.check(kept).violations(),
///     ["\"ann@example.org\" was promised to ann at 3ms, and never reached e-mail"]
/// );
/// ```
pub fn every_promise_kept<Q, R, Q2, R2, K, P>(
    effects: &History<Q2, R2>,
    promised: P,
    kept: impl Fn(&Q2) -> K,
) -> EveryPromiseKept<K, P>
where
    P: Fn(&Q, &R) -> Option<K>,
    K: Ord + Debug,
{
    let served = effects.iter().filter(|operation| !operation.served.is_empty());
    EveryPromiseKept {
        kept: served.map(|operation| kept(&operation.request)).collect(),
        keeper: effects.service.clone(),
        promised,
    }
}

impl<Q, R, K, P> Checker<Q, R> for EveryPromiseKept<K, P>
where
    P: Fn(&Q, &R) -> Option<K>,
    K: Ord + Debug,
{
    fn name(&self) -> &str {
        "EveryPromiseKept"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let mut promises = 0;
        let mut broken = Vec::new();
        for operation in history {
            let Some(Outcome::Ok(response)) = &operation.outcome else { continue };
            let Some(key) = (self.promised)(&operation.request, response) else { continue };
            promises += 1;
            if !self.kept.contains(&key) {
                let when = operation.returned.unwrap_or(operation.invoked);
                let (whom, keeper) = (&operation.caller_name, &self.keeper);
                broken.push(format!("{key:?} was promised to {whom} at {when}, and never reached {keeper}"));
            }
        }
        let mut verdict = Verdict::of("EveryPromiseKept", history).counting(promises, "promise");
        broken.into_iter().for_each(|sentence| verdict.violated(sentence));
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_histories::{asked, history};
    use crate::verdict::Check;

    type Requests = History<&'static str, ()>;

    fn judge(sign_ups: &Requests, mails: &Requests) -> Verdict {
        sign_ups.check(every_promise_kept(mails, |key: &&'static str, _: &()| Some(*key), |key| *key))
    }

    #[test]
    fn kept_promises_hold() {
        // Kept before the answer, kept after it, kept twice: at least once is all that is asked.
        let sign_ups = history(vec![
            asked("ann", "a", 0, Outcome::Ok(()), &[1]),
            asked("bob", "b", 10, Outcome::Ok(()), &[11]),
        ]);
        let mails = history(vec![
            asked("sign-up 0", "a", 1, Outcome::Ok(()), &[5]),
            asked("sign-up 0", "b", 11, Outcome::Unknown, &[900, 1900]),
        ]);
        let verdict = judge(&sign_ups, &mails);
        assert_eq!(verdict.to_string(), "EveryPromiseKept: holds (2 operations, 2 promises)");
    }

    #[test]
    fn a_request_that_never_arrived_keeps_nothing() {
        // The mail was asked for, and the request was lost: only what reached the service counts.
        let sign_ups = history(vec![asked("ann", "a", 0, Outcome::Ok(()), &[1])]);
        let mails = history(vec![asked("sign-up 0", "a", 1, Outcome::Unknown, &[])]);
        let verdict = judge(&sign_ups, &mails);
        assert_eq!(verdict.violations(), ["\"a\" was promised to ann at 9ms, and never reached e-mail"]);
    }

    #[test]
    fn only_ok_promises() {
        // Who was told Unknown, Fail, or nothing yet was promised nothing.
        let mut pending = asked("cyd", "c", 20, Outcome::Unknown, &[21]);
        (pending.outcome, pending.returned) = (None, None);
        let sign_ups = history(vec![
            asked("ann", "a", 0, Outcome::Unknown, &[1]),
            asked("bob", "b", 10, Outcome::Fail("full".into()), &[11]),
            pending,
        ]);
        let verdict = judge(&sign_ups, &history(vec![]));
        assert_eq!(verdict.to_string(), "EveryPromiseKept: holds (3 operations, 0 promises)");
    }

    #[test]
    fn an_answer_may_promise_nothing() {
        // "You are signed up already" is Ok and owes no mail.
        let sign_ups = history(vec![asked("ann", "a", 0, Outcome::Ok(()), &[1])]);
        let mails: Requests = history(vec![]);
        let verdict =
            sign_ups.check(every_promise_kept(&mails, |_: &&str, _: &()| None::<&'static str>, |key| *key));
        assert!(verdict.holds());
    }
}
