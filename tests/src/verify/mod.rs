//! `verify`: runs every test of the project, step by step, and adds up what passed and failed.
//!
//! A failed step does not stop the ones after it: one run shows all that is wrong. All steps share one target folder
//! and one profile, because the kernel's dependencies take minutes to build.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{self, Ended, Errors};
use crate::project::Project;
use crate::tally::Tally;

mod clients;
mod sources;

/// One step of the run.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// Whether it takes too long for every time.
    pub long: bool,
    run: fn(&mut Run<'_>) -> Tally,
}

/// All steps, in the order in which they run: what fails fast first, what needs the kernel's binary last.
pub const STEPS: [Step; 13] = [
    Step { name: "format", about: "the sources are formatted (rustfmt)", long: false, run: sources::format },
    Step { name: "clippy", about: "no warnings in any crate (clippy)", long: false, run: sources::clippy },
    Step {
        name: "test",
        about: "unit, integration and documentation tests",
        long: false,
        run: sources::test,
    },
    Step {
        name: "setup",
        about: "`netsplit lab --prepare-only` and `doctor`",
        long: false,
        run: clients::setup,
    },
    Step { name: "protocol", about: "Jupyter's own suite for kernels", long: false, run: clients::protocol },
    Step {
        name: "run",
        about: "every chapter with `netsplit run`, outputs compared",
        long: false,
        run: clients::headless,
    },
    Step {
        name: "nbclient",
        about: "the first chapter under nbclient, outputs compared",
        long: false,
        run: clients::nbclient,
    },
    Step { name: "browser", about: "chapters in JupyterLab in Chromium", long: false, run: clients::browser },
    Step {
        name: "grading",
        about: "attacks on grading, repeated grades, a batch that is killed midway",
        long: false,
        run: clients::grading,
    },
    Step {
        name: "nbgrader",
        about: "a course under nbgrader: every submission gets a grade; its pages in Chromium",
        long: false,
        run: clients::nbgrader,
    },
    Step {
        name: "everywhere",
        about: "every chapter under nbclient and in JupyterLab",
        long: true,
        run: clients::everywhere,
    },
    Step { name: "fuzz", about: "300,000 malformed messages of a new seed", long: true, run: sources::fuzz },
    Step {
        name: "release",
        about: "the steps of a user: release build, set-up, chapters",
        long: true,
        run: clients::release,
    },
];

/// What is asked for on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Print how to use it, run nothing.
    pub help: bool,
    /// Print the steps, run none.
    pub list: bool,
    /// Also run what takes too long for every time.
    pub long: bool,
    /// Only these steps.
    pub only: Vec<String>,
}

impl Options {
    /// Reads the command line, without the program's name.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        // `cargo verify -- --long` means the same as `cargo verify --long`.
        let mut arguments =
            arguments.enumerate().filter(|(place, it)| !(*place == 0 && it == "--")).map(|(_, it)| it);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => options.list = true,
                "--long" => options.long = true,
                "--only" => options.only.push(arguments.next().unwrap_or_default()),
                "--help" | "-h" => options.help = true,
                other => return Err(format!("{other:?} is not an option of verify: --help shows them")),
            }
        }
        match options.only.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
            Some(unknown) => Err(format!("{unknown:?} is not a step of verify: --list shows them")),
            None => Ok(options),
        }
    }

    fn wants(&self, step: &Step) -> bool {
        if self.only.is_empty() {
            self.long || !step.long
        } else {
            self.only.iter().any(|name| name == step.name)
        }
    }
}

/// How to use it, for `--help`.
pub const HELP: &str = "verify [--list] [--long] [--only STEP]...
Runs every test of the project and ends with one line of totals.
  --list       print the steps
  --long       also run what takes too long for every time
  --only STEP  run only this step; may be given several times
";

/// The steps as a table, for `--list`.
pub fn list() -> String {
    let line = |step: &Step| {
        format!("{:<10} {}{}\n", step.name, step.about, if step.long { " (--long)" } else { "" })
    };
    STEPS.iter().map(line).collect()
}

/// Runs the steps that are asked for and returns the total.
pub fn run(project: &Project, options: &Options) -> Tally {
    let start = Instant::now();
    let mut total = Tally::default();
    for step in STEPS.iter().filter(|step| options.wants(step)) {
        println!("== {}: {}", step.name, step.about);
        let begun = Instant::now();
        let tally = (step.run)(&mut Run { project, step: step.name });
        println!("   {}: {tally} ({:.1} s)", step.name, begun.elapsed().as_secs_f64());
        total += tally;
    }
    println!("== total ({:.0} s)", start.elapsed().as_secs_f64());
    total
}

/// What a step works with.
struct Run<'a> {
    project: &'a Project,
    step: &'static str,
}

impl Run<'_> {
    /// Runs one program of the step. What it printed goes to a log; where it failed, also to the terminal.
    fn program(&mut self, command: &mut Command, errors: Errors, limit: Duration) -> Ended {
        let ended = process::run(command, errors, limit);
        self.log(&format!("$ {command:?}\n{}[{}]\n", ended.output, ended.how));
        if !ended.well {
            println!("{}", ended.output.trim_end());
            println!("   failed: {} ({})", command.get_program().to_string_lossy(), ended.how);
        }
        ended
    }

    /// One expectation of the step, which counts as one test.
    fn expect(&mut self, what: &str, held: bool) -> Tally {
        self.log(&format!("{}: {what}\n", if held { "held" } else { "FAILED" }));
        if !held {
            println!("   FAILED: {what}");
        }
        Tally::one(held)
    }

    /// The step's log is for a reader afterwards: that it cannot be written fails no test.
    fn log(&self, text: &str) {
        let folder = self.project.artifacts();
        let path = folder.join(format!("{}.log", self.step));
        let file = fs::create_dir_all(folder)
            .and_then(|()| fs::OpenOptions::new().create(true).append(true).open(path));
        if let Ok(mut file) = file {
            let _ = file.write_all(text.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_string))
    }

    /// Without options everything runs but what is long; `--only` runs what it names, long or not.
    #[test]
    fn options_choose_the_steps() {
        let chosen = |line: &str| {
            let options = parse(line).unwrap();
            STEPS.iter().filter(|step| options.wants(step)).map(|step| step.name).collect::<Vec<_>>()
        };
        assert_eq!(chosen("").len(), STEPS.iter().filter(|step| !step.long).count());
        assert_eq!(chosen("--long").len(), STEPS.len());
        assert_eq!(chosen("--only format --only release"), ["format", "release"]);
        assert_eq!(chosen("-- --only clippy"), ["clippy"]);
    }

    /// A misspelt step or option is refused, instead of a run of nothing that passes.
    #[test]
    fn misspelt_names_are_refused() {
        assert!(parse("--only fromat").unwrap_err().contains("--list"));
        assert!(parse("--onyl format").unwrap_err().contains("not an option"));
        assert!(parse("--only").is_err());
    }

    /// Names are unique: `--only` means one step.
    #[test]
    fn step_names_are_unique() {
        let names: std::collections::BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }
}
