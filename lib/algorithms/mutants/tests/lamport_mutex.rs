//! Every mutant of Lamport's mutual exclusion is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_node::ms;
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config { send_again_every: ms(50) };
            let lab = Lab::new(seed);
            let size = 2 + (seed % 3) as usize;
            let printers = lab.cluster("printer", size, move |_id| subject::LamportMutex::new(config));
            printers.require(subject::MutualExclusion);
            printers.require(subject::GrantedInOrder::default());
            scenarios::without_crashes(&lab, &printers, |number| subject::Work {
                time: ms(number as i64 % 7),
            })
        }
    };
}

found! {
    lamport_mutex, right netsplit_algorithms::clocks::lamport_mutex,
    enters_without_hearing_all seed 7,
    anything_heard_will_do seed 15,
    clock_not_moved_by_receipts seed 2,
    not_in_order seed 9,
}
