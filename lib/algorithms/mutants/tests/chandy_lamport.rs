//! Every mutant of Chandy and Lamport's snapshot is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_node::{NodeId, ms};
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config { opening: 100, send_again_every: ms(50) };
            let lab = Lab::new(seed);
            let size = 2 + (seed % 3) as usize;
            let banks = lab.cluster("bank", size, move |_id| subject::Bank::new(config));
            banks.require(subject::Conservation);
            scenarios::without_crashes(&lab, &banks, |number| match number % 5 {
                0 => subject::Request::Snapshot,
                _ => subject::Request::Transfer {
                    to: NodeId((number * 7 % 5 % 3) as u32),
                    amount: number * 11 % 40,
                },
            })
        }
    };
}

found! {
    chandy_lamport, right netsplit_algorithms::clocks::chandy_lamport,
    channels_not_recorded seed 0,
    channels_recorded_after_the_marker seed 2,
    recorded_when_all_markers_are_there seed 0,
    channels_not_fifo seed 0,
    markers_on_one_channel seed 1,
}
