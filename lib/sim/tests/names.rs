//! Names: who believes an old answer until when, who finds no name server, who is nearest, who is next.

mod common;

use common::{Witness, named_witnesses};
use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{
    Address, CallId, Context, Duration, Node, NodeId, Outcome, Service, Time, mins, ms, secs,
};
use netsplit_sim::{Call, Client, Cluster, Fault, Lab, Latency, Region, Workload};

/// How a call ended, within so long.
fn ends(lab: &Lab, call: &Call<Witness>, within: Duration) -> Option<Outcome<u64>> {
    lab.run_for(within);
    call.outcome()
}

/// Who has served how many.
fn served(cluster: &Cluster<Witness>) -> [u32; 5] {
    [0, 1, 2, 3, 4].map(|index| cluster.node(index).served)
}

/// A laboratory in which every message takes 1 ms, and a client of the name.
fn quiet() -> (Lab, Cluster<Witness>, netsplit_sim::Name<Witness>, Client<Witness>) {
    let (lab, cluster, name) = named_witnesses(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let ann = name.client().named("ann");
    (lab, cluster, name, ann)
}

#[test]
fn an_answer_is_believed_for_its_time_to_live_and_no_longer() {
    // Asked at 0 with a time to live of 50 ms: the old node until 50 ms, the new one from then on; who asks for the first time has the new one.
    let (lab, cluster, name, ann) = quiet();
    ann.call(1);
    lab.run_for(ms(10));
    name.point_to([2]);
    name.set_time_to_live(mins(10));
    let bob = name.client().named("bob");
    bob.call(1);
    assert_eq!(
        format!("{name:?}"),
        "w: witness 2\n  ann: witness 0 until 50ms, out of date\n  bob: witness 2 until 600.01s"
    );
    lab.run_for(ms(39));
    ann.call(1);
    lab.run_for(ms(5));
    assert_eq!(served(&cluster), [2, 0, 1, 0, 0]);
    assert_eq!(name.beliefs().len(), 1, "what is over is believed by nobody");
    ann.call(1);
    lab.run_for(ms(5));
    assert_eq!(served(&cluster), [2, 0, 2, 0, 0]);
    let told = lab.trace().to_string();
    for text in
        ["from now on w is witness 2, answers hold for 50ms", "ann notes: looks up w: witness 0, for 50ms"]
    {
        assert!(told.contains(text), "{text}: {told}");
    }
}

#[test]
fn a_stale_resolver_believes_for_ever_until_it_restarts() {
    // A client for ever; a node until it crashes; both at once again when the fault is over.
    #[derive(Clone, Debug)]
    struct Asker {
        shop: Address<Witness>,
        told: Vec<String>,
    }
    #[derive(Clone, Debug)]
    struct Told(Outcome<u64>);
    impl Node for Asker {
        type Message = Told;
        type Timer = ();
        fn on_start(&mut self, ctx: &mut Context<Self>) {
            ctx.set_timer(secs(1), ());
        }
        fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
            ctx.call(self.shop, 7, ms(100), Told);
            ctx.set_timer(secs(1), ());
        }
        fn on_message(&mut self, _from: NodeId, Told(outcome): Told, _ctx: &mut Context<Self>) {
            self.told.push(outcome.to_string());
        }
    }
    let (lab, cluster, name, ann) = quiet();
    let shop = name.address();
    let askers = lab.cluster("asker", 1, move |_| Asker { shop, told: Vec::new() });
    assert_eq!(format!("{shop:?}"), "name 0");
    let stale = lab.inject(Fault::DnsStale { nodes: askers.all().and(&ann), on: true });
    ann.call(1);
    lab.run_for(ms(1500));
    name.point_to([3]);
    ann.call(1);
    lab.run_for(secs(1));
    assert_eq!(served(&cluster), [4, 0, 0, 0, 0]);
    assert_eq!(askers.node(0).told, ["Ok(7)", "Ok(7)"]);
    assert!(format!("{name:?}").contains("asker 0: witness 0 for ever, out of date"), "{name:?}");
    askers.crash(0);
    askers.restart(0);
    lab.run_for(ms(1200));
    assert_eq!(served(&cluster), [4, 0, 0, 1, 0], "what it had looked up was in its memory");
    lab.undo(stale);
    ann.call(1);
    lab.run_for(ms(10));
    assert_eq!(served(&cluster), [4, 0, 0, 2, 0]);
}

