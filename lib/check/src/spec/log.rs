//! Log: entries at positions that are given out in order and keep their entry for ever.
//!
//! The object behind replicated state machines, and what a partition of an event log promises to its producers and consumers.

use netsplit_node::Value;

use super::{Specification, bytes_behind, or_nothing};

/// A log, empty at first; its first position is 0.
///
/// ```
/// use netsplit_check::spec::{Log, LogRequest, LogResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let append = |entry: &str| LogRequest::Append(entry.into());
/// let both = by_hand("log")
///     .ok("ann", 0..5, append("a"), LogResponse::At(0))
///     .ok("bob", 3..9, append("b"), LogResponse::At(0))
///     .history();
/// assert!(linearizable(Log).judge(&both).is_violated(), "two entries at one position");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log;

/// What a log is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogRequest {
    /// Put this at the end.
    Append(Value),
    /// The entry at this position.
    Read(u64),
    /// How many entries there are.
    Length,
}

/// What a log answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogResponse {
    /// To an append: the position of the entry.
    At(u64),
    /// To a read: the entry, or nothing if the log does not reach that far.
    Entry(Option<Value>),
    /// To the question for the length.
    Length(u64),
}

impl Specification for Log {
    type State = Vec<Value>;
    type Request = LogRequest;
    type Response = LogResponse;

    fn init(&self) -> Vec<Value> {
        Vec::new()
    }

    fn step(
        &self,
        state: &Vec<Value>,
        request: &LogRequest,
        response: Option<&LogResponse>,
    ) -> Option<Vec<Value>> {
        let length = state.len() as u64;
        // Compared in place: most appends do not fit most states, and a log is long.
        let fits = response.is_none_or(|told| match (request, told) {
            (LogRequest::Append(_), LogResponse::At(position)) => *position == length,
            (LogRequest::Read(position), LogResponse::Entry(told)) => {
                usize::try_from(*position).ok().and_then(|position| state.get(position)) == told.as_ref()
            }
            (LogRequest::Length, LogResponse::Length(told)) => *told == length,
            _ => false,
        });
        fits.then(|| match request {
            LogRequest::Append(entry) => state.iter().chain([entry]).cloned().collect(),
            LogRequest::Read(_) | LogRequest::Length => state.clone(),
        })
    }

    fn reads(&self, request: &LogRequest, _response: Option<&LogResponse>) -> bool {
        !matches!(request, LogRequest::Append(_))
    }

    fn words(&self, request: &LogRequest, response: Option<&LogResponse>) -> String {
        match (request, response) {
            (LogRequest::Append(entry), Some(LogResponse::At(position))) => {
                format!("append of {entry:?} at {position}")
            }
            (LogRequest::Append(entry), _) => format!("append of {entry:?}"),
            (LogRequest::Read(position), Some(LogResponse::Entry(entry))) => {
                format!("read of {position} found {}", or_nothing(entry.as_ref()))
            }
            (LogRequest::Read(position), _) => format!("read of {position}"),
            (LogRequest::Length, Some(LogResponse::Length(length))) => {
                format!("question for the length found {length}")
            }
            (LogRequest::Length, _) => "question for the length".to_owned(),
        }
    }

    fn weight(&self, state: &Vec<Value>) -> usize {
        size_of_val(state)
            + state.capacity() * size_of::<Value>()
            + state.iter().map(bytes_behind).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::walk;

    #[test]
    fn positions_are_given_out_in_order_and_keep_their_entry() {
        // Right: 0, 1, .., nothing beyond the end. Wrong: a gap, a position twice, another entry, an end that was passed already.
        use LogRequest::{Append, Length, Read};
        use LogResponse::{At, Entry};
        let append = |entry: &str, at| (Append(entry.into()), Some(At(at)));
        let read = |at, entry: Option<&str>| (Read(at), Some(Entry(entry.map(Value::from))));
        let right = [
            read(0, None),
            append("a", 0),
            append("b", 1),
            (Append("c".into()), None),
            read(2, Some("c")),
            read(0, Some("a")),
            (Length, Some(LogResponse::Length(3))),
            read(u64::MAX, None),
        ];
        assert_eq!(walk(&Log, right).map(|state| state.len()), Ok(3));
        assert_eq!(walk(&Log, [append("a", 1)]), Err(0));
        assert_eq!(walk(&Log, [append("a", 0), append("b", 0)]), Err(1));
        assert_eq!(walk(&Log, [append("a", 0), read(0, Some("b"))]), Err(1));
        assert_eq!(walk(&Log, [append("a", 0), read(0, None)]), Err(1));
        assert_eq!(walk(&Log, [append("a", 0), (Length, Some(LogResponse::Length(0)))]), Err(1));
        assert_eq!(walk(&Log, [(Append("a".into()), Some(Entry(None)))]), Err(0));
    }
}
