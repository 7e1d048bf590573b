//! Primary-backup replication in the laboratory: what each acknowledgement loses at a fail-over, how the past is fenced off, and seeded fault plans.

mod faults;

use faults::{crash_recovery_plan, golden, linearizable_as, same_again, scenarios, survives};
use netsplit_algorithms::replication::primary_backup::{
    Acknowledgement, Config, EpochsOnlyGrow, NoAcknowledgedWriteLost, OnePrimaryPerEpoch, PrimaryBackup,
    Promotion,
};
use netsplit_check::spec::KeyValue;
use netsplit_node::{KeyValueResponse, Outcome, Value, ms, secs};
use netsplit_sim::{Call, Cluster, Keys, Lab, Latency, Traffic, Workload};

const ASYNCHRONOUS: Config = Config {
    acknowledgement: Acknowledgement::Asynchronous,
    promotion: Promotion::Alone,
    heartbeat_every: ms(20),
    fail_over_after: ms(100),
};
const SEMI_SYNCHRONOUS: Config = Config {
    acknowledgement: Acknowledgement::SemiSynchronous { backups: 1 },
    promotion: Promotion::WithConsent,
    ..ASYNCHRONOUS
};
const SYNCHRONOUS: Config = Config { acknowledgement: Acknowledgement::Synchronous, ..SEMI_SYNCHRONOUS };

fn stores(seed: u64, size: usize, config: Config) -> (Lab, Cluster<PrimaryBackup>) {
    let lab = Lab::new(seed);
    let stores = lab.cluster("store", size, move |_id| PrimaryBackup::new(config));
    stores.require(OnePrimaryPerEpoch::default());
    stores.require(EpochsOnlyGrow::default());
    if config.promotion == Promotion::WithConsent {
        stores.require(NoAcknowledgedWriteLost::default());
    }
    (lab, stores)
}

fn outcome(lab: &Lab, call: &Call<PrimaryBackup>) -> Option<Outcome<KeyValueResponse>> {
    lab.run_until(|| !call.is_pending(), secs(1));
    call.outcome()
}

fn read(value: Option<i64>) -> Option<Outcome<KeyValueResponse>> {
    Some(Outcome::Ok(KeyValueResponse::Value(value.map(Value::from))))
}

const STORED: Option<Outcome<KeyValueResponse>> = Some(Outcome::Ok(KeyValueResponse::Stored));

fn primaries(stores: &Cluster<PrimaryBackup>) -> Vec<usize> {
    (0..stores.size()).filter(|&index| stores.is_up(index) && stores.node(index).is_primary()).collect()
}

#[test]
fn a_client_waits_for_as_many_disks_as_was_chosen() {
    // Asynchronous: to the primary and back. Otherwise one round trip more; to the fastest backup, or to the slowest.
    for (config, time) in [(ASYNCHRONOUS, 20), (SEMI_SYNCHRONOUS, 40), (SYNCHRONOUS, 80)] {
        let (lab, stores) = stores(1, 3, config);
        lab.set_latency(Latency::Constant(ms(10)));
        lab.set_sync_time(ms(0));
        lab.set_link_latency(stores.nodes([0]), stores.nodes([2]), Latency::Constant(ms(50)));
        let put = stores.client_of(0).put("x", 1);
        assert_eq!(outcome(&lab, &put), STORED);
        assert_eq!(lab.now() - netsplit_node::Time::ZERO, ms(time), "{config:?}");
    }
}

#[test]
fn a_backup_refuses_and_names_the_primary() {
    // A definite failure: the client may ask elsewhere without fear of a double effect.
    let (lab, stores) = stores(2, 3, SEMI_SYNCHRONOUS);
    let put = stores.client_of(1).put("x", 1);
    assert_eq!(outcome(&lab, &put), Some(Outcome::Fail("not the primary; of epoch 0 that is n0".into())));
}

/// The primary is cut off from its backups while its client writes twice, then it crashes; then the next primary is asked.
fn fail_over_after_a_cut(config: Config) -> ([Option<Outcome<KeyValueResponse>>; 3], Lab) {
    let (lab, stores) = stores(3, 3, config);
    lab.set_latency(Latency::Constant(ms(5)));
    let ann = stores.client_of(0).named("ann");
    let before = outcome(&lab, &ann.put("x", 1));
    lab.run_for(ms(10));
    let cut = lab.partition([stores.nodes([0]), stores.nodes([1, 2])]);
    let during = ann.put("x", 2);
    lab.run_for(ms(50));
    stores.crash(0);
    lab.heal(cut);
    lab.run_until(|| primaries(&stores) == [1], secs(1));
    let after = outcome(&lab, &stores.client_of(1).named("bob").get("x"));
    ([before, during.outcome(), after], lab)
}

