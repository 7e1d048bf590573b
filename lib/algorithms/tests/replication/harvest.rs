//! Harvest and yield: the same faults with several floors, what a slow shard costs, and seeded fault plans.

use std::collections::BTreeSet;

use netsplit_algorithms::replication::harvest::{
    Config, Harvest, Measured, Request, Response, SearchShard, add, search,
};
use netsplit_node::{Outcome, Random, ms, secs};
use netsplit_sim::{Cluster, Lab, Latency, Workload};

use crate::faults::{crash_recovery_plan, progress_within, run_for, same_again, survives};

fn shards(seed: u64, floor: u32) -> (Lab, Cluster<SearchShard>) {
    let config = Config { deadline: ms(50), floor: Harvest { heard: floor, of: 5 } };
    let lab = Lab::new(seed);
    let shards = lab.cluster("shard", 5, move |_id| SearchShard::new(config));
    (lab, shards)
}

/// Five shards with two documents each, of which the last is cut off while clients of the others search for five seconds.
fn four_of_five(floor: u32) -> Measured {
    let (lab, shards) = shards(1, floor);
    for number in 0..10 {
        shards.client_of(number % 5).call(add(&format!("tea {number}")));
    }
    lab.run_for(secs(1));
    lab.partition([shards.nodes(0..4), shards.nodes([4])]);
    let clients: Vec<_> = (0..4).map(|index| shards.client_of(index)).collect();
    for _ in 0..25 {
        clients.iter().for_each(|client| drop(client.call(search("tea"))));
        lab.run_for(ms(200));
    }
    Measured::of(&shards.history())
}

#[test]
fn a_cut_costs_harvest_or_yield_and_the_floor_says_which() {
    // Section 3: all or nothing gives up every answer for a fifth of the data; a floor of 4/5 gives up a fifth of every answer.
    let all_or_nothing = four_of_five(5);
    assert_eq!((all_or_nothing.asked, all_or_nothing.yields()), (100, 0.0));
    let most = four_of_five(4);
    assert_eq!((most.asked, most.yields()), (100, 1.0));
    assert!((most.harvest - 0.8).abs() < 1e-9, "{most:?}");
}

#[test]
fn a_slow_shard_costs_harvest_and_not_time() {
    // Four answer within 4 ms, the fifth takes 200 ms: the answer comes at the deadline, without it. With all in time it comes as soon as they have answered.
    for (slow, took, heard) in [(ms(100), ms(54), 4), (ms(2), ms(8), 5)] {
        let (lab, shards) = shards(2, 1);
        lab.set_latency(Latency::Constant(ms(2)));
        lab.set_link_latency(shards.nodes(0..4), shards.nodes([4]), Latency::Constant(slow));
        let began = lab.now();
        let found = shards.client_of(0).call(search("tea"));
        lab.run_until(|| !found.is_pending(), secs(1));
        assert_eq!(lab.now() - began, took);
        let harvest = Harvest { heard, of: 5 };
        assert_eq!(found.outcome(), Some(Outcome::Ok(Response::Found { hits: BTreeSet::new(), harvest })));
    }
}

#[test]
fn with_too_little_it_says_so() {
    // A definite failure with both numbers.
    let (lab, shards) = shards(3, 4);
    shards.crash(3);
    shards.crash(4);
    let found = shards.client_of(0).call(search("tea"));
    lab.run_for(ms(100));
    assert_eq!(found.outcome(), Some(Outcome::Fail("harvest 3/5, and 4/5 is the least".into())));
}

#[test]
fn shares_are_compared_exactly() {
    // As fractions: 2/3 is less than 4/5, and 4/5 is 8/10.
    let harvest = |heard, of| Harvest { heard, of };
    assert!(harvest(4, 5).reaches(harvest(8, 10)) && harvest(8, 10).reaches(harvest(4, 5)));
    assert!(!harvest(2, 3).reaches(harvest(4, 5)) && harvest(0, 5).reaches(harvest(0, 1)));
}

fn some_request(random: &mut Random, number: u64) -> Request {
    if random.below(3) == 0 { add(&format!("tea {number}")) } else { search("tea") }
}

/// What was added and acknowledged before a search began, at a shard that it heard, is found; nothing is found that nobody has.
fn under_faults((lab, shards): &(Lab, Cluster<SearchShard>)) -> Result<(), String> {
    lab.keep_events(0);
    lab.end_on_panic();
    let workload = Workload::closed(10).thinking(ms(10)).with_deadline(ms(300)).at_most(150);
    let load = shards.load(workload, some_request);
    lab.play(crash_recovery_plan(lab, shards, secs(1)));
    run_for(lab, secs(1))?;
    load.stop();
    lab.heal_core(shards.all());
    run_for(lab, secs(10))?;
    let last = shards.client_of(0).call(search("tea"));
    progress_within(lab, secs(1), || !last.is_pending())?;
    let kept: BTreeSet<String> = (0..5).flat_map(|index| shards.node(index).documents().clone()).collect();
    let added = shards
        .history()
        .iter()
        .filter_map(|it| match (&it.request, &it.outcome) {
            (Request::Add { document }, Some(Outcome::Ok(_))) => Some((it.returned, document.clone())),
            _ => None,
        })
        .collect::<Vec<_>>();
    for operation in &shards.history() {
        let Some(Outcome::Ok(Response::Found { hits, harvest })) = &operation.outcome else { continue };
        if !hits.is_subset(&kept) {
            return Err(format!("HonestHits is violated: {operation:?}"));
        }
        let before = |returned: &Option<_>| returned.is_some_and(|at| at < operation.invoked);
        let missing = added.iter().find(|(returned, document)| before(returned) && !hits.contains(document));
        if let Some((_, document)) = missing.filter(|_| harvest.heard == harvest.of) {
            return Err(format!("HonestHarvest is violated: all shards, and not {document}: {operation:?}"));
        }
        let waited = operation.returned.map(|returned| returned - operation.invoked);
        if harvest.heard < 2 || waited.is_none() {
            return Err(format!("Floor is violated: {operation:?}"));
        }
    }
    match last.outcome() {
        Some(Outcome::Ok(Response::Found { harvest, .. })) if harvest.share() == 1.0 => Ok(()),
        other => Err(format!("Progress is violated: after the healing {other:?}")),
    }
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(|seed| shards(seed, 2), under_faults);
}

#[test]
fn a_thousand_fault_plans() {
    // Every hit is real, a whole harvest is whole, nothing below the floor is given; and after the healing an answer is whole again.
    survives(1_000, |seed| under_faults(&shards(seed, 2)));
}
