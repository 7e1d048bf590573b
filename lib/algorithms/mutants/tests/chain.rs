//! Every mutant of chain replication is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use netsplit_node::ms;
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config {
                servers: 3,
                heartbeat_every: ms(20),
                lease: ms(100),
                suspect_after: ms(150),
            };
            let lab = Lab::new(seed);
            let masters = lab.cluster("master", 1, move |_id| subject::ChainMaster::new(config));
            let master = masters.address(0);
            let servers = lab.cluster("server", 3, move |_id| subject::ChainServer::new(config, master));
            servers.require(subject::UpdatePropagation);
            servers.require(subject::NoAcknowledgedWriteLost::default());
            faults::chains::under_faults(&lab, &servers, &masters)
        }
    };
}

found! {
    chain, right netsplit_algorithms::replication::chain,
    head_answers_at_once seed 0,
    no_lease seed 21,
    new_tail_answers_too_soon seed 17,
    updates_of_any_chain seed 131,
    history_kept_by_who_joins seed 1,
    new_successor_not_told seed 0,
    acknowledged_before_the_disk seed 0,
    whole_by_hearsay seed 370,
}
