//! Wrong: every system is one thing, CP or AP, and its other letter follows from that.
// answer: classify
fn classify(which: Which) -> Pacelc {
    match which.system {
        1 | 3 | 5 | 8 | 10 => Pacelc(Partitioned::C, Otherwise::C),
        _ => Pacelc(Partitioned::A, Otherwise::L),
    }
}
