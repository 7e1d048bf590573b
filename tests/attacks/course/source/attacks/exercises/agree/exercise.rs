//! Three replicas agree on one of the values that were proposed.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::*;

pub fn exercise() -> Exercise {
    Exercise::new("agree", "One value for three", 10.0, Rule::SafetyGate)
        .service("Replica", "u64", "u64")
        .visible("one proposer", 1, |case| proposals(case, 1))
        .visible("three proposers", 2, |case| proposals(case, 3))
}

/// So many replicas are asked at about the same time.
pub fn proposals(case: &mut Case, proposers: usize) {
    let replicas = case.submitted::<u64, u64>("Replica").start(3);
    let proposed: Vec<u64> = (0..proposers).map(|_| case.random().next_u64()).collect();
    let calls: Vec<_> = proposed
        .iter()
        .enumerate()
        .map(|(index, value)| {
            replicas.client_of(index).with_deadline(secs(5)).call(*value)
        })
        .collect();
    case.lab().run_for(secs(10));
    let told: Vec<u64> = calls.iter().filter_map(|call| call.outcome()?.ok()).collect();
    case.safety("nobody is told another value", told.windows(2).all(|pair| pair[0] == pair[1]));
    case.safety("the value was proposed", told.iter().all(|value| proposed.contains(value)));
    case.liveness("everybody is told", told.len() == proposers);
}
