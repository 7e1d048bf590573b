//! Wrong: a system that asks others on good days refuses during a cut; every other one answers.
// answer: classify
fn classify(which: Which) -> Pacelc {
    match which.system {
        1 | 4 | 8 | 11 => Pacelc(Partitioned::C, Otherwise::C),
        _ => Pacelc(Partitioned::A, Otherwise::L),
    }
}
