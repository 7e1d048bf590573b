//! The algorithms in the laboratory: what their essays promise, and what they warn of, with a network and crashes around them.

use std::collections::BTreeMap;

use netsplit_algorithms::clocks::{Causality, LamportClock, LamportTimestamp, VectorClock};
use netsplit_algorithms::idempotency::{
    Charge, DedupTable, IdempotencyKey, Receipt, Retention, Seen, WhenFull,
};
use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{CallId, Context, KeyValueResponse, Node, NodeId, Outcome, Service, hours, ms, secs};
use netsplit_sim::{Lab, Latency, Traffic};

fn nothing() -> Option<Outcome<KeyValueResponse>> {
    Some(Outcome::Ok(KeyValueResponse::Value(None)))
}

#[test]
fn an_eager_store_answers_both_sides_of_a_partition_and_never_recovers() {
    // Available and not linearizable: bob asks after ann's put has ended, and reads nothing, during the partition and ever after.
    let lab = Lab::new(42);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let (ann, bob) = (store.client_of(0), store.client_of(2));
    let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
    let put = ann.put("x", 1);
    lab.run_for(secs(1));
    assert_eq!(put.outcome(), Some(Outcome::Ok(KeyValueResponse::Stored)));
    let during = bob.get("x");
    assert!(put.returned() < Some(lab.now()), "the put had ended before the get began");
    lab.run_for(secs(1));
    assert_eq!(during.outcome(), nothing());
    lab.heal(cut);
    lab.run_for(hours(1));
    let after = bob.get("x");
    lab.run_for(secs(1));
    assert_eq!(after.outcome(), nothing());
    assert_ne!(store.node(0), store.node(2), "the replicas differ for ever");
}

#[test]
fn an_eager_store_diverges_without_any_fault() {
    // Two puts at the same time: each replica ends with the other's value, on a perfect network.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let store = lab.cluster("store", 2, |_id| EagerStore::default());
    let (ann, bob) = (store.client_of(0), store.client_of(1));
    ann.put("x", 1);
    bob.put("x", 2);
    lab.run_for(hours(1));
    assert_eq!([0, 1].map(|index| store.inspect(index).to_string()), ["x: 2", "x: 1"]);
}

/// A payment service whose bank takes a second to charge; with a table, or without.
#[derive(Clone, Debug)]
struct SlowTill {
    table: Option<DedupTable<Receipt>>,
    /// What was charged so far: the effect that must happen once per key.
    charged: Vec<IdempotencyKey>,
    /// The calls that wait for a charge in progress.
    waiting: BTreeMap<IdempotencyKey, Vec<CallId>>,
}

impl SlowTill {
    fn new(table: Option<DedupTable<Receipt>>) -> SlowTill {
        SlowTill { table, charged: Vec::new(), waiting: BTreeMap::new() }
    }

    fn times_charged(&self, key: &IdempotencyKey) -> usize {
        self.charged.iter().filter(|&charged| charged == key).count()
    }
}

impl Node for SlowTill {
    type Message = ();
    type Timer = (CallId, Charge);

    fn on_timer(&mut self, (_, charge): (CallId, Charge), ctx: &mut Context<Self>) {
        self.charged.push(charge.key.clone());
        let receipt = Receipt { number: self.charged.len() as u64, cents: charge.cents };
        if let Some(table) = &mut self.table {
            table.answer(&charge.key, receipt.clone(), ctx.now());
        }
        for call in self.waiting.remove(&charge.key).unwrap_or_default() {
            ctx.reply(call, receipt.clone());
        }
    }
}

impl Service for SlowTill {
    type Request = Charge;
    type Response = Receipt;

    fn on_request(&mut self, call: CallId, charge: Charge, ctx: &mut Context<Self>) {
        let seen = self.table.as_mut().map_or(Seen::New, |table| table.begin(&charge.key, ctx.now()));
        match seen {
            Seen::New => {
                self.waiting.entry(charge.key.clone()).or_default().push(call);
                ctx.set_timer(secs(1), (call, charge));
            }
            Seen::InProgress => self.waiting.entry(charge.key).or_default().push(call),
            Seen::Answered(receipt) => ctx.reply(call, receipt),
            Seen::Full => ctx.refuse(call, "too many charges at once"),
        }
    }
}

fn retention(when_full: WhenFull) -> Retention {
    Retention { time_to_live: secs(60), capacity: 100, when_full }
}

fn coffee(order: u64) -> Charge {
    Charge { key: IdempotencyKey::new(format!("order-{order}")), card: "4242".into(), cents: 350 }
}

