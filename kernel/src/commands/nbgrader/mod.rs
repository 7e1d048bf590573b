//! `netsplit install --nbgrader DIR`: a course for nbgrader, with the settings under which it grades notebooks of this kernel.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use netsplit_grading::{Course, EXERCISES, INSTRUCTOR, template};
use serde_json::Value;

use super::Failure;
use super::places::ensure_writable;

mod assignment;

use assignment::Exercise;

/// The files of a course; `@COURSE@` is its name, and `@KERNEL@` that of the kernel.
const FILES: [(&str, &str); 4] = [
    ("nbgrader_config.py", include_str!("../../../../install/nbgrader/nbgrader_config.py")),
    ("netsplit_submissions.py", include_str!("../../../../install/nbgrader/netsplit_submissions.py")),
    ("autotests.yml", include_str!("../../../../install/nbgrader/autotests.yml")),
    ("README.md", include_str!("../../../../install/nbgrader/README.md")),
];
/// The first assignment of a new course, which is small.
const EXAMPLE: &str = "first";
/// Its exercise, which is what `netsplit exercise new` writes.
const EXERCISE: &str = "double";
const STATEMENT: &str = "## Twice as much

Somebody asks your service for twice a number. Write `Doubler`, which answers every `Question` with twice its `number`.

Run the last cell to see what is tested, and how your answer does. There are more tests than you see.";

/// What became of a file of the course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is new.
    Written(PathBuf),
    /// It was there, with this very content.
    Same(PathBuf),
    /// It was there, and is not what this version of netsplit writes.
    Kept(PathBuf),
}

/// Makes the folder a course for notebooks of this kernel. What is there stays as it is.
pub fn write_course(folder: &Path, kernel: &str, chapters: &Path) -> Result<Vec<Made>, Failure> {
    ensure_writable(folder, "name another folder with --nbgrader DIR")?;
    let folder = folder.canonicalize().map_err(|error| cannot("read", folder, &error))?;
    let name = course_name(&folder);
    let mut made = Vec::new();
    for (file, text) in FILES {
        let text = text.replace("@COURSE@", &name).replace("@KERNEL@", kernel);
        made.push(write_new(&folder.join(file), &text)?);
    }
    let own = folder.join(INSTRUCTOR);
    match fs::DirBuilder::new().mode(0o700).create(&own) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(cannot("make", &own, &error)),
        _ => {}
    }
    made.extend(write_assignments(&folder, kernel, chapters)?);
    let told = |error: netsplit_grading::GradingError| Failure(error.to_string());
    Course::open(&folder).and_then(|course| course.secret()).map_err(told)?;
    Ok(made)
}

/// Assignments to begin with, unless there are some: a small one, and the exercises of each chapter.
fn write_assignments(course: &Path, kernel: &str, chapters: &Path) -> Result<Vec<Made>, Failure> {
    let (source, own) = (course.join("source"), course.join(INSTRUCTOR));
    fs::create_dir_all(&source).map_err(|error| cannot("make", &source, &error))?;
    if names_in(&source)?.iter().chain(&names_in(&own)?).any(|it| it != "secret") {
        return Ok(Vec::new());
    }
    let folder = source.join(EXAMPLE);
    template::write(EXERCISE, &folder).map_err(|error| Failure(error.to_string()))?;
    let empty = own.join(EXAMPLE).join(EXERCISE).join("empty.rs");
    let empty = fs::read_to_string(&empty).map_err(|error| cannot("read", &empty, &error))?;
    let given = folder.join(EXERCISES).join(EXERCISE).join("given.rs");
    let given = fs::read_to_string(&given).map_err(|error| cannot("read", &given, &error))?;
    let cells = vec![
        assignment::text("title", "# First assignment"),
        assignment::text(EXERCISE, STATEMENT),
        assignment::code("double-given", &assignment::without_essay(&given)),
        assignment::code("double-answer", &assignment::without_essay(&empty)),
        assignment::code("double-grade", ":grade double"),
    ];
    let mut made = vec![write_notebook(course, EXAMPLE, kernel, cells)?];
    for name in names_in(chapters)? {
        let chapter = chapters.join(&name);
        if !chapter.join(EXERCISES).is_dir() {
            continue;
        }
        copy(&chapter.join(EXERCISES), &source.join(&name).join(EXERCISES))?;
        copy(&chapter.join(INSTRUCTOR), &own.join(&name))?;
        let notebook = chapter.join(format!("{name}.ipynb"));
        let text = fs::read(&notebook).map_err(|error| cannot("read", &notebook, &error))?;
        let json = serde_json::from_slice(&text)
            .map_err(|error| Failure(format!("expected a notebook in {}: {error}", notebook.display())))?;
        made.push(write_notebook(course, &name, kernel, assignment::exercises_of_chapter(&json))?);
    }
    Ok(made)
}