#[test]
fn without_a_name_server_known_names_work_until_their_answer_is_over() {
    // Down, cut off, or behind a withdrawn route: the first call of a stranger fails for sure, a retry of one that had left is unknown.
    let (lab, cluster, name, ann) = quiet();
    name.served_by(cluster.nodes([3, 4]));
    assert_eq!(ends(&lab, &ann.call(1), ms(10)), Some(Outcome::Ok(1)));
    cluster.crash(3);
    lab.run_for(ms(50));
    assert_eq!(ends(&lab, &ann.call(2), ms(10)), Some(Outcome::Ok(2)), "one of two is enough");
    lab.isolate(cluster.nodes([4]));
    assert_eq!(ends(&lab, &ann.call(3), ms(10)), Some(Outcome::Ok(3)), "ann knows it");
    lab.run_for(ms(50));
    let call = ann.call(4);
    assert_eq!(ends(&lab, &call, ms(4999)), None);
    assert_eq!(ends(&lab, &call, ms(1)), Some(Outcome::Fail("cannot look up w".to_owned())));
    let hasty = name.client().with_deadline(ms(20)).with_retries(2);
    let call = hasty.call(5);
    assert_eq!(ends(&lab, &call, ms(60)), Some(Outcome::Fail("cannot look up w".to_owned())));
    lab.heal_all();
    let call = hasty.call(6);
    cluster.crash(0);
    lab.isolate(cluster.nodes([4]));
    assert_eq!(ends(&lab, &call, ms(200)), Some(Outcome::Unknown), "its first attempt had left");
    let told = lab.trace().to_string();
    assert_eq!(told.matches("cannot look up w: no name server answers").count(), 1 + 3);

    let (lab, cluster, name, ann) = quiet();
    lab.set_topology(common::networks(&cluster));
    name.served_by(cluster.nodes([0, 1]));
    lab.attach(&ann, "north");
    lab.inject(Fault::RouteWithdraw { network: "east".to_owned(), on: true });
    assert_eq!(ends(&lab, &ann.call(1), ms(50)), Some(Outcome::Ok(1)), "the routers do not know yet");
    lab.run_for(ms(100));
    assert_eq!(ends(&lab, &ann.call(1), secs(5)), Some(Outcome::Fail("cannot look up w".to_owned())));
}

#[test]
fn answers_come_in_turn_or_the_nearest_first_and_retries_take_the_next() {
    // Round robin shares callers out; GeoDNS gives each the nearest; where the first is down, the second attempt asks the second.
    let (lab, cluster, name, _) = quiet();
    name.point_to([0, 2, 4]);
    for _ in 0..6 {
        name.client().call(1);
    }
    lab.run_for(ms(10));
    assert_eq!(served(&cluster), [2, 0, 2, 0, 2]);
    cluster.crash(0);
    let callers: Vec<_> =
        (0..3).map(|_| name.client().with_deadline(ms(10)).with_retries(1).call(1)).collect();
    lab.run_for(ms(30));
    assert!(callers.iter().all(|call| call.outcome() == Some(Outcome::Ok(1))));
    name.load(Workload::closed(3).thinking(ms(10)).with_deadline(ms(10)).at_most(30), |_, number| number);
    lab.run_for(secs(5));
    assert!(served(&cluster)[2] > 10);

    let lab = Lab::new(1);
    let store = lab.cluster("store", 3, |_| EagerStore::default());
    let places = [Region::VIRGINIA, Region::IRELAND, Region::TOKYO];
    for (index, region) in places.into_iter().enumerate() {
        lab.place(store.nodes([index]), region);
    }
    let shop = store.dns("shop", [0, 1, 2], secs(60));
    shop.nearest_first();
    for region in [Region::CALIFORNIA, Region::at("Paris", 48.86, 2.35), Region::SINGAPORE] {
        let ann = shop.client();
        lab.place(&ann, region);
        ann.get("x");
    }
    let nearest: Vec<NodeId> = shop.beliefs().iter().map(|belief| belief.nodes[0]).collect();
    assert_eq!(nearest, [store.id(0), store.id(1), store.id(2)]);
}

