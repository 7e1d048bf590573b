//! The answer to `what-if` as it should be.
// answer: what-if
fn knobs() -> Knobs {
    Knobs { confirmations: 1, suspect_after: secs(10), promote: Promote::CloudFirst, lease: Some(secs(9)) }
}
