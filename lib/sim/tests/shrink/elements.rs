//! Every kind of thing that a run is made of can go, and none can go from what comes out: the promise, tried on real runs.

#[path = "../common/mod.rs"]
mod common;

use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{Context, Node, NodeId, ms, secs};
use netsplit_sim::{Counterexample, FaultPlan, Lab, Latency, MessageKey, Others, Schedule, Shrink, Traffic};

use crate::runs::{busy, linearizability};

/// Whether what comes out, with these lines of its schedule and this plan of its faults, still fails.
fn fails_with(small: &Counterexample, schedule: Schedule, left_out: Option<usize>) -> bool {
    let lab = Lab::new(small.lab().seed());
    lab.follow(schedule);
    let size = small.after.nodes;
    let store = lab.cluster("store", size, |_id| EagerStore::default());
    let mut clients = Vec::new();
    // The lines are those of the report: "client of n0", "n2 calls put k1 = 7", "lab.play(..)".
    for (number, (time, line)) in small.actions().iter().enumerate() {
        lab.run_for(*time - lab.now());
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["client", "of", node] => clients.push(store.client_of(node[1..].parse().unwrap())),
            [client, "calls", "put", key, "=", value] if Some(number) != left_out => {
                let client: usize = client[1..].parse().unwrap();
                clients[client - size].put(key, value.parse::<i64>().unwrap());
            }
            [client, "calls", "get", key] if Some(number) != left_out => {
                let client: usize = client[1..].parse().unwrap();
                clients[client - size].get(key);
            }
            _ if line.starts_with("lab.play(") && Some(number) != left_out => {
                let text = line["lab.play(\"".len()..line.len() - 2].replace("\\n", "\n");
                lab.play(text.parse::<FaultPlan>().unwrap());
            }
            _ => {}
        }
    }
    lab.run_for(netsplit_node::Time::ZERO + small.after.time - lab.now());
    !linearizability(&store).holds()
}

#[test]
fn no_single_element_can_be_left_out() {
    // Each message, each timer and each call of what comes out is left out once, by hand and not by the shrinker: it passes every time.
    for seed in 0..5 {
        let (lab, store) = busy(seed);
        let small = lab.shrink(|lab| linearizability(&lab.of(&store)));
        let schedule = small.schedule();
        assert!(fails_with(&small, schedule.clone(), None), "{small}");
        let keys: Vec<MessageKey> = schedule.messages.keys().copied().collect();
        assert!(keys.len() >= 4 && schedule.others == Others::Lost, "{small}");
        for key in keys {
            let mut without = schedule.clone();
            without.messages.remove(&key);
            assert!(!fails_with(&small, without, None), "without {key} it fails as well: {small}");
        }
        for (number, (_, line)) in small.actions().iter().enumerate() {
            let counts = line.contains(" calls ") || line.starts_with("lab.play");
            assert!(
                !counts || !fails_with(&small, schedule.clone(), Some(number)),
                "without {line}: {small}"
            );
        }
    }
}

#[test]
fn everything_that_can_be_done_to_a_world_can_be_left_out() {
    // Faults of every kind, routers, clocks, names, workloads, members that come and go: of all of it only two messages are left, which the
    // failure needs.
    for seed in 0..3 {
        let (lab, cluster, _) = common::scenario(seed);
        let small = lab.shrink(|lab| {
            let cluster = lab.of(&cluster);
            (0..cluster.size()).all(|index| cluster.node(index).heard.len() < 2)
        });
        assert!(small.before.faults > 5 && small.before.operations > 10, "seed {seed}: {}", small.before);
        assert!(small.is_minimal, "seed {seed}: {small}");
        assert_eq!(
            (small.after.messages, small.after.operations, small.after.faults),
            (2, 0, 0),
            "seed {seed}: {small}"
        );
        assert!(small.after.nodes <= 2, "seed {seed}: {small}");
        assert!(small.lab().verify_replay().holds());
    }
}

/// Says hello to the next when its timer runs out, after a time that it draws.
#[derive(Clone, Debug, Default)]
struct Caller {
    heard: u32,
}

