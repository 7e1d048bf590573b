//! Wrong: two confirmations, so each write waits for the west.
// answer: what-if
fn knobs() -> Knobs {
    Knobs { confirmations: 2, suspect_after: secs(10), promote: Promote::CloudFirst, lease: None }
}
