//! Counting tests: how many passed and failed, read from what test programs print.

use std::fmt;
use std::ops::{Add, AddAssign};

/// How many tests passed and failed. Its text, `12 passed, 0 failed`, is what our own test programs end with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that held.
    pub passed: u64,
    /// Tests that did not, and steps that could not run.
    pub failed: u64,
}

impl Tally {
    /// One test that passed or failed.
    pub fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed) }
    }

    /// Adds up the summary lines of Rust's test programs, one per program:
    /// `test result: ok. 39 passed; 0 failed; 0 ignored; ..`.
    pub fn of_libtest(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines().filter(|line| line.trim_start().starts_with("test result: ")) {
            tally += Self { passed: number_before(line, " passed"), failed: number_before(line, " failed") };
        }
        tally
    }

    /// The last line of the form `12 passed, 0 failed`; none where the program did not get that far.
    pub fn of_last_line(output: &str) -> Option<Self> {
        output.lines().rev().find_map(|line| {
            let tally =
                Self { passed: number_before(line, " passed"), failed: number_before(line, " failed") };
            (tally.to_string() == line.trim()).then_some(tally)
        })
    }

    /// Makes sure that a program which ended badly counts as a failure even if no test of it did.
    pub fn or_failed(self, ended_well: bool) -> Self {
        if !ended_well && self.failed == 0 { self + Self::one(false) } else { self }
    }
}

/// The number that stands directly before `word`, or 0.
fn number_before(line: &str, word: &str) -> u64 {
    let before = line.split(word).next().filter(|before| before.len() < line.len()).unwrap_or_default();
    before
        .rsplit(|c: char| !c.is_ascii_digit())
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All summary lines of a run over several crates are added up, and other lines that speak of tests are not.
    #[test]
    fn libtest_summaries_are_added_up() {
        let output = "running 2 tests\ntest a ... ok\n3 passed; 9 failed\n\
            test result: ok. 39 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.41s\n\
            test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(Tally::of_libtest(output), Tally { passed: 43, failed: 2 });
    }

    /// A script's totals are its last line of that form; a script that died before it has none.
    #[test]
    fn totals_are_read_from_the_last_line() {
        assert_eq!(
            Tally::of_last_line("1 passed, 1 failed\nx\n12 passed, 0 failed\nbye\n").unwrap().passed,
            12
        );
        assert_eq!(Tally::of_last_line("Traceback: 12 passed, 0 failed, or so\n"), None);
    }

    /// A crash after the last good test is a failure.
    #[test]
    fn a_program_that_ends_badly_has_a_failure() {
        assert_eq!(Tally { passed: 3, failed: 0 }.or_failed(false), Tally { passed: 3, failed: 1 });
        assert_eq!(Tally { passed: 3, failed: 2 }.or_failed(false), Tally { passed: 3, failed: 2 });
        assert_eq!(Tally { passed: 3, failed: 0 }.or_failed(true), Tally { passed: 3, failed: 0 });
    }
}
