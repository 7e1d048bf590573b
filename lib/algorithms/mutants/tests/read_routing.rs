//! Every mutant of read routing is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::sessions::{Words, apps, under_faults};
use netsplit_algorithms::replication::primary_backup::{self, Acknowledgement, Promotion};
use netsplit_node::{KeyValueRequest, KeyValueResponse, ms};
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        const WORDS: Words<subject::RoutedStore, subject::Session> = Words {
            put: |session, key, value| session.write(key, value),
            read: subject::Session::read,
            copy: subject::Session::copy,
            hear: subject::Session::hear,
            begin_anew: subject::Session::begin_anew,
            plain: |request, response| {
                let request = match request.clone() {
                    subject::Request::Put { key, value, .. } => KeyValueRequest::Put { key, value },
                    subject::Request::Read { key, .. } | subject::Request::ReadLatest { key, .. } => {
                        KeyValueRequest::Get { key }
                    }
                };
                let response = response.map(|response| match response.clone() {
                    subject::Response::Stored { .. } => KeyValueResponse::Stored,
                    subject::Response::Value { value, .. } => KeyValueResponse::Value(value),
                });
                (request, response)
            },
        };

        pub fn run(seed: u64) -> Result<(), String> {
            let safe = seed.is_multiple_of(2);
            let (acknowledgement, promotion) = if safe {
                (Acknowledgement::SemiSynchronous { backups: 1 }, Promotion::WithConsent)
            } else {
                (Acknowledgement::Asynchronous, Promotion::Alone)
            };
            let store = primary_backup::Config {
                acknowledgement,
                promotion,
                heartbeat_every: ms(20),
                fail_over_after: ms(100),
            };
            let behind =
                if seed / 2 % 2 == 0 { subject::WhenBehind::Wait } else { subject::WhenBehind::AskPrimary };
            let lab = Lab::new(seed);
            let stores = lab
                .cluster("store", 3, move |_id| subject::RoutedStore::new(subject::Config { store, behind }));
            let session = subject::Session::new(subject::ReadRouting::MinLsn, 2);
            let apps = apps(&lab, &stores, 3, WORDS, session);
            under_faults(&lab, &stores, &apps, WORDS)?;
            let lost: u32 = (0..3).map(|index| apps.node(index).lost).sum();
            if safe && lost > 0 {
                return Err(format!("NoAcknowledgedWriteLost is violated: {lost} sessions were told so"));
            }
            Ok(())
        }
    };
}

found! {
    read_routing, right netsplit_algorithms::replication::read_routing,
    token_ignored seed 0,
    writes_leave_no_token seed 0,
    reads_leave_no_token seed 1,
    positions_without_epochs seed 35,
    unacknowledged_entries_read seed 52,
    primary_does_not_look seed 15,
    writes_carry_no_token seed 35,
}
