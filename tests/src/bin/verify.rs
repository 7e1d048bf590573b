//! `cargo verify`: builds and runs every test of the project; the last line is the total.

use std::process::ExitCode;

use netsplit_tests::project::Project;
use netsplit_tests::verify::{self, Options};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    if options.help {
        print!("{}", verify::HELP);
        return ExitCode::SUCCESS;
    }
    if options.list {
        print!("{}", verify::list());
        return ExitCode::SUCCESS;
    }
    let project = match Project::of_this_program() {
        Ok(project) => project,
        Err(error) => {
            eprintln!("verify cannot find its own program file: {error}");
            return ExitCode::FAILURE;
        }
    };
    let total = verify::run(&project, &options);
    println!("{total}");
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
