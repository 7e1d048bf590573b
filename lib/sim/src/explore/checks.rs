//! Whether a model can be explored at all: its states must be what their `Clone`, `Eq` and `Hash` say, and its steps functions of what they see.
//!
//! A state whose hash leaves out a field is taken for another, and a step that depends on something besides the state leads elsewhere when it is looked up again. Both
//! give wrong answers without a sign; so samples are looked at, and what is wrong is told with the field, as far as the Debug form shows it. Explored nodes are looked at
//! in every step that their handlers run.

use super::difference;
use super::fingerprint::fingerprint;
use super::model::Model;

/// What is wrong with the step from `before` by `action` to `after`.
pub(crate) fn of_step<M: Model>(
    model: &M,
    before: &M::State,
    action: &M::Action,
    after: &M::State,
) -> Option<String> {
    let copy = after.clone();
    if copy != *after {
        return Some(told(after, &copy, "a clone of a state is not equal to it"));
    }
    if fingerprint(&copy) != fingerprint(after) {
        return Some(told(after, &copy, "a clone of a state has another hash"));
    }
    let again = model.next(before, action)?;
    if fingerprint(&again) != fingerprint(after) || again != *after {
        let words = model.words(action);
        return Some(told(
            after,
            &again,
            &format!("{words}, done twice in one state, did not come to the same"),
        ));
    }
    let unequal = *before != *after;
    let prints = fingerprint(before) != fingerprint(after);
    let shown = format!("{before:#?}") != format!("{after:#?}");
    match (unequal, prints, shown) {
        (true, false, _) => Some(told(before, after, "two states are unequal and have one hash")),
        (false, true, _) => Some(told(before, after, "two states are equal and have two hashes")),
        (false, false, true) => {
            Some(told(before, after, "two states are equal, and their Debug forms are not"))
        }
        _ => None,
    }
}

fn told(one: &impl std::fmt::Debug, other: &impl std::fmt::Debug, what: &str) -> String {
    let names = difference::names(&format!("{one:#?}"), &format!("{other:#?}"));
    let place = match names.as_slice() {
        [] => "the Debug forms do not tell where".to_owned(),
        names if names == [""] => "there is one field only".to_owned(),
        names => format!("it shows in {}", names.join(", ")),
    };
    format!("{what}: {place}; what was found is not certain")
}
