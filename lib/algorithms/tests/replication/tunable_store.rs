//! Partition policies: what each side of a cut does, what is left when it heals, and what the levels promise under seeded fault plans.

use netsplit_algorithms::clocks::VersionVector;
use netsplit_algorithms::replication::Level;
use netsplit_algorithms::replication::tunable_store::{
    Config, Policy, Request, Response, TunableStore, get, put,
};
use netsplit_node::{Duration, Outcome, Random, Value, ms, secs};
use netsplit_sim::explore::{Nodes, explore};
use netsplit_sim::{Call, Cluster, Lab, Latency, Workload};

use crate::faults::{crash_recovery_plan, golden, progress_seen_within, run_for, same_again, survives};

const CONFIG: Config =
    Config { policy: Policy::Refuse, patience: ms(200), ask_again_every: ms(40), exchange_every: ms(100) };

fn store(seed: u64, size: usize, policy: Policy) -> (Lab, Cluster<TunableStore>) {
    let lab = Lab::new(seed);
    let store = lab.cluster("store", size, move |_id| TunableStore::new(Config { policy, ..CONFIG }));
    (lab, store)
}

fn nothing_read() -> VersionVector {
    VersionVector::default()
}

fn told(lab: &Lab, call: &Call<TunableStore>) -> String {
    lab.run_until(|| !call.is_pending(), secs(1));
    call.outcome().map(|outcome| outcome.to_string()).unwrap_or_default()
}

/// What the cut leaves, by what a client on each side is told to a put and then to a get, and what all have in the end.
fn both_sides(policy: Policy) -> (Lab, [String; 4], Vec<String>) {
    let (lab, store) = store(1, 3, policy);
    lab.set_latency(Latency::Constant(ms(5)));
    let (ann, bob) = (store.client_of(0).named("ann"), store.client_of(1).named("bob"));
    told(&lab, &ann.call(put("x", 0, nothing_read(), Level::Quorum)));
    let context = store.node(0).siblings("x").context();
    lab.run_for(ms(200));
    let cut = lab.partition([store.nodes([0]), store.nodes([1, 2])]);
    let puts =
        [ann.call(put("x", 1, context.clone(), Level::One)), bob.call(put("x", 2, context, Level::One))];
    let [anns, bobs] = puts.each_ref().map(|call| told(&lab, call));
    let gets = [ann.call(get("x", Level::One)), bob.call(get("x", Level::One))];
    let [ann_read, bob_read] = gets.each_ref().map(|call| told(&lab, call));
    lab.heal(cut);
    lab.run_for(ms(400));
    let left =
        (0..3).map(|index| format!("{:?}", store.node(index).siblings("x").values().collect::<Vec<_>>()));
    let left = left.collect();
    (lab, [anns, bobs, ann_read, bob_read], left)
}

#[test]
fn one_side_must_err_or_lie() {
    // K1: with refusal the minority is told nothing but errors, and after the healing there is one value. K2: serving, both write, and there are two. Read-only, the minority reads what
    // was true before.
    let few = "Fail(1 of 2 replicas that this needs)".to_owned();
    let stored = |node: u32, number: u64| format!("Ok(stored as (n{node},{number}))");
    let (lab, told, left) = both_sides(Policy::Refuse);
    assert_eq!(told, [few.clone(), stored(1, 1), few.clone(), "Ok(2)".into()]);
    assert_eq!(left, ["[2]", "[2]", "[2]"]);
    golden("partition-refuse.txt", &lab.diagram().without_timers().without_disks().text());
    let (_, told, left) = both_sides(Policy::ReadOnly);
    assert_eq!(told, [few, stored(1, 1), "Ok(0)".into(), "Ok(2)".into()]);
    assert_eq!(left, ["[2]", "[2]", "[2]"]);
    let (lab, told, left) = both_sides(Policy::Serve);
    assert_eq!(told, [stored(0, 2), stored(1, 1), "Ok(1)".into(), "Ok(2)".into()]);
    assert_eq!(left, ["[1, 2]", "[1, 2]", "[1, 2]"]);
    golden("partition-serve.txt", &lab.diagram().without_timers().without_disks().text());
}

