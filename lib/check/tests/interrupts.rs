//! A user's wish to stop reaches the checker, in a process of its own since the wish is the whole process's.

use std::panic::{AssertUnwindSafe, catch_unwind};

use netsplit_check::spec::{Register, RegisterRequest, RegisterResponse};
use netsplit_check::{Checker, by_hand, causal, linearizable, read_your_writes, sequential};
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
    let weaker: [Box<dyn Checker<RegisterRequest, RegisterResponse>>; 4] = [
        Box::new(sequential(Register)),
        Box::new(causal()),
        Box::new(causal().convergent()),
        Box::new(read_your_writes()),
    ];
    for checker in weaker {
        interrupt::ask();
        let ended = catch_unwind(AssertUnwindSafe(|| checker.check(&history).holds()));
        interrupt::clear();
        assert!(ended.expect_err("it was asked to stop").is::<Interrupted>(), "{}", checker.name());
        assert!(checker.check(&history).holds());
    }
}
