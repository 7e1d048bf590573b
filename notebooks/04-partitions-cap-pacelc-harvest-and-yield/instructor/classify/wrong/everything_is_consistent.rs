//! Wrong: strong consistency, always.
// answer: classify
fn classify(_which: Which) -> Pacelc {
    Pacelc(Partitioned::C, Otherwise::C)
}