#[test]
fn two_sides_give_out_the_last_unit() {
    // Two cash machines, one account of 100: each side has read the balance and takes 80. Serving, both are paid, and the siblings tell of 160 that were never there; refusing, one is paid.
    for (policy, paid) in [(Policy::Serve, 2), (Policy::Refuse, 1)] {
        let (lab, store) = store(2, 3, policy);
        let ends = [store.client_of(0), store.client_of(2)];
        told(&lab, &ends[0].call(put("balance", 100, nothing_read(), Level::Quorum)));
        let context = store.node(0).siblings("balance").context();
        lab.run_for(ms(300));
        lab.partition([store.nodes([0]), store.nodes([1, 2])]);
        let takes = ends.map(|end| end.call(put("balance", 20, context.clone(), Level::One)));
        let stored = takes.iter().filter(|take| told(&lab, take).starts_with("Ok")).count();
        assert_eq!(stored, paid, "{policy:?}");
    }
}

#[test]
fn in_a_bridge_two_majorities_overlap() {
    // K3: 0 and 1 reach each other, 1 and 2 too, 0 and 2 do not. Both ends find a majority, and the one in the middle has seen both writes.
    let (lab, store) = store(3, 3, Policy::Refuse);
    lab.partition([store.nodes([0]), store.nodes([2])]);
    let puts = [0, 2]
        .map(|index| store.client_of(index).call(put("x", index as i64, nothing_read(), Level::Quorum)));
    assert!(puts.iter().all(|call| told(&lab, call).starts_with("Ok")));
    lab.run_for(secs(1));
    assert_eq!(store.node(1).siblings("x").values().count(), 2, "a conflict, and nobody has lost anything");
}

#[test]
fn a_policy_is_switched_while_the_cut_lasts() {
    // An operator sees the cut and lets the minority serve; from then on it answers.
    let (lab, store) = store(4, 3, Policy::Refuse);
    lab.partition([store.nodes([0]), store.nodes([1, 2])]);
    let ann = store.client_of(0);
    let ask = || told(&lab, &ann.call(put("x", 1, nothing_read(), Level::One)));
    assert!(ask().starts_with("Fail"));
    assert_eq!(told(&lab, &ann.call(Request::Switch(Policy::Serve))), "Ok(switched)");
    assert!(ask().starts_with("Ok"));
    assert_eq!(store.node(0).policy(), Policy::Serve);
}

/// The times of a put and a get at each level, between three replicas 40 ms apart: what consistency costs without any cut.
fn times(level: Level) -> [Duration; 2] {
    let (lab, store) = store(5, 3, Policy::Serve);
    lab.set_latency(Latency::Constant(ms(1)));
    lab.set_sync_time(Duration::ZERO);
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        lab.set_link_latency(store.nodes([one]), store.nodes([other]), Latency::Constant(ms(20)));
        lab.set_link_latency(store.nodes([other]), store.nodes([one]), Latency::Constant(ms(20)));
    }
    [put("x", 1, nothing_read(), level), get("x", level)].map(|request| {
        let begin = lab.now();
        let call = store.client_of(0).call(request);
        lab.run_until(|| !call.is_pending(), secs(1));
        lab.now() - begin
    })
}

#[test]
fn else_latency_or_consistency() {
    // PACELC without a partition: at One the nearest replica answers, at Quorum it takes two round trips to the next.
    assert_eq!(times(Level::One), [ms(2), ms(2)]);
    assert_eq!(times(Level::Quorum), [ms(82), ms(82)]);
    assert_eq!(times(Level::All), [ms(82), ms(82)]);
}

/// Clients that read, and that put without having read, at this level.
fn load(lab: &Lab, store: &Cluster<TunableStore>, level: Level) {
    let requests = move |random: &mut Random, number: u64| {
        let key = ["x", "y"][random.below(2) as usize];
        if random.chance(0.3) { get(key, level) } else { put(key, number as i64, nothing_read(), level) }
    };
    let workload =
        Workload::closed(2 * store.size() as u32).thinking(ms(20)).with_deadline(ms(400)).at_most(60);
    store.load(workload, requests);
    lab.play(crash_recovery_plan(lab, store, secs(1)));
}

