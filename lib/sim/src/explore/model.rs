//! What is explored: states, and the actions that lead from one to the next.

use std::fmt::Debug;
use std::hash::Hash;

use super::difference;

/// A system as states and actions: all that can happen in each state, and what comes of it.
///
/// Everything that the future depends on must be in the state; two states that are equal are explored once.
///
/// ```
/// use netsplit_sim::explore::{Model, explore};
///
/// /// Two processes add 1 to a shared number, each by a read and a write.
/// struct Race;
/// #[derive(Clone, Debug, PartialEq, Eq, Hash)]
/// struct State { shared: u32, read: [Option<u32>; 2], done: [bool; 2] }
/// #[derive(Clone, Debug, Hash)]
/// enum Action { Read(usize), Write(usize) }
///
/// impl Model for Race {
///     type State = State;
///     type Action = Action;
///     fn initial(&self) -> Vec<State> {
///         vec![State { shared: 0, read: [None; 2], done: [false; 2] }]
///     }
///     fn actions(&self, state: &State, actions: &mut Vec<Action>) {
///         for process in 0..2 {
///             match state.read[process] {
///                 None => actions.push(Action::Read(process)),
///                 Some(_) if !state.done[process] => actions.push(Action::Write(process)),
///                 Some(_) => {}
///             }
///         }
///     }
///     fn next(&self, state: &State, action: &Action) -> Option<State> {
///         let mut next = state.clone();
///         match *action {
///             Action::Read(process) => next.read[process] = Some(state.shared),
///             Action::Write(process) => {
///                 next.shared = state.read[process]? + 1;
///                 next.done[process] = true;
///             }
///         }
///         Some(next)
///     }
/// }
///
/// let found = explore(Race).always("nothing is lost", |_, state| state.done != [true; 2] || state.shared == 2).run();
/// let path = found.counterexample().expect("both may read before either writes");
/// assert_eq!(path.actions(), ["Read(0)", "Read(1)", "Write(0)", "Write(1)"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no model that can be explored",
    label = "expected a model",
    note = "write `impl Model for {Self}` with the types State and Action and the functions `initial`, `actions` and `next`; nodes of a cluster are one by `Nodes::new(3, |id| ..)`"
)]
pub trait Model: Sync {
    /// All that the future depends on.
    type State: Clone + Debug + Eq + Hash + Send + Sync + 'static;
    /// Something that may happen. Equal actions in different states are one action to fairness.
    type Action: Clone + Debug + Hash + Send + 'static;

    /// Where it may begin.
    fn initial(&self) -> Vec<Self::State>;

    /// Adds to `actions` all that may happen in `state`, always in the same order.
    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>);

    /// The state after `action`; nothing if it cannot happen after all. A function of its arguments alone.
    fn next(&self, state: &Self::State, action: &Self::Action) -> Option<Self::State>;

    /// The action in words.
    fn words(&self, action: &Self::Action) -> String {
        format!("{action:?}")
    }

    /// What is different in `after`, a line for each change; by default from the Debug forms.
    fn changes(&self, before: &Self::State, after: &Self::State) -> Vec<String> {
        difference::lines(&format!("{before:#?}"), &format!("{after:#?}"))
    }

    /// Whether the action must happen at some time if it stays possible (weak fairness). What a fault does, a lost message or a crash, need not.
    fn is_fair(&self, _action: &Self::Action) -> bool {
        true
    }

    /// Bytes that a state takes, those behind pointers included, as far as they are its own: the memory that an exploration may use is
    /// counted by it.
    fn weight(&self, state: &Self::State) -> usize {
        size_of_val(state)
    }

    /// What makes it impossible to go on from this state, such as a handler that panicked: told as a violation.
    fn trouble(&self, _state: &Self::State) -> Result<(), String> {
        Ok(())
    }

    /// What a reader of the report must know.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}
