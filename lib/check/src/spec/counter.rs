//! Counter: a number that is added to and read.

use super::Specification;

/// A number, 0 at first.
///
/// ```
/// use netsplit_check::spec::{Counter, CounterRequest, CounterResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let lost = by_hand("counter")
///     .ok("ann", 0..5, CounterRequest::Add(1), CounterResponse::Added)
///     .ok("bob", 0..5, CounterRequest::Add(1), CounterResponse::Added)
///     .ok("cyd", 6..9, CounterRequest::Read, CounterResponse::Count(1))
///     .history();
/// assert!(linearizable(Counter).judge(&lost).is_violated(), "an update was lost");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter;

/// What a counter is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CounterRequest {
    /// Add this; a negative number takes away.
    Add(i64),
    /// The number.
    Read,
}

/// What a counter answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CounterResponse {
    /// To an add.
    Added,
    /// The number: to a read, and to an add by counters that say what came of it.
    Count(i64),
}

impl Specification for Counter {
    type State = i64;
    type Request = CounterRequest;
    type Response = CounterResponse;

    fn init(&self) -> i64 {
        0
    }

    fn step(&self, state: &i64, request: &CounterRequest, response: Option<&CounterResponse>) -> Option<i64> {
        let next = match request {
            CounterRequest::Add(amount) => state.wrapping_add(*amount),
            CounterRequest::Read => *state,
        };
        let fits = response.is_none_or(|told| match (request, told) {
            (_, CounterResponse::Count(count)) => *count == next,
            (CounterRequest::Add(_), CounterResponse::Added) => true,
            (CounterRequest::Read, CounterResponse::Added) => false,
        });
        fits.then_some(next)
    }

    fn reads(&self, request: &CounterRequest, _response: Option<&CounterResponse>) -> bool {
        *request == CounterRequest::Read
    }

    fn words(&self, request: &CounterRequest, response: Option<&CounterResponse>) -> String {
        match (request, response) {
            (CounterRequest::Add(amount), Some(CounterResponse::Count(count))) => {
                format!("add of {amount} made {count}")
            }
            (CounterRequest::Add(amount), _) => format!("add of {amount}"),
            (CounterRequest::Read, Some(CounterResponse::Count(count))) => format!("read found {count}"),
            (CounterRequest::Read, _) => "read".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    #[test]
    fn no_update_is_lost() {
        // Right: a read finds the sum, an add may say what came of it. Wrong: a sum that misses one, a number that stays.
        use CounterRequest::{Add, Read};
        use CounterResponse::{Added, Count};
        let right = [
            (Read, Some(Count(0))),
            (Add(2), Some(Added)),
            (Add(-3), Some(Count(-1))),
            (Add(5), None),
            (Read, Some(Count(4))),
        ];
        assert_eq!(walk(&Counter, right), Ok(4));
        assert_eq!(
            walk(&Counter, [(Add(1), Some(Added)), (Add(1), Some(Added)), (Read, Some(Count(1)))]),
            Err(2)
        );
        assert_eq!(walk(&Counter, [(Add(1), Some(Count(0)))]), Err(0));
        assert_eq!(walk(&Counter, [(Read, Some(Added))]), Err(0));
    }
}
