//! How much a process grows by judging: in a process of its own, where nobody else takes memory.
#![cfg(target_os = "linux")]

use netsplit_check::spec::{Queue, QueueRequest, QueueResponse};
use netsplit_check::{Budget, Exhausted, Finding, by_hand, linearizable};

const BUDGET: usize = 48 << 20;
/// What the program, the test runner and the allocator take besides.
const BESIDES: usize = 8 << 20;

/// A search that would take all memory there is stays within what it was given.
#[test]
fn the_process_does_not_grow_by_more_than_the_budget() {
    // 48 enqueues at once, and a dequeue of what nobody enqueued: there is no end of orders.
    let mut history = by_hand("queue");
    for number in 0..48_u32 {
        let request = QueueRequest::Enqueue(i64::from(number).into());
        history = history.ok(&format!("client {number}"), 10..20, request, QueueResponse::Enqueued);
    }
    let wrong = QueueResponse::Dequeued(Some(99.into()));
    let history = history.ok("last", 30..40, QueueRequest::Dequeue, wrong).history();
    let before = peak_memory();
    let judgement = linearizable(Queue).within(Budget { memory: BUDGET, time: None }).judge(&history);
    let grown = peak_memory() - before;
    assert!(matches!(judgement.parts[0].finding, Finding::Undecided { exhausted: Exhausted::Memory, .. }));
    assert!(grown < BUDGET + BESIDES, "grown by {} MB", grown >> 20);
    assert!(grown > BUDGET / 4, "it gave up after {} MB", grown >> 20);
}

fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has this line");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number of kilobytes") << 10
}
