//! Three-phase commit in the laboratory: what it buys while only nodes fail, and what a partition does to it.

mod faults;

use faults::{golden, same_again, scenarios, survives};
use netsplit_algorithms::commit::three_phase_commit::{Config, State, ThreePhaseCommit};
use netsplit_algorithms::commit::transaction::Committed;
use netsplit_algorithms::commit::{
    CommitNeedsAllVotes, Committer, Decision, DecisionsFinal, SameDecision, Transaction, TransactionId,
};
use netsplit_node::{NodeId, Outcome, ms, secs};
use netsplit_sim::{Call, Cluster, FaultKind, Lab, Latency};

const CONFIG: Config = Config { timeout: ms(100) };
const FIRST: TransactionId = TransactionId { coordinator: NodeId(0), number: 1 };
const COMMITTED: Option<Outcome<Committed>> = Some(Outcome::Ok(Committed));
const COMMIT: Option<Decision> = Some(Decision::Commit);
const ABORT: Option<Decision> = Some(Decision::Abort);

fn banks(seed: u64, size: usize) -> (Lab, Cluster<ThreePhaseCommit>) {
    let lab = Lab::new(seed);
    let banks = lab.cluster("bank", size, |_id| ThreePhaseCommit::new(CONFIG));
    banks.require(SameDecision::default());
    banks.require(DecisionsFinal::default());
    banks.require(CommitNeedsAllVotes::default());
    (lab, banks)
}

/// Bank 0 coordinates x = 5 at all others; messages take 5 ms. Time has passed until `until` holds.
fn begun(
    lab: &Lab,
    banks: &Cluster<ThreePhaseCommit>,
    until: impl FnMut() -> bool,
) -> Call<ThreePhaseCommit> {
    lab.set_latency(Latency::Constant(ms(5)));
    let write = |transaction: Transaction, index| transaction.write(banks.id(index), "x", 5);
    let call = banks.client_of(0).named("ann").call((1..banks.size()).fold(Transaction::new(), write));
    assert!(lab.run_until(until, secs(1)), "it came that far");
    call
}

fn decisions(banks: &Cluster<ThreePhaseCommit>) -> Vec<Option<Decision>> {
    let decision = |index| banks.node(index).records().get(&FIRST).and_then(|record| record.decision);
    (0..banks.size()).map(decision).collect()
}

fn states(banks: &Cluster<ThreePhaseCommit>) -> Vec<Option<State>> {
    (0..banks.size()).map(|index| banks.node(index).state(FIRST)).collect()
}

#[test]
fn a_transaction_that_all_vote_for_commits_everywhere() {
    // AC4, and the cost: five messages for each participant instead of three, and one for the client each way.
    let (lab, banks) = banks(1, 3);
    let call = begun(&lab, &banks, || true);
    lab.run_for(secs(5));
    assert_eq!(call.outcome(), COMMITTED);
    assert_eq!(decisions(&banks), [COMMIT; 3]);
    assert_eq!(lab.traffic().sent, 5 * 2 + 2);
    golden("3pc-commit.txt", &lab.diagram().without_timers().until(ms(80)).text());
}

#[test]
fn survivors_of_a_coordinator_that_told_nobody_abort() {
    // TR3. Two-phase commit blocks at this point, for as long as the coordinator is down.
    let (lab, banks) = banks(2, 4);
    let uncertain = || (1..4).all(|index| banks.node(index).state(FIRST) == Some(State::Uncertain));
    begun(&lab, &banks, uncertain);
    banks.crash(0);
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [None, ABORT, ABORT, ABORT]);
    banks.restart(0);
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [ABORT; 4], "it asks before it decides anything");
}

#[test]
fn survivors_of_a_coordinator_that_told_one_commit() {
    // TR4: bank 1 is not even the first to take over; whoever does hears that somebody is committable, and tells the others before it commits.
    let (lab, banks) = banks(3, 4);
    let committable = || states(&banks)[0] == Some(State::Committable);
    begun(&lab, &banks, committable);
    lab.cut_one_way(banks.nodes([0]), banks.nodes([1, 3]));
    lab.run_until(|| states(&banks)[2] == Some(State::Committable), secs(1));
    banks.crash(0);
    lab.run_for(ms(5));
    lab.heal_all();
    assert_eq!(states(&banks)[3], Some(State::Uncertain));
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [None, COMMIT, COMMIT, COMMIT]);
    golden("3pc-the-survivors-commit.txt", &lab.diagram().without_disks().since(ms(20)).text());
}

