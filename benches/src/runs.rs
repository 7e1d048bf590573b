//! Runs to draw.

use netsplit::consensus::raft::{Config, KeyValueStore, Raft};
use netsplit::{Keys, Lab, Trace, Workload, ms, secs};

/// The first `events` events of three servers of Raft with clients; a server is cut off and another crashes.
pub fn raft_with_faults(events: usize) -> Trace {
    let lab = Lab::new(42);
    lab.keep_events(events * 2);
    let raft = lab.cluster("raft", 3, |_id| Raft::<KeyValueStore>::new(Config::paper()));
    lab.run_for(ms(300));
    let _load = raft.load(Workload::closed(2), Keys::uniform(10).reads_and_writes(0.5));
    lab.run_for(ms(20));
    let cut = lab.partition([raft.nodes([0]), raft.nodes([1, 2])]);
    lab.run_for(ms(15));
    lab.heal(cut);
    raft.crash(2);
    lab.run_for(ms(100));
    raft.restart(2);
    while lab.events_handled() < events as u64 {
        lab.run_for(secs(1));
    }
    let mut trace = lab.trace();
    assert!(trace.events.len() >= events, "the run is long enough");
    trace.events.truncate(events);
    trace.until = trace.events.last().expect("there are events").time;
    trace
}
