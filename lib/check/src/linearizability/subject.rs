//! A history and its specification without their types: all that is compiled anew for each specification.
//!
//! A cell compiles generic code again, without optimisation. So what is generic here only compares, hashes and steps; the search
//! knows operations, classes and states as numbers, and is compiled once.

use netsplit_node::{Disturbance, History, Operation, Outcome, Time};

use super::interned::Interned;
use super::transitions::Steps;
use crate::spec::Specification;
use crate::timeline::{Shown, Step};

/// What the checker asks of a history.
pub(crate) trait Subject: Sync {
    /// Who, when, and how it ended.
    fn facts(&self, operation: usize) -> Facts<'_>;
    /// The part of the service that the operation concerns.
    fn partition(&self, operation: usize) -> Option<String>;
    /// Numbers for these operations, equal for those with equal requests and responses, with the responses that the history has and
    /// as if nobody knew the responses; and steps that know these numbers.
    fn classes<'a>(&'a self, operations: &[usize]) -> (Vec<Classes>, Box<dyn Steps + 'a>);
    /// The operation in words.
    fn words(&self, operation: usize) -> String;
    /// The operation for a picture.
    fn shown(&self, operation: usize) -> Shown;
    /// An order for a picture, with the states after those operations that are drawn.
    fn steps(&self, order: &[usize], drawn: &[usize]) -> Vec<Step>;
    /// What was wrong with the world meanwhile.
    fn disturbances(&self) -> &[Disturbance];
}

/// What is known of an operation apart from its request and response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) caller: u32,
    pub(crate) caller_name: &'a str,
    pub(crate) invoked: Time,
    pub(crate) returned: Option<Time>,
    pub(crate) ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Ok,
    Fail,
    /// Unknown, or still pending.
    Open,
}

/// One class with the response that was told, another with any response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Classes {
    pub(crate) told: Class,
    pub(crate) open: Class,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    pub(crate) number: u32,
    pub(crate) reads: bool,
}

/// A history with its types.
pub(crate) struct Typed<'a, S: Specification> {
    pub(crate) specification: &'a S,
    pub(crate) history: &'a History<S::Request, S::Response>,
}

impl<S: Specification> Typed<'_, S> {
    fn operation(&self, operation: usize) -> &Operation<S::Request, S::Response> {
        &self.history.operations[operation]
    }
}

impl<S: Specification> Subject for Typed<'_, S> {
    fn facts(&self, operation: usize) -> Facts<'_> {
        let operation = self.operation(operation);
        Facts {
            caller: operation.caller.0,
            caller_name: &operation.caller_name,
            invoked: operation.invoked,
            returned: operation.returned,
            ending: match operation.outcome {
                Some(Outcome::Ok(_)) => Ending::Ok,
                Some(Outcome::Fail(_)) => Ending::Fail,
                Some(Outcome::Unknown) | None => Ending::Open,
            },
        }
    }

    fn partition(&self, operation: usize) -> Option<String> {
        self.specification.partition(&self.operation(operation).request)
    }

    fn classes<'a>(&'a self, operations: &[usize]) -> (Vec<Classes>, Box<dyn Steps + 'a>) {
        let mut interned = Interned::new();
        let mut class = |request: &'a S::Request, response: Option<&'a S::Response>| Class {
            number: interned.number((request, response)).0,
            reads: self.specification.reads(request, response),
        };
        let classes = operations.iter().map(|&operation| {
            let operation = &self.history.operations[operation];
            let told = told(operation);
            Classes { told: class(&operation.request, told), open: class(&operation.request, None) }
        });
        let classes = classes.collect();
        let mut states = Interned::new();
        let initial = self.specification.init();
        let weight = self.specification.weight(&initial);
        states.number(initial);
        (
            classes,
            Box::new(TypedSteps { specification: self.specification, classes: interned, states, weight }),
        )
    }

    fn words(&self, operation: usize) -> String {
        let operation = self.operation(operation);
        self.specification.words(&operation.request, told(operation))
    }

    fn shown(&self, operation: usize) -> Shown {
        Shown::of(operation, self.operation(operation), self.words(operation))
    }

    fn steps(&self, order: &[usize], drawn: &[usize]) -> Vec<Step> {
        let mut state = (order.len() <= MOST_WALKED).then(|| self.specification.init());
        let step = |&number: &usize| {
            let operation = self.operation(number);
            state = state
                .take()
                .and_then(|state| self.specification.step(&state, &operation.request, told(operation)));
            let state = state.as_ref().filter(|_| drawn.contains(&number));
            let state = state.map(|state| self.specification.state_in_words(state));
            Step { operation: number, state }
        };
        order.iter().map(step).collect()
    }

    fn disturbances(&self) -> &[Disturbance] {
        &self.history.disturbances
    }
}

/// The states of a longer order are not told: each step may copy the whole state, in code that a cell compiles without optimisation.
const MOST_WALKED: usize = 5_000;

fn told<Q, R>(operation: &Operation<Q, R>) -> Option<&R> {
    match &operation.outcome {
        Some(Outcome::Ok(response)) => Some(response),
        _ => None,
    }
}

struct TypedSteps<'a, S: Specification> {
    specification: &'a S,
    classes: Interned<(&'a S::Request, Option<&'a S::Response>)>,
    states: Interned<S::State>,
    weight: usize,
}

impl<S: Specification> Steps for TypedSteps<'_, S> {
    fn step(&mut self, state: u32, class: u32) -> Option<u32> {
        let &(request, response) = self.classes.get(class);
        let next = self.specification.step(self.states.get(state), request, response)?;
        if next == *self.states.get(state) {
            // Reads: comparing is cheaper than hashing.
            return Some(state);
        }
        let (number, is_new) = self.states.number(next);
        if is_new {
            self.weight += self.specification.weight(self.states.get(number));
        }
        Some(number)
    }

    fn bytes(&self) -> usize {
        self.weight + self.states.bytes()
    }
}
