//! Paxos in the laboratory: sentences of the paper, runs that teach something, and seeded fault plans.

mod faults;

use faults::{golden, linearizable_as, same_again, scenarios, survives};
use netsplit_algorithms::consensus::paxos::{
    Agreement, BackOff, Ballot, Chosen, ChosenStays, Config, Integrity, Paxos, PromisesKept, Propose,
    Validity,
};
use netsplit_check::spec::Specification;
use netsplit_node::{NodeId, Outcome, Time, Value, mins, ms, secs};
use netsplit_sim::{Call, Cluster, Lab, Latency, Traffic};

const POLITE: Config = Config { patience: ms(50), back_off: BackOff::Random { most: ms(100) } };

fn council(seed: u64, size: usize, config: Config) -> (Lab, Cluster<Paxos>) {
    let lab = Lab::new(seed);
    let council = lab.cluster("council", size, move |_id| Paxos::new(config));
    council.require(Agreement::default());
    council.require(Validity::default());
    council.require(Integrity::default());
    council.require(PromisesKept::default());
    council.require(ChosenStays::default());
    (lab, council)
}

fn outcome(lab: &Lab, call: &Call<Paxos>) -> Option<Outcome<Chosen>> {
    lab.run_until(|| !call.is_pending(), secs(2));
    call.outcome()
}

fn chosen(value: &str) -> Option<Outcome<Chosen>> {
    Some(Outcome::Ok(Chosen(value.into())))
}

fn ballot(round: u64, proposer: u32) -> Option<Ballot> {
    Some(Ballot { round, proposer: NodeId(proposer) })
}

#[test]
fn a_single_proposer_is_answered_after_two_round_trips() {
    // Section 2.2, the two phases without interference: prepare, promise, accept, accepted.
    let (lab, council) = council(1, 3, POLITE);
    lab.set_latency(Latency::Constant(ms(10)));
    lab.set_sync_time(ms(0));
    let call = council.client_of(0).named("ann").call(Propose("tea".into()));
    assert_eq!(outcome(&lab, &call), chosen("tea"));
    assert_eq!(lab.now() - Time::ZERO, ms(60), "to the node, two round trips, and back");
    lab.run_for(ms(40));
    let learned = [0, 1, 2].map(|index| council.node(index).learned().cloned());
    assert_eq!(learned, [(); 3].map(|()| Some(Value::from("tea"))), "every learner was told");
    golden("paxos-one-proposer.txt", &lab.diagram().without_timers().text());
}

#[test]
fn a_proposer_proposes_the_value_of_the_highest_ballot_that_it_hears_of() {
    // Section 2.2, phase 2a: "the value of the highest-numbered proposal among the responses". n0 gets "tea" accepted by itself alone;
    // n1 must not propose its own "milk".
    let (lab, council) = council(2, 3, POLITE);
    lab.set_latency(Latency::Constant(ms(5)));
    let tea = council.client_of(0).named("ann").call(Propose("tea".into()));
    lab.run_until(|| council.node(0).accepted().is_some(), secs(1));
    lab.run_for(ms(1));
    assert!(council.node(0).accepted().is_some() && tea.is_pending());
    let cut = lab.isolate(council.nodes([0]));
    lab.run_for(ms(10));
    lab.heal(cut);
    council.crash(2);
    let milk = council.client_of(1).named("bob").call(Propose("milk".into()));
    assert_eq!(outcome(&lab, &milk), chosen("tea"));
    golden("paxos-a-value-is-found.txt", &lab.diagram().without_timers().since(ms(15)).text());
}

