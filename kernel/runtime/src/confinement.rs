//! Processes that are confined: what the kernel allows, made a policy that the system enforces.

use std::path::PathBuf;

use netsplit_confinement::{ConfinementError, Policy, Starts, Strictness};
use netsplit_control as control;

/// Confines this process, for good.
///
/// # Errors
/// If the machine cannot enforce all of it: half a confinement is none.
pub fn confine(confinement: &control::Confinement) -> Result<(), ConfinementError> {
    let paths = |paths: &[String]| paths.iter().map(PathBuf::from).collect();
    let policy = Policy {
        readable: paths(&confinement.readable),
        writable: paths(&confinement.writable),
        pipes: paths(&confinement.pipes),
        executable: paths(&confinement.executable),
        starts: match confinement.starts {
            control::Starts::Nothing => Starts::Nothing,
            control::Starts::Programs => Starts::Programs,
            control::Starts::WhatIsBuilt => Starts::WhatIsBuilt,
        },
    };
    policy.apply(Strictness::Required).map(|_| ())
}
