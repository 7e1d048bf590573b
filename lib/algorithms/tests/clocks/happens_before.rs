//! Happens-before of traces.

use netsplit_algorithms::clocks::{Causality, HappensBefore};
use netsplit_algorithms::replication::EagerStore;
use netsplit_node::Trace;
use netsplit_node::trace::{EventId, EventKind};
use netsplit_node::{ms, secs};
use netsplit_sim::{Lab, Latency};

/// The events of a trace whose sentence has all these words.
fn events(trace: &Trace, words: &[&str]) -> Vec<EventId> {
    let has = |sentence: &str| words.iter().all(|word| sentence.contains(word));
    trace.events.iter().filter(|event| has(&trace.sentence(event))).map(|event| event.id).collect()
}

#[test]
fn a_trace_orders_what_clients_and_nodes_do() {
    // Ann's put reaches store 1 before bob asks there: it could have influenced what he learns. What store 2 does meanwhile is concurrent.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    let (ann, bob) = (store.client_of(0).named("ann"), store.client_of(1).named("bob"));
    ann.put("x", 1);
    lab.run_for(ms(10));
    bob.get("x");
    lab.run_for(secs(1));
    let trace = lab.trace();
    let order = HappensBefore::of(&trace);
    let put = events(&trace, &["ann begins"])[0];
    let learned = events(&trace, &["bob learns"])[0];
    let told = events(&trace, &["ann learns"])[0];
    let elsewhere = events(&trace, &["store 2 receives"])[0];
    assert_eq!(order.compare(put, learned), Causality::Before);
    assert_eq!(order.compare(put, elsewhere), Causality::Before);
    assert_eq!(order.compare(told, learned), Causality::Concurrent, "ann and bob have not spoken");
    assert_eq!(order.compare(elsewhere, learned), Causality::Concurrent);
}

#[test]
fn every_cause_of_a_trace_is_in_the_past_of_its_effect() {
    // The laboratory notes why each thing happened; happens-before has all of it, and more: the past of the node as well.
    let lab = Lab::new(2);
    let store = lab.cluster("store", 3, |_id| EagerStore::default());
    for number in 0..5 {
        store.client_of(number % 3).put("x", number as i64);
        lab.run_for(ms(2));
    }
    lab.run_for(secs(1));
    let trace = lab.trace();
    let order = HappensBefore::of(&trace);
    let mut causes = 0;
    for event in trace.events.iter().filter(|event| order.place(event.id).is_some()) {
        if let Some(cause) = event.cause.filter(|&cause| order.place(cause).is_some()) {
            causes += 1;
            assert!(order.before(cause, event.id), "{}", trace.sentence(event));
        }
        if let EventKind::Received { message, .. } = event.kind {
            assert!(order.before(message, event.id));
        }
    }
    assert!(causes > 20, "only {causes} causes");
}
