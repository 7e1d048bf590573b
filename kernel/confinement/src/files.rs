//! Which files may be reached: the policy's paths as rules of Landlock. TCP ports, signals to outside and abstract sockets are
//! denied by the same means, as far as the kernel knows how; all of these are denied as system calls, too.

use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use crate::{ConfinementError, Policy, available};

/// All that this crate knows to deny. An older kernel enforces what it knows of it.
const NEWEST: ABI = ABI::V9;

/// Confines this process to the files of the policy.
pub fn restrict(policy: &Policy) -> Result<(), ConfinementError> {
    if let Some(reason) = available().landlock.why_not() {
        return Err(ConfinementError::NoLandlock(reason));
    }
    let mut rules = nothing_allowed().map_err(refused)?;
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let write = read
        | make_bitflags!(AccessFs::{WriteFile | Truncate | RemoveDir | RemoveFile | MakeDir | MakeReg | MakeFifo | MakeSym | Refer});
    let execute = read | AccessFs::Execute;
    let fill = BitFlags::from(AccessFs::WriteFile);
    let parts = [
        (&policy.readable, read),
        (&policy.writable, write),
        (&policy.pipes, fill),
        (&policy.executable, execute),
    ];
    for (paths, access) in parts {
        rules = allow(rules, paths, access)?;
    }
    let status = rules.restrict_self().map_err(refused)?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(ConfinementError::Landlock("the kernel enforces nothing".into())),
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
    }
}

fn nothing_allowed() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()
}

fn allow(
    mut rules: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, ConfinementError> {
    for path in paths {
        let Some(is_folder) = kind(path)? else { continue };
        // The kernel refuses a rule for a file that speaks of folders.
        let access = if is_folder { access } else { access & AccessFs::from_file(NEWEST) };
        let opened = PathFd::new(path).map_err(|error| {
            let source = std::error::Error::source(&error)
                .and_then(|it| it.downcast_ref::<std::io::Error>())
                .and_then(std::io::Error::raw_os_error)
                .map_or_else(|| std::io::Error::other(error.to_string()), std::io::Error::from_raw_os_error);
            ConfinementError::Path { path: path.clone(), source }
        })?;
        rules = rules.add_rule(PathBeneath::new(opened, access)).map_err(refused)?;
    }
    Ok(rules)
}

/// Whether it is a folder; nothing where it does not exist.
fn kind(path: &Path) -> Result<Option<bool>, ConfinementError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found.is_dir())),
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            Ok(None)
        }
        Err(source) => Err(ConfinementError::Path { path: path.to_path_buf(), source }),
    }
}

fn refused(error: RulesetError) -> ConfinementError {
    ConfinementError::Landlock(error.to_string())
}
