//! One case: a world of its own, with an answer in it, and what was found there.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use netsplit_check::Verdict;
use netsplit_figure::Figure;
use netsplit_node::{NodeId, Random, Service, Time};
use netsplit_report::Kind;
use netsplit_sim::{Budget, Cluster, Lab};
use netsplit_view::Diagram;
use sha2::{Digest, Sha256};

use super::hosts::{Death, Hosts};
use super::submitted::{Callee, CalleeAt, Making, Submitted, Value};
use crate::frames::{Question, Reply, from_bytes, to_bytes};
use crate::host::Wire;

/// The stream of random numbers that is the test's own: no part of a world draws from it.
const TEST: u64 = u64::from_le_bytes(*b"thetest.");

/// A test that lets time pass so often waits for what never comes.
const MOST_RUNS: u64 = 1_000_000;

/// So many events of a case that went wrong are shown.
const MOST_SHOWN: usize = 200;

/// One thing that a case has looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is called; all that a hidden test tells.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// From 0 to 1.
    pub credit: f64,
    /// Against the other findings of a case, where the rule asks for it.
    pub weight: f64,
    /// Why it is not 1; only shown where the test is.
    pub reason: String,
}

/// What a test says of a property: a truth, a reason against it, or a checker's verdict.
pub trait Judged {
    /// The reason against it, if there is one, and a picture of it.
    fn judged(self) -> (Result<(), String>, Option<Figure>);
}

impl Judged for bool {
    fn judged(self) -> (Result<(), String>, Option<Figure>) {
        (if self { Ok(()) } else { Err("it does not hold".to_owned()) }, None)
    }
}

impl Judged for Result<(), String> {
    fn judged(self) -> (Result<(), String>, Option<Figure>) {
        (self, None)
    }
}

impl Judged for Verdict {
    fn judged(self) -> (Result<(), String>, Option<Figure>) {
        let reasons =
            self.violations().iter().chain(self.undecided_parts()).cloned().collect::<Vec<_>>().join("\n");
        // A verdict that was not reached is no verdict in favour.
        let holds = self.holds() && !self.is_undecided();
        (if holds { Ok(()) } else { Err(reasons) }, self.pictures().first().cloned())
    }
}

/// A world with an answer in it. Everything in it follows from its seed and from what the answer does.
pub struct Case {
    seed: u64,
    lab: Lab,
    random: Random,
    hosts: Hosts,
    is_watched: bool,
    secret: [u8; 32],
    pub(super) findings: Vec<Finding>,
    pub(super) measure: Option<f64>,
    pub(super) picture: Option<Figure>,
    deaths: Arc<Mutex<Vec<Death>>>,
    /// What was found wrong first, and when.
    first_wrong: Option<(String, Time)>,
}

impl Case {
    pub(super) fn new(seed: u64, secret: [u8; 32], hosts: Hosts, steps: u64, is_watched: bool) -> Case {
        let lab = Lab::new(seed);
        lab.set_budget(Budget::new().events_in_all(steps).runs(MOST_RUNS));
        if !is_watched {
            lab.keep_events(0);
            lab.keep_states(0);
        }
        let random = Random::stream(seed, &[TEST]);
        let (findings, deaths) = (Vec::new(), Arc::default());
        let (measure, picture, first_wrong) = (None, None, None);
        Case { seed, lab, random, hosts, is_watched, secret, findings, measure, picture, deaths, first_wrong }
    }

