//! A kernel without Landlock, as far as a process can tell: a filter answers its system calls as such a kernel does.

use netsplit_confinement::attempts::{Group, Surroundings};
use netsplit_confinement::{ConfinementError, Landlock, Policy, Strictness, available};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use crate::child::make_attempts;
use crate::reaching::{is_denied, outcomes_of};
use crate::runner::Test;

pub const TESTS: &[Test] =
    &[("without_landlock_the_filter_alone_denies", without_landlock_the_filter_alone_denies)];

/// From now on this process is on such a kernel.
pub fn pretend() {
    let rules = [(libc::SYS_landlock_create_ruleset, Vec::new())];
    let absent = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let processor = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules.into(), SeccompAction::Allow, absent, processor).unwrap();
    let filter: BpfProgram = filter.try_into().unwrap();
    apply_filter(&filter).unwrap();
}

/// The child's part: a judge is refused, and whoever wants what there is gets it, with what is missing in words.
pub fn run(surroundings: &Surroundings) {
    pretend();
    assert_eq!(available().landlock, Landlock::Missing);
    let policy = Policy::for_cells(&surroundings.places());
    let refusal = policy.apply(Strictness::Required).unwrap_err();
    assert!(matches!(refusal, ConfinementError::NoLandlock(reason) if reason.contains("5.13")), "{refusal}");
    let enforced = policy.apply(Strictness::AsFarAsPossible).unwrap();
    assert!(enforced.landlock == 0 && enforced.system_calls && enforced.has_no_privileges, "{enforced:?}");
    assert!(enforced.gaps.len() == 1 && enforced.to_string().contains("no Landlock"), "{enforced}");
    make_attempts(surroundings);
}

/// The network, programs, other processes and the machine are protected all the same; only what is a file is open, and of files
/// what Landlock's first versions do not protect either: cutting short, permissions, times.
fn without_landlock_the_filter_alone_denies() {
    for (attempt, outcome) in outcomes_of("free", "old-kernel") {
        let is_about_proc =
            ["read the command line", "read the environment", "open the memory", "list the processes"]
                .iter()
                .any(|it| attempt.what.starts_with(it));
        let is_a_file = attempt.group == Group::Files || is_about_proc;
        assert!(is_a_file || is_denied(&outcome), "a cell can {}: {outcome}", attempt.what);
        let is_no_matter_of_landlock =
            ["cut a file", "make a file outside readable", "change the time", "be told"]
                .iter()
                .any(|it| attempt.what.starts_with(it));
        assert!(!is_no_matter_of_landlock || is_denied(&outcome), "a cell can {}: {outcome}", attempt.what);
    }
}
