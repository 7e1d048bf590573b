//! Giving up privileges: none may be gained by starting programs, and those of root are dropped.
//!
//! Containers often run notebooks as root. Such a process would otherwise keep what the lists of files and system calls do not
//! cover: changing the owner of what it may write, raising its own limits.

use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};

use crate::ConfinementError;

/// Gives up all privileges, for good.
pub fn give_up() -> Result<(), ConfinementError> {
    let privileges = |error: Errno| ConfinementError::Privileges(error.into());
    // While there is still the capability to do so: without it, root would have them again in the next program.
    for capability in CapabilitySet::all().iter() {
        // Whoever may not do this has no capabilities to lose; older kernels do not know the newest.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let _ = clear_ambient_capability_set();
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(privileges)?;
    set_no_new_privs(true).map_err(privileges)
}

/// That this process has one thread.
pub fn is_alone() -> Result<(), ConfinementError> {
    match std::fs::read_dir("/proc/self/task").map(Iterator::count) {
        Ok(1) => Ok(()),
        Ok(several) => Err(ConfinementError::SeveralThreads(several)),
        Err(error) => Err(ConfinementError::ThreadsUnknown(error)),
    }
}
