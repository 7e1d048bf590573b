//! Wrong: believes what has not arrived yet, and forgets the timestamps that were given already; waits after the disks.
// answer: true-time
fn true_time(question: Question) -> Answer {
    let epsilon = (question.after_poll_us + question.drift_us_per_s * question.since_poll_s) / 1_000.0;
    let (earliest, latest) = (question.shows - epsilon, question.shows + epsilon);
    let timestamp = latest;
    let wait = timestamp - earliest;
    let extra = wait;
    let mut ranges = std::collections::BTreeMap::new();
    for it in &question.closed {
        let newest: &mut f64 = ranges.entry(it.range).or_insert(0.0);
        if it.timestamp <= question.read_asked {
            *newest = newest.max(it.timestamp);
        }
    }
    let read_at = ranges.into_values().fold(f64::INFINITY, f64::min);
    Answer { epsilon, wait, extra, read_at }
}
