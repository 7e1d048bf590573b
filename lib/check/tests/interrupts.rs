//! A user's wish to stop reaches the checker, in a process of its own since the wish is the whole process's.

use std::panic::catch_unwind;

use netsplit_check::spec::{Register, RegisterRequest, RegisterResponse};
use netsplit_check::{by_hand, linearizable};
use netsplit_node::interrupt::{self, Interrupted};

/// It unwinds with the payload that the kernel knows, on one thread and on several, and judges again once the wish is taken back.
#[test]
fn judging_can_be_interrupted() {
    let (write, written) = (RegisterRequest::Write(1.into()), RegisterResponse::Written);
    let history = by_hand("register").ok("ann", 0..5, write, written).history();
    for threads in [1, 4] {
        let checker = linearizable(Register).on_threads(threads);
        interrupt::ask();
        let ended = catch_unwind(|| checker.judge(&history));
        interrupt::clear();
        assert!(ended.expect_err("it was asked to stop").is::<Interrupted>());
        assert!(checker.judge(&history).holds());
    }
}