/// Ten clients with one order each, over a network that loses and doubles, asking again every 700 ms: before the till is done, so
/// that attempts overlap. Returns how often each order was charged, and how many clients have a receipt.
fn ten_orders(seed: u64, with_table: bool) -> (Vec<usize>, usize) {
    let lab = Lab::new(seed);
    let tills = lab.cluster("till", 1, move |_id| {
        SlowTill::new(with_table.then(|| DedupTable::new(retention(WhenFull::RefuseNew))))
    });
    lab.lose(0.3, Traffic::all());
    lab.duplicate(0.2, Traffic::all());
    let calls: Vec<_> = (0..10)
        .map(|order| tills.client_of(0).with_deadline(ms(700)).with_retries(20).call(coffee(order)))
        .collect();
    lab.run_for(secs(30));
    let till = tills.node(0);
    let charged = (0..10).map(|order| till.times_charged(&coffee(order).key)).collect();
    (charged, calls.iter().filter(|call| matches!(call.outcome(), Some(Outcome::Ok(_)))).count())
}

#[test]
fn with_a_dedup_table_every_order_is_charged_once_and_every_client_gets_its_receipt() {
    // Safety and progress, over lost, doubled and overlapping attempts.
    for seed in 0..50 {
        assert_eq!(ten_orders(seed, true), (vec![1; 10], 10), "seed {seed}");
    }
}

#[test]
fn without_a_table_retries_charge_again() {
    // The same network and the same clients: what the table is for.
    let (charged, _) = ten_orders(0, false);
    assert!(charged.iter().filter(|&&times| times > 1).count() >= 5, "{charged:?}");
}

#[test]
fn a_retry_after_the_retention_is_charged_again() {
    // The promise ends with the time to live: 60 s after the answer nobody remembers.
    for (pause, times) in [(secs(55), 1), (secs(65), 2)] {
        let lab = Lab::new(3);
        let tills = lab
            .cluster("till", 1, |_id| SlowTill::new(Some(DedupTable::new(retention(WhenFull::RefuseNew)))));
        let client = tills.client_of(0);
        client.call(coffee(17));
        lab.run_for(secs(2));
        lab.run_for(pause);
        client.call(coffee(17));
        lab.run_for(secs(2));
        assert_eq!(tills.node(0).times_charged(&coffee(17).key), times, "after {pause}");
    }
}

/// Every event of a node, by both clocks; on a timer it writes to a random peer.
#[derive(Clone, Debug, Default)]
struct Chatter {
    lamport: LamportClock,
    vector: VectorClock,
    events: Vec<(LamportTimestamp, VectorClock)>,
}

impl Chatter {
    fn chat(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.id();
        let stamps = (self.lamport.send(me), self.vector.send(me));
        self.events.push(stamps.clone());
        let peers: Vec<NodeId> = ctx.peers().collect();
        let to = *ctx.random().pick(&peers).expect("a cluster of several");
        ctx.send(to, stamps);
        let pause = ctx.random().between(ms(1), ms(50));
        ctx.set_timer(pause, ());
    }
}

impl Node for Chatter {
    type Message = (LamportTimestamp, VectorClock);
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.chat(ctx);
    }

    fn on_message(&mut self, _from: NodeId, (time, vector): Self::Message, ctx: &mut Context<Self>) {
        let me = ctx.id();
        let stamps = (self.lamport.receive(me, time), self.vector.receive(me, &vector));
        self.events.push(stamps);
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.chat(ctx);
    }
}

#[test]
fn the_two_clocks_agree_on_a_lossy_network() {
    // What the vector clock calls a cause, the Lamport clock numbers lower; and the run has concurrent events, which only one sees.
    let lab = Lab::new(7);
    lab.lose(0.2, Traffic::all());
    lab.duplicate(0.2, Traffic::all());
    let chatters = lab.cluster("chatter", 4, |_id| Chatter::default());
    lab.run_for(secs(1));
    let events: Vec<_> = (0..4).flat_map(|index| chatters.node(index).events).collect();
    let (mut causes, mut concurrent) = (0, 0);
    for (a_time, a_vector) in &events {
        for (b_time, b_vector) in &events {
            match a_vector.compare(b_vector) {
                Causality::Before => {
                    causes += 1;
                    assert!(a_time.time < b_time.time, "{a_time} {a_vector} before {b_time} {b_vector}");
                }
                Causality::Concurrent => concurrent += 1,
                Causality::After | Causality::Equal => {}
            }
        }
    }
    assert!(causes > 1_000 && concurrent > 500, "{causes} causes, {concurrent} concurrent pairs");
}
