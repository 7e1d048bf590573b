//! Register: one value, read and written; the object of most proofs (Lamport, "On interprocess communication", 1986).

use netsplit_node::Value;

use super::{Specification, bytes_behind, or_nothing};

/// One value, nothing at first. A read returns what was written last.
///
/// ```
/// use netsplit_check::spec::{Register, RegisterRequest, RegisterResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let history = by_hand("register")
///     .ok("ann", 0..5, RegisterRequest::Write(1.into()), RegisterResponse::Written)
///     .ok("bob", 6..9, RegisterRequest::Read, RegisterResponse::Value(None))
///     .history();
/// assert!(linearizable(Register).judge(&history).is_violated());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Register;

/// What a register is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegisterRequest {
    /// Its value.
    Read,
    /// Replace its value.
    Write(Value),
}

/// What a register answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegisterResponse {
    /// To a read: the value, or nothing if none was written.
    Value(Option<Value>),
    /// To a write.
    Written,
}

impl Specification for Register {
    type State = Option<Value>;
    type Request = RegisterRequest;
    type Response = RegisterResponse;

    fn init(&self) -> Option<Value> {
        None
    }

    fn step(
        &self,
        state: &Option<Value>,
        request: &RegisterRequest,
        response: Option<&RegisterResponse>,
    ) -> Option<Option<Value>> {
        use RegisterResponse::{Value, Written};
        match (request, response) {
            (RegisterRequest::Read, Some(Value(told))) if told != state => None,
            (RegisterRequest::Read, Some(Value(_)) | None) => Some(state.clone()),
            (RegisterRequest::Write(value), Some(Written) | None) => Some(Some(value.clone())),
            (RegisterRequest::Read, Some(Written)) | (RegisterRequest::Write(_), Some(Value(_))) => None,
        }
    }

    fn reads(&self, request: &RegisterRequest, _response: Option<&RegisterResponse>) -> bool {
        matches!(request, RegisterRequest::Read)
    }

    fn words(&self, request: &RegisterRequest, response: Option<&RegisterResponse>) -> String {
        match (request, response) {
            (RegisterRequest::Write(value), _) => format!("write of {value:?}"),
            (RegisterRequest::Read, Some(RegisterResponse::Value(value))) => {
                format!("read found {}", or_nothing(value.as_ref()))
            }
            (RegisterRequest::Read, _) => "read".to_owned(),
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

    #[test]
    fn a_read_returns_what_was_written_last() {
        // Right: nothing, then the value, also after a write of unknown outcome. Wrong: any other value, and answers of the other kind.
        use RegisterRequest::{Read, Write};
        use RegisterResponse::Written;
        let value = |number: i64| Some(RegisterResponse::Value(Some(number.into())));
        let nothing = Some(RegisterResponse::Value(None));
        let right = [
            (Read, nothing.clone()),
            (Write(1.into()), Some(Written)),
            (Read, value(1)),
            (Write(2.into()), None),
            (Read, value(2)),
            (Read, None),
        ];
        assert_eq!(walk(&Register, right), Ok(Some(2.into())));
        assert_eq!(walk(&Register, [(Write(1.into()), Some(Written)), (Read, nothing)]), Err(1));
        assert_eq!(walk(&Register, [(Read, value(1))]), Err(0));
        assert_eq!(walk(&Register, [(Read, Some(Written))]), Err(0));
        assert_eq!(walk(&Register, [(Write(1.into()), value(1))]), Err(0));
    }
}