/// Under every fault, at this level and policy; then all are healed, and become equal. What was acknowledged is there, and at Quorum every later read has it.
fn under_faults((lab, store): &(Lab, Cluster<TunableStore>), level: Level) -> Result<(), String> {
    lab.keep_events(0);
    lab.end_on_panic();
    load(lab, store, level);
    run_for(lab, secs(1))?;
    lab.heal_core(store.all());
    let alike = || (1..store.size()).all(|index| store.node(index).data() == store.node(0).data());
    run_for(lab, ms(500))?;
    progress_seen_within(lab, secs(30), alike)?;
    let last = store.client_of(0).call(get("x", Level::Quorum));
    progress_seen_within(lab, secs(5), || !last.is_pending())?;
    let history = store.history();
    for operation in &history {
        let Some(Outcome::Ok(Response::Stored { dot })) = operation.outcome else { continue };
        let Request::Put { key, value, .. } = &operation.request else { continue };
        let kept = store.node(0).siblings(key);
        if !dot.is_in(&kept.context()) {
            return Err(format!("NoAcknowledgedWriteLost is violated: {operation:?}"));
        }
        // Nobody has read anything here, so nobody has overwritten anything: an add that is lost is lost.
        if !kept.values().any(|it| it == value) {
            return Err(format!("NoLostAdd is violated: {value:?} is gone"));
        }
        for later in history.iter().filter(|later| operation.returned.is_some_and(|end| end < later.invoked))
        {
            if let (
                Request::Get { key: read, level: Level::Quorum },
                Some(Outcome::Ok(Response::Values { context, .. })),
            ) = (&later.request, &later.outcome)
                && level == Level::Quorum
                && read == key
                && !dot.is_in(context)
            {
                return Err(format!("ReadsSeeWrites is violated: {later:?} misses {dot:?}"));
            }
        }
    }
    Ok(())
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(|seed| store(seed, 3, Policy::Refuse), |world| under_faults(world, Level::Quorum));
}

#[test]
fn a_thousand_fault_plans_that_refuse() {
    // Majorities: nothing acknowledged is lost, every later read has it, and all become equal.
    survives(1_000, |seed| {
        under_faults(&store(seed, if seed.is_multiple_of(2) { 3 } else { 5 }, Policy::Refuse), Level::Quorum)
    });
}

#[test]
fn a_thousand_fault_plans_that_serve() {
    // At One, on every side of every cut: nothing acknowledged is lost, since it is on the disk of whoever acknowledged it, and all become equal.
    survives(1_000, |seed| under_faults(&store(seed, 3, Policy::Serve), Level::One));
}

#[test]
fn at_one_later_reads_miss_writes() {
    // Acknowledged by one, and read 50 ms too early at another.
    let missed = (0..50).filter(|&seed| {
        let (lab, store) = store(seed, 3, Policy::Serve);
        lab.set_link_latency(store.nodes([0]), store.nodes([1]), Latency::Constant(ms(50)));
        let writes = store.client_of(0).call(put("x", 1, nothing_read(), Level::One));
        told(&lab, &writes);
        let read = store.client_of(1).call(get("x", Level::One));
        told(&lab, &read) == "Ok(nothing)"
    });
    assert_eq!(missed.count(), 50);
}

#[test]
fn every_order_of_messages_keeps_what_was_acknowledged() {
    // Two replicas of three write concurrently at Quorum, with a crash anywhere: whoever was told that it is stored finds it at a majority.
    let nodes = Nodes::new(3, |_id| TunableStore::new(CONFIG)).crashes(1).fires(|_| false);
    let nodes = nodes
        .client([(0, put("x", 1, nothing_read(), Level::Quorum))])
        .client([(2, put("x", 2, nothing_read(), Level::Quorum))]);
    let found = explore(nodes)
        .always("what was acknowledged is at a majority", |nodes, world| {
            nodes.answers(world).all(|answer| match answer {
                Response::Stored { dot } => {
                    let have = |it: &&netsplit_node::Member<'_, TunableStore>| {
                        dot.is_in(&it.state.siblings("x").context())
                    };
                    nodes.members(world).iter().filter(have).count() >= 2
                }
                _ => true,
            })
        })
        .sometimes("siblings", |nodes, world| {
            nodes
                .members(world)
                .iter()
                .any(|it| it.state.siblings("x").values().collect::<Vec<&Value>>().len() == 2)
        })
        .run();
    assert_eq!((found.states, found.holds()), (82_636, true), "{found}");
}
