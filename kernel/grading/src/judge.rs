//! Judges: one program for the exercises of an assignment, compiled once and kept in the cache.
//!
//! A judge knows the hidden tests, so it is never where an answer is: it is built in a folder that is removed, kept in the cache that
//! answers cannot read, and told the course's secret by its stdin alone.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::SystemTime;

use netsplit_control::{Confinement, End};
use netsplit_engine::diagnostics::{Diagnostic, without_colours};
use netsplit_engine::library::Library;
use netsplit_engine::rustc::{self, CompileError};
use netsplit_report::{Assignment, Exercise, Job, Report};

use crate::error::GradingError;
use crate::exercises::{Exercises, SourceFile};
use crate::key::Key;
use crate::workshop::{Bench, Workshop};

/// Changes when judges are built in another way.
const FORMAT: &str = "1";
/// So many judges are kept: those of the assignments at hand, with and without hidden tests.
const KEPT: usize = 12;
/// The crates that an exercise may name.
const OFFERED: [&str; 3] = ["netsplit", "serde", "serde_json"];
/// What cells are told by the names of their files, exercises are told by these.
const PROGRAM: &str = "judge";

/// A judge that can be asked.
#[derive(Clone, Debug)]
pub struct Judge {
    /// What its exercises are.
    pub assignment: Assignment,
    /// Which judge it is: the same exercises, tests and library have the same.
    pub key: String,
    exercises: Exercises,
    program: PathBuf,
    confinement: Option<Confinement>,
}

impl Judge {
    /// Builds the judge of these exercises, unless that has been done before; `progress` is told if there is something to do.
    ///
    /// # Errors
    /// If the exercises do not compile, or the cache cannot be written.
    pub fn prepare(
        exercises: &Exercises,
        workshop: &mut Workshop<'_>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Self, GradingError> {
        let key = key(exercises, workshop.library);
        let judges = workshop.library.places.cache.join("judges");
        let folder = judges.join(&key);
        let file = |error| GradingError::file("write", &folder, error);
        fs::create_dir_all(&judges).map_err(file)?;
        let lock = File::create(judges.join(format!("{key}.lock"))).map_err(file)?;
        lock.lock().map_err(file)?;
        let described = folder.join("assignment.json");
        if !described.exists() {
            progress("preparing the exercises; this is done once and takes a moment");
            make(exercises, &folder, workshop)?;
            remove_old(&judges, &key);
        }
        // The newest are kept.
        let _ = File::open(&described).and_then(|it| it.set_modified(SystemTime::now()));
        let text = fs::read_to_string(&described).map_err(file)?;
        let assignment = serde_json::from_str(&text).map_err(|error| file(error.into()))?;
        let program = folder.join(PROGRAM);
        let confinement = confinement(workshop, &[&program, &workshop.library.parts.host]);
        Ok(Self { assignment, key, exercises: exercises.clone(), program, confinement })
    }

    /// The exercise of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn exercise(&self, name: &str) -> Result<&Exercise, GradingError> {
        self.assignment.exercises.iter().find(|it| it.name == name).ok_or_else(|| {
            GradingError::NoSuchExercise { name: name.to_string(), known: self.exercises.names() }
        })
    }

    /// What the statement of an exercise gives.
    pub fn given(&self, name: &str) -> Option<&SourceFile> {
        self.exercises.named(name).and_then(|it| it.given.as_ref())
    }

    /// Has an answer judged.
    ///
    /// # Errors
    /// If the judge fails, or is stopped.
    pub fn run(&self, job: &Job, workshop: &mut Workshop<'_>) -> Result<Report, GradingError> {
        let job = serde_json::to_vec(job).map_err(|error| self.failed(error.to_string()))?;
        let mut command = Command::new(&self.program);
        command.arg("run");
        let said = ask(&command, &job, self.confinement.clone(), workshop)
            .map_err(|error| self.failed(error.to_string()))?;
        if workshop.programs.interrupt.is_set() {
            return Err(CompileError::Interrupted.into());
        }
        if !said.is_well {
            return Err(self.failed(said.stderr.trim().to_string()));
        }
        serde_json::from_slice(&said.stdout)
            .map_err(|error| self.failed(format!("it has said no report: {error}")))
    }

    fn failed(&self, reason: String) -> GradingError {
        GradingError::Judge { folder: self.exercises.folder.clone(), reason }
    }
}

