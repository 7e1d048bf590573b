//! An eager store answers every client at once from its own copy and tells the other replicas afterwards: the counter-example.
//!
//! - **Concept:** Eager store (replication without agreement)
//! - **Guarantees:** availability (liveness): a replica that is up answers every request in the same step, whatever the network does.
//!   Integrity (safety): a get returns nothing, or a value that somebody put under that key.
//! - **Does not guarantee:** linearizability, nor sequential or causal consistency: a get after an acknowledged put may miss it.
//!   Read your writes and monotonic reads, for a client that changes replicas. Eventual consistency (convergence): replicas may differ
//!   for ever, even without any fault. Durability: an acknowledged put dies with the one replica that had it.
//! - **Assumes:** only that nobody forges a message. Messages may be lost, doubled and reordered, replicas may crash; all of it shows.
//! - **Source:** Gray, Helland, O'Neil and Shasha, "The Dangers of Replication and a Solution", SIGMOD 1996, section 1
//! - **Differs:** the paper calls this *lazy* group replication (a write reaches the other replicas after its client was answered, and
//!   every replica takes writes) and "eager" its opposite; our name is about the answer. Left out is all that would repair it: versions
//!   or timestamps to settle conflicts, retransmission, anti-entropy, waiting for a quorum.
//! - **Chapter:** 04
//!
//! ```text
//! ann   put x = 1 ─┐ ┌─▶ stored
//! store 0 ─────────▼─┴──────────────────────────────▶     x = 1
//!                   ╲╲ write x = 1
//! store 1 ───────────▼─╲────────────────────────────▶     x = 1
//!                       ╳ partition: sent once, lost for good
//! store 2 ──────────────────▲─┬─────────────────────▶     x is nothing, also after the partition has healed
//! bob              get x ───┘ └─▶ nothing, although ann's put had ended before he asked
//! ```
//!
//! No fault is needed for copies to differ: when two clients put at the same time at two replicas, each replica applies its own write
//! first and the other's last, and they end up with each other's values.
//!
//! ```
//! use std::sync::Arc;
//! use netsplit_algorithms::replication::EagerStore;
//! use netsplit_node::{CallId, Context, Effect, KeyValueRequest, NodeId, Service, Slab, Step};
//!
//! let members: Arc<[NodeId]> = [NodeId(0), NodeId(1), NodeId(2)].into();
//! let (mut step, mut messages, mut timers) = (Step::new(), Slab::new(), Slab::new());
//! let mut ctx = Context::new(&mut step, &members, &mut messages, &mut timers);
//!
//! let mut store = EagerStore::default();
//! let put = KeyValueRequest::Put { key: "x".into(), value: 1.into() };
//! store.on_request(CallId(1), put, &mut ctx);
//!
//! // Everything happens in one step: two writes leave, and nobody waits for them before the client is answered.
//! assert!(matches!(step.effects()[..], [Effect::Send { .. }, Effect::Send { .. }, Effect::Reply { .. }]));
//! ```

use std::collections::BTreeMap;
use std::fmt;

use netsplit_node::{
    CallId, Context, Inspection, KeyValueRequest, KeyValueResponse, Node, NodeId, Service, Value,
};

/// What replicas send each other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// A client put `value` under `key` at the sender. Says neither when, nor what it replaced: the receiver cannot order it.
    Write {
        /// The key.
        key: String,
        /// The value that replaces whatever the receiver has.
        value: Value,
    },
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message::Write { key, value } = self;
        write!(f, "write {key} = {value:?}")
    }
}

/// A replica of a key-value store that coordinates with nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EagerStore {
    /// This replica's copy: for each key the value that arrived here last, from a client or a replica. Volatile: a crash loses it.
    copy: BTreeMap<String, Value>,
}

impl Node for EagerStore {
    type Message = Message;
    type Timer = ();

    fn on_message(&mut self, _from: NodeId, message: Message, _ctx: &mut Context<Self>) {
        match message {
            Message::Write { key, value } => self.apply(key, value),
        }
    }

    /// The copy, one field per key.
    fn inspect(&self) -> Inspection {
        if self.copy.is_empty() {
            return Inspection { text: Some("empty".to_owned()), ..Inspection::new() };
        }
        self.copy.iter().fold(Inspection::new(), |shown, (key, value)| shown.field(key, value))
    }
}

