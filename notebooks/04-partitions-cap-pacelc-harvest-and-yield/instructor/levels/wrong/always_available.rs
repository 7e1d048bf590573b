//! Wrong: one copy is enough for everything.
// answer: levels
fn copies_for(endpoint: Endpoint) -> Copies {
    let _ = endpoint;
    Copies::One
}