    /// The world.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// The case's seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Random numbers for the test itself, apart from the world's.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Puts a node of the answer into the world; `Q` and `R` are its requests and responses, or `()`.
    pub fn submitted<Q: Value, R: Value>(&self, answer: &str) -> Submission<'_, Q, R> {
        let setup = Box::new(|_| Vec::new());
        Submission { case: self, answer: answer.to_owned(), name: None, setup, callees: Vec::new() }
    }

    /// What the answer's function says of `argument`; nothing, and a finding, if it does not say.
    pub fn evaluate<I: Wire, O: Wire>(&mut self, function: &str, argument: &I) -> Option<O> {
        let name = format!("`{function}` answers");
        match self.ask(function, argument) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.find(&name, Kind::Expectation, 0.0, 1.0, reason);
                None
            }
        }
    }

    fn ask<I: Wire, O: Wire>(&mut self, function: &str, argument: &I) -> Result<O, String> {
        let argument = to_bytes(argument)?;
        let died = |death: Death| {
            self.deaths.lock().unwrap_or_else(PoisonError::into_inner).push(death);
            format!("its process {}", death.sentence())
        };
        let life = self.hosts.life().map_err(&died)?;
        let reply =
            life.ask(&Question::Evaluate { function: function.to_owned(), argument }).map_err(&died)?;
        match reply {
            Reply::Value(bytes) => from_bytes(&bytes),
            Reply::Panicked(text) => Err(format!("it panicked: {text}")),
            Reply::Misfit(text) => Err(text),
            Reply::Step { .. } => Err(died(Death::Nonsense)),
        }
    }

    /// Something bad never happens. Where the rule has a gate, one violation in any case caps the points.
    pub fn safety(&mut self, name: &str, judged: impl Judged) {
        self.judge(name, Kind::Safety, judged);
    }

    /// Something good happens.
    pub fn liveness(&mut self, name: &str, judged: impl Judged) {
        self.judge(name, Kind::Liveness, judged);
    }

    /// An answer is right, or within its bounds.
    pub fn expect(&mut self, name: &str, judged: impl Judged) {
        self.judge(name, Kind::Expectation, judged);
    }

    /// A wrong implementation is rejected: by a check that the answer is, or by a break that it makes.
    pub fn mutant(&mut self, name: &str, is_rejected: impl Judged) {
        self.judge(name, Kind::Mutant, is_rejected);
    }

    /// A right implementation is accepted.
    pub fn reference(&mut self, name: &str, is_accepted: impl Judged) {
        self.judge(name, Kind::Reference, is_accepted);
    }

    /// A part of a diagnosis, with its weight.
    pub fn part(&mut self, name: &str, weight: f64, judged: impl Judged) {
        let credit = self.judge(name, Kind::Expectation, judged);
        if let Some(finding) = self.findings.last_mut() {
            (finding.weight, finding.credit) = (weight, credit);
        }
    }

    /// A number: full credit within `tolerance` of what is right (as a share of it: 0.01 is 1 %), half within ten times that.
    pub fn number(&mut self, name: &str, got: f64, right: f64, tolerance: f64) {
        let scale = if right == 0.0 { 1.0 } else { right.abs() };
        let off = (got - right).abs() / scale;
        // What is no number is off by no number, and so within nothing.
        let credit = if off <= tolerance {
            1.0
        } else if off <= 10.0 * tolerance {
            0.5
        } else {
            0.0
        };
        let reason = if credit == 1.0 { String::new() } else { format!("expected about {right}, got {got}") };
        self.find(name, Kind::Expectation, credit, 1.0, reason);
    }

    /// How well the answer did, for a rule with bars.
    pub fn measure(&mut self, value: f64) {
        self.measure = Some(value);
    }

    fn judge(&mut self, name: &str, kind: Kind, judged: impl Judged) -> f64 {
        let (result, picture) = judged.judged();
        let (credit, reason) = match result {
            Ok(()) => (1.0, String::new()),
            Err(reason) => (0.0, reason),
        };
        if credit < 1.0 && self.picture.is_none() && self.is_watched {
            self.picture = picture;
        }
        self.find(name, kind, credit, 1.0, reason);
        credit
    }

    fn find(&mut self, name: &str, kind: Kind, credit: f64, weight: f64, reason: String) {
        if credit < 1.0 && self.first_wrong.is_none() {
            self.first_wrong = Some((name.to_owned(), self.lab.now()));
        }
        self.findings.push(Finding { name: name.to_owned(), kind, credit, weight, reason });
    }

    /// The world as a picture: of a long case, what came before something was found wrong.
    pub(super) fn diagram(&self) -> Option<Figure> {
        let trace = self.lab.trace();
        if trace.events.is_empty() {
            return None;
        }
        let (name, end) = self.first_wrong.clone().unzip();
        let end = end.unwrap_or(trace.until);
        let mut diagram = Diagram::from(trace).until(end).last(MOST_SHOWN);
        if let Some(name) = name {
            diagram = diagram.title(format!("Until \u{201c}{name}\u{201d} was looked at"));
        }
        Some(diagram.figure())
    }

    /// Whether the world has come to what it was given.
    pub(super) fn is_over_budget(&self, steps: u64) -> bool {
        self.lab.events_handled() >= steps || self.lab.runs_begun() > MOST_RUNS
    }

    pub(super) fn deaths(&self) -> Vec<Death> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A number that nobody can guess who does not know the secret, and that tells nothing of it.
    fn unguessable(&self, purpose: &str) -> u64 {
        number_of(&[&self.secret, purpose.as_bytes()])
    }
}

/// The first 64 bits of a hash of these parts.
pub fn number_of(parts: &[&[u8]]) -> u64 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let hash = hasher.finalize();
    u64::from_le_bytes(hash[..8].try_into().expect("a hash has 32 bytes"))
}

/// A node of an answer, about to be put into a world.
pub struct Submission<'c, Q: Value, R: Value> {
    case: &'c Case,
    answer: String,
    name: Option<String>,
    setup: Box<dyn Fn(NodeId) -> Vec<u8> + Send + Sync>,
    callees: Vec<Box<dyn Callee<Q, R>>>,
}

impl<Q: Value, R: Value> Submission<'_, Q, R> {
    /// What its cluster is called; the answer's name otherwise.
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// What every node is given to know.
    pub fn setup<S: Wire + Send + Sync>(mut self, setup: S) -> Self {
        self.setup = Box::new(move |_| to_bytes(&setup).unwrap_or_default());
        self
    }

    /// What each node is given to know.
    pub fn setup_of_each<S: Wire>(mut self, setup: impl Fn(NodeId) -> S + Send + Sync + 'static) -> Self {
        self.setup = Box::new(move |node| to_bytes(&setup(node)).unwrap_or_default());
        self
    }

    /// A service of the test's that it may call.
    pub fn calling<S: Service<Request: Wire, Response: Wire>>(mut self, cluster: &Cluster<S>) -> Self {
        // Asking for the address is what makes a cluster one that can be called.
        let nodes = (0..cluster.size()).map(|index| cluster.address(index).node()).collect();
        self.callees.push(Box::new(CalleeAt::<S>(nodes, PhantomData)));
        self
    }

    /// Starts so many of it.
    pub fn start(self, size: usize) -> Cluster<Submitted<Q, R>> {
        let case = self.case;
        let making = Arc::new(Making {
            hosts: case.hosts.clone(),
            setup: self.setup,
            callees: self.callees,
            secret: [case.unguessable("signatures 0"), case.unguessable("signatures 1")],
            seeds: case.unguessable(&self.answer),
            is_watched: case.is_watched,
            deaths: case.deaths.clone(),
            answer: self.answer,
        });
        let name = self.name.unwrap_or_else(|| making.answer.to_lowercase());
        case.lab.cluster(&name, size, move |_| Submitted::new(making.clone()))
    }
}
