//! `sim/faults_on`: five nodes of Raft under a swarm nemesis with every kind of fault, clocks that are disciplined, and clients that ask.
//!
//! Prints million events per second, the median over five seeds.

use netsplit::consensus::raft::{Config, KeyValueStore, Raft};
use netsplit::{KeyValueRequest, Lab, Nemesis, Workload, ms, secs};
use netsplit_benches::game;

fn main() {
    game::print_median("million events/s", |seed| {
        let lab = Lab::new(seed as u64);
        lab.keep_events(0);
        let nodes = lab.cluster("raft", 5, |_id| Raft::<KeyValueStore>::new(Config::etcd()));
        lab.discipline_clocks(nodes.all(), secs(1), ms(1));
        let patient = Workload::closed(20).with_deadline(ms(100)).with_retries(2);
        nodes.load(patient, |random, number| {
            let key = format!("key {}", random.below(10));
            if random.below(2) == 0 {
                KeyValueRequest::Get { key }
            } else {
                KeyValueRequest::Put { key, value: (number as i64).into() }
            }
        });
        lab.play(Nemesis::swarm(nodes.all()).plan(seed as u64, secs(3600)));
        game::million_events_per_second(&lab, 60)
    });
}
