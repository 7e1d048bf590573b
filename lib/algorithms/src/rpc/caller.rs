//! A caller carries out remote procedure calls for its clients: it asks again when nothing comes, hedges when it takes long, and never says "failed" when it does not know.
//!
//! - **Concept:** Remote procedure call with retries, hedging and a deadline
//! - **Guarantees:** `Ok` only with an answer of the service (safety). `Fail` only if every attempt definitely had no effect (safety). Within the deadline, and never more
//!   attempts than the policy has. With an idempotency key in the request and a dedup table at the service: at most one effect.
//! - **Does not guarantee:** any effect: a caller that gives up leaves its client without an answer (`Unknown`). Without a dedup table: a single effect, since each attempt
//!   and each hedge may have one.
//! - **Assumes:** the replicas are interchangeable for what is asked: hedges and retries go to the next one. Messages may be lost, doubled, late.
//! - **Source:** Birrell and Nelson, "Implementing Remote Procedure Calls", TOCS 2(1), 1984, section 2.2 (semantics); Dean and Barroso, "The Tail at Scale",
//!   CACM 56(2), 2013, section "Within-Request Short-Term Adaptations" (hedged requests); gRPC proposal A6, "gRPC Retry Design"
//! - **Differs:** a retry and a hedge are the same attempt sent for different reasons, and count together. A hedge that lost is not cancelled at its replica.
//! - **Chapter:** 02
//!
//! ```text
//! client   ──charge k──▶                                                     ▲ receipt
//! caller   ────────────┬──────────── hedge_after: nothing yet ──┬────────────┴──▶  the slower answer is dropped
//!                      ▼ attempt 1                              ▼ attempt 2 ▲
//! replica 0  ──────────▼ (slow) ...............................╌╌╌╌╌╌╌╌╌╌╌╌╌│╌╌╌╌▶
//! replica 1  ───────────────────────────────────────────────────▼───────────┴──────   the same key k: one charge
//! ```
//!
//! What a client learns of attempts that ended without an answer:
//!
//! | attempts | told |
//! |---|---|
//! | all refused, definitely | `Fail`, with the last reason |
//! | one or more timed out | nothing: `Unknown` when the client's patience ends, since any of them may have had its effect |
//!
//! ```
//! use netsplit_algorithms::replication::EagerStore;
//! use netsplit_algorithms::rpc::{Backoff, Caller, Config, Hedge, Jitter, RetryPolicy};
//! use netsplit_node::{KeyValueRequest, ms, secs};
//! use netsplit_sim::{Lab, Traffic};
//!
//! let lab = Lab::new(42);
//! let store = lab.cluster("store", 1, |_id| EagerStore::default());
//! let config = Config {
//!     deadline: secs(2),
//!     attempt_timeout: ms(100),
//!     retry: RetryPolicy { attempts: 10, backoff: Backoff { base: ms(10), cap: ms(100), jitter: Jitter::Full }, budget: None },
//!     hedge: Hedge::Never,
//! };
//! let replicas = vec![store.address(0)];
//! let callers = lab.cluster("caller", 1, move |_id| Caller::new(config, replicas.clone()));
//! lab.lose(0.5, Traffic::all().from(callers.all()).to(store.all()));
//! let get = callers.client_of(0).call(KeyValueRequest::Get { key: "x".into() });
//! lab.run_for(secs(3));
//! assert_eq!(format!("{get:?}"), "Ok(nothing)");
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{Address, CallId, Context, Duration, Inspection, Node, Outcome, Service, Time};

use crate::rpc::{RetryBudget, RetryPolicy};

/// How patient a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// After this time from the client's request on, nothing is asked any more.
    pub deadline: Duration,
    /// An attempt that has no answer after this time is given up. Should exceed what nearly all answers take.
    pub attempt_timeout: Duration,
    /// When to ask again.
    pub retry: RetryPolicy,
    /// When to ask a second replica although the first may still answer.
    pub hedge: Hedge,
}

/// When to ask a second replica although the first may still answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hedge {
    /// Not before an attempt has ended.
    Never,
    /// When an attempt has taken so long: the time that 95 % of answers take costs 5 % more requests at most.
    After(Duration),
}

/// What comes back to a caller: an attempt has ended.
pub struct Attempted<S: Service> {
    /// For which client.
    operation: CallId,
    /// Which of the operation's attempts, from 1.
    attempt: u32,
    outcome: Outcome<S::Response>,
}

// Written out because derives would ask `Clone` of the service and not of its responses.
impl<S: Service> Clone for Attempted<S> {
    fn clone(&self) -> Self {
        Attempted { operation: self.operation, attempt: self.attempt, outcome: self.outcome.clone() }
    }
}

impl<S: Service> fmt::Debug for Attempted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {}: {}", self.attempt, self.outcome)
    }
}

/// What wakes a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The backoff is over.
    Retry(CallId),
    /// The latest attempt takes long.
    Hedge(CallId),
}

/// A node that calls a service for its clients.
#[derive(Clone, Debug)]
pub struct Caller<S: Service> {
    config: Config,
    replicas: Vec<Address<S>>,
    /// What is left of `config.retry.budget`.
    budget: Option<RetryBudget>,
    /// Which replica is next.
    next: usize,
    /// Volatile, as all of it: a crash forgets the operations, and their clients learn `Unknown`.
    operations: BTreeMap<CallId, Operation<S>>,
    /// How many attempts were made for all operations so far: what retries and hedges cost.
    attempts: u64,
}

