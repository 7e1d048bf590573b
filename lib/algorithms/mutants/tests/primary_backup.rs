//! Every mutant of primary-backup replication is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_node::ms;
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let size = if seed.is_multiple_of(2) { 3 } else { 5 };
            let backups = 1 + (seed as usize / 2) % (size - 1);
            let config = subject::Config {
                acknowledgement: subject::Acknowledgement::SemiSynchronous { backups },
                promotion: subject::Promotion::WithConsent,
                heartbeat_every: ms(20),
                fail_over_after: ms(100),
            };
            let lab = Lab::new(seed);
            let stores = lab.cluster("store", size, move |_id| subject::PrimaryBackup::new(config));
            stores.require(subject::OnePrimaryPerEpoch::default());
            stores.require(subject::EpochsOnlyGrow::default());
            stores.require(subject::NoAcknowledgedWriteLost::default());
            scenarios::primaries(&lab, &stores, (backups + 1).max(size / 2 + 1).max(size - backups))
        }
    };
}

found! {
    primary_backup, right netsplit_algorithms::replication::primary_backup,
    no_fencing seed 0,
    answers_before_the_backups seed 0,
    epoch_not_persisted seed 1,
    lagging_backup_promoted seed 1,
    longest_log_wins seed 260,
    reads_without_asking seed 84,
}