#[test]
fn an_asynchronous_fail_over_loses_what_was_acknowledged() {
    // x = 2 was acknowledged, and died with the only disk that had it. Semi-synchronously it is not acknowledged in the first place.
    let (told, lab) = fail_over_after_a_cut(ASYNCHRONOUS);
    assert_eq!(told, [STORED, STORED, read(Some(1))], "an acknowledged write is gone");
    golden("primary-backup-lost-write.txt", &lab.diagram().without_timers().without_disks().text());
    let (told, _) = fail_over_after_a_cut(SEMI_SYNCHRONOUS);
    assert_eq!(told, [STORED, None, read(Some(1))], "nothing was promised");
    let (told, _) = fail_over_after_a_cut(SYNCHRONOUS);
    assert_eq!(told, [STORED, None, None], "nothing is lost, and nobody is served until all are up again");
}

/// The primary is alive, but cut off from the others for `time`; two clients write, each on its side.
fn split(config: Config) -> (Lab, Cluster<PrimaryBackup>, [Option<Outcome<KeyValueResponse>>; 2]) {
    let (lab, stores) = stores(4, 3, config);
    let (ann, bob) = (stores.client_of(0).named("ann"), stores.client_of(1).named("bob"));
    outcome(&lab, &ann.put("x", 1));
    lab.run_for(ms(10));
    let cut = lab.partition([stores.nodes([0]), stores.nodes([1, 2])]);
    lab.run_until(|| stores.node(1).is_primary(), secs(1));
    assert_eq!(primaries(&stores), [0, 1], "two nodes take themselves for the primary, in two epochs");
    let writes = [ann.put("x", 2), bob.put("x", 3)];
    lab.run_for(ms(100));
    let told = writes.map(|write| write.outcome());
    lab.heal(cut);
    lab.run_for(secs(1));
    assert_eq!(primaries(&stores), [1], "the old primary has heard of the new epoch");
    assert!((0..3).all(|index| stores.node(index).data()["x"] == &Value::from(3)), "{stores:?}");
    (lab, stores, told)
}

#[test]
fn an_old_primary_is_fenced_off() {
    // Alone, both sides acknowledge, and the old one's write vanishes. With consent, the old primary finds no backup any more: whoever has
    // consented to epoch 1 refuses epoch 0.
    let (_, _, told) = split(ASYNCHRONOUS);
    assert_eq!(told, [STORED, STORED], "split brain");
    let (_, _, told) = split(SEMI_SYNCHRONOUS);
    assert_eq!(told, [None, STORED]);
}

#[test]
fn a_zombie_that_wakes_up_is_refused_and_steps_down() {
    // The primary is suspended, together with its network, and has not noticed: it goes on with the put that has just arrived. Its epoch is its
    // fencing token.
    let (lab, stores) = stores(5, 3, SEMI_SYNCHRONOUS);
    lab.set_latency(Latency::Constant(ms(5)));
    let ann = stores.client_of(0).named("ann").with_deadline(secs(1));
    assert_eq!(outcome(&lab, &ann.put("x", 1)), STORED);
    stores.pause(0, ms(400));
    let late = ann.put("x", 2);
    let cut = lab.partition([stores.nodes([0]), stores.nodes([1, 2])]);
    lab.run_for(ms(250));
    assert_eq!(outcome(&lab, &stores.client_of(1).named("bob").put("x", 3)), STORED);
    lab.run_until(|| stores.node(0).log().entries.len() == 2, secs(1));
    lab.heal(cut);
    let wakes_up = lab.now();
    lab.run_for(ms(30));
    assert_eq!(primaries(&stores), [1], "fenced");
    golden(
        "primary-backup-zombie.txt",
        &lab.diagram().without_timers().without_disks().since(wakes_up).text(),
    );
    lab.run_for(secs(1));
    assert_eq!(late.outcome(), Some(Outcome::Unknown), "nobody has told ann what became of it");
    assert_eq!(stores.node(0).data()["x"], &Value::from(3));
}

