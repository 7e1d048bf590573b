//! Histories by hand: unknown outcomes, what cannot be told, and what is said of a violation.

use netsplit_check::consistency::{
    causal, convergence_within, monotonic_reads, monotonic_writes, read_your_writes, sequential,
    staleness_within, staleness_within_versions, writes_follow_reads,
};
use netsplit_check::spec::{KeyValue, Queue, QueueRequest, QueueResponse, RegisterRequest, RegisterResponse};
use netsplit_check::{Budget, ByHand, Check, Checker, by_hand};
use netsplit_node::{KeyValueRequest, KeyValueResponse, ms};

use crate::drawn::Store;

type StoreByHand = ByHand<KeyValueRequest, KeyValueResponse>;

fn store() -> StoreByHand {
    by_hand("store")
}

fn put(value: i32) -> KeyValueRequest {
    KeyValueRequest::Put { key: "x".to_owned(), value: value.into() }
}

fn get() -> KeyValueRequest {
    KeyValueRequest::Get { key: "x".to_owned() }
}

const STORED: KeyValueResponse = KeyValueResponse::Stored;
const NOTHING: KeyValueResponse = KeyValueResponse::Value(None);

fn found(value: i32) -> KeyValueResponse {
    KeyValueResponse::Value(Some(value.into()))
}

/// Every model that has to know which write a read saw.
fn models() -> Vec<Box<dyn Checker<KeyValueRequest, KeyValueResponse>>> {
    vec![
        Box::new(causal()),
        Box::new(causal().convergent()),
        Box::new(read_your_writes()),
        Box::new(monotonic_reads()),
        Box::new(monotonic_writes()),
        Box::new(writes_follow_reads()),
        Box::new(staleness_within(ms(0))),
        Box::new(staleness_within_versions(0)),
        Box::new(convergence_within(ms(0))),
    ]
}

fn all_hold(history: &Store) {
    for model in models() {
        let verdict = model.check(history);
        assert!(verdict.holds(), "{history}\n{verdict}");
    }
    assert!(history.check(sequential(KeyValue)).holds());
}

#[test]
fn a_write_of_unknown_outcome_need_not_be_seen() {
    // It timed out: her later read may miss it, and may find it afterwards, since it may take effect late.
    let timed_out = store().ok("ann", 0..1, put(1), STORED).unknown("ann", 2..3, put(2));
    all_hold(&timed_out.clone().ok("ann", 4..5, get(), found(1)).history());
    let late = timed_out.ok("ann", 4..5, get(), found(1)).ok("ann", 6..7, get(), found(2));
    all_hold(&late.clone().history());
    // Once she has read it, it has happened, and does not go away.
    let gone = late.ok("ann", 8..9, get(), found(1)).history();
    assert!(!gone.check(monotonic_reads()).holds());
    assert!(!gone.check(causal()).holds());
    assert!(!gone.check(sequential(KeyValue)).holds());
    all_hold(&store().pending("ann", 0, put(1)).ok("bob", 2..3, get(), found(1)).history());
}

#[test]
fn a_write_of_unknown_outcome_comes_after_what_its_caller_knew() {
    // Its writer had read 1 when it was asked for: whoever finds it has seen 1 replaced, although nobody told the writer that it happened.
    let history = store()
        .ok("ann", 0..1, put(1), STORED)
        .ok("bob", 2..3, get(), found(1))
        .unknown("bob", 4..5, put(2))
        .ok("cyd", 6..7, get(), found(2))
        .ok("cyd", 8..9, get(), found(1))
        .history();
    assert!(!history.check(monotonic_reads()).holds());
}

#[test]
fn a_failed_write_did_not_happen() {
    // Nobody need see it, and nobody may.
    let failed = store().ok("ann", 0..1, put(1), STORED).fail("ann", 2..3, put(2), "not the primary");
    all_hold(&failed.clone().ok("ann", 4..5, get(), found(1)).history());
    let seen = failed.ok("bob", 4..5, get(), found(2)).history();
    for model in models() {
        assert_eq!(
            model.check(&seen).violations()[0],
            "bob read x = 2 at 5ms, which ann tried to write, but that failed"
        );
    }
}

#[test]
fn what_nobody_wrote_is_wrong_in_every_model() {
    // A value from nowhere, and an answer that is none.
    let nowhere = store().ok("ann", 0..1, put(1), STORED).ok("bob", 2..3, get(), found(7)).history();
    let no_answer = store().ok("ann", 0..1, put(1), found(1)).history();
    for model in models() {
        assert_eq!(model.check(&nowhere).violations()[0], "bob read x = 7 at 3ms, which nobody wrote");
        assert_eq!(
            model.check(&no_answer).violations()[0],
            "what ann was told at 1ms is no answer to what was asked"
        );
    }
    assert!(!nowhere.check(sequential(KeyValue)).holds() && !no_answer.check(sequential(KeyValue)).holds());
}

