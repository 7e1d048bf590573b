//! Wrong: all copies, so that nothing can go wrong.
// answer: levels
fn copies_for(endpoint: Endpoint) -> Copies {
    let _ = endpoint;
    Copies::All
}
