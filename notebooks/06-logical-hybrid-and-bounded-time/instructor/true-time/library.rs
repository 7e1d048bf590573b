//! Not an answer: the library's own arithmetic.
// answer: true-time
fn true_time(question: Question) -> Answer {
    let clock = clocks::true_time::Uncertainty {
        after_poll: us(question.after_poll_us as i64),
        drift_per_second: us(question.drift_us_per_s as i64),
        poll: secs(30),
    };
    let epsilon = clock.at(secs(question.since_poll_s as i64)).as_nanos() as f64 / 1e6;
    Answer { epsilon, wait: 2.0 * epsilon, extra: 0.0, read_at: 0.0 }
}
