//! `netsplit doctor`: say what is installed, what is missing, and what to do.
//!
//! One line per check. A required thing that is missing makes the exit code 1; what the first `netsplit lab` will
//! make by itself is not missing. What can be confined is not asked, but tried (`confinement.rs`).

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::confinement::{self, Finding};
use super::lab::course;
use super::lab::environment::Environment;
use super::places::{Places, ensure_writable};
use super::{Failure, Outcome, kernelspec, prerequisites};
use crate::cache;
use crate::engine::library;
use crate::engine::rust::assistant_program;

/// The arguments of `netsplit doctor`.
#[derive(Debug, Args)]
pub struct Arguments {}

/// How one thing stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    /// It is there.
    Good(String),
    /// It is not there, and it need not be.
    Optional(String),
    /// It is required and missing, with what to do.
    Missing(String),
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    subject: &'static str,
    verdict: Verdict,
}

impl Check {
    fn required(subject: &'static str, found: Result<String, Failure>) -> Self {
        let verdict = match found {
            Ok(found) => Verdict::Good(found),
            Err(failure) => Verdict::Missing(failure.to_string()),
        };
        Self { subject, verdict }
    }
}

/// What a machine does not enforce is told; nothing is missing for it, since notebooks work without.
impl From<Finding> for Check {
    fn from(Finding { subject, is_enforced, text }: Finding) -> Self {
        Self { subject, verdict: if is_enforced { Verdict::Good(text) } else { Verdict::Optional(text) } }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, text) = match &self.verdict {
            Verdict::Good(text) => ("ok", text),
            Verdict::Optional(text) => ("note", text),
            Verdict::Missing(text) => ("MISSING", text),
        };
        write!(f, "{mark:<8} {:<20} {text}", self.subject)
    }
}

/// Runs the command.
pub fn run(_arguments: Arguments) -> Outcome {
    let mut checks = examine(&Places::of_this_user()?);
    checks.extend(confinement::findings().into_iter().map(Check::from));
    for check in &checks {
        println!("{check}");
    }
    match checks.iter().filter(|check| matches!(check.verdict, Verdict::Missing(_))).count() {
        0 => Ok(()),
        1 => Err(Failure("1 required thing is missing: see the line above that says MISSING".to_string())),
        several => {
            Err(Failure(format!("{several} required things are missing: see the lines that say MISSING")))
        }
    }
}

/// All checks, in the order in which a first set-up meets them.
fn examine(places: &Places) -> Vec<Check> {
    let environment = Environment::of(places);
    let python =
        prerequisites::python(None).map(|it| format!("Python {} at {}", it.version, it.path.display()));
    let writable = |folder: &Path| {
        ensure_writable(folder, "make it writable for your user").map(|()| folder.display().to_string())
    };
    vec![
        Check::required("Rust", prerequisites::rust()),
        Check::required("C linker", prerequisites::linker()),
        Check { subject: "fast linker", verdict: fast_linker() },
        Check::required("Python", python),
        Check::required("sources", sources(places)),
        Check::required("data folder", writable(&places.data)),
        Check::required("cache folder", writable(&cache::directory())),
        Check { subject: "Python environment", verdict: environment_verdict(&environment) },
        Check { subject: "kernel", verdict: kernel_verdict(places, &environment) },
        Check { subject: "library for cells", verdict: library_verdict() },
        Check { subject: "assistant", verdict: assistant_verdict() },
    ]
}

fn fast_linker() -> Verdict {
    let found = ["mold", "ld.lld", "lld"].into_iter().find_map(prerequisites::on_path);
    match found {
        Some(path) => Verdict::Good(path.display().to_string()),
        None => Verdict::Optional(
            "neither mold nor lld is on PATH; with one of them cells build a little faster".into(),
        ),
    }
}

/// The library and the chapters come from the clone that this binary was built in.
fn sources(places: &Places) -> Result<String, Failure> {
    let prelude = places.source.join("lib").join("prelude").join("Cargo.toml");
    let published = course::published_files(&places.chapters()).unwrap_or_default();
    let notebooks = published.iter().filter(|path| course::is_chapter(path)).count();
    if !prelude.exists() || notebooks == 0 {
        return Err(Failure(format!(
            "the library and the chapters should be in {}, but they are not: clone the project again and run \
             `cargo lab` there, or name the clone's folder in the variable NETSPLIT_HOME",
            places.source.display()
        )));
    }
    let chapters = if notebooks == 1 { "1 chapter".to_string() } else { format!("{notebooks} chapters") };
    Ok(format!("{chapters} and the library in {}", places.source.display()))
}

