//! `netsplit lab`: set up everything and open the course in JupyterLab.
//!
//! Each step is skipped when nothing about it has changed, so that only the first start takes long:
//! look at the machine, make the private Python environment, tell it about the kernel, bring the course folder up
//! to date, build the library that cells use, start JupyterLab.

use std::path::PathBuf;

use clap::Args;

use super::places::{Places, ensure_writable};
use super::{Failure, Outcome, install, kernelspec, prerequisites};

mod assistant;
pub mod course;
pub mod environment;
pub mod jupyter;

use course::Change;
use environment::Environment;

/// The arguments of `netsplit lab`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder that you work in; the chapters are copied there, and what you change is never overwritten
    #[arg(long, value_name = "DIR", default_value = "netsplit-course")]
    dir: PathBuf,

    /// The port that JupyterLab listens on [default: 8888, or the next free one]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Do not open a browser; the address is printed
    #[arg(long)]
    no_browser: bool,

    /// The Python that the private environment is made with [default: the first one on PATH that is new enough]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,

    /// Prepare everything, but do not start JupyterLab
    #[arg(long)]
    prepare_only: bool,
}

/// Runs the command. Does not return where JupyterLab was started: this process becomes JupyterLab.
pub fn run(arguments: Arguments) -> Outcome {
    let places = Places::of_this_user()?;
    let course = std::path::absolute(&arguments.dir)
        .map_err(|error| Failure(format!("--dir should name a folder, but {error}: name one")))?;
    prerequisites::rust()?;
    prerequisites::linker()?;
    jupyter::check_port(arguments.port)?;
    ensure_writable(&course, "choose another folder with --dir DIR")?;

    let environment = Environment::of(&places);
    environment.prepare(arguments.python.as_deref())?;
    jupyter::configure(&environment)?;
    let folder = kernelspec::folder_in(&environment.jupyter_data(), kernelspec::DEFAULT_NAME);
    install::install_into(&folder, Vec::new(), None)?;

    let changes = course::synchronise(&places.chapters(), &course)?;
    report(&changes);
    let written: Vec<PathBuf> = changes.iter().map(|change| course.join(change.written())).collect();
    let notebooks: Vec<PathBuf> =
        written.into_iter().filter(|path| path.extension().is_some_and(|it| it == "ipynb")).collect();
    jupyter::trust(&places, &environment, &notebooks)?;
    install::prepare_library()?;

    if arguments.prepare_only {
        println!("Python environment: {}", environment.root().display());
        println!("Course folder: {}", course.display());
        return Ok(());
    }
    assistant::build_in_background(&places);
    start(&places, &environment, &course, &arguments)
}

/// Says what was copied: every file for a change or two, only their number when the whole course is new.
fn report(changes: &[Change]) {
    let copied = changes.iter().filter(|change| matches!(change, Change::Copied(_))).count();
    if copied > 5 {
        eprintln!("Copied {copied} files into the course folder");
    }
    for change in changes.iter().filter(|change| copied <= 5 || !matches!(change, Change::Copied(_))) {
        eprintln!("{change}");
    }
}

/// Becomes JupyterLab, so that an interrupt at the terminal goes to it and its exit code is ours.
fn start(
    places: &Places,
    environment: &Environment,
    course: &std::path::Path,
    arguments: &Arguments,
) -> Outcome {
    use std::os::unix::process::CommandExt;
    let published = course::published_files(&places.chapters())?;
    let first_chapter = published.iter().find(|path| course::is_chapter(path));
    eprintln!("Opening JupyterLab in {} (Ctrl-C twice ends it)", course.display());
    let start = jupyter::Start {
        course,
        port: arguments.port,
        browser: !arguments.no_browser,
        first_chapter: first_chapter.map(PathBuf::as_path),
    };
    let error = jupyter::command(places, environment, &start).current_dir(course).exec();
    Err(Failure(format!("cannot start {}: {error}: run `netsplit doctor`", environment.python().display())))
}
