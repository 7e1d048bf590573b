//! The answer to `levels` as it should be.
// answer: levels
fn copies_for(endpoint: Endpoint) -> Copies {
    match endpoint {
        Endpoint::Browse | Endpoint::AddToCart => Copies::One,
        Endpoint::TakeFromStock => Copies::Majority,
        // One and five are more than five, as three and three are: let the rare one pay.
        Endpoint::LogIn => Copies::One,
        Endpoint::ChangePassword => Copies::All,
    }
}
