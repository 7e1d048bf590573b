//! Compiles an answer, and says in words what is wrong with one that does not compile.

use std::path::PathBuf;

use netsplit_control::Bounds;
use netsplit_engine::diagnostics::{Diagnostic, without_colours};
use netsplit_engine::rustc::{self, Job};
use netsplit_report::Exercise;

use crate::answer::Answer;
use crate::error::GradingError;
use crate::exercises::SourceFile;
use crate::facade;
use crate::frame::{self, Written};
use crate::workshop::{Bench, Workshop};

/// The crates that an answer may name besides `netsplit`. Nothing below `netsplit` is among them: an answer names the library as a whole.
const OFFERED: [&str; 2] = ["serde", "serde_json"];
/// An answer is checked as in a session, and not optimised either: for the compiler that is a fourth of the work, and what takes time in judging
/// is the world around the answer.
const FLAGS: [&str; 3] = ["-Coverflow-checks=on", "-Cdebug-assertions=on", "-Cmetadata=netsplit-answer"];
/// The errors of a name that is not there.
const NO_SUCH_NAME: [&str; 10] =
    ["E0404", "E0405", "E0412", "E0422", "E0423", "E0425", "E0432", "E0433", "E0531", "E0603"];
/// What the compiler may use for an answer, whatever is in it: many times what the largest one of the course needs.
const BOUNDS: Bounds =
    Bounds { memory: Some(4 << 30), processor_seconds: Some(60), file_size: Some(1 << 30), is_final: true };
/// So many errors are shown in full.
const SHOWN: usize = 5;

/// What came of compiling an answer.
#[derive(Debug)]
pub enum Compiled {
    /// A library, in a folder that lasts as long as this.
    Ready(PathBuf, Bench),
    /// It does not compile.
    Broken(Broken),
}

/// Why an answer does not compile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// In sentences.
    pub sentences: Vec<String>,
    /// As the compiler draws it.
    pub drawing: String,
}

/// Compiles an answer.
///
/// # Errors
/// If that cannot be tried.
pub fn compile(
    answer: &Answer,
    exercise: &Exercise,
    given: Option<&SourceFile>,
    workshop: &mut Workshop<'_>,
) -> Result<Compiled, GradingError> {
    let facade = match exercise.without.is_empty() {
        true => None,
        false => Some(facade::prepare(&exercise.without, workshop)?),
    };
    let bench = workshop.folder("answer")?;
    let file = |error| GradingError::file("write", bench.path(), error);
    let written = frame::write(answer, exercise, given, &bench.path().join("source")).map_err(file)?;
    let parts = &workshop.library.parts;
    let mut compiler = rustc::begin(parts);
    compiler.args(["--crate-type=cdylib", "--crate-name=answer"]).args(FLAGS);
    for (name, path) in &parts.crates {
        // The façade lies where a confined compiler can read it.
        let own = bench.path().join("libnetsplit.rlib");
        let path = match &facade {
            Some(facade) if name == "netsplit" => {
                std::fs::copy(facade, &own).map_err(file)?;
                &own
            }
            _ => path,
        };
        if name == "netsplit" || OFFERED.contains(&name.as_str()) {
            compiler.arg("--extern").arg(format!("{name}={}", path.display()));
        }
    }
    let library = bench.path().join("answer.so");
    let job = Job {
        root: &written.root,
        renamed: &written.renamed,
        library: library.clone(),
        crates: Vec::new(),
        optimisation: "0",
    };
    workshop.programs.keeper.bound_programs(BOUNDS);
    let compiled = match rustc::compile_with(compiler, parts, &job, &mut workshop.programs) {
        Err(rustc::CompileError::Link(reason)) => {
            let sentences = vec!["The answer compiles, and cannot be linked: does it define names of the judge's, such as `netsplit_answer`?".to_string()];
            return Ok(Compiled::Broken(Broken { sentences, drawing: reason }));
        }
        Err(rustc::CompileError::TooLong { .. }) => {
            let sentences = vec!["The compiler needs more time for the answer than it gets.".to_string()];
            return Ok(Compiled::Broken(Broken { sentences, drawing: String::new() }));
        }
        other => other?,
    };
    // What stands there is source text, which the answer's process has no use for.
    let _ = std::fs::remove_dir_all(bench.path().join("source"));
    match compiled.is_well {
        true => Ok(Compiled::Ready(library, bench)),
        false => Ok(Compiled::Broken(broken(answer, exercise, &compiled.diagnostics, &written))),
    }
}

