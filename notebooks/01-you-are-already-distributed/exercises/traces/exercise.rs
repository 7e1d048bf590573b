//! `traces`: which class of faults a log shows, and the strongest system model in which it can come about.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::model::{Failures, FaultClass, Links, SystemModel, Timing};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    let exercise = Exercise::new("traces", "What went wrong here?", 15.0, Rule::Proportional);
    exercise
        .function("classify", "Log", "Diagnosis")
        .visible("log 1", 1, |case| diagnose(case, &example(1), crash(Failures::CrashStop)))
        .visible("log 2", 2, |case| diagnose(case, &example(2), omission()))
        .visible("log 3", 3, |case| diagnose(case, &example(3), timing()))
        .visible("log 4", 4, |case| diagnose(case, &example(4), byzantine()))
}

/// The strongest model of all, in which nothing goes wrong but that a machine may stop for good.
const STRONGEST: SystemModel =
    SystemModel { timing: Timing::Synchronous, failures: Failures::CrashStop, links: Links::Reliable };

pub fn crash(failures: Failures) -> Diagnosis {
    Diagnosis { class: FaultClass::Crash, model: SystemModel { failures, ..STRONGEST } }
}

pub fn omission() -> Diagnosis {
    Diagnosis { class: FaultClass::Omission, model: SystemModel { links: Links::FairLoss, ..STRONGEST } }
}

pub fn timing() -> Diagnosis {
    let model = SystemModel { timing: Timing::PartiallySynchronous, ..STRONGEST };
    Diagnosis { class: FaultClass::Timing, model }
}

pub fn byzantine() -> Diagnosis {
    Diagnosis {
        class: FaultClass::Byzantine,
        model: SystemModel { failures: Failures::Byzantine, ..STRONGEST },
    }
}

/// Asks the answer about a log.
pub fn diagnose(case: &mut Case, log: &Log, right: Diagnosis) {
    let Some(said) = case.evaluate::<Log, Diagnosis>("classify", log) else { return };
    let class = if said.class == right.class { Ok(()) } else { Err(format!("it says {:?}", said.class)) };
    case.expect("the class of the fault", class);
    let model = if said.model == right.model { Ok(()) } else { Err(format!("it says {:?}", said.model)) };
    case.expect("the strongest model that allows it", model);
}
