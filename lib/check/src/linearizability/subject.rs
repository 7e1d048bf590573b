//! A history and its specification without their types: all that is compiled anew for each specification.
//!
//! A cell compiles generic code again, without optimisation. So what is generic here only compares, hashes and steps; the search
//! knows operations, classes and states as numbers, and is compiled once.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use netsplit_node::{History, Operation, Outcome, Time};

use super::transitions::Steps;
use crate::spec::Specification;

/// What the checker asks of a history.
pub(super) trait Subject: Sync {
    /// Who, when, and how it ended.
    fn facts(&self, operation: usize) -> Facts<'_>;
    /// The part of the service that the operation concerns.
    fn partition(&self, operation: usize) -> Option<String>;
    /// Numbers for these operations, equal for those with equal requests and responses, with the responses that the history has and
    /// as if nobody knew the responses; and steps that know these numbers.
    fn classes<'a>(&'a self, operations: &[usize]) -> (Vec<Classes>, Box<dyn Steps + 'a>);
    /// The operation in words.
    fn words(&self, operation: usize) -> String;
}

/// What is known of an operation apart from its request and response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) caller: u32,
    pub(super) caller_name: &'a str,
    pub(super) invoked: Time,
    pub(super) returned: Option<Time>,
    pub(super) ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Ok,
    Fail,
    /// Unknown, or still pending.
    Open,
}

/// One class with the response that was told, another with any response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Classes {
    pub(super) told: Class,
    pub(super) open: Class,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    pub(super) number: u32,
    pub(super) reads: bool,
}

/// A history with its types.
pub(super) struct Typed<'a, S: Specification> {
    pub(super) specification: &'a S,
    pub(super) history: &'a History<S::Request, S::Response>,
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
        let mut interned = Interned::default();
        let mut class = |request: &'a S::Request, response: Option<&'a S::Response>| Class {
            number: interned.number((request, response)),
            reads: self.specification.reads(request, response),
        };
        let classes = operations.iter().map(|&operation| {
            let operation = &self.history.operations[operation];
            let told = told(operation);
            Classes { told: class(&operation.request, told), open: class(&operation.request, None) }
        });
        let classes = classes.collect();
        let mut states = Interned::default();
        let initial = self.specification.init();
        let weight = self.specification.weight(&initial);
        states.number(initial);
        (
            classes,
            Box::new(TypedSteps { specification: self.specification, classes: interned.all, states, weight }),
        )
    }

    fn words(&self, operation: usize) -> String {
        let operation = self.operation(operation);
        self.specification.words(&operation.request, told(operation))
    }
}

fn told<Q, R>(operation: &Operation<Q, R>) -> Option<&R> {
    match &operation.outcome {
        Some(Outcome::Ok(response)) => Some(response),
        _ => None,
    }
}

struct TypedSteps<'a, S: Specification> {
    specification: &'a S,
    classes: Vec<(&'a S::Request, Option<&'a S::Response>)>,
    states: Interned<S::State>,
    weight: usize,
}

impl<S: Specification> Steps for TypedSteps<'_, S> {
    fn step(&mut self, state: u32, class: u32) -> Option<u32> {
        let (request, response) = self.classes[class as usize];
        let next = self.specification.step(&self.states.all[state as usize], request, response)?;
        let (known, weight) = (self.states.all.len(), self.specification.weight(&next));
        let number = self.states.number(next);
        if self.states.all.len() > known {
            self.weight += weight;
        }
        Some(number)
    }

    fn bytes(&self) -> usize {
        self.weight + self.states.all.len() * BYTES_OF_INDEX
    }
}

/// What the index of an interned value takes, on average, at least.
const BYTES_OF_INDEX: usize = 48;

/// Values by number, equal ones by the same number, in the order of their first appearance.
struct Interned<T> {
    all: Vec<T>,
    by_hash: BTreeMap<u64, Vec<u32>>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Interned { all: Vec::new(), by_hash: BTreeMap::new() }
    }
}

impl<T: Eq + Hash> Interned<T> {
    fn number(&mut self, value: T) -> u32 {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        let alike = self.by_hash.entry(hasher.finish()).or_default();
        if let Some(&known) = alike.iter().find(|&&known| self.all[known as usize] == value) {
            return known;
        }
        let number = self.all.len() as u32;
        alike.push(number);
        self.all.push(value);
        number
    }
}