#[test]
fn what_cannot_be_told_is_undecided() {
    // Two writes of one value, and a read of it: which one it saw is not known. If nobody reads it, nothing need be known.
    let twice = store().ok("ann", 0..1, put(1), STORED).ok("bob", 2..3, put(1), STORED);
    all_hold(&twice.clone().history());
    let read = twice.ok("ann", 4..5, get(), found(1));
    for model in models() {
        let verdict = model.check(&read.clone().history());
        assert!(verdict.is_undecided(), "{verdict}");
        assert_eq!(
            verdict.undecided_parts()[0],
            "ann read x = 1 at 5ms, and which write that was cannot be told: ann wrote it at 0s, and bob at 2ms; \
             let every write have a value of its own"
        );
    }
    // What is wrong whichever it was is wrong.
    let lost = read.ok("ann", 6..7, get(), NOTHING).history();
    let verdict = lost.check(read_your_writes());
    assert!(!verdict.holds() && !verdict.is_undecided(), "{verdict}");
    // Sequential consistency needs to know nothing of that kind.
    assert!(!lost.check(sequential(KeyValue)).holds());
}

#[test]
fn a_late_write_of_a_value_that_was_there_before_leaves_convergence_undecided() {
    // Cyd's write of 1 timed out: ann reads 2 and then 1 again, long after the others were done, and nobody can say why.
    let history = store()
        .ok("ann", 0..1, put(1), STORED)
        .ok("bob", 2..3, put(2), STORED)
        .ok("ann", 10..11, get(), found(2))
        .ok("bob", 12..13, get(), NOTHING);
    assert!(!history.clone().history().check(convergence_within(ms(1))).is_undecided());
    assert!(!history.clone().history().check(convergence_within(ms(1))).holds());
    let verdict = history.unknown("cyd", 4..5, put(1)).history().check(convergence_within(ms(1)));
    assert!(verdict.is_undecided(), "{verdict}");
}

#[test]
fn who_never_reads_again_finds_nothing_to_complain_of() {
    // All later reads find nothing although something was written: they agree, and are wrong.
    let history = store().ok("ann", 0..1, put(1), STORED).ok("bob", 5..6, get(), NOTHING).history();
    assert_eq!(
        history.check(convergence_within(ms(1))).violations(),
        ["bob found nothing at x at 6ms, and so did all later reads, although it was last written at 1ms"]
    );
    let verdict = store().ok("ann", 0..1, put(1), STORED).history().check(convergence_within(ms(1)));
    assert_eq!(verdict.to_string(), "Convergence: holds (1 operation, 0 reads, 1 session, 0 late reads)");
}

#[test]
fn a_read_that_goes_back_and_forth_has_gone_back() {
    // 1, then 2, then 1 again: whichever is older. The rows say which reads contradict each other.
    let verdict = store()
        .ok("ann", 0..9, put(1), STORED)
        .ok("bob", 0..9, put(2), STORED)
        .ok("cyd", 10..11, get(), found(1))
        .ok("cyd", 12..13, get(), found(2))
        .ok("cyd", 14..15, get(), found(1))
        .history()
        .check(monotonic_reads());
    assert_eq!(
        verdict.to_string(),
        "Monotonic reads: violated (5 operations, 3 reads, 3 sessions)\n\
         - cyd read x = 2 at 13ms and read x = 1 at 15ms: cyd's reads go back\n  \
         x = 1 is older than x = 2:\n    \
         0s to 9ms              ann wrote x = 1\n    \
         12ms to 13ms           cyd read x = 2\n    \
         0s to 9ms              bob wrote x = 2\n  \
         ✗ 14ms to 15ms           cyd read x = 1"
    );
}

#[test]
fn an_effect_without_its_cause_is_explained() {
    // Why the write that is missing is before the read: through whom it came.
    let of = |key: &str, value: i32| KeyValueRequest::Put { key: key.to_owned(), value: value.into() };
    let read = |key: &str| KeyValueRequest::Get { key: key.to_owned() };
    let verdict = store()
        .ok("ann", 0..1, of("x", 1), STORED)
        .ok("bob", 2..3, read("x"), found(1))
        .ok("bob", 4..5, of("y", 2), STORED)
        .ok("cyd", 6..7, read("y"), found(2))
        .ok("cyd", 8..9, read("x"), NOTHING)
        .history()
        .check(causal());
    assert_eq!(
        verdict.to_string(),
        "Causal consistency: violated (5 operations, 3 reads, 3 sessions)\n\
         - cyd found nothing at x at 9ms, although x = 1 is before that read in causal order\n  \
         x = 1 is before the read:\n    \
         0s to 1ms              ann wrote x = 1\n    \
         2ms to 3ms             bob read x = 1\n    \
         4ms to 5ms             bob wrote y = 2\n    \
         6ms to 7ms             cyd read y = 2\n  \
         ✗ 8ms to 9ms             cyd found nothing at x"
    );
}

