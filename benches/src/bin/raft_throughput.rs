//! `raft/throughput`: five servers of Raft as the paper configures them, without faults, and fifty clients that read and write as fast
//! as they are answered.
//!
//! Prints the operations that were answered per second of real time, the median of several runs. Simulated, an operation of a client of a
//! follower takes six messages one after the other and a sync at each end.

use std::time::Instant;

use netsplit::consensus::raft::{Config, KeyValueStore, Raft};
use netsplit::{Keys, Lab, Workload, secs};
use netsplit_benches::game;

fn main() {
    game::print_median("operations/s", |_| {
        let lab = Lab::new(42);
        lab.keep_events(0);
        let raft = lab.cluster("raft", 5, |_id| Raft::<KeyValueStore>::new(Config::paper()));
        lab.run_for(secs(1));
        let load = raft.load(Workload::closed(50), Keys::uniform(1_000).reads_and_writes(0.5));
        let start = Instant::now();
        lab.run_for(secs(20));
        let took = start.elapsed().as_secs_f64();
        load.report().ok as f64 / took
    });
}
