//! What is asked of all states and all runs: always, sometimes, eventually.

use std::fmt;

use super::model::Model;

/// What a property asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It holds in every state.
    Always,
    /// It holds in some state: what can never happen is no protocol.
    Sometimes,
    /// It holds at some time in every fair run.
    Eventually,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Always => "always",
            Kind::Sometimes => "sometimes",
            Kind::Eventually => "eventually",
        })
    }
}

type Judge<M> = dyn Fn(&M, &<M as Model>::State) -> Result<(), String> + Send + Sync;

/// A property of a model.
pub(crate) struct Property<M: Model> {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    judge: Box<Judge<M>>,
}

impl<M: Model> Property<M> {
    pub(crate) fn new(
        name: &str,
        kind: Kind,
        judge: impl Fn(&M, &M::State) -> Result<(), String> + Send + Sync + 'static,
    ) -> Property<M> {
        Property { name: name.to_owned(), kind, judge: Box::new(judge) }
    }

    /// A property that says no more than whether it holds.
    pub(crate) fn plain(
        name: &str,
        kind: Kind,
        holds: impl Fn(&M, &M::State) -> bool + Send + Sync + 'static,
    ) -> Property<M> {
        Property::new(
            name,
            kind,
            move |model, state| if holds(model, state) { Ok(()) } else { Err(String::new()) },
        )
    }

    /// Whether it holds in this state; the error says what is wrong, if it says anything.
    pub(crate) fn judge(&self, model: &M, state: &M::State) -> Result<(), String> {
        (self.judge)(model, state)
    }
}
