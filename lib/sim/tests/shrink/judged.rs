//! Who says what fails: properties by their names, judges, panics of judges; the same kind of failure; and what is refused.

use netsplit_algorithms::replication::EagerStore;
use netsplit_node::{Node, NodeId, ms, secs};
use netsplit_sim::{Keys, Lab, Shrink, ShrinkError, Workload};

use crate::runs::{busy, linearizability};

/// The keys that a store has.
fn keys(store: &EagerStore) -> Vec<String> {
    store.inspect().fields.into_iter().map(|(key, _)| key).collect()
}

/// Three stores, of which none may have so many keys.
fn filling() -> Lab {
    let lab = Lab::new(11);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    store.never("a store is full", |members| members.iter().any(|member| keys(member.state).len() >= 3));
    store.always("the keys are short", |members| {
        members.iter().all(|member| keys(member.state).iter().all(|key| key.len() < 3))
    });
    store.load(Workload::closed(2), Keys::uniform(12).reads_and_writes(0.7));
    while lab.now() - netsplit_node::Time::ZERO < secs(1) {
        let _ = lab.try_run_for(ms(10));
    }
    lab
}

#[test]
fn a_violated_property_is_asked_for_by_its_name() {
    // Three writes to three keys; or one of a long key. Each of the two is cut down to itself.
    let lab = filling();
    assert_eq!(lab.violations().len(), 2);
    let full = lab.shrink_violation("a store is full");
    assert!(full.after.operations == 3 && full.after.nodes <= 2 && full.after.messages <= 4, "{full}");
    assert_eq!(full.lab().violations()[0].property, "a store is full");
    let long = lab.shrink_violation("the keys are short");
    assert_eq!((long.after.operations, long.after.nodes, long.after.messages), (1, 1, 1), "{long}");
    assert!(long.failure.starts_with("the keys are short is violated at 1ms"), "{}", long.failure);
}

#[test]
fn another_failure_is_not_the_failure() {
    // The judge calls two things failures. The rarer is not exchanged for the one that any run shows.
    let (lab, store) = busy(1);
    let judge = |lab: &Lab| -> Result<(), String> {
        let store = lab.of(&store);
        if !linearizability(&store).holds() {
            return Err(format!("not linearizable: {} operations", store.history().len()));
        }
        Err(format!("boring: {} operations", store.history().len()))
    };
    let small = lab.shrink(judge);
    assert!(small.failure.starts_with("not linearizable: "), "{small}");
    assert!((2..=4).contains(&small.after.operations));
}

#[test]
fn a_judge_may_panic() {
    // What an assertion of a judge says is what fails; handles of what was left out make it another failure.
    let (lab, store) = busy(1);
    let small = lab.shrink(|lab| {
        let written = lab.of(&store).history().operations.iter().filter(|it| it.outcome.is_some()).count();
        assert!(written < 2, "too much was written: {written}");
    });
    assert_eq!((small.after.operations, small.after.messages), (2, 4), "{small}");
    assert!(small.failure.starts_with("too much was written: 2"), "{}", small.failure);
}

#[test]
fn what_a_judge_looks_at_is_not_left_out() {
    // A client whose handle the judge needs stays, and the handle still finds it, whatever number it has now.
    let lab = Lab::new(1);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let clients: Vec<_> = (0..6).map(|number| store.client_of(number % 3)).collect();
    let calls: Vec<_> = clients.iter().zip(0..).map(|(client, number)| client.put("x", number)).collect();
    lab.run_for(ms(10));
    let small = lab.shrink(|lab| {
        let (client, call) = (lab.of(&clients[4]), lab.of(&calls[4]));
        call.is_pending() || !format!("{client:?}").starts_with("client")
    });
    assert_eq!((small.after.operations, small.after.messages), (1, 2), "{small}");
    assert_eq!((clients[4].id(), small.lab().of(&clients[4]).id()), (NodeId(7), NodeId(1)), "{small}");
    assert!(small.actions().iter().any(|(_, action)| action.contains("put x = 4")), "{small}");
}

#[test]
fn what_does_not_fail_is_told_so() {
    // One sentence that says what was asked for.
    let lab = Lab::new(1);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    lab.run_for(ms(10));
    let refused = Shrink::of(&lab).judged(|lab| linearizability(&lab.of(&store))).unwrap_err();
    assert!(matches!(refused, ShrinkError::Passes { seed: 1, .. }), "{refused}");
    let refused = Shrink::of(&lab).violation("Sanity").unwrap_err().to_string();
    assert!(refused.contains("Sanity is not violated"), "{refused}");
    let refused = Shrink::of(&filling()).violation("Sanity").unwrap_err().to_string();
    assert!(refused.contains("violated: a store is full, the keys are short"), "{refused}");
}

#[test]
fn what_does_not_fail_again_is_told_so() {
    // A judge that looks at something that is not of the laboratory is of no use.
    let (lab, _) = busy(1);
    let mut looks = 0;
    let refused = Shrink::of(&lab).judged(|_| {
        looks += 1;
        looks > 1
    });
    assert!(matches!(refused, Err(ShrinkError::NotAgain { .. })), "{refused:?}");
}

#[test]
fn when_the_runs_are_used_up_it_says_so_and_still_fails() {
    // What it has come to by then is smaller, fails, and is not called minimal.
    let (lab, store) = busy(1);
    let small = Shrink::of(&lab).runs(12).judged(|lab| linearizability(&lab.of(&store))).unwrap();
    assert_eq!((small.runs, small.is_minimal), (12, false));
    assert!(small.to_string().contains("more of it may be left out: it ended after 12 runs"), "{small}");
    assert!(small.after.operations < small.before.operations);
    assert!(!linearizability(&small.lab().find("store")).holds());
}

#[test]
fn a_failing_run_of_a_sweep_is_run_again() {
    // The laboratory comes back as it was when the run failed, with its trace, and is cut down like any other.
    let unit = |lab: &Lab, clients: &u32| {
        let store = lab.cluster("store", 3, |_id| EagerStore::default());
        store.never("a store is full", |members| members.iter().any(|member| keys(member.state).len() >= 3));
        store.load(Workload::closed(*clients), Keys::uniform(3).reads_and_writes(0.7));
        lab.run_for(ms(30));
    };
    let report = Lab::sweep(0..10, [1_u32, 4]).run(unit);
    let failed = report.failures().next().expect("four clients fill it");
    let lab = failed.again(unit);
    assert!(failed.failure.as_ref().is_some_and(|text| text.starts_with("a store is full is violated")));
    let small = lab.shrink_violation("a store is full");
    assert_eq!((small.after.operations, small.after.messages), (3, 3), "{small}");
}
