//! Two-phase commit in the laboratory: sentences of the book, the blocking that it is known for, and seeded fault plans.

mod faults;

use faults::{golden, same_again, scenarios, survives};
use netsplit_algorithms::commit::transaction::Committed;
use netsplit_algorithms::commit::two_phase_commit::{Config, Termination, TwoPhaseCommit};
use netsplit_algorithms::commit::{
    CommitNeedsAllVotes, Committer, Decision, DecisionsFinal, SameDecision, Transaction, TransactionId,
};
use netsplit_node::{NodeId, Outcome, hours, ms, secs};
use netsplit_sim::{Call, Cluster, FaultKind, Lab, Latency, Traffic};

const ALONE: Config =
    Config { vote_timeout: ms(100), inquire_every: ms(200), termination: Termination::AskCoordinator };
const COOPERATIVE: Config = Config { termination: Termination::Cooperative, ..ALONE };

fn banks(seed: u64, size: usize, config: Config) -> (Lab, Cluster<TwoPhaseCommit>) {
    let lab = Lab::new(seed);
    let banks = lab.cluster("bank", size, move |_id| TwoPhaseCommit::new(config));
    banks.require(SameDecision::default());
    banks.require(DecisionsFinal::default());
    banks.require(CommitNeedsAllVotes::default());
    (lab, banks)
}

/// A transaction that writes x = `value` at each of these banks.
fn write_x(banks: &Cluster<TwoPhaseCommit>, at: impl IntoIterator<Item = usize>, value: i64) -> Transaction {
    at.into_iter()
        .fold(Transaction::new(), |transaction, index| transaction.write(banks.id(index), "x", value))
}

fn outcome(lab: &Lab, call: &Call<TwoPhaseCommit>) -> Option<Outcome<Committed>> {
    lab.run_until(|| !call.is_pending(), secs(2));
    call.outcome()
}

fn failed(reason: &str) -> Option<Outcome<Committed>> {
    Some(Outcome::Fail(format!("aborted: {reason}")))
}

const COMMITTED: Option<Outcome<Committed>> = Some(Outcome::Ok(Committed));
const FIRST: TransactionId = TransactionId { coordinator: NodeId(0), number: 1 };

/// What each bank has decided on the first transaction of bank 0.
fn decisions(banks: &Cluster<TwoPhaseCommit>) -> Vec<Option<Decision>> {
    let decision = |index| banks.node(index).records().get(&FIRST).and_then(|record| record.decision);
    (0..banks.size()).map(decision).collect()
}

#[test]
fn a_transaction_that_all_vote_for_commits_everywhere() {
    // AC4, and the cost: three messages for each participant, and one for the client each way.
    let (lab, banks) = banks(1, 3, ALONE);
    let call = banks.client_of(0).named("ann").call(write_x(&banks, [1, 2], 5));
    assert_eq!(outcome(&lab, &call), COMMITTED);
    lab.run_for(secs(1));
    assert_eq!(lab.traffic().sent, 3 * 2 + 2);
    assert_eq!(
        [1, 2].map(|index| banks.node(index).store().read("x").cloned()),
        [(); 2].map(|()| Some(5.into()))
    );
    golden("2pc-commit.txt", &lab.diagram().without_timers().until(ms(100)).text());
}

#[test]
fn one_vote_against_aborts_it_everywhere() {
    // AC3: bank 2 has locked x for somebody else, whose coordinator is slow to decide; bank 1 forgets its part.
    let (lab, banks) = banks(2, 4, ALONE);
    lab.delay(ms(50), Traffic::all().from(banks.nodes([3])));
    let slow = banks.client_of(3).call(write_x(&banks, [2], 1));
    lab.run_until(|| banks.node(2).store().locked_by("x").is_some(), secs(1));
    let call = banks.client_of(0).call(write_x(&banks, [1, 2], 5));
    assert_eq!(outcome(&lab, &call), failed("n2 votes no"));
    assert_eq!(outcome(&lab, &slow), COMMITTED);
    assert_eq!(banks.node(1).store().read("x"), None);
    assert_eq!(decisions(&banks)[1], Some(Decision::Abort));
}

#[test]
fn a_participant_that_does_not_vote_in_time_aborts_it() {
    // Section 7.4, timeout actions: a coordinator that waits for votes can decide Abort.
    let (lab, banks) = banks(3, 3, ALONE);
    banks.crash(2);
    let call = banks.client_of(0).call(write_x(&banks, [1, 2], 5));
    assert_eq!(outcome(&lab, &call), failed("no vote in time from n2"));
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [Some(Decision::Abort), Some(Decision::Abort), None]);
}

