//! `verify`: runs every test of the project, step by step, and adds up what passed and failed.
//!
//! A failed step does not stop the ones after it: one run shows all that is wrong, and ends with the list of it. All
//! steps share one target folder and one profile, because the kernel's dependencies take minutes to build.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{self, Ended, Errors};
use crate::project::Project;
use crate::tally::Tally;

mod clients;
mod sources;

/// How much of a program's output is printed where it failed, in lines.
const LINES_SHOWN: usize = 200;
/// How much of that belongs to one failure.
const LINES_PER_FAILURE: usize = 30;
/// How many characters of a line are printed.
const WIDTH: usize = 400;

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
    let mut failures = Vec::new();
    for step in STEPS.iter().filter(|step| options.wants(step)) {
        println!("== {}: {}", step.name, step.about);
        let begun = Instant::now();
        let mut run = Run { project, step: step.name, failures: Vec::new() };
        let tally = (step.run)(&mut run);
        println!("   {}: {tally} ({:.1} s)", step.name, begun.elapsed().as_secs_f64());
        failures.extend(run.failures.into_iter().map(|what| format!("   {}: {what}", step.name)));
        total += tally;
    }
    println!("== total ({:.0} s)", start.elapsed().as_secs_f64());
    if !failures.is_empty() {
        println!(
            "== what failed; the whole of it is in {}\n{}",
            project.artifacts().display(),
            failures.join("\n")
        );
    }
    total
}

/// The expectations that failed in what a program printed: a test of Rust's by its name, one of a script by its words.
fn failures(output: &str) -> Vec<String> {
    let failed = |line: &str| {
        let test = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"));
        test.or_else(|| line.strip_prefix("FAILED: ")).map(str::to_string)
    };
    output.lines().filter_map(failed).collect()
}

/// What a reader needs of the output of a program that failed: each failure with the lines after it, or where none is
/// marked, the end. The log has the rest.
fn excerpt(output: &str) -> String {
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let is_start = |line: &str| line.starts_with("---- ") || line.starts_with("FAILED: ");
    let mut wanted = vec![false; lines.len()];
    for start in (0..lines.len()).filter(|at| is_start(lines[*at])) {
        wanted[start..(start + LINES_PER_FAILURE).min(lines.len())].fill(true);
    }
    if !wanted.contains(&true) {
        wanted[lines.len().saturating_sub(LINES_SHOWN)..].fill(true);
    }
    let chosen = lines.iter().zip(wanted).filter(|(_, wanted)| *wanted).take(LINES_SHOWN);
    chosen.map(|(line, _)| line.chars().take(WIDTH).chain(['\n']).collect::<String>()).collect()
}

/// What a step works with.
struct Run<'a> {
    project: &'a Project,
    step: &'static str,
    /// What did not hold, each in a line.
    failures: Vec<String>,
}

impl Run<'_> {
    /// Runs one program of the step. What it printed goes to a log; where it failed, also to the terminal.
    ///
    /// How far cargo is interests who sits before a terminal; a record of the run would be drowned in it.
    fn program(&mut self, command: &mut Command, errors: Errors, limit: Duration) -> Ended {
        let errors = if io::stderr().is_terminal() { errors } else { Errors::Kept };
        let ended = process::run(command, errors, limit);
        self.log(&format!("$ {command:?}\n{}[{}]\n", ended.output, ended.how));
        if !ended.well {
            print!("{}", excerpt(&ended.output));
            let how = format!("{} ({})", command.get_program().to_string_lossy(), ended.how);
            println!("   failed: {how}");
            self.failures.extend(failures(&ended.output));
            self.failures.push(how);
        }
        ended
    }

    /// One expectation of the step, which counts as one test.
    fn expect(&mut self, what: &str, held: bool) -> Tally {
        self.log(&format!("{}: {what}\n", if held { "held" } else { "FAILED" }));
        if !held {
            println!("   FAILED: {what}");
            self.failures.push(what.to_string());
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

    /// Of a long output, what failed is shown, and its names stand in the list at the end; without a mark, its end.
    #[test]
    fn failures_are_found_in_a_long_output() {
        let noise = "held: this\n".repeat(1000);
        let test = "test deep::inside ... FAILED\n---- deep::inside stdout ----\nleft: 1\n";
        let output = format!("{noise}{test}{noise}FAILED: points of the empty one\n0.5\n{noise}");
        assert_eq!(failures(&output), ["deep::inside", "points of the empty one"]);
        let shown = excerpt(&output);
        assert!(
            shown.contains("left: 1\n") && shown.contains("\n0.5\n") && shown.lines().count() <= LINES_SHOWN
        );
        let unmarked = excerpt(&format!("{noise}error: could not compile"));
        assert!(unmarked.ends_with("error: could not compile\n") && unmarked.lines().count() == LINES_SHOWN);
    }

    /// Names are unique: `--only` means one step.
    #[test]
    fn step_names_are_unique() {
        let names: std::collections::BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }
}
