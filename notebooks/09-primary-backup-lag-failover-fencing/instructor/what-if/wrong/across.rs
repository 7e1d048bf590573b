//! Wrong: promoted across the country, for every cut.
// answer: what-if
fn knobs() -> Knobs {
    Knobs { confirmations: 1, suspect_after: secs(10), promote: Promote::WestFirst, lease: Some(secs(9)) }
}
