//! Looking at fewer states: one of many that are alike, or one order of many that come to the same. Each is right only for some properties, and refuses the
//! others with a sentence.
//!
//! - **Symmetry:** states that differ only in who is who are one, their representative (Clarke, Enders, Filkorn and Jha, "Exploiting symmetry in temporal logic model
//!   checking", 1996). A property must not tell a state from its representative, which is looked at in every state.
//! - **Partial order:** an action that is local is taken alone, before all others (Peled, "All from one, one for all", 1993: ample sets of one action). It must commute with
//!   whatever else can happen, stay possible until it does, and change no property; the first two are looked at in samples, the third wherever it is
//!   used; with what can happen only later it must commute as well, and for that there is only the user's word. So that nothing is put off for ever, it is not taken alone where it leads back (Bošnački and Holzmann, "Improving SPIN's partial-order reduction
//!   for breadth-first search", 2005).
//!
//! Whether something happens at some time depends on runs, not on states: both refuse it.

use super::fingerprint::fingerprint;
use super::model::Model;
use super::property::Property;
use super::tally::Tally;

type Representative<S> = dyn Fn(&S) -> S + Send + Sync;
type Local<A> = dyn Fn(&A) -> bool + Send + Sync;

/// What is left out.
pub(crate) struct Reduction<M: Model> {
    pub(crate) symmetry: Option<Box<Representative<M::State>>>,
    pub(crate) local: Option<Box<Local<M::Action>>>,
}

/// So many places where an action is taken alone are looked at closely on each thread in each round.
const SAMPLES: u32 = 64;

impl<M: Model> Reduction<M> {
    pub(crate) fn none() -> Reduction<M> {
        Reduction { symmetry: None, local: None }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.symmetry.is_none() && self.local.is_none()
    }

    /// The state that stands for all that are like this one.
    pub(crate) fn representative(
        &self,
        model: &M,
        properties: &[Property<M>],
        state: M::State,
        tally: &mut Tally<'_>,
    ) -> M::State {
        let Some(symmetry) = &self.symmetry else { return state };
        let representative = symmetry(&state);
        if representative != state {
            for (number, property) in properties.iter().enumerate() {
                if property.judge(model, &state).is_ok() != property.judge(model, &representative).is_ok() {
                    tally.refuse(number, || {
                        format!("it tells {state:?} from {representative:?}, which stands for it: explore without symmetry")
                    });
                }
            }
        }
        representative
    }

    /// The action that may be taken alone, by its place. `successors` are those of all actions that can happen.
    pub(crate) fn alone(
        &self,
        model: &M,
        properties: &[Property<M>],
        state: &M::State,
        successors: &[(M::Action, M::State, u64)],
        tally: &mut Tally<'_>,
    ) -> Option<usize> {
        let local = self.local.as_ref()?;
        let at = successors
            .iter()
            .position(|(action, _, print)| local(action) && !tally.was_met_before(*print))?;
        let (action, after, _) = &successors[at];
        for (number, property) in properties.iter().enumerate() {
            if property.judge(model, state).is_ok() != property.judge(model, after).is_ok() {
                let words = model.words(action);
                tally.refuse(number, || {
                    format!("{words} changes it, so it is not local to it: explore without `local`")
                });
            }
        }
        if tally.samples(SAMPLES) {
            for (other, after_other, _) in
                successors.iter().filter(|(other, ..)| fingerprint(other) != fingerprint(action))
            {
                let one = possible(model, after, other);
                let other_way = possible(model, after_other, action);
                if one != other_way || one.is_none() {
                    let (words, other) = (model.words(action), model.words(other));
                    tally.refuse_all(|| format!("{words} is said to be local, and it matters whether it comes before {other}: explore without `local`"));
                }
            }
        }
        Some(at)
    }
}

/// The fingerprint of the state after `action`, if it is possible in `state`.
fn possible<M: Model>(model: &M, state: &M::State, action: &M::Action) -> Option<u64> {
    let (mut actions, print) = (Vec::new(), fingerprint(action));
    model.actions(state, &mut actions);
    let action = actions.iter().find(|other| fingerprint(*other) == print)?;
    Some(fingerprint(&model.next(state, action)?))
}
