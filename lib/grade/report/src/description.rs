//! What an exercise is, without its tests: enough to find an answer, to compile it, and to say what is asked.

use serde::{Deserialize, Serialize};

/// The exercises of one assignment, in their order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// They have different names.
    pub exercises: Vec<Exercise>,
}

/// One exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exercise {
    /// What `:grade` and the answer's cell call it: letters, digits and hyphens.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What a full answer gives.
    pub points: f64,
    /// How the cases become points.
    pub rule: Rule,
    /// What an answer defines; all of it, in one or more cells.
    pub answers: Vec<Answer>,
    /// Items of the library that an answer may not use, by their paths below `netsplit`: `idempotency::DedupTable`.
    pub without: Vec<String>,
    /// What an answer may use.
    pub budgets: Budgets,
    /// The names of the tests that everybody sees.
    pub visible: Vec<String>,
    /// How many cases are judged when it counts; 0 where the hidden tests are not there.
    pub hidden: u32,
}

/// Something that an answer defines, by its name in the answer's cells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// A type that is a node and a service.
    Service {
        /// The type's name.
        name: String,
        /// An expression that makes one; `setup` is what the test gives every node to know.
        make: String,
        /// The type of `setup`, as it is called where the answer is compiled.
        setup: String,
        /// The type of its requests.
        request: String,
        /// The type of its responses.
        response: String,
        /// The types of the services that it may call.
        calls: Vec<String>,
    },
    /// A type that is a node, and nobody's service.
    Node {
        /// The type's name.
        name: String,
        /// An expression that makes one; `setup` is what the test gives every node to know.
        make: String,
        /// The type of `setup`, as it is called where the answer is compiled.
        setup: String,
        /// The type of its messages.
        message: String,
        /// The types of the services that it may call.
        calls: Vec<String>,
    },
    /// A function of one argument or none: a plan of faults, a checker, a diagnosis.
    Function {
        /// The function's name.
        name: String,
        /// The type of its argument; empty where it has none.
        takes: String,
        /// What it returns.
        gives: String,
    },
}

impl Answer {
    /// The name that the answer's cells must define.
    pub fn name(&self) -> &str {
        match self {
            Answer::Service { name, .. } | Answer::Node { name, .. } | Answer::Function { name, .. } => name,
        }
    }
}

/// How the cases become points. The letters are those of the curriculum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Rule {
    /// PC-P: the share of cases that passed.
    Proportional,
    /// PC-S: the same, but one violation of safety in any case leaves at most 40 %.
    SafetyGate,
    /// PC-M: the share of wrong implementations that were rejected; rejecting a right one leaves at most 50 %.
    Mutants,
    /// PC-N: each number counts in full within 1 % (or the tolerance that the test says), half within 10 %.
    Numeric,
    /// PC-D: parts of a diagnosis, each with its weight.
    Diagnosis,
    /// PC-B: the share of the points that goes with the highest bar that was reached, as `(bar, share)`. A violation of safety leaves at
    /// most 40 %.
    Bars(Vec<(f64, f64)>),
}

/// What an answer may use. Time is the processor's, not the wall's, so that a busy machine judges alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    /// Seconds of the processor, for each process of the answer.
    pub processor_seconds: u64,
    /// Bytes of memory, for each process of the answer.
    pub memory: u64,
    /// Steps of the simulated world, for each case.
    pub steps: u64,
}

impl Default for Budgets {
    fn default() -> Self {
        Budgets { processor_seconds: 2, memory: 1 << 30, steps: 100_000 }
    }
}
