//! From an answer to its report: compiled, judged, and told in words, whatever the answer is.

use netsplit_engine::Told;
use netsplit_report::{Exercise, Host, Job, Mode, Report};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::compile::{self, Broken, Compiled};
use crate::error::GradingError;
use crate::judge::Judge;
use crate::key::Key;
use crate::workshop::Workshop;

/// What came of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// The report; of an answer that cannot be judged, what there is to say.
    pub report: Report,
    /// What the compiler has drawn, where an answer does not compile.
    pub drawing: String,
    /// Whether hidden tests were judged, so that it counts.
    pub counts: bool,
}

/// Grades an answer.
///
/// # Errors
/// For reasons that are not the answer's: a judge that fails, a full disk, somebody who interrupts.
pub fn grade(
    answer: &Answer,
    judge: &Judge,
    mode: &Mode,
    workers: usize,
    workshop: &mut Workshop<'_>,
) -> Result<Graded, GradingError> {
    let exercise = judge.exercise(&answer.exercise)?;
    let counts = matches!(mode, Mode::Hidden { .. });
    let without_points = |broken: Broken| Graded {
        report: nothing(
            exercise,
            broken.sentences.into_iter().chain(answer.remarks.iter().cloned()).collect(),
        ),
        drawing: broken.drawing,
        counts,
    };
    if let Some(sentences) = missing(answer, exercise) {
        return Ok(without_points(Broken { sentences, drawing: String::new() }));
    }
    let (library, _bench) = match compile::compile(answer, exercise, judge.given(&exercise.name), workshop)? {
        Compiled::Ready(library, bench) => (library, bench),
        Compiled::Broken(broken) => return Ok(without_points(broken)),
    };
    let parts = &workshop.library.parts;
    let mut readable = workshop.library.readable();
    readable.push(parts.sysroot.join("lib"));
    let job = Job {
        exercise: exercise.name.clone(),
        mode: mode.clone(),
        host: Host {
            program: parts.host.clone(),
            libraries: parts.shared_libraries().map(Into::into).collect(),
            answer: library,
            readable,
            // Where it does not count, it is its author's machine, or the judge is held as the compiler is, and the answer with it.
            may_run_unconfined: !counts,
        },
        workers: workers.max(1),
    };
    let mut report = judge.run(&job, workshop)?;
    report.points = clean(report.points, exercise.points);
    report.out_of = exercise.points;
    report.remarks.extend(absent(answer, exercise));
    report.remarks.extend(answer.remarks.iter().cloned());
    Ok(Graded { report, drawing: String::new(), counts })
}

/// The key of everything that a grade depends on. The cells are taken as they are: they are taken apart only where that may fail.
pub fn key(cells: &[Told], exercise: &str, judge: &Judge, mode: &Mode) -> String {
    let mut key = Key::default().and("grade 1").and(&judge.key).and(exercise);
    key = match mode {
        Mode::Visible { seed } => key.and("visible").and(format!("{seed:?}")),
        Mode::Hidden { secret, most } => key.and("hidden").and(secret).and(format!("{most:?}")),
    };
    cells.iter().fold(key, |key, cell| key.and(cell.number.to_string()).and(&cell.code)).name()
}

/// Points are a number from nothing to all.
fn clean(points: f64, out_of: f64) -> f64 {
    if points.is_finite() { points.clamp(0.0, out_of) } else { 0.0 }
}

/// Why there is nothing to judge, if there is not.
fn missing(answer: &Answer, exercise: &Exercise) -> Option<Vec<String>> {
    let name = &exercise.name;
    if answer.sources.is_empty() {
        let unmarked =
            exercise.answers.iter().find_map(|it| Some((it.name(), answer.elsewhere.get(it.name())?)));
        return Some(vec![match unmarked {
            Some((defined, cell)) => format!(
                "`{defined}` stands in cell[{cell}], which does not say `// answer: {name}`: with that line in it, it counts."
            ),
            None => format!("There is no answer yet: no cell says `// answer: {name}`."),
        }]);
    }
    let is_there = exercise.answers.iter().any(|it| answer.defines(it.name()));
    match is_there || exercise.answers.is_empty() {
        true => None,
        false => Some(absent(answer, exercise)),
    }
}

/// What the answer should define and does not.
fn absent(answer: &Answer, exercise: &Exercise) -> Vec<String> {
    let cells: Vec<String> = answer.sources.iter().map(|it| format!("cell[{}]", it.number)).collect();
    let missed = exercise.answers.iter().filter(|it| !answer.defines(it.name()));
    let sentence = |name: &str| match answer.elsewhere.get(name) {
        Some(cell) => format!(
            "`{name}` stands in cell[{cell}], which is no part of the answer: write `// answer: {}` there too, or move it.",
            exercise.name
        ),
        None => format!("The answer defines no `{name}`; it consists of {}.", cells.join(", ")),
    };
    missed.map(|it| sentence(it.name())).collect()
}

/// The report of an answer that gets no points.
pub fn nothing(exercise: &Exercise, remarks: Vec<String>) -> Report {
    Report {
        exercise: exercise.name.clone(),
        title: exercise.title.clone(),
        points: 0.0,
        out_of: exercise.points,
        passed: (0, 0),
        properties: Vec::new(),
        shown: Vec::new(),
        remarks,
        picture: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever a judge says, points are a number from 0 to what there is.
    #[test]
    fn points_are_clean() {
        assert_eq!(clean(7.5, 10.0), 7.5);
        assert_eq!(clean(-3.0, 10.0), 0.0);
        assert_eq!(clean(1e300, 10.0), 10.0);
        assert_eq!((clean(f64::NAN, 10.0), clean(f64::INFINITY, 10.0)), (0.0, 0.0));
    }
}
