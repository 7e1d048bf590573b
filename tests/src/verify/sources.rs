//! The steps that need nothing but cargo: format, lints, and the tests of every crate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Run;
use crate::process::Errors;
use crate::tally::Tally;

/// A clean clone builds all dependencies first, and a busy machine takes several times as long as a quiet one.
const LIMIT: Duration = Duration::from_secs(60 * 60);

pub(super) fn format(run: &mut Run<'_>) -> Tally {
    let mut command = run.project.cargo(&["fmt", "--all", "--check"]);
    Tally::one(run.program(&mut command, Errors::Shown, LIMIT).well)
}

pub(super) fn clippy(run: &mut Run<'_>) -> Tally {
    let arguments = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    let mut command = run.project.cargo(&arguments);
    Tally::one(run.program(&mut command, Errors::Shown, LIMIT).well)
}

pub(super) fn test(run: &mut Run<'_>) -> Tally {
    let mut command = run.project.cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    let ended = run.program(&mut command, Errors::Shown, LIMIT);
    Tally::of_libtest(&ended.output).or_failed(ended.well)
}

/// The kernel's test of malformed messages, thirty times as long and with a seed of its own, which every failure names.
/// A loop with a seed needs no nightly compiler, as `cargo fuzz` would, and goes through the real sockets.
pub(super) fn fuzz(run: &mut Run<'_>) -> Tally {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut command =
        run.project.cargo(&["test", "--workspace", "--locked", "--test", "protocol", "ten_thousand_attacks"]);
    command.env("NETSPLIT_SEED", seed.to_string()).env("NETSPLIT_ATTACKS", "300000");
    let ended = run.program(&mut command, Errors::Shown, LIMIT);
    Tally::of_libtest(&ended.output).or_failed(ended.well)
}
