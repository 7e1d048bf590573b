//! Whether an exercise is ready for students: the right answer gets everything, an empty one next to nothing, wrong ones not enough.

use std::fs;
use std::path::{Path, PathBuf};

use netsplit_engine::Told;
use netsplit_engine::library::Library;
use netsplit_report::Mode;

use crate::answer::{Answer, exercises_of};
use crate::batch::cells_of_notebook;
use crate::error::GradingError;
use crate::exercises::{EXERCISES, Exercises, INSTRUCTOR};
use crate::grade::{Graded, grade};
use crate::judge::Judge;
use crate::shown::number;
use crate::workshop::OwnSession;

/// The most that an empty answer may get, as a share of the points.
const EMPTY_GETS: f64 = 0.05;
/// What a wrong answer must stay below.
const WRONG_GETS: f64 = 0.6;
/// What takes the place of a solution in what students get.
const STUB: &str = concat!("to", "do!(\"your answer\")");

/// How many of the hidden cases are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All of them, as grades do.
    Full,
    /// About 200 of an exercise, for a look in between.
    Quick,
}

impl Depth {
    fn most(self) -> Option<u32> {
        match self {
            Depth::Full => None,
            Depth::Quick => Some(200),
        }
    }
}

/// What an answer is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything.
    Everything,
    /// At most 5 %.
    NextToNothing,
    /// Less than 60 %.
    NotEnough,
    /// Less than 60 %, because it uses what it may not.
    Refused,
}

impl Wanted {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Wanted::Everything => "100 %",
            Wanted::NextToNothing => "at most 5 %",
            Wanted::NotEnough => "below 60 %",
            Wanted::Refused => "refused",
        }
    }
}

/// An answer that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// The exercise.
    pub exercise: String,
    /// Which answer.
    pub answer: String,
    /// What it should get.
    pub wanted: Wanted,
    /// What it gets: points, and what there are.
    pub got: Option<(f64, f64)>,
    /// Whether that is what it should get.
    pub is_met: bool,
    /// What is to be said of it.
    pub note: String,
}

/// An answer to try.
struct Attempt {
    name: String,
    wanted: Wanted,
    /// Its cells, or why there are none.
    cells: Result<Vec<Told>, String>,
}

/// The folder `exercises` and the names of what is to be checked in it: `path` is that folder, what it lies in, or one exercise; or the name
/// of one that lies below the working folder.
///
/// # Errors
/// If there is no such exercise.
pub fn find(path: &Path) -> Result<(PathBuf, Option<String>), GradingError> {
    let named = Path::new(EXERCISES).join(path);
    let places = [path.to_path_buf(), named];
    for place in places {
        if place.join("exercise.rs").is_file()
            && let (Some(folder), Some(name)) = (place.parent(), place.file_name())
        {
            return Ok((folder.to_path_buf(), Some(name.to_string_lossy().into_owned())));
        }
        for folder in [place.join(EXERCISES), place] {
            let is_folder = fs::read_dir(&folder).is_ok_and(|mut entries| {
                entries.any(|it| it.is_ok_and(|it| it.path().join("exercise.rs").is_file()))
            });
            if is_folder {
                return Ok((folder, None));
            }
        }
    }
    Err(GradingError::Course(format!(
        "expected an exercise, a folder of exercises, or the name of one in ./{EXERCISES}; found none in {}",
        path.display()
    )))
}

/// Where the instructor's part of these exercises is: beside the folder, or, in a course, beside `source`.
pub fn instructor_folder(exercises: &Path) -> PathBuf {
    let exercises = std::path::absolute(exercises).unwrap_or_else(|_| exercises.to_path_buf());
    let assignment = exercises.parent().unwrap_or(Path::new("/"));
    let above = assignment.parent().filter(|it| it.file_name().is_some_and(|name| name == "source"));
    match (above.and_then(Path::parent), assignment.file_name()) {
        (Some(course), Some(name)) => course.join(INSTRUCTOR).join(name),
        _ => assignment.join(INSTRUCTOR),
    }
}

