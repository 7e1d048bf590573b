//! Every mutant of commit wait is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_node::{Outcome, ms, secs};
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let lab = Lab::new(seed);
            let config = subject::Config { waiting: subject::Waiting::UntilPassed };
            let shards = lab.cluster("shard", 3, move |_id| subject::TimestampedShard::new(config));
            lab.discipline_clocks(shards.all(), secs(30), ms(4));
            scenarios::timestamps(&lab, &shards, |number| subject::put("x", number as i64))?;
            let history = shards.history();
            subject::external_consistency(&history)?;
            for operation in &history {
                if let Some(Outcome::Ok(subject::Response::Committed { at })) = &operation.outcome
                    && !(0..3).any(|index| shards.node(index).versions().contains_key(at))
                {
                    return Err(format!("NoAcknowledgedWriteLost is violated: {operation:?}"));
                }
            }
            Ok(())
        }
    };
}

found! {
    commit_wait, right netsplit_algorithms::clocks::commit_wait,
    earliest_for_latest seed 0,
    waits_for_its_own_clock seed 1,
    answered_before_the_disk seed 0,
}
