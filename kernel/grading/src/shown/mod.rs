//! A report as somebody reads it, who has just pressed Shift-Enter: how many points, what held and what did not, why, and what to run to see
//! it happen.

mod html;
mod plain;

pub use html::html;
pub use plain::text;

use netsplit_report::{Kind, Property, Report};

use crate::grade::Graded;

/// Points as a number that anybody reads: `20`, `17.5`.
pub fn number(points: f64) -> String {
    let rounded = (points * 100.0).round() / 100.0;
    // There is no negative nothing.
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// What kind of property it is, in a word or two.
fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Safety => "must never fail",
        Kind::Liveness => "must come about",
        Kind::Expectation => "is expected",
        Kind::Mutant => "wrong code is found out",
        Kind::Reference => "right code is accepted",
    }
}

fn holds(property: &Property) -> bool {
    property.held.0 == property.held.1
}

/// How many cases passed, and which they were.
fn cases(graded: &Graded) -> String {
    let (passed, all) = graded.report.passed;
    let which = if graded.counts { "hidden tests" } else { "visible tests" };
    match all {
        0 => String::new(),
        _ => format!("{which}: {passed} of {all} cases passed"),
    }
}

/// How to see a violation happen.
fn replay(report: &Report, test: &str, seed: u64) -> String {
    format!("`:grade {} seed {seed}` shows it, in the test “{test}”", report.exercise)
}

#[cfg(test)]
pub mod examples {
    use netsplit_report::Shown;

    use super::*;

    /// A report with something of everything.
    pub fn graded() -> Graded {
        let property = |name: &str, kind, held| Property {
            name: name.to_string(),
            kind,
            held,
            failed_under: Vec::new(),
            seen_with: None,
        };
        let report = Report {
            exercise: "dedup".to_string(),
            title: "Count once".to_string(),
            points: 7.5,
            out_of: 20.0,
            passed: (1, 2),
            properties: vec![
                property("nothing is counted twice", Kind::Safety, (2, 2)),
                Property {
                    failed_under: vec!["a retry <b>".to_string()],
                    seen_with: Some(("a retry <b>".to_string(), 17)),
                    ..property("every payment is counted", Kind::Liveness, (1, 2))
                },
            ],
            shown: vec![
                Shown { test: "one".to_string(), seed: 1, failures: Vec::new() },
                Shown {
                    test: "a retry <b>".to_string(),
                    seed: 7,
                    failures: vec![("every payment is counted".to_string(), "expected 3, got 2".to_string())],
                },
            ],
            remarks: vec!["A violation of safety leaves at most 40 %.".to_string()],
            picture: None,
        };
        Graded { report, drawing: String::new(), counts: false }
    }

    /// Points are written as people write them, and always so that they read back.
    #[test]
    fn numbers() {
        let written = [20.0, 17.5, 0.0, -0.0, 3.333333].map(number);
        assert_eq!(written, ["20", "17.5", "0", "0", "3.33"]);
    }
}
