//! What the statement of `dedup` gives: the answer and the tests both see it.

use netsplit::{Duration, Time, mins};
use serde::{Deserialize, Serialize};

/// So long after a key was made a client may repeat the payment and count on its receipt.
pub const KEPT: Duration = mins(10);

/// A wish to pay. Every attempt of one wish is equal to the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Names the wish.
    pub key: u64,
    /// When the client made the key, before its first attempt.
    pub made: Time,
    /// How much to take.
    pub cents: u64,
    /// What is to be printed on the receipt; may be long.
    pub memo: String,
}

/// What the service answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The money is taken, once: it is this line of the ledger (the first is 1). The memo is the payment's.
    Paid { line: u64, memo: String },
    /// The key was made longer than `KEPT` ago: this attempt takes no money. What became of earlier ones nobody remembers here.
    TooLate,
}

impl Payment {
    /// The payment's line in the ledger, with the end of the line.
    pub fn line(&self) -> String {
        format!("{} {} {}\n", self.key, self.made.as_nanos(), self.cents)
    }
}

/// What a line of the ledger says: the key, when it was made, how much was taken.
pub fn read_line(line: &str) -> Option<(u64, Time, u64)> {
    let mut words = line.split(' ').map(|word| word.parse::<u64>().ok());
    let (key, made, cents) = (words.next()??, words.next()??, words.next()??);
    words.next().is_none().then_some((key, Time::from_nanos(made), cents))
}
