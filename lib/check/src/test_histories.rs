//! Histories for the tests of this crate.

use netsplit_node::{CallId, History, NodeId, Operation, Outcome, Time, ms};

/// One operation, invoked at `at` and answered 9 ms later; it reached the service at each of `served` (all in milliseconds).
pub(crate) fn asked<R>(
    caller: &str,
    request: &'static str,
    at: i64,
    outcome: Outcome<R>,
    served: &[i64],
) -> Operation<&'static str, R> {
    Operation {
        call: CallId(at as u64),
        caller: NodeId(0),
        caller_name: caller.to_owned(),
        request,
        invoked: Time::ZERO + ms(at),
        outcome: Some(outcome),
        returned: Some(Time::ZERO + ms(at + 9)),
        served: served.iter().map(|&at| Time::ZERO + ms(at)).collect(),
    }
}

/// A history of these operations at a service called "e-mail", seed 7.
pub(crate) fn history<R>(operations: Vec<Operation<&'static str, R>>) -> History<&'static str, R> {
    History { service: "e-mail".to_owned(), seed: Some(7), operations, disturbances: Vec::new() }
}
