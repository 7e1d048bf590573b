//! Leases and fencing tokens: workers that write to a store under a lease, with clocks that drift, pauses, and crashes.

use netsplit_algorithms::replication::fencing_token::{
    FencedStore, Fencing, FencingToken, Request, SingleWriter, write,
};
use netsplit_algorithms::replication::lease::{Ask, Config, HeldLease, LeaseServer, Told};
use netsplit_node::{Address, Context, KeyValueResponse, Node, NodeId, Outcome, Random, Time, ms, ns, secs};
use netsplit_sim::{Cluster, Fault, FaultKind, Lab, Latency, Traffic};

use crate::faults::{plan_of, progress_seen_within, run_for, survives};

const CONFIG: Config = Config { length: ms(200), drift_ppm: 200 };

/// A worker that asks for the lease, and writes to the store while it believes that it has it.
#[derive(Clone, Debug)]
struct Worker {
    server: Address<LeaseServer>,
    store: Address<FencedStore>,
    config: Config,
    lease: Option<HeldLease>,
    /// What it believes: set with each write, and unset when the lease ends.
    believes: bool,
    written: u32,
}

#[derive(Clone, Debug)]
enum Message {
    Asked { at: Time, told: Outcome<Told> },
    Wrote(Outcome<KeyValueResponse>),
}

#[derive(Clone, Debug, PartialEq)]
enum Timer {
    Ask,
    Write,
    /// The lease has ended.
    End,
}

impl Node for Worker {
    type Message = Message;
    type Timer = Timer;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let (soon, later) = (ctx.random().between(ms(0), ms(50)), ctx.random().between(ms(1), ms(10)));
        ctx.set_timer(soon, Timer::Ask);
        ctx.set_timer(later, Timer::Write);
    }

    fn on_timer(&mut self, timer: Timer, ctx: &mut Context<Self>) {
        match timer {
            Timer::Ask => {
                let at = ctx.monotonic();
                let holder = ctx.id();
                ctx.call(self.server, Ask::Acquire { holder }, ms(50), move |told| Message::Asked {
                    at,
                    told,
                });
                ctx.set_timer(ms(70), Timer::Ask);
            }
            Timer::End => self.believes = false,
            Timer::Write => {
                self.believes = self.lease.is_some_and(|lease| lease.is_valid(ctx.monotonic()));
                if let Some(lease) = self.lease.filter(|_| self.believes) {
                    ctx.call(self.store, write(lease.token, "x", ctx.id().0 as i64), ms(50), Message::Wrote);
                }
                ctx.set_timer(ms(5), Timer::Write);
            }
        }
    }

    fn on_message(&mut self, _from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Asked { at, told: Outcome::Ok(Told::Granted { token }) } => {
                let lease = HeldLease::new(token, at, self.config);
                self.lease = Some(lease);
                ctx.set_timer(lease.left(ctx.monotonic()), Timer::End);
            }
            Message::Wrote(Outcome::Ok(_)) => self.written += 1,
            Message::Asked { .. } | Message::Wrote(_) => {}
        }
    }
}

struct World {
    lab: Lab,
    server: Cluster<LeaseServer>,
    store: Cluster<FencedStore>,
    workers: Cluster<Worker>,
}

/// A lease server, a store, and three workers, whose clocks drift as much as the bound allows.
fn world(seed: u64, fencing: Fencing) -> World {
    let lab = Lab::new(seed);
    let server = lab.cluster("locks", 1, |_id| LeaseServer::new(CONFIG));
    let store = lab.cluster("store", 1, move |_id| FencedStore::new(fencing));
    let (locks, files) = (server.address(0), store.address(0));
    let workers = lab.cluster("worker", 3, move |_id| Worker {
        server: locks,
        store: files,
        config: CONFIG,
        lease: None,
        believes: false,
        written: 0,
    });
    let mut random = Random::new(seed);
    for node in [server.nodes([0]), workers.nodes([0]), workers.nodes([1]), workers.nodes([2])] {
        let ppb = random.between(-ns(200_000), ns(200_000)).as_nanos();
        lab.inject(Fault::ClockDrift { nodes: node, ppb });
    }
    World { lab, server, store, workers }
}

#[test]
fn a_zombie_with_an_old_token_is_refused_unless_nobody_looks() {
    // The holder of token 42 is paused; 43 writes; 42 wakes up and goes on. What a store that does not look at tokens does with it.
    for (fencing, told, value) in [
        (Fencing::Checked, "Fail(token 42 is over: token 43 was here)", 43),
        (Fencing::Ignored, "Ok(stored)", 42),
    ] {
        let lab = Lab::new(1);
        let store = lab.cluster("store", 1, move |_id| FencedStore::new(fencing));
        let client = store.client_of(0);
        for token in [42, 43] {
            client.call(write(FencingToken(token), "x", token as i64));
            lab.run_for(secs(1));
        }
        let zombie = client.call(write(FencingToken(42), "x", 42));
        lab.run_for(secs(1));
        assert_eq!(zombie.outcome().map(|outcome| outcome.to_string()).as_deref(), Some(told));
        let request = netsplit_node::KeyValueRequest::Get { key: "x".into() };
        let read = client.call(Request { token: FencingToken(0), request });
        lab.run_for(secs(1));
        assert_eq!(format!("{read:?}"), format!("Ok({value})"));
    }
}

