//! Sessions: programs that write at a primary and read at whatever copies, one thing after the other, and what they may rely on. Generic over the store, so that
//! wrong variants go through the same runs.

use std::collections::BTreeMap;

use netsplit_check::{Check, monotonic_reads, read_your_writes};
use netsplit_node::{
    Address, Context, Duration, History, KeyValueRequest, KeyValueResponse, Node, NodeId, Operation, Outcome,
    Service, ms, secs,
};
use netsplit_sim::{Cluster, Lab};

use super::{crash_recovery_plan, progress_seen_within, run_for};

/// A request, and its answer if there is one, in the words of a plain store.
pub type Plain<Q, R> = fn(&Q, Option<&R>) -> (KeyValueRequest, Option<KeyValueResponse>);

/// How a store is asked by a session `T`.
#[derive(Debug)]
pub struct Words<S: Service, T> {
    pub put: fn(&T, &str, i64) -> S::Request,
    pub read: fn(&T, &str) -> S::Request,
    /// Which copy to ask: of the session, the primary's index, and that of any.
    pub copy: fn(&T, usize, usize) -> usize,
    pub hear: fn(&mut T, &S::Response),
    pub begin_anew: fn(&mut T),
    /// The same in the words of a plain store, for the judges.
    pub plain: Plain<S::Request, S::Response>,
}

// Not derived: it would ask that services and sessions can be copied, too.
impl<S: Service, T> Clone for Words<S, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Service, T> Copy for Words<S, T> {}

/// A program with a session.
#[derive(Clone, Debug)]
pub struct App<S: Service, T> {
    pub session: T,
    /// Reads and writes that were answered.
    pub answered: u32,
    /// How often it was told that what it has seen is lost.
    pub lost: u32,
    words: Words<S, T>,
    stores: Vec<Address<S>>,
    primary: usize,
    asked: u32,
    every: Duration,
}

#[derive(Clone, Debug)]
pub struct Heard<R> {
    of_a_put: bool,
    outcome: Outcome<R>,
}

impl<S, T> Node for App<S, T>
where
    S: Service + 'static,
    T: Clone + std::fmt::Debug + Send + 'static,
{
    type Message = Heard<S::Response>;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(self.every, ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.asked += 1;
        let of_a_put = ctx.random().below(10) < 3;
        let any = ctx.random().below(self.stores.len() as u64) as usize;
        let (copy, request) = if of_a_put {
            let value = i64::from(ctx.id().0) * 1_000_000 + i64::from(self.asked);
            (self.primary, (self.words.put)(&self.session, "x", value))
        } else {
            ((self.words.copy)(&self.session, self.primary, any), (self.words.read)(&self.session, "x"))
        };
        ctx.call(self.stores[copy], request, ms(150), move |outcome| Heard { of_a_put, outcome });
    }

    fn on_message(&mut self, _from: NodeId, heard: Heard<S::Response>, ctx: &mut Context<Self>) {
        match heard.outcome {
            Outcome::Ok(response) => {
                self.answered += 1;
                (self.words.hear)(&mut self.session, &response);
            }
            Outcome::Fail(why) if why.contains("lost") => {
                self.lost += 1;
                (self.words.begin_anew)(&mut self.session);
            }
            _ if heard.of_a_put => self.primary = (self.primary + 1) % self.stores.len(),
            _ => {}
        }
        ctx.set_timer(self.every, ());
    }
}

/// So many programs that use these stores.
pub fn apps<S: Service + 'static, T: Clone + std::fmt::Debug + Send + Sync + 'static>(
    lab: &Lab,
    stores: &Cluster<S>,
    number: usize,
    words: Words<S, T>,
    session: T,
) -> Cluster<App<S, T>> {
    let addresses: Vec<_> = (0..stores.size()).map(|index| stores.address(index)).collect();
    lab.cluster("app", number, move |_id| App {
        session: session.clone(),
        answered: 0,
        lost: 0,
        words,
        stores: addresses.clone(),
        primary: 0,
        asked: 0,
        every: ms(10),
    })
}

/// What the programs saw: each its own writes, and never something older than before. Who is told that what it has seen is lost begins a new session.
pub fn session_guarantees<S: Service, T>(stores: &Cluster<S>, words: Words<S, T>) -> Result<(), String> {
    let seen = stores.history();
    let mut sessions: BTreeMap<NodeId, u32> = BTreeMap::new();
    let operations = seen.iter().map(|operation| {
        let session = sessions.entry(operation.caller).or_default();
        let (caller, caller_name) = (
            NodeId(operation.caller.0 + 1_000 * *session),
            format!("{}, session {}", operation.caller_name, *session + 1),
        );
        if matches!(&operation.outcome, Some(Outcome::Fail(why)) if why.contains("lost")) {
            *session += 1;
        }
        let answer = operation.outcome.clone().and_then(Outcome::ok);
        let (request, response) = (words.plain)(&operation.request, answer.as_ref());
        let outcome = match &operation.outcome {
            Some(Outcome::Ok(_)) => response.map(Outcome::Ok),
            Some(Outcome::Fail(why)) => Some(Outcome::Fail(why.clone())),
            Some(Outcome::Unknown) => Some(Outcome::Unknown),
            None => None,
        };
        Operation {
            call: operation.call,
            caller,
            caller_name,
            request,
            invoked: operation.invoked,
            outcome,
            returned: operation.returned,
            served: operation.served.clone(),
        }
    });
    let history: History<KeyValueRequest, KeyValueResponse> = History {
        service: seen.service.clone(),
        seed: seen.seed,
        operations: operations.collect(),
        disturbances: Vec::new(),
    };
    for verdict in [history.check(read_your_writes()), history.check(monotonic_reads())] {
        if !verdict.holds() {
            return Err(verdict.to_string());
        }
    }
    Ok(())
}

/// Programs read and write while the stores suffer; then all are healed, and every program must be answered again.
pub fn under_faults<S: Service + 'static, T: Clone + std::fmt::Debug + Send + Sync + 'static>(
    lab: &Lab,
    stores: &Cluster<S>,
    apps: &Cluster<App<S, T>>,
    words: Words<S, T>,
) -> Result<(), String> {
    lab.keep_events(0);
    lab.end_on_panic();
    lab.play(crash_recovery_plan(lab, stores, secs(1)));
    run_for(lab, secs(1))?;
    session_guarantees(stores, words)?;
    lab.heal_core(stores.all().and(apps.all()));
    let before: Vec<u32> = (0..apps.size()).map(|index| apps.node(index).answered).collect();
    let all_answered =
        || before.iter().enumerate().all(|(index, before)| apps.node(index).answered > before + 3);
    progress_seen_within(lab, secs(30), all_answered)?;
    session_guarantees(stores, words)
}
