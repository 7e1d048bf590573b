//! A crate that does not compile.

/// Not a number.
pub fn number() -> u32 {
    "seven"
}