fn broken(answer: &Answer, exercise: &Exercise, diagnostics: &[Diagnostic], written: &Written) -> Broken {
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|it| it.is_error()).collect();
    let mut broken = Broken::default();
    let mut drawings = Vec::new();
    // Where a cell is wrong by itself, that it does not fit is no news.
    let is_wrong_itself = errors.iter().any(|it| asked_at(it, written).is_none());
    for error in &errors {
        let asked = asked_at(error, written).filter(|_| !is_wrong_itself);
        let sentences: Vec<String> =
            forbidden(error, exercise).into_iter().chain(elsewhere(error, answer)).chain(asked).collect();
        for sentence in sentences {
            if !broken.sentences.contains(&sentence) {
                broken.sentences.push(sentence);
            }
        }
        let is_of_glue = asked_at(error, written).is_some();
        if !is_of_glue || error.places().iter().any(|it| it.file_name.contains("cell[")) {
            let text_of = |file: &str| {
                let number: u32 = file.strip_prefix("cell[")?.strip_suffix(']')?.parse().ok()?;
                answer.texts().find(|(it, _)| *it == number).map(|(_, text)| text.to_string())
            };
            drawings.push(without_colours(&error.drawing(&text_of)));
        }
    }
    if broken.sentences.is_empty() {
        let first = errors.first().map(|it| it.title()).unwrap_or_default();
        broken.sentences.push(match errors.len() {
            0 | 1 => format!("The answer does not compile: {first}."),
            count => format!("The answer does not compile: {first} (and {} more).", count - 1),
        });
    }
    let more = drawings.len().saturating_sub(SHOWN);
    drawings.truncate(SHOWN);
    if more > 0 {
        drawings.push(format!(".. and {more} more"));
    }
    broken.drawing = drawings.join("\n\n");
    broken
}

/// The names that an error complains about.
fn names_of(error: &Diagnostic) -> Vec<&str> {
    let is_about_a_name = NO_SUCH_NAME.iter().any(|code| error.is(code));
    let quoted = error.message.split('`').skip(1).step_by(2).filter(|_| is_about_a_name);
    quoted.filter_map(|path| path.rsplit("::").next()).collect()
}

/// That an item of the library may not be used.
fn forbidden(error: &Diagnostic, exercise: &Exercise) -> Option<String> {
    let names = names_of(error);
    let is_meant = |item: &&String| {
        let parts: Vec<&str> = item.split("::").collect();
        names.iter().any(|name| parts.last() == Some(name))
    };
    let item = exercise.without.iter().find(is_meant)?;
    let name = item.rsplit("::").next().unwrap_or(item);
    Some(format!("This answer may not use `{name}`: it is what the exercise asks for."))
}

/// That a name stands in a cell that is no part of the answer.
fn elsewhere(error: &Diagnostic, answer: &Answer) -> Option<String> {
    let (name, cell) =
        names_of(error).into_iter().find_map(|name| Some((name, answer.elsewhere.get(name)?)))?;
    let exercise = &answer.exercise;
    Some(format!(
        "`{name}` stands in cell[{cell}], which is no part of the answer: write `// answer: {exercise}` there too, or move it."
    ))
}

/// What was asked for at the line of the glue that an error is about.
fn asked_at(error: &Diagnostic, written: &Written) -> Option<String> {
    let asked = error
        .places()
        .into_iter()
        .find_map(|place| written.asks.get(&(place.file_name.clone(), place.line_start)))?;
    let said = error.message.trim_end_matches('.');
    Some(format!("The answer does not fit: {asked}. (The compiler says: {said}.)"))
}