/// Checks the exercises in this folder, or one of them.
///
/// # Errors
/// If they do not compile, or a file cannot be read.
pub fn check(
    library: &Library,
    folder: &Path,
    only: Option<&str>,
    depth: Depth,
    workers: usize,
    tell: &mut dyn FnMut(&Tried),
) -> Result<bool, GradingError> {
    let instructor = instructor_folder(folder);
    let exercises = Exercises::read(folder, Some(&instructor))?;
    let mut session = OwnSession::start(library, true)?;
    let judge = Judge::prepare(&exercises, &mut session.workshop(library), &mut |_| {})?;
    let secret = "the secret of `netsplit exercise check`".to_string();
    let mode = Mode::Hidden { secret, most: depth.most() };
    let mut is_well = true;
    for files in exercises.all.iter().filter(|it| only.is_none_or(|only| it.name == only)) {
        for attempt in attempts(folder, &instructor.join(&files.name), &files.name)? {
            let tried = match attempt.cells {
                Err(note) => {
                    let (exercise, answer) = (files.name.clone(), attempt.name);
                    Tried { exercise, answer, wanted: attempt.wanted, got: None, is_met: false, note }
                }
                Ok(cells) => {
                    let answer = Answer::of(&cells, &files.name);
                    let graded = grade(&answer, &judge, &mode, workers, &mut session.workshop(library))?;
                    judged(&files.name, &attempt.name, attempt.wanted, &graded)
                }
            };
            is_well &= tried.is_met;
            tell(&tried);
        }
    }
    Ok(is_well)
}

fn judged(exercise: &str, answer: &str, wanted: Wanted, graded: &Graded) -> Tried {
    let report = &graded.report;
    let share = report.points / report.out_of;
    let is_refused = report.remarks.iter().any(|it| it.contains("may not use"));
    let is_met = match wanted {
        Wanted::Everything => share >= 1.0,
        Wanted::NextToNothing => share <= EMPTY_GETS,
        Wanted::NotEnough => share < WRONG_GETS,
        Wanted::Refused => share < WRONG_GETS && is_refused,
    };
    let failed = report.properties.iter().filter(|it| it.held.0 < it.held.1);
    let failed = failed.map(|it| format!("{}: {} of {}", it.name, it.held.0, it.held.1));
    let mut notes: Vec<String> = report.remarks.iter().cloned().chain(failed).collect();
    if !is_met && !graded.drawing.is_empty() {
        notes.push(format!("\n{}", graded.drawing));
    }
    Tried {
        exercise: exercise.to_string(),
        answer: answer.to_string(),
        wanted,
        got: Some((report.points, report.out_of)),
        is_met,
        note: notes.join("; "),
    }
}

/// The answers to try.
fn attempts(folder: &Path, own: &Path, exercise: &str) -> Result<Vec<Attempt>, GradingError> {
    let text = |path: &Path| match fs::read_to_string(path) {
        Ok(text) => Ok(vec![cell(1, &marked(&text, exercise))]),
        Err(error) => Err(format!("expected {}: {error}", path.display())),
    };
    let mut attempts = vec![Attempt {
        name: "reference.rs".to_string(),
        wanted: Wanted::Everything,
        cells: text(&own.join("reference.rs")),
    }];
    let empty = own.join("empty.rs");
    attempts.push(Attempt {
        name: "empty".to_string(),
        wanted: Wanted::NextToNothing,
        cells: if empty.exists() { text(&empty) } else { cleared(folder, exercise)? },
    });
    let mut wrong: Vec<PathBuf> = match fs::read_dir(own.join("wrong")) {
        Ok(entries) => entries
            .flatten()
            .map(|it| it.path())
            .filter(|it| it.extension().is_some_and(|it| it == "rs"))
            .collect(),
        Err(_) => Vec::new(),
    };
    wrong.sort();
    if wrong.is_empty() {
        let note = format!("expected wrong answers in {}, found none", own.join("wrong").display());
        attempts.push(Attempt {
            name: "wrong/*.rs".to_string(),
            wanted: Wanted::NotEnough,
            cells: Err(note),
        });
    }
    for path in wrong {
        let name = format!("wrong/{}", path.file_name().unwrap_or_default().to_string_lossy());
        attempts.push(Attempt { name, wanted: Wanted::NotEnough, cells: text(&path) });
    }
    let library = own.join("library.rs");
    if library.exists() {
        attempts.push(Attempt {
            name: "library.rs".to_string(),
            wanted: Wanted::Refused,
            cells: text(&library),
        });
    }
    Ok(attempts)
}