/// An operation under way.
#[derive(Clone, Debug)]
struct Operation<S: Service> {
    request: S::Request,
    /// By the oscillator: a deadline must not come early because a clock was set.
    give_up_at: Time,
    attempts: u32,
    /// The attempts that have not ended.
    under_way: BTreeSet<u32>,
    failures: u32,
    /// Whether an attempt ended without anybody knowing what it did.
    may_have_happened: bool,
}

impl<S: Service> Node for Caller<S> {
    type Message = Attempted<S>;
    type Timer = Timer;

    fn on_message(&mut self, _from: netsplit_node::NodeId, ended: Attempted<S>, ctx: &mut Context<Self>) {
        match ended.outcome {
            Outcome::Ok(response) => self.succeed(ended.operation, response, ctx),
            Outcome::Fail(reason) => self.fail(ended.operation, ended.attempt, Some(reason), ctx),
            Outcome::Unknown => self.fail(ended.operation, ended.attempt, None, ctx),
        }
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Retry(operation) => self.attempt(operation, ctx),
            Timer::Hedge(operation) => self.hedge(operation, ctx),
        }
    }

    /// How many operations are under way, and how many attempts it has made.
    fn inspect(&self) -> Inspection {
        let role = if self.operations.is_empty() { "idle" } else { "calling" };
        Inspection::new()
            .role(role)
            .field("operations", self.operations.len())
            .field("attempts", self.attempts)
    }
}

impl<S: Service> Service for Caller<S> {
    type Request = S::Request;
    type Response = S::Response;

    fn on_request(&mut self, call: CallId, request: S::Request, ctx: &mut Context<Self>) {
        let operation = Operation {
            request,
            give_up_at: ctx.monotonic() + self.config.deadline,
            attempts: 0,
            under_way: BTreeSet::new(),
            failures: 0,
            may_have_happened: false,
        };
        self.operations.insert(call, operation);
        self.attempt(call, ctx);
    }
}

impl<S: Service> Caller<S> {
    /// A caller of these replicas.
    ///
    /// # Panics
    /// If there are none.
    pub fn new(config: Config, replicas: Vec<Address<S>>) -> Caller<S> {
        assert!(!replicas.is_empty(), "a caller of nobody: expected at least one replica");
        let budget = config.retry.budget;
        Caller { config, replicas, budget, next: 0, operations: BTreeMap::new(), attempts: 0 }
    }

    /// How many attempts were made for all operations so far.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Asks the next replica, with what is left of the time: the deadline is carried in the call.
    fn attempt(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.get_mut(&call) else { return };
        let left = operation.give_up_at - ctx.monotonic();
        if left <= Duration::ZERO {
            return self.give_up(call, None, ctx);
        }
        operation.attempts += 1;
        let attempt = operation.attempts;
        operation.under_way.insert(attempt);
        let replica = self.replicas[self.next % self.replicas.len()];
        self.next += 1;
        self.attempts += 1;
        let timeout = left.min(self.config.attempt_timeout);
        ctx.call(replica, operation.request.clone(), timeout, move |outcome| Attempted {
            operation: call,
            attempt,
            outcome,
        });
        if let Hedge::After(time) = self.config.hedge {
            ctx.set_timer(time, Timer::Hedge(call));
        }
    }

    /// Nothing has come for long: another attempt beside the ones that are under way, if the policy has one left.
    fn hedge(&mut self, call: CallId, ctx: &mut Context<Self>) {
        let may_retry = self.may_ask_again();
        let Some(operation) = self.operations.get(&call) else { return };
        if !operation.under_way.is_empty() && operation.attempts < self.config.retry.attempts && may_retry {
            self.attempt(call, ctx);
        }
    }

    /// The first answer counts; what comes later finds no operation any more.
    fn succeed(&mut self, call: CallId, response: S::Response, ctx: &mut Context<Self>) {
        if let Some(budget) = &mut self.budget {
            budget.succeeded();
        }
        if self.operations.remove(&call).is_some() {
            self.cancel_timers(call, ctx);
            ctx.reply(call, response);
        }
    }

    /// An attempt has ended without an answer: definitely without effect if there is a reason, nobody knows otherwise.
    fn fail(&mut self, call: CallId, attempt: u32, reason: Option<String>, ctx: &mut Context<Self>) {
        if let Some(budget) = &mut self.budget {
            budget.failed();
        }
        let may_retry = self.may_ask_again();
        let Some(operation) = self.operations.get_mut(&call) else { return };
        operation.under_way.remove(&attempt);
        operation.failures += 1;
        operation.may_have_happened |= reason.is_none();
        if operation.attempts < self.config.retry.attempts && may_retry {
            let wait = self.config.retry.backoff.wait(operation.failures, ctx.random());
            ctx.set_timer(wait, Timer::Retry(call));
        } else if operation.under_way.is_empty() {
            self.give_up(call, reason, ctx);
        }
    }

    fn may_ask_again(&self) -> bool {
        self.budget.is_none_or(|budget| budget.allows())
    }

    /// Says that it failed only if it knows. Otherwise the client is not answered, and learns `Unknown`.
    fn give_up(&mut self, call: CallId, reason: Option<String>, ctx: &mut Context<Self>) {
        let Some(operation) = self.operations.remove(&call) else { return };
        self.cancel_timers(call, ctx);
        if !operation.may_have_happened && operation.under_way.is_empty() {
            let reason = reason.unwrap_or_else(|| "refused, and no time is left".to_owned());
            ctx.refuse(call, format!("after {} attempts: {reason}", operation.attempts));
        }
    }

    fn cancel_timers(&self, call: CallId, ctx: &mut Context<Self>) {
        ctx.cancel_timer(&Timer::Retry(call));
        ctx.cancel_timer(&Timer::Hedge(call));
    }
}
