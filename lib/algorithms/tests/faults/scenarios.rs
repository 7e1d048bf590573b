//! Runs under seeded faults, one for each kind of protocol: load, faults, healing, progress. Generic over the nodes, so that the wrong variants of a
//! protocol go through the same runs (`lib/algorithms/mutants`).

use netsplit_algorithms::commit::Transaction;
use netsplit_algorithms::commit::transaction::Committed;
use netsplit_check::spec::KeyValue;
use netsplit_node::{
    KeyValueRequest, KeyValueResponse, NodeId, Outcome, Random, Service, Time, ms, ns, secs, us,
};
use netsplit_sim::{Call, Cluster, Fault, FaultKind, Keys, Lab, Latency, Workload};

use super::{crash_recovery_plan, linearizable_as, plan_of, progress_within, run_for};

/// No trace, and a node that panics ends the run.
fn prepare(lab: &Lab) {
    lab.keep_events(0);
    lab.end_on_panic();
}

/// Clients of all nodes read and write two keys; then a majority is healed, which must answer. Clients see one store.
pub fn registers<N>(lab: &Lab, registers: &Cluster<N>) -> Result<(), String>
where
    N: Service<Request = KeyValueRequest, Response = KeyValueResponse>,
{
    prepare(lab);
    let size = registers.size();
    let workload = Workload::closed(size as u32).thinking(ms(10)).with_deadline(ms(300)).at_most(80);
    registers.load(workload, Keys::uniform(2).reads_and_writes(0.5));
    lab.play(crash_recovery_plan(lab, registers, secs(1)));
    run_for(lab, secs(1))?;
    lab.heal_core(registers.nodes(0..size / 2 + 1));
    let last = registers.client_of(0).get("k0");
    progress_within(lab, secs(20), || !last.is_pending())?;
    linearizable_as(KeyValue, registers)
}

/// A write reaches one other node before its writer crashes; then a read meets this node, and after it crashed a second read does not. Returns what
/// the reads were told. `has_it` is whether a node has the second write.
pub fn two_reads_after_a_write_that_did_not_end<N>(
    lab: &Lab,
    registers: &Cluster<N>,
    has_it: fn(&N) -> bool,
) -> [Option<Outcome<KeyValueResponse>>; 2]
where
    N: Service<Request = KeyValueRequest, Response = KeyValueResponse>,
{
    let ended = |call: Call<N>| {
        lab.run_until(|| !call.is_pending(), secs(1));
        call.outcome()
    };
    lab.set_latency(Latency::Constant(ms(5)));
    let writer = registers.client_of(0).named("writer");
    writer.put("x", 1);
    lab.run_for(secs(1));
    writer.put("x", 2);
    lab.run_until(|| has_it(&registers.node(0)), secs(1));
    lab.partition([registers.nodes([0, 1]), registers.nodes([2, 3, 4])]);
    lab.run_until(|| has_it(&registers.node(1)), secs(1));
    lab.run_for(ms(1));
    registers.crash(0);
    lab.heal_all();
    let cut = lab.partition([registers.nodes([1, 2, 3]), registers.nodes([4])]);
    let first = ended(registers.client_of(2).named("ann").get("x"));
    registers.crash(1);
    lab.heal(cut);
    // What ends and what begins at one instant may overlap.
    lab.run_for(ms(1));
    let second = ended(registers.client_of(4).named("bob").get("x"));
    [first, second]
}

/// Clients of all nodes propose different values; then a majority is healed, which must choose one.
pub fn proposals<N: Service>(
    lab: &Lab,
    council: &Cluster<N>,
    propose: fn(i64) -> N::Request,
) -> Result<(), String> {
    prepare(lab);
    // Slow messages and frequent faults, so that most runs see several ballots before a value is chosen.
    lab.set_latency(Latency::Uniform(ms(2), ms(20)));
    let size = council.size();
    let workload = Workload::closed(size as u32).thinking(ms(30)).with_deadline(ms(300)).at_most(30);
    council.load(workload, move |_random, number| propose(number as i64));
    lab.play(crash_recovery_plan(lab, council, ms(400)));
    run_for(lab, ms(400))?;
    lab.heal_core(council.nodes(0..size / 2 + 1));
    let last = council.client_of(0).call(propose(-1));
    progress_within(lab, secs(20), || !last.is_pending())
}

/// Clients of all nodes send transactions; then all nodes are healed, and all transactions must end. `kinds` is what goes wrong.
pub fn transactions<N>(lab: &Lab, banks: &Cluster<N>, kinds: &[FaultKind]) -> Result<(), String>
where
    N: Service<Request = Transaction, Response = Committed>,
{
    prepare(lab);
    let size = banks.size();
    let nodes = banks.all().ids().to_vec();
    let workload = Workload::closed(size as u32).thinking(ms(20)).with_deadline(ms(300)).at_most(25);
    let load = banks.load(workload, move |random, number| some_transaction(&nodes, random, number));
    lab.play(plan_of(kinds, lab, banks, ms(500)));
    run_for(lab, ms(500))?;
    load.stop();
    lab.heal_core(banks.all());
    let idle = |index| banks.inspect(index).role.as_deref() == Some("idle");
    progress_within(lab, secs(30), || load.report().pending == 0 && (0..size).all(idle))
}

/// A transaction over one to three of these nodes and one of two keys.
fn some_transaction(nodes: &[NodeId], random: &mut Random, number: u64) -> Transaction {
    let mut nodes = nodes.to_vec();
    random.shuffle(&mut nodes);
    nodes.truncate(1 + random.below(3) as usize);
    let key = ["x", "y"][random.below(2) as usize];
    nodes
        .into_iter()
        .fold(Transaction::new(), |transaction, node| transaction.write(node, key, number as i64))
}