#[test]
fn what_depends_on_itself_is_wrong_in_every_causal_model() {
    // Each reads what the other writes only afterwards.
    let of = |key: &str| KeyValueRequest::Put { key: key.to_owned(), value: 1.into() };
    let read = |key: &str| KeyValueRequest::Get { key: key.to_owned() };
    let history = store()
        .ok("ann", 0..1, read("y"), found(1))
        .ok("ann", 2..3, of("x"), STORED)
        .ok("bob", 0..1, read("x"), found(1))
        .ok("bob", 2..3, of("y"), STORED)
        .history();
    for model in &models()[..6] {
        let verdict = model.check(&history);
        assert_eq!(verdict.violations(), ["ann read y = 1 at 1ms, which itself came only after that read"]);
        assert_eq!(verdict.to_string().lines().count(), 2 + 4);
    }
    assert!(!history.check(sequential(KeyValue)).holds());
}

#[test]
fn what_overlaps_has_no_order_in_a_session() {
    // Two puts asked for at once may take effect in either order; the same one after the other may not.
    let at_once = store().ok("ann", 0..9, put(1), STORED).ok("ann", 1..9, put(2), STORED);
    all_hold(&at_once.clone().ok("ann", 10..11, get(), found(1)).history());
    all_hold(&at_once.ok("ann", 10..11, get(), found(2)).history());
    let in_turn = store().ok("ann", 0..9, put(1), STORED).ok("ann", 9..10, put(2), STORED);
    assert!(!in_turn.ok("ann", 10..11, get(), found(1)).history().check(read_your_writes()).holds());
}

#[test]
fn a_register_is_judged_too() {
    // The requests of a register are reads and writes of one key.
    let write = |value: i32| RegisterRequest::Write(value.into());
    let history = by_hand("register")
        .ok("ann", 0..1, write(1), RegisterResponse::Written)
        .ok("ann", 2..3, RegisterRequest::Read, RegisterResponse::Value(None))
        .history();
    assert_eq!(
        history.check(read_your_writes()).violations(),
        [
            "ann wrote the register = 1 at 1ms and found nothing at the register at 3ms: ann's own write is missing"
        ]
    );
}

#[test]
fn sequential_consistency_names_the_fewest_operations() {
    // Of forty operations four contradict each other: what cyd and dan read. The others matter to nobody.
    let mut history = store().ok("ann", 0..1, put(1), STORED).ok("bob", 0..1, put(2), STORED);
    for number in 0..17 {
        let at = 2 * number + 2;
        history = history.ok("eve", at..at + 1, get(), found(1)).ok("fay", at..at + 1, get(), found(2));
    }
    let history = history
        .ok("cyd", 50..51, get(), found(1))
        .ok("cyd", 52..53, get(), found(2))
        .ok("dan", 50..51, get(), found(2))
        .ok("dan", 52..53, get(), found(1))
        .history();
    let verdict = history.check(sequential(KeyValue));
    assert_eq!(
        verdict.to_string(),
        "Sequential consistency: violated (40 operations)\n\
         - cyd's get of x read 1, then get of x read 2; dan's get of x read 2, then get of x read 1: no one order has room for all of these\n    \
         50ms to 51ms           cyd's get of x read 1\n    \
         52ms to 53ms           cyd's get of x read 2\n    \
         50ms to 51ms           dan's get of x read 2\n    \
         52ms to 53ms           dan's get of x read 1"
    );
}

#[test]
fn sequential_consistency_keeps_its_budget() {
    // Twelve enqueues at once and a dequeue of something else: too many orders for little memory, and none with enough.
    let mut history = by_hand("queue");
    for number in 0..12 {
        let request = QueueRequest::Enqueue(number.into());
        history = history.ok(&format!("client {number}"), 0..1, request, QueueResponse::Enqueued);
    }
    let history =
        history.ok("last", 2..3, QueueRequest::Dequeue, QueueResponse::Dequeued(Some(99.into()))).history();
    let little = Budget { memory: 2 << 20, time: None };
    let verdict = history.check(sequential(Queue).within(little));
    assert!(verdict.is_undecided());
    assert!(
        verdict.to_string().contains("the memory was used up; 12 of 13 operations fit into an order"),
        "{verdict}"
    );
}

#[test]
fn long_histories_are_judged() {
    // A thousand rounds of four clients on a store with one copy: right in every model; and one stale read at the end is found.
    let mut history = store();
    for round in 0..1_000 {
        let at = 10 * round as u32;
        history = history
            .ok("ann", at..at + 1, put(2 * round), STORED)
            .ok("bob", at + 2..at + 3, get(), found(2 * round))
            .ok("bob", at + 4..at + 5, put(2 * round + 1), STORED)
            .ok("cyd", at + 6..at + 7, get(), found(2 * round + 1))
            .ok("dan", at + 8..at + 9, get(), found(2 * round + 1));
    }
    all_hold(&history.clone().history());
    let stale = history.ok("dan", 20_000..20_001, get(), found(7)).history();
    for model in models().iter().filter(|model| {
        !["Read your writes", "Monotonic writes", "Writes follow reads"].contains(&model.name())
    }) {
        assert_eq!(model.check(&stale).violations().len(), 1, "{}", model.name());
    }
}
