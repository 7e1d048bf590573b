//! Register with compare-and-set: one value, read, written, and replaced if it is what the caller thinks it is.
//!
//! Compare-and-set makes a register universal: it solves consensus for any number of processes, which reads and writes cannot
//! (Herlihy, "Wait-free synchronization", TOPLAS 1991). It is what Jepsen asks etcd for.

use netsplit_node::Value;

use super::{Specification, bytes_behind, or_nothing};

/// One value, nothing at first. A compare-and-set writes only if it finds the value that it expects.
///
/// ```
/// use netsplit_check::spec::{CasRegister, CasRequest, CasResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let set = |to: i64| CasRequest::CompareAndSet { expected: None, new: Some(to.into()) };
/// let both = by_hand("register")
///     .ok("ann", 0..5, set(1), CasResponse::Swapped(true))
///     .ok("bob", 3..9, set(2), CasResponse::Swapped(true))
///     .history();
/// assert!(linearizable(CasRegister).judge(&both).is_violated(), "only one of them can be first");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CasRegister;

/// What it is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CasRequest {
    /// Its value.
    Read,
    /// Replace its value, whatever it is.
    Write(Value),
    /// Replace its value if it is the expected one.
    CompareAndSet {
        /// What must be there; nothing if nothing may be there.
        expected: Option<Value>,
        /// What replaces it.
        new: Option<Value>,
    },
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CasResponse {
    /// To a read: the value, or nothing if there is none.
    Value(Option<Value>),
    /// To a write.
    Written,
    /// To a compare-and-set: whether the expected value was there, so that it wrote.
    Swapped(bool),
}

impl Specification for CasRegister {
    type State = Option<Value>;
    type Request = CasRequest;
    type Response = CasResponse;

    fn init(&self) -> Option<Value> {
        None
    }

    fn step(
        &self,
        state: &Option<Value>,
        request: &CasRequest,
        response: Option<&CasResponse>,
    ) -> Option<Option<Value>> {
        let (answer, next) = match request {
            CasRequest::Read => (CasResponse::Value(state.clone()), state),
            CasRequest::Write(value) => {
                return response
                    .is_none_or(|told| *told == CasResponse::Written)
                    .then(|| Some(value.clone()));
            }
            CasRequest::CompareAndSet { expected, new } if expected == state => {
                (CasResponse::Swapped(true), new)
            }
            CasRequest::CompareAndSet { .. } => (CasResponse::Swapped(false), state),
        };
        response.is_none_or(|told| *told == answer).then(|| next.clone())
    }

    fn reads(&self, request: &CasRequest, response: Option<&CasResponse>) -> bool {
        matches!(request, CasRequest::Read) || response == Some(&CasResponse::Swapped(false))
    }

    fn words(&self, request: &CasRequest, response: Option<&CasResponse>) -> String {
        match (request, response) {
            (CasRequest::Write(value), _) => format!("write of {value:?}"),
            (CasRequest::Read, Some(CasResponse::Value(value))) => {
                format!("read found {}", or_nothing(value.as_ref()))
            }
            (CasRequest::Read, _) => "read".to_owned(),
            (CasRequest::CompareAndSet { expected, new }, _) => {
                let (expected, new) = (or_nothing(expected.as_ref()), or_nothing(new.as_ref()));
                let found = match response {
                    Some(CasResponse::Swapped(true)) => ", which succeeded",
                    Some(CasResponse::Swapped(false)) => ", which found something else",
                    _ => "",
                };
                format!("compare-and-set from {expected} to {new}{found}")
            }
        }
    }

    fn state_in_words(&self, state: &Option<Value>) -> String {
        or_nothing(state.as_ref())
    }

    fn weight(&self, state: &Option<Value>) -> usize {
        size_of_val(state) + state.as_ref().map_or(0, bytes_behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    fn value(number: i64) -> Option<Value> {
        Some(number.into())
    }

    #[test]
    fn a_compare_and_set_writes_only_over_what_it_expects() {
        // Right: one that succeeds, one that does not, one of unknown outcome in either case. Wrong: a success over another value.
        use CasRequest::{CompareAndSet, Read, Write};
        use CasResponse::{Swapped, Written};
        let from = |expected: i64, new: i64| CompareAndSet { expected: value(expected), new: value(new) };
        let found = |number: i64| Some(CasResponse::Value(value(number)));
        let right = [
            (CompareAndSet { expected: None, new: value(0) }, Some(Swapped(true))),
            (Write(1.into()), Some(Written)),
            (from(1, 2), Some(Swapped(true))),
            (from(1, 3), Some(Swapped(false))),
            (Read, found(2)),
            (from(1, 5), None),
            (from(2, 4), None),
            (Read, found(4)),
        ];
        assert_eq!(walk(&CasRegister, right), Ok(value(4)));
        assert_eq!(walk(&CasRegister, [(from(1, 2), Some(Swapped(true)))]), Err(0));
        let missed = [(Write(1.into()), Some(Written)), (from(1, 2), Some(Swapped(false)))];
        assert_eq!(walk(&CasRegister, missed), Err(1));
        assert_eq!(walk(&CasRegister, [(Read, found(1))]), Err(0));
        assert_eq!(walk(&CasRegister, [(Write(1.into()), Some(Swapped(true)))]), Err(0));
    }
}