/// Clients of all members read and write two keys; then the first `core` members are healed, and a primary must answer. Clients see one store.
pub fn primaries<N>(lab: &Lab, stores: &Cluster<N>, core: usize) -> Result<(), String>
where
    N: Service<Request = KeyValueRequest, Response = KeyValueResponse>,
{
    prepare(lab);
    let workload =
        Workload::closed(2 * stores.size() as u32).thinking(ms(30)).with_deadline(ms(200)).at_most(150);
    let load = stores.load(workload, Keys::uniform(2).reads_and_writes(0.5));
    lab.play(crash_recovery_plan(lab, stores, secs(1)));
    run_for(lab, secs(1))?;
    load.stop();
    lab.heal_core(stores.nodes(0..core));
    a_primary_answers(lab, stores)?;
    linearizable_as(KeyValue, stores)
}

/// Within 30 seconds some primary answers somebody.
fn a_primary_answers<N>(lab: &Lab, stores: &Cluster<N>) -> Result<(), String>
where
    N: Service<Request = KeyValueRequest, Response = KeyValueResponse>,
{
    let is_primary = |&index: &usize| stores.inspect(index).role.as_deref() == Some("primary");
    for _ in 0..300 {
        let primaries = (0..stores.size()).filter(is_primary);
        let calls: Vec<_> = primaries.map(|index| stores.client_of(index).get("k0")).collect();
        run_for(lab, ms(100))?;
        if calls.iter().any(|call| matches!(call.outcome(), Some(Outcome::Ok(_)))) {
            return Ok(());
        }
    }
    Err(format!("Progress is violated: no primary answers after the healing\n{stores:?}"))
}

/// Clients of all members ask, while the network does what it likes and nodes pause, but none crashes; then all are healed, and all calls must end.
pub fn without_crashes<N: Service>(
    lab: &Lab,
    nodes: &Cluster<N>,
    request: fn(u64) -> N::Request,
) -> Result<(), String> {
    prepare(lab);
    let patience = secs(60);
    let workload = Workload::closed(nodes.size() as u32).thinking(ms(20)).with_deadline(patience).at_most(25);
    let load = nodes.load(workload, move |_random, number| request(number));
    let kinds = FaultKind::CRASH_RECOVERY
        .into_iter()
        .filter(|kind| !matches!(kind, FaultKind::Crash | FaultKind::CrashMidStep | FaultKind::Overload))
        .collect::<Vec<_>>();
    lab.play(plan_of(&kinds, lab, nodes, ms(500)));
    run_for(lab, ms(500))?;
    load.stop();
    lab.heal_core(nodes.all());
    // What was lost on the way to a node, or from it to its client, nobody sends again.
    let last: Vec<_> = (0..nodes.size()).map(|index| nodes.client_of(index).call(request(0))).collect();
    progress_within(lab, secs(30), || last.iter().all(|call| !call.is_pending()))
}

/// Clients of all shards ask, while shards crash and clocks drift within their bounds; then all are healed, and each shard must answer.
pub fn timestamps<N: Service>(
    lab: &Lab,
    shards: &Cluster<N>,
    request: fn(u64) -> N::Request,
) -> Result<(), String> {
    prepare(lab);
    lab.set_latency(Latency::Uniform(us(50), us(500)));
    lab.set_sync_time(us(50));
    // A clock does not show a time before the world began, however far it is behind.
    run_for(lab, secs(1))?;
    for index in 0..shards.size() {
        // As fast or slow as is assumed at most, and as far off as a poll may leave them that is right to 4 ms.
        let mut random = Random::stream(lab.seed(), &[index as u64]);
        let ppb = random.between(-ns(200_000), ns(200_000)).as_nanos();
        lab.inject(Fault::ClockDrift { nodes: shards.nodes([index]), ppb });
        let by = random.between(-us(3_900), us(3_900));
        lab.inject(Fault::ClockOffset { nodes: shards.nodes([index]), by });
    }
    let workload = Workload::closed(6).thinking(ms(3)).with_deadline(ms(200)).at_most(100);
    let load = shards.load(workload, move |_random, number| request(number));
    lab.play(crash_recovery_plan(lab, shards, ms(500)));
    run_for(lab, ms(500))?;
    load.stop();
    lab.heal_core(shards.all());
    let last: Vec<_> = (0..shards.size()).map(|index| shards.client_of(index).call(request(0))).collect();
    progress_within(lab, secs(20), || last.iter().all(|call| !call.is_pending()))
}

/// Clients of all replicas write and read at times around the present, while the leader's clock steps back and forth; then all are healed, and a follower must answer
/// of a time after the healing.
pub fn closed_timestamps<N: Service>(
    lab: &Lab,
    stores: &Cluster<N>,
    request: fn(&mut Random, u64) -> N::Request,
    read_at: fn(&str, Time) -> N::Request,
) -> Result<(), String> {
    prepare(lab);
    run_for(lab, secs(1))?;
    let workload = Workload::closed(9).thinking(ms(5)).with_deadline(ms(300)).at_most(300);
    let load = stores.load(workload, request);
    lab.play(crash_recovery_plan(lab, stores, secs(1)));
    for step in [-200, 300, -150, 50] {
        lab.inject(Fault::ClockOffset { nodes: stores.nodes([0]), by: ms(step) });
        run_for(lab, ms(250))?;
    }
    load.stop();
    lab.heal_core(stores.all());
    let last: Vec<_> = (0..stores.size())
        .map(|index| stores.client_of(index).call(read_at("x", lab.now() + ms(50))))
        .collect();
    progress_within(lab, secs(20), || last.iter().all(|call| !call.is_pending()))
}
