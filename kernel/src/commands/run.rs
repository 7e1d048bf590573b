//! `netsplit run`: execute notebooks without a browser.

use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::kernel::EngineName;
use super::limits::Wanted;
use super::{Failure, Outcome};
use crate::client::{CellReport, KernelProcess, Notebook, Progress, cell_failure};
use crate::engine::library;

/// The arguments of `netsplit run`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The notebooks to execute, in this order
    #[arg(required = true)]
    pub notebooks: Vec<PathBuf>,

    /// Write the executed notebook to this file (one notebook only)
    #[arg(long, value_name = "FILE", conflicts_with = "inplace")]
    pub output: Option<PathBuf>,

    /// Write each executed notebook back to its own file
    #[arg(long)]
    pub inplace: bool,

    /// The limits.
    #[command(flatten)]
    pub wanted: Wanted,

    /// What runs the cells
    #[arg(long, env = "NETSPLIT_ENGINE", default_value = "rust", hide = true)]
    pub engine: EngineName,
}

/// Runs the command: stops at the first cell that fails, and prints its error as the notebook would show it.
pub fn run(arguments: Arguments) -> Outcome {
    if arguments.output.is_some() && arguments.notebooks.len() > 1 {
        return Err(Failure("--output takes one notebook; use --inplace to write several".to_string()));
    }
    let environment = arguments.wanted.environment()?;
    if arguments.engine == EngineName::Rust {
        // The kernel would do it too, but could not tell anybody what takes so long.
        library::prepare(&mut |line| eprintln!("{line}")).map_err(|error| Failure(error.to_string()))?;
    }
    for path in &arguments.notebooks {
        let mut notebook = Notebook::read(path).map_err(|error| Failure(error.to_string()))?;
        let mut bar = Bar::new(path, &notebook);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).map(PathBuf::from);
        let program = std::env::current_exe()
            .map_err(|error| Failure(format!("cannot find netsplit itself: {error}")))?;
        let mut kernel = KernelProcess::start(program, environment.clone(), folder)
            .map_err(|error| Failure(error.to_string()))?;
        let executed = notebook.execute(&mut kernel, &mut bar);
        bar.0.finish_and_clear();
        let reports = executed.map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        let target = arguments.output.as_ref().or(arguments.inplace.then_some(path));
        if let Some(target) = target {
            notebook.write(target).map_err(|error| Failure(error.to_string()))?;
        }
        if let Some((place, error)) = cell_failure(&notebook, &reports) {
            eprintln!("{}", error.traceback.join("\n"));
            let (path, cell) = (path.display(), place + 1);
            return Err(Failure(format!(
                "{path}: cell {cell} failed with {}; mend it and run again",
                error.ename
            )));
        }
        println!("{}: {} cells", path.display(), reports.len());
    }
    Ok(())
}

/// How far a notebook is, on stderr; nothing where stderr is no terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(path: &std::path::Path, notebook: &Notebook) -> Self {
        let bar = ProgressBar::new(notebook.code_cells().len() as u64);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(path.display().to_string());
        Self(bar)
    }
}

impl Progress for Bar {
    fn begins(&mut self, _place: usize) {
        self.0.tick();
    }

    fn ended(&mut self, _report: &CellReport) {
        self.0.inc(1);
    }
}
