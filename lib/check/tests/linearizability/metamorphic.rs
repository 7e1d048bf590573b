//! What must not matter does not: names, the division into parts, threads, a read that adds nothing.

use netsplit_check::{Check, Finding, linearizable, spec};
use netsplit_node::{
    CallId, Disturbance, History, KeyValueRequest, KeyValueResponse, NodeId, Operation, Outcome, Random,
    Time, ns,
};

use crate::random_histories::{Shape, key_value, random_history};

type Store = History<KeyValueRequest, KeyValueResponse>;

const COUNT: u64 = 2_000;
const SEED: u64 = 7;

/// Histories longer than brute force can judge, and whether they are linearizable; both are common.
fn for_each_history(mut judge: impl FnMut(&mut Random, &Store, bool)) {
    let mut tally = [0, 0];
    for number in 0..COUNT {
        let mut random = Random::stream(SEED, &[number]);
        let shape = Shape { operations: 10 + random.below(40), callers: 5, open: 1, failed: 1 };
        let faithful = if random.chance(0.5) { 1.0 } else { 0.85 };
        let history = random_history(&key_value(), shape, faithful, &mut random);
        let holds = holds(&history);
        tally[usize::from(holds)] += 1;
        judge(&mut random, &history, holds);
    }
    assert!(tally.iter().all(|&count| count > COUNT / 5), "violated and not: {tally:?}");
}

fn holds(history: &Store) -> bool {
    linearizable(spec::KeyValue).on_threads(1).judge(history).holds()
}

/// Who asked does not matter as long as everybody stays one caller.
#[test]
fn renamed_clients_keep_the_verdict() {
    for_each_history(|random, history, expected| {
        let mut numbers: Vec<u32> = (100..105).collect();
        random.shuffle(&mut numbers);
        let mut renamed = history.clone();
        for operation in &mut renamed.operations {
            operation.caller = NodeId(numbers[operation.caller.0 as usize]);
            operation.caller_name = format!("another {}", operation.caller.0);
        }
        assert_eq!(holds(&renamed), expected, "{history:?}");
    });
}

/// A history is linearizable exactly if each key's own is, also if nobody divides it (locality).
#[test]
fn split_keys_keep_the_verdict() {
    for_each_history(|_, history, expected| {
        let of = |wanted: &str| {
            let mut part = history.clone();
            part.operations.retain(|operation| match &operation.request {
                KeyValueRequest::Get { key } | KeyValueRequest::Put { key, .. } => key == wanted,
            });
            part
        };
        assert_eq!(holds(&of("x")) && holds(&of("y")), expected, "{history:?}");
        let undivided = linearizable(spec::KeyValue).undivided().judge(history);
        assert_eq!(undivided.holds(), expected, "{history:?}");
    });
}

/// After all has ended somebody reads what is there: of a linearizable history this is one more, of another it mends nothing.
#[test]
fn a_read_of_the_current_value_keeps_the_verdict() {
    for_each_history(|_, history, expected| {
        let judgement = linearizable(spec::KeyValue).undivided().judge(history);
        let mut current = None;
        if let Finding::Linearizable { order } = &judgement.parts[0].finding {
            for &place in order {
                if let KeyValueRequest::Put { key, value } = &history.operations[place].request
                    && key == "x"
                {
                    current = Some(value.clone());
                }
            }
        }
        let end = Time::ZERO + ns(1_000_000);
        let mut longer = history.clone();
        longer.operations.push(Operation {
            call: CallId(1_000_000),
            caller: NodeId(99),
            caller_name: "reader".to_owned(),
            request: KeyValueRequest::Get { key: "x".to_owned() },
            invoked: end,
            outcome: Some(Outcome::Ok(KeyValueResponse::Value(current))),
            returned: Some(end + ns(1)),
            served: Vec::new(),
        });
        assert_eq!(holds(&longer), expected, "{history:?}");
    });
}

/// A failed operation never happened; one that is open may not have: neither makes a right history wrong.
#[test]
fn what_need_not_have_happened_cannot_be_wrong() {
    for_each_history(|random, history, expected| {
        let mut changed = history.clone();
        let place = random.below(changed.operations.len() as u64) as usize;
        let mut added = changed.operations[place].clone();
        added.call = CallId(2_000_000);
        added.caller = NodeId(98);
        added.request = KeyValueRequest::Put { key: "x".to_owned(), value: 77.into() };
        added.outcome =
            Some(if random.chance(0.5) { Outcome::Unknown } else { Outcome::Fail(String::new()) });
        changed.operations.insert(place, added);
        // Nobody ever read 77, so nothing can become right by it either.
        assert_eq!(holds(&changed), expected, "{history:?}");
    });
}

/// Verdict and text are the same on one thread and on many, and in two runs.
#[test]
fn threads_change_neither_verdict_nor_text() {
    for number in 0..100 {
        let mut random = Random::stream(SEED + 1, &[number]);
        let shape = Shape { operations: 60, callers: 6, open: 1, failed: 0 };
        let mut history = random_history(&key_value(), shape, 0.95, &mut random);
        // Sixteen parts: each operation's key becomes one of eight more.
        for operation in &mut history.operations {
            match &mut operation.request {
                KeyValueRequest::Get { key } | KeyValueRequest::Put { key, .. } => {
                    key.push_str(&(operation.call.0 % 8).to_string());
                }
            }
        }
        let alone = linearizable(spec::KeyValue).on_threads(1);
        let many = linearizable(spec::KeyValue).on_threads(8);
        assert_eq!(alone.judge(&history), many.judge(&history));
        assert_eq!(history.check(&alone).to_string(), history.check(&many).to_string());
        assert_eq!(history.check(&alone).html(), history.check(linearizable(spec::KeyValue)).html());
    }
}

/// What was wrong with the world is shown, and excuses nothing.
#[test]
fn faults_keep_the_verdict() {
    for_each_history(|random, history, expected| {
        let mut disturbed = history.clone();
        for _ in 0..3 {
            let from = Time::ZERO + ns(random.below(100) as i64);
            let to = random.chance(0.5).then(|| from + ns(random.below(100) as i64));
            disturbed.disturbances.push(Disturbance { from, to, text: "partition".to_owned() });
        }
        assert_eq!(holds(&disturbed), expected, "{history:?}");
    });
}
