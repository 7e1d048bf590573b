//! What came of submissions, as JSON for programs and as CSV for tables.

use std::path::PathBuf;

use serde::Serialize;

use super::submissions::Submission;
use crate::error::GradingError;
use crate::grade::Graded;
use crate::shown::number;

/// An exercise of a submission, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Whose it is.
    pub student: String,
    /// The file.
    pub file: PathBuf,
    /// The exercise.
    pub exercise: String,
    /// What came of it.
    pub graded: Option<Graded>,
    /// Why it could not be graded, for a reason that is not the submission's.
    pub failure: Option<String>,
}

impl Row {
    /// Of this submission, with nothing known yet.
    pub fn of(submission: &Submission, exercise: &str) -> Self {
        Self {
            student: submission.student.clone(),
            file: submission.path.clone(),
            exercise: exercise.to_string(),
            graded: None,
            failure: None,
        }
    }

    /// What is to be said of it, in one line.
    fn reason(&self) -> String {
        let remarks = self.graded.iter().flat_map(|it| &it.report.remarks);
        let failed =
            self.graded.iter().flat_map(|it| &it.report.properties).filter(|it| it.held.0 < it.held.1);
        let failed = failed.map(|it| format!("{}: {} of {}.", it.name, it.held.0, it.held.1));
        let words: Vec<String> = self.failure.iter().cloned().chain(remarks.cloned()).chain(failed).collect();
        words.join(" ")
    }
}

/// All rows as JSON.
///
/// # Errors
/// If they cannot be written as JSON.
pub fn json(rows: &[Row]) -> Result<String, GradingError> {
    serde_json::to_string_pretty(rows).map_err(|error| GradingError::Course(error.to_string()))
}

/// All rows as CSV (RFC 4180).
pub fn csv(rows: &[Row]) -> String {
    let mut text = "student,file,exercise,points,out_of,passed,cases,reason\r\n".to_string();
    for row in rows {
        let report = row.graded.as_ref().map(|it| &it.report);
        let cells = [
            row.student.clone(),
            row.file.display().to_string(),
            row.exercise.clone(),
            report.map(|it| number(it.points)).unwrap_or_default(),
            report.map(|it| number(it.out_of)).unwrap_or_default(),
            report.map(|it| it.passed.0.to_string()).unwrap_or_default(),
            report.map(|it| it.passed.1.to_string()).unwrap_or_default(),
            row.reason(),
        ];
        text += &cells.iter().map(|it| cell(it)).collect::<Vec<_>>().join(",");
        text += "\r\n";
    }
    text
}

/// A cell: in quotes where it must be, and never something that a table would calculate.
fn cell(text: &str) -> String {
    let safe = match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_string(),
    };
    match safe.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::examples::graded;

    /// A row for each exercise; what has commas is quoted, and no student's name becomes a formula.
    #[test]
    fn csv_is_safe() {
        let submission = Submission { path: "a/b.ipynb".into(), student: "=1+1".to_string() };
        let mut row = Row::of(&submission, "dedup");
        row.graded = Some(graded());
        let failed = Row { failure: Some("no, \"really\"".to_string()), ..Row::of(&submission, "x") };
        let text = csv(&[row, failed]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[1].starts_with("'=1+1,a/b.ipynb,dedup,7.5,20,1,2,A violation of safety"), "{text}");
        assert!(lines[1].ends_with("every payment is counted: 1 of 2."), "{text}");
        assert_eq!(lines[2], "'=1+1,a/b.ipynb,x,,,,,\"no, \"\"really\"\"\"");
    }
}