impl Service for EagerStore {
    type Request = KeyValueRequest;
    type Response = KeyValueResponse;

    fn on_request(&mut self, call: CallId, request: KeyValueRequest, ctx: &mut Context<Self>) {
        match request {
            KeyValueRequest::Get { key } => self.get(call, &key, ctx),
            KeyValueRequest::Put { key, value } => self.put(call, key, value, ctx),
        }
    }
}

impl EagerStore {
    /// Answers from this replica's copy, without asking whether another has a newer value.
    fn get(&self, call: CallId, key: &str, ctx: &mut Context<Self>) {
        ctx.reply(call, KeyValueResponse::Value(self.copy.get(key).cloned()));
    }

    /// Stores here, tells the other replicas once, and answers without waiting for any of them.
    fn put(&mut self, call: CallId, key: String, value: Value, ctx: &mut Context<Self>) {
        self.apply(key.clone(), value.clone());
        ctx.broadcast(Message::Write { key, value });
        ctx.reply(call, KeyValueResponse::Stored);
    }

    /// The last arrival wins, which is no rule at all: every replica has its own order of arrival.
    fn apply(&mut self, key: String, value: Value) {
        self.copy.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use netsplit_node::{Effect, Slab, Step};

    use super::*;

    /// Replicas and the messages between them; the test decides which message arrives next, if it arrives at all.
    #[derive(Clone, PartialEq, Eq)]
    struct World {
        replicas: Vec<EagerStore>,
        /// Receiver and message, in the order of sending.
        in_flight: Vec<(NodeId, Message)>,
    }

    impl World {
        fn new(replicas: usize) -> World {
            World { replicas: vec![EagerStore::default(); replicas], in_flight: Vec::new() }
        }

        /// Runs one handler at a replica, puts what it sends in flight, and returns its answer if it gave one.
        fn step(
            &mut self,
            at: usize,
            handler: impl FnOnce(&mut EagerStore, &mut Context<EagerStore>),
        ) -> Option<KeyValueResponse> {
            let members: Arc<[NodeId]> = (0..self.replicas.len() as u32).map(NodeId).collect();
            let (mut step, mut messages, mut timers) = (Step::new(), Slab::new(), Slab::new());
            step.node = members[at];
            let mut ctx = Context::new(&mut step, &members, &mut messages, &mut timers);
            handler(&mut self.replicas[at], &mut ctx);
            let mut answer = None;
            for effect in step.effects().drain(..) {
                match effect {
                    Effect::Send { to, message } => self.in_flight.push((to, messages.take(message))),
                    Effect::Reply(reply) if answer.is_none() => {
                        assert_eq!(reply.call, CallId(7));
                        let response = reply.outcome.ok().expect("an eager store never refuses");
                        answer = Some(*response.into_any().downcast().expect("a key-value response"));
                    }
                    _ => panic!("an eager store only sends, and answers its call once"),
                }
            }
            answer
        }

        fn put(&mut self, at: usize, key: &str, value: i64) -> Option<KeyValueResponse> {
            let request = KeyValueRequest::Put { key: key.into(), value: value.into() };
            self.step(at, |store, ctx| store.on_request(CallId(7), request, ctx))
        }

        fn get(&mut self, at: usize, key: &str) -> Option<KeyValueResponse> {
            let request = KeyValueRequest::Get { key: key.into() };
            self.step(at, |store, ctx| store.on_request(CallId(7), request, ctx))
        }

        /// Delivers the message at this place in `in_flight`.
        fn deliver(&mut self, index: usize) {
            let (to, message) = self.in_flight.remove(index);
            self.step(to.0 as usize, |store, ctx| store.on_message(NodeId(0), message, ctx));
        }

        fn copies(&self) -> Vec<String> {
            self.replicas.iter().map(|store| store.inspect().to_string()).collect()
        }
    }

    fn value(number: i64) -> Option<KeyValueResponse> {
        Some(KeyValueResponse::Value(Some(number.into())))
    }

    #[test]
    fn every_request_is_answered_in_its_own_step() {
        // Availability, its only merit: nothing has been delivered, and both clients have their answers.
        let mut world = World::new(3);
        assert_eq!(world.put(0, "x", 1), Some(KeyValueResponse::Stored));
        assert_eq!(world.get(0, "x"), value(1));
        assert_eq!(world.get(2, "x"), Some(KeyValueResponse::Value(None)));
    }

    #[test]
    fn a_put_is_sent_to_every_other_replica_and_not_passed_on() {
        // Two messages for two peers; a replica that receives a write sends nothing, or writes would circle for ever.
        let mut world = World::new(3);
        world.put(1, "x", 1);
        let receivers: Vec<NodeId> = world.in_flight.iter().map(|(to, _)| *to).collect();
        assert_eq!(receivers, [NodeId(0), NodeId(2)]);
        assert_eq!(format!("{:?}", world.in_flight[0].1), "write x = 1");
        world.deliver(0);
        world.deliver(0);
        assert!(world.in_flight.is_empty());
        assert_eq!(world.copies(), ["x: 1", "x: 1", "x: 1"]);
    }

    #[test]
    fn a_get_after_an_acknowledged_put_may_miss_it() {
        // Not linearizable: ann's put had ended before bob's get began.
        let mut world = World::new(3);
        assert_eq!(world.put(0, "x", 1), Some(KeyValueResponse::Stored));
        assert_eq!(world.get(2, "x"), Some(KeyValueResponse::Value(None)));
    }

    #[test]
    fn a_lost_write_is_lost_for_good() {
        // After the partition has healed nobody sends it again: there is nothing under way, and the copies differ.
        let mut world = World::new(2);
        world.put(0, "x", 1);
        world.in_flight.clear();
        assert_eq!(world.copies(), ["x: 1", "empty"]);
        world.put(1, "y", 2);
        world.deliver(0);
        assert_eq!(world.copies(), ["x: 1, y: 2", "y: 2"]);
    }

    #[test]
    fn concurrent_puts_never_converge_in_any_order_of_delivery() {
        // Every order in which the four writes of two concurrent puts can arrive, nothing lost: 20 states, 2 ends, all replicas equal in
        // none. Each of the two writers ends with the other's value.
        let mut start = World::new(3);
        start.put(0, "x", 1);
        start.put(1, "x", 2);
        let mut seen = vec![start.clone()];
        let (mut frontier, mut ends) = (vec![start], BTreeSet::new());
        while let Some(world) = frontier.pop() {
            if world.in_flight.is_empty() {
                ends.insert(world.copies());
            }
            for index in 0..world.in_flight.len() {
                let mut next = world.clone();
                next.deliver(index);
                if !seen.contains(&next) {
                    seen.push(next.clone());
                    frontier.push(next);
                }
            }
        }
        let ends: Vec<Vec<String>> = ends.into_iter().collect();
        assert_eq!(ends, [["x: 2", "x: 1", "x: 1"], ["x: 2", "x: 1", "x: 2"]]);
        assert_eq!(seen.len(), 20);
    }

    #[test]
    fn a_get_returns_only_what_was_put() {
        // Integrity, over random puts and deliveries with loss and duplication: no value from nowhere, none under another key.
        for seed in 0..100 {
            let mut random = netsplit_node::Random::new(seed);
            let mut world = World::new(3);
            let mut put = BTreeSet::new();
            for number in 0..60 {
                let (at, key) = (random.below(3) as usize, ["x", "y"][random.below(2) as usize]);
                match random.below(4) {
                    0 => {
                        put.insert((key, number));
                        world.put(at, key, number);
                    }
                    1 | 2 if !world.in_flight.is_empty() => {
                        let index = random.below(world.in_flight.len() as u64) as usize;
                        if random.chance(0.3) {
                            world.in_flight.push(world.in_flight[index].clone());
                        }
                        if random.chance(0.3) {
                            drop(world.in_flight.remove(index))
                        } else {
                            world.deliver(index)
                        }
                    }
                    _ => match world.get(at, key) {
                        Some(KeyValueResponse::Value(Some(Value::Number(got)))) => {
                            assert!(put.contains(&(key, got)), "seed {seed}: {key} was never {got}");
                        }
                        answer => assert_eq!(answer, Some(KeyValueResponse::Value(None)), "seed {seed}"),
                    },
                }
            }
        }
    }
}
