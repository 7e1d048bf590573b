//! Every mutant of fencing is found, by the property that it breaks.

mod hunt;

use netsplit_node::{Outcome, Random, ms};
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let (lab, mut random) = (Lab::new(seed), Random::new(seed));
            let store = lab.cluster("store", 1, |_id| subject::FencedStore::new(subject::Fencing::Checked));
            let (mut highest, mut newest_refused) = (0, 0);
            for _ in 0..60 {
                // Mostly the newest holder writes; at times one of the past, or a new one.
                let token = highest.max(1) + random.below(4) - random.below(4).min(highest.max(1));
                let key = ["x", "y"][random.below(2) as usize];
                let call = store.client_of(0).call(subject::write(subject::FencingToken(token), key, 1));
                lab.run_for(ms(10));
                match call.outcome() {
                    Some(Outcome::Ok(_)) if token < highest => {
                        return Err(format!("SingleWriter is violated: token {token} after {highest}"));
                    }
                    Some(Outcome::Ok(_)) => highest = token,
                    Some(Outcome::Fail(_)) if token >= highest => newest_refused += 1,
                    _ => {}
                }
                if random.chance(0.2) {
                    store.crash(0);
                    store.restart(0);
                }
            }
            match newest_refused {
                0 => Ok(()),
                times => Err(format!("Progress is violated: the newest holder was refused {times} times")),
            }
        }
    };
}

found! {
    fencing_token, right netsplit_algorithms::replication::fencing_token,
    compared_with_the_latest_of_the_key seed 0,
    forgotten_by_a_crash seed 0,
    every_write_needs_a_new_token seed 0,
}
