//! Wrong: the stock is treated like a cart.
// answer: levels
fn copies_for(endpoint: Endpoint) -> Copies {
    match endpoint {
        Endpoint::ChangePassword => Copies::All,
        _ => Copies::One,
    }
}