#[test]
fn a_coordinator_that_dies_before_its_decision_blocks_the_participants() {
    // Section 7.4: two-phase commit is subject to blocking. Both have voted yes: an hour later they are still uncertain and hold their locks, even
    // though they can ask each other; the coordinator's recovery ends it.
    let (lab, banks) = banks(4, 4, COOPERATIVE);
    let client = banks.client_of(0).named("ann");
    client.call(write_x(&banks, [1, 2], 5));
    lab.run_until(|| [1, 2].iter().all(|&index| banks.node(index).waits()), secs(1));
    banks.crash(0);
    lab.run_for(ms(400));
    let picture = lab.diagram().only_named(["bank 0", "bank 1", "bank 2", "ann"]);
    golden("2pc-blocks.txt", &picture.text());
    lab.run_for(hours(1));
    assert_eq!(decisions(&banks), [None; 4]);
    assert_eq!(banks.inspect(1).role.as_deref(), Some("uncertain"));
    let other = banks.client_of(3).call(write_x(&banks, [1], 6));
    assert_eq!(outcome(&lab, &other), failed("n1 votes no"), "whoever needs the same key suffers with them");
    banks.restart(0);
    lab.run_for(secs(1));
    let abort = Some(Decision::Abort);
    assert_eq!(decisions(&banks), [abort, abort, abort, None]);
    let other = banks.client_of(3).call(write_x(&banks, [1], 7));
    assert_eq!(outcome(&lab, &other), COMMITTED, "the lock is free");
}

/// The coordinator has decided commit and told bank 1 alone; then it crashes.
fn half_told(config: Config) -> (Lab, Cluster<TwoPhaseCommit>) {
    let (lab, banks) = banks(5, 3, config);
    lab.set_latency(Latency::Constant(ms(5)));
    banks.client_of(0).named("ann").call(write_x(&banks, [1, 2], 5));
    lab.run_until(|| decisions(&banks)[0].is_some(), secs(1));
    lab.cut_one_way(banks.nodes([0]), banks.nodes([2]));
    lab.run_until(|| decisions(&banks)[1].is_some(), secs(1));
    banks.crash(0);
    (lab, banks)
}

#[test]
fn a_participant_that_knows_the_decision_tells_the_others() {
    // Section 7.4, the cooperative termination protocol: bank 2 learns from bank 1 what the coordinator could not tell it.
    let commit = Some(Decision::Commit);
    let (lab, banks) = half_told(COOPERATIVE);
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [commit; 3]);
    let (lab, banks) = half_told(ALONE);
    lab.run_for(hours(1));
    assert_eq!(decisions(&banks), [commit, commit, None], "without it, bank 2 waits for the coordinator");
}

#[test]
fn a_participant_that_has_not_voted_decides_abort_for_all() {
    // Section 7.4: a participant that has not voted can unilaterally decide Abort. The request never reaches bank 2, and the coordinator dies.
    let (lab, banks) = banks(6, 3, COOPERATIVE);
    lab.cut_one_way(banks.nodes([0]), banks.nodes([2]));
    banks.client_of(0).call(write_x(&banks, [1, 2], 5));
    lab.run_until(|| banks.node(1).waits(), secs(1));
    banks.crash(0);
    lab.run_for(secs(1));
    assert_eq!(decisions(&banks), [None, Some(Decision::Abort), Some(Decision::Abort)]);
}

#[test]
fn an_uncertain_participant_locks_its_keys_again_after_a_crash() {
    // Recovery: a yes in the log without a decision. It can still do what it has promised.
    let (lab, banks) = banks(7, 3, ALONE);
    lab.set_latency(Latency::Constant(ms(5)));
    let call = banks.client_of(0).call(write_x(&banks, [1, 2], 5));
    lab.run_until(|| banks.node(2).waits(), secs(1));
    lab.run_for(ms(2));
    banks.crash(2);
    lab.run_for(ms(50));
    assert_eq!(call.outcome(), COMMITTED, "its vote was on its way");
    banks.restart(2);
    assert_eq!(banks.node(2).store().locked_by("x"), Some(FIRST));
    lab.run_for(secs(1));
    assert_eq!(banks.node(2).store().read("x"), Some(&5.into()));
}

#[test]
fn a_coordinator_numbers_its_transactions_on_after_a_crash() {
    // The start record, even of a transaction that came to nothing: its number is never given to another.
    let (lab, banks) = banks(8, 3, ALONE);
    banks.client_of(0).call(write_x(&banks, [1, 2], 5));
    lab.run_until(|| banks.node(1).waits(), secs(1));
    banks.crash(0);
    banks.restart(0);
    let call = banks.client_of(0).call(write_x(&banks, [0], 6));
    assert_eq!(outcome(&lab, &call), COMMITTED);
    let numbers: Vec<u64> = banks.node(0).records().keys().map(|id| id.number).collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn a_stranger_is_refused() {
    // A transaction that names a node of another cluster definitely does nothing.
    let (lab, banks) = banks(9, 2, ALONE);
    let call = banks.client_of(0).call(Transaction::new().write(NodeId(7), "x", 1));
    assert!(
        matches!(outcome(&lab, &call), Some(Outcome::Fail(reason)) if reason.starts_with("n7 is no member"))
    );
}

fn under_faults(seed: u64) -> Result<(), String> {
    let config = if seed.is_multiple_of(2) { COOPERATIVE } else { ALONE };
    let (lab, banks) = banks(seed, 3 + (seed % 3) as usize, config);
    scenarios::transactions(&lab, &banks, &FaultKind::CRASH_RECOVERY)
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(
        |seed| banks(seed, 4, COOPERATIVE),
        |(lab, banks)| scenarios::transactions(lab, banks, &FaultKind::CRASH_RECOVERY),
    );
}

#[test]
fn two_thousand_fault_plans() {
    // AC1 to AC3 after every event, and AC5: when all failures are repaired, nobody stays in doubt.
    survives(2_000, under_faults);
}
