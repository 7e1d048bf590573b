//! What a caller learns of a call: it happened, it did not, or nobody knows.

use std::fmt;

/// How a call ended. The three kinds are never confused: a time-out is not a failure.
///
/// ```
/// use netsplit_node::Outcome;
/// let late: Outcome<u32> = Outcome::Unknown;
/// assert!(late.may_have_happened());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Outcome<R> {
    /// It happened, and this is the answer.
    Ok(R),
    /// It definitely did not happen; the text says why.
    Fail(String),
    /// No answer came in time: it may have happened, may still happen, or never will.
    Unknown,
}

impl<R> Outcome<R> {
    /// Whether the call may have had, or may yet have, its effect.
    pub fn may_have_happened(&self) -> bool {
        !matches!(self, Outcome::Fail(_))
    }

    /// The answer, where there is one.
    pub fn ok(self) -> Option<R> {
        match self {
            Outcome::Ok(response) => Some(response),
            Outcome::Fail(_) | Outcome::Unknown => None,
        }
    }

    /// The same outcome with another form of the answer.
    pub fn map<T>(self, form: impl FnOnce(R) -> T) -> Outcome<T> {
        match self {
            Outcome::Ok(response) => Outcome::Ok(form(response)),
            Outcome::Fail(reason) => Outcome::Fail(reason),
            Outcome::Unknown => Outcome::Unknown,
        }
    }
}

impl<R: fmt::Debug> fmt::Display for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ok(response) => write!(f, "Ok({response:?})"),
            Outcome::Fail(reason) => write!(f, "Fail({reason})"),
            Outcome::Unknown => write!(f, "Unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_is_not_a_failure() {
        // The distinction on which idempotency rests.
        assert!(Outcome::<()>::Unknown.may_have_happened());
        assert!(Outcome::Ok(1).may_have_happened());
        assert!(!Outcome::<()>::Fail("read only".into()).may_have_happened());
    }

    #[test]
    fn map_keeps_the_kind() {
        // Only the answer changes its form.
        assert_eq!(Outcome::Ok(2).map(|n| n * 2), Outcome::Ok(4));
        assert_eq!(Outcome::<i32>::Unknown.map(|n| n * 2), Outcome::Unknown);
        assert_eq!(Outcome::<i32>::Fail("no".into()).map(|n| n * 2).to_string(), "Fail(no)");
    }
}
