//! Queue: first in, first out; the first object whose linearizability was judged (Herlihy and Wing 1990, section 1).

use std::collections::VecDeque;

use netsplit_node::Value;

use super::{Specification, bytes_behind, or_nothing};

/// A queue without a bound, empty at first.
///
/// ```
/// use netsplit_check::spec::{Queue, QueueRequest, QueueResponse};
/// use netsplit_check::{by_hand, linearizable};
/// let history = by_hand("queue")
///     .ok("ann", 0..2, QueueRequest::Enqueue(1.into()), QueueResponse::Enqueued)
///     .ok("ann", 3..5, QueueRequest::Enqueue(2.into()), QueueResponse::Enqueued)
///     .ok("bob", 6..9, QueueRequest::Dequeue, QueueResponse::Dequeued(Some(2.into())))
///     .history();
/// assert!(linearizable(Queue).judge(&history).is_violated());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue;

/// What a queue is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueueRequest {
    /// Put this at the end.
    Enqueue(Value),
    /// Take what is at the front.
    Dequeue,
}

/// What a queue answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum QueueResponse {
    /// To an enqueue.
    Enqueued,
    /// To a dequeue: what was at the front, or nothing if the queue was empty.
    Dequeued(Option<Value>),
}

impl Specification for Queue {
    type State = VecDeque<Value>;
    type Request = QueueRequest;
    type Response = QueueResponse;

    fn init(&self) -> VecDeque<Value> {
        VecDeque::new()
    }

    fn step(
        &self,
        state: &VecDeque<Value>,
        request: &QueueRequest,
        response: Option<&QueueResponse>,
    ) -> Option<VecDeque<Value>> {
        // Most dequeues do not fit most states: that is seen before the queue is copied.
        let fits = response.is_none_or(|told| match (request, told) {
            (QueueRequest::Enqueue(_), QueueResponse::Enqueued) => true,
            (QueueRequest::Dequeue, QueueResponse::Dequeued(told)) => told.as_ref() == state.front(),
            _ => false,
        });
        fits.then(|| match request {
            QueueRequest::Enqueue(value) => state.iter().chain([value]).cloned().collect(),
            QueueRequest::Dequeue => state.iter().skip(1).cloned().collect(),
        })
    }

    fn reads(&self, request: &QueueRequest, response: Option<&QueueResponse>) -> bool {
        *request == QueueRequest::Dequeue && response == Some(&QueueResponse::Dequeued(None))
    }

    fn words(&self, request: &QueueRequest, response: Option<&QueueResponse>) -> String {
        match (request, response) {
            (QueueRequest::Enqueue(value), _) => format!("enqueue of {value:?}"),
            (QueueRequest::Dequeue, Some(QueueResponse::Dequeued(value))) => {
                format!("dequeue took {}", or_nothing(value.as_ref()))
            }
            (QueueRequest::Dequeue, _) => "dequeue".to_owned(),
        }
    }

    fn weight(&self, state: &VecDeque<Value>) -> usize {
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
    fn first_in_is_first_out() {
        // Right: in order, nothing when it is empty, and a dequeue of unknown outcome takes one. Wrong: out of order, twice, nothing too early.
        use QueueRequest::{Dequeue, Enqueue};
        use QueueResponse::Enqueued;
        let enqueue = |number: i64| (Enqueue(number.into()), Some(Enqueued));
        let took = |number: i64| (Dequeue, Some(QueueResponse::Dequeued(Some(number.into()))));
        let empty = || (Dequeue, Some(QueueResponse::Dequeued(None)));
        let right = [
            empty(),
            enqueue(1),
            enqueue(2),
            took(1),
            enqueue(3),
            (Dequeue, None),
            took(3),
            empty(),
            (Dequeue, None),
            (Enqueue(4.into()), None),
        ];
        assert_eq!(walk(&Queue, right), Ok([Value::from(4)].into()));
        assert_eq!(walk(&Queue, [enqueue(1), enqueue(2), took(2)]), Err(2));
        assert_eq!(walk(&Queue, [enqueue(1), took(1), took(1)]), Err(2));
        assert_eq!(walk(&Queue, [enqueue(1), empty()]), Err(1));
        assert_eq!(walk(&Queue, [(Dequeue, Some(Enqueued))]), Err(0));
    }
}
