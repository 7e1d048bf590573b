//! `raft/throughput`: five nodes of Raft without faults on a network of 1 to 2 ms, 20 clients that put and get one after the other.
//!
//! Prints how many thousand operations of clients a second of real time simulates, the median of five seeds.

use std::time::Instant;

use netsplit::consensus::raft::{Config, KeyValueStore, Raft};
use netsplit::{KeyValueRequest, Lab, Workload, secs};
use netsplit_benches::game;

fn main() {
    game::print_median("thousand operations/s", |seed| {
        let lab = Lab::new(seed as u64);
        lab.keep_events(0);
        let nodes = lab.cluster("raft", 5, |_id| Raft::<KeyValueStore>::new(Config::etcd()));
        lab.run_for(secs(5));
        let load = nodes.load(Workload::closed(20), |random, number| {
            let key = format!("key {}", random.below(100));
            if random.below(2) == 0 {
                KeyValueRequest::Get { key }
            } else {
                KeyValueRequest::Put { key, value: (number as i64).into() }
            }
        });
        let start = Instant::now();
        lab.run_for(secs(20));
        let taken = start.elapsed().as_secs_f64();
        let answered = load.report().ok;
        assert!(answered > 1000, "a cluster without faults answers: {answered} operations in 20 s");
        answered as f64 / taken / 1e3
    });
}