#[test]
fn a_proposer_is_free_if_its_majority_has_accepted_nothing() {
    // Section 2.2, phase 2a: "or is any value if the responses reported no proposals". The one acceptor with "tea" is down.
    let (lab, council) = council(3, 3, POLITE);
    lab.set_latency(Latency::Constant(ms(5)));
    let tea = council.client_of(0).call(Propose("tea".into()));
    lab.run_until(|| council.node(0).accepted().is_some(), secs(1));
    let cut = lab.isolate(council.nodes([0]));
    lab.run_for(ms(10));
    council.crash(0);
    lab.heal(cut);
    let milk = council.client_of(1).call(Propose("milk".into()));
    assert_eq!(outcome(&lab, &milk), chosen("milk"));
    council.restart(0);
    let late = council.client_of(0).call(Propose("water".into()));
    assert_eq!(outcome(&lab, &late), chosen("milk"));
    assert!(tea.is_pending(), "its node has forgotten it");
}

#[test]
fn an_acceptor_remembers_its_promise_over_a_crash() {
    // Section 2.2: "an acceptor must remember this information even if it fails and then restarts".
    let (lab, council) = council(4, 3, POLITE);
    lab.set_latency(Latency::Constant(ms(5)));
    council.client_of(2).call(Propose("tea".into()));
    lab.run_until(|| council.node(0).promised() == ballot(1, 2), secs(1));
    lab.run_for(ms(2));
    council.crash(0);
    council.restart(0);
    assert_eq!(council.node(0).promised(), ballot(1, 2));
}

#[test]
fn a_proposer_never_uses_a_ballot_twice() {
    // Section 2.2: "different proposals have different numbers". A proposer that crashes between its phases begins above its old ballot.
    let (lab, council) = council(5, 3, POLITE);
    lab.set_latency(Latency::Constant(ms(5)));
    council.client_of(0).call(Propose("tea".into()));
    lab.run_until(|| council.node(1).promised() == ballot(1, 0), secs(1));
    council.crash(0);
    council.restart(0);
    council.client_of(0).call(Propose("milk".into()));
    lab.run_until(|| council.node(0).promised() > ballot(1, 0), secs(1));
    assert_eq!(council.node(0).promised(), ballot(2, 0));
}

#[test]
fn an_acceptor_accepts_nothing_below_its_promise() {
    // P1a: "iff it has not responded to a prepare request having a number greater than n". n0's 2a is late: both others have promised more
    // and accepted "milk" since.
    let (lab, council) = council(6, 3, Config { patience: ms(500), ..POLITE });
    lab.set_latency(Latency::Constant(ms(5)));
    let tea = council.client_of(0).call(Propose("tea".into()));
    lab.run_until(|| council.node(1).promised() == ballot(1, 0), secs(1));
    lab.run_for(ms(2));
    lab.delay(ms(100), Traffic::all().from(council.nodes([0])));
    lab.run_until(|| council.node(0).accepted().is_some(), secs(1));
    let milk = council.client_of(2).call(Propose("milk".into()));
    assert_eq!(outcome(&lab, &milk), chosen("milk"));
    lab.run_for(ms(150));
    let accepted = [1, 2].map(|index| council.node(index).accepted().map(|proposal| proposal.value.clone()));
    assert_eq!(accepted, [(); 2].map(|()| Some(Value::from("milk"))), "it refused the late 2a");
    assert_eq!(outcome(&lab, &tea), chosen("milk"));
}

#[test]
fn nothing_is_chosen_without_a_majority() {
    // Two of four are half, and no majority: nobody learns anything, and both sides are still undecided when the cut heals.
    let (lab, council) = council(7, 4, POLITE);
    let cut = lab.partition([council.nodes([0, 1]), council.nodes([2, 3])]);
    let calls =
        [(0, "tea"), (2, "milk")].map(|(at, value)| council.client_of(at).call(Propose(value.into())));
    lab.run_for(secs(5));
    assert!(calls.iter().all(Call::is_pending));
    lab.heal(cut);
    let outcomes = calls.map(|call| outcome(&lab, &call));
    assert!(outcomes[0].is_some() && outcomes[0] == outcomes[1], "{outcomes:?}");
}

