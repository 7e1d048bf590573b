//! Wrong: waits for half the interval, and reads at the newest timestamp that any range has closed.
// answer: true-time
fn true_time(question: Question) -> Answer {
    let epsilon = (question.after_poll_us + question.drift_us_per_s * question.since_poll_s) / 1_000.0;
    let (earliest, latest) = (question.shows - epsilon, question.shows + epsilon);
    let timestamp = latest.max(question.last_given);
    let wait = timestamp - question.shows;
    let extra = (wait - question.replication).max(0.0);
    let mut ranges = std::collections::BTreeMap::new();
    for it in &question.closed {
        let newest: &mut f64 = ranges.entry(it.range).or_insert(0.0);
        if it.arrives <= question.read_asked {
            *newest = newest.max(it.timestamp);
        }
    }
    let read_at = ranges.into_values().fold(0.0, f64::max);
    Answer { epsilon, wait, extra, read_at }
}
