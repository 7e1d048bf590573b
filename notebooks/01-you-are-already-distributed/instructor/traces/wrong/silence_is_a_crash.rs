//! Wrong: what is not answered has crashed; nobody ever loses a message, or is late.
// answer: traces
use netsplit::model::{Failures, FaultClass, Links, SystemModel, Timing};

const STRONGEST: SystemModel =
    SystemModel { timing: Timing::Synchronous, failures: Failures::CrashStop, links: Links::Reliable };

fn classify(log: Log) -> Diagnosis {
    let _ = log;
    Diagnosis { class: FaultClass::Crash, model: STRONGEST }
}
