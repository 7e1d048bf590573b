//! Budgets are kept, and what was found until they were used up is told.

use netsplit_check::spec::{Queue, QueueRequest, QueueResponse, Register, RegisterRequest, RegisterResponse};
use netsplit_check::{Budget, Check, Exhausted, Finding, by_hand, linearizable};
use netsplit_node::{History, Outcome, Random, Value, ms, ns};

use crate::random_histories::{Shape, random_history, register};

/// Twelve enqueues at once, and dequeues of which the last two are the wrong way round: every order of the enqueues is tried.
fn hard() -> History<QueueRequest, QueueResponse> {
    let mut history = by_hand("queue")
        .ok("first", 0..1, QueueRequest::Enqueue(0.into()), QueueResponse::Enqueued)
        .ok("first", 2..3, QueueRequest::Dequeue, QueueResponse::Dequeued(Some(0.into())));
    for number in 1..13 {
        history = history.ok(
            &format!("client {number}"),
            10..20,
            QueueRequest::Enqueue(number.into()),
            QueueResponse::Enqueued,
        );
    }
    history.ok("last", 30..40, QueueRequest::Dequeue, QueueResponse::Dequeued(Some(99.into()))).history()
}

fn kilobytes(memory: usize) -> Budget {
    Budget { memory: memory << 10, time: None }
}

/// Too little memory is no verdict; the prefix that was ordered, and what comes next, are told, the same every time.
#[test]
fn without_memory_the_longest_prefix_is_told() {
    let history = hard();
    let checker = linearizable(Queue).within(kilobytes(4096));
    let judgement = checker.judge(&history);
    let Finding::Undecided { exhausted, operation, ref order } = judgement.parts[0].finding else {
        panic!("{judgement:?}");
    };
    assert_eq!((exhausted, operation, order.len()), (Exhausted::Memory, 14, 14));
    assert!(!judgement.holds() && !judgement.is_violated());
    let verdict = history.check(&checker);
    assert!(verdict.is_undecided() && !verdict.holds());
    assert_eq!(
        verdict.to_string(),
        "Linearizability: undecided (15 operations)\n\
         - the memory was used up; 14 of 15 operations fit into an order, up to 40ms, when last's dequeue took 99 ended"
    );
    assert_eq!(checker.judge(&history), judgement);
}

/// No time at all is too little even for a short history, and does not take long either.
#[test]
fn without_time_there_is_no_verdict() {
    let checker = linearizable(Queue).within(Budget { time: Some(ns(0)), ..Budget::STANDARD });
    let judgement = checker.judge(&hard());
    assert!(matches!(judgement.parts[0].finding, Finding::Undecided { exhausted: Exhausted::Time, .. }));
}

/// Whatever the budget, a verdict that is given is the right one, and more memory never takes a verdict back.
#[test]
fn a_budget_never_changes_a_verdict() {
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let shape = Shape { operations: 30, callers: 8, open: 2, failed: 0 };
        let history = random_history(&register(), shape, 0.9, &mut random);
        let expected = linearizable(Register).judge(&history).holds();
        let mut decided = false;
        for memory in [0, 64, 1100, 1200, 2000, 100_000] {
            let judgement = linearizable(Register).within(kilobytes(memory)).judge(&history);
            let is_undecided = !judgement.holds() && !judgement.is_violated();
            assert!(is_undecided || judgement.holds() == expected, "seed {seed}, {memory} kB");
            assert!(!(decided && is_undecided), "seed {seed}, {memory} kB");
            decided |= !is_undecided;
        }
        assert!(decided);
    }
}

