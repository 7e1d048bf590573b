//! Every mutant of the store with tunable consistency is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use netsplit_algorithms::clocks::VersionVector;
use netsplit_algorithms::replication::Level::Quorum;
use netsplit_node::{Outcome, Random, ms, secs};
use netsplit_sim::{Lab, Workload};

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config {
                policy: subject::Policy::Refuse,
                patience: ms(200),
                ask_again_every: ms(40),
                exchange_every: ms(100),
            };
            let lab = Lab::new(seed);
            lab.keep_events(0);
            let store = lab.cluster("store", 3, move |_id| subject::TunableStore::new(config));
            let requests = move |random: &mut Random, number: u64| {
                if random.chance(0.4) {
                    subject::get("x", Quorum)
                } else {
                    subject::put("x", number as i64, VersionVector::default(), Quorum)
                }
            };
            store.load(Workload::closed(6).thinking(ms(20)).with_deadline(ms(400)).at_most(60), requests);
            lab.play(faults::crash_recovery_plan(&lab, &store, secs(1)));
            faults::run_for(&lab, secs(1))?;
            lab.heal_core(store.all());
            faults::run_for(&lab, secs(3))?;
            let (history, kept) = (store.history(), store.node(0).siblings("x"));
            for operation in &history {
                let Some(Outcome::Ok(subject::Response::Stored { dot })) = operation.outcome else {
                    continue;
                };
                let subject::Request::Put { value, .. } = &operation.request else { continue };
                for later in
                    history.iter().filter(|it| operation.returned.is_some_and(|end| end < it.invoked))
                {
                    if let Some(Outcome::Ok(subject::Response::Values { context, .. })) = &later.outcome
                        && !dot.is_in(context)
                    {
                        return Err(format!("ReadsSeeWrites is violated: {later:?} misses {dot:?}"));
                    }
                }
                if !dot.is_in(&kept.context()) {
                    return Err(format!("NoAcknowledgedWriteLost is violated: {operation:?}"));
                }
                if !kept.values().any(|it| it == value) {
                    return Err(format!("NoLostAdd is violated: {value:?} is gone"));
                }
            }
            Ok(())
        }
    };
}

found! {
    tunable_store, right netsplit_algorithms::replication::tunable_store,
    what_was_found_is_dropped seed 6,
    one_has_it_is_enough seed 33,
    the_other_copy_wins seed 46,
    acknowledged_before_the_disk seed 42,
    blind_writes_overwrite seed 0,
}