/// The answer that students begin with: the cells of the notebook beside the exercises, solutions taken out.
fn cleared(folder: &Path, exercise: &str) -> Result<Result<Vec<Told>, String>, GradingError> {
    let place = folder.parent().map_or_else(
        || PathBuf::from(".."),
        |it| if it.as_os_str().is_empty() { PathBuf::from(".") } else { it.to_path_buf() },
    );
    let entries = fs::read_dir(&place).map_err(|error| GradingError::file("read", &place, error))?;
    let mut notebooks: Vec<PathBuf> = entries
        .flatten()
        .map(|it| it.path())
        .filter(|it| it.extension().is_some_and(|it| it == "ipynb"))
        .collect();
    notebooks.sort();
    for notebook in notebooks {
        let cells = cells_of_notebook(&notebook);
        if cells.iter().any(|it| exercises_of(&it.code).iter().any(|name| name == exercise)) {
            return Ok(Ok(cells
                .into_iter()
                .map(|it| Told { code: without_solutions(&it.code), ..it })
                .collect()));
        }
    }
    Ok(Err(format!(
        "expected a notebook in {} with a cell `// answer: {exercise}`, or {INSTRUCTOR}/{exercise}/empty.rs; found neither",
        place.display()
    )))
}

/// A cell as nbgrader gives it to students: what stands between BEGIN SOLUTION and END SOLUTION is replaced by a stub.
pub fn without_solutions(code: &str) -> String {
    let mut lines = Vec::new();
    let mut is_inside = false;
    for line in code.lines() {
        if line.contains("BEGIN SOLUTION") {
            is_inside = true;
            let indent: String = line.chars().take_while(|it| it.is_whitespace()).collect();
            lines.push(format!("{indent}{STUB}"));
        } else if line.contains("END SOLUTION") {
            is_inside = false;
        } else if !is_inside {
            lines.push(line.to_string());
        }
    }
    lines.join("\n")
}

fn cell(number: u32, code: &str) -> Told {
    Told { id: "file".into(), number, code: code.to_string() }
}

/// The text of an answer; its marker need not be written in a file that is called after the exercise.
fn marked(text: &str, exercise: &str) -> String {
    match exercises_of(text).iter().any(|it| it == exercise) {
        true => text.to_string(),
        false => format!("{text}\n// answer: {exercise}"),
    }
}

/// What was tried, as a line of a table.
pub fn line(tried: &Tried) -> String {
    let mark = if tried.is_met { "ok  " } else { "MISS" };
    let got = match tried.got {
        Some((points, out_of)) => format!("{} of {}", number(points), number(out_of)),
        None => "-".to_string(),
    };
    let note = tried.note.lines().next().unwrap_or_default();
    let short: String = note.chars().take(100).collect();
    // Of a miss, everything is told.
    let note = if tried.is_met { short } else { tried.note.clone() };
    format!("{mark} {:16} {:28} {:12} {:12} {note}", tried.exercise, tried.answer, got, tried.wanted.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Solutions are taken out at their own indentation, and nothing else.
    #[test]
    fn solutions_are_cleared() {
        let code = "fn f() -> u8 {\n    // BEGIN SOLUTION\n    1\n    // END SOLUTION\n}";
        assert_eq!(without_solutions(code), format!("fn f() -> u8 {{\n    {STUB}\n}}"));
    }

    /// The instructor's part lies beside the exercises, and in a course beside `source`.
    #[test]
    fn the_instructors_folder() {
        assert_eq!(instructor_folder(Path::new("/a/b/exercises")), Path::new("/a/b/instructor"));
        assert_eq!(instructor_folder(Path::new("/c/source/b/exercises")), Path::new("/c/instructor/b"));
    }

    /// Each bound is the one that is written down.
    #[test]
    fn bounds() {
        let is_met = |wanted: Wanted, points: f64, remark: &str| {
            let mut graded = crate::shown::examples::graded();
            graded.report.points = points;
            graded.report.remarks = vec![remark.to_string()];
            judged("a", "b", wanted, &graded).is_met
        };
        assert!(is_met(Wanted::Everything, 20.0, "") && !is_met(Wanted::Everything, 19.99, ""));
        assert!(is_met(Wanted::NextToNothing, 1.0, "") && !is_met(Wanted::NextToNothing, 1.01, ""));
        assert!(is_met(Wanted::NotEnough, 11.99, "") && !is_met(Wanted::NotEnough, 12.0, ""));
        assert!(is_met(Wanted::Refused, 0.0, "may not use") && !is_met(Wanted::Refused, 0.0, "no"));
    }
}
