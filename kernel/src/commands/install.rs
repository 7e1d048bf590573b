//! `netsplit install`: register the kernel with Jupyter.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use netsplit_engine::dependencies;

use super::limits::Wanted;
use super::nbgrader::{self, Made};
use super::places::{Places, ensure_writable};
use super::{Failure, Outcome, kernelspec};
use crate::engine::library;

/// Which of Jupyter's folders is meant, and under which name: the four standard options of Jupyter kernels.
#[derive(Debug, Args)]
pub struct Target {
    /// For this user only (this is the default)
    #[arg(long, group = "place")]
    pub user: bool,

    /// Into the Python environment that is active (its sys.prefix)
    #[arg(long, group = "place")]
    pub sys_prefix: bool,

    /// Below this folder, as DIR/share/jupyter/kernels/NAME
    #[arg(long, value_name = "DIR", group = "place")]
    pub prefix: Option<PathBuf>,

    /// The name under which notebooks ask for the kernel
    #[arg(long, default_value = kernelspec::DEFAULT_NAME, value_parser = kernelspec::parse_name)]
    pub name: String,
}

impl Target {
    /// The kernelspec's folder.
    pub fn folder(&self, places: &Places) -> Result<PathBuf, Failure> {
        let prefix = match (&self.prefix, self.sys_prefix) {
            (Some(prefix), _) => Some(std::path::absolute(prefix).map_err(|error| {
                Failure(format!(
                    "{} should be a folder, but {error}: name one with --prefix DIR",
                    prefix.display()
                ))
            })?),
            (None, true) => Some(sys_prefix()?),
            (None, false) => None,
        };
        let jupyter_data =
            prefix.map_or_else(|| places.jupyter.clone(), |prefix| prefix.join("share").join("jupyter"));
        Ok(kernelspec::folder_in(&jupyter_data, &self.name))
    }
}