/// What a judge, and the compiler of it, are held to: in a confined session exercises may be a student's own.
fn confinement(workshop: &Workshop<'_>, programs: &[&Path]) -> Option<Confinement> {
    if workshop.judges_are_trusted {
        return None;
    }
    workshop.folders.of_compiler_with(programs)
}

/// Where a judge is built. Hidden tests are never where a session's code could read them.
fn bench(workshop: &Workshop<'_>, folder: &Path) -> Result<Bench, GradingError> {
    match workshop.judges_are_trusted {
        true => Bench::at(folder.with_extension("build")),
        false => workshop.folder("judge"),
    }
}

/// What a judge depends on.
fn key(exercises: &Exercises, library: &Library) -> String {
    let mut key =
        Key::default().and(FORMAT).and(library.folder().file_name().unwrap_or_default().as_encoded_bytes());
    for it in &exercises.all {
        key = key.and(&it.name);
        for file in [it.given.as_ref(), Some(&it.exercise), it.hidden.as_ref()] {
            key = key.and(if file.is_some() { "there" } else { "absent" });
            key = key.and(file.map_or("", |it| &it.text));
        }
    }
    key.name()
}

/// The judge's own text: each exercise is a module with its files as modules, so that errors are told on the author's lines.
fn program(exercises: &Exercises, folder: &Path) -> io::Result<(String, Vec<(PathBuf, String)>)> {
    let mut text = "#![allow(warnings)]\n".to_string();
    let mut renamed = Vec::new();
    let mut all = String::new();
    for (place, it) in exercises.all.iter().enumerate() {
        text += &format!("mod exercise_{place} {{\n");
        let files =
            [("given", it.given.as_ref()), ("exercise", Some(&it.exercise)), ("hidden", it.hidden.as_ref())];
        for (module, file) in files {
            let Some(file) = file else {
                if module == "given" {
                    text += "pub mod given {}\n";
                }
                continue;
            };
            let copy_folder = folder.join(format!("{place}-{module}"));
            fs::create_dir_all(&copy_folder)?;
            let name = file.path.file_name().unwrap_or_default();
            let copy = copy_folder.join(name);
            fs::write(&copy, &file.text)?;
            text += &format!("#[path = {:?}] pub mod {module};\n", copy.display().to_string());
            let original = file.path.parent().map(|it| it.display().to_string()).unwrap_or_default();
            renamed.push((copy_folder, original));
        }
        text += "}\n";
        all += &match it.hidden {
            Some(_) => format!("exercise_{place}::hidden::hidden(exercise_{place}::exercise::exercise()),\n"),
            None => format!("exercise_{place}::exercise::exercise(),\n"),
        };
    }
    text += &format!(
        "fn main() -> ::std::process::ExitCode {{\n::netsplit::grade::judge(::std::vec![\n{all}])\n}}\n"
    );
    Ok((text, renamed))
}