fn environment_verdict(environment: &Environment) -> Verdict {
    let root = environment.root().display();
    if environment.is_ready() {
        Verdict::Good(format!("JupyterLab at {root}"))
    } else {
        Verdict::Optional(format!("not made yet at {root}; the first `netsplit lab` makes it"))
    }
}

fn library_verdict() -> Verdict {
    match library::prepared() {
        Ok(Some(folder)) => Verdict::Good(folder.display().to_string()),
        Ok(None) => Verdict::Optional(
            "not built yet for this compiler; the first cell or `netsplit lab` does it".into(),
        ),
        Err(error) => Verdict::Missing(error.to_string()),
    }
}

fn assistant_verdict() -> Verdict {
    match assistant_program() {
        Ok(program) if prerequisites::is_executable(&program) => Verdict::Good(program.display().to_string()),
        Ok(program) => Verdict::Optional(format!(
            "not built yet at {}; `cargo lab` does it in the background, and until then completion knows little",
            program.display()
        )),
        Err(error) => Verdict::Optional(error.to_string()),
    }
}

/// Every kernelspec of ours that Jupyter would find; one that starts a program which is gone is an error.
fn kernel_verdict(places: &Places, environment: &Environment) -> Verdict {
    let folders: Vec<PathBuf> = std::iter::once(environment.jupyter_data())
        .chain([places.jupyter.clone()])
        .chain(places.jupyter_search.iter().cloned())
        .map(|data| kernelspec::folder_in(&data, kernelspec::DEFAULT_NAME))
        .filter(|folder| folder.join("kernel.json").exists())
        .collect();
    for folder in &folders {
        match kernelspec::binary_of(folder) {
            Some(binary) if prerequisites::is_executable(&binary) => {}
            Some(binary) => {
                return Verdict::Missing(format!(
                    "{} starts {}, which is not a program any more: run `cargo lab` or `netsplit install` again",
                    folder.display(),
                    binary.display()
                ));
            }
            None => {
                return Verdict::Missing(format!(
                    "{} should say how to start the kernel, but cannot be read: run `netsplit install` again",
                    folder.join("kernel.json").display()
                ));
            }
        }
    }
    if folders.is_empty() {
        return Verdict::Optional(
            "not registered yet; `netsplit lab` or `netsplit install` does it".to_string(),
        );
    }
    let listed: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Verdict::Good(listed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(scratch: &Path) -> Places {
        Places {
            source: scratch.join("source"),
            data: scratch.join("data"),
            jupyter: scratch.join("jupyter"),
            jupyter_search: Vec::new(),
        }
    }

    /// A kernelspec whose program was deleted (a moved clone) is missing, not fine, and the line says what to run.
    #[test]
    fn kernelspec_of_a_deleted_binary_is_missing() {
        let scratch = tempfile::tempdir().unwrap();
        let places = places(scratch.path());
        let environment = Environment::of(&places);
        assert!(matches!(kernel_verdict(&places, &environment), Verdict::Optional(_)));
        let folder = kernelspec::folder_in(&places.jupyter, kernelspec::DEFAULT_NAME);
        let start = |binary: PathBuf| kernelspec::Start { binary, ..kernelspec::Start::default() };
        kernelspec::write(&folder, &start(std::env::current_exe().unwrap())).unwrap();
        assert!(matches!(kernel_verdict(&places, &environment), Verdict::Good(_)));
        kernelspec::write(&folder, &start("/gone/netsplit".into())).unwrap();
        let Verdict::Missing(text) = kernel_verdict(&places, &environment) else {
            panic!("the program is gone")
        };
        assert!(text.contains("/gone/netsplit") && text.contains("netsplit install"), "{text}");
    }

    /// A clone without chapters or library is missing, with the folder's path.
    #[test]
    fn sources_without_chapters_are_missing() {
        let scratch = tempfile::tempdir().unwrap();
        let failure = sources(&places(scratch.path())).unwrap_err().to_string();
        assert!(failure.contains(&*scratch.path().join("source").to_string_lossy()), "{failure}");
    }

    /// Every check is one line with its mark in front, whatever the verdict.
    #[test]
    fn every_check_is_one_line() {
        let scratch = tempfile::tempdir().unwrap();
        let checks = examine(&places(scratch.path()));
        assert!(checks.len() >= 10);
        for check in checks {
            let line = check.to_string();
            assert!(!line.contains('\n'), "{line}");
            assert!(["ok", "note", "MISSING"].iter().any(|mark| line.starts_with(mark)), "{line}");
        }
    }
}