#[test]
fn a_store_remembers_the_highest_token_over_a_crash() {
    // Otherwise a restart lets the past in again.
    let lab = Lab::new(2);
    let store = lab.cluster("store", 1, |_id| FencedStore::new(Fencing::Checked));
    store.client_of(0).call(write(FencingToken(43), "x", 1));
    lab.run_for(secs(1));
    store.crash(0);
    store.restart(0);
    let late = store.client_of(0).call(write(FencingToken(42), "x", 2));
    lab.run_for(secs(1));
    assert!(matches!(late.outcome(), Some(Outcome::Fail(_))));
}

#[test]
fn a_server_that_restarts_gives_the_lease_to_nobody_before_it_has_ended() {
    // It does not know how long it was away: it waits the whole length once more. What was released is free at once.
    let lab = Lab::new(3);
    lab.set_latency(Latency::Constant(ms(1)));
    let server = lab.cluster("locks", 1, |_id| LeaseServer::new(CONFIG));
    let ask = |holder: u32| {
        let call = server.client_of(0).call(Ask::Acquire { holder: NodeId(holder) });
        lab.run_until(|| !call.is_pending(), secs(1));
        call.outcome().map(|outcome| outcome.to_string()).unwrap_or_default()
    };
    assert_eq!(ask(7), "Ok(granted, token 1)");
    lab.run_for(ms(150));
    server.crash(0);
    server.restart(0);
    lab.run_for(ms(150));
    assert_eq!(ask(8), "Ok(held by n7)", "300 ms after the grant, but 150 after the restart");
    lab.run_for(ms(100));
    assert_eq!(ask(8), "Ok(granted, token 2)");
    server.client_of(0).call(Ask::Release { token: FencingToken(1) });
    lab.run_for(ms(10));
    assert_eq!(ask(9), "Ok(held by n8)", "a late release of the lease before frees nothing");
    server.client_of(0).call(Ask::Release { token: FencingToken(2) });
    lab.run_for(ms(10));
    assert_eq!(ask(9), "Ok(granted, token 3)");
}

/// At no moment do two workers believe that they hold the lease, and act on it; pauses left out, since who is suspended believes what it believed.
fn one_holder(world: &World) {
    world.workers.always("OneHolder", |workers| {
        let believe = workers.iter().filter(|it| it.up && it.state.believes);
        believe
            .filter_map(|it| it.state.lease)
            .map(|lease| lease.token)
            .collect::<std::collections::BTreeSet<_>>()
            .len()
            <= 1
    });
}

/// Everything but pauses and slow nodes happens; then all are healed, and somebody must write.
fn under_faults(seed: u64) -> Result<(), String> {
    let world = world(seed, Fencing::Checked);
    one_holder(&world);
    go_on(&world, |kind| !matches!(kind, FaultKind::Pause | FaultKind::Slow))
}

/// The same with pauses, where only the store is asked who wrote.
fn with_pauses(seed: u64, fencing: Fencing) -> Result<(), String> {
    let world = world(seed, fencing);
    world.store.require(SingleWriter);
    // What is under way when the lease ends arrives late.
    world.lab.reorder(0.05, ms(400), Traffic::all().from(world.workers.all()).to(world.store.all()));
    go_on(&world, |_| true)
}

fn go_on(world: &World, kinds: impl Fn(&FaultKind) -> bool) -> Result<(), String> {
    let World { lab, server, store, workers } = world;
    lab.keep_events(0);
    lab.end_on_panic();
    let kinds: Vec<FaultKind> = FaultKind::CRASH_RECOVERY.into_iter().filter(kinds).collect();
    lab.play(plan_of(&kinds, lab, workers, secs(2)));
    lab.play(plan_of(&kinds, lab, server, secs(2)));
    run_for(lab, secs(2))?;
    lab.heal_core(workers.all().and(server.all()).and(store.all()));
    let before = store.node(0).accepted().len();
    progress_seen_within(lab, secs(20), || store.node(0).accepted().len() > before + 10)
}

#[test]
fn a_thousand_fault_plans_without_pauses_have_one_holder() {
    // Crashes, cuts, losses, and clocks that drift as much as is assumed: two workers never believe that the lease is theirs.
    survives(1_000, under_faults);
}

#[test]
fn a_thousand_fault_plans_with_pauses_have_one_writer() {
    // Whoever is suspended with the lease in hand acts when it is over; tokens keep it out of the store.
    survives(1_000, |seed| with_pauses(seed, Fencing::Checked));
}

#[test]
fn without_fencing_the_past_writes() {
    // The same runs with a store that ignores tokens: 24 of a hundred have a write of an old holder after one of a new one.
    let broken = (0..100).filter(|&seed| with_pauses(seed, Fencing::Ignored).is_err()).count();
    assert_eq!(broken, 24);
}

#[test]
fn clocks_that_drift_more_than_assumed_break_the_lease() {
    // A holder whose clock runs 20 % slow still acts when the server has given the lease to another.
    let two = (0..20).any(|seed| {
        let world = world(seed, Fencing::Checked);
        for index in 0..3 {
            world.lab.inject(Fault::ClockDrift { nodes: world.workers.nodes([index]), ppb: -500_000_000 });
        }
        one_holder(&world);
        world.lab.lose(0.3, Traffic::all().to(world.server.all()));
        world.lab.try_run_for(secs(5)).is_err()
    });
    assert!(two);
}
