//! Set: members, each once; each add and remove says whether it changed anything.

use std::collections::BTreeSet;

use netsplit_node::Value;

use super::{Specification, TREE_ENTRY, bytes_behind};

/// A set, empty at first.
///
/// Each member could be judged by itself, but for [`SetRequest::Members`], which concerns all of them: without it the history falls
/// into parts.
///
/// ```
/// use netsplit_check::spec::{Set, SetRequest, SetResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let twice = by_hand("set")
///     .ok("ann", 0..5, SetRequest::Add("x".into()), SetResponse::Changed(true))
///     .ok("bob", 3..9, SetRequest::Add("x".into()), SetResponse::Changed(true))
///     .history();
/// assert!(linearizable(Set).judge(&twice).is_violated());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set;

/// What a set is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SetRequest {
    /// Put this in.
    Add(Value),
    /// Take this out.
    Remove(Value),
    /// Whether this is in it.
    Contains(Value),
    /// Everything that is in it.
    Members,
}

/// What a set answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SetResponse {
    /// To an add or a remove: whether the set is another than before.
    Changed(bool),
    /// To the question whether it contains something.
    Contained(bool),
    /// To the question for all of it.
    Members(BTreeSet<Value>),
}

impl Specification for Set {
    type State = BTreeSet<Value>;
    type Request = SetRequest;
    type Response = SetResponse;

    fn init(&self) -> BTreeSet<Value> {
        BTreeSet::new()
    }

    fn step(
        &self,
        state: &BTreeSet<Value>,
        request: &SetRequest,
        response: Option<&SetResponse>,
    ) -> Option<BTreeSet<Value>> {
        let mut next = state.clone();
        let answer = match request {
            SetRequest::Add(value) => SetResponse::Changed(next.insert(value.clone())),
            SetRequest::Remove(value) => SetResponse::Changed(next.remove(value)),
            SetRequest::Contains(value) => SetResponse::Contained(state.contains(value)),
            SetRequest::Members => SetResponse::Members(state.clone()),
        };
        response.is_none_or(|told| *told == answer).then_some(next)
    }

    fn partition(&self, request: &SetRequest) -> Option<String> {
        match request {
            SetRequest::Add(value) | SetRequest::Remove(value) | SetRequest::Contains(value) => {
                Some(format!("{value:?}"))
            }
            SetRequest::Members => None,
        }
    }

    fn reads(&self, request: &SetRequest, response: Option<&SetResponse>) -> bool {
        matches!(request, SetRequest::Contains(_) | SetRequest::Members)
            || response == Some(&SetResponse::Changed(false))
    }

    fn words(&self, request: &SetRequest, response: Option<&SetResponse>) -> String {
        let asked = match request {
            SetRequest::Add(value) => format!("add of {value:?}"),
            SetRequest::Remove(value) => format!("remove of {value:?}"),
            SetRequest::Contains(value) => format!("question for {value:?}"),
            SetRequest::Members => "question for all members".to_owned(),
        };
        match response {
            None => asked,
            Some(SetResponse::Changed(true)) => asked + " changed the set",
            Some(SetResponse::Changed(false)) => asked + " changed nothing",
            Some(SetResponse::Contained(true)) => asked + " found it",
            Some(SetResponse::Contained(false)) => asked + " did not find it",
            Some(SetResponse::Members(members)) => format!("{asked} found {members:?}"),
        }
    }

    fn weight(&self, state: &BTreeSet<Value>) -> usize {
        let entry = |value| TREE_ENTRY + size_of_val(value) + bytes_behind(value);
        size_of_val(state) + state.iter().map(entry).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    #[test]
    fn each_member_is_in_it_once() {
        // Right: the second add changes nothing, a removed member is gone. Wrong: a change twice, a member that nobody added.
        use SetRequest::{Add, Contains, Members, Remove};
        use SetResponse::{Changed, Contained};
        let x = || Value::from("x");
        let members =
            |values: &[&str]| SetResponse::Members(values.iter().map(|&value| value.into()).collect());
        let right = [
            (Contains(x()), Some(Contained(false))),
            (Add(x()), Some(Changed(true))),
            (Add(x()), Some(Changed(false))),
            (Add("y".into()), None),
            (Members, Some(members(&["x", "y"]))),
            (Remove(x()), Some(Changed(true))),
            (Remove(x()), Some(Changed(false))),
            (Members, Some(members(&["y"]))),
        ];
        assert_eq!(walk(&Set, right), Ok([Value::from("y")].into()));
        assert_eq!(walk(&Set, [(Add(x()), Some(Changed(true))), (Add(x()), Some(Changed(true)))]), Err(1));
        assert_eq!(walk(&Set, [(Contains(x()), Some(Contained(true)))]), Err(0));
        assert_eq!(walk(&Set, [(Add(x()), None), (Members, Some(members(&[])))]), Err(1));
        assert_eq!(walk(&Set, [(Remove(x()), Some(Changed(true)))]), Err(0));
    }

    #[test]
    fn only_the_question_for_all_members_keeps_it_whole() {
        // The number 1 and the text "1" are two members.
        assert_eq!(Set.partition(&SetRequest::Members), None);
        let (number, text) = (SetRequest::Add(1.into()), SetRequest::Add("1".into()));
        assert_ne!(Set.partition(&number), Set.partition(&text));
        assert_eq!(Set.partition(&number), Set.partition(&SetRequest::Remove(1.into())));
    }
}