/// Writes an assignment's notebook, as the instructor has it, from the cells that students see.
fn write_notebook(course: &Path, name: &str, kernel: &str, cells: Vec<Value>) -> Result<Made, Failure> {
    let folder = course.join("source").join(name);
    let exercises = Exercise::all(&folder.join(EXERCISES), &course.join(INSTRUCTOR).join(name))?;
    let notebook = assignment::notebook(kernel, assignment::mark(cells, &exercises));
    let text = serde_json::to_string_pretty(&notebook).expect("a JSON value can be printed") + "\n";
    write_new(&folder.join(format!("{name}.ipynb")), &text)
}

/// The names in a folder, in order.
fn names_in(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| cannot("read", folder, &error))?;
    let mut names: Vec<String> =
        entries.flatten().map(|it| it.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|error| cannot("make", to, &error))?;
    for name in names_in(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(|error| cannot("write", &to, &error))?;
        }
    }
    Ok(())
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<Made, Failure> {
    match OpenOptions::new().write(true).create_new(true).mode(0o644).open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes()).map_err(|error| cannot("write", path, &error))?;
            Ok(Made::Written(path.to_path_buf()))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let present = fs::read(path).map_err(|error| cannot("read", path, &error))?;
            let is_same = present == text.as_bytes();
            Ok(if is_same { Made::Same(path.to_path_buf()) } else { Made::Kept(path.to_path_buf()) })
        }
        Err(error) => Err(cannot("write", path, &error)),
    }
}

/// nbgrader makes folders and addresses of a course's name.
fn course_name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let fit = |it: char| if it.is_ascii_alphanumeric() || "._-".contains(it) { it } else { '-' };
    let name: String = name.chars().map(fit).collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() { "course".to_string() } else { name.to_string() }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure(format!("cannot {what} {}: {error}; name another folder with --nbgrader DIR", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn chapters() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../notebooks")
    }

    fn written(made: &[Made]) -> usize {
        made.iter().filter(|it| matches!(it, Made::Written(_))).count()
    }

    /// A new course has all that it needs, named after its folder; what nobody may see is closed to others.
    #[test]
    fn a_new_course() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("Systems 2026");
        let made = write_course(&folder, "rusty", &chapters()).unwrap();
        assert_eq!(written(&made), made.len());
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        let config = text("nbgrader_config.py");
        assert!(
            config.contains("course_id = \"Systems-2026\"") && config.contains("\"rusty\": \"//\""),
            "{config}"
        );
        assert!(text("autotests.yml").contains("\nrusty:\n"));
        assert!(text("source/first/first.ipynb").contains("BEGIN SOLUTION"));
        for name in names_in(&folder.join("source")).unwrap() {
            let notebook = text(&format!("source/{name}/{name}.ipynb"));
            let exercises = names_in(&folder.join("source").join(&name).join(EXERCISES)).unwrap();
            assert_eq!(notebook.matches("BEGIN SOLUTION").count(), exercises.len(), "{name}");
            assert_eq!(notebook.matches("\"points\"").count(), exercises.len(), "{name}");
            assert!(folder.join(INSTRUCTOR).join(&name).join(&exercises[0]).join("hidden.rs").exists());
        }
        assert!(
            !FILES.iter().any(|(name, _)| text(name).contains("@COURSE@") || text(name).contains("@KERNEL@"))
        );
        let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("instructor"), mode("instructor/secret")), (0o700, 0o600));
    }

    /// A second time nothing is written; what was changed is kept, and said to be.
    #[test]
    fn nothing_is_overwritten() {
        let place = tempfile::tempdir().unwrap();
        write_course(place.path(), "netsplit", &chapters()).unwrap();
        let config = place.path().join("nbgrader_config.py").canonicalize().unwrap();
        fs::write(&config, "mine").unwrap();
        fs::remove_dir_all(place.path().join("source/first")).unwrap();
        fs::create_dir(place.path().join("source/own")).unwrap();
        let secret = fs::read(place.path().join("instructor/secret")).unwrap();
        let again = write_course(place.path(), "netsplit", &chapters()).unwrap();
        assert_eq!(written(&again), 0, "{again:?}");
        assert!(again.contains(&Made::Kept(config.clone())) && again.len() == FILES.len(), "{again:?}");
        assert_eq!(fs::read_to_string(config).unwrap(), "mine");
        assert_eq!(fs::read(place.path().join("instructor/secret")).unwrap(), secret);
    }

    /// Whatever the folder is called, the course's name can be part of an address.
    #[test]
    fn names_of_courses() {
        let name = |path: &str| course_name(Path::new(path));
        assert_eq!([name("/a/cs 101+"), name("/a/.hidden"), name("/a/ß")], ["cs-101", "hidden", "course"]);
        assert_eq!(name("/a/cs-101.b_c"), "cs-101.b_c");
    }
}
