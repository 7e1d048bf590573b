//! A crate that depends on another folder, and on serde.

use std::sync::atomic::Ordering;

/// What can be sent.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Letter {
    /// To whom.
    pub to: String,
}

/// Writes one.
pub fn letter(to: &str) -> Letter {
    Letter { to: greet::greet(to) }
}

/// How many greetings the other crate has counted.
pub fn counted() -> u32 {
    greet::GREETINGS.load(Ordering::SeqCst)
}

/// Something of the other crate.
pub fn card(text: &str) -> greet::Card {
    greet::Card::new(text)
}
