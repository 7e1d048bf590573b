//! Every mutant of careful file transfer is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use netsplit_node::{Outcome, Random, ms, secs};
use netsplit_sim::{Lab, Traffic, Workload};

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config =
                subject::Config { checks: subject::Checks::EndToEnd, chunk: 4, send_again_every: ms(50) };
            let lab = Lab::new(seed);
            lab.keep_events(0);
            let path = lab.cluster("node", 3, move |_id| subject::FileTransfer::new(config));
            // A bit flips in memory: the checksum is that of the wrong bytes.
            path.set_mutator(|message: &mut subject::Message, random: &mut Random| {
                if let subject::Message::Chunk { chunk, hop_sum } = message
                    && !chunk.bytes.is_empty()
                {
                    chunk.bytes[0] ^= 1 << random.below(8);
                    *hop_sum = chunk.sum();
                }
            });
            lab.corrupt(0.2, Traffic::all().messages());
            let file =
                |_: &mut Random, number: u64| subject::Send { file: format!("file {number}").into_bytes() };
            let load =
                path.load(Workload::closed(2).thinking(ms(10)).with_deadline(secs(60)).at_most(20), file);
            for _ in 0..4 {
                faults::run_for(&lab, ms(100))?;
                path.crash(2);
                path.restart(2);
            }
            load.stop();
            lab.heal_core(path.all());
            let last = path.client_of(0).with_deadline(secs(60)).call(file(&mut Random::new(0), 99));
            faults::progress_within(&lab, secs(30), || load.report().pending == 0 && !last.is_pending())?;
            for operation in &path.history() {
                let arrived = path.node(2).received().any(|file| file == operation.request.file);
                if matches!(operation.outcome, Some(Outcome::Ok(subject::Arrived))) && !arrived {
                    return Err(format!(
                        "EndToEndDigest is violated: {operation:?} was told to have arrived"
                    ));
                }
            }
            Ok(())
        }
    };
}

found! {
    file_transfer, right netsplit_algorithms::end_to_end::file_transfer,
    digest_of_what_came seed 0,
    acknowledged_before_the_disk seed 0,
    not_sent_again seed 0,
}