#[test]
fn synchronous_acknowledgement_stops_with_one_backup() {
    // The price of n disks: one that is down, and nobody can write. One of two suffices semi-synchronously.
    for (config, answered) in [(SYNCHRONOUS, None), (SEMI_SYNCHRONOUS, STORED)] {
        let (lab, stores) = stores(6, 3, config);
        stores.crash(2);
        let put = stores.client_of(0).put("x", 1);
        assert_eq!(outcome(&lab, &put), answered, "{config:?}");
    }
}

#[test]
fn a_new_primary_takes_the_newest_log_that_it_hears_of() {
    // Store 1 is next in turn, but it has not heard of the acknowledged write; store 2 has, and says so with its consent.
    let (lab, stores) = stores(7, 3, SEMI_SYNCHRONOUS);
    lab.set_latency(Latency::Constant(ms(5)));
    let cut = lab.partition([stores.nodes([0]), stores.nodes([1])]);
    assert_eq!(outcome(&lab, &stores.client_of(0).put("x", 1)), STORED);
    assert!(stores.node(1).log().entries.is_empty());
    stores.crash(0);
    lab.heal(cut);
    lab.run_until(|| stores.node(1).is_primary(), secs(1));
    assert_eq!(outcome(&lab, &stores.client_of(1).get("x")), read(Some(1)));
}

#[test]
fn a_primary_that_restarts_at_once_goes_on() {
    // Nobody has taken over meanwhile: same epoch, same log, and its backups are told again what they have.
    let (lab, stores) = stores(8, 3, SEMI_SYNCHRONOUS);
    outcome(&lab, &stores.client_of(0).put("x", 1));
    stores.crash(0);
    stores.restart(0);
    assert_eq!((primaries(&stores), stores.node(0).epoch()), (vec![0], 0));
    assert_eq!(outcome(&lab, &stores.client_of(0).get("x")), read(Some(1)));
}

#[test]
fn a_minority_promotes_nobody() {
    // With consent: the next in turn is alone, and asks until the cut heals.
    let (lab, stores) = stores(9, 3, SEMI_SYNCHRONOUS);
    lab.partition([stores.nodes([0, 2]), stores.nodes([1])]);
    lab.run_for(secs(5));
    assert_eq!(stores.inspect(1).role.as_deref(), Some("candidate"));
    assert_eq!(primaries(&stores), [0]);
    lab.lose(0.0, Traffic::all());
    assert_eq!(outcome(&lab, &stores.client_of(0).put("x", 1)), STORED);
}

/// The core that is healed is as small as the promise allows: enough to consent, and enough to acknowledge.
fn under_faults(seed: u64) -> Result<(), String> {
    let size = if seed.is_multiple_of(2) { 3 } else { 5 };
    let backups = 1 + (seed as usize / 2) % (size - 1);
    let config = Config { acknowledgement: Acknowledgement::SemiSynchronous { backups }, ..SEMI_SYNCHRONOUS };
    let (lab, stores) = stores(seed, size, config);
    scenarios::primaries(&lab, &stores, (backups + 1).max(size / 2 + 1).max(size - backups))
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(
        |seed| stores(seed, 3, SEMI_SYNCHRONOUS),
        |(lab, stores)| scenarios::primaries(lab, stores, 2),
    );
}

#[test]
fn two_thousand_fault_plans() {
    // One primary for each epoch, epochs that only grow, nothing acknowledged is lost, clients see one store; and a healed core answers.
    survives(2_000, under_faults);
}

#[test]
fn asynchronous_replication_is_not_linearizable() {
    // The same faults with promotion alone: what is not promised is not kept either. The invariants of epochs hold all the same.
    let violated = (0..50).filter(|&seed| {
        let (lab, stores) = stores(seed, 3, ASYNCHRONOUS);
        lab.keep_events(0);
        let workload = Workload::closed(6).thinking(ms(30)).with_deadline(ms(200)).at_most(100);
        stores.load(workload, Keys::uniform(2).reads_and_writes(0.5));
        lab.play(crash_recovery_plan(&lab, &stores, secs(1)));
        lab.run_for(secs(2));
        linearizable_as(KeyValue, &stores).is_err()
    });
    assert!(violated.count() >= 5);
}