/// The prefix of the Python that is first on the search path: where an active environment's Jupyter looks.
fn sys_prefix() -> Result<PathBuf, Failure> {
    let remedy = "activate the Python environment that has Jupyter, or name its folder with --prefix DIR";
    let output =
        Command::new("python3").args(["-c", "import sys; sys.stdout.write(sys.prefix)"]).output().map_err(
            |error| Failure(format!("--sys-prefix asks python3 for its prefix, but {error}: {remedy}")),
        )?;
    if !output.status.success() {
        return Err(Failure(format!(
            "python3 should print its prefix, but it ended with {}: {remedy}",
            output.status
        )));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The arguments of `netsplit install`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: Target,

    #[command(flatten)]
    wanted: Wanted,

    /// For a classroom: every cell is limited, and notebooks may lower the limits and not raise them
    #[arg(long)]
    classroom: bool,

    /// Hold cells and the compiler to the files of the session and of the library: no other files, no network, no programs
    #[arg(long)]
    confined: bool,

    /// A folder that the notebooks of all users read and none of them writes: the library for cells is prepared there
    #[arg(long, value_name = "DIR")]
    shared: Option<PathBuf>,

    /// A crate that notebooks find ready in the shared folder, as in 'rand = "0.9"'; may be given several times
    #[arg(long, value_name = "CRATE", requires = "shared")]
    dep: Vec<String>,

    /// Also make a course for nbgrader in this folder; what is there is never overwritten
    #[arg(long, value_name = "DIR")]
    nbgrader: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: Arguments) -> Outcome {
    let places = Places::of_this_user()?;
    let folder = arguments.target.folder(&places)?;
    let mut options = arguments.wanted.arguments(arguments.classroom);
    options.extend(arguments.confined.then(|| "--confined".to_string()));
    let shared = arguments.shared.as_deref().map(|it| prepare_shared(it, &arguments.dep)).transpose()?;
    install_into(&folder, options.clone(), shared.as_deref())?;
    println!("Installed the kernel {:?} at {}", arguments.target.name, folder.display());
    if !options.is_empty() {
        println!("Its notebooks run with {}", options.join(" "));
    }
    if let Some(course) = &arguments.nbgrader {
        make_course(course, &arguments.target.name, &places.chapters())?;
    }
    if shared.is_some() { Ok(()) } else { prepare_library() }
}

/// Makes a course for nbgrader, and says what became of each file.
fn make_course(folder: &Path, kernel: &str, chapters: &Path) -> Outcome {
    let made = nbgrader::write_course(folder, kernel, chapters)?;
    for it in &made {
        match it {
            Made::Written(path) => println!("Written: {}", path.display()),
            Made::Same(path) => println!("As it was: {}", path.display()),
            Made::Kept(path) => println!(
                "Kept as it was: {}; this version of netsplit would write another one: move yours away to get it",
                path.display()
            ),
        }
    }
    println!("The course is in {}; its README.md says how to go on", folder.display());
    Ok(())
}

/// Writes the kernelspec for this binary into `folder`; the kernel is started with these arguments besides, and finds what is
/// in the shared folder.
pub fn install_into(folder: &Path, arguments: Vec<String>, shared: Option<&Path>) -> Outcome {
    let binary = this_binary()?;
    ensure_writable(folder, "choose another place with --user, --sys-prefix or --prefix DIR")?;
    let variable = |shared: &Path| (library::SHARED.to_string(), shared.display().to_string());
    let environment = shared.map(variable).into_iter().collect();
    kernelspec::write(folder, &kernelspec::Start { binary, arguments, environment })
}

/// Prepares the library and the crates in a folder that notebooks only read; returns its absolute path.
fn prepare_shared(folder: &Path, crates: &[String]) -> Result<PathBuf, Failure> {
    ensure_writable(folder, "name another folder with --shared DIR")?;
    let folder = folder.canonicalize().map_err(|error| {
        Failure(format!("{}: {error}; name another folder with --shared DIR", folder.display()))
    })?;
    let crates: Vec<&str> = crates.iter().map(String::as_str).collect();
    let prepared = with_progress("Building the library and the crates for notebooks", |progress| {
        dependencies::prepare_shared(&library::home(), &folder, &crates, progress)
    });
    let prepared = prepared.map_err(|error| Failure(error.to_string()))?;
    println!("Notebooks find the library ready in {}", folder.display());
    for it in prepared {
        println!("Notebooks find ready: {} {}", it.name, it.version);
    }
    Ok(folder)
}

/// Builds the library that cells use, unless that was done before; otherwise a first cell would have to wait for it.
pub fn prepare_library() -> Outcome {
    let prepared =
        with_progress("Building the library for cells (once)", |progress| library::prepare(progress));
    prepared.map(|_| ()).map_err(|error| Failure(error.to_string()))
}

/// Shows what is going on, if anything is.
fn with_progress<T>(title: &str, work: impl FnOnce(&mut dyn FnMut(&str)) -> T) -> T {
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("  {spinner} {wide_msg}");
    bar.set_style(style.expect("the template is well formed"));
    let mut begun = false;
    let done = work(&mut |line| {
        if !begun {
            begun = true;
            eprintln!("{title}");
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
        }
        bar.set_message(line.to_string());
    });
    bar.finish_and_clear();
    done
}

/// The absolute path of this program.
fn this_binary() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| {
        Failure(format!("cannot tell where this program lies ({error}): start it by its full path"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(prefix: Option<&str>, name: &str) -> Target {
        Target { user: false, sys_prefix: false, prefix: prefix.map(PathBuf::from), name: name.to_string() }
    }

    fn places() -> Places {
        Places {
            source: PathBuf::from("/source"),
            data: PathBuf::from("/data"),
            jupyter: PathBuf::from("/home/jupyter"),
            jupyter_search: Vec::new(),
        }
    }

    /// Without a choice the kernel goes to the user's own Jupyter folder; a prefix and a name change the path.
    #[test]
    fn options_choose_the_folder() {
        let of = |target: Target| target.folder(&places()).unwrap();
        assert_eq!(of(target(None, "netsplit")), Path::new("/home/jupyter/kernels/netsplit"));
        assert_eq!(of(target(Some("/p"), "other")), Path::new("/p/share/jupyter/kernels/other"));
    }

    /// A relative prefix means the current folder's, and the kernelspec's path is absolute.
    #[test]
    fn relative_prefix_becomes_absolute() {
        assert!(target(Some("here"), "netsplit").folder(&places()).unwrap().is_absolute());
    }

    /// The kernelspec starts this very binary, by its absolute path.
    #[test]
    fn installed_kernelspec_starts_this_binary() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("kernels/netsplit");
        install_into(&folder, Vec::new(), None).unwrap();
        assert_eq!(kernelspec::binary_of(&folder).unwrap(), std::env::current_exe().unwrap());
    }
}
