//! Wrong: strong consistency, always.
// answer: levels
fn copies_for(endpoint: Endpoint) -> Copies {
    let _ = endpoint;
    Copies::Majority
}
