//! `:grade NAME`: judges the answer that a notebook's cells are, at once and in the notebook.
//!
//! A learner sees the visible tests, of the exercises beside the notebook. Under nbgrader's autograder the same cell judges with the hidden
//! tests too, of the course's own exercises, whatever lies beside the submission. The cell's value is the number of points; what is to be
//! said stands in one display before it, and nothing on stderr, which nbgrader takes for a failure.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use netsplit_engine::text::{self, Directive};
use netsplit_engine::{Audience, Bundle, Extension, Failure, Output, Session, Told};
use netsplit_report::Mode;
use serde_json::Value;

use crate::answer::{Answer, exercises_of};
use crate::course::{Course, is_autograding};
use crate::error::GradingError;
use crate::exercises::{EXERCISES, Exercises};
use crate::grade::{Graded, grade};
use crate::judge::Judge;
use crate::shown;
use crate::workshop::Workshop;

/// The commands, with what they do.
pub const COMMANDS: [(&str, &str); 1] =
    [(":grade NAME [seed N]", "judges the answer to an exercise: the cells that say `// answer: NAME`")];

/// Gives meaning to `:grade`.
#[derive(Clone, Debug)]
pub struct Grading {
    /// Where the notebook is.
    folder: PathBuf,
    /// Whether what it says counts.
    counts: bool,
}

impl Grading {
    /// For a notebook in this folder; whether it counts is what the environment says.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), counts: is_autograding() }
    }

    /// Which exercises, and which of their tests.
    fn exercises(&self, name: &str, seed: Option<u64>) -> Result<(Exercises, Mode), GradingError> {
        if !self.counts {
            let folder = self.folder.join(EXERCISES);
            return Ok((Exercises::read(&folder, None)?, Mode::Visible { seed }));
        }
        let course = Course::of_environment()?;
        let likely = self.folder.file_name().map(|it| it.to_string_lossy().into_owned());
        let assignment = course.assignment_with(name, likely.as_deref())?;
        Ok((course.exercises(&assignment)?, course.mode()?))
    }

    fn grade(&self, name: &str, seed: Option<u64>, session: Session<'_>) -> Result<Graded, GradingError> {
        let (exercises, mode) = self.exercises(name, seed)?;
        let cells = session.cells.to_vec();
        let mut workshop = Workshop::of(session, self.counts);
        let judge = Judge::prepare(&exercises, &mut workshop, &mut |_| {})?;
        judge.exercise(name)?;
        let mut answer = Answer::of(&cells, name);
        answer.remarks.extend(unknown(&cells, &exercises));
        let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
        grade(&answer, &judge, &mode, workers, &mut workshop)
    }
}

impl Extension for Grading {
    fn commands(&self) -> &'static [(&'static str, &'static str)] {
        &COMMANDS
    }

    fn run(
        &mut self,
        _name: &str,
        rest: &str,
        session: Session<'_>,
        audience: &mut dyn Audience,
    ) -> Result<(), Failure> {
        let (name, seed) = read(rest)?;
        if session.cells.iter().max_by_key(|it| it.number).is_some_and(|it| commands_in(it) > 1) {
            let message = "expected one :grade in a cell, got several: a cell has one value, the points";
            return Err(Failure::plain("CommandError", message));
        }
        let graded = self.grade(name, seed, session).map_err(failure)?;
        let forms = [("text/html", shown::html(&graded)), ("text/plain", shown::text(&graded))];
        let bundle = |forms: &[(&str, String)]| -> Bundle {
            forms.iter().map(|(mime, text)| (mime.to_string(), Value::from(text.as_str()))).collect()
        };
        audience.put(Output::Display { data: bundle(&forms), id: None, is_update: false });
        audience.put(Output::Result(bundle(&[("text/plain", shown::number(graded.report.points))])));
        Ok(())
    }
}

/// `NAME` or `NAME seed N`.
fn read(rest: &str) -> Result<(&str, Option<u64>), Failure> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let expected = || {
        let message = format!(
            "expected an exercise, as in `:grade dedup` or `:grade dedup seed 17`, got `:grade {rest}`"
        );
        Failure::plain("CommandError", message.trim())
    };
    match words.as_slice() {
        [name] => Ok((name, None)),
        [name, "seed", seed] => Ok((name, Some(seed.parse().map_err(|_| expected())?))),
        _ => Err(expected()),
    }
}

fn commands_in(cell: &Told) -> usize {
    let is_grade = |it: &Directive| match it {
        Directive::Command(command) => command.split_whitespace().next() == Some("grade"),
        Directive::Shell(_) => false,
    };
    text::read(&cell.code).directives.iter().filter(|(_, it)| is_grade(it)).count()
}

/// Cells whose marker names no exercise: perhaps it is misspelt.
pub fn unknown(cells: &[Told], exercises: &Exercises) -> Vec<String> {
    let mut remarks = Vec::new();
    for cell in cells {
        for name in exercises_of(&cell.code).into_iter().filter(|it| exercises.named(it).is_none()) {
            remarks.push(format!(
                "cell[{}] says `// answer: {name}`, which is no exercise here; there are: {}.",
                cell.number,
                exercises.names()
            ));
        }
    }
    remarks
}

fn failure(error: GradingError) -> Failure {
    if error.is_interrupted() {
        return Failure::plain("Interrupted", "the grading was interrupted");
    }
    let text = error.to_string();
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    Failure::with_details("GradeError", first, rest.lines().map(str::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, and perhaps a seed; everything else is told what was expected.
    #[test]
    fn what_can_be_asked() {
        assert_eq!(read("dedup").unwrap(), ("dedup", None));
        assert_eq!(read("dedup  seed 17").unwrap(), ("dedup", Some(17)));
        for wrong in ["", "a b", "a seed", "a seed x", "a seed -1", "a seed 1 2"] {
            assert!(read(wrong).unwrap_err().message.contains("expected an exercise"), "{wrong}");
        }
    }

    /// Several in one cell are counted, also where other commands stand between them.
    #[test]
    fn commands_are_counted() {
        let cell = |code: &str| Told { id: "a".into(), number: 1, code: code.to_string() };
        assert_eq!(commands_in(&cell(":grade a")), 1);
        assert_eq!(commands_in(&cell(":grade a\n:vars\n:grade b\n:graded c")), 2);
    }
}
