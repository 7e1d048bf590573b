//! Wrong: nothing is lost, and nobody ever takes over.
// answer: what-if
fn knobs() -> Knobs {
    Knobs { confirmations: 1, suspect_after: secs(10), promote: Promote::OnlyEast, lease: None }
}