/// Two proposers on a network where every message takes the same time.
fn duel(seed: u64, back_off: BackOff) -> (Lab, Cluster<Paxos>) {
    let (lab, council) = council(seed, 3, Config { patience: ms(500), back_off });
    lab.set_latency(Latency::Constant(ms(5)));
    lab.set_sync_time(ms(0));
    council.client_of(0).named("ann").call(Propose("tea".into()));
    lab.run_for(ms(8));
    council.client_of(2).named("bob").call(Propose("milk".into()));
    (lab, council)
}

#[test]
fn duelling_proposers_outbid_each_other_for_ever() {
    // Section 2.4: "it's easy to construct a scenario in which two proposers each keep issuing a sequence of proposals with increasing
    // numbers, none of which are ever chosen". Safety is not touched.
    let (lab, council) = duel(8, BackOff::Fixed(ms(1)));
    lab.run_for(mins(1));
    assert!((0..3).all(|index| council.node(index).learned().is_none()), "{council:?}");
    let rounds = council.node(1).promised().expect("it has promised many").round;
    assert!(rounds > 1_000, "{rounds}");
    golden("paxos-duel.txt", &duel_begins());
}

fn duel_begins() -> String {
    let (lab, _) = duel(8, BackOff::Fixed(ms(1)));
    lab.run_for(ms(43));
    lab.diagram().without_disks().text()
}

#[test]
fn duels_end_where_proposers_wait_for_random_times() {
    // The same duel with random pauses: it ends, for each of 200 seeds.
    let mut most_rounds = 0;
    for seed in 0..200 {
        let (lab, council) = duel(seed, BackOff::Random { most: ms(20) });
        let ended = lab.run_until(|| council.node(1).learned().is_some(), secs(10));
        assert!(ended, "seed {seed}");
        most_rounds = most_rounds.max(council.node(1).promised().map_or(0, |promised| promised.round));
    }
    assert!(most_rounds >= 4, "some of them were outbid again and again: {most_rounds}");
}

#[test]
fn a_learner_that_missed_the_value_finds_it_by_proposing() {
    // Section 2.3: "if a learner needs to know whether a value has been chosen, it can have a proposer issue a proposal".
    let (lab, council) = council(9, 3, POLITE);
    lab.lose(1.0, Traffic::all().to(council.nodes([2])).messages());
    let tea = council.client_of(0).call(Propose("tea".into()));
    assert_eq!(outcome(&lab, &tea), chosen("tea"));
    lab.heal_core(council.all());
    lab.run_for(secs(5));
    assert_eq!(council.node(2).learned(), None);
    let milk = council.client_of(2).call(Propose("milk".into()));
    assert_eq!(outcome(&lab, &milk), chosen("tea"));
}

/// Consensus, as one copy would do it: the first value that is proposed is everybody's answer.
struct Consensus;

impl Specification for Consensus {
    type State = Option<Value>;
    type Request = Propose;
    type Response = Chosen;

    fn init(&self) -> Option<Value> {
        None
    }

    fn step(
        &self,
        first: &Option<Value>,
        Propose(value): &Propose,
        told: Option<&Chosen>,
    ) -> Option<Option<Value>> {
        let chosen = first.as_ref().unwrap_or(value);
        told.is_none_or(|told| told.0 == *chosen).then(|| Some(chosen.clone()))
    }
}

fn under_faults(seed: u64) -> Result<(), String> {
    let (lab, council) = council(seed, 3 + (seed % 3) as usize, POLITE);
    scenarios::proposals(&lab, &council, |number| Propose(number.into()))?;
    linearizable_as(Consensus, &council)
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(
        |seed| council(seed, 4, POLITE),
        |(lab, council)| scenarios::proposals(lab, council, |number| Propose(number.into())),
    );
}

#[test]
fn two_thousand_fault_plans() {
    // At most one value, one that was proposed, promises kept; and a healed majority chooses.
    survives(2_000, under_faults);
}
