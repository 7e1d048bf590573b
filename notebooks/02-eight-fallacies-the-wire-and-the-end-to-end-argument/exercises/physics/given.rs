//! What the statement of `physics` gives: the questions.

use serde::{Deserialize, Serialize};

/// A place on the globe, in degrees; north and east are positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub latitude: f64,
    pub longitude: f64,
}

/// What is asked. Times are in milliseconds where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Question {
    /// The least time from one place to the other and back, through glass along the great circle.
    RoundTrip { one: Place, other: Place },
    /// How many calls, one after the other, end within the budget? Each takes the least round trip between the two places, and
    /// `work` at the server. A whole number.
    Fits { budget: f64, one: Place, other: Place, work: f64 },
    /// From asking for a file until its last byte is there: a round trip, and all its bytes through a line of so many Mbit/s.
    Download { round_trip: f64, bytes: u64, mbit: f64 },
    /// A page needs `items` things. It asks for `batch` of them in one call, the last call may ask for fewer, and waits for each
    /// answer before it asks again.
    Page { items: u32, batch: u32, round_trip: f64 },
    /// If a nanosecond were a second: how many *days* would this take?
    Human { milliseconds: f64 },
}
