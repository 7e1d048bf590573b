//! `cargo measure`: runs the project's benchmarks and prints one line per figure.

use std::process::ExitCode;

use netsplit_tests::measure::{self, Measured, Options};
use netsplit_tests::project::Project;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    if options.help || options.list {
        print!("{}", if options.help { measure::HELP.to_string() } else { measure::list() });
        return ExitCode::SUCCESS;
    }
    let project = match Project::of_this_program() {
        Ok(project) => project,
        Err(error) => {
            eprintln!("measure cannot find its own program file: {error}");
            return ExitCode::FAILURE;
        }
    };
    let measured = measure::run(&project, &options, |figure| {
        // With --json only the array goes to stdout; a person at the terminal still sees how far it is.
        if options.json { eprintln!("{figure}") } else { println!("{figure}") }
    });
    if options.json {
        let objects: Vec<_> = measured.iter().map(Measured::json).collect();
        println!("{}", serde_json::to_string_pretty(&objects).expect("JSON values can be printed"));
    }
    if measured.iter().all(Measured::is_known) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
