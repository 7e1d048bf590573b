//! Wrong: as it was.
// answer: what-if
fn knobs() -> Knobs {
    Knobs { confirmations: 0, suspect_after: secs(10), promote: Promote::WestFirst, lease: None }
}
