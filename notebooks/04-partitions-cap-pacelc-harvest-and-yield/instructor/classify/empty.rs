//! The answer to `classify` as students get it.
// answer: classify
fn classify(which: Which) -> Pacelc {
    let _ = which;
    todo!("your answer")
}