fn make(exercises: &Exercises, folder: &Path, workshop: &mut Workshop<'_>) -> Result<(), GradingError> {
    let file = |error| GradingError::file("write", folder, error);
    let bench = bench(workshop, folder)?;
    let (text, renamed) = program(exercises, bench.path()).map_err(file)?;
    let root = bench.path().join("main.rs");
    fs::write(&root, text).map_err(file)?;
    let built = bench.path().join(PROGRAM);
    let parts = &workshop.library.parts;
    let mut compiler = rustc::begin(parts);
    compiler.args(["--crate-type=bin", "--crate-name=judge", "-Cmetadata=netsplit-judge", "-Copt-level=1"]);
    compiler.args(["-Coverflow-checks=on", "-Cdebug-assertions=on"]);
    compiler.args(parts.flags.split('\x1f').filter(|it| it.starts_with("-Clink-args")));
    for (name, crate_file) in parts.crates.iter().filter(|(name, _)| OFFERED.contains(&name.as_str())) {
        compiler.arg("--extern").arg(format!("{name}={}", crate_file.display()));
    }
    for (from, to) in &renamed {
        compiler.arg(format!("--remap-path-prefix={}={to}", from.display()));
    }
    compiler.arg("-o").arg(&built).arg(&root);
    // An executable is linked by the compiler of C.
    let linker = linker_of_c();
    let held = confinement(workshop, &linker.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    let (is_well, diagnostics) =
        rustc::understood(rustc::run_within(&compiler, held, &mut workshop.programs)?);
    if !is_well {
        return Err(broken(exercises, &diagnostics));
    }
    let mut describe = Command::new(&built);
    describe.arg("describe");
    let held = confinement(workshop, &[&built]);
    let said = ask(&describe, &[], held, workshop).map_err(file)?;
    let failed = |reason| GradingError::Judge { folder: exercises.folder.clone(), reason };
    if !said.is_well {
        return Err(failed(said.stderr.trim().to_string()));
    }
    let described: Assignment = serde_json::from_slice(&said.stdout)
        .map_err(|error| failed(format!("it does not describe itself: {error}")))?;
    for (files, exercise) in exercises.all.iter().zip(&described.exercises) {
        if files.name != exercise.name {
            let path = files.exercise.path.display();
            return Err(failed(format!(
                "{path} makes an exercise called `{}`: expected `{}`, as its folder is called",
                exercise.name, files.name
            )));
        }
    }
    keep(&built, &said.stdout, folder).map_err(file)
}

/// Puts a judge into the cache: whole, or not at all.
fn keep(built: &Path, described: &[u8], folder: &Path) -> io::Result<()> {
    let new = folder.with_extension("new");
    let _ = fs::remove_dir_all(&new);
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(&new)?;
    fs::copy(built, new.join(PROGRAM))?;
    fs::write(new.join("assignment.json"), described)?;
    fs::rename(new, folder)
}

/// The programs that a compiler of C is.
fn linker_of_c() -> Vec<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).map(|it| it.join("cc")).find(|it| it.exists());
    let real = found.as_ref().and_then(|it| it.canonicalize().ok());
    found.into_iter().chain(real).collect()
}

fn broken(exercises: &Exercises, diagnostics: &[Diagnostic]) -> GradingError {
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|it| it.is_error()).collect();
    let drawing = |it: &&Diagnostic| {
        without_colours(it.rendered.as_deref().unwrap_or(&it.message)).trim_end().to_string()
    };
    GradingError::Exercise {
        folder: exercises.folder.clone(),
        first: errors.first().map(|it| it.title()).unwrap_or_default(),
        drawings: errors.iter().map(drawing).collect::<Vec<_>>().join("\n\n"),
    }
}

/// What a program has said.
struct Said {
    is_well: bool,
    stdout: Vec<u8>,
    stderr: String,
}

/// Runs a program with this on its stdin.
fn ask(
    command: &Command,
    stdin: &[u8],
    confinement: Option<Confinement>,
    workshop: &mut Workshop<'_>,
) -> io::Result<Said> {
    let (their_in, mut ours_in) = io::pipe()?;
    let (mut ours_out, their_out) = io::pipe()?;
    let (mut ours_err, their_err) = io::pipe()?;
    let streams = [their_in.as_fd(), their_out.as_fd(), their_err.as_fd()];
    let program = workshop.programs.start_trusted(command, streams, confinement)?;
    drop((their_in, their_out, their_err));
    let complains = thread::spawn(move || {
        let mut said = Vec::new();
        let _ = ours_err.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    });
    // One that ends without reading says why on stderr.
    let _ = ours_in.write_all(stdin);
    drop(ours_in);
    let mut stdout = Vec::new();
    ours_out.read_to_end(&mut stdout)?;
    let end = workshop.programs.wait(program)?;
    let mut stderr = complains.join().unwrap_or_default();
    if let End::Signalled(signal) = end {
        stderr += &format!("ended by signal {signal}");
    }
    Ok(Said { is_well: end == End::Exited(0), stdout, stderr })
}

/// Removes the judges that were not used for longest.
fn remove_old(judges: &Path, current: &str) {
    let Ok(entries) = fs::read_dir(judges) else { return };
    let used = |folder: &Path| fs::metadata(folder.join("assignment.json")).and_then(|it| it.modified()).ok();
    let is_other = |path: &PathBuf| path.is_dir() && !path.ends_with(current);
    let mut others: Vec<PathBuf> = entries.flatten().map(|it| it.path()).filter(is_other).collect();
    others.sort_by_key(|folder| std::cmp::Reverse(used(folder)));
    for folder in others.iter().skip(KEPT - 1) {
        let lock = folder.with_extension("lock");
        let is_free = File::open(&lock).is_ok_and(|it| it.try_lock().is_ok());
        if is_free && fs::remove_dir_all(folder).is_ok() {
            let _ = fs::remove_file(lock);
        }
    }
}
