//! The answer to `what-if` as students get it.
// answer: what-if
fn knobs() -> Knobs {
    todo!("your answer")
}
