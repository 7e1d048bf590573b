//! Wrong: a lease of 90 s, and one disk.
// answer: what-if
fn knobs() -> Knobs {
    Knobs { confirmations: 0, suspect_after: secs(95), promote: Promote::CloudFirst, lease: Some(secs(90)) }
}
