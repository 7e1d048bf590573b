//! `true-time`: how uncertain a clock is, how long a write has to wait for it, and at which timestamp a follower may read.

use std::collections::BTreeMap;

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::{Interval, Random, Time, clocks::true_time, ms, ns};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("true-time", "How long is long enough?", 15.0, Rule::Numeric)
        .function("true_time", "Question", "Answer")
        .without(["clocks"])
        .visible("right before a poll", 1, |case| judge(case, &example()))
        .visible("a range that has said nothing yet", 2, |case| {
            let mut question = example();
            question.closed.retain(|it| it.range != 2);
            question.closed.push(Closed { range: 2, timestamp: 9_000.0, arrives: 10_600.0 });
            judge(case, &question);
        })
        .visible("slow disks", 3, |case| judge(case, &Question { replication: 40.0, ..example() }))
        .visible("a timestamp that has passed", 4, |case| {
            judge(case, &Question { after_poll_us: 0.0, drift_us_per_s: 0.0, ..example() });
        })
}

/// A clock as Spanner's, right before its poll.
pub fn example() -> Question {
    let closed = |range, timestamp, arrives| Closed { range, timestamp, arrives };
    Question {
        after_poll_us: 1_000.0,
        drift_us_per_s: 200.0,
        since_poll_s: 30.0,
        shows: 10_000.0,
        last_given: 9_990.0,
        replication: 5.0,
        closed: vec![
            closed(1, 9_400.0, 9_650.0),
            closed(1, 9_200.0, 9_700.0),
            closed(2, 9_100.0, 9_300.0),
            closed(2, 9_900.0, 10_800.0),
        ],
        read_asked: 10_500.0,
    }
}

/// A question whose numbers are drawn.
pub fn random(case: &mut Case) {
    let random = case.random();
    let between = |random: &mut Random, least: u64, most: u64| (least + random.below(most - least)) as f64;
    let shows = between(random, 10_000, 90_000);
    let mut closed = Vec::new();
    let ranges = 2 + random.below(4);
    for range in 0..ranges {
        for _ in 0..1 + random.below(4) {
            let timestamp = shows - between(random, 100, 8_000);
            closed.push(Closed {
                range: range as u32,
                timestamp,
                arrives: timestamp + between(random, 50, 3_000),
            });
        }
    }
    random.shuffle(&mut closed);
    let mut question = Question {
        after_poll_us: between(random, 10, 8_000),
        drift_us_per_s: between(random, 20, 400),
        since_poll_s: between(random, 0, 300),
        shows,
        last_given: shows - between(random, 0, 500),
        replication: between(random, 1, 60),
        closed,
        read_asked: shows,
    };
    if random.chance(0.3) {
        // It has given a timestamp that is ahead of its clock: another write of the same moment.
        question.last_given = shows + between(random, 1, 200);
    }
    judge(case, &question);
}

/// Compares with what the library computes.
pub fn judge(case: &mut Case, question: &Question) {
    let Some(said) = case.evaluate::<Question, Answer>("true_time", question) else { return };
    let nanos = |value: f64, unit: f64| ns((value * unit).round() as i64);
    let clock = true_time::Uncertainty {
        after_poll: nanos(question.after_poll_us, 1e3),
        drift_per_second: nanos(question.drift_us_per_s, 1e3),
        poll: ms(0),
    };
    let epsilon = clock.at(nanos(question.since_poll_s, 1e9));
    let now = Interval::around(Time::ZERO + nanos(question.shows, 1e6), epsilon);
    let timestamp = now.latest.max(Time::ZERO + nanos(question.last_given, 1e6) + ns(1));
    let wait = true_time::commit_wait(timestamp, now).as_nanos() as f64 / 1e6;
    let mut ranges: BTreeMap<u32, f64> = BTreeMap::new();
    for closed in &question.closed {
        let newest = ranges.entry(closed.range).or_default();
        if closed.arrives <= question.read_asked {
            *newest = newest.max(closed.timestamp);
        }
    }
    let read_at = ranges.values().copied().fold(f64::INFINITY, f64::min);
    case.number("how far the clock may be off", said.epsilon, epsilon.as_nanos() as f64 / 1e6, 0.01);
    // A nanosecond is nothing here: what is below a microsecond counts as no wait.
    let shown = |value: f64| if value < 1e-3 { 0.0 } else { value };
    case.number("how long the write waits", shown(said.wait), shown(wait), 0.01);
    case.number(
        "what commit wait costs the client",
        shown(said.extra),
        shown((wait - question.replication).max(0.0)),
        0.01,
    );
    case.number("at which timestamp the follower reads", said.read_at, read_at, 0.0);
}
