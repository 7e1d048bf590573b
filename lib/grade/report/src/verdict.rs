//! What a judge answers.

use serde::{Deserialize, Serialize};

/// What came of one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The exercise's name.
    pub exercise: String,
    /// Its title.
    pub title: String,
    /// What the answer gets: from 0 to `out_of`, in hundredths.
    pub points: f64,
    /// What a full answer gets.
    pub out_of: f64,
    /// Cases that passed, and all cases.
    pub passed: (u32, u32),
    /// What was looked at, in the order of the tests.
    pub properties: Vec<Property>,
    /// Each visible case; empty where hidden ones were judged.
    pub shown: Vec<Shown>,
    /// What else is to be said, in whole sentences: why points are capped, how the answer's process ended.
    pub remarks: Vec<String>,
    /// The picture of the first visible case that failed.
    pub picture: Option<Picture>,
}

/// One property, over all cases that looked at it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// Its name, which is all that a hidden test tells of itself.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Cases in which it held, and all cases that looked at it.
    pub held: (u32, u32),
    /// The kinds of schedules in which it did not hold.
    pub failed_under: Vec<String>,
    /// A visible test and a seed that break it too, for whoever wants to see it happen.
    pub seen_with: Option<(String, u64)>,
}

/// What a property is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Something bad never happens.
    Safety,
    /// Something good happens.
    Liveness,
    /// An answer is right, or within its bounds.
    Expectation,
    /// A wrong implementation is rejected.
    Mutant,
    /// A right implementation is accepted.
    Reference,
}

/// One visible case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The test's name.
    pub test: String,
    /// The seed, with which `:grade` runs it again.
    pub seed: u64,
    /// What did not hold, and why; empty where the case passed.
    pub failures: Vec<(String, String)>,
}

/// A picture in the forms in which a notebook shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// What it is of.
    pub caption: String,
    /// As text/html.
    pub html: String,
    /// As image/svg+xml.
    pub svg: String,
    /// As text/plain.
    pub text: String,
}
