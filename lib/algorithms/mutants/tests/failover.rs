//! Every mutant of the failover manager is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use netsplit_node::{NodeId, ms, secs};
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        /// Observers that miss the primary, each of which hears a candidate of its own.
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config {
                first: NodeId(100),
                candidates: subject::Candidates::First,
                suspect_after: ms(20),
                rest: ms(20),
            };
            let lab = Lab::new(seed);
            lab.keep_events(0);
            let size = 4 + (seed % 2) as usize;
            let observers = lab.cluster("observer", size, move |_id| subject::FailoverManager::new(config));
            observers.require(subject::OneAppointmentPerEpoch::default());
            lab.play(faults::crash_recovery_plan(&lab, &observers, secs(1)));
            let tell = || {
                for index in (0..size).filter(|&index| observers.is_up(index)) {
                    let from = NodeId(200 + index as u32);
                    observers.client_of(index).call(subject::Heartbeat { from, position: 0 });
                }
            };
            for _ in 0..100 {
                tell();
                faults::run_for(&lab, ms(10))?;
            }
            lab.heal_core(observers.all());
            let before = observers.node(0).appointed().epoch;
            for _ in 0..1_000 {
                if observers.node(0).appointed().epoch > before {
                    return Ok(());
                }
                tell();
                faults::run_for(&lab, ms(10))?;
            }
            Err("Progress is violated: nobody is appointed within 10 s after the healing".to_owned())
        }
    };
}

found! {
    failover, right netsplit_algorithms::replication::failover,
    votes_twice_in_an_epoch seed 0,
    half_is_enough seed 3,
    never_looks_again seed 0,
}
