//! Wrong: reads are always answered at once, and writes always need a majority.
// answer: classify
fn classify(which: Which) -> Pacelc {
    match which.operation {
        Operation::Read => Pacelc(Partitioned::A, Otherwise::L),
        Operation::Write => Pacelc(Partitioned::C, Otherwise::C),
    }
}
