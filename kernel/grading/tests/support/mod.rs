//! A course of three exercises, and answers to them, for tests with the real compiler and judge.

use std::path::{Path, PathBuf};

use netsplit_engine::Told;
use netsplit_engine::library::{self, Library};
use netsplit_grading::{Answer, EXERCISES, Exercises, Graded, INSTRUCTOR, Judge, OwnSession, grade};
use netsplit_report::Mode;

/// Where the exercises lie.
pub fn course() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/course")
}

/// The library of these sources.
pub fn library() -> Library {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-cache");
    library::prepare(&home, &cache, &mut |_| {}).unwrap_or_else(|error| panic!("{error}"))
}

/// The exercises.
pub fn exercises(with_hidden: bool) -> Exercises {
    let instructor = course().join(INSTRUCTOR);
    Exercises::read(&course().join(EXERCISES), with_hidden.then_some(instructor.as_path())).unwrap()
}

/// The text of the right answer.
pub fn reference(exercise: &str) -> String {
    std::fs::read_to_string(course().join(INSTRUCTOR).join(exercise).join("reference.rs")).unwrap()
}

/// A mode that counts.
pub fn hidden() -> Mode {
    Mode::Hidden { secret: "a secret of tests".to_string(), most: None }
}

/// Cells with these texts.
pub fn cells(codes: &[&str]) -> Vec<Told> {
    let told = |(place, code): (usize, &&str)| Told {
        id: place.to_string().into(),
        number: u32::try_from(place).unwrap() + 1,
        code: code.to_string(),
    };
    codes.iter().enumerate().map(told).collect()
}

/// What becomes of these cells, as an answer to the exercise, confined.
pub fn graded(library: &Library, exercise: &str, codes: &[&str], mode: &Mode) -> Graded {
    let mut session = OwnSession::start(library, true).unwrap();
    let mut workshop = session.workshop(library);
    let with_hidden = matches!(mode, Mode::Hidden { .. });
    let judge = Judge::prepare(&exercises(with_hidden), &mut workshop, &mut |_| {})
        .unwrap_or_else(|error| panic!("{error}"));
    grade(&Answer::of(&cells(codes), exercise), &judge, mode, 2, &mut workshop)
        .unwrap_or_else(|error| panic!("{error}"))
}
