//! The judge's side: exercises, the cases in which an answer is put, and what comes of them.

mod case;
mod exercise;
mod hosts;
mod report;
mod rule;
mod running;
mod submitted;

use std::io::Read;
use std::process::ExitCode;

use netsplit_report::{Assignment, Job, Mode};
use sha2::{Digest, Sha256};

pub use case::{Case, Finding, Judged, Submission};
pub use exercise::Exercise;
pub use submitted::{Message, Submitted};

use exercise::Seeds;
use running::{Due, Runner};

/// So many cases of a test are judged even where its share is smaller.
const FEWEST: u32 = 5;

/// The program that a judge is: `describe` tells what the exercises are, `run` judges one answer.
pub fn judge(exercises: Vec<Exercise>) -> ExitCode {
    // What a test says when it fails is told in the report.
    std::panic::set_hook(Box::new(|_| {}));
    let done = match std::env::args().nth(1).as_deref() {
        Some("describe") => describe(&exercises),
        Some("run") => read_job().and_then(|job| run(&exercises, &job)),
        other => Err(format!("expected `describe` or `run`, got {:?}", other.unwrap_or_default())),
    };
    match done {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn describe(exercises: &[Exercise]) -> Result<String, String> {
    let exercises = exercises.iter().map(|it| it.data.clone()).collect();
    serde_json::to_string(&Assignment { exercises }).map_err(|error| error.to_string())
}

fn read_job() -> Result<Job, String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("cannot read the job: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("expected a job as JSON: {error}"))
}

fn run(exercises: &[Exercise], job: &Job) -> Result<String, String> {
    let exercise = exercises.iter().find(|it| it.data.name == job.exercise);
    let exercise = exercise.ok_or_else(|| {
        let names: Vec<&str> = exercises.iter().map(|it| it.data.name.as_str()).collect();
        format!("expected one of the exercises {}, got {:?}", names.join(", "), job.exercise)
    })?;
    let (is_watched, secret) = match &job.mode {
        Mode::Visible { .. } => (true, "visible"),
        Mode::Hidden { secret, .. } => (false, secret.as_str()),
    };
    let runner =
        Runner { job, budgets: exercise.data.budgets, secret: Sha256::digest(secret).into(), is_watched };
    let no_host = |error: std::io::Error| format!("cannot run an answer: {error}");
    let ran = runner.run(&due(exercise, &job.mode)).map_err(no_host)?;
    let mut report = report::report(exercise, &job.mode, &ran);
    if matches!(job.mode, Mode::Hidden { .. }) {
        report::find_public_seeds(&mut report, exercise, &runner).map_err(no_host)?;
    }
    serde_json::to_string(&report).map_err(|error| error.to_string())
}

/// The cases of an exercise: the visible ones with their seeds or another; where it counts the hidden ones alone, since whoever knows a case can
/// write down its answer.
fn due(exercise: &Exercise, mode: &Mode) -> Vec<Due> {
    let counts = exercise.tests.iter().filter_map(|test| match test.seeds {
        Seeds::Hidden(count) => Some(count),
        Seeds::Visible(_) => None,
    });
    let (has_hidden, hidden) = (counts.clone().next().is_some(), counts.sum::<u32>());
    let tests = exercise.tests.iter().enumerate();
    let cases = tests.flat_map(|(place, test)| {
        let seeds: Vec<u64> = match (mode, test.seeds) {
            (Mode::Visible { seed }, Seeds::Visible(own)) => vec![seed.unwrap_or(own)],
            (Mode::Visible { .. }, Seeds::Hidden(_)) => Vec::new(),
            (Mode::Hidden { .. }, Seeds::Visible(_)) if has_hidden => Vec::new(),
            (Mode::Hidden { .. }, Seeds::Visible(own)) => vec![own],
            (Mode::Hidden { secret, most }, Seeds::Hidden(count)) => {
                let seed = |index: u32| {
                    let parts = [secret.as_str(), &exercise.data.name, &test.name].map(str::as_bytes);
                    case::number_of(&[parts[0], parts[1], parts[2], &index.to_le_bytes()])
                };
                (0..share(count, hidden, *most)).map(seed).collect()
            }
        };
        seeds.into_iter().map(move |seed| Due { test: place, seed, run: test.run.clone() })
    });
    cases.collect()
}

/// How many of the `count` cases of a test are judged where an exercise, with `hidden` cases in all, may have about `most`: its share, but
/// never none of them.
fn share(count: u32, hidden: u32, most: Option<u32>) -> u32 {
    match most {
        Some(most) if most < hidden => {
            let share = u64::from(count) * u64::from(most) / u64::from(hidden);
            u32::try_from(share).unwrap_or(count).max(count.min(FEWEST))
        }
        _ => count,
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn each_test_has_its_share() {
        // Of 2,000 cases about 200: a tenth of each, but of small tests five; where there are fewer all.
        assert_eq!([1_400, 590, 8, 2].map(|count| share(count, 2_000, Some(200))), [140, 59, 5, 2]);
        assert_eq!(share(150, 180, Some(200)), 150);
        assert_eq!(share(1_400, 2_000, None), 1_400);
    }
}