#[test]
fn a_time_to_live_of_nothing_is_looked_up_each_time_and_names_are_one_of_a_kind() {
    // And what is no name, or stands for nothing, is refused.
    let (lab, cluster, name, ann) = quiet();
    name.set_time_to_live(ms(0));
    for index in [0, 1, 2, 3] {
        name.point_to([index]);
        ann.call(1);
    }
    lab.run_for(ms(10));
    assert_eq!(served(&cluster), [1, 1, 1, 1, 0]);
    assert_eq!((name.name(), lab.now()), ("w".to_owned(), Time::ZERO + ms(10)));
    type Refused<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let refused: [Refused<'_>; 6] = [
        ("there is a w already", Box::new(|| drop(cluster.dns("w", [0], ms(1))))),
        ("\"a shop\" is no name", Box::new(|| drop(cluster.dns("a shop", [0], ms(1))))),
        ("v would stand for nothing", Box::new(|| drop(cluster.dns("v", [], ms(1))))),
        ("a time to live cannot be -1ms", Box::new(|| drop(cluster.dns("v", [0], -ms(1))))),
        ("has no member 5", Box::new(|| name.point_to([5]))),
        ("n99 is not in this laboratory", Box::new(|| name.served_by(NodeId(99)))),
    ];
    for (sentence, action) in refused {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(action)).expect_err(sentence);
        let message = panic.downcast_ref::<String>().expect("a sentence");
        assert!(message.contains(sentence), "{message}");
    }
    let twin = lab.fork();
    twin.of(&name).point_to([4]);
    assert_ne!(format!("{:?}", twin.of(&name)), format!("{name:?}"));
    assert!(lab.verify_replay().holds());
}

/// How many of a thousand visits fail while one provider of name servers is down for 130 minutes, as Dyn was on 21 October 2016, by how
/// many providers there are and how long answers hold. Ten visitors come back every five minutes.
fn failed_visits(providers: usize, time_to_live: Duration) -> u64 {
    let lab = Lab::new(2016);
    lab.keep_events(0);
    let shop = lab.cluster("shop", 1, |_| EagerStore::default());
    let servers = lab.cluster("name server", 2, |_| Mute);
    let name = shop.dns("shop.example", [0], time_to_live);
    name.served_by(servers.nodes(0..providers));
    let visitors = Workload::closed(10).thinking(mins(5)).with_deadline(secs(10));
    let load = name.load(visitors, |_, _| netsplit_node::KeyValueRequest::Get { key: "x".to_owned() });
    lab.run_for(mins(60));
    let before = load.report();
    assert_eq!(before.fail + before.unknown, 0);
    servers.crash(0);
    lab.run_for(mins(130));
    let after = load.report();
    assert_eq!(after.unknown, 0, "who finds no name server knows that nothing happened");
    (after.fail * 1000) / (after.asked - before.asked)
}

#[test]
fn one_provider_and_a_short_time_to_live_take_a_site_off_the_net() {
    // With one provider nearly all visits fail once answers are over, with two or with answers that hold for a day none does.
    assert!(failed_visits(1, secs(60)) > 950, "{}", failed_visits(1, secs(60)));
    assert_eq!(failed_visits(2, secs(60)), 0);
    assert_eq!(failed_visits(1, secs(24 * 3600)), 0);
}

/// Answers nothing, so that connections stay open.
#[derive(Clone, Debug)]
struct Mute;

impl Node for Mute {
    type Message = ();
    type Timer = ();
}

impl Service for Mute {
    type Request = u64;
    type Response = ();
    fn on_request(&mut self, _call: CallId, _request: u64, _ctx: &mut Context<Self>) {}
}

#[test]
fn one_connection_too_many_is_refused_and_a_restart_frees_them() {
    // Two unanswered requests hold both connections; the third fails at once and never reaches the code.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let mute = lab.cluster("mute", 1, |_| Mute);
    lab.inject(Fault::ConnectionLimit { nodes: mute.all(), limit: 2 });
    let client = mute.client_of(0);
    let calls: Vec<_> = (0..3).map(|number| client.call(number)).collect();
    lab.run_for(ms(10));
    let refused = Outcome::Fail("connection refused: too many are open".to_owned());
    assert_eq!((calls[0].outcome(), calls[2].outcome()), (None, Some(refused)));
    assert_eq!(mute.history().operations[2].served.len(), 0);
    mute.crash(0);
    mute.restart(0);
    let call = client.call(3);
    lab.run_for(ms(10));
    assert!(call.is_pending());
}
