//! `netsplit grade`: grade a folder of submissions.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use netsplit_grading::batch::{self, Batch, Row, Watcher};
use netsplit_grading::{CASES, COURSE, Course};

use super::{Failure, Outcome};
use crate::engine::library::{self, Library};

/// How deep a worker may go.
const STACK: usize = 256 << 20;

/// The arguments of `netsplit grade`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Notebooks and Rust files, or folders of them: FOLDER/STUDENT/*.ipynb
    #[arg(required_unless_present = "worker")]
    pub paths: Vec<PathBuf>,

    /// The course with source/ and instructor/, whose hidden tests are judged too
    #[arg(long, env = COURSE, value_name = "FOLDER", conflicts_with = "exercises")]
    pub course: Option<PathBuf>,

    /// A folder of exercises, whose visible tests are judged
    #[arg(long, value_name = "FOLDER")]
    pub exercises: Option<PathBuf>,

    /// Judge about so many of the hidden cases of each exercise, instead of all: for a class on a small machine
    #[arg(long, env = CASES, value_name = "N")]
    pub cases: Option<NonZero<u32>>,

    /// How many submissions are graded at once; by default one for each processor
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZero<usize>>,

    /// Write everything that is known of each grade to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write a table to this file
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,

    /// The log of what was graded, by which a run that ended early goes on
    #[arg(long, value_name = "FILE", default_value = "netsplit-grades.jsonl")]
    pub log: PathBuf,

    /// Grade what comes on stdin, with the library that is prepared in this folder (`grade` starts this)
    #[arg(long, hide = true, value_name = "FOLDER")]
    pub worker: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Outcome {
    let failed = |error: netsplit_grading::GradingError| Failure(error.to_string());
    if let Some(folder) = &arguments.worker {
        let library = library::open(folder);
        return serve(
            library.ok_or_else(|| Failure(format!("no library is prepared in {}", folder.display())))?,
        );
    }
    let prepared = library::prepare(&mut |line| eprintln!("{line}"));
    let library = prepared.map_err(|error| Failure(error.to_string()))?;
    super::can_confine()?;
    let from = match (&arguments.exercises, &arguments.course) {
        (Some(folder), _) => batch::From::Folder(batch::exercises_folder(folder)),
        (None, Some(course)) => {
            batch::From::Course(Course::open(course).map_err(failed)?.with_cases(arguments.cases))
        }
        (None, None) => {
            return Err(Failure(
                "expected --course FOLDER, or --exercises FOLDER: against what is it to be graded?".into(),
            ));
        }
    };
    let program =
        std::env::current_exe().map_err(|error| Failure(format!("cannot find netsplit itself: {error}")))?;
    let worker = || {
        let mut command = Command::new(&program);
        command.args(["grade", "--worker"]).arg(library.folder());
        command
    };
    let workers =
        arguments.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let batch = Batch {
        library: &library,
        from,
        paths: arguments.paths.clone(),
        workers,
        worker: &worker,
        log: arguments.log.clone(),
    };
    let mut bar = Bar(ProgressBar::hidden());
    let rows = batch.run(&mut bar);
    bar.0.finish_and_clear();
    let rows = rows.map_err(failed)?;
    if let Some(path) = &arguments.json {
        write(path, &batch::json(&rows).map_err(failed)?)?;
    }
    if let Some(path) = &arguments.csv {
        write(path, &batch::csv(&rows))?;
    }
    if arguments.json.is_none() && arguments.csv.is_none() {
        print!("{}", batch::csv(&rows).replace("\r\n", "\n"));
    }
    tell(&rows)
}

/// Grades what comes, on a large stack: text is taken apart by recursion, and somebody may hand in a chain without end. Only what is used of it
/// takes memory.
fn serve(library: Library) -> Outcome {
    let serve = move || batch::serve(&library, std::io::stdin().lock(), std::io::stdout());
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(serve);
    let thread = thread.map_err(|error| Failure(format!("cannot start a thread: {error}")))?;
    let served = thread.join().map_err(|_| Failure("a worker panicked".to_string()))?;
    served.map_err(|error| Failure(error.to_string()))
}

/// What came of it all, in a line; an error if something could not be graded.
fn tell(rows: &[Row]) -> Outcome {
    let failed: Vec<&Row> = rows.iter().filter(|it| it.failure.is_some()).collect();
    eprintln!("{} answers graded", rows.len() - failed.len());
    match failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure(format!(
            "{} answers could not be graded; the first is {}, `{}`: {}; run the same again, and only these are tried",
            failed.len(),
            first.file.display(),
            first.exercise,
            first.failure.as_deref().unwrap_or_default()
        ))),
    }
}

fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|error| Failure(format!("cannot write {}: {error}", path.display())))
}

/// How far it is, on stderr; nothing where stderr is no terminal.
struct Bar(ProgressBar);

impl Watcher for Bar {
    fn begins(&mut self, all: usize, known: usize) {
        let bar = ProgressBar::new(all as u64);
        let style = ProgressStyle::with_template("grading {wide_bar} {pos}/{len} {elapsed} (ready in {eta})");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_position(known as u64);
        bar.reset_eta();
        self.0 = bar;
    }

    fn advances(&mut self) {
        self.0.inc(1);
    }

    fn says(&mut self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }
}
