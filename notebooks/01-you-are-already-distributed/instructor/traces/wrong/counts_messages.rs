//! Wrong: only messages are looked at, not whether machines are alive or what they say.
// answer: traces
use netsplit::model::{Failures, FaultClass, Links, SystemModel, Timing};

const STRONGEST: SystemModel =
    SystemModel { timing: Timing::Synchronous, failures: Failures::CrashStop, links: Links::Reliable };

fn classify(log: Log) -> Diagnosis {
    let count = |wanted: fn(&What) -> bool| log.lines.iter().filter(|it| wanted(&it.what)).count();
    let (sent, received) =
        (count(|it| matches!(it, What::Sends(_))), count(|it| matches!(it, What::Receives(_))));
    if sent > received {
        return Diagnosis {
            class: FaultClass::Omission,
            model: SystemModel { links: Links::FairLoss, ..STRONGEST },
        };
    }
    let model = SystemModel { timing: Timing::PartiallySynchronous, ..STRONGEST };
    Diagnosis { class: FaultClass::Timing, model }
}