impl Node for Caller {
    type Message = ();
    type Timer = &'static str;
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let wait = ctx.random().between(ms(5), ms(9));
        ctx.set_timer(wait, "call");
    }
    fn on_timer(&mut self, _: &'static str, ctx: &mut Context<Self>) {
        let peers = ctx.peers().len() as u64;
        let chosen = ctx.random().below(peers) as usize;
        if let Some(next) = ctx.peers().nth(chosen) {
            ctx.send(next, ());
        }
        ctx.set_timer(ms(5), "call");
    }
    fn on_message(&mut self, _from: NodeId, (): (), _ctx: &mut Context<Self>) {
        self.heard += 1;
    }
}

#[test]
fn timers_and_random_choices_can_go() {
    // Of all that callers do, two timers are left, at round times and in a short run.
    let lab = Lab::new(9);
    let callers = lab.cluster("caller", 6, |_id| Caller::default());
    callers.never("much was heard", |members| members.iter().any(|member| member.state.heard >= 2));
    let _ = lab.try_run_for(secs(1));
    let small = lab.shrink_violation("much was heard");
    let schedule = small.schedule();
    assert_eq!(small.after.messages, 2, "{small}");
    assert_eq!(schedule.timers.as_ref().map(Vec::len), Some(2), "{small}");
    assert!(schedule.choices.is_none() && small.after.time <= ms(20), "{small}");
}

#[test]
fn copies_and_changes_of_messages_go_where_they_are_not_needed() {
    // Two copies are needed where the failure is that something came twice, and not elsewhere.
    let twice = |needed: u32| {
        let lab = Lab::new(4);
        let callers = lab.cluster("caller", 2, |_id| Caller::default());
        callers.set_mutator(|(), _| {});
        lab.set_latency(Latency::Uniform(ms(1), ms(3)));
        lab.duplicate(1.0, Traffic::all());
        lab.corrupt(1.0, Traffic::all());
        callers.never("heard", move |members| members.iter().any(|member| member.state.heard >= needed));
        let _ = lab.try_run_for(ms(50));
        lab.shrink_violation("heard")
    };
    let (one, two) = (twice(1), twice(2));
    assert_eq!((one.after.messages, two.after.messages), (1, 2));
    let copies = |small: &Counterexample| -> Vec<usize> {
        small.schedule().messages.values().map(|delivery| delivery.after.len()).collect()
    };
    assert_eq!((copies(&one), copies(&two).iter().sum::<usize>()), (vec![1], 2), "{one}\n{two}");
    assert!(one.schedule().messages.values().all(|delivery| !delivery.corrupted), "{one}");
}

#[test]
fn plans_lose_entries_and_get_round() {
    // One of many crashes matters, at any time before the end, and for ever.
    let lab = Lab::new(2);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let plan: FaultPlan = "at 13ms for 5ms: crash nodes={n0}\nat 17ms for 21ms: isolate nodes={n1}\nevery 7ms: pause nodes={n2} time=1ms\n\
                           at 31ms for 4ms: crash nodes={n1,n2}"
        .parse()
        .unwrap();
    lab.play(plan);
    lab.run_for(ms(34));
    let down = |lab: &Lab| lab.of(&store).is_up(1);
    let small = Shrink::of(&lab).judged(down).unwrap();
    assert_eq!((small.after.faults, small.after.nodes), (1, 2), "{small}");
    let (_, line) = small.actions().pop().expect("a plan");
    assert!(line.contains("crash nodes={n1}") && !line.contains(" for "), "{small}");
    assert!(small.after.time <= ms(31), "{small}");
}

#[test]
fn what_only_changes_when_others_are_sent_can_go() {
    // A pause delays the answer by five milliseconds, and is not needed for it: without it the same message is sent at another time.
    let lab = Lab::new(1);
    let store = lab.cluster("store", 2, |_id| EagerStore::default());
    store.pause(0, ms(5));
    let put = store.client_of(0).put("x", 1);
    lab.run_for(ms(20));
    let small = lab.shrink(|lab| lab.of(&put).is_pending());
    assert_eq!((small.after.faults, small.after.messages, small.after.operations), (0, 2, 1), "{small}");
}
