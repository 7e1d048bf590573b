//! NoDoubleEffect: no key takes effect twice, however often it was asked for.
//!
//! A caller that hears nothing asks again, and the network may double what it carries; so a service that acts on every request
//! that reaches it acts twice. The property is judged where the effect takes place, at the end of the line: each request that
//! reached the e-mail service's code is a mail in somebody's inbox.
//!
//! Safety: once violated, nothing that happens later mends it.

use std::collections::BTreeMap;
use std::fmt::Debug;

use netsplit_figure::Figure;
use netsplit_node::{History, Time};

use crate::timeline::{Shown, Timeline};
use crate::verdict::{Checker, Verdict};

/// The checker made by [`no_double_effect`].
#[derive(Clone, Debug)]
pub struct NoDoubleEffect<F> {
    key: F,
}

/// Each key is served at most once. `key` says which requests ask for the same effect.
///
/// Every time that a request reached the service's code counts as one effect
/// ([`Operation::served`](netsplit_node::Operation::served)), whatever the service answered.
///
/// ```
/// use netsplit_check::{Check, no_double_effect};
/// # use netsplit_node::History;
/// # let mails = History::<(String, u32), ()> { service: "e-mail".into(), seed: Some(7), operations: vec![],
/// #     disturbances: vec![] };
/// let verdict = mails.check(no_double_effect(|(address, _number): &(String, u32)| address.clone()));
/// assert!(verdict.holds());
/// ```
pub fn no_double_effect<Q, K, F>(key: F) -> NoDoubleEffect<F>
where
    F: Fn(&Q) -> K,
    K: Ord + Debug,
{
    NoDoubleEffect { key }
}

impl<Q, R, K, F> Checker<Q, R> for NoDoubleEffect<F>
where
    F: Fn(&Q) -> K,
    K: Ord + Debug,
{
    fn name(&self) -> &str {
        "NoDoubleEffect"
    }

    fn check(&self, history: &History<Q, R>) -> Verdict {
        let mut effects: BTreeMap<K, Vec<(Time, &str)>> = BTreeMap::new();
        for operation in history {
            let served = operation.served.iter().map(|&time| (time, operation.caller_name.as_str()));
            effects.entry((self.key)(&operation.request)).or_default().extend(served);
        }
        let count = effects.values().map(Vec::len).sum();
        let picture = self.picture(history, &effects);
        let mut verdict = Verdict::of("NoDoubleEffect", history).counting(count, "effect");
        for (key, mut times) in effects.into_iter().filter(|(_, times)| times.len() > 1) {
            times.sort();
            verdict.violated(format!(
                "{key:?} took effect {} times: {}",
                times.len(),
                when_and_for_whom(&times)
            ));
        }
        verdict.illustrated(picture.into_iter().collect())
    }
}

/// Operations in a picture: as many as are seen without scrolling, as a rule.
const DRAWN: usize = 14;

impl<F> NoDoubleEffect<F> {
    /// The first operations that asked for effects which took place more than once; nothing if there are none.
    fn picture<Q, R, K>(
        &self,
        history: &History<Q, R>,
        effects: &BTreeMap<K, Vec<(Time, &str)>>,
    ) -> Option<Figure>
    where
        F: Fn(&Q) -> K,
        K: Ord + Debug,
    {
        let mut shown = Vec::new();
        for (number, operation) in history.iter().enumerate() {
            let key = (self.key)(&operation.request);
            if effects.get(&key).is_some_and(|times| times.len() > 1) {
                shown.push(Shown::of(number, operation, format!("{key:?}")).with_served(&operation.served));
            }
        }
        let is_violated = !shown.is_empty();
        let timeline = Timeline::new(shown, history.disturbances.clone());
        is_violated.then(|| timeline.title("NoDoubleEffect is violated").at_most(DRAWN).figure())
    }
}

/// "at 5ms and 1.005s, asked by ann; at 2s, asked by bob".
fn when_and_for_whom(times: &[(Time, &str)]) -> String {
    const SHOWN: usize = 6;
    let shown = &times[..times.len().min(SHOWN)];
    let groups = shown.chunk_by(|one, next| one.1 == next.1).map(|group| {
        let moments: Vec<String> = group.iter().map(|(time, _)| time.to_string()).collect();
        format!("at {}, asked by {}", listed(&moments), group[0].1)
    });
    let mut text = groups.collect::<Vec<_>>().join("; ");
    if times.len() > SHOWN {
        text.push_str(&format!("; and {} more", times.len() - SHOWN));
    }
    text
}

/// "a", "a and b", "a, b and c".
fn listed(words: &[String]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_histories::{asked, history};
    use crate::verdict::Check;
    use netsplit_node::Outcome;

    fn key(request: &&'static str) -> &'static str {
        request
    }

    #[test]
    fn one_service_of_each_key_holds() {
        // Different keys, and a request that never arrived: nothing took place twice.
        let once = history(vec![
            asked("ann", "a", 0, Outcome::Ok(()), &[5]),
            asked("ann", "b", 10, Outcome::Unknown, &[]),
            asked("bob", "c", 20, Outcome::Ok(()), &[25]),
        ]);
        let verdict = once.check(no_double_effect(key));
        assert_eq!(verdict.to_string(), "NoDoubleEffect: holds (3 operations, 2 effects)");
    }

    #[test]
    fn a_doubled_request_is_two_effects() {
        // One operation whose request reached the service twice: a retry or the network did it.
        let doubled = history(vec![asked("ann", "a", 0, Outcome::Ok(()), &[5, 7])]);
        let verdict = doubled.check(no_double_effect(key));
        assert_eq!(verdict.violations(), ["\"a\" took effect 2 times: at 5ms and 7ms, asked by ann"]);
    }

    #[test]
    fn two_operations_of_one_key_are_two_effects() {
        // The same thing asked for by two callers; times are in order even if operations are not.
        let twice = history(vec![
            asked("ann", "a", 0, Outcome::Unknown, &[50]),
            asked("bob", "a", 10, Outcome::Ok(()), &[15]),
            asked("bob", "b", 11, Outcome::Ok(()), &[16]),
        ]);
        let verdict = twice.check(no_double_effect(key));
        let expected = "\"a\" took effect 2 times: at 15ms, asked by bob; at 50ms, asked by ann";
        assert_eq!(verdict.violations(), [expected]);
    }

    #[test]
    fn the_key_decides_what_is_the_same() {
        // By first letter these are one effect, by the whole request they are two.
        let similar = history(vec![
            asked("ann", "a1", 0, Outcome::Ok(()), &[5]),
            asked("ann", "a2", 10, Outcome::Ok(()), &[15]),
        ]);
        assert!(similar.check(no_double_effect(key)).holds());
        assert!(!similar.check(no_double_effect(|request: &&str| request.chars().next())).holds());
    }

    #[test]
    fn keys_are_reported_in_their_order() {
        // Reports of equal runs are equal, line by line.
        let served = |name, key| asked(name, key, 0, Outcome::Ok(()), &[1, 2, 3, 4, 5, 6, 7, 8]);
        let verdict = history(vec![served("ann", "b"), served("ann", "a")]).check(no_double_effect(key));
        assert!(verdict.violations()[0].starts_with("\"a\" took effect 8 times: at 1ms, 2ms"));
        assert!(verdict.violations()[0].ends_with("and 6ms, asked by ann; and 2 more"));
        assert!(verdict.violations()[1].starts_with("\"b\""));
    }
}
