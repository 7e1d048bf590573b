//! Lock: at most one owner at a time (mutual exclusion), as a service that grants or refuses at once.

use super::Specification;

/// A lock, free at first. Nobody waits: an acquire is granted or refused.
///
/// A lock that expires (a lease) does not keep this specification, and that is the point of judging it: two owners at once.
///
/// ```
/// use netsplit_check::spec::{Lock, LockRequest, LockResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let acquire = |owner: &str| LockRequest::Acquire { owner: owner.into() };
/// let both = by_hand("lock")
///     .ok("ann", 0..5, acquire("ann"), LockResponse::Granted)
///     .ok("bob", 3..9, acquire("bob"), LockResponse::Granted)
///     .history();
/// assert!(linearizable(Lock).judge(&both).is_violated());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lock;

/// What a lock is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockRequest {
    /// Give it to `owner`.
    Acquire {
        /// Who wants it.
        owner: String,
    },
    /// Take it from `owner`.
    Release {
        /// Who had it.
        owner: String,
    },
}

/// What a lock answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockResponse {
    /// To an acquire: it was free.
    Granted,
    /// To a release: it was the owner's.
    Released,
    /// Somebody has it, the one who asks included; or who releases it does not have it.
    Refused,
}

impl Specification for Lock {
    type State = Option<String>;
    type Request = LockRequest;
    type Response = LockResponse;

    fn init(&self) -> Option<String> {
        None
    }

    fn step(
        &self,
        state: &Option<String>,
        request: &LockRequest,
        response: Option<&LockResponse>,
    ) -> Option<Option<String>> {
        let (answer, next) = match request {
            LockRequest::Acquire { owner } if state.is_none() => (LockResponse::Granted, Some(owner.clone())),
            LockRequest::Release { owner } if state.as_ref() == Some(owner) => (LockResponse::Released, None),
            _ => (LockResponse::Refused, state.clone()),
        };
        response.is_none_or(|told| *told == answer).then_some(next)
    }

    fn reads(&self, _request: &LockRequest, response: Option<&LockResponse>) -> bool {
        response == Some(&LockResponse::Refused)
    }

    fn words(&self, request: &LockRequest, response: Option<&LockResponse>) -> String {
        let asked = match request {
            LockRequest::Acquire { owner } => format!("acquire for {owner}"),
            LockRequest::Release { owner } => format!("release for {owner}"),
        };
        match response {
            None => asked,
            Some(LockResponse::Granted) => asked + " was granted",
            Some(LockResponse::Released) => asked + " released it",
            Some(LockResponse::Refused) => asked + " was refused",
        }
    }

    fn state_in_words(&self, owner: &Option<String>) -> String {
        owner.as_ref().map_or("free".to_owned(), |owner| format!("held by {owner}"))
    }

    fn weight(&self, state: &Option<String>) -> usize {
        size_of_val(state) + state.as_ref().map_or(0, String::capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    #[test]
    fn there_is_one_owner_at_a_time() {
        // Right: refused while it is held, free again after. Wrong: two owners, a stranger's release, a refusal when it is free.
        use LockResponse::{Granted, Refused, Released};
        let acquire = |owner: &str| LockRequest::Acquire { owner: owner.to_owned() };
        let release = |owner: &str| LockRequest::Release { owner: owner.to_owned() };
        let right = [
            (acquire("ann"), Some(Granted)),
            (acquire("bob"), Some(Refused)),
            (acquire("ann"), Some(Refused)),
            (release("bob"), Some(Refused)),
            (release("ann"), Some(Released)),
            (acquire("bob"), None),
            (acquire("ann"), Some(Refused)),
        ];
        assert_eq!(walk(&Lock, right), Ok(Some("bob".to_owned())));
        assert_eq!(walk(&Lock, [(acquire("ann"), Some(Granted)), (acquire("bob"), Some(Granted))]), Err(1));
        assert_eq!(walk(&Lock, [(acquire("ann"), Some(Granted)), (release("bob"), Some(Released))]), Err(1));
        assert_eq!(walk(&Lock, [(acquire("ann"), Some(Refused))]), Err(0));
    }
}
