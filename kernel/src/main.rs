//! The binary `netsplit`: reads the command line, runs one subcommand, and ends with its exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use netsplit_kernel::commands::Command;

/// A Jupyter kernel for learning distributed systems by building clusters and breaking them.
#[derive(Debug, Parser)]
#[command(name = "netsplit", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse_from(without_separator(std::env::args_os()));
    match command_line.command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("netsplit: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Drops a `--` that directly follows the subcommand: `cargo lab -- --help` arrives as `netsplit lab -- --help`,
/// and its user means the options of `netsplit lab`.
fn without_separator(arguments: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    arguments
        .enumerate()
        .filter(|(position, argument)| !(*position == 2 && argument == "--"))
        .map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the separator right after the subcommand goes: a later one still means "no options from here on".
    #[test]
    fn separator_after_the_subcommand_is_dropped() {
        let given = ["netsplit", "lab", "--", "--port", "1", "--", "x"].map(OsString::from);
        let kept: Vec<_> = without_separator(given.into_iter()).collect();
        assert_eq!(kept, ["netsplit", "lab", "--port", "1", "--", "x"].map(OsString::from));
    }

    /// The command line is well formed: clap's own consistency checks pass.
    #[test]
    fn command_line_is_consistent() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }
}