/// One part that needs more than its share gets all the memory afterwards, alone; an exhausted one does not spoil the others.
#[test]
fn parts_share_the_memory() {
    let mut history = by_hand("stores");
    for key in 0..16 {
        history = history
            .ok("ann", 0..5, (key, RegisterRequest::Write(1.into())), RegisterResponse::Written)
            .ok("bob", 6..9, (key, RegisterRequest::Read), RegisterResponse::Value(Some(1.into())));
    }
    let judgement = linearizable(Registers).within(kilobytes(2048)).judge(&history.history());
    assert_eq!(judgement.parts.len(), 16);
    assert!(judgement.holds(), "{judgement:?}");
}

/// A register for each number.
struct Registers;

impl netsplit_check::spec::Specification for Registers {
    type State = Option<netsplit_node::Value>;
    type Request = (u32, RegisterRequest);
    type Response = RegisterResponse;
    fn init(&self) -> Self::State {
        None
    }
    fn step(
        &self,
        state: &Self::State,
        (_, request): &Self::Request,
        response: Option<&RegisterResponse>,
    ) -> Option<Self::State> {
        Register.step(state, request, response)
    }
    fn partition(&self, (key, _): &Self::Request) -> Option<String> {
        Some(key.to_string())
    }
}

/// Long histories are no problem as such: 20,000 operations of a register that does what it should.
#[test]
fn a_long_history_is_judged() {
    let mut random = Random::new(1);
    let shape = Shape { operations: 20_000, callers: 5, open: 0, failed: 0 };
    let history = random_history(&register(), shape, 1.0, &mut random);
    let checker = linearizable(Register).within(Budget { time: Some(ms(600_000)), ..Budget::STANDARD });
    assert!(checker.judge(&history).holds());
}

/// Time-outs are no problem as such: of 600 operations four in ten are open, every write has a value of its own, and some of the writes that timed
/// out take effect much later. What is right is found to be right, and one stale read at the end is found, in 64 MB.
#[test]
fn many_time_outs_are_judged() {
    for seed in 0..6 {
        let mut history = many_time_outs(seed);
        let checker = linearizable(Register).within(kilobytes(64 << 10));
        assert!(checker.judge(&history).holds(), "seed {seed}: {}", history.check(&checker));
        let first = history.iter().find_map(|operation| match &operation.request {
            RegisterRequest::Write(value) if matches!(operation.outcome, Some(Outcome::Ok(_))) => {
                Some(value.clone())
            }
            _ => None,
        });
        let last = history.operations.last_mut().expect("there are some");
        (last.request, last.outcome) =
            (RegisterRequest::Read, Some(Outcome::Ok(RegisterResponse::Value(first))));
        assert!(checker.judge(&history).is_violated(), "seed {seed}: {}", history.check(&checker));
    }
}

fn many_time_outs(seed: u64) -> History<RegisterRequest, RegisterResponse> {
    let mut random = Random::new(seed);
    let mut history = by_hand("register");
    let (mut value, mut late): (Option<Value>, Vec<(u32, Value)>) = (None, Vec::new());
    for number in 0..600_u32 {
        let now = 10 * number + 60;
        late.retain(|(when, written)| {
            let is_due = *when <= now;
            if is_due {
                value = Some(written.clone());
            }
            !is_due
        });
        let around = |random: &mut Random| now - random.below(60) as u32..now + 1 + random.below(60) as u32;
        let (during, client) = (around(&mut random), format!("client {number}"));
        let written = Value::from(i64::from(number));
        history = match random.below(10) {
            0..3 => {
                history.ok(&client, during, RegisterRequest::Read, RegisterResponse::Value(value.clone()))
            }
            3..6 => {
                value = Some(written.clone());
                history.ok(&client, during, RegisterRequest::Write(written), RegisterResponse::Written)
            }
            6..8 => {
                late.push((now + 1 + random.below(1_000) as u32, written.clone()));
                history.unknown(&client, during, RegisterRequest::Write(written))
            }
            _ => history.pending(&client, during.start, RegisterRequest::Write(written)),
        };
    }
    history.ok("last", 99_000..99_001, RegisterRequest::Read, RegisterResponse::Value(value)).history()
}