#[test]
fn a_survivor_that_is_alone_decides() {
    // Non-blocking, to the last node: everybody else has crashed.
    let (lab, banks) = banks(4, 4);
    let uncertain = || (1..4).all(|index| banks.node(index).state(FIRST) == Some(State::Uncertain));
    begun(&lab, &banks, uncertain);
    [0, 1, 2].iter().for_each(|&index| banks.crash(index));
    lab.run_for(secs(2));
    assert_eq!(decisions(&banks)[3], ABORT);
    [0, 1, 2].iter().for_each(|&index| banks.restart(index));
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [ABORT; 4]);
}

#[test]
fn after_a_total_failure_all_must_come_back() {
    // Section 7.5, recovery: who has crashed may have forgotten that it was committable; so nobody decides before all are heard.
    let (lab, banks) = banks(5, 4);
    let committable = || (0..4).all(|index| banks.node(index).state(FIRST) == Some(State::Committable));
    begun(&lab, &banks, committable);
    (0..4).for_each(|index| banks.crash(index));
    [1, 2, 3].iter().for_each(|&index| banks.restart(index));
    lab.run_for(secs(5));
    assert_eq!(decisions(&banks), [None; 4], "the coordinator may have committed");
    banks.restart(0);
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [ABORT; 4], "it had not");
}

#[test]
fn under_a_partition_one_side_commits_and_the_other_aborts() {
    // The coordinator and bank 1 know that all have voted yes; banks 2 and 3 do not, and cannot be told. Each side takes the other for crashed,
    // and follows the rules: phase 2 goes on without those that are silent, and TR3 aborts. No node has crashed.
    let (lab, banks) = banks(6, 4);
    let committable = || states(&banks)[0] == Some(State::Committable);
    begun(&lab, &banks, committable);
    lab.partition([banks.nodes([0, 1]), banks.nodes([2, 3])]);
    let stopped = lab.try_run_for(secs(1)).expect_err("the sides decide differently").to_string();
    assert!(stopped.starts_with("AC1 SameDecision is violated"), "{stopped}");
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [COMMIT, COMMIT, ABORT, ABORT]);
    golden("3pc-partition.txt", &lab.diagram().without_disks().since(ms(20)).text());
}

#[test]
fn a_coordinator_that_wakes_up_late_finds_its_transaction_ended() {
    // It sleeps before it has read the votes; the others take it for crashed and abort. What waits in its inbox tells it so.
    let (lab, banks) = banks(7, 3);
    let voted = || (1..3).all(|index| banks.node(index).state(FIRST) == Some(State::Uncertain));
    let call = begun(&lab, &banks, voted);
    lab.run_for(ms(5));
    banks.pause(0, secs(2));
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [None, ABORT, ABORT]);
    let late = lab.try_run_for(secs(2));
    assert!(late.is_ok() && decisions(&banks) == [ABORT; 3], "its inbox had the news: {late:?}");
    assert!(matches!(call.outcome(), Some(Outcome::Fail(_))));
}

#[test]
fn a_coordinator_takes_no_part_itself() {
    // And a stranger is refused as well: both definitely do nothing.
    let (lab, banks) = banks(8, 2);
    for node in [0, 9] {
        let call = banks.client_of(0).call(Transaction::new().write(NodeId(node), "x", 1));
        lab.run_for(ms(10));
        assert!(matches!(call.outcome(), Some(Outcome::Fail(_))), "n{node}");
    }
}

fn under_crashes(seed: u64) -> Result<(), String> {
    let (lab, banks) = banks(seed, 3 + (seed % 3) as usize);
    scenarios::transactions(&lab, &banks, &[FaultKind::Crash, FaultKind::CrashMidStep])
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(
        |seed| banks(seed, 4),
        |(lab, banks)| scenarios::transactions(lab, banks, &[FaultKind::Crash]),
    );
}

#[test]
fn two_thousand_fault_plans() {
    // AC1 to AC3 after every event while only nodes fail, and AC5: when all are up again, nobody stays in doubt.
    survives(2_000, under_crashes);
}
