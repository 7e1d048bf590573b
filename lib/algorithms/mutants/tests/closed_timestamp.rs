//! Every mutant of closed timestamps is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_node::{Time, ms};
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config { close_after: ms(100), publish_every: ms(20) };
            let lab = Lab::new(seed);
            let stores = lab.cluster("store", 3, move |_id| subject::ClosedTimestampStore::new(config));
            stores.require(subject::ClosedStaysClosed::default());
            let request = |random: &mut netsplit_node::Random, number: u64| match random.below(3) {
                0 => subject::put("x", number as i64),
                1 => subject::read_closed("x"),
                _ => subject::read_at("x", Time::ZERO + ms(1_000) + ms(random.below(1_200) as i64)),
            };
            scenarios::closed_timestamps(&lab, &stores, request, subject::read_at)?;
            subject::snapshot_reads(&stores.history(), &stores.node(0))
        }
    };
}

found! {
    closed_timestamp, right netsplit_algorithms::clocks::closed_timestamp,
    clock_believed seed 0,
    answered_before_it_is_closed seed 1,
    read_without_closing seed 5,
}
